#include "writer/dictionary_builder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bitmap.h"

namespace lancekit {
namespace {

constexpr std::size_t kFirstTable = 1024;

std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xD1B54A32D192ED03u);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Most values are short: those of up to 16 bytes are hashed as two words without a call.
std::uint64_t Hash(Bytes value) {
  const std::size_t size = value.size();
  if (size > 16) return XXH3_64bits(value.data(), size);
  if (size >= 8) return Mix(LoadLe<std::uint64_t>(value.data()) ^ size, LoadLe<std::uint64_t>(value.data() + size - 8));
  if (size >= 4) return Mix(LoadLe<std::uint32_t>(value.data()) ^ size << 32, LoadLe<std::uint32_t>(value.data() + size - 4));
  std::uint64_t word = size << 32;
  for (std::size_t i = 0; i < size; ++i) word |= static_cast<std::uint64_t>(value[i]) << (8 * i);
  return Mix(word, size);
}

}  // namespace

DictionaryBuilder::DictionaryBuilder(ValueShape shape)
    : shape_(std::move(shape)), item_width_(shape_.width_bits == 1 ? 1 : shape_.width_bits / 8) {
  Clear();
}

void DictionaryBuilder::Clear() {
  num_items_ = 0;
  data_.Clear();
  offsets_.Clear();
  hashes_.clear();
  table_.assign(kFirstTable, 0);
  if (shape_.variable()) offsets_.AppendFill(shape_.large_offsets ? 8 : 4, std::byte{0});
}

Bytes DictionaryBuilder::Item(std::uint32_t number) const {
  if (!shape_.variable()) return {data_.data() + number * item_width_, item_width_};
  const auto offset = [&](std::size_t i) {
    return shape_.large_offsets ? static_cast<std::size_t>(LoadLe<std::int64_t>(offsets_.data() + 8 * i))
                                : static_cast<std::size_t>(LoadLe<std::int32_t>(offsets_.data() + 4 * i));
  };
  const std::size_t start = offset(number);
  return {data_.data() + start, offset(number + std::size_t{1}) - start};
}

std::uint32_t DictionaryBuilder::Insert(Bytes value) {
  const std::uint64_t hash = Hash(value);
  const std::size_t mask = table_.size() - 1;
  std::size_t at = hash & mask;
  for (; table_[at] != 0; at = (at + 1) & mask) {
    const std::uint32_t number = table_[at] - 1;
    if (hashes_[number] != hash) continue;
    const Bytes item = Item(number);
    if (item.size() == value.size() && (value.empty() || std::memcmp(item.data(), value.data(), value.size()) == 0))
      return number;
  }
  const auto number = static_cast<std::uint32_t>(num_items_++);
  table_[at] = number + 1;
  hashes_.push_back(hash);
  data_.Append(value);
  if (shape_.variable()) {
    shape_.large_offsets ? offsets_.AppendLe(static_cast<std::int64_t>(data_.size()))
                         : offsets_.AppendLe(static_cast<std::int32_t>(data_.size()));
  }
  if (num_items_ * 2 > table_.size()) Grow();
  return number;
}

void DictionaryBuilder::Grow() {
  table_.assign(table_.size() * 4, 0);
  const std::size_t mask = table_.size() - 1;
  for (std::uint32_t number = 0; number < num_items_; ++number) {
    std::size_t at = hashes_[number] & mask;
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = number + 1;
  }
}

ValuesView DictionaryBuilder::View() const {
  ValuesView view;
  view.shape = shape_;
  view.length = num_items_;
  view.values = shape_.variable() ? offsets_.data() : data_.data();
  view.data = data_.data();
  return view;
}

namespace {

Bytes ValueBytes(const ValuesView& values, std::uint64_t i) {
  const std::uint64_t width = values.shape.width_bits / 8;
  if (!values.shape.variable()) return {values.values + i * width, width};
  const std::uint64_t start = values.Offset(i);
  return {values.data + start, static_cast<std::size_t>(values.Offset(i + 1) - start)};
}

/// Bits of the indices when each 1024 of them take the width of their largest.
std::uint64_t PackedBits(const std::vector<std::uint32_t>& indices) {
  constexpr std::size_t kBlock = 1024;
  std::uint64_t bits = 0;
  for (std::size_t first = 0; first < indices.size(); first += kBlock) {
    std::uint32_t any = 0;
    for (std::size_t i = first; i < std::min(first + kBlock, indices.size()); ++i) any |= indices[i];
    bits += static_cast<std::uint64_t>(std::bit_width(any)) * kBlock;
  }
  return bits;
}

/// Numbers the items by how often they occur where that packs better: then few blocks need the width of rare ones.
void SortByCount(DictionaryAttempt* attempt) {
  const ValuesView items = attempt->items.View();
  std::vector<std::uint32_t> counts(items.length), order(items.length), numbers(items.length);
  if (items.length == 0) return;
  for (const std::uint32_t index : attempt->indices) ++counts[index];
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return counts[a] > counts[b]; });
  for (std::uint32_t i = 0; i < order.size(); ++i) numbers[order[i]] = i;
  std::vector<std::uint32_t> indices(attempt->indices.size());
  std::transform(attempt->indices.begin(), attempt->indices.end(), indices.begin(),
                 [&](std::uint32_t index) { return numbers[index]; });
  if (PackedBits(indices) >= PackedBits(attempt->indices)) return;
  DictionaryBuilder sorted(items.shape);
  for (const std::uint32_t item : order) sorted.Insert(ValueBytes(items, item));
  *attempt = {std::move(sorted), std::move(indices)};
}

}  // namespace

std::optional<DictionaryAttempt> TryDictionary(const ValuesView& values, const std::byte* validity, std::uint64_t max_items) {
  DictionaryAttempt attempt{DictionaryBuilder(values.shape), {}};
  attempt.indices.resize(values.length);
  for (std::uint64_t i = 0; i < values.length; ++i) {
    if (validity != nullptr && !GetBit(validity, i)) {
      if (i != 0) attempt.indices[i] = attempt.indices[i - 1];
      continue;
    }
    attempt.indices[i] = attempt.items.Insert(ValueBytes(values, i));
    if (attempt.items.size() > max_items) return std::nullopt;
  }
  SortByCount(&attempt);
  return attempt;
}

}  // namespace lancekit
