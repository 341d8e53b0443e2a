// Encoding and decoding of whole pages by each encoding of X1, on data that is made for it, beside copying the same values. Bytes
// are those in memory: of the values, or of the strings and their offsets; "stored" tells the encoded bytes for each of them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

using Maker = std::unique_ptr<ChunkEncoder> (*)(const ValuesView& values);

constexpr std::uint64_t kValues = 1 << 18;
constexpr std::uint64_t kStringChunk = 32 << 10;
constexpr std::uint64_t kSmallChunk = 8 << 10;

/// The chunks of a page, each with buffers of its own.
class ChunkKeeper final : public ChunkWriter {
 public:
  std::byte* Begin(std::size_t capacity) override {
    buffers_.emplace_back(capacity);
    return buffers_.back().data();
  }
  void End(std::size_t size) override {
    buffers_.back().Resize(size);
    views_.push_back(buffers_.back().bytes());
    bytes_ += size;
  }
  void Encode(const ChunkEncoder& encoder, std::uint64_t num_values) {
    num_buffers_ = encoder.num_buffers();
    for (std::uint64_t first = 0; first < num_values; first += counts_.back()) {
      counts_.push_back(encoder.ChunkSize(first));
      encoder.Encode({first, counts_.back()}, this);
    }
  }
  std::size_t size() const { return counts_.size(); }
  Chunk operator[](std::size_t i) const { return {std::span(views_).subspan(i * num_buffers_, num_buffers_), counts_[i]}; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t num_buffers_ = 0;
  std::vector<MutableBuffer> buffers_;
  std::vector<Bytes> views_;
  std::vector<std::uint64_t> counts_;
  std::size_t bytes_ = 0;
};

std::uint64_t MemoryBytes(const ValuesView& values) {
  if (values.shape.fixed()) return values.length * values.shape.width_bits / 8;
  return values.StringBytes() + (values.length + 1) * sizeof(std::int32_t);
}

void Encode(benchmark::State& state, Maker make, const ValuesView& values) {
  std::size_t bytes = 0;
  for (auto _ : state) {
    ChunkKeeper chunks;
    chunks.Encode(*make(values), values.length);
    bytes = chunks.bytes();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(MemoryBytes(values)));
  state.counters["stored"] = static_cast<double>(bytes) / static_cast<double>(MemoryBytes(values));
}

void Decode(benchmark::State& state, Maker make, const ValuesView& values) {
  const auto encoder = make(values);
  const auto decoder = MakeChunkDecoder(encoder->Describe(), values.shape);
  if (!decoder) return state.SkipWithError(decoder.error().describe().c_str());
  ChunkKeeper chunks;
  chunks.Encode(*encoder, values.length);
  ValueSink sink(values.shape);
  Scratch scratch;
  for (auto _ : state) {
    sink.Clear();
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const Status status = (*decoder)->Decode(chunks[i], {0, chunks[i].num_values}, &sink, &scratch);
      if (!status.ok()) return state.SkipWithError(status.error().describe().c_str());
    }
    benchmark::ClobberMemory();
  }
  if (const std::string wrong = testing::Difference(sink, values, {0, values.length}); !wrong.empty()) {
    return state.SkipWithError(wrong.c_str());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(MemoryBytes(values)));
}

template <class T, class Make>
testing::OwnedValues Generate(Make make) {
  std::mt19937_64 random(1);
  std::vector<T> numbers(kValues);
  for (std::uint64_t i = 0; i < kValues; ++i) numbers[i] = static_cast<T>(make(i, random));
  return {FixedShape(8 * sizeof(T)), std::as_bytes(std::span(numbers))};
}

testing::OwnedValues Sentences(bool sort) {
  std::mt19937_64 random(1);
  std::vector<std::string> vocabulary(1000);  // more than a small chunk has
  for (std::string& word : vocabulary) {
    for (std::uint64_t letters = 6 + random() % 7; letters != 0; --letters) word += static_cast<char>('a' + random() % 26);
    word += ' ';
  }
  std::vector<std::string> strings(kValues / 8);
  for (std::string& text : strings) {
    for (std::uint64_t words = 2 + random() % 5; words != 0; --words) text += vocabulary[random() % vocabulary.size()];
  }
  if (sort) std::ranges::sort(strings);
  return {strings, false};
}

