#include "writer/encoder_tree.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "structural/mini_block.h"

namespace lancekit {
namespace {

constexpr int kMaxDepth = 6;
// Fewer strings would not fill the blocks in which the numbers of their codes are packed.
constexpr std::uint64_t kTokensChunk = 64 << 10;

/// What stands where in a tree.
enum class Takes : std::uint8_t { kNothing, kOne, kTwo };

struct Node {
  std::string_view name;
  Takes takes;
  bool compresses = false;               ///< a general compression: it may have a level, and be without what it compresses
  ValueKind kind = ValueKind::kNumbers;  ///< of what it holds; numbers: floats too
};

constexpr Node kNodes[] = {
    {"flat", Takes::kNothing},
    {"bitpack", Takes::kNothing},
    {"frame", Takes::kNothing},
    {"rle", Takes::kNothing},
    {"split", Takes::kNothing},
    {"narrow", Takes::kOne},
    {"bits", Takes::kOne},
    {"patched", Takes::kOne},
    {"delta", Takes::kOne},
    {"scale", Takes::kOne},
    {"cut", Takes::kTwo},
    {"runs", Takes::kTwo},
    {"stairs", Takes::kTwo},
    {"alp", Takes::kOne, false, ValueKind::kFloats},
    {"alp_rd", Takes::kNothing, false, ValueKind::kFloats},
    {"variable", Takes::kNothing, false, ValueKind::kStrings},
    {"lengths", Takes::kNothing, false, ValueKind::kStrings},
    {"fsst", Takes::kOne, false, ValueKind::kStrings},
    {"front", Takes::kTwo, false, ValueKind::kStrings},
    {"tokens", Takes::kNothing, false, ValueKind::kStrings},
    {"zstd", Takes::kOne, true},
    {"lz4", Takes::kOne, true},
    {"snappy", Takes::kOne, true},
};

const Node* FindNode(std::string_view name) {
  for (const Node& node : kNodes) {
    if (node.name == name) return &node;
  }
  return nullptr;
}

class TreeParser {
 public:
  explicit TreeParser(std::string_view text) : text_(text) {}

  Result<EncoderTree> Parse() {
    LANCEKIT_ASSIGN(EncoderTree tree, ParseTree(0));
    if (at_ != text_.size()) return Fail("something follows it");
    return tree;
  }

