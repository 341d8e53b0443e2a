// Distinct values in order of first appearance, and the number of each: dictionaries in the making.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "encodings/value_facts.h"
#include "structural/page_writer.h"

namespace lancekit {

/// What a value is looked up by: all of its bytes when it has at most 16, else its first ones and a hash.
struct DictionaryKey {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t size = 0;

  static constexpr std::uint64_t kWhole = 16;

  friend bool operator==(const DictionaryKey&, const DictionaryKey&) = default;
};

std::uint64_t HashOfLong(Bytes value) noexcept;

/// Bytes up to `readable_end`, which is not before the end of the value, may be read.
inline DictionaryKey KeyOf(Bytes value, const std::byte* readable_end) noexcept {
  const std::size_t size = value.size();
  DictionaryKey key{0, 0, size};
  if (size >= 8) {
    key.first = LoadLe<std::uint64_t>(value.data());
    key.last = size > DictionaryKey::kWhole ? HashOfLong(value) : LoadLe<std::uint64_t>(value.data() + size - 8);
  } else if (readable_end - value.data() >= 8) {
    key.first = LoadLe<std::uint64_t>(value.data()) & ((std::uint64_t{1} << 8 * size) - 1);
  } else {
    for (std::size_t i = 0; i < size; ++i) key.first |= static_cast<std::uint64_t>(value[i]) << (8 * i);
  }
  return key;
}

/// Values of one shape (fixed width of whole bytes, booleans as one byte, or strings), each kept once.
class DictionaryBuilder {
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t number_and_1 = 0;  // 0: free
  };

 public:
  explicit DictionaryBuilder(ValueShape shape);

  std::uint64_t size() const noexcept { return keys_.size(); }
  const DictionaryKey& key(std::uint64_t item) const noexcept { return keys_[item]; }
  /// Bytes of the items, offsets not counted.
  std::uint64_t item_bytes() const noexcept { return data_.size(); }
  /// Number of the value, added when it is new. Pre: `key` is that of the value.
  std::uint32_t Insert(const DictionaryKey& key, Bytes value) {
    if (num_hashed_ != size()) HashAll();
    const std::uint64_t hash = Hash(key);
    for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.number_and_1 == 0) return AddAt(at, hash, key, value);
      const std::uint32_t number = slot.number_and_1 - 1;
      if (slot.tag == TagOf(hash) && keys_[number] == key && (key.size <= DictionaryKey::kWhole || IsItem(number, value))) {
        return number;
      }
    }
  }
  static constexpr std::uint32_t kUnknown = ~std::uint32_t{0};
  /// Finds values that are whole in their key and lie where they are looked for first: nearly all that are there. It holds what
  /// many look-ups need, until the next Insert. Pre: size() > 0.
  class Finder {
   public:
    std::uint32_t operator()(const DictionaryKey& key) const noexcept {
      const std::uint32_t number_and_1 = slots_[Hash(key) & mask_].number_and_1;
      // A free slot is taken for the first item: it is not its place, so the keys differ.
      const std::uint32_t number = number_and_1 - (number_and_1 != 0);
      const DictionaryKey& known = keys_[number];
      const std::uint64_t differs = (known.first ^ key.first) | (known.last ^ key.last) | (known.size ^ key.size);
      return differs == 0 && key.size <= DictionaryKey::kWhole ? number : kUnknown;
    }

   private:
    friend DictionaryBuilder;
    Finder(const DictionaryKey* keys, const Slot* slots, std::uint64_t mask) : keys_(keys), slots_(slots), mask_(mask) {}
    const DictionaryKey* keys_;
    const Slot* slots_;
    std::uint64_t mask_;
  };
  Finder MakeFinder() {
    if (num_hashed_ != size()) HashAll();
    return {keys_.data(), slots_.data(), slots_.size() - 1};
  }

  /// The same of a value that is known to be new, without looking for it. Of values in order none need be hashed.
  std::uint32_t Add(const DictionaryKey& key, Bytes value);
  std::uint32_t Insert(Bytes value) { return Insert(KeyOf(value, value.data() + value.size()), value); }
  /// The items as values, booleans of 8 bits; valid until the next Insert.
  ValuesView View() const;
  bool of_booleans() const noexcept { return shape_.width_bits == 1; }
  void Clear();

 private:
  static std::uint64_t Hash(const DictionaryKey& key) noexcept {
    const auto product =
        static_cast<unsigned __int128>(key.first ^ key.size << 56 ^ 0x9E3779B97F4A7C15u) * (key.last ^ 0xD1B54A32D192ED03u);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  static std::uint32_t TagOf(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32); }
  std::uint32_t AddAt(std::size_t slot, std::uint64_t hash, const DictionaryKey& key, Bytes value);
  bool IsItem(std::uint32_t number, Bytes value) const noexcept;
  void HashAll();

  ValueShape shape_;
  std::size_t item_width_;  // bytes of a fixed-width item; booleans take one
  MutableBuffer data_;
  MutableBuffer offsets_;            // strings only: one more than items, of 32 or 64 bits
  std::vector<DictionaryKey> keys_;  // of the items
  std::uint64_t num_hashed_ = 0;     // items that have a slot
  std::vector<Slot> slots_;  // a power of two, at most a quarter of them in use: then the first is nearly always the right one
};

/// The bytes of a value of whole bytes.
Bytes ValueBytes(const ValuesView& values, std::uint64_t i);

/// The numbers of all values of a page in their dictionary, or nothing when there are more than `max_items` distinct ones.
/// Null slots repeat the number before them and add nothing.
struct DictionaryAttempt {
  DictionaryBuilder items;
  PooledVector<std::uint32_t> indices;
  ValueFacts facts;  ///< of the indices
};
/// `in_runs`: most values are like the one before them, which wide numbers are compared with first, and nothing is sorted.
std::optional<DictionaryAttempt> TryDictionary(const PageValues& page, std::uint64_t max_items, bool in_runs = false);

}  // namespace lancekit
