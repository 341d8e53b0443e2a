#include "format/encoding.h"

#include <algorithm>

#include "base/limits.h"
#include "format/encoding_shape.h"
#include "format/proto.h"

namespace lancekit::format {

namespace {

Status ParseEncoding(pbf_reader message, int depth, Encoding* out);

BufferCompression ParseBufferCompression(pbf_reader message) {
  BufferCompression result;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case VarintField(1):
        result.scheme = static_cast<CompressionScheme>(message.get_uint32());
        break;
      case VarintField(2):
        result.level = message.get_int32();
        break;
      default:
        message.skip();
    }
  }
  return result;
}

/// One field of a variable packed struct.
Status ParseFieldEncoding(pbf_reader message, int depth, Encoding* out) {
  Encoding child;
  std::uint64_t bits = 0;
  bool has_value = false, has_bits = false, is_variable = false;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(1):
        LANCEKIT_TRY(ParseEncoding(message.get_message(), depth + 1, &child));
        has_value = true;
        break;
      case VarintField(2):
      case VarintField(3):
        is_variable = message.tag() == 3;
        bits = message.get_uint64();
        has_bits = true;
        break;
      default:
        message.skip();
    }
  }
  if (!has_value || !has_bits) return Corrupt("variable_packed_struct: a field lacks its encoding or its width");
  out->children.push_back(std::move(child));
  out->child_bits.push_back(bits);
  out->child_is_variable.push_back(is_variable);
  return {};
}

/// One field of an encoding's message. Sets bit i of *children_seen for child i.
Status ParseEncodingField(pbf_reader* message, const Shape& shape, int depth, unsigned* children_seen, Encoding* out) {
  const std::uint32_t number = message->tag();
  const bool is_bytes = message->wire_type() == protozero::pbf_wire_type::length_delimited;
  const bool is_varint = message->wire_type() == protozero::pbf_wire_type::varint;
  if (number > kMaxFieldNumber) {
    message->skip();
  } else if (is_varint && number == shape.bits) {
    out->bits = message->get_uint64();
  } else if (is_varint && number == shape.has_validity) {
    out->has_validity = message->get_uint64() != 0;
  } else if (is_varint && number == shape.num_dictionary_items) {
    out->num_dictionary_items = message->get_uint32();
  } else if (is_bytes && number == shape.compression) {
    out->compression = ParseBufferCompression(message->get_message());
  } else if (is_bytes && number == shape.table) {
    out->table = CopyOf(message->get_view());
    out->has_value = shape.id == EncodingId::kConstant;
  } else if ((is_bytes || is_varint) && number == shape.child_bits) {
    AppendNumbers(message, &out->child_bits);
  } else if (is_bytes && number == shape.fields) {
    LANCEKIT_TRY(ParseFieldEncoding(message->get_message(), depth, out));
  } else if (is_bytes && (number == shape.children[0] || number == shape.children[1])) {
    const unsigned child = number == shape.children[0] ? 0 : 1;
    *children_seen |= 1u << child;
    LANCEKIT_TRY(ParseEncoding(message->get_message(), depth + 1, &out->children[child]));
  } else {
    message->skip();
  }
  return {};
}

Status ParseEncodingBody(pbf_reader message, const Shape& shape, int depth, Encoding* out) {
  const auto num_children = static_cast<unsigned>(std::ranges::count_if(shape.children, [](auto number) { return number != 0; }));
  out->children.resize(num_children);
  unsigned children_seen = 0;
  while (message.next()) LANCEKIT_TRY(ParseEncodingField(&message, shape, depth, &children_seen, out));
  if (children_seen != (1u << num_children) - 1) return Corrupt("{}: an inner encoding is missing", shape.name);
  if (shape.id == EncodingId::kGeneral && !out->compression) return Corrupt("general: the compression is missing");
  return {};
}

Status ParseEncoding(pbf_reader message, int depth, Encoding* out) {
  if (depth > kMaxEncodingDepth) return Corrupt("encodings nest deeper than {}", kMaxEncodingDepth);
  *out = Encoding{};
  while (message.next()) {
    if (message.wire_type() != protozero::pbf_wire_type::length_delimited) {
      message.skip();
      continue;
    }
    *out = Encoding{};  // of a oneof the last member counts
    out->id = static_cast<EncodingId>(message.tag());
    const Shape* shape = FindShape(out->id);
    const pbf_reader body = message.get_message();
    if (shape != nullptr) LANCEKIT_TRY(ParseEncodingBody(body, *shape, depth, out));
  }
  return {};
}

Status ParseEncoding(pbf_reader message, int depth, std::optional<Encoding>* out) {
  return ParseEncoding(message, depth, &out->emplace());
}

Status ParseLayers(pbf_reader* message, std::vector<RepDefLayer>* out) {
  std::vector<std::uint64_t> numbers;
  AppendNumbers(message, &numbers);
  for (const std::uint64_t number : numbers) {
    if (number < static_cast<std::uint64_t>(RepDefLayer::kAllValidItem) ||
        number > static_cast<std::uint64_t>(RepDefLayer::kNullAndEmptyList)) {
      return Corrupt("unknown kind {} of a repetition and definition layer", number);
    }
    out->push_back(static_cast<RepDefLayer>(number));
  }
  return {};
}

