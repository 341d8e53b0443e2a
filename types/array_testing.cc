#include "types/array_testing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bitmap.h"
#include "base/endian.h"

namespace lancekit::testing {
namespace {

constexpr std::int64_t kAscii = 128;  // strings are UTF-8

std::string Hex(const std::byte* bytes, std::size_t size) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text = "x";
  for (std::size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<unsigned>(bytes[i]);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

std::string Join(const std::vector<std::string>& all, std::int64_t first, std::int64_t count) {
  std::string text = "[";
  for (std::int64_t i = first; i < first + count; ++i) text += all[static_cast<std::size_t>(i)] + " ";
  return text + "]";
}

std::string RenderItems(const ArrayView& items, std::int64_t first, std::int64_t count) {
  std::string text = "[";
  for (std::int64_t i = first; i < first + count; ++i) text += Render(items, i) + " ";
  return text + "]";
}

// Makes the buffers of one array: slots [0, offset + length), of which the last `length` are the array's.
class Maker {
 public:
  Maker(const DataType& type, std::int64_t length, const MakeOptions& options, std::mt19937* random)
      : type_(type), options_(options), random_(*random), length_(length), offset_(options.offsets ? Below(11) : 0) {
    made_.array = std::make_unique<HandArray>(length_, offset_);
  }

  MadeArray Make() && {
    if (type_.id == TypeId::kNull) {
      slots_.assign(static_cast<std::size_t>(end()), "null");
    } else {
      MakeValidity();
      MakeContent();
    }
    for (std::int64_t i = offset_; i < end(); ++i) {
      made_.expected.push_back(valid_.empty() || valid_[static_cast<std::size_t>(i)] ? slots_[static_cast<std::size_t>(i)]
                                                                                     : "null");
    }
    return std::move(made_);
  }

 private:
  std::int64_t end() const { return offset_ + length_; }
  std::int64_t Below(std::int64_t limit) { return std::uniform_int_distribution<std::int64_t>(0, limit - 1)(random_); }
  std::vector<std::byte> Bytes(std::int64_t size, std::int64_t limit = 256) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(Below(limit));
    return bytes;
  }
  MakeOptions For(const Field& child) const { return {.offsets = options_.offsets, .nulls = child.nullable}; }

  void MakeValidity() {
    if (!options_.nulls || Below(3) == 0) {
      made_.array->AddNullBuffer();
      return;
    }
    std::vector<std::byte> bits(BitmapBytes(static_cast<std::uint64_t>(end())));
    for (std::int64_t i = 0; i < end(); ++i) {
      valid_.push_back(Below(4) != 0);
      SetBitTo(bits.data(), static_cast<std::uint64_t>(i), valid_.back());
    }
    made_.array->AddBuffer(bits);
  }

  void MakeContent() {
    switch (type_.id) {
      case TypeId::kBool:
        return MakeBools();
      case TypeId::kStruct:
        return MakeStruct();
      case TypeId::kFixedSizeList:
        return MakeFixedSizeLists();
      case TypeId::kList:
      case TypeId::kMap:
        return MakeLists<std::int32_t>();
      case TypeId::kLargeList:
        return MakeLists<std::int64_t>();
      case TypeId::kDictionary:
        return MakeDictionary();
      default:
        break;
    }
    if (options_.storage == Storage::kView) return MakeViews();
    if (!IsVariableWidth(type_.id)) return MakeFixedWidth();
    HasLargeOffsets(type_.id) ? MakeStrings<std::int64_t>() : MakeStrings<std::int32_t>();
  }

  void MakeBools() {
    const std::vector<std::byte> bits = Bytes(static_cast<std::int64_t>(BitmapBytes(static_cast<std::uint64_t>(end()))));
    for (std::int64_t i = 0; i < end(); ++i) slots_.push_back(GetBit(bits.data(), static_cast<std::uint64_t>(i)) ? "1" : "0");
    made_.array->AddBuffer(bits);
  }

  void MakeFixedWidth() {
    const auto width = static_cast<std::size_t>(FixedWidthBits(type_) / 8);
    const std::vector<std::byte> bytes = Bytes(end() * static_cast<std::int64_t>(width));
    for (std::int64_t i = 0; i < end(); ++i) slots_.push_back(Hex(bytes.data() + static_cast<std::size_t>(i) * width, width));
    made_.array->AddBuffer(bytes);
  }

  template <class T>
  void MakeStrings() {
    std::vector<T> offsets{static_cast<T>(options_.offsets ? Below(4) : 0)};
    for (std::int64_t i = 0; i < end(); ++i) offsets.push_back(static_cast<T>(offsets.back() + Below(20)));
    const std::vector<std::byte> bytes = Bytes(offsets.back(), kAscii);
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
      slots_.push_back(Hex(bytes.data() + offsets[i], static_cast<std::size_t>(offsets[i + 1] - offsets[i])));
    }
    made_.array->AddBuffer(offsets).AddBuffer(bytes);
  }

