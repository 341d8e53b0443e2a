// Page encodings of Lance 2.0 as trees for people.
#include <fmt/format.h>

#include "format/array_encoding.h"
#include "reader/inspect_encoding.h"

namespace lancekit {
namespace {

using format::ArrayEncoding;
using format::ArrayEncodingId;
using format::Nullability;

std::string NullabilityText(Nullability nullability) {
  switch (nullability) {
    case Nullability::kNoNulls:
      return "all valid";
    case Nullability::kSomeNulls:
      return "some null";
    default:
      return "all null";
  }
}

std::string Parameters(const ArrayEncoding& encoding) {
  switch (encoding.id) {
    case ArrayEncodingId::kFlat: {
      const bool is_compressed = !encoding.compression.empty() && encoding.compression != "none";
      return fmt::format("{} bit{}", encoding.width, is_compressed ? ", " + encoding.compression : "");
    }
    case ArrayEncodingId::kNullable:
      return NullabilityText(encoding.nullability);
    case ArrayEncodingId::kFixedSizeList:
    case ArrayEncodingId::kFixedSizeBinary:
      return fmt::format("{} {}", encoding.width, encoding.id == ArrayEncodingId::kFixedSizeList ? "items" : "bytes");
    case ArrayEncodingId::kList:
    case ArrayEncodingId::kDictionary:
      return fmt::format("{} items", encoding.num_items);
    case ArrayEncodingId::kBitpacked:
    case ArrayEncodingId::kBitpackedForNonNeg:
      return fmt::format("{} of {} bit", encoding.packed_bits, encoding.width);
    case ArrayEncodingId::kConstant:
      return fmt::format("{} bytes in the page metadata", encoding.bytes.size());
    default:
      return "";
  }
}

bool NamesBuffer(ArrayEncodingId id) {
  return id == ArrayEncodingId::kFlat || id == ArrayEncodingId::kPackedStruct || id == ArrayEncodingId::kBitpacked ||
         id == ArrayEncodingId::kBitpackedForNonNeg;
}

/// Also gives the buffers of the page their roles. Depth is bounded by the parser.
EncodingNode Describe(const ArrayEncoding& encoding, const std::string& role, bool has_buffers, InspectedPage* page) {
  EncodingNode node{.role = role, .name = format::ArrayEncodingName(encoding.id), .parameters = Parameters(encoding)};
  if (has_buffers && NamesBuffer(encoding.id) && encoding.buffer.owner == format::BufferOwner::kPage &&
      encoding.buffer.index < page->buffers.size()) {
    node.buffer = static_cast<std::int32_t>(encoding.buffer.index);
    page->buffers[encoding.buffer.index].role = role.empty() ? "values" : role;
  }
  // The fields of a packed struct share its buffer and name none of their own.
  const bool children_have_buffers = has_buffers && encoding.id != ArrayEncodingId::kPackedStruct;
  for (std::size_t i = 0; i < encoding.children.size(); ++i) {
    std::string child_role = format::ArrayEncodingChildRole(encoding, i);
    // A nullable stands for what its parent calls it: "indices" rather than "values".
    if (encoding.id == ArrayEncodingId::kNullable && child_role == "values" && !role.empty()) child_role = role;
    node.children.push_back(Describe(encoding.children[i], child_role, children_have_buffers, page));
  }
  return node;
}

bool MayHaveNulls(const ArrayEncoding& encoding) {
  return !(encoding.id == ArrayEncodingId::kNullable && encoding.nullability == Nullability::kNoNulls) &&
         encoding.id != ArrayEncodingId::kStruct && encoding.id != ArrayEncodingId::kPackedStruct;
}

}  // namespace

Status DescribeArrayEncoding(Bytes message, InspectedPage* page) {
  LANCEKIT_ASSIGN(const ArrayEncoding encoding, format::ParseArrayEncoding(message));
  page->encoding = Describe(encoding, "", true, page);
  page->may_have_nulls = MayHaveNulls(encoding);
  return {};
}

}  // namespace lancekit
