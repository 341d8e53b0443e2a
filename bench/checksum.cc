#include "bench/checksum.h"

#include <cstdlib>
#include <cstring>
#include <optional>

namespace lancekit::bench {
namespace {

// A column's hash is the sum over its rows of Mix(hash of the value) * (2 * row + 1), modulo 2^64. A fixed-width value hashes
// word by word; text as a polynomial of its bytes; a fixed-size list counts each item as a row. A list or struct hashes its items
// or fields as if they were rows.
constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;
constexpr std::uint64_t kTextBase = 0xD1342543DE82EF95;
constexpr std::uint64_t kNullHash = 0x6E756C6C;

std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

enum class Kind { kNull, kBool, kFixed, kText, kLargeText, kFixedSizeList, kList, kLargeList, kStruct };

struct Layout {
  Kind kind;
  std::int64_t width = 0;  // bytes of a fixed-width value; items of a fixed-size list
};

std::optional<Layout> LayoutOf(const char* format) {
  const std::string f = format;
  const auto number = [&f](std::size_t at) -> std::int64_t { return std::strtoll(f.c_str() + at, nullptr, 10); };
  if (f == "n") return Layout{Kind::kNull};
  if (f == "b") return Layout{Kind::kBool};
  if (f == "u" || f == "z") return Layout{Kind::kText};
  if (f == "U" || f == "Z") return Layout{Kind::kLargeText};
  if (f == "c" || f == "C") return Layout{Kind::kFixed, 1};
  if (f == "s" || f == "S" || f == "e") return Layout{Kind::kFixed, 2};
  if (f == "i" || f == "I" || f == "f" || f == "tdD" || f == "tts" || f == "ttm") return Layout{Kind::kFixed, 4};
  if (f == "l" || f == "L" || f == "g" || f == "tdm" || f == "ttu" || f == "ttn") return Layout{Kind::kFixed, 8};
  if (f.rfind("ts", 0) == 0 || f.rfind("tD", 0) == 0) return Layout{Kind::kFixed, 8};
  if (f.rfind("d:", 0) == 0) {
    const std::size_t second = f.find(',');
    const std::size_t third = second == std::string::npos ? second : f.find(',', second + 1);
    return Layout{Kind::kFixed, third == std::string::npos ? 16 : number(third + 1) / 8};
  }
  if (f.rfind("w:", 0) == 0) return Layout{Kind::kFixed, number(2)};
  if (f == "+l" || f == "+m") return Layout{Kind::kList};
  if (f == "+L") return Layout{Kind::kLargeList};
  if (f == "+s") return Layout{Kind::kStruct};
  if (f.rfind("+w:", 0) == 0) return Layout{Kind::kFixedSizeList, number(3)};
  return std::nullopt;
}

const unsigned char* BytesOf(const ArrowArray& array, int buffer) {
  return static_cast<const unsigned char*>(array.buffers[buffer]);
}

bool GetBit(const unsigned char* bits, std::int64_t i) { return (bits[i / 8] >> (i % 8) & 1) != 0; }

template <class T>
T Load(const unsigned char* bytes, std::int64_t i) {
  T value;
  std::memcpy(&value, bytes + i * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

std::int64_t OffsetAt(const ArrowArray& array, Kind kind, std::int64_t i) {
  return kind == Kind::kText || kind == Kind::kList ? Load<std::int32_t>(BytesOf(array, 1), i)
                                                    : Load<std::int64_t>(BytesOf(array, 1), i);
}

std::uint64_t HashFixed(const unsigned char* bytes, std::int64_t width) {
  std::uint64_t hash = 0;
  for (std::int64_t done = 0, k = 1; done < width; done += 8, ++k) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + done, static_cast<std::size_t>(width - done < 8 ? width - done : 8));
    hash += Mix(word + static_cast<std::uint64_t>(k) * kStep);
  }
  return hash;
}

std::uint64_t HashText(const unsigned char* bytes, std::int64_t length) {
  std::uint64_t hash = 0;
  std::uint64_t power = 1;
  for (std::int64_t k = 0; k < length; ++k, power *= kTextBase) hash += (bytes[k] + std::uint64_t{1}) * power;
  return Mix(hash + static_cast<std::uint64_t>(length) * kStep);
}

std::int64_t KeyAt(const unsigned char* keys, std::int64_t width, std::int64_t i) {
  switch (width) {
    case 1:
      return Load<std::int8_t>(keys, i);
    case 2:
      return Load<std::int16_t>(keys, i);
    case 4:
      return Load<std::int32_t>(keys, i);
    default:
      return Load<std::int64_t>(keys, i);
  }
}

// One column or child: looks values up in the array, through the dictionary where there is one.
class Values {
 public:
  Values(const ArrowArray& array, Layout layout, const Values* dictionary)
      : array_(array), layout_(layout), dictionary_(dictionary) {}

