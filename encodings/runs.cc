// Runs: values that ascend by the same step from one to the next, 0 for equal ones: the first value and the length of each run,
// encoded in turn. X1.
//
//   message: of stairs the step (T bits); runs have none, their values are equal
//   chunk: buffer 0: number of runs that reach into the chunk (u16); how many values of the first run lie before the chunk (u32);
//          then the buffers of the inner encodings: the first value of each run; the length of each run (u32)
//
// Runs do not end with a chunk, but are told in each chunk that they reach into. Sums wrap, so that signed and unsigned values
// are alike.
#include <algorithm>
#include <cstring>

#include "encodings/definitions.h"
#include "encodings/kernels/arithmetic.h"
#include "encodings/kernels/stats.h"
#include "encodings/widths.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kLengthBits = 32;
constexpr std::size_t kHeaderBytes = 6;
constexpr std::uint64_t kMaxChunkValues = 32'768;

/// A run, or a part of one, that is asked for.
struct Piece {
  std::uint32_t run = 0;     ///< number of its value
  std::uint32_t count = 0;   ///< not 0
  std::uint64_t before = 0;  ///< values of the run before the piece
};
struct Pieces {
  std::span<const Piece> pieces;
  const std::byte* values = nullptr;
};

template <class T>
void Expand(const Pieces& pieces, std::uint64_t step, std::byte* to) {
  for (const Piece& piece : pieces.pieces) {
    const auto first = static_cast<T>(LoadLe<T>(pieces.values + piece.run * sizeof(T)) + piece.before * step);
    kernels::StoreStairs<T>(&first, &piece.count, 1, static_cast<T>(step), piece.count, to);
    to += piece.count * sizeof(T);
  }
}

static_assert(kernels::kStairsOvershoot <= MutableBuffer::kPadding);

/// How long the runs are that reach into a chunk; in the memory of the scratch.
struct RunLengths {
  std::span<std::uint32_t> lengths;
  std::uint64_t skipped = 0;  ///< values of the first run before the chunk, fewer than it has
};

/// Where the runs of a chunk end, counted from its start; the last one ends with the chunk.
struct RunEnds {
  std::span<const std::uint32_t> ends;
  std::uint64_t skipped = 0;  ///< values of the first run before the chunk

  std::size_t RunOf(std::uint64_t value) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(ends, static_cast<std::uint32_t>(value)) - ends.begin());
  }
  /// Values of a run before this one of it.
  std::uint64_t Before(std::size_t run, std::uint64_t value) const { return run == 0 ? value + skipped : value - ends[run - 1]; }
};

class RunsDecoder final : public ChunkDecoder {
 public:
  RunsDecoder(std::uint64_t bits, std::uint64_t step, std::unique_ptr<ChunkDecoder> values, std::unique_ptr<ChunkDecoder> lengths)
      : bits_(bits), step_(step), values_(std::move(values)), lengths_(std::move(lengths)) {}
  std::size_t num_buffers() const noexcept override { return 1 + values_->num_buffers() + lengths_->num_buffers(); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    if (range.count == 0) return {};
    return DecodeRanges(chunk, {&range, 1}, sink, scratch);
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    if (ranges.size() == 1 && ranges[0].count == chunk.num_values) return DecodeAll(chunk, sink, scratch);
    LANCEKIT_ASSIGN(const Pieces pieces, FindPieces(chunk, ranges, scratch));
    std::byte* const to = sink->AppendFixed(CountRows(ranges));
    ForWidth(bits_, [&]<class T>(T) { Expand<T>(pieces, step_, to); });
    return {};
  }

  bool has_runs() const noexcept override { return step_ == 0; }
  Status DecodeRuns(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, std::vector<std::uint64_t>* counts,
                    Scratch* scratch) const override {
    LANCEKIT_ASSIGN(const Pieces pieces, FindPieces(chunk, ranges, scratch));
    for (const Piece& piece : pieces.pieces) {
      sink->AppendBits(pieces.values, piece.run * bits_, 1);
      counts->push_back(piece.count);
    }
    return {};
  }

