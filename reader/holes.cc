#include "reader/holes.h"

#include <algorithm>

#include "reader/field_reader.h"
#include "reader/legacy_field.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kStepRows = 4096;
// Of what is read without hashes of it and not page by page, this many rows are lost or read together.
constexpr std::uint64_t kUnitRows = 1024;

Status CheckHash(const FileReader& file, const format::FileRange& range, std::uint64_t hash, const char* what) {
  LANCEKIT_ASSIGN(const bool matches, MatchesHash(file.source(), range, hash));
  if (matches) return {};
  return At(Corrupt("{} is not as its hash says, so nothing of the file can be salvaged", what),
            {.path = file.source().path(), .offset = range.offset});
}

Status CheckMetadata(const FileReader& file, std::uint32_t column) {
  const format::Statistics* const known = file.statistics().Get();
  if (known == nullptr || column >= known->num_columns()) return {};
  LANCEKIT_ASSIGN(const format::FileRange range, file.ColumnMetadataRange(column));
  LANCEKIT_ASSIGN(const bool matches, MatchesHash(file.source(), range, known->MetadataHash(column)));
  if (matches) return {};
  return Corrupt("the column metadata is not as its hash says");
}

Status CheckHashes(const PageHashes& hashes, std::size_t page) {
  LANCEKIT_ASSIGN(const auto damage, hashes.FindDamage(page));
  if (!damage.empty()) return Corrupt("the bytes of buffer {} differ from their hash", damage[0].buffer);
  return {};
}

Status DecodePage(ValueRange rows, PageDecoder* decoder) {
  return decoder->Decode(rows, kStepRows, [](ValueRange, const ArrayData&) { return Status(); });
}

Status DecodeRows(const FieldShape& shape, const FieldReader& reader, ValueRange rows) {
  PageScratch scratch;
  FieldSink sink(shape, rows.count);
  LANCEKIT_TRY(reader.Read({&rows, 1}, &sink, &scratch));
  auto array = std::move(sink).Finish();
  return array ? Status() : std::move(array).status();
}

/// Errors: the given one when it is no damage.
Status AddHole(std::int64_t page, ValueRange rows, Status status, std::vector<Hole>* holes) {
  if (!IsLoss(status.error().code)) return status;
  holes->push_back({page, rows, status.error().message});
  return {};
}

Status CheckRun(const PlacedBlobRun& run, const BlobFinder& finder) {
  LANCEKIT_ASSIGN(const std::vector<BlobBytes> blobs, finder(run.rows));
  LANCEKIT_ASSIGN(const bool matches, MatchesHash(blobs, run.hash));
  if (matches) return {};
  return Corrupt("the bytes of the blobs differ from their hash");
}

}  // namespace

Status HoleFinder::CheckFile(const FileReader& file) {
  const format::Statistics* const known = file.statistics().Get();
  if (known == nullptr) return {};
  const format::Footer& footer = file.footer();
  LANCEKIT_ASSIGN(const format::FileRange schema, file.GlobalBufferRange(0));
  const std::vector<std::uint64_t> hashes = known->GlobalBufferHashes();
  if (!hashes.empty()) LANCEKIT_TRY(CheckHash(file, schema, hashes[0], "the schema"));
  const format::FileRange tail{footer.column_metadata_start, file.source().size() - footer.column_metadata_start};
  // A damaged entry of the column table leads to metadata that differ, and a damaged place of the table to none that do not.
  std::uint32_t num_sound = 0;
  for (std::uint32_t i = 0; i < footer.num_columns; ++i) num_sound += CheckMetadata(file, i).ok() ? 1 : 0;
  // With sound metadata, what remains is the footer.
  if (num_sound == footer.num_columns) return CheckHash(file, tail, known->tail_hashes().tail, "the footer");
  const format::FileRange table{footer.cmo_offset, std::uint64_t{footer.num_columns} * 16};
  return num_sound == 0 ? CheckHash(file, table, known->tail_hashes().column_table, "the column table") : Status();
}

Result<std::vector<Hole>> HoleFinder::OfLeaf(const FieldShape& shape, std::size_t leaf) const {
  std::vector<Hole> holes;
  Status status = SearchLeaf(shape, leaf, &holes);
  return OrAllRows(std::move(status), std::move(holes));
}

Result<std::vector<Hole>> HoleFinder::OfField(const FieldShape& shape) const {
  std::vector<Hole> holes;
  Status status = IsLegacyField(fragment_, shape) ? SearchRows(shape, &holes) : SearchBlobs(shape, &holes);
  return OrAllRows(std::move(status), std::move(holes));
}

Result<std::vector<Hole>> HoleFinder::OrAllRows(Status status, std::vector<Hole> holes) const {
  if (status.ok()) return holes;
  holes.clear();
  LANCEKIT_TRY(AddHole(-1, {0, fragment_.NumPhysicalRows()}, std::move(status), &holes));
  return holes;
}

