// ALP-RD: floating-point numbers that are no decimals: sign, exponent and the first bits of the mantissa, which take few values,
// in a dictionary, the other bits as they are. X1.
//
//   message: bits R of the right part (T - 16 ... T - 1, T = 32 or 64); dictionary: 1, 2, 4 or 8 left parts (u16 each)
//   chunk: buffer 0: the left parts that are not in the dictionary (exceptions.h, of 16 bits);
//          buffer 1: per block of 1024 values the codes (FastLanes layout of 8 bits, 128 x C bytes, C = 0 ... 3 bits for so large
//          a dictionary), then the right parts (FastLanes layout of T bits, 128 x R bytes)
//   value: left part << R | right part
//
// Source: Afroozeh, Kuffo, Boncz: ALP: Adaptive Lossless floating-Point Compression, SIGMOD 2023, section 3.4.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/exceptions.h"
#include "encodings/kernels/bitpack.h"
#include "encodings/widths.h"

namespace lancekit {
namespace {

using kernels::kBlockValues;

constexpr std::size_t kMaxLefts = 8;
constexpr int kMaxLeftBits = 16;
constexpr std::uint64_t kChunkBlocks = 4;
// Values that are picked out one by one rather than by unpacking the block.
constexpr std::uint64_t kPickAtMost = 16;
// Ranges that are decoded each by itself rather than with all between them.
constexpr std::size_t kFewRanges = 8;

struct Parameters {
  int right_bits = 0;
  int code_bits = 0;
  std::array<std::uint16_t, kMaxLefts> lefts{};

  std::size_t BlockBytes() const noexcept { return kernels::PackedBlockSize(code_bits) + kernels::PackedBlockSize(right_bits); }
};

template <class T>
class AlpRdDecoder final : public ChunkDecoder {
 public:
  explicit AlpRdDecoder(const Parameters& parameters) : parameters_(parameters) {}
  std::size_t num_buffers() const noexcept override { return 2; }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    const Bytes bytes = chunk.buffers[1];
    const std::size_t block_bytes = parameters_.BlockBytes();
    if (bytes.size() / block_bytes < CeilDiv(chunk.num_values, kBlockValues)) {
      return Corrupt("alp_rd: {} bytes for {} values in blocks of {}", bytes.size(), chunk.num_values, block_bytes);
    }
    scratch->ends.Resize(range.count * sizeof(std::uint16_t));
    auto* const lefts = scratch->ends.as<std::uint16_t>();
    std::byte* const to = sink->AppendFixed(range.count);
    for (std::uint64_t done = 0; done < range.count;) {
      const std::uint64_t at = range.first + done;
      const std::uint64_t in_block = at % kBlockValues;
      const std::uint64_t count = std::min(kBlockValues - in_block, range.count - done);
      const std::byte* const block = bytes.data() + at / kBlockValues * block_bytes;
      DecodeFromBlock(block, {in_block, count}, lefts + done, to + done * sizeof(T), scratch);
      done += count;
    }
    LANCEKIT_TRY(PutExceptions(chunk.buffers[0], sizeof(std::uint16_t), chunk.num_values, range, scratch->ends.data(), "alp_rd"));
    Join(lefts, range.count, reinterpret_cast<T*>(to));
    return {};
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    if (ranges.size() <= kFewRanges) return ChunkDecoder::DecodeRanges(chunk, ranges, sink, scratch);
    return DecodeSpanOf(*this, chunk, ranges, sink, scratch);
  }

