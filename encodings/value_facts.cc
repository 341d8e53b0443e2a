#include "encodings/value_facts.h"

#include <algorithm>
#include <bit>
#include <type_traits>

#include "base/offsets.h"
#include "encodings/kernels/stats.h"
#include "encodings/widths.h"

namespace lancekit {

ValueFacts::ValueFacts(const ValueShape& shape, bool is_signed)
    : of_numbers_(shape.fixed() && shape.list_sizes.empty() && shape.width_bits >= 8 && shape.width_bits <= 128 &&
                  std::has_single_bit(shape.width_bits)),
      of_strings_(shape.variable()),
      is_signed_(is_signed),
      width_bits_(shape.width_bits) {}

void ValueFacts::Clear() noexcept {
  num_values_ = longest_ = 0;
  blocks_.clear();
}

template <class T>
void ValueFacts::AddNumbers(const T* values, std::uint64_t count, Block* block) const {
  const auto widen = [this](T value) {
    return is_signed_ ? static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::make_signed_t<T>>(value)))
                      : std::uint64_t{value};
  };
  block->any = kernels::OrAll(values, count);
  T least{}, greatest{};
  if (is_signed_) {
    std::make_signed_t<T> low{}, high{};
    kernels::MinMax(reinterpret_cast<const std::make_signed_t<T>*>(values), count, &low, &high);
    least = static_cast<T>(low);
    greatest = static_cast<T>(high);
  } else {
    kernels::MinMax(values, count, &least, &greatest);
  }
  block->least = widen(least);
  block->greatest = widen(greatest);
}

void ValueFacts::AddWide(const std::byte* values, std::uint64_t count, Block* block) const {
  std::int64_t least = 0, greatest = 0;
  block->has_bounds = kernels::MinMax16(values, count, &least, &greatest);
  block->least = static_cast<std::uint64_t>(least);
  block->greatest = static_cast<std::uint64_t>(greatest);
}

std::optional<ValueFacts::Block> ValueFacts::Join(const Block& a, const Block& b) const noexcept {
  const auto less = [this](std::uint64_t x, std::uint64_t y) {
    return is_signed_ || width_bits_ == 128 ? static_cast<std::int64_t>(x) < static_cast<std::int64_t>(y) : x < y;
  };
  if (!a.has_bounds || !b.has_bounds) return std::nullopt;
  Block both = a;
  both.any |= b.any;
  both.changes += b.changes;
  if (less(b.least, both.least)) both.least = b.least;
  if (less(both.greatest, b.greatest)) both.greatest = b.greatest;
  return both;
}

void ValueFacts::Update(const ValuesView& values, const ValueFacts* like) {
  if (of_strings_ && values.length > num_values_) {
    const std::uint64_t width = values.shape.large_offsets ? 8 : 4;
    const std::byte* const from = values.values + num_values_ * width;
    const std::uint64_t count = values.length - num_values_;
    longest_ = std::max(longest_, width == 8 ? LongestStep<std::int64_t>(from, count) : LongestStep<std::int32_t>(from, count));
  }
  for (std::uint64_t first = num_values_; of_numbers_ && first < values.length;) {
    const std::uint64_t count = std::min(values.length, (first / kBlockValues + 1) * kBlockValues) - first;
    Block block;
    if (width_bits_ == 128) {
      AddWide(values.values + first * 16, count, &block);
    } else {
      ForWidth(width_bits_, [&]<class T>(T) {
        const T* const from = reinterpret_cast<const T*>(values.values) + first;
        AddNumbers(from, count, &block);
        const std::uint64_t before = first != 0;
        block.changes =
            like != nullptr ? like->blocks_[first / kBlockValues].changes : kernels::CountRuns(from - before, count + before) - 1;
      });
    }
    if (first % kBlockValues == 0) {
      blocks_.push_back(block);
    } else {
      Block& last = blocks_.back();
      const std::optional<Block> both = Join(last, block);
      both.has_value() ? static_cast<void>(last = *both) : static_cast<void>(last.has_bounds = false);
    }
    first += count;
  }
  num_values_ = values.length;
}

std::uint64_t ValueFacts::NumRuns() const noexcept {
  std::uint64_t runs = num_values_ != 0;
  for (const Block& block : blocks_) runs += block.changes;
  return runs;
}

std::optional<ValueFacts::Block> ValueFacts::BoundsOf(std::uint64_t first, std::uint64_t end) const noexcept {
  if (!of_numbers_ || first % kBlockValues != 0 || (end % kBlockValues != 0 && end != num_values_)) return std::nullopt;
  const std::uint64_t begin = first / kBlockValues;
  std::optional<Block> all = blocks_[begin];
  if (!all->has_bounds) return std::nullopt;
  for (std::uint64_t i = begin + 1; i * kBlockValues < end && all.has_value(); ++i) all = Join(*all, blocks_[i]);
  return all;
}

}  // namespace lancekit