Status HoleFinder::SearchLeaf(const FieldShape& shape, std::size_t leaf, std::vector<Hole>* holes) const {
  const FieldLeaf& field = shape.leaves()[leaf];
  const ColumnPlace* const place = fragment_.Place(field.field->id);
  if (place == nullptr || field.type.is_empty_struct()) return {};
  const FileReader& file = *fragment_.files[place->file];
  LANCEKIT_TRY(CheckMetadata(file, place->column));
  LANCEKIT_ASSIGN(const auto reader, file.Column(place->column, field));
  const format::ColumnMetadata& metadata = reader->metadata();
  LANCEKIT_ASSIGN(const std::vector<PlacedBlobRun> runs, FindBlobRuns(file, place->column, metadata));
  const BlobFinder finder = FinderOf(reader);
  PageDecoder decoder(shape, leaf, reader);
  for (std::size_t page = 0; page < metadata.pages.size(); ++page) {
    LANCEKIT_TRY(table_.context().CheckCancelled());
    const ValueRange rows = reader->RowsOfPage(page);
    if (rows.count == 0) continue;
    const std::span<const PlacedBlobRun> in_page = RunsOfPage(runs, page);
    Status status = CheckHashes(reader->hashes(), page);
    if (status.ok() && in_page.empty()) status = DecodePage(rows, &decoder);
    if (!status.ok()) {
      LANCEKIT_TRY(AddHole(static_cast<std::int64_t>(page), rows, std::move(status), holes));
    } else {
      LANCEKIT_TRY(AddDamagedRuns(in_page, finder, holes));
    }
  }
  return {};
}

Status HoleFinder::SearchBlobs(const FieldShape& shape, std::vector<Hole>* holes) const {
  // Refuses blobs inside of other fields, which have no column of their own.
  LANCEKIT_ASSIGN(const auto reader, FieldReader::Open(fragment_, shape, table_.context()));
  const ColumnPlace& place = *fragment_.Place(shape.field().id);
  const FileReader& file = *fragment_.files[place.file];
  LANCEKIT_TRY(CheckMetadata(file, place.column));
  LANCEKIT_ASSIGN(const format::ColumnMetadata metadata, file.ReadColumnMetadata(place.column));
  LANCEKIT_ASSIGN(const std::vector<PlacedBlobRun> runs, FindBlobRuns(file, place.column, metadata));
  const PageHashes hashes = file.HashesOf(place.column, metadata);
  const BlobFinder finder = FinderOf(reader);
  std::uint64_t row = 0;
  for (std::size_t i = 0; i < metadata.pages.size(); ++i) {
    const auto page = static_cast<std::int64_t>(i);
    const ValueRange rows{row, metadata.pages[i].length};
    row += rows.count;
    if (Status status = CheckHashes(hashes, i); !status.ok()) {
      LANCEKIT_TRY(AddHole(page, rows, std::move(status), holes));
    } else if (runs.empty()) {
      LANCEKIT_TRY(AddDamagedRows(shape, *reader, rows, page, holes));
    } else {
      LANCEKIT_TRY(AddDamagedRuns(RunsOfPage(runs, i), finder, holes));
    }
  }
  return {};
}

Status HoleFinder::SearchRows(const FieldShape& shape, std::vector<Hole>* holes) const {
  LANCEKIT_ASSIGN(const auto reader, FieldReader::Open(fragment_, shape, table_.context()));
  return AddDamagedRows(shape, *reader, {0, fragment_.NumPhysicalRows()}, -1, holes);
}

Status HoleFinder::AddDamagedRows(const FieldShape& shape, const FieldReader& reader, ValueRange rows, std::int64_t page,
                                  std::vector<Hole>* holes) const {
  std::uint64_t unit = kUnitRows;
  while (rows.count != 0) {
    LANCEKIT_TRY(table_.context().CheckCancelled());
    const ValueRange now{rows.first, std::min(unit, rows.count)};
    Status status = DecodeRows(shape, reader, now);
    if (!status.ok() && status.error().code == ErrorCode::kResourceLimit && now.count > 1) {
      unit = now.count / 2;
      continue;
    }
    if (!status.ok()) {
      const std::int64_t known_page = page < 0 ? status.error().page : page;
      LANCEKIT_TRY(AddHole(known_page, now, std::move(status), holes));
    }
    rows.first += now.count;
    rows.count -= now.count;
  }
  return {};
}

Status HoleFinder::AddDamagedRuns(std::span<const PlacedBlobRun> runs, const BlobFinder& finder, std::vector<Hole>* holes) const {
  for (const PlacedBlobRun& run : runs) {
    LANCEKIT_TRY(table_.context().CheckCancelled());
    Status status = CheckRun(run, finder);
    if (!status.ok()) LANCEKIT_TRY(AddHole(static_cast<std::int64_t>(run.page), run.rows, std::move(status), holes));
  }
  return {};
}

}  // namespace lancekit
