// Which fields the message of each compressive encoding has: the one table behind parsing, writing and naming them.
// Source: lance protos/encodings_v2_1.proto.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>

#include "format/encoding.h"

namespace lancekit::format {

/// Which field numbers of an encoding's message hold what; 0 = it has no such field.
struct Shape {
  EncodingId id;
  const char* name;
  std::uint8_t bits = 0;
  std::uint8_t compression = 0;
  std::uint8_t table = 0;
  std::array<std::uint8_t, 2> children = {0, 0};
  std::array<const char*, 2> child_roles = {"values", nullptr};
  std::uint8_t num_dictionary_items = 0;
  std::uint8_t has_validity = 0;
  std::uint8_t child_bits = 0;
  std::uint8_t fields = 0;
};

inline constexpr Shape kShapes[] = {
    {.id = EncodingId::kNone, .name = "none"},
    {.id = EncodingId::kFlat, .name = "flat", .bits = 1, .compression = 2},
    {.id = EncodingId::kVariable, .name = "variable", .compression = 2, .children = {1}, .child_roles = {"offsets"}},
    {.id = EncodingId::kConstant, .name = "constant", .table = 1},
    {.id = EncodingId::kOutOfLineBitpacking, .name = "out_of_line_bitpacking", .bits = 1, .children = {3}},
    {.id = EncodingId::kInlineBitpacking, .name = "inline_bitpacking", .bits = 1, .compression = 2},
    {.id = EncodingId::kFsst, .name = "fsst", .table = 1, .children = {2}},
    {.id = EncodingId::kDictionary,
     .name = "dictionary",
     .children = {1, 2},
     .child_roles = {"indices", "items"},
     .num_dictionary_items = 3},
    {.id = EncodingId::kRle, .name = "rle", .children = {1, 2}, .child_roles = {"values", "run lengths"}},
    {.id = EncodingId::kByteStreamSplit, .name = "byte_stream_split", .children = {1}},
    {.id = EncodingId::kGeneral, .name = "general", .compression = 1, .table = 2, .children = {3}},
    {.id = EncodingId::kFixedSizeList, .name = "fixed_size_list", .bits = 1, .children = {2}, .has_validity = 3},
    {.id = EncodingId::kPackedStruct, .name = "packed_struct", .children = {2}, .child_bits = 1},
    {.id = EncodingId::kVariablePackedStruct, .name = "variable_packed_struct", .child_roles = {nullptr}, .fields = 1},
    // X1; meaning of the fields: spec/encodings.
    {.id = EncodingId::kNarrow, .name = "narrow", .bits = 1, .table = 2, .children = {3}},
    {.id = EncodingId::kFrame, .name = "frame", .bits = 1},
    {.id = EncodingId::kPatched, .name = "patched", .children = {3}},
    {.id = EncodingId::kDelta, .name = "delta", .children = {3}, .child_roles = {"differences", nullptr}},
    {.id = EncodingId::kAlp, .name = "alp", .table = 2, .children = {3}, .child_roles = {"integers", nullptr}},
    {.id = EncodingId::kLengths, .name = "lengths", .children = {3}, .child_roles = {"lengths", nullptr}},
    {.id = EncodingId::kCut, .name = "cut", .bits = 1, .children = {2, 3}, .child_roles = {"high parts", "low parts"}},
    {.id = EncodingId::kScale, .name = "scale", .bits = 1, .table = 2, .children = {3}},
    {.id = EncodingId::kFront, .name = "front", .children = {3, 2}, .child_roles = {"suffixes", "prefix lengths"}},
    {.id = EncodingId::kStairs, .name = "stairs", .bits = 3, .children = {1, 2}, .child_roles = {"first values", "run lengths"}},
    {.id = EncodingId::kRuns, .name = "runs", .children = {1, 2}, .child_roles = {"values", "run lengths"}},
    {.id = EncodingId::kAlpRd, .name = "alp_rd", .bits = 1, .table = 2},
    {.id = EncodingId::kTokens,
     .name = "tokens",
     .bits = 1,
     .table = 2,
     .children = {3},
     .child_roles = {"code counts", nullptr}},
};
inline constexpr std::uint32_t kMaxFieldNumber = 3;

/// Nothing for a number that is not known.
inline const Shape* FindShape(EncodingId id) {
  for (const Shape& shape : kShapes) {
    if (shape.id == id) return &shape;
  }
  return nullptr;
}

}  // namespace lancekit::format
