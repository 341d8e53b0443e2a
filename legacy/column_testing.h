// For tests and fuzzers: columns of hand-made pages in memory, encodings as messages, rows as text.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "format/proto.h"
#include "legacy/field.h"
#include "types/array_testing.h"

namespace lancekit::legacy::testing {

/// A message of ArrayEncoding with one member.
inline std::string Message(format::ArrayEncodingId id, const std::string& body) {
  std::string bytes;
  format::pbf_writer(bytes).add_message(static_cast<std::uint32_t>(id), body);
  return bytes;
}

/// {number: message or text} and {number: value} of a body.
struct Part {
  Part(std::uint32_t field, std::string text) : number(field), bytes(std::move(text)) {}
  Part(std::uint32_t field, const char* text) : number(field), bytes(text) {}
  Part(std::uint32_t field, std::uint64_t value) : number(field), varint(value) {}

  std::uint32_t number;
  std::optional<std::string> bytes;
  std::uint64_t varint = 0;
};
inline std::string Body(const std::vector<Part>& parts) {
  std::string bytes;
  format::pbf_writer writer(bytes);
  for (const Part& part : parts) {
    part.bytes.has_value() ? writer.add_message(part.number, *part.bytes) : writer.add_uint64(part.number, part.varint);
  }
  return bytes;
}

inline std::string BufferAt(std::uint64_t index) { return index == 0 ? std::string() : Body({{1, index}}); }
inline std::string Flat(std::uint64_t bits, std::uint64_t buffer) {
  return Message(format::ArrayEncodingId::kFlat, Body({{1, bits}, {2, BufferAt(buffer)}}));
}
inline std::string CompressedFlat(std::uint64_t bits, std::uint64_t buffer, const char* scheme) {
  return Message(format::ArrayEncodingId::kFlat, Body({{1, bits}, {2, BufferAt(buffer)}, {3, Body({{1, scheme}})}}));
}
inline std::string NoNulls(const std::string& values) {
  return Message(format::ArrayEncodingId::kNullable, Body({{1, Body({{1, values}})}}));
}
inline std::string SomeNulls(const std::string& validity, const std::string& values) {
  return Message(format::ArrayEncodingId::kNullable, Body({{2, Body({{1, validity}, {2, values}})}}));
}
inline std::string AllNulls() { return Message(format::ArrayEncodingId::kNullable, Body({{3, ""}})); }
inline std::string Binary(const std::string& indices, const std::string& bytes, std::uint64_t null_adjustment) {
  return Message(format::ArrayEncodingId::kBinary, Body({{1, indices}, {2, bytes}, {3, null_adjustment}}));
}
inline std::string List(const std::string& offsets, std::uint64_t null_adjustment, std::uint64_t num_items) {
  return Message(format::ArrayEncodingId::kList, Body({{1, offsets}, {2, null_adjustment}, {3, num_items}}));
}

template <class T>
std::string Numbers(const std::vector<T>& values) {
  std::string bytes;
  for (const T value : values) {
    bytes.resize(bytes.size() + sizeof(T));
    std::memcpy(bytes.data() + bytes.size() - sizeof(T), &value, sizeof(T));
  }
  return bytes;
}

/// Pages in a source of exactly their size.
class ColumnBuilder {
 public:
  ColumnBuilder() { bytes_.AppendFill(1, std::byte{0}); }  // so that buffers start at odd addresses

  /// Bytes that no page names, such as blobs. Returns their position.
  std::uint64_t AddBytes(Bytes bytes) {
    const std::uint64_t at = bytes_.size();
    bytes_.Append(bytes);
    return at;
  }
  ColumnBuilder& AddPage(Bytes message, std::uint64_t length, const std::vector<Bytes>& buffers) {
    format::PageMetadata& page = metadata_.pages.emplace_back();
    page.length = length;
    page.encoding.type_url = format::kArrayEncodingUrl;
    page.encoding.value.assign(message.begin(), message.end());
    for (const Bytes buffer : buffers) page.buffers.push_back({AddBytes(buffer), buffer.size()});
    return *this;
  }
  ColumnBuilder& AddPage(const std::string& message, std::uint64_t length, const std::vector<std::string>& buffers) {
    std::vector<Bytes> views;
    for (const std::string& buffer : buffers) views.push_back(format::BytesOf(buffer));
    return AddPage(format::BytesOf(message), length, views);
  }
  ColumnBuilder& set_blob(bool is_blob) {
    is_blob_ = is_blob;
    return *this;
  }

  Result<std::shared_ptr<const Column>> Open(std::optional<LeafType> leaf) const {
    auto owner = std::make_shared<std::unique_ptr<std::byte[]>>(new std::byte[bytes_.size()]);
    std::memcpy(owner->get(), bytes_.data(), bytes_.size());
    const Bytes bytes(owner->get(), bytes_.size());
    format::ColumnMetadata metadata = metadata_;
    metadata.encoding.type_url = format::kColumnEncodingUrl;
    const std::string encoding = Body({{is_blob_ ? 3u : 1u, ""}});
    const Bytes encoding_bytes = format::BytesOf(encoding);
    metadata.encoding.value.assign(encoding_bytes.begin(), encoding_bytes.end());
    return Column::Open(MakeMemorySource(Buffer(std::move(owner), bytes), "file"), std::move(metadata), std::move(leaf), "x");
  }

 private:
  MutableBuffer bytes_;
  format::ColumnMetadata metadata_;
  bool is_blob_ = false;
};

/// All slots of an array as text, after it went through the Arrow C interfaces.
inline Result<std::vector<std::string>> Texts(const DataType& type, const ArrayData& array) {
  const Field field = lancekit::testing::MakeField("x", type);
  lancekit::testing::OwnedSchema schema(field);
  ArrowArray exported{};
  ExportArray(type, array, &exported);
  std::vector<std::string> texts;
  {
    LANCEKIT_ASSIGN(const ArrayView view, ImportArray(field, *schema, exported));
    for (std::int64_t i = 0; i < view.length; ++i) texts.push_back(lancekit::testing::Render(view, i));
  }
  exported.release(&exported);
  return texts;
}

/// Rows of a field from its columns, by node.
inline Result<std::vector<std::string>> ReadTexts(const FieldShape& shape, std::vector<std::shared_ptr<const Column>> columns,
                                                  std::uint64_t num_rows, ValueRange rows) {
  LANCEKIT_ASSIGN(const FieldColumns field, FieldColumns::Open(shape, std::move(columns), num_rows));
  FieldSink sink(shape, rows.count);
  PageScratch scratch;
  LANCEKIT_TRY(field.Read(rows, &sink, &scratch));
  LANCEKIT_ASSIGN(const ArrayData array, std::move(sink).Finish());
  return Texts(shape.field().type, array);
}
/// Rows of a flat column.
inline Result<std::vector<std::string>> ReadTexts(const ColumnBuilder& builder, const DataType& type, ValueRange rows) {
  LANCEKIT_ASSIGN(const auto shape, FieldShape::Make(lancekit::testing::MakeField("x", type)));
  LANCEKIT_ASSIGN(auto column, builder.Open(shape->leaves()[0].type));
  const std::uint64_t length = column->length();
  return ReadTexts(*shape, {std::move(column)}, length, rows);
}

}  // namespace lancekit::legacy::testing
