#include "reader/scan_impl.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "format/schema.h"
#include "lancekit/lancekit.hpp"
#include "writer/file_writer.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kEmptyRows = 8192, kLongRows = 2048, kRows = kEmptyRows + kLongRows;

/// A page of so many rows that all hold a text of so many bytes.
EncodedPage MakePage(std::uint64_t num_rows, std::int32_t num_bytes) {
  const std::string text(static_cast<std::size_t>(num_bytes), 'x');
  const std::int32_t offsets[] = {0, num_bytes};
  PageValues page{.num_rows = 1};
  page.values.shape = *ShapeOf({.id = TypeId::kString});
  page.values.length = 1;
  page.values.values = reinterpret_cast<const std::byte*>(offsets);
  page.values.data = reinterpret_cast<const std::byte*>(text.data());
  EncodedPage encoded = WriteConstantPage(page, 0);
  encoded.num_rows = num_rows;
  return encoded;
}

/// Two fragments of empty texts and then more of 1 MiB than one batch can hold.
std::shared_ptr<const TableImpl> MakeTable(const Context& context, const std::string& path) {
  auto writer = FileWriter::Create(path, 1, format::FileVersion::k2_2);
  EXPECT_TRUE(writer && writer->WritePage(0, MakePage(kEmptyRows, 0)) && writer->WritePage(0, MakePage(kLongRows, 1 << 20)));
  Schema schema{.fields = {{.name = "text", .type = {.id = TypeId::kString}}}};
  format::AssignFieldIds(&schema);
  EXPECT_TRUE(writer->Finish(schema, kRows, true));
  auto table = std::make_shared<TableImpl>((*open(context, path)).impl());
  table->fragments_.push_back(table->fragments_[0]);
  table->fragments_[1].first_row = table->num_rows_;
  table->num_rows_ *= 2;
  return table;
}

TEST(ScanReport, CountsFragmentsOnceWhenBatchesAreReadAgain) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("lancekit-scan-test-" + std::to_string(::getpid()) + ".lance")).string();
  {
    const Context context(ContextOptions{.threads = 2});
    ScanImpl scan(MakeTable(context, path));
    scan.filter_ = col("text").is_not_null();
    std::uint64_t rows = 0;
    for (int i = 0; i < 2; ++i) {  // a third batch would hold long texts
      const auto batch = scan.Next();
      ASSERT_TRUE(batch && batch->has_value());
      rows += static_cast<std::uint64_t>((*batch)->num_rows());
    }
    EXPECT_GT(rows, kRows / 2);
    EXPECT_LE(rows, kEmptyRows);
    EXPECT_EQ(scan.report().rows_matched, rows);
    EXPECT_EQ(scan.report().fragments, 2u);  // the second one was read ahead
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace lancekit