 private:
  Status DecodeAll(const Chunk& chunk, ValueSink* sink, Scratch* scratch) const {
    LANCEKIT_ASSIGN(const RunLengths runs, DecodeLengths(chunk, scratch));
    const std::size_t num_runs = runs.lengths.size();
    runs.lengths[0] -= static_cast<std::uint32_t>(runs.skipped);
    // Lengths and values need memory of their own.
    Scratch* const other = scratch->Inner();
    ValueSink* const values = other->InnerValues(bits_);
    LANCEKIT_TRY(
        values_->Decode({chunk.buffers.subspan(1, values_->num_buffers()), num_runs}, {0, num_runs}, values, other->Inner()));
    std::byte* const to = sink->AppendFixed(chunk.num_values);
    const std::uint64_t stored = ForWidth(bits_, [&]<class T>(T) -> std::uint64_t {
      T* const firsts = values->values().as<T>();
      firsts[0] = static_cast<T>(firsts[0] + runs.skipped * step_);
      return kernels::StoreStairs<T>(firsts, runs.lengths.data(), num_runs, static_cast<T>(step_), chunk.num_values, to);
    });
    if (stored != chunk.num_values)
      return Corrupt("runs: {} values in {} runs of a chunk of {}", stored, num_runs, chunk.num_values);
    return {};
  }

  Result<Pieces> FindPieces(const Chunk& chunk, std::span<const ValueRange> ranges, Scratch* scratch) const {
    std::uint64_t end = 0;
    for (const ValueRange& range : ranges) end = range.count == 0 ? end : range.first + range.count;
    if (end == 0) return Pieces{};
    LANCEKIT_ASSIGN(const RunEnds runs, DecodeEnds(chunk, scratch));
    const std::size_t first = runs.RunOf(ranges.front().first);
    const std::size_t num_runs = runs.RunOf(end - 1) + 1 - first;
    ValueSink* const values = scratch->InnerValues(bits_);
    LANCEKIT_TRY(values_->Decode({chunk.buffers.subspan(1, values_->num_buffers()), runs.ends.size()}, {first, num_runs}, values,
                                 scratch->Inner()));
    // A range has one piece of each run, and a run at most one more for each range.
    scratch->block.Resize((num_runs + ranges.size()) * sizeof(Piece));
    Piece* const pieces = scratch->block.as<Piece>();
    std::size_t num_pieces = 0;
    std::size_t run = first;
    for (const ValueRange& range : ranges) {
      if (runs.ends[run] <= range.first) run = runs.RunOf(range.first);
      for (std::uint64_t at = range.first; at < range.first + range.count; ++run) {
        const std::uint64_t next = std::min<std::uint64_t>(runs.ends[run], range.first + range.count);
        pieces[num_pieces++] = {static_cast<std::uint32_t>(run - first), static_cast<std::uint32_t>(next - at),
                                runs.Before(run, at)};
        at = next;
        if (next != runs.ends[run]) break;
      }
      run = std::min(run, runs.ends.size() - 1);
    }
    return Pieces{{pieces, num_pieces}, values->values().data()};
  }

  /// Errors: kCorruption where there cannot be as many, or nothing of the first one is in the chunk.
  Result<RunLengths> DecodeLengths(const Chunk& chunk, Scratch* scratch) const {
    const Bytes header = chunk.buffers[0];
    if (header.size() < kHeaderBytes) return Corrupt("runs: a header of {} bytes", header.size());
    const std::uint64_t num_runs = LoadLe<std::uint16_t>(header.data());
    const std::uint64_t skipped = LoadLe<std::uint32_t>(header.data() + 2);
    if (num_runs == 0 || num_runs > chunk.num_values) return Corrupt("runs: {} runs of {} values", num_runs, chunk.num_values);
    ValueSink* const lengths = scratch->InnerValues(kLengthBits);
    LANCEKIT_TRY(lengths_->Decode({chunk.buffers.subspan(1 + values_->num_buffers()), num_runs}, {0, num_runs}, lengths,
                                  scratch->Inner()));
    auto* const from = lengths->values().as<std::uint32_t>();
    if (from[0] <= skipped) return Corrupt("runs: {} values of a run of {} lie before the chunk", skipped, from[0]);
    return RunLengths{{from, num_runs}, skipped};
  }

