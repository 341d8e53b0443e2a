#include "types/scalar.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/endian.h"

namespace lancekit {

Int256 Int256::From(std::int64_t value) noexcept {
  const std::uint64_t sign = value < 0 ? ~std::uint64_t{0} : 0;
  return {{static_cast<std::uint64_t>(value), sign, sign, sign}};
}

Int256 Int256::Load(const std::byte* bytes, std::size_t width) noexcept {
  Int256 value;
  std::memcpy(value.words.data(), bytes, width);
  if (width == 16 && (value.words[1] >> 63) != 0) value.words[2] = value.words[3] = ~std::uint64_t{0};
  return value;
}

void Int256::Store(std::byte* bytes, std::size_t width) const noexcept { std::memcpy(bytes, words.data(), width); }

std::strong_ordering operator<=>(const Int256& a, const Int256& b) noexcept {
  if (a.negative() != b.negative()) return a.negative() ? std::strong_ordering::less : std::strong_ordering::greater;
  for (std::size_t i = a.words.size(); i-- > 0;) {
    if (a.words[i] != b.words[i]) return a.words[i] <=> b.words[i];
  }
  return std::strong_ordering::equal;
}

Domain DomainOf(const DataType& type) noexcept {
  switch (type.id) {
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kDate32:
    case TypeId::kDate64:
    case TypeId::kTime32:
    case TypeId::kTime64:
    case TypeId::kTimestamp:
    case TypeId::kDuration:
      return Domain::kSigned;
    case TypeId::kBool:
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
    case TypeId::kUInt64:
      return Domain::kUnsigned;
    case TypeId::kFloat16:
    case TypeId::kFloat32:
    case TypeId::kFloat64:
      return Domain::kFloating;
    case TypeId::kDecimal128:
    case TypeId::kDecimal256:
      return Domain::kDecimal;
    case TypeId::kString:
    case TypeId::kLargeString:
    case TypeId::kBinary:
    case TypeId::kLargeBinary:
    case TypeId::kFixedSizeBinary:
      return Domain::kBytes;
    case TypeId::kDictionary:
      return DomainOf(type.children[0].type);
    case TypeId::kNull:
    case TypeId::kFixedSizeList:
    case TypeId::kStruct:
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kMap:
      return Domain::kNone;
  }
  return Domain::kNone;
}

std::weak_ordering CompareFloats(double a, double b) noexcept {
  const bool a_nan = std::isnan(a), b_nan = std::isnan(b);
  if (a_nan || b_nan) return a_nan <=> b_nan;
  if (a == b) return std::weak_ordering::equivalent;
  return a < b ? std::weak_ordering::less : std::weak_ordering::greater;
}

std::weak_ordering Compare(const Scalar& a, const Scalar& b) noexcept {
  if (a.index() != b.index()) return a.index() <=> b.index();
  switch (static_cast<Domain>(a.index())) {
    case Domain::kSigned:
      return *std::get_if<std::int64_t>(&a) <=> *std::get_if<std::int64_t>(&b);
    case Domain::kUnsigned:
      return *std::get_if<std::uint64_t>(&a) <=> *std::get_if<std::uint64_t>(&b);
    case Domain::kFloating:
      return CompareFloats(*std::get_if<double>(&a), *std::get_if<double>(&b));
    case Domain::kDecimal:
      return *std::get_if<Int256>(&a) <=> *std::get_if<Int256>(&b);
    case Domain::kBytes:
    case Domain::kNone:
      break;
  }
  return std::get_if<std::string>(&a)->compare(*std::get_if<std::string>(&b)) <=> 0;
}

float HalfToFloat(std::uint16_t bits) noexcept {
  const std::uint32_t sign = std::uint32_t{bits} >> 15, exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
  if (exponent == 0) {  // zero and subnormal
    const float value = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wide = exponent == 0x1F ? 0xFF : exponent + 112;
  return std::bit_cast<float>(sign << 31 | wide << 23 | fraction << 13);
}

double LoadFloat(const std::byte* at, std::size_t width) noexcept {
  if (width == 2) return HalfToFloat(LoadLe<std::uint16_t>(at));
  return width == 4 ? LoadLe<float>(at) : LoadLe<double>(at);
}

}  // namespace lancekit
