// The kernels that are compiled once per CPU level; included by level_*.cc only, which set LANCEKIT_LEVEL (the level's
// namespace), LANCEKIT_VECTOR_BYTES and LANCEKIT_ANY_WIDTH. Everything has internal linkage and no inline function of a standard
// header is called: a shared inline function compiled for a newer CPU could replace the baseline copy at link.
//
// FastLanes layout of a block of 1024 values of T bits packed to W bits (Source: fastlanes crate, "unified transposed layout"):
// there are 1024/T lanes; value (row r, lane l) is values[order[r / 8] * 16 + (r % 8) * 128 + l]. Each lane is a bit stream of
// its T values in row order, least significant bit first; T-bit word w of lane l is output word lanes * w + l. A row of all
// lanes is therefore 128 contiguous bytes on both sides, and vectors run across the lanes.
#include <cstddef>
#include <cstdint>
#include <utility>

#include "encodings/kernels/dispatch.h"

namespace lancekit::kernels::LANCEKIT_LEVEL {

extern const KernelTable kTable;

namespace {

#define LANCEKIT_ALWAYS_INLINE [[gnu::always_inline]] inline

constexpr int kVectorBytes = LANCEKIT_VECTOR_BYTES;
constexpr bool kAnyWidth = LANCEKIT_ANY_WIDTH;  // one loop for all widths instead of one for each
constexpr int kRowBytes = 128;
constexpr int kRowGroupOrder[8] = {0, 4, 2, 6, 1, 5, 3, 7};

template <class T>
struct VectorOf {
  typedef T Type __attribute__((vector_size(kVectorBytes)));
  typedef T Unaligned __attribute__((vector_size(kVectorBytes), aligned(1), may_alias));
};
template <class T>
using Vector = typename VectorOf<T>::Type;

template <class T, class Pointer>
LANCEKIT_ALWAYS_INLINE Vector<T> Load(const Pointer* from) {
  return *reinterpret_cast<const typename VectorOf<T>::Unaligned*>(from);
}
template <class T, class Pointer>
LANCEKIT_ALWAYS_INLINE void Store(Pointer* to, Vector<T> value) {
  *reinterpret_cast<typename VectorOf<T>::Unaligned*>(to) = value;
}

template <class T>
constexpr T LowBits(int count) {
  return count == 0 ? T{0} : static_cast<T>(static_cast<T>(~T{0}) >> (8 * sizeof(T) - static_cast<unsigned>(count)));
}

#if LANCEKIT_VECTOR_BYTES == 64
// Shifts that newer CPUs have.
constexpr bool kHasWideShifts = true;
template <class T, int kShift>
LANCEKIT_ALWAYS_INLINE Vector<T> ShiftAcross(Vector<T> low, Vector<T> high) {
  const auto a = reinterpret_cast<__m512i>(low), b = reinterpret_cast<__m512i>(high);
  if constexpr (sizeof(T) == 2) return reinterpret_cast<Vector<T>>(_mm512_shrdi_epi16(a, b, kShift));
  if constexpr (sizeof(T) == 4) return reinterpret_cast<Vector<T>>(_mm512_shrdi_epi32(a, b, kShift));
  if constexpr (sizeof(T) == 8) return reinterpret_cast<Vector<T>>(_mm512_shrdi_epi64(a, b, kShift));
}
/// kWidth bits of each byte, from bit kShift on, those behind its last bit from bit 0 on; by a matrix of bits, whose row 7 - i
/// says which bit becomes bit i.
template <int kShift, int kWidth>
LANCEKIT_ALWAYS_INLINE Vector<std::uint8_t> RotateBytes(Vector<std::uint8_t> bytes) {
  constexpr std::uint64_t kMatrix = [] {
    std::uint64_t matrix = 0;
    for (int i = 0; i < kWidth; ++i) matrix |= std::uint64_t{1} << (8 * (7 - i) + (i + kShift) % 8);
    return matrix;
  }();
  const Vector<std::uint64_t> matrix = Vector<std::uint64_t>{} + kMatrix;
  return reinterpret_cast<Vector<std::uint8_t>>(
      _mm512_gf2p8affine_epi64_epi8(reinterpret_cast<__m512i>(bytes), reinterpret_cast<__m512i>(matrix), 0));
}
/// Bits of `low` from bit kFirst on, below it those of `high`.
template <int kFirst>
LANCEKIT_ALWAYS_INLINE Vector<std::uint8_t> JoinBytes(Vector<std::uint8_t> low, Vector<std::uint8_t> high) {
  constexpr int kFirstChooses = 0xca;
  const Vector<std::uint8_t> mask = Vector<std::uint8_t>{} + static_cast<std::uint8_t>(0xff << kFirst);
  return reinterpret_cast<Vector<std::uint8_t>>(_mm512_ternarylogic_epi64(
      reinterpret_cast<__m512i>(mask), reinterpret_cast<__m512i>(low), reinterpret_cast<__m512i>(high), kFirstChooses));
}
#else
constexpr bool kHasWideShifts = false;
template <class T, int kShift>
Vector<T> ShiftAcross(Vector<T> low, Vector<T> high);
template <int kShift, int kWidth>
Vector<std::uint8_t> RotateBytes(Vector<std::uint8_t> bytes);
template <int kFirst>
Vector<std::uint8_t> JoinBytes(Vector<std::uint8_t> low, Vector<std::uint8_t> high);
#endif

// x86 has no 8-bit shifts. Shifting 16-bit lanes lets bits of the neighbour byte in; the callers' mask removes them.
template <class T, int kShift>
LANCEKIT_ALWAYS_INLINE Vector<T> ShiftRightDirty(Vector<T> value) {
  if constexpr (sizeof(T) == 1) {
    return reinterpret_cast<Vector<T>>(reinterpret_cast<Vector<std::uint16_t>>(value) >> kShift);
  } else {
    return value >> kShift;
  }
}
template <class T, int kShift>
LANCEKIT_ALWAYS_INLINE Vector<T> ShiftLeftDirty(Vector<T> value) {
  if constexpr (sizeof(T) == 1) {
    return reinterpret_cast<Vector<T>>(reinterpret_cast<Vector<std::uint16_t>>(value) << kShift);
  } else {
    return value << kShift;
  }
}
template <class T>
LANCEKIT_ALWAYS_INLINE Vector<T> Mask(Vector<T> value, T mask) {
  return value & (Vector<T>{} + mask);
}

/// kWidth bits of each lane, from bit kShift on.
template <class T, int kShift, int kWidth>
LANCEKIT_ALWAYS_INLINE Vector<T> BitsFrom(Vector<T> word) {
  constexpr bool kWhole = kShift + kWidth == 8 * sizeof(T);
  if constexpr (sizeof(T) == 1 && kHasWideShifts && !(kWhole && kShift == 0)) {
    return RotateBytes<kShift, kWidth>(word);
  } else {
    const Vector<T> value = kShift == 0 ? word : ShiftRightDirty<T, kShift>(word);
    return kWhole && (sizeof(T) > 1 || kShift == 0) ? value : Mask<T>(value, LowBits<T>(kWidth));
  }
}
/// The same of bits that go on in `high`.
template <class T, int kShift, int kWidth>
LANCEKIT_ALWAYS_INLINE Vector<T> BitsAcross(Vector<T> low, Vector<T> high) {
  constexpr int kInWord = 8 * static_cast<int>(sizeof(T)) - kShift;
  if constexpr (kHasWideShifts) {
    if constexpr (sizeof(T) == 1) {
      return RotateBytes<kShift, kWidth>(JoinBytes<kShift>(low, high));
    } else {
      return Mask<T>(ShiftAcross<T, kShift>(low, high), LowBits<T>(kWidth));
    }
  } else if constexpr (sizeof(T) == 1) {
    return Mask<T>(ShiftRightDirty<T, kShift>(low), LowBits<T>(kInWord)) |
           Mask<T>(ShiftLeftDirty<T, kInWord>(high), static_cast<T>(LowBits<T>(kWidth) & ~LowBits<T>(kInWord)));
  } else {
    return Mask<T>(ShiftRightDirty<T, kShift>(low) | ShiftLeftDirty<T, kInWord>(high), LowBits<T>(kWidth));
  }
}

template <class T, int kWidth, int kRow>
LANCEKIT_ALWAYS_INLINE void UnpackRow(const std::byte* in, std::byte* out, Vector<T>& word) {
  constexpr int kBits = 8 * sizeof(T);
  constexpr int kWord = kRow * kWidth / kBits;
  constexpr int kShift = kRow * kWidth % kBits;
  constexpr int kInWord = kBits - kShift;
  if constexpr (kShift == 0) word = Load<T>(in + kWord * kRowBytes);
  Vector<T> value;
  if constexpr (kInWord >= kWidth) {
    value = BitsFrom<T, kShift, kWidth>(word);
  } else {
    const Vector<T> low = word;
    word = Load<T>(in + (kWord + 1) * kRowBytes);
    value = BitsAcross<T, kShift, kWidth>(low, word);
  }
  Store<T>(out + (kRowGroupOrder[kRow / 8] * 16 + kRow % 8 * 128) * static_cast<int>(sizeof(T)), value);
}

// The shifts repeat after kBits / gcd(kWidth, kBits) rows, so only one period of rows is unrolled: a third less code. Rows are
// kept in whole groups of 8; as the group order is a bit reversal, a period's output position is a sum.
template <class T, int kWidth>
constexpr int PeriodRows() {
  constexpr int kBits = 8 * sizeof(T);
  constexpr int kPowerOfTwo = kWidth & -kWidth;
  constexpr int kRows = kPowerOfTwo > kBits ? 1 : kBits / kPowerOfTwo;
  return kRows < 8 ? 8 : kRows;
}

/// Calls unpack_row.operator()<row>(in, out, word) for all rows; `word` is what it loaded last of the column of vectors.
template <class T, int kWidth, class UnpackRow, int... kRows>
LANCEKIT_ALWAYS_INLINE void ForEachRow(const std::byte* in, std::byte* out, UnpackRow unpack_row,
                                       std::integer_sequence<int, kRows...>) {
  constexpr int kBits = 8 * sizeof(T);
  for (int row = 0; row < kBits; row += static_cast<int>(sizeof...(kRows))) {
    const std::byte* from = in + row * kWidth / kBits * kRowBytes;
    std::byte* to = out + kRowGroupOrder[row / 8] * 16 * static_cast<int>(sizeof(T));
    for (int column = 0; column < kRowBytes; column += kVectorBytes) {
      Vector<T> word{};
      (unpack_row.template operator()<kRows>(from + column, to + column, word), ...);
    }
  }
}
template <class T, int kWidth, class UnpackRow>
LANCEKIT_ALWAYS_INLINE void ForEachRow(const std::byte* in, std::byte* out, UnpackRow unpack_row) {
  ForEachRow<T, kWidth>(in, out, unpack_row, std::make_integer_sequence<int, PeriodRows<T, kWidth>()>{});
}

// The same loop for any width: a tenth of the code, at about half the speed.
template <class T>
Vector<T> ShiftRight(Vector<T> value, int shift) {
  constexpr int kBits = 8 * sizeof(T);
  if constexpr (kBits > 8) return value >> shift;
  const auto shifted = reinterpret_cast<Vector<std::uint16_t>>(value) >> shift;
  return Mask<T>(reinterpret_cast<Vector<T>>(shifted), LowBits<T>(kBits - shift));
}
template <class T>
Vector<T> ShiftLeft(Vector<T> value, int shift) {
  if constexpr (sizeof(T) > 1) return value << shift;
  const auto shifted = reinterpret_cast<Vector<std::uint16_t>>(value) << shift;
  return Mask<T>(reinterpret_cast<Vector<T>>(shifted), static_cast<T>(~LowBits<T>(shift)));
}

/// Where the values of a row are among those of a block, in bytes.
template <class T>
int RowAt(int row) {
  return (kRowGroupOrder[row / 8] * 16 + row % 8 * 128) * static_cast<int>(sizeof(T));
}

template <class T>
[[gnu::noinline]] void UnpackAny(const std::byte* in, int width, std::byte* out) {
  constexpr int kBits = 8 * sizeof(T);
  for (int row = 0; row < kBits; ++row) {
    const int shift = row * width % kBits;
    const std::byte* const from = in + row * width / kBits * kRowBytes;
    std::byte* const to = out + RowAt<T>(row);
    for (int column = 0; column < kRowBytes; column += kVectorBytes) {
      Vector<T> value = ShiftRight<T>(Load<T>(from + column), shift);
      if (shift + width > kBits) value |= ShiftLeft<T>(Load<T>(from + column + kRowBytes), kBits - shift);
      Store<T>(to + column, Mask<T>(value, LowBits<T>(width)));
    }
  }
}
template <class T>
[[gnu::noinline]] void PackAny(const std::byte* in, int width, std::byte* out) {
  constexpr int kBits = 8 * sizeof(T);
  for (int row = 0; row < kBits; ++row) {
    const int shift = row * width % kBits;
    const std::byte* const from = in + RowAt<T>(row);
    std::byte* const to = out + row * width / kBits * kRowBytes;
    for (int column = 0; column < kRowBytes; column += kVectorBytes) {
      const Vector<T> value = Load<T>(from + column);
      Store<T>(to + column, shift == 0 ? value : Load<T>(to + column) | ShiftLeft<T>(value, shift));
      if (shift + width > kBits) Store<T>(to + column + kRowBytes, ShiftRight<T>(value, kBits - shift));
    }
  }
}

template <class T, int kWidth>
void Unpack(const std::byte* in, T* out) noexcept {
  if constexpr (kWidth == 0) {
    __builtin_memset(out, 0, 1024 * sizeof(T));
  } else if constexpr (kAnyWidth) {
    UnpackAny<T>(in, kWidth, reinterpret_cast<std::byte*>(out));
  } else {
    ForEachRow<T, kWidth>(in, reinterpret_cast<std::byte*>(out),
                          []<int kRow>(const std::byte* from, std::byte* to, Vector<T>& word)
                              __attribute__((always_inline)) { UnpackRow<T, kWidth, kRow>(from, to, word); });
  }
}
// Packing is a small part of writing: one loop for all widths saves a fifth of the library.
template <class T, int kWidth>
void Pack(const T* in, std::byte* out) noexcept {
  if constexpr (kWidth > 0) PackAny<T>(reinterpret_cast<const std::byte*>(in), kWidth, out);
}

// Plain loops from here on: the compiler vectorises them.

template <class T>
T OrAll(const T* in, std::size_t count) noexcept {
  T all = 0;
  for (std::size_t i = 0; i < count; ++i) all |= in[i];
  return all;
}

template <class T>
T Max(const T* in, std::size_t count) noexcept {
  T max = 0;
  for (std::size_t i = 0; i < count; ++i) max = in[i] > max ? in[i] : max;
  return max;
}

// The counter of an inner stretch is as wide as the values, so that vectors of values and of counters have equally many lanes.
template <class T>
std::size_t CountChanges(const T* in, std::size_t count) noexcept {
  std::size_t total = 0;
  for (std::size_t begin = 1; begin < count;) {
    const std::size_t stretch = count - begin < 255 ? count - begin : 255;
    T changes = 0;
    for (std::size_t i = begin; i < begin + stretch; ++i) changes = static_cast<T>(changes + (in[i] != in[i - 1]));
    total += changes;
    begin += stretch;
  }
  return total;
}

// Signed numbers are ordered like unsigned ones once their sign bit is flipped.
template <class T>
void MinMax(const T* in, std::size_t count, T flip, T* min, T* max) noexcept {
  T low = static_cast<T>(~T{0}), high = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const T value = static_cast<T>(in[i] ^ flip);
    low = value < low ? value : low;
    high = value > high ? value : high;
  }
  *min = low;
  *max = high;
}

// The sum of numbers of 64 bits from that of their upper halves and from all that is left of it in 64 bits.
template <class T>
unsigned __int128 Total(const T* in, std::size_t count, T flip) noexcept {
  std::uint64_t sum = 0, upper = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t value = static_cast<T>(in[i] ^ flip);
    sum += value;
    if constexpr (sizeof(T) == 8) upper += value >> 32;
  }
  return (static_cast<unsigned __int128>(upper) << 32) + (sum - (upper << 32));
}