std::unique_ptr<ChunkEncoder> Flat(const ValuesView& values) { return MakeFlatEncoder(values); }
std::unique_ptr<ChunkEncoder> Frame(const ValuesView& values) { return MakeFrameEncoder(values); }
std::unique_ptr<ChunkEncoder> Patched(const ValuesView& values) { return MakePatchedEncoder(values, Frame); }
std::unique_ptr<ChunkEncoder> Delta(const ValuesView& values) { return MakeDeltaEncoder(values, Frame); }
std::unique_ptr<ChunkEncoder> Narrow(const ValuesView& values) { return MakeNarrowEncoder(values, Flat); }
std::unique_ptr<ChunkEncoder> Bits(const ValuesView& values) { return MakeNarrowEncoder(values, Flat, 1); }
std::unique_ptr<ChunkEncoder> Alp(const ValuesView& values) { return MakeAlpEncoder(values, Frame); }
std::unique_ptr<ChunkEncoder> AlpRd(const ValuesView& values) { return MakeAlpRdEncoder(values); }
std::unique_ptr<ChunkEncoder> Lengths(const ValuesView& values) { return MakeLengthsEncoder(values, kStringChunk, Frame); }

std::unique_ptr<ChunkEncoder> Runs(const ValuesView& values) { return MakeRunsEncoder(values, Delta, Frame); }
std::unique_ptr<ChunkEncoder> Rle(const ValuesView& values) { return MakeRleEncoder(values); }
std::unique_ptr<ChunkEncoder> Front(const ValuesView& values) { return MakeFrontEncoder(values, Lengths, Frame); }
template <format::CompressionScheme kScheme>
std::unique_ptr<ChunkEncoder> Compressed(const ValuesView& values) {
  return MakeGeneralEncoder(Lengths(values), {kScheme, {}});
}
/// Frame would pad the few lengths of so small chunks.
std::unique_ptr<ChunkEncoder> SmallLengths(const ValuesView& values) { return MakeLengthsEncoder(values, kSmallChunk, Narrow); }
std::unique_ptr<ChunkEncoder> SmallZstd(const ValuesView& values) {
  return MakeGeneralEncoder(SmallLengths(values), {format::CompressionScheme::kZstd, {}});
}
std::unique_ptr<ChunkEncoder> SmallTrained(const ValuesView& values) {
  return MakeTrainedEncoder(SmallLengths(values), values.length, {});
}

struct Case {
  const char* name;
  Maker make;
  const ValuesView values;
};

void Register(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    for (const bool encode : {false, true}) {
      benchmark::RegisterBenchmark((std::string(encode ? "encode/" : "decode/") + c.name).c_str(), encode ? Encode : Decode,
                                   c.make, c.values)
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

void RunAll() {
  const auto stamps =
      Generate<std::int64_t>([](std::uint64_t i, auto& random) { return 1'700'000'000'000'000 + i * 1000 + random() % 100; });
  const auto small = Generate<std::int32_t>([](std::uint64_t, auto& random) { return random() % 1000; });
  const auto outliers =
      Generate<std::int32_t>([](std::uint64_t i, auto& random) { return i % 100 == 0 ? random() : random() % 1000; });
  const auto prices = Generate<double>([](std::uint64_t, auto& random) { return static_cast<double>(random() % 100'000) / 100; });
  const auto latitude = [](std::uint64_t, auto& random) { return std::normal_distribution<double>(48.1, 2.5)(random); };
  const auto doubles = Generate<double>(latitude);
  const auto floats = Generate<float>(latitude);
  const auto flags = Generate<std::int32_t>([](std::uint64_t, auto& random) { return random() % 4; });
  const auto repeated = Generate<std::int32_t>([](std::uint64_t i, auto&) { return i * 2654435761 % 4096 < 200 ? i : i / 40; });
  const auto sentences = Sentences(false), sorted = Sentences(true);
  Register({{"flat/int64", Flat, stamps.View()},
            {"frame/int32", Frame, small.View()},
            {"patched,frame/int32", Patched, outliers.View()},
            {"delta,frame/int64", Delta, stamps.View()},
            {"narrow,flat/int32", Narrow, small.View()},
            {"narrow,flat,bits/int32", Bits, flags.View()},
            {"alp,frame/double", Alp, prices.View()},
            {"alp_rd/double", AlpRd, doubles.View()},
            {"alp_rd/float", AlpRd, floats.View()},
            {"rle/int32", Rle, repeated.View()},
            {"runs,delta,frame/int32", Runs, repeated.View()},
            {"lengths,frame/string", Lengths, sentences.View()},
            {"front,lengths,frame/sorted", Front, sorted.View()},
            {"lz4,lengths/string", Compressed<format::CompressionScheme::kLz4>, sentences.View()},
            {"snappy,lengths/string", Compressed<format::CompressionScheme::kSnappy>, sentences.View()},
            {"zstd,lengths/string", Compressed<format::CompressionScheme::kZstd>, sentences.View()},
            {"zstd,lengths,8K/string", SmallZstd, sentences.View()},
            {"zstd,dictionary,lengths,8K/string", SmallTrained, sentences.View()}});
  benchmark::RunSpecifiedBenchmarks();
}

}  // namespace
}  // namespace lancekit

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  lancekit::RunAll();
  return 0;
}
