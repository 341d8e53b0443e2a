#include "format/array_encoding.h"

#include <array>
#include <iterator>

#include "format/proto.h"

namespace lancekit::format {

namespace {

/// Which field numbers of an encoding's message hold what; 0 = it has no such field.
struct ArrayShape {
  const char* name;
  std::uint8_t width = 0;
  std::uint8_t packed_bits = 0;
  std::uint8_t is_signed = 0;
  std::uint8_t has_validity = 0;
  std::uint8_t buffer = 0;
  std::uint8_t compression = 0;
  std::uint8_t null_adjustment = 0;
  std::uint8_t num_items = 0;
  std::uint8_t bytes = 0;
  std::array<std::uint8_t, 2> children = {0, 0};
  std::array<const char*, 2> child_roles = {"values", nullptr};
};

// By number. The members of nullable and of packed struct are read by functions of their own.
constexpr ArrayShape kArrayShapes[] = {
    {.name = "none"},
    {.name = "flat", .width = 1, .buffer = 2, .compression = 3},
    {.name = "nullable"},
    {.name = "fixed_size_list", .width = 1, .has_validity = 3, .children = {2}, .child_roles = {"items"}},
    {.name = "list", .null_adjustment = 2, .num_items = 3, .children = {1}, .child_roles = {"offsets"}},
    {.name = "struct"},
    {.name = "binary", .null_adjustment = 3, .children = {1, 2}, .child_roles = {"indices", "bytes"}},
    {.name = "dictionary", .num_items = 3, .children = {1, 2}, .child_roles = {"indices", "items"}},
    {.name = "fsst", .bytes = 2, .children = {1}},
    {.name = "packed_struct", .buffer = 2},
    {.name = "bitpacked", .width = 2, .packed_bits = 1, .is_signed = 4, .buffer = 3},
    {.name = "fixed_size_binary", .width = 2, .children = {1}, .child_roles = {"bytes"}},
    {.name = "bitpacked_for_non_neg", .width = 2, .packed_bits = 1, .buffer = 3},
    {.name = "constant", .bytes = 1},
};
constexpr std::uint32_t kPackedStructFields = 1;

const ArrayShape* FindShape(ArrayEncodingId id) {
  const auto index = static_cast<std::uint32_t>(id);
  return index < std::size(kArrayShapes) ? &kArrayShapes[index] : nullptr;
}

Status ParseEncoding(pbf_reader message, int depth, ArrayEncoding* out);

BufferReference ParseBuffer(pbf_reader message) {
  BufferReference buffer;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case VarintField(1):
        buffer.index = message.get_uint32();
        break;
      case VarintField(2):
        buffer.owner = static_cast<BufferOwner>(message.get_uint32());
        break;
      default:
        message.skip();
    }
  }
  return buffer;
}

std::string ParseCompression(pbf_reader message) {
  std::string scheme;
  while (message.next()) {
    if (message.tag_and_type() == BytesField(1)) {
      scheme = message.get_string();
    } else {
      message.skip();
    }
  }
  return scheme;
}

/// One of NoNull{1 values}, SomeNull{1 validity, 2 values}, AllNull{}.
Status ParseNullable(pbf_reader message, int depth, ArrayEncoding* out) {
  while (message.next()) {
    const std::uint32_t number = message.tag();
    if (message.wire_type() != protozero::pbf_wire_type::length_delimited || number > 3) {
      message.skip();
      continue;
    }
    out->nullability = static_cast<Nullability>(number);
    const unsigned num_children = out->nullability == Nullability::kAllNulls ? 0 : number;
    out->children.assign(num_children, {});
    unsigned seen = 0;
    pbf_reader body = message.get_message();
    while (body.next()) {
      const std::uint32_t child = body.tag() - 1;
      if (body.wire_type() != protozero::pbf_wire_type::length_delimited || child >= num_children) {
        body.skip();
        continue;
      }
      seen |= 1u << child;
      LANCEKIT_TRY(ParseEncoding(body.get_message(), depth + 1, &out->children[child]));
    }
    if (seen != (1u << num_children) - 1) return Corrupt("nullable: an inner encoding is missing");
  }
  if (out->nullability == Nullability::kNone) return Corrupt("nullable: it does not say which values are null");
  return {};
}

Status ParsePackedStruct(pbf_reader message, int depth, ArrayEncoding* out) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(kPackedStructFields):
        LANCEKIT_TRY(ParseEncoding(message.get_message(), depth + 1, &out->children.emplace_back()));
        break;
      case BytesField(2):
        out->buffer = ParseBuffer(message.get_message());
        break;
      default:
        message.skip();
    }
  }
  return {};
}