  /// Errors: kCorruption unless the runs fill the chunk.
  Result<RunEnds> DecodeEnds(const Chunk& chunk, Scratch* scratch) const {
    LANCEKIT_ASSIGN(const RunLengths runs, DecodeLengths(chunk, scratch));
    const std::size_t num_runs = runs.lengths.size();
    scratch->ends.Resize(num_runs * sizeof(std::uint32_t));
    auto* const ends = scratch->ends.as<std::uint32_t>();
    std::uint64_t sum = runs.lengths[0] - runs.skipped;
    for (std::size_t i = 1; i < num_runs; ++i) {
      if (sum >= chunk.num_values || runs.lengths[i] == 0) return Corrupt("runs: {} values in {} of {} runs", sum, i, num_runs);
      ends[i - 1] = static_cast<std::uint32_t>(sum);
      sum += runs.lengths[i];
    }
    if (sum < chunk.num_values) return Corrupt("runs: {} values in a chunk of {}", sum, chunk.num_values);
    ends[num_runs - 1] = static_cast<std::uint32_t>(chunk.num_values);
    return RunEnds{{ends, num_runs}, runs.skipped};
  }

  std::uint64_t bits_;
  std::uint64_t step_;
  std::unique_ptr<ChunkDecoder> values_;
  std::unique_ptr<ChunkDecoder> lengths_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_TRY(CheckWidth(shape, 8, 64, "runs"));
  const std::uint64_t step = encoding.id == format::EncodingId::kStairs ? encoding.bits : 0;
  if (encoding.children.size() != 2) return Corrupt("runs: {} inner encodings", encoding.children.size());
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> values, MakeChunkDecoder(encoding.children[0], shape));
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> lengths, MakeChunkDecoder(encoding.children[1], FixedShape(kLengthBits)));
  return std::unique_ptr<ChunkDecoder>(
      std::make_unique<RunsDecoder>(shape.width_bits, step, std::move(values), std::move(lengths)));
}

/// Where runs begin.
template <class T>
void FindStarts(const T* values, std::uint64_t count, T step, PooledVector<std::uint32_t>* starts) {
  // One more than there are, so that each is stored before it is known to be one.
  starts->resize(count + 1);
  std::size_t run = count == 0 ? 0 : 1;
  (*starts)[0] = 0;
  for (std::uint64_t i = 1; i < count; ++i) {
    (*starts)[run] = static_cast<std::uint32_t>(i);
    run += static_cast<T>(values[i] - values[i - 1]) != step;
  }
  starts->resize(run);
  starts->shrink_to_fit();
}

/// The difference of at least half of the neighbours that are looked at; 0 when there is none.
template <class T>
T CommonStep(const T* values, std::uint64_t count) {
  constexpr std::uint64_t kSample = 512;
  std::vector<T> steps;
  const std::uint64_t every = std::max<std::uint64_t>(1, count / kSample);
  for (std::uint64_t i = 1; i < count; i += every) steps.push_back(static_cast<T>(values[i] - values[i - 1]));
  std::ranges::sort(steps);
  if (steps.empty()) return 0;
  const T middle = steps[steps.size() / 2];
  return static_cast<std::size_t>(std::ranges::count(steps, middle)) * 2 >= steps.size() ? middle : T{0};
}

