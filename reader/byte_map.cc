// The byte map of a file: what the format lists, sorted, and what lies between.
#include <algorithm>
#include <memory>

#include "base/checked_math.h"
#include "format/file_metadata.h"
#include "io/source.h"
#include "lancekit/inspect.hpp"

namespace lancekit {
namespace {

class PartCollector {
 public:
  void Add(PartKind kind, const InspectedBuffer& buffer, std::int64_t column = -1, std::int64_t page = -1,
           std::int64_t index = -1) {
    if (buffer.size != 0) parts_.push_back({kind, buffer.offset, buffer.size, buffer.role, column, page, index});
  }
  void AddColumn(const InspectedColumn& column, std::int64_t index) {
    Add(PartKind::kColumnMetadata, column.metadata, index);
    for (std::size_t i = 0; i < column.buffers.size(); ++i) {
      Add(PartKind::kColumnBuffer, column.buffers[i], index, -1, static_cast<std::int64_t>(i));
    }
    for (std::size_t page = 0; page < column.pages.size(); ++page) {
      const std::vector<InspectedBuffer>& buffers = column.pages[page].buffers;
      for (std::size_t i = 0; i < buffers.size(); ++i) {
        Add(PartKind::kPageBuffer, buffers[i], index, static_cast<std::int64_t>(page), static_cast<std::int64_t>(i));
      }
    }
  }
  std::vector<FilePart> TakeSorted() && {
    std::ranges::stable_sort(parts_, {}, &FilePart::offset);
    return std::move(parts_);
  }

 private:
  std::vector<FilePart> parts_;
};

std::string Describe(const FilePart& part, const InspectedFile& file) {
  std::string text = part_kind_name(part.kind);
  if (part.buffer >= 0) text += fmt::format(" {}", part.buffer);
  if (part.page >= 0) text += fmt::format(" of page {}", part.page);
  if (part.column >= 0) text += fmt::format(" of column \"{}\"", file.columns[static_cast<std::size_t>(part.column)].path);
  return text + fmt::format(" (bytes {} to {})", part.offset, part.offset + part.size);
}

/// Bytes at the start of [offset, end) that pad to the buffer alignment; 0 when they are something else. Lance pads with 'H',
/// but with zeros where its compaction copies pages as they are.
Result<std::uint64_t> PaddingBytes(const Source& source, std::uint64_t offset, std::uint64_t end) {
  const std::uint64_t size = std::min(AlignUp(offset, format::kBufferAlignment), end) - offset;
  LANCEKIT_ASSIGN(const Buffer bytes, source.Read(offset, size));
  const auto all = [&bytes](std::byte value) {
    return std::ranges::all_of(bytes.bytes(), [value](std::byte byte) { return byte == value; });
  };
  return all(format::kPaddingByte) || all(std::byte{0}) ? size : 0;
}

/// Names the bytes between two listed parts.
Status ExplainGap(const Source& source, const InspectedFile& file, std::uint64_t offset, std::uint64_t end,
                  std::vector<FilePart>* map) {
  if (offset == end) return {};
  LANCEKIT_ASSIGN(const std::uint64_t padding, PaddingBytes(source, offset, end));
  if (padding != 0) map->push_back({.kind = PartKind::kPadding, .offset = offset, .size = padding});
  offset += padding;
  if (offset == end) return {};
  map->push_back({.kind = file.has_blobs ? PartKind::kBlobs : PartKind::kUnexplained, .offset = offset, .size = end - offset});
  return {};
}

std::vector<FilePart> ListedParts(const InspectedFile& file) {
  PartCollector parts;
  for (std::size_t i = 0; i < file.columns.size(); ++i) parts.AddColumn(file.columns[i], static_cast<std::int64_t>(i));
  for (std::size_t i = 0; i < file.global_buffers.size(); ++i) {
    parts.Add(PartKind::kGlobalBuffer, file.global_buffers[i], -1, -1, static_cast<std::int64_t>(i));
  }
  parts.Add(PartKind::kColumnTable, file.column_table);
  parts.Add(PartKind::kGlobalBufferTable, file.global_buffer_table);
  parts.Add(PartKind::kFooter, file.footer);
  return std::move(parts).TakeSorted();
}

}  // namespace

const char* part_kind_name(PartKind kind) noexcept {
  switch (kind) {
    case PartKind::kPageBuffer:
      return "page buffer";
    case PartKind::kColumnBuffer:
      return "column buffer";
    case PartKind::kGlobalBuffer:
      return "global buffer";
    case PartKind::kColumnMetadata:
      return "column metadata";
    case PartKind::kColumnTable:
      return "column table";
    case PartKind::kGlobalBufferTable:
      return "global buffer table";
    case PartKind::kFooter:
      return "footer";
    case PartKind::kPadding:
      return "padding";
    case PartKind::kBlobs:
      return "blob payloads";
    case PartKind::kUnexplained:
      break;
  }
  return "unexplained";
}

Result<std::vector<FilePart>> byte_map(const Context& context, const InspectedFile& file) {
  LANCEKIT_ASSIGN(const std::shared_ptr<Source> source, OpenFileSource(context.impl(), file.path));
  if (source->size() != file.size) {
    return Status(At(MakeError(ErrorCode::kIo, "the file changed while it was inspected"), {.path = file.path}));
  }
  std::vector<FilePart> map;
  const std::vector<FilePart> listed = ListedParts(file);
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const FilePart& part = listed[i];
    if (part.offset < end) {
      return Status(At(Corrupt("{} overlaps {}", Describe(part, file), Describe(listed[i - 1], file)),
                       {.path = file.path, .offset = part.offset}));
    }
    LANCEKIT_TRY(ExplainGap(*source, file, end, part.offset, &map));
    end = part.offset + part.size;
    map.push_back(part);
  }
  LANCEKIT_TRY(ExplainGap(*source, file, end, file.size, &map));
  return map;
}

}  // namespace lancekit
