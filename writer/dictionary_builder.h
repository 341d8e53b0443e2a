// Distinct values in order of first appearance, and the number of each: dictionaries in the making.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "encodings/values.h"

namespace lancekit {

/// Values of one shape (fixed width of whole bytes, booleans as one byte, or strings), each kept once.
class DictionaryBuilder {
 public:
  explicit DictionaryBuilder(ValueShape shape);

  std::uint64_t size() const noexcept { return num_items_; }
  /// Bytes of the items, offsets not counted.
  std::uint64_t item_bytes() const noexcept { return data_.size(); }
  /// Number of the value, added when it is new.
  std::uint32_t Insert(Bytes value);
  /// The items as values to encode; valid until the next Insert.
  ValuesView View() const;
  void Clear();

 private:
  void Grow();
  Bytes Item(std::uint32_t number) const;

  ValueShape shape_;
  std::size_t item_width_;  // bytes of a fixed-width item; booleans take one
  std::uint64_t num_items_ = 0;
  MutableBuffer data_;
  MutableBuffer offsets_;              // strings only: num_items + 1, of 32 or 64 bits
  std::vector<std::uint64_t> hashes_;  // per item, so that growing does not hash again
  std::vector<std::uint32_t> table_;   // item number + 1 by hash; 0 = free
};

/// The numbers of all values of a page in their dictionary, or nothing when there are more than `max_items` distinct ones.
/// Null slots (validity bit 0) repeat the number before them and add nothing.
struct DictionaryAttempt {
  DictionaryBuilder items;
  std::vector<std::uint32_t> indices;
};
std::optional<DictionaryAttempt> TryDictionary(const ValuesView& values, const std::byte* validity, std::uint64_t max_items);

}  // namespace lancekit
