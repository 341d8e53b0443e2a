#include "tools/common/version_options.h"

#include <CLI/CLI.hpp>
#include <cstdint>

#include "base/status.h"

namespace lancekit::tools {
namespace {

/// Takes numbers and separators from the front of a text.
class TimeText {
 public:
  explicit TimeText(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool Take(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_[0]) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// Exactly this many digits.
  bool Number(std::size_t digits, int* out) {
    if (text_.size() < digits || text_.substr(0, digits).find_first_not_of("0123456789") != std::string_view::npos) return false;
    *out = 0;
    for (std::size_t i = 0; i < digits; ++i) *out = *out * 10 + (text_[i] - '0');
    text_.remove_prefix(digits);
    return true;
  }
  /// Decimals of a second; those beyond nanoseconds are dropped.
  bool Nanoseconds(std::int64_t* out) {
    std::int64_t unit = 1'000'000'000;
    *out = 0;
    if (text_.empty() || text_[0] < '0' || text_[0] > '9') return false;
    for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; text_.remove_prefix(1)) {
      unit /= 10;
      *out += unit * (text_[0] - '0');
    }
    return true;
  }

 private:
  std::string_view text_;
};

struct Moment {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::int64_t nanoseconds = 0;
  int zone_minutes = 0;
};

bool ReadZone(TimeText* text, Moment* moment) {
  if (text->Take("Zz")) return true;
  const bool west = text->Take("-");
  int hours = 0, minutes = 0;
  if (!west && !text->Take("+")) return false;
  if (!text->Number(2, &hours)) return false;
  text->Take(":");
  if (!text->at_end() && !text->Number(2, &minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  moment->zone_minutes = (hours * 60 + minutes) * (west ? -1 : 1);
  return true;
}

bool Read(TimeText* text, Moment* moment) {
  if (!text->Number(4, &moment->year) || !text->Take("-") || !text->Number(2, &moment->month) || !text->Take("-") ||
      !text->Number(2, &moment->day)) {
    return false;
  }
  if (text->at_end()) return true;
  if (!text->Take("T ") || !text->Number(2, &moment->hour) || !text->Take(":") || !text->Number(2, &moment->minute)) return false;
  if (text->Take(":") && !text->Number(2, &moment->second)) return false;
  if (text->Take(".") && !text->Nanoseconds(&moment->nanoseconds)) return false;
  return text->at_end() || (ReadZone(text, moment) && text->at_end());
}

}  // namespace

void AddVersionOptions(CLI::App& app, VersionOptions& options, const std::string& group) {
  const auto add = [&](const char* name, std::string& value, const char* text, const char* type) {
    CLI::Option* option = app.add_option(name, value, text)->type_name(type)->allow_extra_args(false);
    if (!group.empty()) option->group(group);
  };
  add("--tag", options.tag, "The version of a dataset that has this tag", "NAME");
  add("--branch", options.branch, "A branch of a dataset", "NAME");
  add("--as-of", options.as_of, "The version of a dataset that was the newest then, such as 2026-11-21T11:38 (UTC)", "TIME");
}

Result<OpenOptions> ToOpenOptions(const CommonOptions& common, const VersionOptions& options) {
  OpenOptions open;
  open.version = common.dataset_version;
  open.tag = options.tag;
  open.branch = options.branch;
  if (!options.as_of.empty()) {
    LANCEKIT_ASSIGN(open.as_of, ParseTime(options.as_of));
  }
  return open;
}

Result<std::chrono::system_clock::time_point> ParseTime(std::string_view text) {
  using namespace std::chrono;
  TimeText reader(text);
  Moment moment;
  const bool read = Read(&reader, &moment);
  const year_month_day date{year(moment.year), month(static_cast<unsigned>(moment.month)),
                            day(static_cast<unsigned>(moment.day))};
  // Nanoseconds in 64 bits reach from 1677 to 2262.
  if (!read || !date.ok() || moment.year < 1678 || moment.year > 2261 || moment.hour > 23 || moment.minute > 59 ||
      moment.second > 60)
    return Invalid("\"{}\" is no time; one looks like 2026-11-21 or 2026-11-21T11:38:23Z", std::string(text));
  const auto time = sys_days(date) + hours(moment.hour) + minutes(moment.minute - moment.zone_minutes) + seconds(moment.second) +
                    nanoseconds(moment.nanoseconds);
  return time_point_cast<system_clock::duration>(time);
}

}  // namespace lancekit::tools