template <class T>
std::uint64_t SetOf(const T* in, std::size_t count) noexcept {
  std::uint64_t set = 0;
  for (std::size_t i = 0; i < count; ++i) set |= std::uint64_t{1} << (in[i] & 63);
  return set;
}

#if LANCEKIT_VECTOR_BYTES == 64
/// The lowest 32 bits of 16 values. Here and below masked forms: in the plain ones GCC 12 sees what is not set.
template <std::size_t kValueBytes>
LANCEKIT_ALWAYS_INLINE __m512i LowestOf(const std::byte* values) {
  if constexpr (kValueBytes == 4) {
    return _mm512_loadu_si512(values);
  } else {
    const auto half = [](const std::byte* from) __attribute__((always_inline)) {
      if constexpr (kValueBytes == 8) {
        return _mm512_maskz_cvtepi64_epi32(0xff, _mm512_loadu_si512(from));
      } else {
        const __m512i places = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
        return _mm512_maskz_cvtepi64_epi32(
            0xff, _mm512_permutex2var_epi64(_mm512_loadu_si512(from), places, _mm512_loadu_si512(from + 64)));
      }
    };
    return _mm512_maskz_inserti64x4(0xff, _mm512_castsi256_si512(half(values)), half(values + 8 * kValueBytes), 1);
  }
}
#endif

