// Strings compressed with tables: tokens and FSST. Encoding with training, decoding of whole chunks into offsets and bytes, and
// decoding string by string; bytes are those of the strings. The strings: comments of TPC-H's kind, and URLs; or the lines of the
// file that LANCEKIT_BENCH_LINES names.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "encodings/encoding_testing.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kChunkBytes = 32 << 10;

std::vector<std::string> Comments() {
  constexpr const char* kWords[] = {
      "furiously",    "carefully",    "quickly",  "blithely",   "slyly",       "regular",   "express",     "final",
      "special",      "pending",      "ironic",   "bold",       "even",        "silent",    "unusual",     "deposits",
      "requests",     "accounts",     "packages", "ideas",      "theodolites", "foxes",     "pinto beans", "platelets",
      "sleep",        "haggle",       "nag",      "wake",       "cajole",      "among the", "across the",  "above the",
      "instructions", "dependencies", "excuses",  "asymptotes", "courts",      "dolphins",  "sauternes",   "warhorses"};
  std::mt19937_64 random(1);
  std::vector<std::string> strings(400'000);
  for (std::string& text : strings) {
    const std::size_t size = 10 + random() % 34;
    std::string sentence;
    while (sentence.size() < size + 12) {
      sentence += kWords[random() % std::size(kWords)];
      sentence += random() % 8 == 0 ? ". " : " ";
    }
    text = sentence.substr(random() % 12, size);
  }
  return strings;
}

std::vector<std::string> Urls() {
  std::vector<std::string> strings;
  for (int i = 0; i < 200'000; ++i) {
    strings.push_back(fmt::format("https://example.org/{}/{}?page={}", i % 20 * 7, i * 7919 % 100'003, i % 13));
  }
  return strings;
}

std::vector<std::string> Lines() {
  const char* const path = std::getenv("LANCEKIT_BENCH_LINES");
  if (path == nullptr) return Comments();
  std::vector<std::string> strings;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) strings.push_back(line);
  return strings;
}

const ValuesView& Strings(std::int64_t kind) {
  static const testing::OwnedValues lines(Lines(), false);
  static const testing::OwnedValues urls(Urls(), false);
  static const ValuesView views[] = {lines.View(), urls.View()};
  return views[kind];
}

std::unique_ptr<ChunkEncoder> Frame(const ValuesView& values) { return MakeFrameEncoder(values); }

/// An encoder with what it borrows.
struct Encoded {
  std::unique_ptr<FsstStrings> fsst;
  std::unique_ptr<ChunkEncoder> encoder;
  std::uint64_t table_bytes = 0;
};

Encoded EncodeTokens(const ValuesView& values) {
  Encoded encoded;
  const auto table = TrainTokens(values);
  encoded.encoder = MakeTokensEncoder(values, *table, kChunkBytes, Frame);
  encoded.table_bytes = encoded.encoder->Describe().table.size();
  return encoded;
}

Encoded EncodeFsst(const ValuesView& values) {
  Encoded encoded;
  encoded.fsst = CompressFsst(values);
  encoded.table_bytes = encoded.fsst->table.size();
  encoded.encoder = MakeFsstEncoder(*encoded.fsst, kChunkBytes / 2);
  return encoded;
}

using Encode = Encoded (*)(const ValuesView& values);

std::vector<testing::OwnedChunk> ChunksOf(const ChunkEncoder& encoder, std::uint64_t num_values) {
  std::vector<testing::OwnedChunk> chunks;
  for (std::uint64_t first = 0; first < num_values; first += encoder.ChunkSize(first)) {
    chunks.push_back(testing::EncodeChunk(encoder, {first, encoder.ChunkSize(first)}));
  }
  return chunks;
}

void CountBytes(benchmark::State& state, const ValuesView& values) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(values.StringBytes()));
}

template <Encode kEncode>
void BM_Encode(benchmark::State& state) {
  const ValuesView& values = Strings(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(kEncode(values));
  CountBytes(state, values);
}

void BM_TrainTokens(benchmark::State& state) {
  const ValuesView& values = Strings(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(TrainTokens(values));
}

template <Encode kEncode>
void BM_DecodeChunks(benchmark::State& state) {
  const ValuesView& values = Strings(state.range(0));
  const Encoded encoded = kEncode(values);
  const auto chunks = ChunksOf(*encoded.encoder, values.length);
  const auto decoder = MakeChunkDecoder(encoded.encoder->Describe(), values.shape);
  ValueSink sink(values.shape);
  Scratch scratch;
  for (auto _ : state) {
    for (const testing::OwnedChunk& chunk : chunks) {
      sink.Clear();
      if (!(*decoder)->Decode(chunk.chunk(), {0, chunk.num_values()}, &sink, &scratch).ok()) state.SkipWithError("damaged");
    }
    benchmark::ClobberMemory();
  }
  CountBytes(state, values);
  std::uint64_t bytes = encoded.table_bytes;
  for (const testing::OwnedChunk& chunk : chunks) {
    for (const Bytes buffer : chunk.buffers()) bytes += buffer.size();
  }
  state.counters["ratio"] = static_cast<double>(values.StringBytes()) / static_cast<double>(bytes);
}

template <Encode kEncode>
void BM_DecodeOneByOne(benchmark::State& state) {
  const ValuesView& values = Strings(state.range(0));
  const Encoded encoded = kEncode(values);
  const auto chunks = ChunksOf(*encoded.encoder, values.length);
  const auto decoder = MakeChunkDecoder(encoded.encoder->Describe(), values.shape);
  ValueSink sink(values.shape);
  Scratch scratch;
  for (auto _ : state) {
    for (const testing::OwnedChunk& chunk : chunks) {
      sink.Clear();
      for (std::uint64_t i = 0; i < chunk.num_values(); ++i) {
        if (!(*decoder)->Decode(chunk.chunk(), {i, 1}, &sink, &scratch).ok()) state.SkipWithError("damaged");
      }
    }
    benchmark::ClobberMemory();
  }
  CountBytes(state, values);
  state.counters["strings"] =
      benchmark::Counter(static_cast<double>(values.length), benchmark::Counter::kIsIterationInvariantRate);
}

#define LANCEKIT_STRING_BENCHMARKS(encode)                                             \
  BENCHMARK(BM_Encode<encode>)->DenseRange(0, 1)->Unit(benchmark::kMillisecond);       \
  BENCHMARK(BM_DecodeChunks<encode>)->DenseRange(0, 1)->Unit(benchmark::kMillisecond); \
  BENCHMARK(BM_DecodeOneByOne<encode>)->DenseRange(0, 1)->Unit(benchmark::kMillisecond);

BENCHMARK(BM_TrainTokens)->DenseRange(0, 1)->Unit(benchmark::kMillisecond);
LANCEKIT_STRING_BENCHMARKS(EncodeTokens)
LANCEKIT_STRING_BENCHMARKS(EncodeFsst)

}  // namespace
}  // namespace lancekit