  /// Adds what is below a list or struct; false for a type that is not known.
  bool AddChildren(const ArrowSchema& schema) {
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
      const auto layout = LayoutOf(schema.children[i]->format);
      if (!layout || layout->kind == Kind::kFixedSizeList || schema.children[i]->dictionary != nullptr) return false;
      children_.emplace_back(*array_.children[i], *layout, nullptr);
      if (!children_.back().AddChildren(*schema.children[i])) return false;
    }
    return true;
  }

  bool Valid(std::int64_t row) const {
    if (layout_.kind == Kind::kNull) return false;
    const std::int64_t i = row + array_.offset;
    if (array_.buffers[0] != nullptr && !GetBit(BytesOf(array_, 0), i)) return false;
    return dictionary_ == nullptr || dictionary_->Valid(KeyAt(BytesOf(array_, 1), layout_.width, i));
  }

  std::uint64_t Hash(std::int64_t row) const {
    const std::int64_t i = row + array_.offset;
    if (dictionary_ != nullptr) return dictionary_->Hash(KeyAt(BytesOf(array_, 1), layout_.width, i));
    switch (layout_.kind) {
      case Kind::kBool:
        return Mix(GetBit(BytesOf(array_, 1), i) + kStep);
      case Kind::kFixed:
        return HashFixed(BytesOf(array_, 1) + i * layout_.width, layout_.width);
      case Kind::kText:
      case Kind::kLargeText: {
        const std::int64_t begin = OffsetAt(array_, layout_.kind, i);
        return HashText(BytesOf(array_, 2) + begin, OffsetAt(array_, layout_.kind, i + 1) - begin);
      }
      case Kind::kList:
      case Kind::kLargeList: {
        const std::int64_t begin = OffsetAt(array_, layout_.kind, i);
        const std::int64_t end = OffsetAt(array_, layout_.kind, i + 1);
        std::uint64_t hash = static_cast<std::uint64_t>(end - begin) * kStep;
        for (std::int64_t item = begin; item < end; ++item)
          hash += children_[0].Part(item, static_cast<std::uint64_t>(item - begin));
        return Mix(hash);
      }
      case Kind::kStruct: {
        std::uint64_t hash = 0;
        for (std::size_t field = 0; field < children_.size(); ++field) hash += children_[field].Part(i, field);
        return Mix(hash);
      }
      default:
        return 0;
    }
  }

