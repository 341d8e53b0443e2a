// The ratios that kernels are judged by, each of two sides that alternate in one run on one core:
//
//   kernel_ratios [--text FILE]
//
// - unpacking of every width by stores of the same bytes, which it cannot exceed
// - the sum of packed values in memory, and how many of them are below a bound, block by block as they are unpacked, by unpacking
//   all of them to memory and adding up that; for comparison, to memory for 64 Ki of them, which the cache holds
// - FSST decoding of whole chunks by that of the same strings one by one; of the lines of FILE, else of made-up sentences
// - ALP decoding by that of the published code (github.com/cwida/ALP), where the build has it: -DLANCEKIT_ALP_DIR=CHECKOUT
//
// Times are the least of many rounds, by a clock that never shows too little: CPU time does so on shared machines. Ends with 1
// when a ratio is below its floor.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "encodings/definitions.h"
#include "encodings/encoding_testing.h"
#include "encodings/kernels/arithmetic.h"
#include "encodings/kernels/bitpack.h"
#include "encodings/kernels/fsst.h"
#include "encodings/kernels/fsst_encoder.h"
#include "encodings/kernels/stats.h"
#ifdef LANCEKIT_WITH_ALP
#include "alp/falp.hpp"
#endif

namespace lancekit {
namespace {

using kernels::kBlockValues;

constexpr double kUnpackFloor = 0.9;
constexpr double kFusedFloor = 1.6;      // of values of up to 8 bits
constexpr double kWideFusedFloor = 1.2;  // of values of 9 to 20
constexpr double kFsstFloor = 1.8;
constexpr double kAlpFloor = 1.15;  // of the mean of all widths
// What is packed lies half a page from what it becomes: loads that lie whole pages behind stores wait for them, and of buffers
// that lie anywhere few are that far apart.
constexpr std::size_t kApart = 2048;

double Seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// What was written must be there: nothing is left out by the compiler.
void Keep(const void* memory) { asm volatile("" : : "r"(memory) : "memory"); }

struct Pair {
  double first = 1e9;
  double second = 1e9;
  double ratio() const { return second / first; }
};

/// The least time of each of two functions, in turns; less than what was measured before.
template <class First, class Second>
Pair Alternate(int rounds, First first, Second second, Pair least = {}) {
  for (int i = 0; i < rounds; ++i) {
    const double start = Seconds();
    first();
    const double middle = Seconds();
    second();
    const double end = Seconds();
    least = {std::min(least.first, middle - start), std::min(least.second, end - middle)};
  }
  return least;
}

// Stores of whole vectors, as wide as the CPU has them; called like an unpack kernel.
template <int kVectorBytes>
[[gnu::always_inline]] inline void StoreVectors(std::byte* out, std::size_t size, int value) {
  typedef std::uint64_t Vector __attribute__((vector_size(kVectorBytes)));
  const Vector stored = Vector{} + static_cast<std::uint64_t>(value);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < size; i += kVectorBytes) __builtin_memcpy(out + i, &stored, sizeof stored);
}
using StoreLoop = void (*)(std::byte* out, std::size_t size, int value);
[[gnu::noinline]] void StoreBaseline(std::byte* out, std::size_t size, int value) { StoreVectors<16>(out, size, value); }
#if defined(__x86_64__)
[[gnu::noinline, gnu::target("avx2")]] void StoreAvx2(std::byte* out, std::size_t size, int value) {
  StoreVectors<32>(out, size, value);
}
[[gnu::noinline, gnu::target("avx512f")]] void StoreAvx512(std::byte* out, std::size_t size, int value) {
  StoreVectors<64>(out, size, value);
}
#endif

StoreLoop BestStoreLoop() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return &StoreAvx512;
  if (__builtin_cpu_supports("avx2")) return &StoreAvx2;
#endif
  return &StoreBaseline;
}

/// -> the worst ratio of all widths.
template <class T>
double UnpackRatios() {
  // Several times over, as what shares the core disturbs for seconds.
  constexpr int kSweeps = 400;
  constexpr int kRounds = 40;
  constexpr int kBlocks = 512 / sizeof(T);  // per round
  constexpr int kBits = 8 * sizeof(T);
  const StoreLoop store = BestStoreLoop();
  alignas(4096) static T values[kBlockValues];
  alignas(4096) static std::byte memory[kBlockValues * sizeof(T) + kApart];
  const std::byte* const packed = memory + kApart;
  Pair times[kBits];
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (int width = 1; width <= kBits; ++width) {
      const auto unpack = [&] {
        for (int i = 0; i < kBlocks; ++i) {
          kernels::UnpackBlock<T>(packed, width, values);
          Keep(values);
        }
      };
      const auto store_all = [&] {
        for (int i = 0; i < kBlocks; ++i) {
          store(reinterpret_cast<std::byte*>(values), sizeof(values), i);
          Keep(values);
        }
      };
      times[width - 1] = Alternate(kRounds, unpack, store_all, times[width - 1]);
    }
  }
  std::printf("unpack u%-2d GB/s %% of stores, width 1 to %d:", kBits, kBits);
  double worst = 1e9;
  for (int width = 1; width <= kBits; ++width) {
    const Pair& pair = times[width - 1];
    worst = std::min(worst, pair.ratio());
    std::printf("%s%4.0f %3.0f%%", (width - 1) % 8 == 0 ? "\n  " : "  ",
                static_cast<double>(kBlocks * sizeof(values)) / pair.first * 1e-9, 100 * pair.ratio());
  }
  std::printf("\n  worst %.3f, floor %.2f\n", worst, kUnpackFloor);
  return worst;
}

