// The table of kernels that exist once per CPU level, and the choice among the levels. Highway is not used: Debian ships it
// only as a shared library, and this dispatch is one table. Immutable after start; any thread may call.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lancekit::kernels {

struct FsstShare;
struct FsstTables;
struct Token;
struct TokenJob;

enum class CpuLevel { kBaseline, kAvx2, kAvx512 };

inline constexpr CpuLevel kAllCpuLevels[] = {CpuLevel::kBaseline, CpuLevel::kAvx2, CpuLevel::kAvx512};

/// Kernels over unsigned values of type T. `pack` and `unpack` are indexed by the width in bits.
template <class T>
struct TypedKernels {
  void (*pack[8 * sizeof(T) + 1])(const T* in, std::byte* out) noexcept;
  void (*unpack[8 * sizeof(T) + 1])(const std::byte* in, T* out) noexcept;
  T (*or_all)(const T* in, std::size_t count) noexcept;
  T (*max)(const T* in, std::size_t count) noexcept;
  std::size_t (*count_changes)(const T* in, std::size_t count) noexcept;
  void (*min_max)(const T* in, std::size_t count, T flip, T* min, T* max) noexcept;
  unsigned __int128 (*total)(const T* in, std::size_t count, T flip) noexcept;
  std::uint64_t (*set_of)(const T* in, std::size_t count) noexcept;
  void (*add)(T* values, std::size_t count, T base) noexcept;
  void (*scale)(T* values, std::size_t count, T factor, T base) noexcept;
  void (*sum)(const T* in, std::size_t count, T first, T* out) noexcept;
  std::size_t (*stairs)(const T* firsts, const std::uint32_t* lengths, std::size_t num_runs, T step, std::size_t most,
                        std::byte* out) noexcept;
};

struct KernelTable {
  TypedKernels<std::uint8_t> u8;
  TypedKernels<std::uint16_t> u16;
  TypedKernels<std::uint32_t> u32;
  TypedKernels<std::uint64_t> u64;
  // By the logarithms of the bytes of both; null where nothing becomes wider.
  void (*widen[4][4])(const std::byte* in, std::size_t count, std::uint64_t base, std::byte* out) noexcept;
  void (*alp4)(std::byte* values, std::size_t count, float factor, float inverse) noexcept;
  void (*unpack_alp8)(const std::byte* in, int width, double base, double factor, double inverse, double* out) noexcept;
  void (*alp8)(std::byte* values, std::size_t count, double factor, double inverse) noexcept;
  void (*split4)(const std::byte* in, std::size_t count, std::byte* out) noexcept;
  void (*split8)(const std::byte* in, std::size_t count, std::byte* out) noexcept;
  void (*merge4)(const std::byte* in, std::size_t count, std::byte* out) noexcept;
  void (*merge8)(const std::byte* in, std::size_t count, std::byte* out) noexcept;
  bool (*min_max16)(const std::uint64_t* in, std::size_t count, std::int64_t* min, std::int64_t* max) noexcept;
  std::size_t (*float_min_max4)(const std::uint32_t* in, std::size_t count, std::uint32_t* min, std::uint32_t* max) noexcept;
  std::size_t (*float_min_max8)(const std::uint64_t* in, std::size_t count, std::uint64_t* min, std::uint64_t* max) noexcept;

  // By the logarithm of the bytes of a value, less 2. See LookUp.
  void (*look_up[3])(const std::byte* values, std::size_t count, std::uint32_t least, const std::uint32_t* table,
                     std::uint32_t* out) noexcept;
  // See bitmasks.h.
  std::size_t (*mask_range)(const std::uint16_t* in, std::size_t count, std::uint16_t low, std::uint16_t high,
                            const std::uint64_t* with, std::uint64_t* out) noexcept;
  std::size_t (*select_bits)(const std::uint64_t* in, const std::uint64_t* mask, std::size_t num_words,
                             std::uint64_t* out) noexcept;
  std::uint64_t (*list_starts4)(const std::uint64_t* slots, const std::uint64_t* items, std::size_t num_words,
                                std::uint64_t first, std::uint32_t* out) noexcept;
  std::uint64_t (*list_starts8)(const std::uint64_t* slots, const std::uint64_t* items, std::size_t num_words,
                                std::uint64_t first, std::uint64_t* out) noexcept;

  /// See TokenIndex. Null: as in the portable form.
  void (*encode_tokens)(const Token* tokens, const std::uint64_t* buckets, int shift, TokenJob* job) noexcept;

  /// See fsst_lanes.h. Null: as in the portable form.
  void (*encode_fsst)(const FsstTables& tables, const FsstShare& share) noexcept;

  template <class T>
  const TypedKernels<T>& Typed() const noexcept {
    if constexpr (sizeof(T) == 1) {
      return u8;
    } else if constexpr (sizeof(T) == 2) {
      return u16;
    } else if constexpr (sizeof(T) == 4) {
      return u32;
    } else {
      return u64;
    }
  }
};

/// The table of one level; nullptr when this CPU or this build lacks it. kBaseline always exists.
const KernelTable* TableFor(CpuLevel level) noexcept;

/// The table of the best level of this CPU.
const KernelTable& ActiveTable() noexcept;

}  // namespace lancekit::kernels
