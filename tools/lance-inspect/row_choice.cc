#include "tools/lance-inspect/row_choice.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>

#include "base/status.h"

namespace lancekit::tools {
namespace {

using Bound = std::optional<std::int64_t>;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// False when it is no number; an empty text is no bound.
bool ParseBound(std::string_view text, Bound* out) {
  text = Trim(text);
  if (text.empty()) return true;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  *out = number;
  return true;
}

Error NoRows(std::string_view text) {
  return Invalid("\"{}\" is neither a row nor a slice such as 2:5, -3: or ::1000", std::string(text));
}

/// As Python's slice.indices() has it.
RowSlice CutSlice(Bound first, Bound stop, std::int64_t step, std::int64_t rows) {
  const std::int64_t lowest = step < 0 ? -1 : 0, highest = step < 0 ? rows - 1 : rows;
  const auto cut = [&](Bound bound, std::int64_t otherwise) {
    if (!bound) return otherwise;
    return std::clamp(*bound < 0 ? *bound + rows : *bound, lowest, highest);
  };
  const std::int64_t from = cut(first, step < 0 ? highest : lowest), to = cut(stop, step < 0 ? lowest : highest);
  const std::int64_t span = step < 0 ? from - to : to - from;
  if (span <= 0) return {from, step, 0};
  // The negation of the smallest number does not fit.
  const std::uint64_t distance = step < 0 ? ~static_cast<std::uint64_t>(step) + 1 : static_cast<std::uint64_t>(step);
  return {from, step, (static_cast<std::uint64_t>(span) - 1) / distance + 1};
}

Result<RowSlice> ParseSlice(std::string_view text, std::int64_t rows) {
  Bound bounds[3];
  std::size_t parts = 0;
  for (std::size_t begin = 0;; ++parts) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    if (parts == 3 || !ParseBound(text.substr(begin, end - begin), &bounds[parts])) return NoRows(text);
    if (end == text.size()) break;
    begin = end + 1;
  }
  if (parts > 0) {
    if (bounds[2] == 0) return Invalid("the step of \"{}\" is zero", std::string(text));
    return CutSlice(bounds[0], bounds[1], bounds[2].value_or(1), rows);
  }
  if (!bounds[0]) return NoRows(text);
  const std::int64_t row = *bounds[0];
  if (row >= rows || row < -rows) return Invalid("row {} of {} rows", row, rows);
  return RowSlice{row < 0 ? row + rows : row, 1, 1};
}

/// SplitMix64, so that samples do not depend on the standard library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// Below `end`, without bias. Pre: end is not 0.
  std::uint64_t Below(std::uint64_t end) {
    const std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() / end * end;
    for (;;) {
      if (const std::uint64_t value = Next(); value < limit) return value % end;
    }
  }

 private:
  std::uint64_t Next() {
    std::uint64_t value = state_ += 0x9E3779B97F4A7C15;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
    value = (value ^ value >> 27) * 0x94D049BB133111EB;
    return value ^ value >> 31;
  }
  std::uint64_t state_;
};

}  // namespace

Result<std::vector<RowSlice>> ParseRows(std::string_view text, std::uint64_t num_rows) {
  std::vector<RowSlice> slices;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    LANCEKIT_ASSIGN(const RowSlice slice, ParseSlice(Trim(text.substr(begin, end - begin)), static_cast<std::int64_t>(num_rows)));
    slices.push_back(slice);
    begin = end + 1;
  }
  return slices;
}

std::vector<std::int64_t> SampleRows(std::uint64_t num_rows, std::uint64_t count, std::uint64_t seed) {
  count = std::min(count, num_rows);
  Random random(seed);
  std::set<std::int64_t> rows;
  // Floyd's way: each step adds one row, the last of its range where the drawn one is there already.
  for (std::uint64_t last = num_rows - count; last < num_rows; ++last) {
    const auto drawn = static_cast<std::int64_t>(random.Below(last + 1));
    if (!rows.insert(drawn).second) rows.insert(static_cast<std::int64_t>(last));
  }
  return {rows.begin(), rows.end()};
}

}  // namespace lancekit::tools