std::uint64_t SumOf(const std::uint32_t* values, std::size_t count) {
  return static_cast<std::uint64_t>(kernels::Total(values, count));
}

template <std::uint32_t kBound>
[[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]] std::uint64_t CountBelow(const std::uint32_t* values,
                                                                                     std::size_t count) {
  std::uint32_t below = 0;
  for (std::size_t i = 0; i < count; ++i) below += values[i] < kBound;
  return below;
}

/// -> the worst ratio by its floor. `reduce` makes a number of values.
template <class Reduce>
double FusedRatio(const char* what, Reduce reduce) {
  constexpr int kWidths = 20;
  constexpr int kRounds = 5;
  constexpr std::size_t kBlocks = 32 << 10;  // 32 Mi values, more than caches hold
  constexpr std::size_t kBatchBlocks = 64;
  std::vector<std::byte> packed(kBlocks * kernels::PackedBlockSize(kWidths));
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i + 8 <= packed.size(); i += 8) {
    const std::uint64_t bits = random();
    std::memcpy(packed.data() + i, &bits, 8);
  }
  std::vector<std::uint32_t> buffer(kBlocks * kBlockValues);
  alignas(64) static std::uint32_t block[kBlockValues];
  std::printf("%s of u32 in memory, G values/s, ratio by all of them unpacked first (64 Ki first):", what);
  double worst = 1e9;
  for (int width = 1; width <= kWidths; ++width) {
    const std::size_t size = kernels::PackedBlockSize(width);
    std::uint64_t found[3] = {};
    const auto fused = [&] {
      found[0] = 0;
      for (std::size_t i = 0; i < kBlocks; ++i) {
        kernels::UnpackBlock<std::uint32_t>(packed.data() + i * size, width, block);
        found[0] += reduce(block, kBlockValues);
      }
    };
    const auto unpacked_first = [&](std::size_t blocks, std::uint64_t* to) {
      *to = 0;
      for (std::size_t first = 0; first < kBlocks; first += blocks) {
        for (std::size_t i = 0; i < blocks; ++i)
          kernels::UnpackBlock<std::uint32_t>(packed.data() + (first + i) * size, width, buffer.data() + i * kBlockValues);
        *to += reduce(buffer.data(), blocks * kBlockValues);
      }
    };
    const Pair all = Alternate(kRounds, fused, [&] { unpacked_first(kBlocks, &found[1]); });
    const Pair batches = Alternate(kRounds, fused, [&] { unpacked_first(kBatchBlocks, &found[2]); });
    if (found[0] != found[1] || found[0] != found[2]) std::printf(" (they differ)");
    std::printf("%s%2d: %4.1f %.2f (%.2f)", (width - 1) % 5 == 0 ? "\n  " : "  ", width,
                static_cast<double>(buffer.size()) / all.first * 1e-9, all.ratio(), batches.ratio());
    worst = std::min(worst, all.ratio() / (width <= 8 ? kFusedFloor : kWideFusedFloor));
  }
  std::printf("\n  worst %.2f of its floor, %.1f to 8 bits and %.1f above\n", worst, kFusedFloor, kWideFusedFloor);
  return worst;
}