template <std::size_t kValueBytes>
void LookUp(const std::byte* values, std::size_t count, std::uint32_t least, const std::uint32_t* table,
            std::uint32_t* out) noexcept {
  std::size_t i = 0;
#if LANCEKIT_VECTOR_BYTES == 64
  const __m512i start = _mm512_set1_epi32(static_cast<int>(least));
  for (; i + 16 <= count; i += 16) {
    const __m512i places = _mm512_sub_epi32(LowestOf<kValueBytes>(values + i * kValueBytes), start);
    Store<std::uint32_t>(out + i, reinterpret_cast<Vector<std::uint32_t>>(
                                      _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0xffff, places, table, 4)));
  }
#endif
  for (; i < count; ++i) {
    std::uint32_t low;
    __builtin_memcpy(&low, values + i * kValueBytes, sizeof(low));
    out[i] = table[low - least];
  }
}

// A number of 128 bits is one of 64 when its upper half repeats the sign of the lower one.
bool MinMax16(const std::uint64_t* in, std::size_t count, std::int64_t* min, std::int64_t* max) noexcept {
  std::uint64_t wide = 0;
  std::int64_t low = INT64_MAX, high = INT64_MIN;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t value = static_cast<std::int64_t>(in[2 * i]);
    wide |= in[2 * i + 1] ^ static_cast<std::uint64_t>(value >> 63);
    low = value < low ? value : low;
    high = value > high ? value : high;
  }
  *min = low;
  *max = high;
  return wide == 0;
}

