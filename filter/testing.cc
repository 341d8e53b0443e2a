#include "filter/testing.h"

#include "base/bitmap.h"

namespace lancekit::filter::testing {
namespace {

void AppendNumber(const DataType& type, const Value& value, MutableBuffer* out) {
  std::array<std::byte, 32> bytes{};
  const std::size_t width = FixedWidthBits(type) / 8;
  if (!value) {
    bytes.fill(std::byte{0x55});  // what no test should see
  } else if (const auto* number = std::get_if<double>(&*value)) {
    if (type.id == TypeId::kFloat32) {
      StoreLe(bytes.data(), static_cast<float>(*number));
    } else {
      StoreLe(bytes.data(), *number);
    }
  } else if (const auto* wide = std::get_if<Int256>(&*value)) {
    wide->Store(bytes.data(), width);
  } else if (const auto* text = std::get_if<std::string>(&*value)) {
    std::memcpy(bytes.data(), text->data(), width);
  } else if (const auto* small = std::get_if<std::int64_t>(&*value)) {
    StoreLe(bytes.data(), *small);
  } else {
    StoreLe(bytes.data(), std::get<std::uint64_t>(*value));
  }
  out->Append(Bytes(bytes).first(width));
}

Buffer Bits(const std::vector<Value>& values, bool (*is_set)(const Value&)) {
  MutableBuffer bits;
  bits.AppendFill(BitmapBytes(values.size()), std::byte{0});
  for (std::size_t i = 0; i < values.size(); ++i) SetBitTo(bits.data(), i, is_set(values[i]));
  return std::move(bits).Freeze();
}

void SetNulls(const std::vector<Value>& values, ArrayData* array) {
  for (const Value& value : values) array->null_count += value ? 0 : 1;
  if (array->null_count > 0) array->validity = Bits(values, [](const Value& value) { return value.has_value(); });
}

template <class Offset>
void SetTexts(const std::vector<Value>& values, ArrayData* array) {
  MutableBuffer offsets, data;
  offsets.AppendLe<Offset>(0);
  for (const Value& value : values) {
    if (value) {
      const std::string& text = std::get<std::string>(*value);
      data.Append(std::as_bytes(std::span(text.data(), text.size())));
    }
    offsets.AppendLe(static_cast<Offset>(data.size()));
  }
  array->values = std::move(offsets).Freeze();
  array->data = std::move(data).Freeze();
}

/// Items in reverse order of the rows, the last one null; null rows point to it or have a null key.
ArrayData MakeDictionary(const DataType& type, const std::vector<Value>& values) {
  ArrayData array{.length = static_cast<std::int64_t>(values.size())};
  std::vector<Value> items(values.rbegin(), values.rend());
  items.emplace_back();
  std::vector<Value> keys;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i] && i % 2 == 0) {
      keys.emplace_back();
    } else {
      keys.emplace_back(static_cast<std::int64_t>(values[i] ? values.size() - 1 - i : values.size()));
    }
  }
  MutableBuffer bytes;
  for (const Value& key : keys) AppendNumber({.id = type.key_id}, key, &bytes);
  array.values = std::move(bytes).Freeze();
  SetNulls(keys, &array);
  array.dictionary = std::make_shared<ArrayData>(MakeColumn(type.children[0].type, items));
  return array;
}

}  // namespace

ArrayData MakeColumn(const DataType& type, const std::vector<Value>& values) {
  if (type.id == TypeId::kDictionary) return MakeDictionary(type, values);
  ArrayData array{.length = static_cast<std::int64_t>(values.size())};
  if (type.id == TypeId::kStruct) {  // a null struct may have a value below it
    std::vector<Value> parents(values.size(), Scalar()), inner = values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] || i % 2 == 0) continue;
      parents[i].reset();
      for (const Value& other : values) inner[i] = other ? other : inner[i];
    }
    SetNulls(parents, &array);
    array.children.push_back(MakeColumn(type.children[0].type, inner));
    return array;
  }
  SetNulls(values, &array);
  if (type.id == TypeId::kBool) {
    array.values = Bits(values, [](const Value& value) { return !value || std::get<std::uint64_t>(*value) != 0; });
  } else if (HasLargeOffsets(type.id)) {
    SetTexts<std::int64_t>(values, &array);
  } else if (IsVariableWidth(type.id)) {
    SetTexts<std::int32_t>(values, &array);
  } else {
    MutableBuffer bytes;
    for (const Value& value : values) AppendNumber(type, value, &bytes);
    array.values = std::move(bytes).Freeze();
  }
  return array;
}

ArrayData MakeRuns(const DataType& type, const std::vector<Value>& values) {
  ArrayData array{.length = static_cast<std::int64_t>(values.size())};
  SetNulls(values, &array);
  std::vector<Value> runs;
  MutableBuffer ends;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0 && values[i] && values[i] != runs.back()) ends.AppendLe(std::uint64_t{i});
    if (i == 0 || (values[i] && values[i] != runs.back())) runs.push_back(values[i]);
  }
  if (!values.empty()) ends.AppendLe(std::uint64_t{values.size()});
  array.values = std::move(ends).Freeze();
  array.dictionary = std::make_shared<const ArrayData>(MakeColumn(type, runs));
  return array;
}

}  // namespace lancekit::filter::testing
