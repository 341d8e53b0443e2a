#include <cstring>

#include "base/checked_math.h"
#include "base/limits.h"
#include "format/file_metadata.h"
#include "format/proto.h"
#include "format/schema.h"

namespace lancekit::format {

namespace {

constexpr char kMagic[4] = {'L', 'A', 'N', 'C'};
constexpr std::uint64_t kTableEntryBytes = 16;

Status CheckFooter(const Footer& footer, std::uint64_t file_size) {
  if (footer.num_columns > kMaxColumns) return Corrupt("footer: {} columns, more than {}", footer.num_columns, kMaxColumns);
  if (footer.num_global_buffers == 0) return Corrupt("footer: no global buffer, so no schema");
  if (footer.num_global_buffers > kMaxGlobalBuffers) {
    return Corrupt("footer: {} global buffers, more than {}", footer.num_global_buffers, kMaxGlobalBuffers);
  }
  const std::uint64_t end = file_size - kFooterBytes;
  if (!RangeFits(footer.cmo_offset, footer.num_columns * kTableEntryBytes, end)) {
    return Corrupt("footer: column table at {} with {} entries does not fit before byte {}", footer.cmo_offset,
                   footer.num_columns, end);
  }
  if (!RangeFits(footer.gbo_offset, footer.num_global_buffers * kTableEntryBytes, end)) {
    return Corrupt("footer: global buffer table at {} with {} entries does not fit before byte {}", footer.gbo_offset,
                   footer.num_global_buffers, end);
  }
  if (footer.column_metadata_start > footer.cmo_offset || footer.column_metadata_start > footer.gbo_offset) {
    return Corrupt("footer: column metadata at {} starts behind the tables at {} and {}", footer.column_metadata_start,
                   footer.cmo_offset, footer.gbo_offset);
  }
  return {};
}

TypedMessage ParseAny(pbf_reader message) {
  TypedMessage any;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(1):
        any.type_url = message.get_string();
        break;
      case BytesField(2):
        any.value = CopyOf(message.get_view());
        break;
      default:
        message.skip();
    }
  }
  return any;
}

/// The Encoding message of lance.file.v2: an Any in the bytes of a DirectEncoding.
Status ParseWrapped(pbf_reader message, TypedMessage* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(1):
        return Unsupported("the encoding is stored elsewhere in the file (DeferredEncoding)");
      case BytesField(2): {
        pbf_reader direct = message.get_message();
        while (direct.next()) {
          if (direct.tag_and_type() == BytesField(1)) {
            *out = ParseAny(direct.get_message());
          } else {
            direct.skip();
          }
        }
        break;
      }
      default:
        message.skip();
    }
  }
  return {};
}

Status PairUp(const std::vector<std::uint64_t>& offsets, const std::vector<std::uint64_t>& sizes, std::uint64_t file_size,
              std::vector<FileRange>* out) {
  if (offsets.size() != sizes.size()) return Corrupt("{} buffer offsets, but {} buffer sizes", offsets.size(), sizes.size());
  out->reserve(offsets.size());
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    if (!RangeFits(offsets[i], sizes[i], file_size)) {
      return Corrupt("buffer {} at {} with {} bytes lies outside the file of {} bytes", i, offsets[i], sizes[i], file_size);
    }
    out->push_back({offsets[i], sizes[i]});
  }
  return {};
}

Status ParsePage(pbf_reader message, std::uint64_t file_size, PageMetadata* page) {
  std::vector<std::uint64_t> offsets, sizes;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(1):
      case VarintField(1):
        AppendNumbers(&message, &offsets);
        break;
      case BytesField(2):
      case VarintField(2):
        AppendNumbers(&message, &sizes);
        break;
      case VarintField(3):
        page->length = message.get_uint64();
        break;
      case BytesField(4):
        LANCEKIT_TRY(ParseWrapped(message.get_message(), &page->encoding));
        break;
      case VarintField(5):
        page->priority = message.get_uint64();
        break;
      default:
        message.skip();
    }
  }
  if (page->length > kMaxRows) return Corrupt("page length {} is more than {}", page->length, kMaxRows);
  return PairUp(offsets, sizes, file_size, &page->buffers);
}

