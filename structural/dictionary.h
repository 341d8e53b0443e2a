// Dictionaries of mini-block pages: the values, and the gathering of rows from indices.
#pragma once

#include <memory>

#include "encodings/encoding.h"
#include "structural/page_reader.h"

namespace lancekit {

/// The decoded dictionary of one page. Immutable; thread-safe.
class Dictionary {
 public:
  /// Errors: kCorruption, kUnsupported, as the encoding reports them.
  static Result<std::unique_ptr<Dictionary>> Decode(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_items,
                                                    const LeafType& leaf, Scratch* scratch);

  /// Of items that are decoded already, in the shape of the leaf's dictionary or values. Pre: fewer than 2^31.
  static std::unique_ptr<Dictionary> Make(ValueSink items, const LeafType& leaf);

  std::uint64_t num_items() const noexcept { return num_items_; }
  /// Appends the items of these indices, or to a sink of a dictionary type their keys; null slots get an empty item. `validity`
  /// has a bit for each index; nullptr: all are valid. Errors: kCorruption for an index beyond the dictionary.
  template <class Index>
  Status Gather(Index* indices, const std::uint64_t* validity, std::uint64_t count, LeafSink* sink) const;

 private:
  Dictionary(std::uint64_t num_items, ArrayData items)
      : num_items_(num_items), items_(std::make_shared<const ArrayData>(std::move(items))) {}

  template <class Key, class Index>
  Status GatherKeys(const Index* indices, const std::uint64_t* validity, std::uint64_t count, LeafSink* sink) const;
  template <class Index>
  Status GatherFixed(const Index* indices, std::uint64_t count, ValueSink* sink) const;
  template <class Offset, class Index>
  Status GatherVariable(const Index* indices, std::uint64_t count, bool has_nulls, ValueSink* sink) const;
  /// -> the bytes of all items together.
  template <class Offset, class Index>
  std::uint64_t GatherShort(const Index* indices, std::uint64_t count, bool has_nulls, ValueSink* sink) const;
  void MakeShortItems();
  std::uint64_t ItemStart(std::uint64_t i) const;

  std::uint64_t num_items_;                 // one more item, empty or zero, stands behind them for null slots
  std::shared_ptr<const ArrayData> items_;  // without that one, for dictionary types; else with it
  bool large_offsets_ = false;
  std::uint64_t max_item_bytes_ = 0;
  bool equally_long_ = false;
  bool small_items_ = false;  // as LeafSum::AddItems wants to know

  // Items of at most 8, 16 or 32 bytes, each in so many bytes, so that one is copied without a loop; empty when there are longer
  // ones.
  MutableBuffer short_items_;
  std::uint64_t stride_ = 0;
  std::vector<std::uint8_t> short_lengths_;
};

}  // namespace lancekit
