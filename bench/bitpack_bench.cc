// Packing and unpacking of one block in the first cache level, every value type, CPU level and width, beside memset of the
// same block: the store bandwidth that unpacking cannot exceed.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "encodings/kernels/bitpack.h"

namespace lancekit::kernels {
namespace {

constexpr std::size_t kBlocksPerCall = 16;

template <class T>
struct Block {
  alignas(64) std::array<T, kBlockValues> values{};
  alignas(64) std::array<std::byte, kBlockValues * sizeof(T)> packed{};
};

void CountBytes(benchmark::State& state, std::size_t block_bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kBlocksPerCall * block_bytes));
}

template <class T>
void BM_Store(benchmark::State& state) {
  Block<T> block;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBlocksPerCall; ++i) {
      std::memset(block.values.data(), static_cast<int>(i), sizeof(block.values));
      benchmark::DoNotOptimize(block.values.data());
      benchmark::ClobberMemory();
    }
  }
  CountBytes(state, sizeof(block.values));
}

template <class T, CpuLevel kLevel>
void BM_Unpack(benchmark::State& state) {
  const KernelTable* table = TableFor(kLevel);
  if (table == nullptr) return state.SkipWithError("this CPU lacks the level");
  const auto unpack = table->Typed<T>().unpack[state.range(0)];
  Block<T> block;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBlocksPerCall; ++i) unpack(block.packed.data(), block.values.data());
    benchmark::ClobberMemory();
  }
  CountBytes(state, sizeof(block.values));
}

template <class T, CpuLevel kLevel>
void BM_Pack(benchmark::State& state) {
  const KernelTable* table = TableFor(kLevel);
  if (table == nullptr) return state.SkipWithError("this CPU lacks the level");
  const auto pack = table->Typed<T>().pack[state.range(0)];
  Block<T> block;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBlocksPerCall; ++i) pack(block.values.data(), block.packed.data());
    benchmark::ClobberMemory();
  }
  CountBytes(state, sizeof(block.values));
}

#define LANCEKIT_LEVEL_BENCHMARKS(T, level)                               \
  BENCHMARK(BM_Unpack<T, CpuLevel::level>)->DenseRange(1, 8 * sizeof(T)); \
  BENCHMARK(BM_Pack<T, CpuLevel::level>)->DenseRange(1, 8 * sizeof(T));
#define LANCEKIT_TYPE_BENCHMARKS(T)       \
  BENCHMARK(BM_Store<T>);                 \
  LANCEKIT_LEVEL_BENCHMARKS(T, kBaseline) \
  LANCEKIT_LEVEL_BENCHMARKS(T, kAvx2)     \
  LANCEKIT_LEVEL_BENCHMARKS(T, kAvx512)

LANCEKIT_TYPE_BENCHMARKS(std::uint8_t)
LANCEKIT_TYPE_BENCHMARKS(std::uint16_t)
LANCEKIT_TYPE_BENCHMARKS(std::uint32_t)
LANCEKIT_TYPE_BENCHMARKS(std::uint64_t)

}  // namespace
}  // namespace lancekit::kernels
