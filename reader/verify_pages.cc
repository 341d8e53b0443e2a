// The pages of a file: hashes, decoding with all checks, texts and zone maps; then the blobs that they tell the places of.
#include <algorithm>

#include "reader/field_reader.h"
#include "reader/legacy_field.h"
#include "reader/page_check.h"
#include "reader/value_check.h"
#include "reader/verify_file.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kStepRows = 4096;

}  // namespace

void FileVerifier::CheckPages() {
  if (std::ranges::any_of(columns_, [](const Column& column) { return column.is_sound; }) && statistics() != nullptr) {
    for (std::uint32_t i = 0; i < columns_.size() && !findings_->stopped(); ++i) CheckPageHashes(i);
  }
  for (const auto& shape : shapes_) {
    if (findings_->stopped()) return;
    DecodeField(*shape);
  }
  if (has_blobs_) CheckBetweenBlobs();
}

void FileVerifier::CheckPageHashes(std::uint32_t index) {
  Column& column = columns_[index];
  if (!column.is_sound) return;
  const PageHashes hashes = file_->HashesOf(index, column.metadata);
  for (std::size_t page = 0; page < column.metadata.pages.size(); ++page) {
    Finding place;
    place.column = column.name;
    place.page = static_cast<std::int64_t>(page);
    const auto damage = hashes.FindDamage(page);
    if (!damage) return findings_->Add(damage.error(), std::move(place));
    for (const PageHashes::DamagedBytes& damaged : *damage) {
      place.buffer = static_cast<std::int64_t>(damaged.buffer);
      place.offset = damaged.bytes.offset;
      place.size = damaged.bytes.size;
      place.message = "the bytes differ from their hash";
      findings_->Add(place);
      column.damaged_pages[page] = true;
    }
  }
}

void FileVerifier::DecodeField(const FieldShape& shape) {
  const ValueRange all{0, file_->num_rows()};
  if (IsLegacyField(*fragment(), shape)) return DecodeRows(shape, all);
  if (!IsPlain(*fragment(), shape)) return CheckDescriptors(shape, fragment()->Place(shape.field().id)->column);
  const std::uint64_t before = findings_->damages();
  bool is_sound = true;
  for (std::size_t i = 0; i < shape.leaves().size(); ++i) {
    const ColumnPlace* const place = fragment()->Place(shape.leaves()[i].field->id);
    if (place == nullptr || shape.leaves()[i].type.is_empty_struct()) continue;
    if (place->column >= columns_.size() || !columns_[place->column].is_sound) {
      is_sound = false;
      continue;
    }
    DecodeLeaf(shape, i);
    const std::vector<bool>& damaged = columns_[place->column].damaged_pages;
    is_sound = is_sound && std::ranges::find(damaged, true) == damaged.end();
  }
  if (is_sound && shape.leaves().size() > 1 && before == findings_->damages()) DecodeRows(shape, all);
}

void FileVerifier::DecodeLeaf(const FieldShape& shape, std::size_t leaf) {
  const ColumnPlace* const place = fragment()->Place(shape.leaves()[leaf].field->id);
  Column& column = columns_[place->column];
  const auto reader = file_->Column(place->column, shape.leaves()[leaf]);
  if (!reader) return;  // told with the tail
  if (column.has_blobs) CheckBlobs(place->column, FinderOf(*reader));
  std::optional<ZoneCheck> zones;
  if (const auto* known = statistics(); known != nullptr && shape.leaves()[leaf].type.SlotsPerRow() == 1)
    zones = ZoneCheck::Make(shape.leaves()[leaf].type.type, *known, place->column, file_->num_rows());
  for (std::size_t page = 0; page < column.metadata.pages.size() && !findings_->stopped(); ++page) {
    if (column.damaged_pages[page]) continue;
    const Status status = DecodePage(shape, leaf, *reader, page, zones.has_value() ? &*zones : nullptr);
    if (status.ok()) continue;
    if (status.error().code == ErrorCode::kCancelled) return;
    Finding where;
    where.column = column.name;
    where.page = static_cast<std::int64_t>(page);
    findings_->Add(status.error(), std::move(where));
    column.damaged_pages[page] = true;
  }
}

Status FileVerifier::DecodePage(const FieldShape& shape, std::size_t leaf, const std::shared_ptr<const ColumnReader>& reader,
                                std::size_t page, ZoneCheck* zones) {
  const DataType& type = shape.leaves()[leaf].type.type;
  std::optional<std::string> wrong;
  PageDecoder decoder(shape, leaf, reader);
  ValueRange rows = reader->RowsOfPage(page);
  while (rows.count != 0) {
    LANCEKIT_TRY(table_->context().CheckCancelled());
    const std::uint64_t count = std::min(rows.count, zones != nullptr ? zones->RowsInZone(rows.first) : kStepRows);
    LANCEKIT_TRY(decoder.Decode({rows.first, count}, kStepRows, [&](ValueRange now, const ArrayData& values) -> Status {
      if (!wrong.has_value()) wrong = FindBadText(type, values);
      if (!wrong.has_value() && zones != nullptr) wrong = zones->Compare(now.first, now.count, values);
      return {};
    }));
    if (wrong.has_value()) return Corrupt("rows {} to {}: {}", rows.first, rows.first + count - 1, *wrong);
    rows.first += count;
    rows.count -= count;
  }
  return {};
}

