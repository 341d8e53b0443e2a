// One leaf column between pages and an Arrow array: its type as pages store it, and the sink that pages decode into.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
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

/// The dictionary of an array whose rows come from pages with dictionaries of their own: the first one as it is, then what is
/// new among those values of the others that rows use.
class JoinedDictionary {
 public:
  /// The type, a dictionary type, must outlive this.
  explicit JoinedDictionary(const LeafType& leaf) : leaf_(&leaf) {}

  /// Items from now on are those of `dictionary`. True when their numbers are the keys; else KeyOf says them.
  bool Use(const std::shared_ptr<const ArrayData>& dictionary);
  /// Pre: Use returned false; `item` is in that dictionary.
  /// Errors: kUnsupported when there are more values than keys; kResourceLimit for too many bytes.
  Result<std::uint64_t> KeyOf(std::uint64_t item);

  std::shared_ptr<const ArrayData> Finish() &&;

 private:
  static constexpr std::uint64_t kNoKey = ~std::uint64_t{0};

  void StartJoin();

  const LeafType* leaf_;
  std::shared_ptr<const ArrayData> first_;
  // The other dictionaries with the keys of their items, as far as these were used.
  std::map<std::shared_ptr<const ArrayData>, std::vector<std::uint64_t>> keys_;
  decltype(keys_)::iterator current_;
  std::optional<ValueSink> joined_;  // from the second dictionary on
  std::unordered_map<std::string, std::uint64_t> key_of_value_;
};

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

  /// Pre: a dictionary type.
  JoinedDictionary& dictionary() { return *dictionary_; }

  ArrayData Finish() &&;

 private:
  void NeedBits();

  const LeafType* leaf_;
  ValueSink values_;
  std::uint64_t capacity_;
  std::uint64_t rows_ = 0;
  std::uint64_t nulls_ = 0;
  bool reserved_ = false;
  bool has_bits_ = false;
  MutableBuffer bits_;
  std::optional<JoinedDictionary> dictionary_;
};

}  // namespace lancekit