// Bits of floating-point numbers become unsigned numbers of the same order: negative ones turned over, the others with the sign
// bit set. NaNs are counted, and neutral for both bounds.
template <class T, int kFractionBits>
std::size_t FloatMinMax(const T* in, std::size_t count, T* min, T* max) noexcept {
  constexpr T kSign = static_cast<T>(T{1} << (8 * sizeof(T) - 1));
  constexpr T kInfinity = static_cast<T>((kSign - 1) >> kFractionBits << kFractionBits);
  T low = static_cast<T>(~T{0}), high = 0, num_nans = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const T bits = in[i];
    const T is_nan = static_cast<T>((bits & ~kSign) > kInfinity);
    const T nan_mask = static_cast<T>(T{0} - is_nan);
    const T turn = static_cast<T>((T{0} - (bits >> (8 * sizeof(T) - 1))) | kSign);
    const T key = bits ^ turn;
    const T for_low = key | nan_mask;
    const T for_high = static_cast<T>(key & ~nan_mask);
    low = for_low < low ? for_low : low;
    high = for_high > high ? for_high : high;
    num_nans = static_cast<T>(num_nans + is_nan);
  }
  *min = low;
  *max = high;
  return num_nans;
}

// 1u: narrow types would become signed.
template <class T>
void Scale(T* values, std::size_t count, T factor, T base) noexcept {
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<T>(base + 1u * factor * values[i]);
}