// A page that differs from its hash was told already.
bool FileVerifier::IsKnown(const Error& error) const {
  const auto column = std::ranges::find(columns_, error.column, &Column::name);
  return column != columns_.end() && error.page >= 0 && static_cast<std::size_t>(error.page) < column->damaged_pages.size() &&
         column->damaged_pages[static_cast<std::size_t>(error.page)];
}

void FileVerifier::DecodeRows(const FieldShape& shape, ValueRange rows) {
  const auto reader = FieldReader::Open(*fragment(), shape, table_->context());
  if (!reader) return;  // told with the tail
  std::string last;
  std::uint64_t step = kStepRows;
  while (rows.count != 0 && !findings_->stopped() && table_->context().CheckCancelled().ok()) {
    const ValueRange now{rows.first, std::min(step, rows.count)};
    const Status status = DecodeStep(shape, **reader, now);
    if (!status.ok() && status.error().code == ErrorCode::kResourceLimit && now.count > 1) {
      step = now.count / 2;
      continue;
    }
    rows.first += now.count;
    rows.count -= now.count;
    if (status.ok() || IsKnown(status.error())) continue;
    Finding where;
    where.column = shape.field().name;
    // Many steps of one page say the same.
    const std::string text = status.error().describe();
    if (text != last) findings_->Add(status.error(), std::move(where));
    last = text;
  }
}

Status FileVerifier::DecodeStep(const FieldShape& shape, const FieldReader& reader, ValueRange rows) {
  PageScratch scratch;
  FieldSink sink(shape, rows.count);
  LANCEKIT_TRY(reader.Read({&rows, 1}, &sink, &scratch));
  return std::move(sink).Finish().status();
}

void FileVerifier::CheckDescriptors(const FieldShape& shape, std::uint32_t index) {
  auto reader = FieldReader::Open(*fragment(), shape, table_->context());
  if (!reader || index >= columns_.size() || !columns_[index].is_sound) return;  // told with the tail
  Column& column = columns_[index];
  const BlobFinder finder = FinderOf(*std::move(reader));
  CheckBlobs(index, finder);
  if (column.blobs_are_known) return;  // and all of them were read
  std::uint64_t row = 0;
  for (std::size_t page = 0; page < column.metadata.pages.size(); ++page) {
    const std::uint64_t count = column.metadata.pages[page].length;
    if (!column.damaged_pages[page]) DecodeRows(shape, {row, count});
    row += count;
  }
}

void FileVerifier::CheckBlobs(std::uint32_t index, const BlobFinder& finder) {
  Column& column = columns_[index];
  Finding place;
  place.column = column.name;
  const auto runs = FindBlobRuns(*file_, index, column.metadata);
  if (!runs) return findings_->Add(runs.error(), std::move(place));
  column.blobs_are_known = !runs->empty();
  if (runs->empty() && statistics() != nullptr && !column.metadata.pages.empty()) {
    place.severity = Severity::kNote;
    place.message = "no hash covers the blobs";
    return findings_->Add(std::move(place));
  }
  for (const PlacedBlobRun& run : *runs) {
    if (findings_->stopped() || !table_->context().CheckCancelled().ok()) return;
    if (column.damaged_pages[run.page]) {
      column.blobs_are_known = false;
    } else {
      CheckBlobRun(run, finder, &column);
    }
  }
}

void FileVerifier::CheckBlobRun(const PlacedBlobRun& run, const BlobFinder& finder, Column* column) {
  Finding place;
  place.column = column->name;
  place.page = static_cast<std::int64_t>(run.page);
  const auto blobs = finder(run.rows);
  if (!blobs) {
    column->blobs_are_known = false;
    return findings_->Add(blobs.error(), std::move(place));
  }
  std::uint64_t end = 0;
  for (const BlobBytes& blob : *blobs) {
    if (blob.size == 0 || blob.source != file_->shared_source()) continue;
    blobs_.push_back({blob.offset, blob.size});
    place.offset = std::min(place.offset, blob.offset);
    end = std::max(end, blob.offset + blob.size);
  }
  place.size = end == 0 ? 0 : end - place.offset;
  const auto matches = MatchesHash(*blobs, run.hash);
  if (matches && *matches) return;
  if (!matches) return findings_->Add(matches.error(), std::move(place));
  place.message =
      fmt::format("the blobs of rows {} to {} differ from their hash", run.rows.first, run.rows.first + run.rows.count - 1);
  findings_->Add(std::move(place));
}

void FileVerifier::CheckBetweenBlobs() {
  for (const Column& column : columns_) {
    if (column.has_blobs && !column.blobs_are_known && !column.metadata.pages.empty()) return;
  }
  std::ranges::sort(blobs_, {}, &format::FileRange::offset);
  auto blob = blobs_.begin();
  for (const format::FileRange& gap : gaps_) {
    std::uint64_t begin = gap.offset;
    const std::uint64_t end = gap.offset + gap.size;
    for (; blob != blobs_.end() && blob->offset < end; ++blob) {
      if (blob->offset > begin) CheckGap(begin, blob->offset);
      begin = std::max(begin, blob->offset + blob->size);
    }
    if (begin < end) CheckGap(begin, end);
  }
}

}  // namespace lancekit
