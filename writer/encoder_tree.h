// Trees of encodings as text, such as "delta(patched(frame))", and the encoders that they stand for.
//
//   tree: name [":" level] ["(" tree {"," tree} ")"]
//
// Encodings that hold values of another one take one tree in parentheses; cut takes two, for the high and the low parts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "encodings/definitions.h"

namespace lancekit {

struct EncoderTree {
  std::string name;
  std::optional<std::int32_t> level;  ///< of a general compression
  std::vector<EncoderTree> inner;

  std::string ToText() const;
};

/// Errors: kInvalidArgument for text that is no tree of encodings that can be written.
Result<EncoderTree> ParseEncoderTree(std::string_view text);

/// True for the name of an encoding alone, even one that holds values of another: "delta".
bool IsEncodingName(std::string_view name);

/// What the values of a page are to a tree of encodings.
enum class ValueKind : std::uint8_t { kNumbers, kFloats, kStrings };

/// False where the tree is none for such values, or compresses what it has just compressed. `width_bits`: of fixed-width values.
bool Holds(const EncoderTree& tree, ValueKind kind, std::uint64_t width_bits);

/// How much lies in a chunk where the encoding leaves it open.
struct ChunkPlan {
  ChunkLimits compressed_numbers;             ///< of a chunk of numbers that is compressed as a whole
  std::uint64_t string_bytes = 0;             ///< of a chunk of strings
  std::uint64_t compressed_string_bytes = 0;  ///< of one that is compressed as a whole
  std::int32_t zstd_level = 3;                ///< where the tree says none
};

/// For fixed-width values that are no lists. Null where the encoding does not apply to these values; inside others one that does
/// not apply is left out.
std::unique_ptr<ChunkEncoder> MakeNumberEncoder(const EncoderTree& tree, const ValuesView& values, const ChunkPlan& plan);

/// What encoders of strings are made with.
struct StringTools {
  const ChunkPlan& plan;
  InnerEncoder lengths;                      ///< encodes lengths, and numbers of codes
  std::shared_ptr<const TokenTable> tokens;  ///< trained on these values or on some like them; null: no tokens
  /// Where trees are tried on the same values: holds them compressed once a tree wants that; null within if it does not pay.
  std::optional<std::shared_ptr<const FsstStrings>>* fsst = nullptr;
};

/// For strings; the encoder owns or borrows from `values` what it needs. Null where the encoding does not apply or does not pay.
std::unique_ptr<ChunkEncoder> MakeStringEncoder(const EncoderTree& tree, const ValuesView& values, const StringTools& tools);

}  // namespace lancekit