/// Stores so many bytes at once.
template <class T, int kBytes>
std::size_t StairsBy(const T* firsts, const std::uint32_t* lengths, std::size_t num_runs, T step, std::size_t most,
                     std::byte* out) noexcept {
  constexpr int kStoreBytes = kBytes < kVectorBytes ? kBytes : kVectorBytes;
  constexpr int kStores = kBytes / kStoreBytes;
  constexpr std::size_t kLanes = kBytes / sizeof(T);
  typedef T Lanes __attribute__((vector_size(kStoreBytes)));
  Lanes offsets[kStores];
  for (std::size_t i = 0; i < kLanes; ++i)
    offsets[i * sizeof(T) / kStoreBytes][i % (kStoreBytes / sizeof(T))] = static_cast<T>(i * step);
  std::size_t at = 0;
  for (std::size_t run = 0; run < num_runs; ++run) {
    const std::size_t left = most - at;
    std::size_t count = lengths[run];
    if (count - 1 >= left) [[unlikely]] {
      if (count == 0 || left == 0) return 0;
      count = left;
    }
    T first = firsts[run];
    std::byte* to = out + at * sizeof(T);
    at += count;
    const std::byte* const end = out + at * sizeof(T);
    do {
      for (int i = 0; i < kStores; ++i) {
        const Lanes values = offsets[i] + first;
        __builtin_memcpy(to + i * kStoreBytes, &values, kStoreBytes);
      }
      to += kBytes;
      first = static_cast<T>(first + static_cast<T>(kLanes * step));
    } while (to < end);
  }
  return at;
}
// So many bytes are stored at once that most runs need no more.
template <class T>
std::size_t Stairs(const T* firsts, const std::uint32_t* lengths, std::size_t num_runs, T step, std::size_t most,
                   std::byte* out) noexcept {
  const bool all_short = Max(lengths, num_runs) * sizeof(T) <= 32;
  return all_short ? StairsBy<T, 32>(firsts, lengths, num_runs, step, most, out)
                   : StairsBy<T, 64>(firsts, lengths, num_runs, step, most, out);
}

