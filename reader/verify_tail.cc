// The tail of a file, and whether every byte before it has a purpose.
#include <algorithm>

#include "base/checked_math.h"
#include "legacy/field.h"
#include "reader/blob_columns.h"
#include "reader/inspect_encoding.h"
#include "reader/page_check.h"
#include "reader/verify_file.h"

namespace lancekit {
namespace {

using format::FileRange;

bool AnyBlobs(const std::vector<Field>& fields) {
  return std::ranges::any_of(fields, [](const Field& field) { return MayHoldBlobs(field) || AnyBlobs(field.type.children); });
}

Finding PlaceAt(const FileRange& range, std::string column = "") {
  Finding place;
  place.column = std::move(column);
  if (range.size != 0) place.offset = range.offset;
  place.size = range.size;
  return place;
}

}  // namespace

FileVerifier::FileVerifier(const Context& context, std::shared_ptr<const FileReader> file, Findings* findings)
    : file_(std::move(file)),
      table_(*TableOfFile(context, file_, {.checksums = Checksums::kNever})),  // which has its schema
      findings_(findings),
      damages_before_(findings->damages()),
      has_blobs_(AnyBlobs(file_->schema().fields)) {}

const TableFragment* FileVerifier::fragment() const { return table_->fragments_.empty() ? nullptr : &table_->fragments_.front(); }

VerifiedFile FileVerifier::Describe() const {
  VerifiedFile result;
  result.rows = file_->num_rows();
  result.columns = file_->footer().num_columns;
  for (const Column& column : columns_) result.pages += column.metadata.pages.size();
  result.bytes = file_->source().size();
  result.has_hashes = statistics() != nullptr;
  result.damages = findings_->damages() - damages_before_;
  return result;
}

void FileVerifier::CheckTail() {
  const format::Footer& footer = file_->footer();
  const Schema& schema = file_->schema();
  const std::vector<format::Leaf> leaves =
      footer.version == format::FileVersion::k2_0 ? legacy::ColumnFields(schema) : format::Leaves(schema);
  if (leaves.size() != footer.num_columns) {
    Finding finding;
    finding.message = fmt::format("the schema has {} columns, the file {}", leaves.size(), footer.num_columns);
    findings_->Add(std::move(finding));
  }
  for (std::uint32_t i = 0; i < footer.num_columns; ++i) {
    Column& column = columns_.emplace_back();
    column.name = i < leaves.size() ? leaves[i].Name() : fmt::format("(column {})", i);
    column.has_blobs = i < leaves.size() && MayHoldBlobs(*leaves[i].path.back());
  }
  CheckStatistics();
  if (!CheckTailHashes()) return;
  std::uint64_t metadata_bytes = 0;
  for (std::uint32_t i = 0; i < footer.num_columns && !findings_->stopped(); ++i) {
    LoadColumn(i);
    // Also bounds the work: a table whose entries share one large message would be parsed again and again.
    metadata_bytes += columns_[i].place.size;
    if (metadata_bytes > file_->source().size()) {
      findings_->Add(Corrupt("the metadata of {} columns overlap", i + 1));
      return;
    }
  }
  if (schema_is_sound_) CheckFields();
  CheckUseOfBytes();
}

bool FileVerifier::CheckHash(const FileRange& range, std::uint64_t hash, Finding place, const char* what) {
  const auto matches = MatchesHash(file_->source(), range, hash);
  if (!matches) {
    findings_->Add(matches.error(), std::move(place));
    return false;
  }
  if (*matches) return true;
  place.message = fmt::format("{} is not as its hash says", what);
  findings_->Add(std::move(place));
  return false;
}

void FileVerifier::CheckStatistics() {
  const auto buffer = file_->statistics().global_buffer();
  if (!buffer.has_value()) {
    CheckUnknownBuffers();
    return FindStrayStatistics();
  }
  if (const Status damage = file_->statistics().Damage(); !damage.ok()) {
    const auto range = file_->GlobalBufferRange(static_cast<std::uint32_t>(*buffer));
    Finding place = PlaceAt(range ? *range : FileRange());
    place.buffer = static_cast<std::int64_t>(*buffer);
    findings_->Add(damage.error(), std::move(place));
  }
}

// Official data files have the schema alone; a statistics buffer with a damaged identifier would pass as somebody else's.
void FileVerifier::CheckUnknownBuffers() {
  for (std::uint32_t i = 1; i < file_->footer().num_global_buffers; ++i) {
    const auto range = file_->GlobalBufferRange(i);
    if (!range) continue;
    const auto bytes = file_->source().Read(range->offset, range->size);
    if (!bytes) continue;
    Finding finding = PlaceAt(*range);
    finding.buffer = i;
    const bool is_ours = format::Statistics::MatchesButForIdentifier(bytes->bytes());
    finding.severity = is_ours ? Severity::kDamage : Severity::kNote;
    finding.message =
        is_ours ? "the identifier of the statistics buffer is damaged" : "the purpose of a global buffer is not known";
    findings_->Add(std::move(finding));
  }
}

// A damaged table would pass as that of a file without statistics.
void FileVerifier::FindStrayStatistics() {
  const format::Footer& footer = file_->footer();
  const auto schema = file_->GlobalBufferRange(0);
  std::uint64_t begin = 0;
  if (!schema || !CheckedAdd(schema->offset, schema->size + format::kBufferAlignment - 1, &begin)) return;
  begin -= begin % format::kBufferAlignment;
  if (begin >= footer.column_metadata_start) return;
  const auto bytes = file_->source().Read(begin, footer.column_metadata_start - begin);
  if (!bytes || !format::Statistics::Matches(bytes->bytes())) return;
  Finding finding = PlaceAt({footer.gbo_offset, std::uint64_t{footer.num_global_buffers} * 16});
  finding.message = fmt::format("the global buffer table does not lead to the statistics buffer at {}", begin);
  findings_->Add(std::move(finding));
}

bool FileVerifier::CheckTailHashes() {
  const format::Statistics* const known = statistics();
  if (known == nullptr) return true;
  const format::Footer& footer = file_->footer();
  const std::vector<std::uint64_t> hashes = known->GlobalBufferHashes();
  for (std::uint32_t i = 0; i < std::min<std::uint64_t>(hashes.size(), footer.num_global_buffers); ++i) {
    const auto range = file_->GlobalBufferRange(i);
    if (!range) continue;
    Finding place = PlaceAt(*range);
    place.buffer = i;
    const bool is_sound = CheckHash(*range, hashes[i], std::move(place), i == 0 ? "the schema" : "a global buffer");
    schema_is_sound_ = schema_is_sound_ && (is_sound || i != 0);
  }
  const format::TailHashes tail = known->tail_hashes();
  const FileRange column_table{footer.cmo_offset, std::uint64_t{footer.num_columns} * 16};
  const FileRange buffer_table{footer.gbo_offset, std::uint64_t{footer.num_global_buffers} * 16};
  bool sound = CheckHash(column_table, tail.column_table, PlaceAt(column_table), "the column table");
  sound = CheckHash(buffer_table, tail.global_buffer_table, PlaceAt(buffer_table), "the global buffer table") && sound;
  if (!sound) return false;
  for (std::uint32_t i = 0; i < footer.num_columns; ++i) {
    const auto range = file_->ColumnMetadataRange(i);
    columns_[i].differs =
        !range || !CheckHash(*range, known->MetadataHash(i), PlaceAt(*range, columns_[i].name), "the column metadata");
    sound = sound && !columns_[i].differs;
  }
  // With sound parts, what remains is the footer.
  const FileRange all{footer.column_metadata_start, file_->source().size() - footer.column_metadata_start};
  if (sound) {
    const FileRange last{file_->source().size() - format::kFooterBytes, format::kFooterBytes};
    return CheckHash(all, tail.tail, PlaceAt(last), "the footer");
  }
  return true;
}

void FileVerifier::LoadColumn(std::uint32_t index) {
  Column& column = columns_[index];
  const auto range = file_->ColumnMetadataRange(index);
  if (!range) return findings_->Add(range.error(), PlaceAt({}, column.name));
  column.place = *range;
  auto metadata = file_->ReadColumnMetadata(index);
  if (!metadata) return findings_->Add(metadata.error(), PlaceAt(*range, column.name));
  column.metadata = *std::move(metadata);
  column.damaged_pages.assign(column.metadata.pages.size(), false);
  column.is_sound = !column.differs;  // which was told before
  for (std::size_t i = 0; column.is_sound && i < column.metadata.pages.size(); ++i) {
    InspectedPage page;
    const Status status = DescribePage(column.metadata.pages[i], &page);
    column.has_blobs = column.has_blobs || (status.ok() && IsBlobLayout(page.encoding));
    has_blobs_ = has_blobs_ || column.has_blobs;
    if (status.ok()) continue;
    Finding place = PlaceAt(*range, column.name);
    place.page = static_cast<std::int64_t>(i);
    findings_->Add(status.error(), std::move(place));
    column.damaged_pages[i] = true;
  }
}

/// Rows of each column, and which fields can be read at all.
void FileVerifier::CheckFields() {
  if (fragment() == nullptr) return;
  for (const Field& field : table_->schema_.fields) {
    auto shape = FieldShape::Make(field);
    if (!shape) {
      findings_->Add(shape.error(), PlaceAt({}, field.name));
      continue;
    }
    bool can_read = true;
    const bool is_plain = IsPlain(*fragment(), **shape);
    for (const FieldLeaf& leaf : (*shape)->leaves()) {
      const ColumnPlace* const place = fragment()->Place(leaf.field->id);
      if (place == nullptr || leaf.type.is_empty_struct() || place->column >= columns_.size()) continue;
      const Column& column = columns_[place->column];
      can_read = can_read && (column.is_sound || is_plain);
      if (!is_plain || !column.is_sound) continue;
      if (const auto reader = file_->Column(place->column, leaf); !reader) {
        findings_->Add(reader.error(), PlaceAt(column.place, leaf.name));
        columns_[place->column].is_sound = false;
      } else {
        CheckZones(leaf.type, place->column);
      }
    }
    if (!is_plain && can_read) {
      const auto reader = FieldReader::Open(*fragment(), **shape, table_->context());
      can_read = reader.has_value();
      if (!reader) findings_->Add(reader.error(), PlaceAt({}, field.name));
    }
    if (can_read) shapes_.push_back(*std::move(shape));
  }
}

void FileVerifier::CheckZones(const LeafType& leaf, std::uint32_t column) {
  const auto* const known = statistics();
  if (known == nullptr) return;
  const format::ZoneList pages = known->Pages(column), zones = known->Zones(column);
  const std::vector<format::PageMetadata>& stored = columns_[column].metadata.pages;
  bool fits = pages.size() == stored.size() && known->domain(column) == DomainOf(leaf.type);
  std::uint64_t next = 0;
  for (std::size_t i = 0; fits && i < stored.size(); ++i) {
    std::uint64_t rows = 0;
    for (std::uint32_t in_page = known->ZonesInPage(column, i); fits && in_page != 0; --in_page, ++next)
      fits = next < zones.size() && zones.NumRows(next) != 0 && CheckedAdd(rows, zones.NumRows(next), &rows);
    fits = fits && pages.NumRows(i) == rows && rows == stored[i].length / leaf.SlotsPerRow();
  }
  if (fits && next == zones.size()) return;
  Finding place = PlaceAt({}, columns_[column].name);
  const auto range = file_->GlobalBufferRange(static_cast<std::uint32_t>(*file_->statistics().global_buffer()));
  if (range) place = PlaceAt(*range, columns_[column].name);
  place.message = "the zones do not fit the column's pages";
  findings_->Add(std::move(place));
}

void FileVerifier::CheckUseOfBytes() {
  if (std::ranges::any_of(columns_, [](const Column& column) { return !column.is_sound; })) return;
  const format::Footer& footer = file_->footer();
  std::vector<Finding> parts;
  const auto add = [&](const FileRange& range, const std::string& name, std::int64_t page, std::int64_t buffer,
                       const char* what) {
    if (range.size == 0) return;
    Finding& part = parts.emplace_back(PlaceAt(range, name));
    part.page = page;
    part.buffer = buffer;
    part.message = what;
  };
  for (const Column& column : columns_) {
    add(column.place, column.name, -1, -1, "column metadata");
    for (std::size_t i = 0; i < column.metadata.buffers.size(); ++i)
      add(column.metadata.buffers[i], column.name, -1, static_cast<std::int64_t>(i), "column buffer");
    for (std::size_t page = 0; page < column.metadata.pages.size(); ++page) {
      const std::vector<FileRange>& buffers = column.metadata.pages[page].buffers;
      for (std::size_t i = 0; i < buffers.size(); ++i)
        add(buffers[i], column.name, static_cast<std::int64_t>(page), static_cast<std::int64_t>(i), "page buffer");
    }
  }
  for (std::uint32_t i = 0; i < footer.num_global_buffers; ++i) {
    if (const auto range = file_->GlobalBufferRange(i)) add(*range, "", -1, i, "global buffer");
  }
  add({footer.cmo_offset, std::uint64_t{footer.num_columns} * 16}, "", -1, -1, "column table");
  add({footer.gbo_offset, std::uint64_t{footer.num_global_buffers} * 16}, "", -1, -1, "global buffer table");
  add({file_->source().size() - format::kFooterBytes, format::kFooterBytes}, "", -1, -1, "footer");
  std::ranges::stable_sort(parts, {}, &Finding::offset);
  std::uint64_t end = 0;
  for (Finding& part : parts) {
    if (findings_->stopped()) return;
    const std::uint64_t begin = part.offset, size = part.size;
    if (begin < end) {
      part.message += fmt::format(" overlaps bytes before {}, which have another purpose", end);
      findings_->Add(std::move(part));
    } else {
      gaps_.push_back({end, begin - end});
    }
    end = std::max(end, begin + size);
  }
  if (has_blobs_) return;  // pages tell where they are
  for (const FileRange& gap : gaps_) CheckGap(gap.offset, gap.offset + gap.size);
}

// Lance pads with 'H', but with zeros where its compaction copies pages as they are.
void FileVerifier::CheckGap(std::uint64_t begin, std::uint64_t end) {
  if (begin == end) return;
  Finding place = PlaceAt({begin, end - begin});
  const std::uint64_t aligned = AlignUp(begin, format::kBufferAlignment);
  if (end > aligned) {
    place.message = "bytes without a purpose";
    findings_->Add(std::move(place));
    return;
  }
  const auto bytes = file_->source().Read(begin, end - begin);
  if (!bytes) return findings_->Add(bytes.error(), std::move(place));
  const auto all = [&](std::byte value) {
    return std::ranges::all_of(bytes->bytes(), [value](std::byte byte) { return byte == value; });
  };
  if (all(format::kPaddingByte) || all(std::byte{0})) return;
  place.severity = Severity::kHarmless;
  place.message = "padding is not as it is written";
  findings_->Add(std::move(place));
}

}  // namespace lancekit
