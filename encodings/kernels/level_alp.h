// The part of level_kernels.h that makes numbers of ALP's integers; included there, once for each CPU level.
//
// Source: Afroozeh, Kuffo, Boncz: ALP: Adaptive Lossless floating-Point Compression, SIGMOD 2023, section 3.1.

namespace lancekit::kernels::LANCEKIT_LEVEL {
namespace {

// No CPU before AVX-512 converts integers of 64 bits; those of up to 52 become numbers by their place in a larger one.
template <class Float>
void Alp(std::byte* values, std::size_t count, Float factor, Float inverse) noexcept {
  constexpr bool kDouble = sizeof(Float) == 8;
  constexpr std::uint64_t kPlaceBits = 0x4338000000000000;
  constexpr double kPlace = 0x1.8p52;
  static_assert(__builtin_bit_cast(double, kPlaceBits) == kPlace);
  auto* to = reinterpret_cast<typename Unaligned<Float>::Type*>(values);
  const auto* wide = reinterpret_cast<const typename Unaligned<std::uint64_t>::Type*>(values);
  const auto* narrow = reinterpret_cast<const typename Unaligned<std::int32_t>::Type*>(values);
  for (std::size_t i = 0; i < count; ++i) {
    if constexpr (kDouble) {
      to[i] = (__builtin_bit_cast(double, wide[i] + kPlaceBits) - kPlace) * factor * inverse;
    } else {
      to[i] = static_cast<Float>(narrow[i]) * factor * inverse;
    }
  }
}

// Numbers of packed integers of up to 51 bits less a base: (integer + base) * factor * inverse, rounded by each multiplication.
// A block is written once. 2^52 with an integer in its lowest bits is a number, less 2^52 the integer.
void UnpackAlpAny(const std::byte* in, int width, double base, double factor, double inverse, std::byte* out) {
  constexpr int kBits = 64;
  constexpr double kPlace = 0x1p52;
  const Vector<std::uint64_t> place = Vector<std::uint64_t>{} + __builtin_bit_cast(std::uint64_t, kPlace);
  const double start = kPlace - base;
  for (int row = 0, bit = 0; row < kBits; ++row, bit += width) {
    const std::byte* const from = in + bit / kBits * kRowBytes;
    const int shift = bit % kBits;
    for (int column = 0; column < kRowBytes; column += kVectorBytes) {
      Vector<std::uint64_t> packed = Load<std::uint64_t>(from + column) >> shift;
      if (shift + width > kBits) packed |= Load<std::uint64_t>(from + column + kRowBytes) << (kBits - shift);
      packed = Mask<std::uint64_t>(packed, LowBits<std::uint64_t>(width)) | place;
      Store<double>(out + RowAt<std::uint64_t>(row) + column,
                    (reinterpret_cast<Vector<double>>(packed) - start) * factor * inverse);
    }
  }
}

#if LANCEKIT_VECTOR_BYTES == 64
// The same in fewer operations: 2^width has room for an integer below its first bit, and (2^width + integer) * factor + rest,
// with rest = (base - 2^width) * factor, is rounded once. Right where `rest` is exact.
template <int kWidth>
struct AlpBlock {
  static constexpr int kAt = 52 - kWidth;  // where the integer goes
  Vector<double> factor;
  Vector<double> rest;
  Vector<double> inverse;

  LANCEKIT_ALWAYS_INLINE Vector<double> Numbers(Vector<std::uint64_t> packed) const {
    constexpr double kPlace = static_cast<double>(std::uint64_t{1} << kWidth);
    constexpr int kMaskedOrPlace = 0xea;
    const Vector<std::uint64_t> mask = Vector<std::uint64_t>{} + (LowBits<std::uint64_t>(kWidth) << kAt);
    const Vector<std::uint64_t> place = Vector<std::uint64_t>{} + __builtin_bit_cast(std::uint64_t, kPlace);
    const __m512i integer = _mm512_ternarylogic_epi64(reinterpret_cast<__m512i>(packed), reinterpret_cast<__m512i>(mask),
                                                      reinterpret_cast<__m512i>(place), kMaskedOrPlace);
    return Vector<double>(_mm512_fmadd_pd(_mm512_castsi512_pd(integer), __m512d(factor), __m512d(rest))) * inverse;
  }
};
template <int kWidth, int kRow>
LANCEKIT_ALWAYS_INLINE void UnpackAlpRow(const AlpBlock<kWidth>& block, const std::byte* in, std::byte* out,
                                         Vector<std::uint64_t>& word) {
  constexpr int kWord = kRow * kWidth / 64;
  constexpr int kFirst = kRow * kWidth % 64;
  constexpr int kShift = kFirst - AlpBlock<kWidth>::kAt;  // to the right
  if constexpr (kFirst == 0) word = Load<std::uint64_t>(in + kWord * kRowBytes);
  Vector<std::uint64_t> packed = word;
  if constexpr (kFirst + kWidth > 64) {
    word = Load<std::uint64_t>(in + (kWord + 1) * kRowBytes);
    packed = ShiftAcross<std::uint64_t, kShift>(packed, word);
  } else if constexpr (kShift > 0) {
    packed = packed >> kShift;
  } else {
    packed = packed << -kShift;
  }
  Store<double>(out + (kRowGroupOrder[kRow / 8] * 16 + kRow % 8 * 128) * 8, block.Numbers(packed));
}
template <int kWidth>
void UnpackAlpOf(const std::byte* in, double factor, double rest, double inverse, std::byte* out) {
  const AlpBlock<kWidth> block{Vector<double>{} + factor, Vector<double>{} + rest, Vector<double>{} + inverse};
  ForEachRow<std::uint64_t, kWidth>(in, out,
                                    [block]<int kRow>(const std::byte* from, std::byte* to, Vector<std::uint64_t>& word)
                                        __attribute__((always_inline)) { UnpackAlpRow<kWidth, kRow>(block, from, to, word); });
}
template <int... kWidths>
bool UnpackAlpFused(const std::byte* in, int width, double base, double factor, double inverse, std::byte* out,
                    std::integer_sequence<int, kWidths...>) {
  static constexpr void (*kUnpackers[])(const std::byte*, double, double, double, std::byte*) = {&UnpackAlpOf<kWidths + 1>...};
  const double less = base - static_cast<double>(std::uint64_t{1} << width);
  const double rest = less * factor;
  if (__builtin_fma(less, factor, -rest) != 0) return false;
  kUnpackers[width - 1](in, factor, rest, inverse, out);
  return true;
}
#else
template <class... Arguments>
bool UnpackAlpFused(Arguments...) {
  return false;
}
#endif

void UnpackAlp(const std::byte* in, int width, double base, double factor, double inverse, double* out) noexcept {
  auto* const to = reinterpret_cast<std::byte*>(out);
  if (!UnpackAlpFused(in, width, base, factor, inverse, to, std::make_integer_sequence<int, 51>{}))
    UnpackAlpAny(in, width, base, factor, inverse, to);
}

}  // namespace
}  // namespace lancekit::kernels::LANCEKIT_LEVEL
