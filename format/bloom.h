// Split-block Bloom filters: of a page, which values it certainly does not hold. Blocks and salts are those of Parquet's filters
// (Source: apache/parquet-format BloomFilter.md); what is hashed, and how, is told in spec/statistics.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/byte_reader.h"
#include "types/scalar.h"

namespace lancekit::format {

/// Eight words of 32 bits, in each of which a value sets one bit.
inline constexpr std::size_t kBloomBlockBytes = 32;
inline constexpr std::uint32_t kBloomSalts[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                                 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};
/// Of one page: more distinct values share it.
inline constexpr std::uint64_t kMaxBloomBytes = 8 << 20;
/// Of all pages of a file; what comes after that has none.
inline constexpr std::uint64_t kMaxFileBloomBytes = 128 << 20;

/// Equal values have equal hashes, -0.0 that of 0.0. Pre: no NaN; filters leave them out, for zones count them.
std::uint64_t BloomHash(const Scalar& value) noexcept;
std::uint64_t BloomHashOfBytes(std::string_view bytes) noexcept;

/// Borrowed. Thread-safe.
class BloomFilter {
 public:
  BloomFilter() = default;
  /// Pre: whole blocks; without any it knows nothing.
  explicit BloomFilter(Bytes blocks) : blocks_(blocks) {}

  bool empty() const noexcept { return blocks_.empty(); }
  /// False: the value is not among those that were hashed. Pre: no NaN.
  bool MayContain(const Scalar& value) const noexcept;

 private:
  Bytes blocks_;
};

/// The blocks of a filter with these hashes, which may repeat; none without any. Sized for the distinct ones, about.
std::vector<std::byte> MakeBloomFilter(std::span<const std::uint64_t> hashes, int bits_per_value);

}  // namespace lancekit::format
