#include "format/encoding.h"
#include "format/encoding_shape.h"
#include "format/proto.h"

namespace lancekit::format {

namespace {

std::string WriteBufferCompression(const BufferCompression& compression) {
  std::string bytes;
  pbf_writer writer(bytes);
  WriteNumber(&writer, 1, static_cast<std::uint32_t>(compression.scheme));
  if (compression.level) writer.add_int32(2, *compression.level);
  return bytes;
}

std::string WriteEncoding(const Encoding& encoding);

std::string WriteFieldEncoding(const Encoding& encoding, std::size_t i) {
  std::string bytes;
  pbf_writer writer(bytes);
  writer.add_message(1, WriteEncoding(encoding.children[i]));
  writer.add_uint64(encoding.child_is_variable[i] ? 3 : 2, encoding.child_bits[i]);
  return bytes;
}

std::string WriteEncodingBody(const Encoding& encoding, const Shape& shape) {
  std::string bytes;
  pbf_writer writer(bytes);
  for (std::uint32_t number = 1; number <= kMaxFieldNumber; ++number) {
    if (number == shape.bits) WriteNumber(&writer, number, encoding.bits);
    if (number == shape.has_validity) WriteNumber(&writer, number, encoding.has_validity);
    if (number == shape.num_dictionary_items) WriteNumber(&writer, number, encoding.num_dictionary_items);
    if (number == shape.compression && encoding.compression) {
      writer.add_message(number, WriteBufferCompression(*encoding.compression));
    }
    if (number == shape.table && (!encoding.table.empty() || encoding.has_value))
      writer.add_bytes(number, ViewOf(encoding.table));
    if (number == shape.child_bits) {
      writer.add_packed_uint64(number, encoding.child_bits.begin(), encoding.child_bits.end());
    }
    if (number == shape.fields) {
      for (std::size_t i = 0; i < encoding.children.size(); ++i) writer.add_message(number, WriteFieldEncoding(encoding, i));
    }
    for (std::size_t i = 0; i < shape.children.size(); ++i) {
      if (number == shape.children[i]) writer.add_message(number, WriteEncoding(encoding.children[i]));
    }
  }
  return bytes;
}

std::string WriteEncoding(const Encoding& encoding) {
  std::string bytes;
  if (encoding.id == EncodingId::kNone) return bytes;
  const Shape* shape = FindShape(encoding.id);
  pbf_writer writer(bytes);
  writer.add_message(static_cast<std::uint32_t>(encoding.id), shape == nullptr ? "" : WriteEncodingBody(encoding, *shape));
  return bytes;
}

void WriteEncoding(pbf_writer* message, std::uint32_t number, const std::optional<Encoding>& encoding) {
  if (encoding) message->add_message(number, WriteEncoding(*encoding));
}

void WriteLayers(pbf_writer* message, std::uint32_t number, const std::vector<RepDefLayer>& layers) {
  std::vector<std::uint64_t> numbers;
  for (const RepDefLayer layer : layers) numbers.push_back(static_cast<std::uint64_t>(layer));
  message->add_packed_uint64(number, numbers.begin(), numbers.end());
}

std::string WriteMiniBlock(const PageLayout& layout) {
  std::string bytes;
  pbf_writer writer(bytes);
  WriteEncoding(&writer, 1, layout.rep_compression);
  WriteEncoding(&writer, 2, layout.def_compression);
  WriteEncoding(&writer, 3, layout.value_compression);
  WriteEncoding(&writer, 4, layout.dictionary);
  WriteNumber(&writer, 5, layout.num_dictionary_items);
  WriteLayers(&writer, 6, layout.layers);
  WriteNumber(&writer, 7, layout.num_buffers);
  WriteNumber(&writer, 8, layout.repetition_index_depth);
  WriteNumber(&writer, 9, layout.num_items);
  WriteNumber(&writer, 10, layout.has_large_chunk);
  return bytes;
}

std::string WriteConstant(const PageLayout& layout) {
  std::string bytes;
  pbf_writer writer(bytes);
  WriteLayers(&writer, 5, layout.layers);
  if (layout.has_inline_value) writer.add_bytes(6, ViewOf(layout.inline_value));
  WriteEncoding(&writer, 7, layout.rep_compression);
  WriteEncoding(&writer, 8, layout.def_compression);
  WriteNumber(&writer, 9, layout.num_rep_values);
  WriteNumber(&writer, 10, layout.num_def_values);
  return bytes;
}

std::string WriteFullZip(const PageLayout& layout) {
  std::string bytes;
  pbf_writer writer(bytes);
  WriteNumber(&writer, 1, layout.bits_rep);
  WriteNumber(&writer, 2, layout.bits_def);
  WriteNumber(&writer, 3, layout.bits_per_value);
  WriteNumber(&writer, 4, layout.bits_per_offset);
  WriteNumber(&writer, 5, layout.num_items);
  WriteNumber(&writer, 6, layout.num_visible_items);
  WriteEncoding(&writer, 7, layout.value_compression);
  WriteLayers(&writer, 8, layout.layers);
  return bytes;
}

std::string WriteBlob(const PageLayout& layout) {
  std::string bytes;
  pbf_writer writer(bytes);
  writer.add_message(1, SerializePageLayout(*layout.inner));
  WriteLayers(&writer, 2, layout.layers);
  return bytes;
}

}  // namespace

std::string SerializePageLayout(const PageLayout& layout) {
  std::string body;
  switch (layout.id) {
    case LayoutId::kNone:
      return body;
    case LayoutId::kMiniBlock:
      body = WriteMiniBlock(layout);
      break;
    case LayoutId::kConstant:
      body = WriteConstant(layout);
      break;
    case LayoutId::kFullZip:
      body = WriteFullZip(layout);
      break;
    case LayoutId::kBlob:
      body = WriteBlob(layout);
      break;
    default:
      break;
  }
  std::string bytes;
  pbf_writer(bytes).add_message(static_cast<std::uint32_t>(layout.id), body);
  return bytes;
}

}  // namespace lancekit::format