Status ParseMiniBlock(pbf_reader message, int depth, PageLayout* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(1):
        LANCEKIT_TRY(ParseEncoding(message.get_message(), depth, &out->rep_compression));
        break;
      case BytesField(2):
        LANCEKIT_TRY(ParseEncoding(message.get_message(), depth, &out->def_compression));
        break;
      case BytesField(3):
        LANCEKIT_TRY(ParseEncoding(message.get_message(), depth, &out->value_compression));
        break;
      case BytesField(4):
        LANCEKIT_TRY(ParseEncoding(message.get_message(), depth, &out->dictionary));
        break;
      case VarintField(5):
        out->num_dictionary_items = message.get_uint64();
        break;
      case BytesField(6):
      case VarintField(6):
        LANCEKIT_TRY(ParseLayers(&message, &out->layers));
        break;
      case VarintField(7):
        out->num_buffers = message.get_uint64();
        break;
      case VarintField(8):
        out->repetition_index_depth = message.get_uint32();
        break;
      case VarintField(9):
        out->num_items = message.get_uint64();
        break;
      case VarintField(10):
        out->has_large_chunk = message.get_uint64() != 0;
        break;
      default:
        message.skip();
    }
  }
  return {};
}

Status ParseConstant(pbf_reader message, int depth, PageLayout* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(5):
      case VarintField(5):
        LANCEKIT_TRY(ParseLayers(&message, &out->layers));
        break;
      case BytesField(6):
        out->inline_value = CopyOf(message.get_view());
        out->has_inline_value = true;
        break;
      case BytesField(7):
        LANCEKIT_TRY(ParseEncoding(message.get_message(), depth, &out->rep_compression));
        break;
      case BytesField(8):
        LANCEKIT_TRY(ParseEncoding(message.get_message(), depth, &out->def_compression));
        break;
      case VarintField(9):
        out->num_rep_values = message.get_uint64();
        break;
      case VarintField(10):
        out->num_def_values = message.get_uint64();
        break;
      default:
        message.skip();
    }
  }
  return {};
}

Status ParseFullZip(pbf_reader message, int depth, PageLayout* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case VarintField(1):
        out->bits_rep = message.get_uint32();
        break;
      case VarintField(2):
        out->bits_def = message.get_uint32();
        break;
      case VarintField(3):
        out->bits_per_value = message.get_uint32();
        out->bits_per_offset = 0;
        break;
      case VarintField(4):
        out->bits_per_offset = message.get_uint32();
        out->bits_per_value = 0;
        break;
      case VarintField(5):
        out->num_items = message.get_uint32();
        break;
      case VarintField(6):
        out->num_visible_items = message.get_uint32();
        break;
      case BytesField(7):
        LANCEKIT_TRY(ParseEncoding(message.get_message(), depth, &out->value_compression));
        break;
      case BytesField(8):
      case VarintField(8):
        LANCEKIT_TRY(ParseLayers(&message, &out->layers));
        break;
      default:
        message.skip();
    }
  }
  return {};
}

Status ParseLayout(pbf_reader message, int depth, PageLayout* out);

Status ParseBlob(pbf_reader message, int depth, PageLayout* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(1):
        out->inner = std::make_unique<PageLayout>();
        LANCEKIT_TRY(ParseLayout(message.get_message(), depth + 1, out->inner.get()));
        break;
      case BytesField(2):
      case VarintField(2):
        LANCEKIT_TRY(ParseLayers(&message, &out->layers));
        break;
      default:
        message.skip();
    }
  }
  if (out->inner == nullptr) return Corrupt("blob layout: the inner layout is missing");
  return {};
}

Status ParseLayout(pbf_reader message, int depth, PageLayout* out) {
  if (depth > kMaxEncodingDepth) return Corrupt("page layouts nest deeper than {}", kMaxEncodingDepth);
  while (message.next()) {
    if (message.wire_type() != protozero::pbf_wire_type::length_delimited) {
      message.skip();
      continue;
    }
    *out = PageLayout{};  // of a oneof the last member counts
    out->id = static_cast<LayoutId>(message.tag());
    const pbf_reader body = message.get_message();
    switch (out->id) {
      case LayoutId::kMiniBlock:
        LANCEKIT_TRY(ParseMiniBlock(body, depth + 1, out));
        break;
      case LayoutId::kConstant:
        LANCEKIT_TRY(ParseConstant(body, depth + 1, out));
        break;
      case LayoutId::kFullZip:
        LANCEKIT_TRY(ParseFullZip(body, depth + 1, out));
        break;
      case LayoutId::kBlob:
        LANCEKIT_TRY(ParseBlob(body, depth, out));
        break;
      default:  // sparse and unknown layouts: the id says it all
        break;
    }
  }
  return {};
}

/// Depth is bounded by the parser.
void AppendText(const Encoding& encoding, std::string* text) {
  *text += EncodingName(encoding.id);
  for (std::size_t i = 0; i < encoding.children.size(); ++i) AppendText(encoding.children[i], &(*text += i == 0 ? "(" : ", "));
  if (!encoding.children.empty()) *text += ')';
}

}  // namespace

Result<PageLayout> ParsePageLayout(Bytes message) {
  return CatchMalformed("page layout", [&]() -> Result<PageLayout> {
    PageLayout layout;
    LANCEKIT_TRY(ParseLayout(ReaderOf(message), 0, &layout));
    return layout;
  });
}

std::string EncodingText(const PageLayout& layout) {
  constexpr const char* kNames[] = {"unknown", "mini_block", "constant", "full_zip", "blob", "sparse"};
  std::string text = kNames[static_cast<std::size_t>(layout.id) < std::size(kNames) ? static_cast<std::size_t>(layout.id) : 0];
  if (layout.value_compression.has_value()) AppendText(*layout.value_compression, &(text += ": "));
  if (layout.dictionary.has_value()) AppendText(*layout.dictionary, &(text += ", dictionary: "));
  return text;
}

std::string EncodingName(EncodingId id) {
  const Shape* shape = FindShape(id);
  return shape != nullptr ? shape->name : fmt::format("unknown encoding {}", static_cast<std::uint32_t>(id));
}

}  // namespace lancekit::format
