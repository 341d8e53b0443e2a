// Values of one leaf on their way between pages and Arrow arrays: their shape, a view for encoders, a sink for decoders.
#pragma once

#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "lancekit/types.hpp"
#include "types/array.h"

namespace lancekit {

/// What a page stores per item. Fixed-size lists are fixed-width values of all their items, with a validity bitmap of the
/// items for each list level.
struct ValueShape {
  enum class Kind : std::uint8_t { kNone, kFixed, kVariable, kPacked };
  Kind kind = Kind::kNone;
  std::uint64_t width_bits = 0;           ///< fixed: of one value, lists multiplied out
  std::uint64_t item_bits = 0;            ///< fixed: of one innermost item
  std::vector<std::uint64_t> list_sizes;  ///< items per value of each fixed-size list level, outermost first
  bool large_offsets = false;             ///< variable: 64-bit Arrow offsets
  std::vector<ValueShape> fields;         ///< packed: of the struct's fields, each fixed or variable

  bool fixed() const noexcept { return kind == Kind::kFixed; }
  bool variable() const noexcept { return kind == Kind::kVariable; }
  bool packed() const noexcept { return kind == Kind::kPacked; }
  /// Items of list level `level` and all levels outside it, per value.
  std::uint64_t ItemsPerValue(std::size_t level) const noexcept;
};

/// The shape in which a leaf of this type is stored; for a dictionary type that of its keys, for a struct that of a packed one.
/// Errors: kUnsupported for a type that is no leaf or is too wide.
Result<ValueShape> ShapeOf(const DataType& type);
ValueShape FixedShape(std::uint64_t width_bits);

/// Receives decoded values in Arrow layout. Decoders append; `length` counts values.
class ValueSink {
 public:
  explicit ValueSink(ValueShape shape);

  const ValueShape& shape() const noexcept { return shape_; }
  std::uint64_t length() const noexcept { return length_; }

  /// Makes room, so that appending `num_values` fixed values allocates once; the bytes of strings get room after the first ones,
  /// by their length.
  void Reserve(std::uint64_t num_values);
  /// Forgets all values and keeps the memory.
  void Clear() noexcept;

  /// Room for `count` more fixed values of whole bytes (shape().width_bits % 8 == 0), to be filled by the caller.
  std::byte* AppendFixed(std::uint64_t count);
  /// Appends `count` values of width_bits each, stored back to back from `first_bit` on.
  void AppendBits(const std::byte* from, std::uint64_t first_bit, std::uint64_t count);
  /// Validity of the items of one list level for the next values, `count` bits; to be called before these values are appended.
  /// Without a call all items are valid.
  void AppendItemValidity(std::size_t level, const std::byte* from, std::uint64_t first_bit, std::uint64_t count);

  /// Variable width: appends values whose ends ascend; value i = data[offsets[i], offsets[i + 1]).
  template <class Offset>
  Status AppendStrings(const Offset* offsets, const std::byte* data, std::uint64_t count);
  /// False when `bytes` more string bytes would overflow the offsets.
  bool HasRoom(std::uint64_t bytes) const noexcept;
  /// Room for `bytes` more string bytes; the caller writes them and then appends their ends with AppendEnds.
  std::byte* ReserveData(std::uint64_t bytes);
  /// Pre: variable. Appends the end of each of `count` values, relative to the current end of the data, and takes over
  /// the bytes written behind it.
  template <class End>
  Status AppendEnds(const End* ends, std::uint64_t count);
  /// Room for the ends of `count` more values in place. The caller writes them, as positions in data(), and their bytes to what
  /// ReserveData returned, and then calls CommitStrings. Pre: Offset is as wide as the shape's offsets, HasRoom(bytes).
  template <class Offset>
  Offset* ReserveEnds(std::uint64_t count) {
    const std::size_t at = values_.size();
    values_.Resize(at + count * sizeof(Offset));
    values_.Resize(at);
    return reinterpret_cast<Offset*>(values_.data() + at);
  }
  void CommitStrings(std::uint64_t count, std::uint64_t bytes);

  /// Pre: packed. The sink of a field; CountRows takes over the rows whose values were appended to all of them.
  ValueSink& field(std::size_t i) { return fields_[i]; }
  void CountRows(std::uint64_t count) noexcept { length_ += count; }

  /// Zeros, or empty strings.
  void AppendNulls(std::uint64_t count);
  /// Uses bytes of the file as they are. Pre: fixed, length() == 0, nothing is appended afterwards.
  void Borrow(Buffer values, std::uint64_t count);

  MutableBuffer& values() noexcept { return values_; }
  const MutableBuffer& values() const noexcept { return values_; }
  const MutableBuffer& data() const noexcept { return data_; }

  /// The values as an array of `type` without validity (the caller adds it); item validity of fixed-size lists included.
  ArrayData Finish(const DataType& type) &&;

 private:
  struct ItemValidity {
    MutableBuffer bits;
    std::uint64_t num_bits = 0;  // 0 while all items are valid
  };
  ArrayData FinishLevel(const DataType& type, std::size_t level, Buffer values);
  void FillItemValidity(std::size_t level, std::uint64_t end);

  ValueShape shape_;
  std::uint64_t length_ = 0;
  std::uint64_t expected_ = 0;  // values that there is to be room for
  MutableBuffer values_;        // fixed: values; variable: offsets, the first one always 0
  MutableBuffer data_;
  Buffer borrowed_;
  std::vector<ItemValidity> item_validity_;
  std::vector<ValueSink> fields_;
};

/// A borrowed run of values for an encoder.
struct ValuesView {
  ValueShape shape;
  std::uint64_t length = 0;
  const std::byte* values = nullptr;  ///< fixed: values, from bit 0; variable: length + 1 offsets
  const std::byte* data = nullptr;    ///< variable: bytes that the offsets point into
  /// Validity of the items of each fixed-size list level (nullptr: all valid), from bit 0.
  std::vector<const std::byte*> item_validity;

  template <class Offset>
  const Offset* offsets() const noexcept {
    return reinterpret_cast<const Offset*>(values);
  }
  std::uint64_t Offset(std::uint64_t i) const noexcept {
    return shape.large_offsets ? static_cast<std::uint64_t>(LoadLe<std::int64_t>(values + 8 * i))
                               : static_cast<std::uint64_t>(LoadLe<std::int32_t>(values + 4 * i));
  }
  std::uint64_t StringBytes() const noexcept { return Offset(length) - Offset(0); }
};
/// `count` numbers of so many bits, back to back. Borrows them.
ValuesView NumbersView(const void* values, std::uint64_t count, std::uint64_t width_bits);

}  // namespace lancekit
