// Deletion files. The first byte chooses the kind, the next four are the number of rows; the rest is the file. Ranges ascend,
// do not touch and lie within the rows; live rows agree with them.
#include "format/deletion.h"
#include "fuzz/fuzz_input.h"
#include "reader/live_rows.h"

namespace lancekit::fuzz {
namespace {

void Run(FuzzInput input) {
  const auto kind = input.Flag() ? format::DeletionFile::Kind::kBitmap : format::DeletionFile::Kind::kArrowArray;
  const std::uint64_t num_rows = input.Number<std::uint32_t>();
  const auto deleted = format::ParseDeletionFile(kind, input.Rest(), num_rows);
  if (!deleted) return;
  for (std::size_t i = 0; i < deleted->size(); ++i) {
    const format::RowRange& range = (*deleted)[i];
    Require(range.begin < range.end && range.end <= num_rows, "a range beyond the rows");
    Require(i == 0 || (*deleted)[i - 1].end < range.begin, "ranges that touch");
  }
  const LiveRows live(num_rows, *deleted);
  Require(live.count() == num_rows - format::CountRows(*deleted), "another number of live rows");
  if (live.count() == 0) return;
  Require(live.CountBefore(live.Physical(live.count() - 1)) == live.count() - 1, "the last live row lies elsewhere");
  std::uint64_t rows = 0;
  for (const format::RowRange& range : live.Ranges(0, live.count())) rows += range.end - range.begin;
  Require(rows == live.count(), "ranges of another number of rows");
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
