#include "format/zone.h"

#include <utility>

namespace lancekit::format {

void Zone::SetTexts(std::string_view least, std::string_view greatest) {
  min.emplace(std::string(least.substr(0, kMaxBoundBytes)));
  min_is_exact = least.size() <= kMaxBoundBytes;
  max_is_exact = greatest.size() <= kMaxBoundBytes;
  std::string above(greatest.substr(0, kMaxBoundBytes));
  if (!max_is_exact) {
    while (!above.empty() && above.back() == '\xFF') above.pop_back();
    if (above.empty()) {
      max.reset();
      return;
    }
    ++above.back();
  }
  max.emplace(std::move(above));
}

void Zone::Append(const Zone& next) {
  const bool had_bounds = !HasNoBounds();
  if (!had_bounds) {
    min = next.min;
    max = next.max;
    min_is_exact = next.min_is_exact;
    max_is_exact = next.max_is_exact;
  } else if (!next.HasNoBounds()) {
    if (!min.has_value() || !next.min.has_value()) {
      min.reset();
    } else if (const auto order = Compare(*next.min, *min); order <= 0) {
      min_is_exact = next.min_is_exact || (order == 0 && min_is_exact);
      min = next.min;
    }
    if (!max.has_value() || !next.max.has_value()) {
      max.reset();
    } else if (const auto order = Compare(*next.max, *max); order >= 0) {
      max_is_exact = next.max_is_exact || (order == 0 && max_is_exact);
      max = next.max;
    }
  }
  num_rows += next.num_rows;
  num_values += next.num_values;
  num_nulls += next.num_nulls;
  num_nans += next.num_nans;
}

}  // namespace lancekit::format