  void MakeViews() {
    constexpr std::int32_t kDataBytes = 100;
    const std::vector<std::vector<std::byte>> data{Bytes(kDataBytes, kAscii), Bytes(kDataBytes, kAscii)};
    std::vector<std::byte> views;
    for (std::int64_t i = 0; i < end(); ++i) {
      const auto size = static_cast<std::int32_t>(Below(26));
      const auto buffer = static_cast<std::int32_t>(Below(2));
      const auto at = static_cast<std::int32_t>(Below(kDataBytes - size + 1));
      const std::byte* bytes = data[static_cast<std::size_t>(buffer)].data() + at;
      std::byte view[16] = {};
      StoreLe(view, size);
      std::memcpy(view + 4, bytes, static_cast<std::size_t>(std::min(size, 12)));
      if (size > 12) {
        StoreLe(view + 8, buffer);
        StoreLe(view + 12, at);
      }
      views.insert(views.end(), view, view + 16);
      slots_.push_back(Hex(bytes, static_cast<std::size_t>(size)));
    }
    made_.array->AddBuffer(views).AddBuffer(data[0]).AddBuffer(data[1]);
    made_.array->AddBuffer(std::vector<std::int64_t>{kDataBytes, kDataBytes});
  }

  template <class T>
  void MakeLists() {
    std::vector<T> offsets{static_cast<T>(options_.offsets ? Below(4) : 0)};
    for (std::int64_t i = 0; i < end(); ++i) offsets.push_back(static_cast<T>(offsets.back() + Below(5)));
    MadeArray items = MakeArray(type_.children[0].type, offsets.back() + Below(3), For(type_.children[0]), &random_);
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
      slots_.push_back(Join(items.expected, offsets[i], offsets[i + 1] - offsets[i]));
    }
    made_.array->AddBuffer(offsets).AddChild(std::move(items.array));
  }

  void MakeFixedSizeLists() {
    MadeArray items = MakeArray(type_.children[0].type, end() * type_.size, For(type_.children[0]), &random_);
    for (std::int64_t i = 0; i < end(); ++i) slots_.push_back(Join(items.expected, i * type_.size, type_.size));
    made_.array->AddChild(std::move(items.array));
  }

  void MakeStruct() {
    slots_.assign(static_cast<std::size_t>(end()), "[");
    for (const Field& field : type_.children) {
      MadeArray child = MakeArray(field.type, end(), For(field), &random_);
      for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i] += child.expected[i] + " ";
      made_.array->AddChild(std::move(child.array));
    }
    for (std::string& slot : slots_) slot += "]";
  }

  void MakeDictionary() {
    constexpr std::int64_t kEntries = 5;
    MadeArray entries =
        MakeArray(type_.children[0].type, kEntries, {.offsets = options_.offsets, .storage = options_.storage}, &random_);
    const auto width = static_cast<std::size_t>(FixedWidthBits(DataType{.id = type_.key_id}) / 8);
    std::vector<std::byte> keys(static_cast<std::size_t>(end()) * width);
    for (std::int64_t i = 0; i < end(); ++i) {
      const bool valid = valid_.empty() || valid_[static_cast<std::size_t>(i)];
      const std::int64_t key = valid ? Below(kEntries) : Below(100);  // null slots may hold anything
      std::memcpy(keys.data() + static_cast<std::size_t>(i) * width, &key, width);
      slots_.push_back(valid ? entries.expected[static_cast<std::size_t>(key)] : "null");
    }
    made_.array->AddBuffer(keys).SetDictionary(std::move(entries.array));
  }

  const DataType& type_;
  const MakeOptions options_;
  std::mt19937& random_;
  const std::int64_t length_;
  const std::int64_t offset_;
  MadeArray made_;
  std::vector<bool> valid_;
  std::vector<std::string> slots_;
};