 private:
  /// The left parts, without regard to exceptions, and the right parts of values of a block.
  void DecodeFromBlock(const std::byte* block, ValueRange range, std::uint16_t* lefts, std::byte* to, Scratch* scratch) const {
    const std::byte* const rights = block + kernels::PackedBlockSize(parameters_.code_bits);
    if (range.count <= kPickAtMost) {
      for (std::uint64_t i = 0; i < range.count; ++i) {
        const auto index = static_cast<unsigned>(range.first + i);
        lefts[i] = parameters_.lefts[kernels::UnpackOne<std::uint8_t>(block, parameters_.code_bits, index)];
        StoreLe(to + i * sizeof(T), kernels::UnpackOne<T>(rights, parameters_.right_bits, index));
      }
      return;
    }
    std::uint8_t codes[kBlockValues];
    kernels::UnpackBlock<std::uint8_t>(block, parameters_.code_bits, codes);
    const std::array<std::uint16_t, kMaxLefts> dictionary = parameters_.lefts;
    for (std::uint64_t i = 0; i < range.count; ++i) lefts[i] = dictionary[codes[range.first + i]];
    if (range.count == kBlockValues) {
      kernels::UnpackBlock<T>(rights, parameters_.right_bits, reinterpret_cast<T*>(to));
      return;
    }
    scratch->block.Resize(kBlockValues * sizeof(T));
    kernels::UnpackBlock<T>(rights, parameters_.right_bits, scratch->block.as<T>());
    std::memcpy(to, scratch->block.as<T>() + range.first, range.count * sizeof(T));
  }

  void Join(const std::uint16_t* lefts, std::uint64_t count, T* values) const {
    const int right_bits = parameters_.right_bits;
    for (std::uint64_t i = 0; i < count; ++i) values[i] |= static_cast<T>(lefts[i]) << right_bits;
  }