template <class T>
void Add(T* values, std::size_t count, T base) noexcept {
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<T>(values[i] + base);
}

// Sums of vectors of 32 bytes: within their halves, then with the low half's sum in the high one. Only the addition of the carry
// waits for the vector before.
#define LANCEKIT_SHUFFLE __builtin_shufflevector
template <class T>
struct HalvesOf {
  typedef T Type __attribute__((vector_size(32)));
  typedef T Unaligned __attribute__((vector_size(32), aligned(1), may_alias));
};
using Halves64 = HalvesOf<std::uint64_t>::Type;
using Halves32 = HalvesOf<std::uint32_t>::Type;

LANCEKIT_ALWAYS_INLINE void SumHalves(Halves64* values, Halves64* carry) {
  const Halves64 zero{};
  const Halves64 sums = *values + LANCEKIT_SHUFFLE(*values, zero, 4, 0, 6, 2);
  const Halves64 ends = LANCEKIT_SHUFFLE(sums, sums, 1, 5, 3, 7);
  const Halves64 swapped = LANCEKIT_SHUFFLE(ends, ends, 2, 3, 0, 1);
  *values = sums + LANCEKIT_SHUFFLE(zero, swapped, 0, 1, 6, 7) + *carry;
  *carry += ends + swapped;
}
LANCEKIT_ALWAYS_INLINE void SumHalves(Halves32* values, Halves32* carry) {
  const Halves32 zero{};
  Halves32 sums = *values + LANCEKIT_SHUFFLE(*values, zero, 8, 0, 1, 2, 8, 4, 5, 6);
  sums += LANCEKIT_SHUFFLE(sums, zero, 8, 8, 0, 1, 8, 8, 4, 5);
  const Halves32 ends = LANCEKIT_SHUFFLE(sums, sums, 3, 3, 3, 3, 7, 7, 7, 7);
  const Halves32 swapped = LANCEKIT_SHUFFLE(ends, ends, 4, 5, 6, 7, 0, 1, 2, 3);
  *values = sums + LANCEKIT_SHUFFLE(zero, swapped, 0, 1, 2, 3, 12, 13, 14, 15) + *carry;
  *carry += ends + swapped;
}
#undef LANCEKIT_SHUFFLE

