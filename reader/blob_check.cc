#include "reader/blob_check.h"

#include <algorithm>

#include "base/hash.h"

namespace lancekit {
namespace {

// Blobs can be larger than memory.
constexpr std::uint64_t kPieceBytes = 8 << 20;

}  // namespace

Result<std::vector<PlacedBlobRun>> FindBlobRuns(const FileReader& file, std::uint32_t column,
                                                const format::ColumnMetadata& metadata) {
  std::vector<PlacedBlobRun> placed;
  const format::Statistics* const statistics = file.statistics().Get();
  if (statistics == nullptr || column >= statistics->num_columns()) return placed;
  const std::vector<format::BlobRun> runs = statistics->BlobRuns(column);
  if (runs.empty()) return placed;
  std::uint64_t row = 0;
  bool fits = true;
  for (std::size_t page = 0; page < metadata.pages.size(); ++page) {
    for (std::uint64_t left = metadata.pages[page].length; fits && left != 0;) {
      fits = placed.size() < runs.size() && runs[placed.size()].num_rows - 1 < std::min(left, format::kZoneRows);
      if (!fits) break;
      const format::BlobRun& run = runs[placed.size()];
      placed.push_back({page, {row, run.num_rows}, run.hash});
      row += run.num_rows;
      left -= run.num_rows;
    }
  }
  if (!fits || placed.size() != runs.size() || row != file.num_rows())
    return Corrupt("the hashes of blobs do not fit the column's pages");
  return placed;
}

std::span<const PlacedBlobRun> RunsOfPage(std::span<const PlacedBlobRun> runs, std::size_t page) {
  const auto found = std::ranges::equal_range(runs, page, {}, &PlacedBlobRun::page);
  return {found.begin(), found.end()};
}

BlobFinder FinderOf(std::shared_ptr<const ColumnReader> column) {
  return [column = std::move(column)](ValueRange rows) { return BlobsOf(*column, {&rows, 1}); };
}

BlobFinder FinderOf(std::shared_ptr<const FieldReader> field) {
  return [field = std::move(field)](ValueRange rows) { return field->FindBlobs({&rows, 1}); };
}

Result<bool> MatchesHash(std::span<const BlobBytes> blobs, std::uint64_t hash) {
  Hasher hasher;
  const Source* source = nullptr;
  std::uint64_t left = 0;  // of the source
  for (const BlobBytes& blob : blobs) {
    if (blob.size == 0) continue;
    // No run that we write has the same bytes twice; a hostile one would have them read for ever.
    if (blob.source.get() != source) left = blob.source->size();
    source = blob.source.get();
    if (blob.size > left) return Corrupt("the blobs of a run have more bytes than their file");
    left -= blob.size;
    for (std::uint64_t done = 0; done < blob.size;) {
      const std::uint64_t count = std::min(kPieceBytes, blob.size - done);
      LANCEKIT_ASSIGN(const Buffer bytes, blob.Read(done, count));
      hasher.Add(bytes.bytes());
      done += count;
    }
  }
  return hasher.Finish() == hash;
}

}  // namespace lancekit
