// RLE: run values and run lengths; runs longer than 255 are split and runs restart at every chunk.
//
//   chunk: buffer 0: run values (T bits each); buffer 1: run lengths (u8 each); the lengths add up to the number of values
//   block: u64 size in bytes of the run values; run values; run lengths
//
// Source: lance protos/encodings_v2_1.proto (Rle), rust lance-encoding physical/rle.rs.
#include <algorithm>
#include <bit>
#include <cstring>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/kernels/arithmetic.h"
#include "encodings/kernels/stats.h"
#include "encodings/level_bits.h"
#include "encodings/repeat.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kMaxRun = 255;
static_assert(kernels::kStairsOvershoot <= MutableBuffer::kPadding);

/// Errors: kCorruption unless the lengths add up to num_values and there is a value for each.
Status CheckRuns(Bytes values, std::size_t width, Bytes lengths, std::uint64_t num_values) {
  if (values.size() / width < lengths.size())
    return Corrupt("rle: {} bytes of values for {} runs", values.size(), lengths.size());
  const __int128 total = kernels::Total(reinterpret_cast<const std::uint8_t*>(lengths.data()), lengths.size());
  if (total != num_values)
    return Corrupt("rle: runs of {} values in a chunk of {}", static_cast<std::uint64_t>(total), num_values);
  return {};
}

/// Moves on to the run that holds a value; `start`: the values before the run. Lengths are added up by blocks, which takes a
/// fraction of the time of going from run to run.
void Skip(Bytes lengths, std::uint64_t value, std::size_t* run, std::uint64_t* start) {
  constexpr std::size_t kBlock = 32;
  while (*run + kBlock <= lengths.size()) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < kBlock; ++i) sum += static_cast<std::uint32_t>(lengths[*run + i]);
    if (*start + sum > value) break;
    *start += sum;
    *run += kBlock;
  }
  while (*run < lengths.size() && *start + static_cast<std::uint64_t>(lengths[*run]) <= value)
    *start += static_cast<std::uint64_t>(lengths[(*run)++]);
}

/// Calls emit(run, count) for runs, or parts of them, that lie in the ranges, which ascend. Pre: there are so many values.
template <class Emit>
void VisitRuns(Bytes lengths, std::span<const ValueRange> ranges, Emit emit) {
  std::size_t run = 0;
  std::uint64_t start = 0;  // of the run
  for (const ValueRange& range : ranges) {
    Skip(lengths, range.first, &run, &start);
    std::uint64_t next = range.first;
    for (const std::uint64_t end = range.first + range.count; next != end;) {
      const std::uint64_t run_end = start + static_cast<std::uint64_t>(lengths[run]);
      const std::uint64_t count = std::min(run_end, end) - next;
      emit(run, count);
      next += count;
      if (next != run_end) break;
      start = run_end;
      ++run;
    }
  }
}

/// Appends one value, found without looking at the runs behind it: to check them takes a measurable part of a take.
template <class T>
Status PickValue(Bytes values, Bytes lengths, std::uint64_t value, ValueSink* sink) {
  std::size_t run = 0;
  std::uint64_t start = 0;
  Skip(lengths, value, &run, &start);
  if (run >= lengths.size()) return Corrupt("rle: runs of {} values where there is a value {}", start, value);
  if (run >= values.size() / sizeof(T)) return Corrupt("rle: {} bytes of values for {} runs", values.size(), lengths.size());
  std::memcpy(sink->AppendFixed(1), values.data() + run * sizeof(T), sizeof(T));
  return {};
}

