#include "index/packed_ids.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "index/walk.h"

namespace lancekit::index {

void AppendPacked(std::span<const std::uint32_t> ids, std::uint32_t bits, MutableBuffer* to) {
  std::uint64_t waiting = 0;
  std::uint32_t num_waiting = 0;
  const auto append = [&](std::uint32_t bytes) {
    std::byte word[8];
    StoreLe(word, waiting);
    to->Append({word, bytes});
  };
  for (const std::uint32_t id : ids) {
    waiting |= std::uint64_t{id} << num_waiting;
    num_waiting += bits;
    if (num_waiting < 32) continue;
    append(4);
    waiting >>= 32;
    num_waiting -= 32;
  }
  append((num_waiting + 7) / 8);
}

std::optional<std::uint32_t> IdArray::Find(std::uint32_t id) const noexcept {
  std::uint32_t first = 0, count = size_;
  while (count > 0) {
    const std::uint32_t half = count / 2;
    if ((*this)[first + half] < id) {
      first += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return first < size_ && (*this)[first] == id ? std::optional(first) : std::nullopt;
}

Status IdArray::Check(std::uint64_t end) const {
  for (std::uint32_t i = 0; i < size_; ++i) {
    const std::uint32_t id = (*this)[i];
    if (id >= end) return Corrupt("entry {} is {}, of {}", i, id, end);
    if (i != 0 && id <= (*this)[i - 1]) return Corrupt("entries {} and {} do not ascend", i - 1, i);
  }
  return {};
}

void ListRows::Append(std::span<const std::uint32_t> ids, std::uint32_t num_lists, std::uint32_t capacity, MutableBuffer* to) {
  std::uint32_t padded[kMaxDegree] = {};
  std::ranges::copy(ids, padded);
  const auto count = static_cast<std::byte>(ids.size());
  to->Append({&count, 1});
  AppendPacked({padded, capacity}, BitsFor(num_lists), to);
}

std::size_t ListRows::Get(std::uint32_t list, std::uint32_t* to) const noexcept {
  const std::byte* const row = rows_ + list * stride_;
  const auto count = static_cast<std::size_t>(row[0]);
  const std::byte* const ids = row + 1;
  if (bits_ == 16) {  // the compiler makes vectors of it
    for (std::size_t i = 0; i < count; ++i) to[i] = LoadLe<std::uint16_t>(ids + 2 * i);
    return count;
  }
  const std::uint64_t mask = (std::uint64_t{1} << bits_) - 1;
  std::uint64_t bit = 0;
  for (std::size_t i = 0; i < count; ++i, bit += bits_)
    to[i] = static_cast<std::uint32_t>(LoadLe<std::uint64_t>(ids + bit / 8) >> (bit % 8) & mask);
  return count;
}

Status ListRows::Check() const {
  std::uint32_t ids[kMaxDegree];
  for (std::uint32_t list = 0; list < num_lists_; ++list) {
    const auto count = static_cast<std::uint32_t>(rows_[list * stride_]);
    if (count > capacity_) return Corrupt("list {} has {} neighbours, at most {} fit", list, count, capacity_);
    Get(list, ids);
    std::uint32_t most = 0;
    for (std::size_t i = 0; i < count; ++i) most = std::max(most, ids[i]);
    if (most >= num_lists_) return Corrupt("list {} has the neighbour {} of {} nodes", list, most, num_lists_);
  }
  return {};
}

}  // namespace lancekit::index