std::vector<std::string> Sentences() {
  constexpr const char* kWords[] = {"carefully", "final",   "deposits", "sleep",  "furiously", "across",
                                    "the",       "regular", "requests", "quick",  "ironic",    "packages",
                                    "above",     "pending", "accounts", "haggle", "blithely",  "even"};
  std::mt19937 random(1);
  std::vector<std::string> sentences(200'000);
  for (std::string& sentence : sentences) {
    for (auto words = 2 + random() % 5; words != 0; --words) {
      sentence += kWords[random() % std::size(kWords)];
      sentence += words == 1 ? "." : " ";
    }
  }
  return sentences;
}

double FsstRatio(const std::vector<std::string>& strings) {
  constexpr std::size_t kChunk = 1024;
  constexpr int kRounds = 15;
  const testing::OwnedValues values(strings, false);
  const auto fsst = CompressFsst(values.View());
  kernels::FsstDecoder decoder;
  bool compressed = false;
  if (fsst == nullptr || !kernels::ParseFsstTable(fsst->table, &decoder, &compressed)) return 0;
  const auto* const offsets = fsst->offsets.as<std::uint32_t>();
  const std::byte* const codes = fsst->codes.data();
  std::vector<std::byte> out(kernels::FsstDecodeRoom(fsst->codes.size()));
  std::vector<std::int32_t> ends(kChunk);
  const Pair times = Alternate(
      kRounds,
      [&] {
        for (std::size_t first = 0; first < strings.size(); first += kChunk) {
          const std::size_t count = std::min(kChunk, strings.size() - first);
          kernels::FsstDecodeRun<std::uint32_t, std::int32_t>(decoder, codes, offsets + first, count, out.data(), 0, ends.data());
          Keep(out.data());
        }
      },
      [&] {
        for (std::size_t first = 0; first < strings.size(); first += kChunk) {
          const std::size_t end = std::min(first + kChunk, strings.size());
          std::size_t at = 0;
          for (std::size_t i = first; i < end; ++i) {
            at += kernels::FsstDecode(decoder, codes + offsets[i], offsets[i + 1] - offsets[i], out.data() + at).value_or(0);
            ends[i - first] = static_cast<std::int32_t>(at);
          }
          Keep(out.data());
        }
      });
  const auto bytes = static_cast<double>(values.View().StringBytes());
  std::printf("fsst %zu strings of %.1f bytes: chunks %.2f GB/s, one by one %.2f GB/s, ratio %.2f, floor %.2f\n", strings.size(),
              bytes / static_cast<double>(strings.size()), bytes / times.first * 1e-9, bytes / times.second * 1e-9, times.ratio(),
              kFsstFloor);
  return times.ratio();
}

#ifdef LANCEKIT_WITH_ALP
/// Vectors of prices, as integers of so many bits less a base; both get the same packed bytes. -> the mean ratio.
double AlpRatio() {
  constexpr int kRounds = 400;
  constexpr int kVectors = 64;  // per round
  constexpr std::uint8_t kExponent = 4, kFactor = 2;
  constexpr std::uint64_t kBase = 100'000;
  double worst = 1e9, sum = 0;
  int num_widths = 0;
  std::printf("alp, values per ns and ratio by width:");
  alignas(4096) static double ours[kBlockValues], theirs[kBlockValues];
  alignas(4096) static std::byte memory[kBlockValues * sizeof(double) + kApart];
  const auto* const packed = static_cast<const std::uint64_t*>(static_cast<const void*>(memory + kApart));
  for (int width = 1; width <= 44; ++width, ++num_widths) {
    std::mt19937_64 random(static_cast<std::uint64_t>(width));
    std::vector<std::uint64_t> integers(kBlockValues);
    for (std::uint64_t& integer : integers) integer = random() >> (64 - width);
    kernels::PackBlock<std::uint64_t>(integers.data(), width, memory + kApart);
    const Pair times = Alternate(
        kRounds,
        [&] {
          for (int i = 0; i < kVectors; ++i) {
            kernels::UnpackAlp(memory + kApart, width, kBase, 1e2, 1e-4, ours);
            Keep(ours);
          }
        },
        [&] {
          for (int i = 0; i < kVectors; ++i) {
            generated::falp::fallback::scalar::falp(packed, theirs, static_cast<std::uint8_t>(width), &kBase, kFactor, kExponent);
            Keep(theirs);
          }
        });
    // Their packing has the values of a vector in another order.
    std::ranges::sort(ours), std::ranges::sort(theirs);
    if (!std::ranges::equal(ours, theirs)) std::printf(" (the published code gives other values)");
    std::printf("%s%2d: %.2f %.2f", num_widths % 8 == 0 ? "\n  " : "  ", width, kVectors * kBlockValues / times.first * 1e-9,
                times.ratio());
    worst = std::min(worst, times.ratio());
    sum += times.ratio();
  }
  std::printf("\n  mean %.2f, worst %.2f, floor of the mean %.2f\n", sum / num_widths, worst, kAlpFloor);
  return sum / num_widths;
}
#endif

int Main(int argc, char** argv) {
  std::vector<std::string> strings;
  if (argc == 3 && std::strcmp(argv[1], "--text") == 0) {
    std::ifstream file(argv[2]);
    for (std::string line; std::getline(file, line);) strings.push_back(line);
  } else {
    strings = Sentences();
  }
  const double unpack = std::min({UnpackRatios<std::uint8_t>(), UnpackRatios<std::uint16_t>(), UnpackRatios<std::uint32_t>(),
                                  UnpackRatios<std::uint64_t>()});
  bool met = unpack >= kUnpackFloor;
  met = FusedRatio("sums", &SumOf) >= 1 && met;
  met = FusedRatio("comparisons", &CountBelow<3>) >= 1 && met;
  met = FsstRatio(strings) >= kFsstFloor && met;
#ifdef LANCEKIT_WITH_ALP
  met = AlpRatio() >= kAlpFloor && met;
#endif
  return met ? 0 : 1;
}

}  // namespace
}  // namespace lancekit

int main(int argc, char** argv) { return lancekit::Main(argc, argv); }
