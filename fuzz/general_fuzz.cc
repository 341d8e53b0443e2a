// Compressed buffers, zstd, LZ4 and Snappy, around flat numbers and strings. Parameters: mode, width; then those of the place
// (decoder_fuzz.h). Compressed by this target itself when the mode says so, so that what is inside changes. Some modes have a
// zstd dictionary, which others damage: number of bytes, place and value of each.
#include "encodings/compression.h"
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

using format::CompressionScheme;

enum class Kind : std::uint8_t { kPlain, kSnappy, kDamagedDictionary, kDictionary };

format::Encoding Message(std::uint8_t mode, Kind kind, format::Encoding inner) {
  auto encoding = testing::EncodingOf(format::EncodingId::kGeneral, {std::move(inner)});
  encoding.compression.emplace();
  encoding.compression->scheme = mode % 4 / 2 == 1 && kind == Kind::kPlain ? CompressionScheme::kLz4 : CompressionScheme::kZstd;
  if (kind == Kind::kSnappy) encoding.compression->scheme = CompressionScheme::kSnappy;
  return encoding;
}

/// The same in every run.
const std::vector<std::byte>& Dictionary() {
  static const std::vector<std::byte> dictionary = [] {
    std::string samples;
    std::vector<std::size_t> sizes;
    for (std::uint32_t i = 0; i < 400; ++i) {
      const std::string sample = fmt::format("https://example.org/{}/users/{:06}/orders {}", i % 7, i * 7919 % 1000, i * 31 % 97);
      samples += sample;
      sizes.push_back(sample.size());
    }
    return TrainZstdDictionary(std::as_bytes(std::span(samples)), sizes, 2048);
  }();
  return dictionary;
}

void RunWithDictionary(Kind kind, bool compress, format::Encoding encoding, const ValueShape& shape, FuzzInput* input) {
  encoding.table = Dictionary();
  if (kind == Kind::kDamagedDictionary) {
    for (std::uint8_t left = input->Byte() % 4; left != 0; --left) {
      const std::uint64_t place = input->Below(encoding.table.size());
      encoding.table[place] = static_cast<std::byte>(input->Byte());
    }
  }
  if (!compress) return DecodeChunk(encoding, shape, input);
  const auto decoder = MakeChunkDecoder(encoding, shape);
  Require(decoder || kind == Kind::kDamagedDictionary, "a dictionary is refused");
  const auto inner = MakeChunkDecoder(encoding.children[0], shape);
  if (!decoder || !inner) return;
  const std::uint64_t num_values = input->Below(kMaxValues + 1);
  const Bytes plain = input->Rest();
  if (plain.empty()) return;
  MutableBuffer compressed;
  Compressor({CompressionScheme::kZstd, 1}, Dictionary()).Append(plain, &compressed);
  const testing::OwnedChunk chunk({compressed.bytes()}, num_values), plain_chunk({plain}, num_values);
  Scratch scratch;
  ValueSink expected(shape), got(shape);
  const bool ok = (*inner)->Decode(plain_chunk.chunk(), {0, num_values}, &expected, &scratch).ok();
  const bool is_read = (*decoder)->Decode(chunk.chunk(), {0, num_values}, &got, &scratch).ok();
  if (kind == Kind::kDamagedDictionary) return;
  Require(is_read == ok, "compression changes what is valid");
  if (ok) Require(testing::Difference(got, testing::ViewOf(expected), {0, num_values}));
}

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const auto kind = static_cast<Kind>(mode / 8 % 4);
  const bool strings = mode % 8 / 4 == 1;
  const std::uint64_t width = TakeWidth(&input);
  const ValueShape shape = strings ? testing::StringShape(false) : FixedShape(width);
  auto inner = testing::FlatEncoding(width);
  if (strings) inner = testing::EncodingOf(format::EncodingId::kVariable, {testing::FlatEncoding(32)});
  const format::Encoding encoding = Message(mode, kind, inner);
  if (kind >= Kind::kDamagedDictionary) return RunWithDictionary(kind, mode % 2 == 1, encoding, shape, &input);
  if (mode % 2 == 0) return DecodeAnywhere(encoding, shape, &input);
  const std::uint64_t num_values = input.Below(kMaxValues + 1);
  const Bytes plain = input.Rest();
  MutableBuffer compressed;
  AppendCompressed(plain, *encoding.compression, &compressed);
  Scratch scratch;
  ValueSink expected(shape);
  ValueSink got(shape);
  const testing::OddBytes odd_plain(plain);
  const testing::OddBytes odd_compressed(compressed.bytes());
  const bool ok = DecodeBlock(inner, odd_plain.bytes(), num_values, &expected, &scratch).ok();
  Require(DecodeBlock(encoding, odd_compressed.bytes(), num_values, &got, &scratch).ok() == ok,
          "compression changes what is valid");
  if (ok) Require(testing::Difference(got, testing::ViewOf(expected), {0, num_values}));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