  Parameters parameters_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(CheckWidth(shape, 32, 64, "alp_rd"));
  const std::uint64_t bits = shape.width_bits;
  if (encoding.bits >= bits || encoding.bits < bits - kMaxLeftBits) {
    return Corrupt("alp_rd: right parts of {} bits for values of {}", encoding.bits, bits);
  }
  const std::size_t num_lefts = encoding.table.size() / 2;
  if (encoding.table.size() % 2 != 0 || !std::has_single_bit(num_lefts) || num_lefts > kMaxLefts) {
    return Corrupt("alp_rd: a dictionary of {} bytes", encoding.table.size());
  }
  Parameters parameters;
  parameters.right_bits = static_cast<int>(encoding.bits);
  parameters.code_bits = std::bit_width(num_lefts) - 1;
  for (std::size_t i = 0; i < num_lefts; ++i) parameters.lefts[i] = LoadLe<std::uint16_t>(encoding.table.data() + 2 * i);
  if (bits == 32) return std::unique_ptr<ChunkDecoder>(std::make_unique<AlpRdDecoder<std::uint32_t>>(parameters));
  return std::unique_ptr<ChunkDecoder>(std::make_unique<AlpRdDecoder<std::uint64_t>>(parameters));
}

constexpr std::uint64_t kExceptionBits = 16 + 16;

/// How often each left part occurs, the most frequent ones first.
struct LeftCount {
  std::uint16_t left = 0;
  std::uint64_t count = 0;
};

/// The dictionary, of 1, 2, 4 or 8 of these left parts, with which `num_values` values take least; returns the bits of their
/// codes and exceptions. Sorts the counts.
std::uint64_t ChooseDictionary(std::uint64_t num_values, std::vector<LeftCount>* counts, Parameters* parameters) {
  const std::size_t most = std::min(kMaxLefts, counts->size());
  std::ranges::partial_sort(
      *counts, counts->begin() + static_cast<std::ptrdiff_t>(most),
      [](const LeftCount& a, const LeftCount& b) { return a.count != b.count ? a.count > b.count : a.left < b.left; });
  std::uint64_t least_bits = std::uint64_t(-1);
  std::uint64_t exceptions = num_values;
  std::size_t taken = 0;
  for (int code_bits = 0; std::size_t{1} << code_bits <= kMaxLefts; ++code_bits) {
    for (; taken < std::min(most, std::size_t{1} << code_bits); ++taken) exceptions -= (*counts)[taken].count;
    const std::uint64_t bits = num_values * static_cast<std::uint64_t>(code_bits) + exceptions * kExceptionBits;
    if (bits >= least_bits) continue;
    least_bits = bits;
    parameters->code_bits = code_bits;
  }
  for (std::size_t i = 0; i < std::size_t{1} << parameters->code_bits; ++i) {
    parameters->lefts[i] = (*counts)[std::min(i, most - 1)].left;
  }
  return least_bits;
}

/// The counts of the left parts among ascending ones of 16 bits, of which `dropped` bits belong to the right parts.
std::vector<LeftCount> CountSorted(std::span<const std::uint16_t> lefts, int dropped) {
  std::vector<LeftCount> counts;
  for (const std::uint16_t wide : lefts) {
    const auto left = static_cast<std::uint16_t>(wide >> dropped);
    if (counts.empty() || counts.back().left != left) counts.push_back({left, 0});
    ++counts.back().count;
  }
  return counts;
}

/// Where to cut, for a sample of the values.
template <class T>
int ChooseRightBits(const std::byte* values, std::uint64_t count) {
  constexpr std::uint64_t kSample = 2048;
  constexpr int kLeastRightBits = static_cast<int>(8 * sizeof(T)) - kMaxLeftBits;
  const std::uint64_t step = CeilDiv(count, kSample);
  std::vector<std::uint16_t> lefts;
  for (std::uint64_t i = 0; i < count; i += step) {
    lefts.push_back(static_cast<std::uint16_t>(LoadLe<T>(values + i * sizeof(T)) >> kLeastRightBits));
  }
  std::ranges::sort(lefts);
  std::uint64_t least_bits = std::uint64_t(-1);
  int best = 0;
  for (int dropped = 0; dropped < kMaxLeftBits; ++dropped) {
    Parameters parameters;
    std::vector<LeftCount> counts = CountSorted(lefts, dropped);
    const std::uint64_t bits = ChooseDictionary(lefts.size(), &counts, &parameters) +
                               lefts.size() * static_cast<std::uint64_t>(kLeastRightBits + dropped);
    if (bits >= least_bits) continue;
    least_bits = bits;
    best = kLeastRightBits + dropped;
  }
  return best;
}

template <class T>
class AlpRdEncoder final : public ChunkEncoder {
 public:
  explicit AlpRdEncoder(const ValuesView& values) : values_(values) {
    parameters_.right_bits = ChooseRightBits<T>(values.values, values.length);
    std::vector<std::uint32_t> histogram(std::size_t{1} << (8 * sizeof(T) - static_cast<unsigned>(parameters_.right_bits)));
    for (std::uint64_t i = 0; i < values.length; ++i) ++histogram[LeftOf(i)];
    std::vector<LeftCount> counts;
    for (std::size_t left = 0; left < histogram.size(); ++left) {
      if (histogram[left] != 0) counts.push_back({static_cast<std::uint16_t>(left), histogram[left]});
    }
    left_bits_ = ChooseDictionary(values.length, &counts, &parameters_);
    // Where a dictionary repeats a left part to fill its place, the first one counts.
    codes_.assign(histogram.size(), kNoCode);
    for (std::size_t i = std::size_t{1} << parameters_.code_bits; i-- > 0;) {
      codes_[parameters_.lefts[i]] = static_cast<std::uint8_t>(i);
    }
    for (std::uint64_t i = 0; i < values.length; ++i) {
      if (codes_[LeftOf(i)] == kNoCode) exceptions_.push_back(static_cast<std::uint32_t>(i));
    }
  }