std::string RenderText(const ArrayView& view, std::int64_t at) {
  if (view.storage == Storage::kView) {
    const std::byte* bytes = view.values + at * 16;
    const auto size = static_cast<std::size_t>(LoadLe<std::int32_t>(bytes));
    if (size <= 12) return Hex(bytes + 4, size);
    return Hex(view.view_data[LoadLe<std::uint32_t>(bytes + 8)] + LoadLe<std::int32_t>(bytes + 12), size);
  }
  const auto offset = [&](std::int64_t i) {
    return HasLargeOffsets(view.type->id) ? LoadLe<std::int64_t>(view.values + i * 8) : LoadLe<std::int32_t>(view.values + i * 4);
  };
  return Hex(view.data + offset(at), static_cast<std::size_t>(offset(at + 1) - offset(at)));
}

std::string RenderList(const ArrayView& view, std::int64_t at) {
  const auto offset = [&](std::int64_t i) {
    return HasLargeOffsets(view.type->id) ? LoadLe<std::int64_t>(view.values + i * 8) : LoadLe<std::int32_t>(view.values + i * 4);
  };
  return RenderItems(view.children[0], offset(at), offset(at + 1) - offset(at));
}

}  // namespace

HandArray::HandArray(std::int64_t length, std::int64_t offset, std::int64_t null_count) {
  c_.length = length;
  c_.offset = offset;
  c_.null_count = null_count;
  c_.release = [](ArrowArray* array) { array->release = nullptr; };
}

HandArray& HandArray::AddNullBuffer() {
  storage_.emplace_back();
  sizes_.push_back(0);
  buffers_.push_back(nullptr);
  c_.buffers = buffers_.data();
  c_.n_buffers = static_cast<std::int64_t>(buffers_.size());
  return *this;
}

HandArray& HandArray::AddBytes(const void* bytes, std::size_t size) {
  AddNullBuffer();
  storage_.back() = std::make_unique<std::byte[]>(size);
  if (size != 0) std::memcpy(storage_.back().get(), bytes, size);
  sizes_.back() = size;
  buffers_.back() = storage_.back().get();
  return *this;
}

HandArray& HandArray::AddChild(std::unique_ptr<HandArray> child) {
  child_pointers_.push_back(&child->c());
  children_.push_back(std::move(child));
  c_.children = child_pointers_.data();
  c_.n_children = static_cast<std::int64_t>(child_pointers_.size());
  return *this;
}

HandArray& HandArray::SetDictionary(std::unique_ptr<HandArray> dictionary) {
  dictionary_ = std::move(dictionary);
  c_.dictionary = &dictionary_->c();
  return *this;
}

ArrayData HandArray::ToArrayData() const {
  ArrayData out{.length = c_.length};
  Buffer* targets[] = {&out.validity, &out.values, &out.data};
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    MutableBuffer copy;
    copy.Append({storage_[i].get(), sizes_[i]});
    *targets[i] = std::move(copy).Freeze();
  }
  const auto length = static_cast<std::uint64_t>(out.length);
  if (!out.validity.empty()) out.null_count = c_.length - static_cast<std::int64_t>(CountSetBits(out.validity.data(), 0, length));
  for (const auto& child : children_) out.children.push_back(child->ToArrayData());
  if (dictionary_ != nullptr) out.dictionary = std::make_shared<const ArrayData>(dictionary_->ToArrayData());
  return out;
}

MadeArray MakeArray(const DataType& type, std::int64_t length, const MakeOptions& options, std::mt19937* random) {
  return Maker(type, length, options, random).Make();
}

