#include <cmath>
#include <limits>
#include <type_traits>

#include "filter/match.h"

namespace lancekit::filter {
namespace {

// How values are loaded: Value operator()(row).

template <class T>
struct Plain {
  using Value = T;
  const std::byte* values;
  T operator()(std::size_t row) const { return LoadLe<T>(values + row * sizeof(T)); }
};

struct Half {
  using Value = float;
  const std::byte* values;
  float operator()(std::size_t row) const { return HalfToFloat(LoadLe<std::uint16_t>(values + row * 2)); }
};

struct Wide {
  using Value = Int256;
  const std::byte* values;
  Int256 operator()(std::size_t row) const { return Int256::Load(values + row * 32, 32); }
};

using Int128 = __int128;

template <class T>
T To(const Scalar& scalar) {
  if constexpr (std::is_same_v<T, Int256>) {
    return *std::get_if<Int256>(&scalar);
  } else if constexpr (std::is_same_v<T, Int128>) {
    const Int256& value = *std::get_if<Int256>(&scalar);
    return static_cast<Int128>(static_cast<unsigned __int128>(value.words[1]) << 64 | value.words[0]);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(*std::get_if<double>(&scalar));
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(*std::get_if<std::int64_t>(&scalar));
  } else {
    return static_cast<T>(*std::get_if<std::uint64_t>(&scalar));
  }
}

template <class T>
struct Ends {
  static constexpr T kLeast = std::numeric_limits<T>::lowest();
  static constexpr T kGreatest = std::numeric_limits<T>::max();
};
template <>
struct Ends<float> {
  static constexpr float kLeast = -std::numeric_limits<float>::infinity(), kGreatest = std::numeric_limits<float>::infinity();
};
template <>
struct Ends<double> {
  static constexpr double kLeast = -std::numeric_limits<double>::infinity(), kGreatest = std::numeric_limits<double>::infinity();
};
template <>
struct Ends<Int128> {
  static constexpr Int128 kGreatest = static_cast<Int128>(~static_cast<unsigned __int128>(0) >> 1), kLeast = -kGreatest - 1;
};
template <>
struct Ends<Int256> {
  static constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  static constexpr Int256 kLeast{{0, 0, 0, kSign}}, kGreatest{{~std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint64_t{0}, ~kSign}};
};

/// Keeps the rows for which match(value) is not `is_negated`. The inner loop is one for the compiler to vectorize.
template <class Load, class Match>
void Keep(const Load& load, std::uint64_t num_rows, bool is_negated, std::uint64_t* words, const Match& match) {
  const std::uint64_t flip = is_negated ? ~std::uint64_t{0} : 0;
  for (std::uint64_t w = 0; w < NumWords(num_rows); ++w) {
    if (words[w] == 0) continue;
    const std::uint64_t first = w * 64, count = std::min<std::uint64_t>(64, num_rows - first);
    std::array<std::uint8_t, 64> hits{};
    if (count == 64) {
      for (std::size_t i = 0; i < 64; ++i) hits[i] = match(load(first + i));
    } else {
      for (std::size_t i = 0; i < count; ++i) hits[i] = match(load(first + i));
    }
    words[w] &= PackBits(hits) ^ flip;
  }
}

template <class T>
struct Between {
  T low, high;
  bool operator()(const T& value) const {
    if constexpr (std::is_same_v<T, Int256>) {
      return value >= low && value <= high;
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<int>(value >= low) & static_cast<int>(value <= high);
    } else if constexpr (std::is_same_v<T, Int128>) {
      using U = unsigned __int128;
      return static_cast<U>(value) - static_cast<U>(low) <= static_cast<U>(high) - static_cast<U>(low);
    } else {  // one comparison instead of two
      using U = std::make_unsigned_t<T>;
      return static_cast<U>(static_cast<U>(value) - static_cast<U>(low)) <=
             static_cast<U>(static_cast<U>(high) - static_cast<U>(low));
    }
  }
};

template <class Load>
void KeepRange(const Load& load, std::uint64_t num_rows, const Test& test, std::uint64_t* words) {
  using T = typename Load::Value;
  Between<T> range{test.low ? To<T>(*test.low) : Ends<T>::kLeast, test.high ? To<T>(*test.high) : Ends<T>::kGreatest};
  bool is_negated = test.is_negated;
  if constexpr (std::is_floating_point_v<T>) {
    if (!test.high) {  // NaN belongs to it, which compares as neither: what is below does not match
      is_negated = !is_negated;
      const T low = range.low;
      range.low = -std::numeric_limits<T>::infinity();
      range.high = std::isnan(low) ? std::numeric_limits<T>::infinity() : std::nextafter(low, range.low);
    }
  }
  Keep(load, num_rows, is_negated, words, range);
}

template <class T>
bool IsNan(const T& value) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(value);
  return false;
}

template <class Load>
void KeepIn(const Load& load, std::uint64_t num_rows, const Test& test, std::uint64_t* words) {
  using T = typename Load::Value;
  std::vector<T> items;
  items.reserve(test.items.size());
  for (const Scalar& item : test.items) items.push_back(To<T>(item));
  const bool has_nan = IsNan(items.back());
  if (has_nan) items.pop_back();
  Keep(load, num_rows, test.is_negated, words, [&](const T& value) {
    if (IsNan(value)) return has_nan;
    // Without branches that depend on the value.
    const T* first = items.data();
    for (std::size_t size = items.size(); size > 1;) {
      const std::size_t half = size / 2;
      first = first[half] <= value ? first + half : first;
      size -= half;
    }
    return *first == value;
  });
}

template <class Load>
void KeepWith(const Load& load, const ArrayData& array, const Test& test, std::uint64_t* words) {
  const auto num_rows = static_cast<std::uint64_t>(array.length);
  if (test.kind == Test::Kind::kRange) {
    KeepRange(load, num_rows, test, words);
  } else {
    KeepIn(load, num_rows, test, words);
  }
}

void KeepBools(const ArrayData& array, const Test& test, std::uint64_t* words) {
  const auto matches = [&](std::uint64_t value) {
    const bool in_range = (!test.low || *std::get_if<std::uint64_t>(&*test.low) <= value) &&
                          (!test.high || value <= *std::get_if<std::uint64_t>(&*test.high));
    return in_range != test.is_negated;  // a kIn has both values, like a range without bounds
  };
  const std::uint64_t if_set = matches(1) ? ~std::uint64_t{0} : 0, if_clear = matches(0) ? ~std::uint64_t{0} : 0;
  const auto num_rows = static_cast<std::uint64_t>(array.length);
  for (std::uint64_t w = 0; w < NumWords(num_rows); ++w) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, array.values.data() + w * 8, std::min<std::uint64_t>(8, (num_rows + 7) / 8 - w * 8));
    words[w] &= (bits & if_set) | (~bits & if_clear);
  }
}

}  // namespace

