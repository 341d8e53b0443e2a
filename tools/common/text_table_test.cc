#include "tools/common/text_table.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace lancekit::tools {
namespace {

std::string Written(Format format, const std::vector<TextColumn>& columns, const std::vector<std::vector<TextCell>>& rows) {
  std::string folder = (std::filesystem::temp_directory_path() / "lancekit_table_XXXXXX").string();
  EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/out";
  auto output = Output::Open(path);
  EXPECT_TRUE(output);
  TextTable table(format, columns, output->get());
  for (const auto& row : rows) table.Add(row);
  table.Finish();
  EXPECT_TRUE((*output)->Finish().ok());
  std::ifstream in(path);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  std::filesystem::remove_all(folder);
  return text;
}

const std::vector<TextColumn> kColumns = {{"name"}, {"n", true}};

TEST(TextTable, AlignsAndShowsNulls) {
  EXPECT_EQ(Written(Format::kTable, kColumns, {{{"a"}, {"1"}}, {{"日本"}, {"100"}}, {{"", true}, {"2"}}}),
            "name    n\na       1\n日本  100\nNULL    2\n");
}

TEST(TextTable, MarkdownEscapesWhatItWouldReadAsMarkup) {
  EXPECT_EQ(Written(Format::kMarkdown, kColumns, {{{"a|b\n"}, {"1"}}, {{"<b>*\\"}, {"", true}}}),
            "| name | n |\n| --- | ---: |\n| a\\|b\\\\n | 1 |\n| \\<b>\\*\\\\ | NULL |\n");
}

TEST(TextTable, CsvQuotesAndTellsNullFromEmpty) {
  EXPECT_EQ(Written(Format::kCsv, kColumns, {{{"a,b"}, {"1"}}, {{"say \"x\"\n"}, {"2"}}, {{""}, {"", true}}}),
            "name,n\n\"a,b\",1\n\"say \"\"x\"\"\n\",2\n\"\",\n");
}

TEST(TextTable, TsvAndPlainEscapeControls) {
  EXPECT_EQ(Written(Format::kTsv, kColumns, {{{"a\tb\\c"}, {"1"}}, {{"", true}, {"2"}}}), "name\tn\na\\tb\\\\c\t1\n\t2\n");
  EXPECT_EQ(Written(Format::kPlain, kColumns, {{{"\x1b[31m"}, {"1"}}, {{"", true}, {"2"}}}), "name\tn\n\\x1b[31m\t1\nNULL\t2\n");
}

TEST(TextTable, WidthCountsCharacters) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("é"), 1u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);
  EXPECT_EQ(DisplayWidth("日本"), 4u);
  EXPECT_EQ(DisplayWidth("\xFF\xC3"), 2u);
  EXPECT_EQ(CutToWidth("abcdef", 4), "abc…");
  EXPECT_EQ(CutToWidth("日本語", 5), "日本…");
  EXPECT_EQ(CutToWidth("abc", 3), "abc");
}

}  // namespace
}  // namespace lancekit::tools