Status ParseColumn(pbf_reader message, std::uint64_t file_size, ColumnMetadata* column) {
  std::vector<std::uint64_t> offsets, sizes;
  std::uint64_t num_rows = 0;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(1):
        LANCEKIT_TRY(ParseWrapped(message.get_message(), &column->encoding));
        break;
      case BytesField(2): {
        PageMetadata& page = column->pages.emplace_back();
        const auto index = static_cast<std::int64_t>(column->pages.size()) - 1;
        LANCEKIT_TRY(At(ParsePage(message.get_message(), file_size, &page), {.page = index}));
        num_rows += page.length;  // both at most kMaxRows
        if (num_rows > kMaxRows) return Corrupt("the pages have more than {} rows", kMaxRows);
        break;
      }
      case BytesField(3):
      case VarintField(3):
        AppendNumbers(&message, &offsets);
        break;
      case BytesField(4):
      case VarintField(4):
        AppendNumbers(&message, &sizes);
        break;
      default:
        message.skip();
    }
  }
  return PairUp(offsets, sizes, file_size, &column->buffers);
}

std::string WriteWrapped(const TypedMessage& message) {
  std::string any, direct, encoding;
  pbf_writer any_writer(any);
  WriteText(&any_writer, 1, message.type_url);
  if (!message.value.empty()) any_writer.add_bytes(2, ViewOf(message.value));
  pbf_writer(direct).add_bytes(1, any);
  pbf_writer(encoding).add_message(2, direct);
  return encoding;
}

void WriteRanges(pbf_writer* message, std::uint32_t offsets_field, const std::vector<FileRange>& ranges) {
  std::vector<std::uint64_t> offsets, sizes;
  for (const FileRange& range : ranges) {
    offsets.push_back(range.offset);
    sizes.push_back(range.size);
  }
  message->add_packed_uint64(offsets_field, offsets.begin(), offsets.end());
  message->add_packed_uint64(offsets_field + 1, sizes.begin(), sizes.end());
}

std::string WritePage(const PageMetadata& page) {
  std::string bytes;
  pbf_writer writer(bytes);
  WriteRanges(&writer, 1, page.buffers);
  WriteNumber(&writer, 3, page.length);
  writer.add_message(4, WriteWrapped(page.encoding));
  WriteNumber(&writer, 5, page.priority);
  return bytes;
}

Status ParseSchema(pbf_reader message, Schema* schema) {
  std::vector<Bytes> fields;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(1):
        fields.push_back(BytesOf(message.get_view()));
        break;
      case BytesField(5):
        schema->metadata.push_back(ParseMapEntry(message.get_message()));
        break;
      default:
        message.skip();
    }
  }
  LANCEKIT_ASSIGN(schema->fields, ParseFields(fields));
  return {};
}

}  // namespace

Result<Footer> ParseFooter(Bytes last_bytes, std::uint64_t file_size) {
  if (last_bytes.size() < kFooterBytes || file_size < kFooterBytes) {
    return Corrupt("not a Lance file: {} bytes are too few for a footer of {}", file_size, kFooterBytes);
  }
  const std::byte* at = last_bytes.data() + last_bytes.size() - kFooterBytes;
  if (std::memcmp(at + 36, kMagic, sizeof(kMagic)) != 0) return Corrupt("not a Lance file: it does not end with \"LANC\"");
  Footer footer;
  LANCEKIT_ASSIGN(footer.version, FromFooter(LoadLe<std::uint16_t>(at + 32), LoadLe<std::uint16_t>(at + 34)));
  footer.column_metadata_start = LoadLe<std::uint64_t>(at);
  footer.cmo_offset = LoadLe<std::uint64_t>(at + 8);
  footer.gbo_offset = LoadLe<std::uint64_t>(at + 16);
  footer.num_global_buffers = LoadLe<std::uint32_t>(at + 24);
  footer.num_columns = LoadLe<std::uint32_t>(at + 28);
  LANCEKIT_TRY(CheckFooter(footer, file_size));
  return footer;
}

void AppendFooter(const Footer& footer, MutableBuffer* out) {
  std::uint16_t major = 0, minor = 0;
  ToFooter(footer.version, &major, &minor);
  out->AppendLe(footer.column_metadata_start);
  out->AppendLe(footer.cmo_offset);
  out->AppendLe(footer.gbo_offset);
  out->AppendLe(footer.num_global_buffers);
  out->AppendLe(footer.num_columns);
  out->AppendLe(major);
  out->AppendLe(minor);
  out->Append(std::as_bytes(std::span(kMagic)));
}

