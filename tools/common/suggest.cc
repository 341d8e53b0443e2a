#include "tools/common/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "tools/common/terminal.h"

namespace lancekit::tools {
namespace {

constexpr std::size_t kLongestName = 200;  // the distance is quadratic, names come from files

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string ClosestMatch(std::string_view wrong, const std::vector<std::string>& candidates) {
  if (wrong.size() > kLongestName) return {};
  const std::string wanted = Lower(wrong);
  std::size_t best = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  std::string closest;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongestName) continue;
    const std::size_t distance = EditDistance(wanted, Lower(candidate));
    if (distance < best) {
      best = distance;
      closest = candidate;
    }
  }
  return closest;
}

std::string DidYouMean(std::string_view wrong, const std::vector<std::string>& candidates) {
  const std::string closest = ClosestMatch(wrong, candidates);
  return closest.empty() ? std::string() : fmt::format(" (did you mean \"{}\"?)", EscapeControls(closest));
}

}  // namespace lancekit::tools
