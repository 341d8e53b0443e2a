// Reading FlatBuffers, as far as Arrow's IPC messages need it: tables, vectors and inline numbers, every position checked.
// Source: the FlatBuffers internals document ("FlatBuffers Internals: Encoding").
#pragma once

#include <cstdint>
#include <optional>

#include "base/byte_reader.h"
#include "base/checked_math.h"

namespace lancekit::format {

/// The elements of a vector of numbers, structs or table offsets.
struct FlatVector {
  Bytes buffer;
  std::size_t begin = 0;  ///< of the first element
  std::uint32_t count = 0;
};

/// A table of a buffer. Results without a value: the buffer is damaged or the field is absent.
class FlatTable {
 public:
  /// The root table of a buffer.
  static std::optional<FlatTable> Root(Bytes buffer) { return Follow(buffer, 0); }
  /// The table that element `index` of a vector of tables points to.
  static std::optional<FlatTable> Element(const FlatVector& vector, std::uint32_t index) {
    return index < vector.count ? Follow(vector.buffer, vector.begin + std::size_t{4} * index) : std::nullopt;
  }

  /// A field's number, or `absent` where it is not stored or not inside the buffer.
  template <class T>
  T Number(std::uint16_t field, T absent) const {
    const std::size_t at = FieldPosition(field);
    return at != 0 && RangeFits(at, sizeof(T), buffer_.size()) ? LoadLe<T>(buffer_.data() + at) : absent;
  }
  std::optional<FlatTable> Table(std::uint16_t field) const {
    const std::size_t at = FieldPosition(field);
    return at != 0 ? Follow(buffer_, at) : std::nullopt;
  }
  /// A vector whose elements of `element_bytes` all lie in the buffer.
  std::optional<FlatVector> Vector(std::uint16_t field, std::size_t element_bytes) const {
    const std::size_t at = FieldPosition(field);
    const auto vector = at != 0 ? Target(buffer_, at) : std::nullopt;
    if (!vector || !RangeFits(*vector, 4, buffer_.size())) return std::nullopt;
    const auto count = LoadLe<std::uint32_t>(buffer_.data() + *vector);
    if (count > (buffer_.size() - *vector - 4) / element_bytes) return std::nullopt;
    return FlatVector{buffer_, *vector + 4, count};
  }

 private:
  FlatTable(Bytes buffer, std::size_t table, std::size_t vtable, std::uint16_t vtable_bytes)
      : buffer_(buffer), table_(table), vtable_(vtable), vtable_bytes_(vtable_bytes) {}

  /// Where the u32 offset at `at` leads.
  static std::optional<std::size_t> Target(Bytes buffer, std::size_t at) {
    if (!RangeFits(at, 4, buffer.size())) return std::nullopt;
    return at + LoadLe<std::uint32_t>(buffer.data() + at);
  }
  static std::optional<FlatTable> Follow(Bytes buffer, std::size_t at) {
    const auto table = Target(buffer, at);
    if (!table || !RangeFits(*table, 4, buffer.size())) return std::nullopt;
    const std::int64_t vtable = static_cast<std::int64_t>(*table) - LoadLe<std::int32_t>(buffer.data() + *table);
    if (vtable < 0 || !RangeFits(static_cast<std::uint64_t>(vtable), 4, buffer.size())) return std::nullopt;
    const auto bytes = LoadLe<std::uint16_t>(buffer.data() + vtable);
    if (bytes < 4 || !RangeFits(static_cast<std::uint64_t>(vtable), bytes, buffer.size())) return std::nullopt;
    return FlatTable(buffer, *table, static_cast<std::size_t>(vtable), bytes);
  }
  /// 0 = absent.
  std::size_t FieldPosition(std::uint16_t field) const {
    const std::size_t entry = 4 + std::size_t{2} * field;
    if (entry + 2 > vtable_bytes_) return 0;
    const auto offset = LoadLe<std::uint16_t>(buffer_.data() + vtable_ + entry);
    return offset == 0 ? 0 : table_ + offset;
  }

  Bytes buffer_;
  std::size_t table_;
  std::size_t vtable_;
  std::uint16_t vtable_bytes_;
};

}  // namespace lancekit::format
