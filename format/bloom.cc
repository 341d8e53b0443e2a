#include "format/bloom.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/endian.h"
#include "base/hash.h"

namespace lancekit::format {
namespace {

constexpr std::size_t kWordBytes = sizeof(std::uint32_t);

std::uint64_t HashWord(std::uint64_t word) {
  std::byte bytes[sizeof(word)];
  StoreLe(bytes, word);
  return HashBytes(bytes);
}

/// The place of the block that the hash belongs to.
std::size_t BlockAt(std::uint64_t hash, std::size_t num_blocks) {
  return static_cast<std::size_t>((hash >> 32) * num_blocks >> 32) * kBloomBlockBytes;
}

/// The bit that the hash sets in a word of its block.
std::uint32_t BitIn(std::size_t word, std::uint64_t hash) {
  return std::uint32_t{1} << ((static_cast<std::uint32_t>(hash) * kBloomSalts[word]) >> 27);
}

/// From the bits that hashes leave unset in a bitmap with room for four times as many.
std::uint64_t EstimateDistinct(std::span<const std::uint64_t> hashes) {
  const std::size_t num_bits = std::bit_ceil(std::max<std::size_t>(64, 4 * hashes.size()));
  std::vector<std::uint64_t> words(num_bits / 64);
  for (const std::uint64_t hash : hashes) words[hash % num_bits / 64] |= std::uint64_t{1} << (hash % 64);
  std::size_t num_unset = 0;
  for (const std::uint64_t word : words) num_unset += static_cast<std::size_t>(std::popcount(~word));
  const auto all = static_cast<double>(num_bits);
  return static_cast<std::uint64_t>(std::llround(all * std::log(all / static_cast<double>(num_unset))));
}

}  // namespace

std::uint64_t BloomHashOfBytes(std::string_view bytes) noexcept { return HashBytes(std::as_bytes(std::span(bytes))); }

std::uint64_t BloomHash(const Scalar& value) noexcept {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return HashWord(static_cast<std::uint64_t>(*number));
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return HashWord(*number);
  if (const auto* number = std::get_if<double>(&value)) return HashWord(std::bit_cast<std::uint64_t>(*number + 0.0));
  if (const auto* number = std::get_if<Int256>(&value)) {
    std::byte bytes[sizeof(number->words)];
    number->Store(bytes, sizeof(bytes));
    return HashBytes(bytes);
  }
  return BloomHashOfBytes(*std::get_if<std::string>(&value));
}

bool BloomFilter::MayContain(const Scalar& value) const noexcept {
  if (empty()) return true;
  const std::uint64_t hash = BloomHash(value);
  const std::byte* const block = blocks_.data() + BlockAt(hash, blocks_.size() / kBloomBlockBytes);
  for (std::size_t i = 0; i < std::size(kBloomSalts); ++i) {
    if ((LoadLe<std::uint32_t>(block + i * kWordBytes) & BitIn(i, hash)) == 0) return false;
  }
  return true;
}

std::vector<std::byte> MakeBloomFilter(std::span<const std::uint64_t> hashes, int bits_per_value) {
  if (hashes.empty()) return {};
  constexpr std::uint64_t kBlockBits = 8 * kBloomBlockBytes;
  const std::uint64_t num_bits = EstimateDistinct(hashes) * static_cast<std::uint64_t>(bits_per_value);
  const std::uint64_t num_blocks = std::clamp<std::uint64_t>(num_bits / kBlockBits + 1, 1, kMaxBloomBytes / kBloomBlockBytes);
  std::vector<std::byte> blocks(num_blocks * kBloomBlockBytes);
  for (const std::uint64_t hash : hashes) {
    std::byte* const block = blocks.data() + BlockAt(hash, num_blocks);
    for (std::size_t i = 0; i < std::size(kBloomSalts); ++i)
      StoreLe(block + i * kWordBytes, LoadLe<std::uint32_t>(block + i * kWordBytes) | BitIn(i, hash));
  }
  return blocks;
}

}  // namespace lancekit::format
