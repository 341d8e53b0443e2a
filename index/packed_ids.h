// Ids of nodes and rows, of as many bits each as the largest needs: spec/index.md.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/buffer.h"
#include "base/endian.h"
#include "base/status.h"

namespace lancekit::index {

/// So many bytes behind the last id of a section can be read: ids are loaded by 8 bytes.
inline constexpr std::uint64_t kPackedPadding = 8;

/// Bits of an id below num_ids.
constexpr std::uint32_t BitsFor(std::uint64_t num_ids) {
  return num_ids <= 2 ? 1 : static_cast<std::uint32_t>(std::bit_width(num_ids - 1));
}
constexpr std::uint64_t PackedBytes(std::uint64_t count, std::uint32_t bits) { return (count * bits + 7) / 8; }

/// Appends ids, the first in the lowest bits, and zeros up to the next byte.
void AppendPacked(std::span<const std::uint32_t> ids, std::uint32_t bits, MutableBuffer* to);

/// Ids that ascend.
class IdArray {
 public:
  IdArray() = default;
  /// Ids below `end`.
  IdArray(const std::byte* ids, std::uint32_t size, std::uint64_t end) : ids_(ids), size_(size), bits_(BitsFor(end)) {}
  static std::uint64_t Bytes(std::uint32_t size, std::uint64_t end) { return PackedBytes(size, BitsFor(end)) + kPackedPadding; }

  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t operator[](std::uint32_t i) const noexcept {
    const std::uint64_t bit = std::uint64_t{i} * bits_;
    return static_cast<std::uint32_t>(LoadLe<std::uint64_t>(ids_ + bit / 8) >> (bit % 8) & ((std::uint64_t{1} << bits_) - 1));
  }
  /// Where an id is. Nothing when it is not there.
  std::optional<std::uint32_t> Find(std::uint32_t id) const noexcept;
  /// Errors: kCorruption unless they ascend and are below `end`.
  Status Check(std::uint64_t end) const;

 private:
  const std::byte* ids_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t bits_ = 0;
};

/// Lists of neighbours: a count, then room for `capacity` ids. The ids are those of lists.
class ListRows {
 public:
  ListRows() = default;
  ListRows(const std::byte* rows, std::uint32_t num_lists, std::uint32_t capacity)
      : rows_(rows),
        num_lists_(num_lists),
        capacity_(capacity),
        bits_(BitsFor(num_lists)),
        stride_(1 + PackedBytes(capacity, bits_)) {}
  static std::uint64_t Bytes(std::uint32_t num_lists, std::uint32_t capacity) {
    return num_lists * (1 + PackedBytes(capacity, BitsFor(num_lists))) + kPackedPadding;
  }
  static void Append(std::span<const std::uint32_t> ids, std::uint32_t num_lists, std::uint32_t capacity, MutableBuffer* to);

  std::uint32_t num_lists() const noexcept { return num_lists_; }
  /// Copies the ids of a list; returns how many there are.
  std::size_t Get(std::uint32_t list, std::uint32_t* to) const noexcept;
  void Prefetch(std::uint32_t list) const noexcept {
    const std::byte* const row = rows_ + list * stride_;
    for (std::uint64_t byte = 0; byte < stride_; byte += 64) __builtin_prefetch(row + byte);
  }
  /// Errors: kCorruption when a count is above the capacity or an id no list.
  Status Check() const;

 private:
  const std::byte* rows_ = nullptr;
  std::uint32_t num_lists_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t bits_ = 0;
  std::uint64_t stride_ = 0;
};

}  // namespace lancekit::index