/// Stores all values of the runs, most runs without a branch that depends on how long they are. False where a run is empty or the
/// values are not aligned. Pre: CheckRuns; `to` has room for kernels::kStairsOvershoot bytes more.
template <class T>
bool StoreRuns(Bytes values, Bytes lengths, std::uint64_t num_values, std::byte* to) {
  constexpr std::size_t kPart = 512;
  if (reinterpret_cast<std::uintptr_t>(values.data()) % sizeof(T) != 0) return false;
  const auto* const firsts = reinterpret_cast<const T*>(values.data());
  std::uint32_t wide[kPart];
  for (std::size_t run = 0; run < lengths.size(); run += kPart) {
    const std::size_t count = std::min(kPart, lengths.size() - run);
    kernels::Widen(lengths.data() + run, 1, count, 0, reinterpret_cast<std::byte*>(wide), sizeof(*wide));
    const std::size_t stored = kernels::StoreStairs<T>(firsts + run, wide, count, 0, num_values, to);
    if (stored == 0) return false;
    to += stored * sizeof(T);
    num_values -= stored;
  }
  return true;
}

/// Appends all values of the runs.
template <class T>
Status ExpandRuns(Bytes values, Bytes lengths, std::uint64_t num_values, std::span<const ValueRange> ranges, ValueSink* sink) {
  if (ranges.size() == 1 && ranges[0].count == 1) return PickValue<T>(values, lengths, ranges[0].first, sink);
  LANCEKIT_TRY(CheckRuns(values, sizeof(T), lengths, num_values));
  std::byte* to = sink->AppendFixed(CountRows(ranges));
  const bool is_whole = ranges.size() == 1 && ranges[0].count == num_values;
  if (is_whole && StoreRuns<T>(values, lengths, num_values, to)) return {};
  VisitRuns(lengths, ranges, [&](std::size_t run, std::uint64_t count) {
    Repeat(LoadLe<T>(values.data() + run * sizeof(T)), count, to);
    to += count * sizeof(T);
  });
  return {};
}

Status Expand(std::uint64_t bits, Bytes values, Bytes lengths, std::uint64_t n, std::span<const ValueRange> ranges,
              ValueSink* sink) {
  switch (bits) {
    case 8:
      return ExpandRuns<std::uint8_t>(values, lengths, n, ranges, sink);
    case 16:
      return ExpandRuns<std::uint16_t>(values, lengths, n, ranges, sink);
    case 32:
      return ExpandRuns<std::uint32_t>(values, lengths, n, ranges, sink);
    default:
      return ExpandRuns<std::uint64_t>(values, lengths, n, ranges, sink);
  }
}

Status Validate(const format::Encoding& encoding, const ValueShape& shape) {
  if (encoding.children.size() != 2 || encoding.children[0].id != format::EncodingId::kFlat ||
      encoding.children[1].id != format::EncodingId::kFlat) {
    return Unsupported("rle: run values or lengths that are not flat");
  }
  if (encoding.children[1].bits != 8) return Unsupported("rle: run lengths of {} bits", encoding.children[1].bits);
  const std::uint64_t bits = encoding.children[0].bits;
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64) return Corrupt("rle: values of {} bits", bits);
  if (!shape.fixed() || shape.width_bits != bits)
    return Corrupt("rle: {} bits per value where the type has {}", bits, shape.width_bits);
  return {};
}

class RleDecoder final : public ChunkDecoder {
 public:
  explicit RleDecoder(std::uint64_t bits) : bits_(bits) {}
  std::size_t num_buffers() const noexcept override { return 2; }
  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch*) const override {
    return Expand(bits_, chunk.buffers[0], chunk.buffers[1], chunk.num_values, {&range, 1}, sink);
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch*) const override {
    return Expand(bits_, chunk.buffers[0], chunk.buffers[1], chunk.num_values, ranges, sink);
  }
  bool has_runs() const noexcept override { return true; }
  Status DecodeRuns(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, std::vector<std::uint64_t>* counts,
                    Scratch*) const override {
    const Bytes values = chunk.buffers[0], lengths = chunk.buffers[1];
    LANCEKIT_TRY(CheckRuns(values, bits_ / 8, lengths, chunk.num_values));
    const bool is_whole = ranges.size() == 1 && ranges[0].count == chunk.num_values;
    if (is_whole && !lengths.empty() && std::memchr(lengths.data(), 0, lengths.size()) == nullptr) {
      sink->AppendBits(values.data(), 0, lengths.size());
      const std::size_t first = counts->size();
      counts->resize(first + lengths.size());
      kernels::Widen(lengths.data(), 1, lengths.size(), 0, reinterpret_cast<std::byte*>(counts->data() + first), 8);
      return {};
    }
    VisitRuns(lengths, ranges, [&](std::size_t run, std::uint64_t count) {
      if (count == 0) return;
      sink->AppendBits(values.data(), run * bits_, 1);
      counts->push_back(count);
    });
    return {};
  }

 private:
  std::uint64_t bits_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(Validate(encoding, shape));
  return std::unique_ptr<ChunkDecoder>(std::make_unique<RleDecoder>(encoding.children[0].bits));
}