void ParseNumber(pbf_reader* message, const ArrayShape& shape, ArrayEncoding* out) {
  const std::uint32_t number = message->tag();
  const std::uint64_t value = message->get_uint64();
  if (number == shape.width) out->width = value;
  if (number == shape.packed_bits) out->packed_bits = value;
  if (number == shape.is_signed) out->is_signed = value != 0;
  if (number == shape.has_validity) out->has_validity = value != 0;
  if (number == shape.null_adjustment) out->null_adjustment = value;
  if (number == shape.num_items) out->num_items = value;
}

Status ParseBody(pbf_reader message, const ArrayShape& shape, int depth, ArrayEncoding* out) {
  const unsigned num_children = (shape.children[0] != 0) + (shape.children[1] != 0);
  out->children.resize(num_children);
  unsigned seen = 0;
  while (message.next()) {
    const std::uint32_t number = message.tag();
    if (message.wire_type() == protozero::pbf_wire_type::varint) {
      ParseNumber(&message, shape, out);
    } else if (message.wire_type() != protozero::pbf_wire_type::length_delimited) {
      message.skip();
    } else if (number == shape.buffer) {
      out->buffer = ParseBuffer(message.get_message());
    } else if (number == shape.compression) {
      out->compression = ParseCompression(message.get_message());
    } else if (number == shape.bytes) {
      out->bytes = CopyOf(message.get_view());
    } else if (number == shape.children[0] || number == shape.children[1]) {
      const unsigned child = number == shape.children[0] ? 0 : 1;
      seen |= 1u << child;
      LANCEKIT_TRY(ParseEncoding(message.get_message(), depth + 1, &out->children[child]));
    } else {
      message.skip();
    }
  }
  if (seen != (1u << num_children) - 1) return Corrupt("{}: an inner encoding is missing", shape.name);
  return {};
}

Status ParseEncoding(pbf_reader message, int depth, ArrayEncoding* out) {
  if (depth > kMaxArrayEncodingDepth) return Corrupt("encodings nest deeper than {}", kMaxArrayEncodingDepth);
  while (message.next()) {
    if (message.wire_type() != protozero::pbf_wire_type::length_delimited) {
      message.skip();
      continue;
    }
    *out = ArrayEncoding{};  // of a oneof the last member counts
    out->id = static_cast<ArrayEncodingId>(message.tag());
    const ArrayShape* shape = FindShape(out->id);
    const pbf_reader body = message.get_message();
    if (out->id == ArrayEncodingId::kNullable) {
      LANCEKIT_TRY(ParseNullable(body, depth, out));
    } else if (out->id == ArrayEncodingId::kPackedStruct) {
      LANCEKIT_TRY(ParsePackedStruct(body, depth, out));
    } else if (shape != nullptr) {
      LANCEKIT_TRY(ParseBody(body, *shape, depth, out));
    }
  }
  return {};
}

}  // namespace

Result<ArrayEncoding> ParseArrayEncoding(Bytes message) {
  return CatchMalformed("array encoding", [&]() -> Result<ArrayEncoding> {
    ArrayEncoding encoding;
    LANCEKIT_TRY(ParseEncoding(ReaderOf(message), 0, &encoding));
    return encoding;
  });
}

std::string ArrayEncodingName(ArrayEncodingId id) {
  const ArrayShape* shape = FindShape(id);
  return shape != nullptr ? shape->name : fmt::format("unknown encoding {}", static_cast<std::uint32_t>(id));
}

std::string ArrayEncodingChildRole(const ArrayEncoding& parent, std::size_t i) {
  if (parent.id == ArrayEncodingId::kPackedStruct) return fmt::format("field {}", i);
  if (parent.id == ArrayEncodingId::kNullable) return i + 1 == parent.children.size() ? "values" : "validity";
  const ArrayShape* shape = FindShape(parent.id);
  return shape != nullptr && i < shape->child_roles.size() && shape->child_roles[i] != nullptr ? shape->child_roles[i] : "";
}

Result<bool> IsBlobColumn(Bytes column_encoding) {
  return CatchMalformed("column encoding", [&]() -> Result<bool> {
    constexpr std::uint32_t kValues = 1, kBlob = 3;
    std::uint32_t member = kValues;  // nothing at all says nothing else
    pbf_reader message = ReaderOf(column_encoding);
    while (message.next()) {
      member = message.tag();
      message.skip();
    }
    if (member != kValues && member != kBlob) return Unsupported("column encoding {} is not supported", member);
    return member == kBlob;
  });
}

}  // namespace lancekit::format