class RunsEncoder final : public ChunkEncoder {
 public:
  RunsEncoder(const ValuesView& numbers, std::uint64_t step, const InnerEncoder& values, const InnerEncoder& lengths)
      : num_values_(numbers.length), step_(step) {
    const std::size_t width = numbers.shape.width_bits / 8;
    ForWidth(numbers.shape.width_bits, [&]<class T>(T) {
      FindStarts(reinterpret_cast<const T*>(numbers.values), numbers.length, static_cast<T>(step), &starts_);
    });
    values_.Resize(starts_.size() * width);
    lengths_.resize(starts_.size());
    for (std::size_t run = 0; run < starts_.size(); ++run) {
      std::memcpy(values_.data() + run * width, numbers.values + starts_[run] * width, width);
      const std::uint64_t end = run + 1 < starts_.size() ? starts_[run + 1] : numbers.length;
      lengths_[run] = static_cast<std::uint32_t>(end - starts_[run]);
    }
    ValuesView view = numbers;
    view.length = starts_.size();
    view.values = values_.data();
    values_encoder_ = values(view);
    lengths_encoder_ = lengths(NumbersView(lengths_.data(), starts_.size(), kLengthBits));
  }

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = step_ == 0 ? format::EncodingId::kRuns : format::EncodingId::kStairs;
    encoding.bits = step_;
    encoding.children = {values_encoder_->Describe(), lengths_encoder_->Describe()};
    return encoding;
  }
  std::size_t num_buffers() const noexcept override {
    return 1 + values_encoder_->num_buffers() + lengths_encoder_->num_buffers();
  }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return std::min(kMaxChunkValues, num_values_ - first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    const std::size_t first = RunOf(range.first);
    const std::size_t num_runs = RunOf(range.first + range.count - 1) + 1 - first;
    std::byte* const to = out->Begin(kHeaderBytes);
    StoreLe(to, static_cast<std::uint16_t>(num_runs));
    StoreLe(to + 2, static_cast<std::uint32_t>(range.first - starts_[first]));
    out->End(kHeaderBytes);
    values_encoder_->Encode({first, num_runs}, out);
    lengths_encoder_->Encode({first, num_runs}, out);
  }

 private:
  std::size_t RunOf(std::uint64_t value) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(starts_, static_cast<std::uint32_t>(value)) - starts_.begin()) - 1;
  }

  std::uint64_t num_values_;
  std::uint64_t step_;
  PooledVector<std::uint32_t> starts_;
  MutableBuffer values_;
  PooledVector<std::uint32_t> lengths_;
  std::unique_ptr<ChunkEncoder> values_encoder_;
  std::unique_ptr<ChunkEncoder> lengths_encoder_;
};

std::string DescribeStairs(const format::Encoding& encoding) { return fmt::format("step {}", encoding.bits); }

}  // namespace

std::unique_ptr<ChunkEncoder> MakeRunsEncoder(const ValuesView& numbers, const InnerEncoder& values, const InnerEncoder& lengths,
                                              std::uint64_t step) {
  return std::make_unique<RunsEncoder>(numbers, step, values, lengths);
}

std::unique_ptr<ChunkEncoder> MakeStairsEncoder(const ValuesView& numbers, const InnerEncoder& values,
                                                const InnerEncoder& lengths) {
  const std::uint64_t step = ForWidth(numbers.shape.width_bits, [&]<class T>(T) -> std::uint64_t {
    return CommonStep(reinterpret_cast<const T*>(numbers.values), numbers.length);
  });
  return step == 0 ? nullptr : MakeRunsEncoder(numbers, values, lengths, step);
}

constinit const EncodingDef kRuns{
    .id = format::EncodingId::kRuns,
    .name = "runs",
    .make_chunk_decoder = &MakeChunk,
};

constinit const EncodingDef kStairs{
    .id = format::EncodingId::kStairs,
    .name = "stairs",
    .make_chunk_decoder = &MakeChunk,
    .describe = &DescribeStairs,
};

}  // namespace lancekit