Status DecodeRange(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueRange range, ValueSink* sink) {
  LANCEKIT_TRY(Validate(encoding, sink->shape()));
  if (num_values == 0 && bytes.empty()) return {};
  if (bytes.size() < 8) return Corrupt("rle: {} bytes hold no header", bytes.size());
  const auto values_size = LoadLe<std::uint64_t>(bytes.data());
  if (values_size > bytes.size() - 8) return Corrupt("rle: {} bytes of run values in a buffer of {}", values_size, bytes.size());
  const std::uint64_t bits = encoding.children[0].bits;
  const Bytes values = bytes.subspan(8, values_size), lengths = bytes.subspan(8 + values_size);
  if (range.count == 1) LANCEKIT_TRY(CheckRuns(values, bits / 8, lengths, num_values));  // a picked value alone would not be
  return Expand(bits, values, lengths, num_values, {&range, 1}, sink);
}

Status DecodeWhole(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, ValueSink* sink, Scratch*) {
  return DecodeRange(encoding, bytes, num_values, {0, num_values}, sink);
}
Status PickFromWhole(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, std::uint64_t index,
                     ValueSink* sink) {
  return DecodeRange(encoding, bytes, num_values, {index, 1}, sink);
}

/// A bit for each of `count` <= 64 values that differs from the one before it.
template <class T>
std::uint64_t Changes(const T* values, std::uint64_t count) {
  const T* const before = values - 1;
  std::uint64_t changes = 0;
  if (count == 64) {
    for (std::uint64_t i = 0; i < 64; ++i) changes |= std::uint64_t{values[i] != before[i]} << i;
  } else {
    for (std::uint64_t i = 0; i < count; ++i) changes |= std::uint64_t{values[i] != before[i]} << i;
  }
  return changes;
}

/// Cuts values into runs of at most 255; returns how many there are. Both outputs have room for `count`.
template <class T>
std::uint64_t CutRuns(const T* values, std::uint64_t count, std::byte* run_values, std::uint8_t* lengths) {
  std::uint64_t runs = 0;
  std::uint64_t start = 0;
  const auto add = [&](std::uint64_t length) {
    StoreLe(run_values + runs * sizeof(T), values[start]);
    lengths[runs++] = static_cast<std::uint8_t>(length);
    start += length;
  };
  const auto end_run = [&](std::uint64_t end) {
    while (end - start > kMaxRun) add(kMaxRun);
    if (end != start) add(end - start);
  };
  for (std::uint64_t i = 1; i < count; i += 64) {
    for (std::uint64_t changes = Changes(values + i, std::min<std::uint64_t>(64, count - i)); changes != 0;
         changes &= changes - 1)
      end_run(i + static_cast<std::uint64_t>(std::countr_zero(changes)));
  }
  end_run(count);
  return runs;
}

format::Encoding Message(std::uint64_t bits) {
  format::Encoding encoding;
  encoding.id = format::EncodingId::kRle;
  encoding.children.resize(2);
  encoding.children[0].id = encoding.children[1].id = format::EncodingId::kFlat;
  encoding.children[0].bits = bits;
  encoding.children[1].bits = 8;
  return encoding;
}