std::string Render(const ArrayView& view, std::int64_t slot) {
  const std::int64_t at = view.offset + slot;
  const DataType& type = *view.type;
  if (type.id == TypeId::kNull || (view.validity != nullptr && !GetBit(view.validity, static_cast<std::uint64_t>(at))))
    return "null";
  if (IsVariableWidth(type.id)) return RenderText(view, at);
  switch (type.id) {
    case TypeId::kBool:
      return GetBit(view.values, static_cast<std::uint64_t>(at)) ? "1" : "0";
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kMap:
      return RenderList(view, at);
    case TypeId::kFixedSizeList:
      return RenderItems(view.children[0], slot * type.size, type.size);
    case TypeId::kStruct: {
      std::string text = "[";
      for (const ArrayView& child : view.children) text += Render(child, slot) + " ";
      return text + "]";
    }
    case TypeId::kDictionary: {
      const auto width = static_cast<std::size_t>(FixedWidthBits(DataType{.id = type.key_id}) / 8);
      std::int64_t key = 0;
      std::memcpy(&key, view.values + static_cast<std::size_t>(at) * width, width);
      return Render(*view.dictionary, key);
    }
    default:
      break;
  }
  const auto width = static_cast<std::size_t>(FixedWidthBits(type) / 8);
  return Hex(view.values + static_cast<std::size_t>(at) * width, width);
}

std::vector<DataType> AllTypes() {
  std::vector<DataType> types;
  for (int id = 0; id <= static_cast<int>(TypeId::kFloat64); ++id) types.push_back({.id = static_cast<TypeId>(id)});
  types.push_back({.id = TypeId::kDecimal128, .precision = 10, .scale = 2});
  types.push_back({.id = TypeId::kDecimal256, .precision = 76, .scale = -3});
  types.push_back({.id = TypeId::kDate32});
  types.push_back({.id = TypeId::kDate64});
  for (const TimeUnit unit : {TimeUnit::kSecond, TimeUnit::kMilli, TimeUnit::kMicro, TimeUnit::kNano}) {
    types.push_back({.id = unit < TimeUnit::kMicro ? TypeId::kTime32 : TypeId::kTime64, .unit = unit});
    types.push_back({.id = TypeId::kTimestamp, .unit = unit});
    types.push_back({.id = TypeId::kTimestamp, .unit = unit, .timezone = "Europe/Berlin"});
    types.push_back({.id = TypeId::kDuration, .unit = unit});
  }
  for (const TypeId id : {TypeId::kString, TypeId::kLargeString, TypeId::kBinary, TypeId::kLargeBinary})
    types.push_back({.id = id});
  for (const std::int64_t size : {0, 1, 16}) types.push_back({.id = TypeId::kFixedSizeBinary, .size = size});

  const DataType text{.id = TypeId::kString};
  const DataType number{.id = TypeId::kInt32};
  for (int key = static_cast<int>(TypeId::kInt8); key <= static_cast<int>(TypeId::kUInt64); ++key) {
    types.push_back({.id = TypeId::kDictionary,
                     .key_id = static_cast<TypeId>(key),
                     .ordered = key % 2 == 0,
                     .children = {MakeField("", text)}});
  }
  const DataType vector{.id = TypeId::kFixedSizeList, .size = 3, .children = {MakeField("item", number)}};
  const DataType pair{.id = TypeId::kStruct, .children = {MakeField("key", text, false), MakeField("value", vector)}};
  types.push_back(vector);
  types.push_back({.id = TypeId::kFixedSizeList, .size = 2, .children = {MakeField("item", {.id = TypeId::kBool}, false)}});
  types.push_back({.id = TypeId::kFixedSizeList, .size = 2, .children = {MakeField("item", vector)}});
  types.push_back({.id = TypeId::kStruct});
  types.push_back(pair);
  types.push_back({.id = TypeId::kList, .children = {MakeField("item", pair)}});
  types.push_back({.id = TypeId::kLargeList, .children = {MakeField("element", {.id = TypeId::kNull})}});
  types.push_back({.id = TypeId::kMap, .ordered = true, .children = {MakeField("entries", pair, false)}});
  types.push_back({.id = TypeId::kList, .children = {MakeField("item", types.back())}});
  return types;
}

}  // namespace lancekit::testing