template <class T>
void Sum(const T* in, std::size_t count, T first, T* out) noexcept {
  std::size_t i = 0;
  T sum = first;
  if constexpr (sizeof(T) >= 4 && kVectorBytes >= 32) {
    using Halves = typename HalvesOf<T>::Type;
    using Unaligned = typename HalvesOf<T>::Unaligned;
    constexpr std::size_t kLanes = 32 / sizeof(T);
    Halves carry = Halves{} + first;
    for (; i + kLanes <= count; i += kLanes) {
      Halves values = *reinterpret_cast<const Unaligned*>(in + i);
      SumHalves(&values, &carry);
      *reinterpret_cast<Unaligned*>(out + i) = values;
    }
    sum = carry[0];
  }
  for (; i < count; ++i) out[i] = sum = static_cast<T>(sum + in[i]);
}

template <class T>
struct Unaligned {
  typedef T Type __attribute__((aligned(1), may_alias));
};

template <class Inner, class T>
void Widen(const std::byte* __restrict in, std::size_t count, std::uint64_t base, std::byte* __restrict out) noexcept {
  const auto* from = reinterpret_cast<const typename Unaligned<Inner>::Type*>(in);
  auto* to = reinterpret_cast<typename Unaligned<T>::Type*>(out);
  const T start = static_cast<T>(base);
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<T>(start + from[i]);
}

}  // namespace
}  // namespace lancekit::kernels::LANCEKIT_LEVEL

#include "encodings/kernels/level_alp.h"
#include "encodings/kernels/level_bitmasks.h"

namespace lancekit::kernels::LANCEKIT_LEVEL {
namespace {

template <std::size_t kSize>
void Split(const std::byte* __restrict in, std::size_t count, std::byte* __restrict out) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < kSize; ++j) out[j * count + i] = in[i * kSize + j];
  }
}
template <std::size_t kSize>
void Merge(const std::byte* __restrict in, std::size_t count, std::byte* __restrict out) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < kSize; ++j) out[i * kSize + j] = in[j * count + i];
  }
}

template <class T, int... kWidths>
constexpr TypedKernels<T> MakeTyped(std::integer_sequence<int, kWidths...>) {
  return {.pack = {&Pack<T, kWidths>...},
          .unpack = {&Unpack<T, kWidths>...},
          .or_all = &OrAll<T>,
          .max = &Max<T>,
          .count_changes = &CountChanges<T>,
          .min_max = &MinMax<T>,
          .total = &Total<T>,
          .set_of = &SetOf<T>,
          .add = &Add<T>,
          .scale = &Scale<T>,
          .sum = &Sum<T>,
          .stairs = &Stairs<T>};
}
template <class T>
constexpr TypedKernels<T> MakeTyped() {
  return MakeTyped<T>(std::make_integer_sequence<int, 8 * sizeof(T) + 1>{});
}

#undef LANCEKIT_ALWAYS_INLINE

}  // namespace

constinit const KernelTable kTable = {
    .u8 = MakeTyped<std::uint8_t>(),
    .u16 = MakeTyped<std::uint16_t>(),
    .u32 = MakeTyped<std::uint32_t>(),
    .u64 = MakeTyped<std::uint64_t>(),
    .widen = {{nullptr, &Widen<std::uint8_t, std::uint16_t>, &Widen<std::uint8_t, std::uint32_t>,
               &Widen<std::uint8_t, std::uint64_t>},
              {nullptr, nullptr, &Widen<std::uint16_t, std::uint32_t>, &Widen<std::uint16_t, std::uint64_t>},
              {nullptr, nullptr, nullptr, &Widen<std::uint32_t, std::uint64_t>}},
    .alp4 = &Alp<float>,
    .unpack_alp8 = &UnpackAlp,
    .alp8 = &Alp<double>,
    .split4 = &Split<4>,
    .split8 = &Split<8>,
    .merge4 = &Merge<4>,
    .merge8 = &Merge<8>,
    .min_max16 = &MinMax16,
    .float_min_max4 = &FloatMinMax<std::uint32_t, 23>,
    .float_min_max8 = &FloatMinMax<std::uint64_t, 52>,
    .look_up = {&LookUp<4>, &LookUp<8>, &LookUp<16>},
    .mask_range = &MaskRange,
    .select_bits = &SelectBits,
    .list_starts4 = &ListStarts<std::uint32_t>,
    .list_starts8 = &ListStarts<std::uint64_t>,
    .encode_tokens = LANCEKIT_ENCODE_TOKENS,
    .encode_fsst = LANCEKIT_ENCODE_FSST};

}  // namespace lancekit::kernels::LANCEKIT_LEVEL
