// The encodings of X1, nested as the input says. Parameters: mode, width, tree; then those of the place (decoder_fuzz.h).
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

using format::EncodingId;

constexpr int kMaxDepth = 4;

/// An encoding of values of so many bits, its parameters and inner encodings taken from the input.
format::Encoding TakeTree(std::uint64_t bits, int depth, FuzzInput* input) {
  const std::uint8_t kind = depth == kMaxDepth ? input->Byte() % 3 : input->Byte() % 10;
  if (kind == 0) return testing::FlatEncoding(bits);
  format::Encoding encoding;
  encoding.bits = bits;
  encoding.id = kind == 1 ? EncodingId::kFrame : EncodingId::kInlineBitpacking;
  if (kind < 3) return encoding;
  std::uint64_t inner_bits = bits;
  if (kind == 3) {
    encoding.id = EncodingId::kNarrow;
    encoding.bits = inner_bits = std::uint64_t{1} << input->Byte() % 7;
    const Bytes base = input->Take(bits / 8);
    encoding.table.assign(base.begin(), base.end());
  } else if (kind == 4) {
    encoding.id = EncodingId::kAlp;
    encoding.table = {static_cast<std::byte>(input->Byte()), static_cast<std::byte>(input->Byte())};
  } else if (kind == 9) {
    encoding.id = EncodingId::kScale;
    encoding.bits = std::uint64_t{input->Byte()} * 0x0101010101010101;
    const Bytes base = input->Take(bits / 8);
    encoding.table.assign(base.begin(), base.end());
  } else if (kind == 8) {
    encoding.id = EncodingId::kCut;
    encoding.bits = input->Byte() % 70;
    encoding.children.push_back(TakeTree(bits, depth + 1, input));
  } else if (kind == 7) {
    encoding.id = EncodingId::kGeneral;
    encoding.compression = format::BufferCompression{format::CompressionScheme::kLz4, {}};
  } else {
    encoding.id = kind == 5 ? EncodingId::kPatched : EncodingId::kDelta;
  }
  encoding.children.push_back(TakeTree(inner_bits, depth + 1, input));
  return encoding;
}

std::unique_ptr<ChunkEncoder> MakeTree(const ValuesView& values, int depth, FuzzInput* choices) {
  const std::uint8_t kind = depth == kMaxDepth ? 1 : choices->Byte() % 9;
  const InnerEncoder inner = [&](const ValuesView& view) { return MakeTree(view, depth + 1, choices); };
  const std::uint64_t bits = values.shape.width_bits;
  std::unique_ptr<ChunkEncoder> encoder;
  if (kind == 1 && bits <= 64) encoder = MakeFrameEncoder(values);
  if (kind == 2) encoder = MakeNarrowEncoder(values, inner);
  if (kind == 0) encoder = MakeNarrowEncoder(values, [](const ValuesView& view) { return MakeFlatEncoder(view); }, 1);
  if (kind == 3 && bits <= 64) encoder = MakeDeltaEncoder(values, inner);
  if (kind == 4 && bits <= 64) encoder = MakePatchedEncoder(values, inner);
  if (kind == 6 && depth != 0) {
    const format::BufferCompression lz4{format::CompressionScheme::kLz4, {}};
    return MakeGeneralEncoder(depth % 2 == 1 ? MakeDeltaEncoder(values, inner) : MakeFlatEncoder(values), lz4);
  }
  if (kind == 7 && bits <= 64) {
    encoder = MakeCutEncoder(values, inner, [](const ValuesView& view) { return MakeFrameEncoder(view); });
  }
  if (kind == 8 && bits <= 64) encoder = MakeScaleEncoder(values, inner);
  if (kind == 5 && (bits == 32 || bits == 64)) encoder = MakeAlpEncoder(values, inner);
  return encoder != nullptr ? std::move(encoder) : MakeFlatEncoder(values);
}

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  if (mode % 4 == 0) {
    const ValueShape shape = testing::StringShape(mode % 8 == 0);
    return DecodeChunk(testing::EncodingOf(EncodingId::kLengths, {TakeTree(32, 1, &input)}), shape, &input);
  }
  const ValueShape shape = FixedShape(mode % 16 == 1 ? 128 : TakeWidth(&input));
  if (mode % 2 == 0) {
    const format::Encoding tree = TakeTree(shape.width_bits, 0, &input);
    return DecodeChunk(tree, shape, &input);
  }
  const Bytes taken = input.Take(8);
  FuzzInput choices(reinterpret_cast<const std::uint8_t*>(taken.data()), taken.size());
  const testing::OwnedValues values = TakeNumbers(shape, mode % 4 == 1, &input);
  const ValuesView view = values.View();
  if (view.length != 0) Require(testing::CheckRoundTrip(view, *MakeTree(view, 0, &choices)));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