  std::uint64_t ArrowBytes() const {
    const auto rows = static_cast<std::uint64_t>(array_.length);
    const std::uint64_t validity = array_.n_buffers > 0 && array_.buffers[0] != nullptr ? (rows + 7) / 8 : 0;
    switch (layout_.kind) {
      case Kind::kBool:
        return validity + (rows + 7) / 8;
      case Kind::kFixed:
        return validity + rows * static_cast<std::uint64_t>(layout_.width);
      case Kind::kText:
      case Kind::kLargeText: {
        const std::int64_t text =
            OffsetAt(array_, layout_.kind, array_.offset + array_.length) - OffsetAt(array_, layout_.kind, array_.offset);
        return validity + (rows + 1) * (layout_.kind == Kind::kText ? 4 : 8) + static_cast<std::uint64_t>(text);
      }
      case Kind::kList:
      case Kind::kLargeList:
      case Kind::kStruct: {
        std::uint64_t bytes = validity + (layout_.kind == Kind::kStruct ? 0 : (rows + 1) * (layout_.kind == Kind::kList ? 4 : 8));
        for (const Values& child : children_) bytes += child.ArrowBytes();
        return bytes;
      }
      default:
        return validity;
    }
  }

 private:
  /// What this value adds to the hash of the list or struct around it.
  std::uint64_t Part(std::int64_t row, std::uint64_t number) const {
    return Mix(Valid(row) ? Hash(row) : kNullHash) * (2 * number + 1);
  }

  const ArrowArray& array_;
  Layout layout_;
  const Values* dictionary_;
  std::vector<Values> children_;
};

std::uint64_t Weight(std::uint64_t row) { return 2 * row + 1; }

void AddRow(bool valid, std::uint64_t hash, std::uint64_t row, ColumnChecksum* sum) {
  sum->hash += Mix(valid ? hash : kNullHash) * Weight(row);
  if (!valid) ++sum->num_nulls;
}

// -> bytes of the column, or nothing for an unknown type.
std::optional<std::uint64_t> AddColumn(const ArrowSchema& schema, const ArrowArray& array, std::uint64_t first_row,
                                       ColumnChecksum* sum) {
  const auto layout = LayoutOf(schema.format);
  if (!layout) return std::nullopt;
  if (layout->kind == Kind::kFixedSizeList) {
    const auto item = LayoutOf(schema.children[0]->format);
    if (!item || item->kind != Kind::kFixed || schema.children[0]->dictionary != nullptr) return std::nullopt;
    const Values lists(array, *layout, nullptr);
    const Values items(*array.children[0], *item, nullptr);
    for (std::int64_t i = 0; i < array.length * layout->width; ++i) {
      const std::int64_t at = array.offset * layout->width + i;
      const bool valid = lists.Valid(i / layout->width) && items.Valid(at);
      AddRow(valid, valid ? items.Hash(at) : 0,
             first_row * static_cast<std::uint64_t>(layout->width) + static_cast<std::uint64_t>(i), sum);
    }
    return lists.ArrowBytes() + static_cast<std::uint64_t>(array.length * layout->width * item->width);
  }
  std::optional<Values> dictionary;
  std::uint64_t bytes = 0;
  if (schema.dictionary != nullptr) {
    const auto value_layout = LayoutOf(schema.dictionary->format);
    if (!value_layout || value_layout->kind == Kind::kFixedSizeList) return std::nullopt;
    dictionary.emplace(*array.dictionary, *value_layout, nullptr);
    bytes += dictionary->ArrowBytes();
  }
  Values values(array, *layout, dictionary ? &*dictionary : nullptr);
  if (!values.AddChildren(schema)) return std::nullopt;
  for (std::int64_t row = 0; row < array.length; ++row) {
    const bool valid = values.Valid(row);
    AddRow(valid, valid ? values.Hash(row) : 0, first_row + static_cast<std::uint64_t>(row), sum);
  }
  return bytes + values.ArrowBytes();
}

}  // namespace

bool TableChecksum::Add(const ArrowSchema& schema, const ArrowArray& batch) {
  if (columns_.empty()) {
    for (std::int64_t i = 0; i < schema.n_children; ++i) columns_.push_back({schema.children[i]->name});
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto bytes = AddColumn(*schema.children[i], *batch.children[i], num_rows_, &columns_[i]);
    if (!bytes) return false;
    arrow_bytes_ += *bytes;
  }
  num_rows_ += static_cast<std::uint64_t>(batch.length);
  return true;
}

}  // namespace lancekit::bench
