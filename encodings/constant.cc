// Constant: every value is the same and is stored in the encoding itself.
//
//   block: no bytes
//
// As the innermost encoding of a fixed-size list in a full-zip page it means that all items are null; fixed_size_list.cc
// handles that. Source: lance protos/encodings_v2_1.proto (Constant), rust lance-encoding physical/constant.rs.
#include <cstring>

#include "encodings/definitions.h"

namespace lancekit {
namespace {

Status DecodeWhole(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueSink* sink, Scratch*) {
  const ValueShape& shape = sink->shape();
  if (!shape.fixed() || shape.width_bits % 8 != 0) return Unsupported("constant: only numbers are supported");
  const std::size_t width = shape.width_bits / 8;
  if (!encoding.has_value || encoding.table.size() != width) {
    return Corrupt("constant: a value of {} bytes where the type has {}", encoding.table.size(), width);
  }
  if (!bytes.empty()) return Corrupt("constant: {} bytes where there are none", bytes.size());
  if (num_values > kMaxFreeValues) return Corrupt("constant: {} values", num_values);
  std::byte* to = sink->AppendFixed(num_values);
  for (std::uint64_t i = 0; i < num_values; ++i, to += width) std::memcpy(to, encoding.table.data(), width);
  return {};
}

}  // namespace

constinit const EncodingDef kConstant{
    .id = format::EncodingId::kConstant,
    .name = "constant",
    .decode_block = &DecodeWhole,
};

}  // namespace lancekit
