#include "writer/sample.h"

#include <algorithm>

#include "base/checked_math.h"

namespace lancekit {
namespace {

// Whole blocks of bit-packing at least, which a delta encoding starts anew.
constexpr std::uint64_t kStretchValues = 2048;
constexpr std::uint64_t kStretchNumberBytes = 16 << 10;
// Counted for each string.
constexpr std::uint64_t kStringOverhead = 8;

}  // namespace

NumberSample::NumberSample(const ValuesView& values) : all_(values), view_(values) {
  const std::uint64_t width = values.shape.width_bits / 8;
  const std::uint64_t stretch = std::max(kStretchValues, kStretchNumberBytes / width);
  if (values.length <= kStretches * stretch) return;
  view_.length = kStretches * stretch;
  for (const ValuesView& part : Stretches(kStretches)) memory_.Append({part.values, stretch * width});
  view_.values = memory_.data();
}

std::vector<ValuesView> NumberSample::Stretches(std::uint64_t count) const {
  if (!is_part()) return {all_};
  std::vector<ValuesView> views(count, all_);
  const std::uint64_t stretch = view_.length / count;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t first = count == 1 ? 0 : (all_.length - stretch) * i / (count - 1);
    views[i].length = stretch;
    views[i].values += first * (all_.shape.width_bits / 8);
  }
  return views;
}

StringSample::StringSample(const ValuesView& values, std::uint64_t stretch_bytes) {
  const std::uint64_t step = std::max<std::uint64_t>(1, CeilDiv(values.length, kStretches));
  offsets_.push_back(0);
  for (std::uint64_t first = 0; first < values.length; first += step) {
    const std::uint64_t end = std::min(first + step, values.length);
    const auto size = [&](std::uint64_t last) {
      return values.Offset(last + 1) - values.Offset(first) + (last - first) * kStringOverhead;
    };
    for (std::uint64_t i = first; i < end && size(i) <= stretch_bytes; ++i) {
      data_.Append({values.data + values.Offset(i), values.Offset(i + 1) - values.Offset(i)});
      offsets_.push_back(static_cast<std::int32_t>(data_.size()));
    }
  }
}

bool StringSample::SharesPrefixes() const {
  // Less than this part of the bytes does not pay for the numbers of shared bytes.
  constexpr std::uint64_t kLeastPart = 16;
  const auto* const bytes = data_.data();
  std::uint64_t shared = 0;
  for (std::size_t i = 2; i < offsets_.size(); ++i) {
    const auto* const begin = bytes + offsets_[i - 1];
    const auto* const before = bytes + offsets_[i - 2];
    shared += static_cast<std::uint64_t>(std::mismatch(before, begin, begin, bytes + offsets_[i]).first - before);
  }
  return shared >= data_.size() / kLeastPart;
}

ValuesView StringSample::view() const {
  ValuesView view;
  view.shape.kind = ValueShape::Kind::kVariable;
  view.length = offsets_.size() - 1;
  view.values = reinterpret_cast<const std::byte*>(offsets_.data());
  view.data = data_.data();
  return view;
}

}  // namespace lancekit