template <class T>
class RleEncoder final : public ChunkEncoder {
 public:
  RleEncoder(ValuesView values, std::uint64_t chunk_values) : values_(std::move(values)), chunk_(chunk_values) {
    if (LongestChunk() > kMaxRunBytes) chunk_ = kSafeBytes / sizeof(T);
  }
  format::Encoding Describe() const override { return Message(8 * sizeof(T)); }
  std::size_t num_buffers() const noexcept override { return 2; }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return std::min(chunk_, values_.length - first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    const T* const from = reinterpret_cast<const T*>(values_.values) + range.first;
    PooledVector<std::uint8_t> lengths(range.count);
    const std::uint64_t runs = CutRuns(from, range.count, out->Begin(range.count * sizeof(T)), lengths.data());
    out->End(runs * sizeof(T));
    std::memcpy(out->Begin(runs), lengths.data(), runs);
    out->End(runs);
  }

 private:
  // Chunks of 2.1 hold at most 32 KiB with their levels, also where runs are short.
  static constexpr std::uint64_t kMaxRunBytes = 24 << 10;
  static constexpr std::uint64_t kSafeBytes = 16 << 10;

  std::uint64_t LongestChunk() const {
    const T* const from = reinterpret_cast<const T*>(values_.values);
    std::uint64_t longest = 0;
    for (std::uint64_t first = 0; first < values_.length; first += chunk_) {
      const std::uint64_t count = std::min(chunk_, values_.length - first);
      longest = std::max(longest, kernels::CountRuns(from + first, count) + count / kMaxRun);
    }
    return longest * (sizeof(T) + 1);
  }

  ValuesView values_;
  std::uint64_t chunk_;
};

template <class T>
std::uint64_t SizeOf(const ValuesView& values, const ValueFacts* facts) {
  // Long runs are split and chunks restart; both add a few entries that the comparison may ignore only when counted.
  const std::uint64_t runs =
      facts != nullptr ? facts->NumRuns() : kernels::CountRuns(reinterpret_cast<const T*>(values.values), values.length);
  return (runs + values.length / kMaxRun) * (sizeof(T) + 1);
}

}  // namespace

std::unique_ptr<ChunkEncoder> MakeRleEncoder(ValuesView values, std::uint64_t chunk_values) {
  switch (values.shape.width_bits) {
    case 8:
      return std::make_unique<RleEncoder<std::uint8_t>>(std::move(values), chunk_values);
    case 16:
      return std::make_unique<RleEncoder<std::uint16_t>>(std::move(values), chunk_values);
    case 32:
      return std::make_unique<RleEncoder<std::uint32_t>>(std::move(values), chunk_values);
    default:
      return std::make_unique<RleEncoder<std::uint64_t>>(std::move(values), chunk_values);
  }
}

std::uint64_t RleBytes(const ValuesView& values, const ValueFacts* facts) {
  switch (values.shape.width_bits) {
    case 8:
      return SizeOf<std::uint8_t>(values, facts);
    case 16:
      return SizeOf<std::uint16_t>(values, facts);
    case 32:
      return SizeOf<std::uint32_t>(values, facts);
    default:
      return SizeOf<std::uint64_t>(values, facts);
  }
}

std::uint64_t RleBlockBytes(const LevelBits& changes, std::uint64_t first, std::uint64_t end) {
  return 8 + changes.CountRuns(first, end, kMaxRun) * (sizeof(std::uint16_t) + 1);
}

void AppendRleBlock(const std::uint16_t* values, std::uint64_t count, MutableBuffer* out) {
  const std::size_t at = out->size() + 8;
  out->Resize(at + count * sizeof(*values));
  PooledVector<std::uint8_t> lengths(count);
  const std::uint64_t runs = CutRuns(values, count, out->data() + at, lengths.data());
  StoreLe<std::uint64_t>(out->data() + at - 8, runs * sizeof(*values));
  out->Resize(at + runs * sizeof(*values));
  out->Append(std::as_bytes(std::span(lengths).first(runs)));
}

constinit const EncodingDef kRle{
    .id = format::EncodingId::kRle,
    .name = "rle",
    .make_chunk_decoder = &MakeChunk,
    .decode_block = &DecodeWhole,
    .pick_from_block = &PickFromWhole,
};

}  // namespace lancekit