  /// Whether it takes fewer bits than the values do.
  bool pays() const { return left_bits_ < values_.length * (8 * sizeof(T) - static_cast<std::uint64_t>(parameters_.right_bits)); }

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kAlpRd;
    encoding.bits = static_cast<std::uint64_t>(parameters_.right_bits);
    encoding.table.resize(std::size_t{2} << parameters_.code_bits);
    for (std::size_t i = 0; i < encoding.table.size() / 2; ++i) StoreLe(encoding.table.data() + 2 * i, parameters_.lefts[i]);
    return encoding;
  }
  std::size_t num_buffers() const noexcept override { return 2; }
  std::uint64_t ChunkSize(std::uint64_t first) const override {
    return std::min<std::uint64_t>(kChunkBlocks * kBlockValues, values_.length - first);
  }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    EncodeExceptions(range, out);
    const std::uint64_t num_blocks = CeilDiv(range.count, kBlockValues);
    const std::size_t size = num_blocks * parameters_.BlockBytes();
    std::byte* to = out->Begin(size);
    for (std::uint64_t i = 0; i < num_blocks; ++i, to += parameters_.BlockBytes()) {
      EncodeBlock({range.first + i * kBlockValues, std::min<std::uint64_t>(kBlockValues, range.count - i * kBlockValues)}, to);
    }
    out->End(size);
  }

 private:
  static constexpr std::uint8_t kNoCode = 0xFF;

  T ValueAt(std::uint64_t i) const { return LoadLe<T>(values_.values + i * sizeof(T)); }
  std::uint16_t LeftOf(std::uint64_t i) const { return static_cast<std::uint16_t>(ValueAt(i) >> parameters_.right_bits); }

  void EncodeExceptions(ValueRange range, ChunkWriter* out) const {
    const std::span<const std::uint32_t> positions = PositionsIn(exceptions_, range);
    std::vector<std::uint16_t> lefts(range.count);
    for (const std::uint32_t position : positions) lefts[position - range.first] = LeftOf(position);
    std::vector<std::uint32_t> in_range(positions.begin(), positions.end());
    for (std::uint32_t& position : in_range) position -= static_cast<std::uint32_t>(range.first);
    WriteExceptions(in_range, {0, range.count}, reinterpret_cast<const std::byte*>(lefts.data()), sizeof(std::uint16_t), out);
  }

  void EncodeBlock(ValueRange range, std::byte* to) const {
    const T mask = static_cast<T>((T{1} << parameters_.right_bits) - 1);
    std::uint8_t codes[kBlockValues] = {};
    T rights[kBlockValues] = {};
    for (std::uint64_t i = 0; i < range.count; ++i) {
      const std::uint8_t code = codes_[LeftOf(range.first + i)];
      codes[i] = code == kNoCode ? std::uint8_t{0} : code;
      rights[i] = ValueAt(range.first + i) & mask;
    }
    kernels::PackBlock<std::uint8_t>(codes, parameters_.code_bits, to);
    kernels::PackBlock<T>(rights, parameters_.right_bits, to + kernels::PackedBlockSize(parameters_.code_bits));
  }

  ValuesView values_;
  Parameters parameters_;
  std::uint64_t left_bits_ = 0;
  std::vector<std::uint8_t> codes_;  // of each left part
  std::vector<std::uint32_t> exceptions_;
};

template <class T>
std::unique_ptr<ChunkEncoder> MakeEncoder(const ValuesView& values) {
  if (values.length == 0) return nullptr;
  auto encoder = std::make_unique<AlpRdEncoder<T>>(values);
  if (!encoder->pays()) return nullptr;
  return encoder;
}

std::string DescribeAlpRd(const format::Encoding& encoding) {
  return fmt::format("{} bit, {} left parts", encoding.bits, encoding.table.size() / 2);
}

}  // namespace

std::unique_ptr<ChunkEncoder> MakeAlpRdEncoder(const ValuesView& values) {
  return values.shape.width_bits == 32 ? MakeEncoder<std::uint32_t>(values) : MakeEncoder<std::uint64_t>(values);
}

constinit const EncodingDef kAlpRd{
    .id = format::EncodingId::kAlpRd,
    .name = "alp_rd",
    .make_chunk_decoder = &MakeChunk,
    .describe = &DescribeAlpRd,
};

}  // namespace lancekit
