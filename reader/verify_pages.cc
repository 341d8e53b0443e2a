// The pages of a file: hashes, decoding with all checks, texts and zone maps.
#include <algorithm>

#include "reader/field_reader.h"
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
}

void FileVerifier::CheckPageHashes(std::uint32_t index) {
  Column& column = columns_[index];
  if (!column.is_sound) return;
  const PageHashes hashes = file_->HashesOf(index, column.metadata);
  for (std::size_t page = 0; page < column.metadata.pages.size(); ++page) {
    Finding place;
    place.column = column.name;
    place.page = static_cast<std::int64_t>(page);
    const auto damaged = hashes.DamagedBuffers(file_->source(), column.metadata, page);
    if (!damaged) return findings_->Add(damaged.error(), std::move(place));
    for (const std::size_t buffer : *damaged) {
      const format::FileRange& range = column.metadata.pages[page].buffers[buffer];
      place.buffer = static_cast<std::int64_t>(buffer);
      place.offset = range.offset;
      place.size = range.size;
      place.message = "the bytes differ from their hash";
      findings_->Add(place);
      column.damaged_pages[page] = true;
    }
  }
}

void FileVerifier::DecodeField(const FieldShape& shape) {
  if (!IsPlain(*fragment(), shape)) return DecodeRows(shape);
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
  if (is_sound && shape.leaves().size() > 1 && before == findings_->damages()) DecodeRows(shape);
}

void FileVerifier::DecodeLeaf(const FieldShape& shape, std::size_t leaf) {
  const ColumnPlace* const place = fragment()->Place(shape.leaves()[leaf].field->id);
  Column& column = columns_[place->column];
  const auto reader = file_->Column(place->column, shape.leaves()[leaf]);
  if (!reader) return;  // told with the tail
  std::optional<ZoneCheck> zones;
  if (const auto* known = statistics(); known != nullptr && shape.leaves()[leaf].type.SlotsPerRow() == 1)
    zones = ZoneCheck::Make(shape.leaves()[leaf].type.type, *known, place->column, file_->descriptor().num_rows);
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

void FileVerifier::DecodeRows(const FieldShape& shape) {
  const auto reader = FieldReader::Open(*fragment(), shape, table_->context());
  if (!reader) return;  // told with the tail
  std::string last;
  const std::uint64_t num_rows = file_->descriptor().num_rows;
  for (std::uint64_t row = 0; row < num_rows && !findings_->stopped(); row += kStepRows) {
    const ValueRange rows{row, std::min(kStepRows, num_rows - row)};
    PageScratch scratch;
    FieldSink sink(shape, rows.count);
    Status status = (*reader)->Read({&rows, 1}, &sink, &scratch);
    if (status.ok()) {
      auto array = std::move(sink).Finish();
      if (array) continue;
      status = std::move(array).status();
    }
    if (IsKnown(status.error())) continue;
    Finding where;
    where.column = shape.field().name;
    // Many steps of one page say the same.
    const std::string text = status.error().describe();
    if (text != last) findings_->Add(status.error(), std::move(where));
    last = text;
  }
}

}  // namespace lancekit
