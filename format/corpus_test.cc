// Reads the containers of all files that the real Lance wrote and writes their parts again.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "format/file_metadata.h"
#include "format/manifest.h"
#include "format/schema.h"
#include "format/test_files.h"

namespace lancekit::format {
namespace {

bool Same(const std::optional<Encoding>& a, const std::optional<Encoding>& b);

bool SameCompression(const std::optional<BufferCompression>& a, const std::optional<BufferCompression>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || (a->scheme == b->scheme && a->level == b->level);
}

bool SameEncoding(const Encoding& a, const Encoding& b) {
  return a.id == b.id && a.bits == b.bits && a.has_validity == b.has_validity && SameCompression(a.compression, b.compression) &&
         a.table == b.table && a.has_value == b.has_value && a.num_dictionary_items == b.num_dictionary_items &&
         std::ranges::equal(a.children, b.children, SameEncoding) && a.child_bits == b.child_bits &&
         a.child_is_variable == b.child_is_variable;
}

bool Same(const std::optional<Encoding>& a, const std::optional<Encoding>& b) {
  return a.has_value() == b.has_value() && (!a || SameEncoding(*a, *b));
}

bool SameLayout(const PageLayout& a, const PageLayout& b) {
  if ((a.inner == nullptr) != (b.inner == nullptr) || (a.inner != nullptr && !SameLayout(*a.inner, *b.inner))) return false;
  return a.id == b.id && a.layers == b.layers && Same(a.rep_compression, b.rep_compression) &&
         Same(a.def_compression, b.def_compression) && Same(a.value_compression, b.value_compression) &&
         Same(a.dictionary, b.dictionary) && a.num_dictionary_items == b.num_dictionary_items && a.num_buffers == b.num_buffers &&
         a.repetition_index_depth == b.repetition_index_depth && a.num_items == b.num_items &&
         a.has_large_chunk == b.has_large_chunk && a.has_inline_value == b.has_inline_value && a.inline_value == b.inline_value &&
         a.num_rep_values == b.num_rep_values && a.num_def_values == b.num_def_values && a.bits_rep == b.bits_rep &&
         a.bits_def == b.bits_def && a.bits_per_value == b.bits_per_value && a.bits_per_offset == b.bits_per_offset &&
         a.num_visible_items == b.num_visible_items;
}

void CheckLayout(const PageMetadata& page) {
  ASSERT_EQ(page.encoding.type_url, kPageLayoutUrl);
  auto layout = ParsePageLayout(page.encoding.value);
  ASSERT_TRUE(layout) << layout.error().describe();
  ASSERT_NE(layout->id, LayoutId::kNone);
  const std::string written = SerializePageLayout(*layout);
  auto again = ParsePageLayout(BytesOf(written));
  ASSERT_TRUE(again) << again.error().describe();
  ASSERT_TRUE(SameLayout(*layout, *again));
  ASSERT_EQ(std::string(ViewOf(page.encoding.value)), written);
}

void CheckColumn(Bytes message, std::uint64_t file_size, FileVersion version) {
  auto column = ParseColumnMetadata(message, file_size);
  ASSERT_TRUE(column) << column.error().describe();
  ASSERT_EQ(column->encoding.type_url, kColumnEncodingUrl);
  const std::string written = SerializeColumnMetadata(*column);
  ASSERT_TRUE(std::ranges::equal(BytesOf(written), message));
  for (const PageMetadata& page : column->pages) {
    if (version == FileVersion::k2_0) {
      ASSERT_EQ(page.encoding.type_url, kArrayEncodingUrl);
    } else {
      ASSERT_NO_FATAL_FAILURE(CheckLayout(page));
    }
  }
}

void CheckFile(const std::string& file, const Footer& footer) {
  const Bytes bytes = BytesOf(file);
  MutableBuffer footer_again;
  AppendFooter(footer, &footer_again);
  ASSERT_TRUE(std::ranges::equal(footer_again.bytes(), bytes.last(kFooterBytes)));
  const Bytes gbo = bytes.subspan(footer.gbo_offset, footer.num_global_buffers * 16);
  auto range = TableEntry(gbo, 0, file.size());
  ASSERT_TRUE(range);
  const Bytes message = bytes.subspan(range->offset, range->size);
  auto descriptor = ParseFileDescriptor(message);
  ASSERT_TRUE(descriptor) << descriptor.error().describe();
  auto written = SerializeFileDescriptor(*descriptor);
  ASSERT_TRUE(written) << written.error().describe();
  if (written->find("dict:") == std::string::npos) {
    ASSERT_EQ(*written, file.substr(range->offset, range->size));
  } else {  // appends to an empty table leave out the empty Dictionary message
    auto again = ParseFileDescriptor(BytesOf(*written));
    ASSERT_TRUE(again && again->schema.fields == descriptor->schema.fields);
  }
  if (footer.version != FileVersion::k2_0) {
    ASSERT_EQ(Leaves(descriptor->schema).size(), footer.num_columns);
  }
  const Bytes cmo = bytes.subspan(footer.cmo_offset, footer.num_columns * std::size_t{16});
  for (std::uint32_t i = 0; i < footer.num_columns; ++i) {
    range = TableEntry(cmo, i, file.size());
    ASSERT_TRUE(range) << range.error().describe();
    ASSERT_NO_FATAL_FAILURE(CheckColumn(bytes.subspan(range->offset, range->size), file.size(), footer.version)) << i;
  }
}

TEST(Corpus, EveryDataFileParsesAndItsPartsWriteBackEqual) {
  const auto files = CorpusFiles(".lance");
  if (files.empty()) GTEST_SKIP() << "no corpus beside the project";
  std::map<std::string, int> seen;
  for (const auto& path : files) {
    const std::string file = FileText(path);
    auto footer = ParseFooter(BytesOf(file), file.size());
    if (!footer) {
      EXPECT_EQ(footer.error().code, ErrorCode::kUnsupported) << path;
      ++seen[footer.error().message.substr(0, 9)];
      continue;
    }
    ++seen[std::string(Name(footer->version))];
    CheckFile(file, *footer);
    if (HasFatalFailure()) FAIL() << path;
  }
  for (const auto& [version, count] : seen) std::cout << version << ": " << count << " files\n";
  EXPECT_GT(seen["2.1"], 100);
  EXPECT_GT(seen["2.2"], 100);
  EXPECT_GT(seen["Lance 0.1"], 0);
  EXPECT_GT(seen["Lance 2.3"], 0);
}

/// The embedded Transaction of a manifest file without an index section.
std::string TransactionOf(const std::string& file) {
  const Bytes bytes = BytesOf(file);
  if (LoadLe<std::uint64_t>(bytes.data() + bytes.size() - 16) == 0) return {};
  return file.substr(4, LoadLe<std::uint32_t>(bytes.data()));
}

TEST(Corpus, EveryManifestParsesAndMostWriteBackEqual) {
  const auto files = CorpusFiles(".manifest");
  if (files.empty()) GTEST_SKIP() << "no corpus beside the project";
  std::size_t num_equal = 0;
  for (const auto& path : files) {
    const std::string file = FileText(path);
    auto manifest = ParseManifestFile(BytesOf(file));
    ASSERT_TRUE(manifest) << path << manifest.error().describe();
    if (const auto version = VersionOfManifestName(path.filename())) {
      ASSERT_EQ(*version, manifest->version) << path;
    } else {
      ASSERT_EQ(path.filename().string(), "d" + std::to_string(manifest->version) + ".manifest");
    }
    auto written = SerializeManifestFile(*manifest, TransactionOf(file));
    ASSERT_TRUE(written) << path << written.error().describe();
    num_equal += *written == file;
    auto again = ParseManifestFile(BytesOf(*written));
    ASSERT_TRUE(again) << path << again.error().describe();
    ASSERT_EQ(*SerializeManifestFile(*again, TransactionOf(file)), *written) << path;
  }
  // The others have index sections, row ids, or dictionaries without data.
  EXPECT_GT(num_equal * 10, files.size() * 4) << num_equal;
}

}  // namespace
}  // namespace lancekit::format
