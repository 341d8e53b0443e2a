#include "writer/file_writer.h"

#include <array>
#include <limits>
#include <optional>

#include "base/checked_math.h"
#include "base/hash.h"
#include "format/name_index.h"
#include "format/schema.h"

namespace lancekit {
namespace {

Bytes AsBytes(const std::string& text) { return std::as_bytes(std::span(text)); }

// ColumnEncoding { values = Empty }: pages hold the values. Source: lance protos/encodings_v2_0.proto.
constexpr std::array kValuesEncoding{std::byte{0x0A}, std::byte{0x00}};

std::vector<std::byte> ToVector(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

/// The name index of a file with many fields.
std::optional<MutableBuffer> MakeNameIndex(const std::string& descriptor, const Schema& schema) {
  if (schema.fields.size() < format::kMinIndexedFields || descriptor.size() > std::numeric_limits<std::uint32_t>::max())
    return {};
  const Bytes bytes = AsBytes(descriptor);
  const auto place = format::FindSchema(bytes, bytes.size());
  std::uint64_t fields_end = 0;
  const auto listed = format::ListFields(bytes.subspan(place->offset, place->size), &fields_end);
  std::vector<format::NamedField> fields;
  std::vector<std::uint64_t> name_hashes;
  std::uint32_t column = 0;
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const format::ListedField& from = (*listed)[i];
    name_hashes.push_back(HashBytes(AsBytes(schema.fields[i].name)));
    const auto fields_hash = HashBytes(bytes.subspan(place->offset + from.begin, from.size));
    fields.push_back({static_cast<std::uint32_t>(name_hashes.back()), static_cast<std::uint32_t>(from.begin),
                      static_cast<std::uint32_t>(from.size), column, static_cast<std::uint32_t>(fields_hash)});
    column += format::NumColumns(schema.fields[i]);
  }
  return format::SerializeNameIndex(fields, name_hashes, fields_end, HashBytes(bytes.subspan(place->offset + fields_end)));
}

}  // namespace

Result<FileWriter> FileWriter::Create(const std::string& path, std::size_t num_columns, format::FileVersion version) {
  LANCEKIT_ASSIGN(AtomicFile file, AtomicFile::Create(path));
  FileWriter writer(std::move(file), num_columns, version);
  for (format::ColumnMetadata& column : writer.columns_)
    column.encoding = {format::kColumnEncodingUrl, ToVector(kValuesEncoding)};
  return writer;
}

Status FileWriter::AppendAligned(Bytes bytes, format::FileRange* range) {
  *range = {file_.size(), bytes.size()};
  LANCEKIT_TRY(file_.Append(bytes));
  static constexpr auto kPadding = [] {
    std::array<std::byte, format::kBufferAlignment> padding{};
    padding.fill(format::kPaddingByte);
    return padding;
  }();
  return file_.Append(Bytes(kPadding).first(AlignUp(file_.size(), format::kBufferAlignment) - file_.size()));
}

Status FileWriter::WritePage(std::size_t column, const EncodedPage& page) {
  format::PageMetadata metadata;
  metadata.length = page.num_rows;
  metadata.priority = rows_[column];
  for (const MutableBuffer& buffer : page.buffers) {
    metadata.buffers.emplace_back();
    LANCEKIT_TRY(AppendAligned(buffer.bytes(), &metadata.buffers.back()));
  }
  metadata.encoding = {format::kPageLayoutUrl, ToVector(AsBytes(format::SerializePageLayout(page.layout)))};
  columns_[column].pages.push_back(std::move(metadata));
  rows_[column] += page.num_rows;
  return {};
}

Result<format::FileRange> FileWriter::WriteBlob(Bytes value) {
  format::FileRange range;
  LANCEKIT_TRY(AppendAligned(value, &range));
  return range;
}

void FileWriter::StartStatistics(std::size_t column, const DataType& type) {
  statistics_.resize(columns_.size());
  statistics_[column].domain = DomainOf(type);
  statistics_[column].width = format::BoundWidth(type);
}

void FileWriter::AddStatistics(std::size_t column, const PageZones& zones, const std::vector<std::uint64_t>& buffer_hashes,
                               const std::vector<format::BlobRun>& blob_runs) {
  format::ColumnStatistics& statistics = statistics_[column];
  statistics.pages.push_back(zones.page);
  statistics.zones.insert(statistics.zones.end(), zones.zones.begin(), zones.zones.end());
  statistics.zones_per_page.push_back(static_cast<std::uint32_t>(zones.zones.size()));
  const std::uint64_t bloom_bytes = zones.bloom.size() <= format::kMaxFileBloomBytes - bloom_bytes_ ? zones.bloom.size() : 0;
  statistics.blooms.insert(statistics.blooms.end(), zones.bloom.begin(),
                           zones.bloom.begin() + static_cast<std::ptrdiff_t>(bloom_bytes));
  statistics.bloom_ends.push_back(static_cast<std::uint32_t>(statistics.blooms.size() / format::kBloomBlockBytes));
  bloom_bytes_ += bloom_bytes;
  statistics.buffer_hashes.insert(statistics.buffer_hashes.end(), buffer_hashes.begin(), buffer_hashes.end());
  statistics.blob_runs.insert(statistics.blob_runs.end(), blob_runs.begin(), blob_runs.end());
}

// Global buffers, column metadata, tables, footer. The statistics come as a global buffer before the metadata: a buffer behind
// the tables would break official readers.
MutableBuffer FileWriter::MakeTail(const Schema& schema, const std::string& descriptor) {
  MutableBuffer tail;
  const std::uint64_t start = file_.size();
  const auto position = [&] { return start + tail.size(); };
  const auto hash_from = [&](std::uint64_t offset, std::uint64_t size) {
    return HashBytes(tail.bytes().subspan(offset - start, size));
  };
  std::vector<format::FileRange> global_buffers{{position(), descriptor.size()}};
  tail.Append(AsBytes(descriptor));
  std::vector<std::string> messages;
  for (const format::ColumnMetadata& column : columns_) messages.push_back(format::SerializeColumnMetadata(column));
  const auto append_global_buffer = [&](const MutableBuffer& buffer) {
    tail.AppendFill(AlignUp(position(), format::kBufferAlignment) - position(), format::kPaddingByte);
    global_buffers.push_back({position(), buffer.size()});
    tail.Append(buffer.bytes());
  };
  if (!statistics_.empty()) {
    std::vector<std::uint64_t> hashes{HashBytes(AsBytes(descriptor))};
    if (const auto index = MakeNameIndex(descriptor, schema)) {
      append_global_buffer(*index);
      hashes.push_back(HashBytes(index->bytes()));
    }
    for (std::size_t i = 0; i < messages.size(); ++i) statistics_[i].metadata_hash = HashBytes(AsBytes(messages[i]));
    append_global_buffer(format::SerializeStatistics(statistics_, hashes));
  }
  format::Footer footer;
  footer.version = version_;
  footer.num_columns = static_cast<std::uint32_t>(columns_.size());
  footer.num_global_buffers = static_cast<std::uint32_t>(global_buffers.size());
  footer.column_metadata_start = position();
  std::vector<format::FileRange> columns;
  for (const std::string& message : messages) {
    columns.push_back({position(), message.size()});
    tail.Append(AsBytes(message));
  }
  const auto append_table = [&](const std::vector<format::FileRange>& ranges) {
    for (const format::FileRange& range : ranges) {
      tail.AppendLe(range.offset);
      tail.AppendLe(range.size);
    }
  };
  footer.cmo_offset = position();
  append_table(columns);
  footer.gbo_offset = position();
  append_table(global_buffers);
  const std::uint64_t tables_end = position();
  format::AppendFooter(footer, &tail);
  if (!statistics_.empty()) {
    const format::FileRange at = global_buffers.back();
    format::SealStatistics({.column_table = hash_from(footer.cmo_offset, footer.gbo_offset - footer.cmo_offset),
                            .global_buffer_table = hash_from(footer.gbo_offset, tables_end - footer.gbo_offset),
                            .tail = hash_from(footer.column_metadata_start, position() - footer.column_metadata_start)},
                           {tail.data() + (at.offset - start), static_cast<std::size_t>(at.size)});
  }
  return tail;
}

Status FileWriter::Finish(const Schema& schema, std::uint64_t num_rows, bool replace) {
  LANCEKIT_ASSIGN(const std::string descriptor, format::SerializeFileDescriptor({schema, num_rows}));
  LANCEKIT_TRY(file_.Append(MakeTail(schema, descriptor).bytes()));
  return file_.Publish(replace);
}

}  // namespace lancekit