 private:
  Error Fail(std::string_view what) const { return Invalid("\"{}\" is no tree of encodings: {}", text_, what); }
  bool Skip(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  Result<EncoderTree> ParseTree(int depth) {
    if (depth > kMaxDepth) return Fail("it is too deep");
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of(":(),", at_), text_.size());
    const Node* node = FindNode(text_.substr(begin, at_ - begin));
    if (node == nullptr) return Fail(fmt::format("there is no encoding \"{}\"", text_.substr(begin, at_ - begin)));
    EncoderTree tree;
    tree.name = node->name;
    if (Skip(':')) {
      std::int32_t level = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), level);
      if (!node->compresses || error != std::errc{}) return Fail("only general compressions have a level, a number");
      at_ = static_cast<std::size_t>(end - text_.data());
      tree.level = level;
    }
    if (Skip('(')) {
      do {
        LANCEKIT_ASSIGN(EncoderTree inner, ParseTree(depth + 1));
        tree.inner.push_back(std::move(inner));
      } while (Skip(','));
      if (!Skip(')')) return Fail("a parenthesis is not closed");
    }
    const std::size_t wanted = node->takes == Takes::kNothing ? 0 : node->takes == Takes::kOne ? 1 : 2;
    if (tree.inner.size() != wanted && !(node->compresses && tree.inner.empty()))
      return Fail(fmt::format("{} has {} inner encodings, not {}", node->name, wanted, tree.inner.size()));
    return tree;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool IsNumber(std::uint64_t bits) { return bits >= 8 && bits <= 64 && std::has_single_bit(bits); }

format::BufferCompression CompressionOf(const EncoderTree& tree, const ChunkPlan& plan) {
  if (tree.name == "lz4") return {format::CompressionScheme::kLz4, tree.level};
  if (tree.name == "snappy") return {format::CompressionScheme::kSnappy, std::nullopt};
  return {format::CompressionScheme::kZstd, tree.level.value_or(plan.zstd_level)};
}

std::unique_ptr<ChunkEncoder> MakeInner(const EncoderTree& tree, const ValuesView& values, const ChunkPlan& plan) {
  if (auto encoder = MakeNumberEncoder(tree, values, plan)) return encoder;
  return tree.inner.empty() ? MakeFlatEncoder(values) : MakeInner(tree.inner[0], values, plan);
}

std::unique_ptr<ChunkEncoder> Compress(const EncoderTree& tree, const ValuesView& values, const ChunkPlan& plan) {
  const std::string_view inner = tree.inner.empty() ? std::string_view("flat") : tree.inner[0].name;
  std::unique_ptr<ChunkEncoder> plain;
  if (inner == "flat")
    plain = MakeFlatEncoder(values, plan.compressed_numbers);
  else if (inner == "split")
    plain = values.shape.width_bits >= 32 ? MakeByteStreamSplitEncoder(values, plan.compressed_numbers) : nullptr;
  else
    plain = MakeNumberEncoder(tree.inner[0], values, plan);
  return plain == nullptr ? nullptr : MakeGeneralEncoder(std::move(plain), CompressionOf(tree, plan));
}

/// An encoder with the strings that it borrows.
class FsstEncoder final : public ChunkEncoder {
 public:
  FsstEncoder(std::shared_ptr<const FsstStrings> strings, std::unique_ptr<ChunkEncoder> inner)
      : strings_(std::move(strings)), encoder_(MakeFsstEncoder(*strings_, std::move(inner))) {}
  format::Encoding Describe() const override { return encoder_->Describe(); }
  std::size_t num_buffers() const noexcept override { return encoder_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return encoder_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override { encoder_->Encode(range, out); }

 private:
  std::shared_ptr<const FsstStrings> strings_;
  std::unique_ptr<ChunkEncoder> encoder_;
};

}  // namespace

std::string EncoderTree::ToText() const {
  std::vector<std::string> parts;
  for (const EncoderTree& part : inner) parts.push_back(part.ToText());
  const std::string head = level.has_value() ? fmt::format("{}:{}", name, *level) : name;
  return parts.empty() ? head : fmt::format("{}({})", head, fmt::join(parts, ","));
}

Result<EncoderTree> ParseEncoderTree(std::string_view text) { return TreeParser(text).Parse(); }

bool IsEncodingName(std::string_view name) { return FindNode(name) != nullptr; }

bool Holds(const EncoderTree& tree, ValueKind kind, std::uint64_t width_bits) {
  const Node& node = *FindNode(tree.name);
  if (node.compresses && !tree.inner.empty() && FindNode(tree.inner[0].name)->compresses) return false;
  if (kind == ValueKind::kStrings) {
    if (node.kind != kind && !node.compresses) return false;
    if (!node.compresses && !tree.inner.empty() && tree.inner[0].name == "tokens") return false;  // their table is that of a page
    if (node.takes == Takes::kTwo && !Holds(tree.inner[1], ValueKind::kNumbers, 32)) return false;
    return node.takes == Takes::kNothing || (!tree.inner.empty() && Holds(tree.inner[0], kind, width_bits));
  }
  if (node.kind == ValueKind::kStrings || (node.kind == ValueKind::kFloats && kind != node.kind)) return false;
  if (tree.name == "flat") return true;
  const bool takes_wide = tree.name == "narrow" || node.compresses;
  if (!IsNumber(width_bits) && !(takes_wide && width_bits == 128)) return false;
  if ((tree.name == "split" || node.kind == ValueKind::kFloats) && width_bits < 32) return false;
  // What is inside narrow and alp is narrower, or no floating-point number; it can hold what numbers are.
  const std::uint64_t inner_bits = tree.name == "narrow" ? 64 : width_bits;
  const ValueKind inner_kind = node.compresses ? kind : ValueKind::kNumbers;
  return std::ranges::all_of(tree.inner, [&](const EncoderTree& inner) { return Holds(inner, inner_kind, inner_bits); });
}

std::unique_ptr<ChunkEncoder> MakeNumberEncoder(const EncoderTree& tree, const ValuesView& values, const ChunkPlan& plan) {
  const std::uint64_t bits = values.shape.width_bits;
  const auto inner = [&](std::size_t i) -> InnerEncoder {
    return [&tree, &plan, i](const ValuesView& view) { return MakeInner(tree.inner[i], view, plan); };
  };
  if (tree.name == "flat") return MakeFlatEncoder(values);
  if (FindNode(tree.name)->compresses) return Compress(tree, values, plan);
  if (tree.name == "narrow" && (IsNumber(bits) || bits == 128)) return MakeNarrowEncoder(values, inner(0));
  if (!IsNumber(bits)) return nullptr;
  if (tree.name == "bitpack") return MakeInlineBitpackingEncoder(values);
  if (tree.name == "frame") return MakeFrameEncoder(values);
  if (tree.name == "rle") return MakeRleEncoder(values);
  if (tree.name == "bits") {
    auto narrow = MakeNarrowEncoder(values, inner(0), 1);
    return narrow != nullptr && narrow->Describe().bits < 8 ? std::move(narrow) : nullptr;
  }
  if (tree.name == "patched") return MakePatchedEncoder(values, inner(0));
  if (tree.name == "delta") return MakeDeltaEncoder(values, inner(0));
  if (tree.name == "scale") return MakeScaleEncoder(values, inner(0));
  if (tree.name == "cut") return MakeCutEncoder(values, inner(0), inner(1));
  if (tree.name == "runs") return MakeRunsEncoder(values, inner(0), inner(1));
  if (tree.name == "stairs") return MakeStairsEncoder(values, inner(0), inner(1));
  if (bits < 32) return nullptr;
  if (tree.name == "split") return MakeByteStreamSplitEncoder(values);
  if (tree.name == "alp") return MakeAlpEncoder(values, inner(0));
  if (tree.name == "alp_rd") return MakeAlpRdEncoder(values);
  return nullptr;
}

std::unique_ptr<ChunkEncoder> MakeStringEncoder(const EncoderTree& tree, const ValuesView& values, const StringTools& tools) {
  const std::uint64_t chunk_bytes = tools.plan.string_bytes;
  if (tree.name == "variable") return MakeVariableEncoder(values, chunk_bytes);
  if (tree.name == "lengths") return MakeLengthsEncoder(values, chunk_bytes, tools.lengths);
  if (tree.name == "tokens") {
    return tools.tokens == nullptr ? nullptr
                                   : MakeTokensEncoder(values, *tools.tokens, std::max(chunk_bytes, kTokensChunk), tools.lengths);
  }
  if (tree.name == "fsst") {
    std::optional<std::shared_ptr<const FsstStrings>> own;
    auto& strings_or = tools.fsst == nullptr ? own : *tools.fsst;
    if (!strings_or.has_value()) strings_or = CompressFsst(values);
    std::shared_ptr<const FsstStrings> strings = *strings_or;
    if (strings == nullptr) return nullptr;
    auto codes = MakeStringEncoder(tree.inner[0], strings->values, {tools.plan, tools.lengths, nullptr});
    return codes == nullptr ? nullptr : std::make_unique<FsstEncoder>(std::move(strings), std::move(codes));
  }
  if (tree.name == "front") {
    const InnerEncoder suffixes = [&](const ValuesView& view) {
      auto encoder = MakeStringEncoder(tree.inner[0], view, {tools.plan, tools.lengths, nullptr});
      return encoder != nullptr ? std::move(encoder) : MakeLengthsEncoder(view, chunk_bytes, tools.lengths);
    };
    return MakeFrontEncoder(values, suffixes, [&](const ValuesView& view) { return MakeInner(tree.inner[1], view, tools.plan); });
  }
  if (FindNode(tree.name)->compresses && !tree.inner.empty()) {
    ChunkPlan compressed = tools.plan;
    compressed.string_bytes = tools.plan.compressed_string_bytes;
    auto plain = MakeStringEncoder(tree.inner[0], values, {compressed, tools.lengths, tools.tokens, tools.fsst});
    return plain == nullptr ? nullptr : MakeGeneralEncoder(std::move(plain), CompressionOf(tree, tools.plan));
  }
  return nullptr;
}

}  // namespace lancekit