Result<FileRange> TableEntry(Bytes table, std::uint64_t i, std::uint64_t file_size) {
  const std::byte* at = table.data() + i * kTableEntryBytes;
  const FileRange range{LoadLe<std::uint64_t>(at), LoadLe<std::uint64_t>(at + 8)};
  if (!RangeFits(range.offset, range.size, file_size)) {
    return Corrupt("table entry {}: {} bytes at {} lie outside the file of {} bytes", i, range.size, range.offset, file_size);
  }
  return range;
}

Result<ColumnMetadata> ParseColumnMetadata(Bytes message, std::uint64_t file_size) {
  return CatchMalformed("column metadata", [&]() -> Result<ColumnMetadata> {
    ColumnMetadata column;
    LANCEKIT_TRY(ParseColumn(ReaderOf(message), file_size, &column));
    return column;
  });
}

std::string SerializeColumnMetadata(const ColumnMetadata& column) {
  std::string bytes;
  pbf_writer writer(bytes);
  writer.add_message(1, WriteWrapped(column.encoding));
  for (const PageMetadata& page : column.pages) writer.add_message(2, WritePage(page));
  WriteRanges(&writer, 3, column.buffers);
  return bytes;
}

Result<FileDescriptor> ParseFileDescriptor(Bytes message) {
  return CatchMalformed("file descriptor", [&]() -> Result<FileDescriptor> {
    FileDescriptor descriptor;
    bool has_schema = false;
    pbf_reader reader = ReaderOf(message);
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case BytesField(1):
          LANCEKIT_TRY(ParseSchema(reader.get_message(), &descriptor.schema));
          has_schema = true;
          break;
        case VarintField(2):
          descriptor.num_rows = reader.get_uint64();
          break;
        default:
          reader.skip();
      }
    }
    if (!has_schema) return Corrupt("file descriptor: no schema");
    if (descriptor.num_rows > kMaxRows) return Corrupt("file descriptor: {} rows, more than {}", descriptor.num_rows, kMaxRows);
    return descriptor;
  });
}

std::optional<FileRange> FindSchema(Bytes head, std::uint64_t descriptor_size) {
  if (head.empty() || head[0] != std::byte{0x0A}) return {};  // field 1, length-delimited
  std::uint64_t size = 0;
  for (std::size_t i = 1; i < head.size() && i <= 9; ++i) {
    size |= (static_cast<std::uint64_t>(head[i]) & 0x7F) << (7 * (i - 1));
    if ((head[i] & std::byte{0x80}) != std::byte{0}) continue;
    if (!RangeFits(i + 1, size, descriptor_size)) return {};
    return FileRange{i + 1, size};
  }
  return {};
}

Result<std::uint64_t> ParseNumRows(Bytes rest) {
  return CatchMalformed("file descriptor", [&]() -> Result<std::uint64_t> {
    std::uint64_t num_rows = 0;
    pbf_reader reader = ReaderOf(rest);
    while (reader.next()) {
      if (reader.tag_and_type() == VarintField(2)) {
        num_rows = reader.get_uint64();
      } else {
        reader.skip();
      }
    }
    if (num_rows > kMaxRows) return Corrupt("file descriptor: {} rows, more than {}", num_rows, kMaxRows);
    return num_rows;
  });
}

Result<std::vector<std::pair<std::string, std::string>>> ParseSchemaMetadata(Bytes rest) {
  return CatchMalformed("schema", [&]() -> Result<std::vector<std::pair<std::string, std::string>>> {
    std::vector<std::pair<std::string, std::string>> metadata;
    pbf_reader reader = ReaderOf(rest);
    while (reader.next()) {
      if (reader.tag_and_type() == BytesField(5)) {
        metadata.push_back(ParseMapEntry(reader.get_message()));
      } else {
        reader.skip();
      }
    }
    return metadata;
  });
}

Result<std::string> SerializeFileDescriptor(const FileDescriptor& descriptor) {
  LANCEKIT_ASSIGN(const std::vector<std::string> fields, SerializeFields(descriptor.schema));
  std::string schema, bytes;
  pbf_writer schema_writer(schema);
  for (const std::string& field : fields) schema_writer.add_message(1, field);
  WriteMap(&schema_writer, 5, descriptor.schema.metadata);
  pbf_writer writer(bytes);
  writer.add_message(1, schema);
  WriteNumber(&writer, 2, descriptor.num_rows);
  return bytes;
}

}  // namespace lancekit::format