void KeepNumbers(const DataType& type, const ArrayData& array, const Test& test, std::uint64_t* words) {
  const std::byte* values = array.values.data();
  switch (type.id) {
    case TypeId::kBool:
      return KeepBools(array, test, words);
    case TypeId::kFloat16:
      return KeepWith(Half{values}, array, test, words);
    case TypeId::kFloat32:
      return KeepWith(Plain<float>{values}, array, test, words);
    case TypeId::kFloat64:
      return KeepWith(Plain<double>{values}, array, test, words);
    case TypeId::kDecimal128:
      return KeepWith(Plain<Int128>{values}, array, test, words);
    case TypeId::kDecimal256:
      return KeepWith(Wide{values}, array, test, words);
    case TypeId::kInt8:
      return KeepWith(Plain<std::int8_t>{values}, array, test, words);
    case TypeId::kUInt8:
      return KeepWith(Plain<std::uint8_t>{values}, array, test, words);
    case TypeId::kInt16:
      return KeepWith(Plain<std::int16_t>{values}, array, test, words);
    case TypeId::kUInt16:
      return KeepWith(Plain<std::uint16_t>{values}, array, test, words);
    case TypeId::kInt32:
    case TypeId::kDate32:
    case TypeId::kTime32:
      return KeepWith(Plain<std::int32_t>{values}, array, test, words);
    case TypeId::kUInt32:
      return KeepWith(Plain<std::uint32_t>{values}, array, test, words);
    case TypeId::kUInt64:
      return KeepWith(Plain<std::uint64_t>{values}, array, test, words);
    default:
      return KeepWith(Plain<std::int64_t>{values}, array, test, words);
  }
}

}  // namespace lancekit::filter
