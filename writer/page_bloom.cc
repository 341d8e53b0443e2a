#include "writer/page_bloom.h"

#include <cmath>
#include <string_view>

#include "base/bitmap.h"
#include "format/bloom.h"
#include "types/scalar.h"

namespace lancekit {
namespace {

std::string_view TextAt(const ValuesView& values, std::uint64_t i) {
  const auto* const data = reinterpret_cast<const char*>(values.shape.variable() ? values.data : values.values);
  const std::uint64_t width = values.shape.width_bits / 8;
  const std::uint64_t begin = values.shape.variable() ? values.Offset(i) : i * width;
  return {data + begin, values.shape.variable() ? values.Offset(i + 1) - begin : width};
}

/// None for NaN.
std::optional<std::uint64_t> HashAt(const DataType& type, const ValuesView& values, std::uint64_t i) {
  const std::uint64_t bits = values.shape.width_bits;
  const std::byte* const at = values.values + i * (bits / 8);
  switch (DomainOf(type)) {
    case Domain::kSigned:
      return format::BloomHash(LoadSigned(at, bits / 8));
    case Domain::kUnsigned:
      if (bits == 1) return format::BloomHash(std::uint64_t{GetBit(values.values, i)});
      return format::BloomHash(LoadUnsigned(at, bits / 8));
    case Domain::kFloating: {
      const double value = LoadFloat(at, bits / 8);
      return std::isnan(value) ? std::nullopt : std::optional(format::BloomHash(value));
    }
    case Domain::kDecimal:
      return format::BloomHash(Int256::Load(at, bits / 8));
    case Domain::kBytes:
      return format::BloomHashOfBytes(TextAt(values, i));
    case Domain::kNone:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::byte> MakePageBloom(const LeafType& leaf, const ColumnBuffer& rows,
                                     const std::optional<DictionaryAttempt>& numbers, int bits_per_value) {
  const PageValues page = rows.View();
  const DictionaryBuilder* const dictionary = leaf.is_dictionary()  ? &rows.dictionary()
                                              : numbers.has_value() ? &numbers->items
                                                                    : nullptr;
  const DataType& type = leaf.is_dictionary() ? leaf.type.children[0].type : leaf.type;
  const ValuesView values = dictionary != nullptr ? dictionary->View() : page.values;
  const std::byte* const validity = dictionary != nullptr ? nullptr : page.validity;
  std::vector<std::uint64_t> hashes;
  for (std::uint64_t i = 0; i < values.length; ++i) {
    if (validity != nullptr && !GetBit(validity, i)) continue;
    const std::optional<std::uint64_t> hash = HashAt(type, values, i);
    if (hash.has_value() && (hashes.empty() || *hash != hashes.back())) hashes.push_back(*hash);
  }
  return format::MakeBloomFilter(hashes, bits_per_value);
}

}  // namespace lancekit
