#include "writer/file_writer.h"

#include <array>

#include "base/checked_math.h"

namespace lancekit {
namespace {

Bytes AsBytes(const std::string& text) { return std::as_bytes(std::span(text)); }

// ColumnEncoding { values = Empty }: pages hold the values. Source: lance protos/encodings_v2_0.proto.
constexpr std::array kValuesEncoding{std::byte{0x0A}, std::byte{0x00}};

std::vector<std::byte> ToVector(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

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

Status FileWriter::Finish(const Schema& schema, std::uint64_t num_rows, bool replace) {
  MutableBuffer tail;
  const auto position = [&] { return file_.size() + tail.size(); };
  LANCEKIT_ASSIGN(const std::string descriptor, format::SerializeFileDescriptor({schema, num_rows}));
  const format::FileRange descriptor_range{position(), descriptor.size()};
  tail.Append(AsBytes(descriptor));
  format::Footer footer;
  footer.version = version_;
  footer.num_columns = static_cast<std::uint32_t>(columns_.size());
  footer.num_global_buffers = 1;
  footer.column_metadata_start = position();
  std::vector<format::FileRange> ranges;
  for (const format::ColumnMetadata& column : columns_) {
    const std::string message = format::SerializeColumnMetadata(column);
    ranges.push_back({position(), message.size()});
    tail.Append(AsBytes(message));
  }
  footer.cmo_offset = position();
  footer.gbo_offset = position() + 16 * ranges.size();
  ranges.push_back(descriptor_range);
  for (const format::FileRange& range : ranges) {
    tail.AppendLe(range.offset);
    tail.AppendLe(range.size);
  }
  format::AppendFooter(footer, &tail);
  LANCEKIT_TRY(file_.Append(tail.bytes()));
  return file_.Publish(replace);
}

}  // namespace lancekit
