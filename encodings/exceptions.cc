#include "encodings/exceptions.h"

#include <algorithm>
#include <cstring>

namespace lancekit {

Status PutExceptions(Bytes bytes, std::uint64_t width_bytes, std::uint64_t num_values, ValueRange range, std::byte* values,
                     std::string_view encoding) {
  if (bytes.size() < 2) return Corrupt("{}: no number of exceptions", encoding);
  const std::uint64_t count = LoadLe<std::uint16_t>(bytes.data());
  if (bytes.size() - 2 < count * (2 + width_bytes)) {
    return Corrupt("{}: {} bytes for {} exceptions", encoding, bytes.size() - 2, count);
  }
  const std::byte* const positions = bytes.data() + 2;
  const std::byte* const from = positions + 2 * count;
  std::uint64_t least = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t position = LoadLe<std::uint16_t>(positions + 2 * i);
    if (position < least || position >= num_values) return Corrupt("{}: exception at {} of {}", encoding, position, num_values);
    least = position + 1;
    if (position < range.first || position - range.first >= range.count) continue;
    std::memcpy(values + (position - range.first) * width_bytes, from + i * width_bytes, width_bytes);
  }
  return {};
}

void WriteExceptions(std::span<const std::uint32_t> positions, ValueRange range, const std::byte* values,
                     std::uint64_t width_bytes, ChunkWriter* out) {
  const std::size_t size = 2 + positions.size() * (2 + width_bytes);
  std::byte* const to = out->Begin(size);
  StoreLe(to, static_cast<std::uint16_t>(positions.size()));
  std::byte* const exceptions = to + 2 + 2 * positions.size();
  for (std::size_t i = 0; i < positions.size(); ++i) {
    StoreLe(to + 2 + 2 * i, static_cast<std::uint16_t>(positions[i] - range.first));
    std::memcpy(exceptions + i * width_bytes, values + positions[i] * width_bytes, width_bytes);
  }
  out->End(size);
}

std::span<const std::uint32_t> PositionsIn(const std::vector<std::uint32_t>& positions, ValueRange range) {
  const auto begin = std::ranges::lower_bound(positions, range.first);
  return {begin, std::lower_bound(begin, positions.end(), range.first + range.count)};
}

}  // namespace lancekit
