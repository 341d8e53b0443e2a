// One leaf column between pages and an Arrow array: its type as pages store it, and the sink that pages decode into.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/bitmap.h"
#include "encodings/values.h"
#include "lancekit/types.hpp"
#include "types/array.h"

namespace lancekit {

struct LeafType {
  DataType type;
  ValueShape shape;                            ///< of the values; of the keys for a dictionary type
  std::optional<ValueShape> dictionary_shape;  ///< dictionary types: shape of the dictionary's values

  bool is_dictionary() const noexcept { return dictionary_shape.has_value(); }
};

/// Errors: kUnsupported for a type that is no leaf.
Result<LeafType> MakeLeafType(const DataType& type);

/// Collects rows of one leaf, page after page, into one Arrow array.
class LeafSink {
 public:
  /// `num_rows` rows will be appended; their memory is taken at once.
  LeafSink(const LeafType& leaf, std::uint64_t num_rows);

  const LeafType& leaf() const noexcept { return *leaf_; }
  /// True while nothing was appended and `count` rows would complete the sink.
  bool IsWhole(std::uint64_t count) const noexcept { return rows_ == 0 && count == capacity_; }
  /// Takes the memory on first use.
  ValueSink& values();
  /// Uses file bytes as the values. Pre: IsWhole(count).
  void Borrow(Buffer values, std::uint64_t count) { values_.Borrow(std::move(values), count); }

  void AppendValid(std::uint64_t count);
  void AppendNull(std::uint64_t count);
  /// Definition levels of rows: 0 is valid, anything else null.
  void AppendLevels(const std::uint16_t* levels, std::uint64_t count);

  /// Keys appended from now on count from the first value of `dictionary`; returns what must be added to them.
  /// Errors: kUnsupported when the dictionaries of several pages together are too large for the keys.
  Result<std::uint64_t> UseDictionary(std::shared_ptr<const ArrayData> dictionary);

  ArrayData Finish() &&;

 private:
  void NeedBits();
  std::shared_ptr<const ArrayData> JoinDictionaries();

  const LeafType* leaf_;
  ValueSink values_;
  std::uint64_t capacity_;
  std::uint64_t rows_ = 0;
  std::uint64_t nulls_ = 0;
  bool reserved_ = false;
  bool has_bits_ = false;
  MutableBuffer bits_;
  std::vector<std::shared_ptr<const ArrayData>> dictionaries_;
  std::vector<std::uint64_t> dictionary_starts_;
  std::uint64_t dictionary_length_ = 0;
};

}  // namespace lancekit
