#include "base/status.h"

#include <fmt/format.h>

namespace lancekit {

namespace detail {
std::string Format(fmt::string_view text, fmt::format_args args) { return fmt::vformat(text, args); }
}  // namespace detail

Status At(Status status, const Place& place) {
  if (status.ok()) return status;
  Error& error = status.error();
  if (error.path.empty()) error.path = place.path;
  if (error.column.empty()) error.column = place.column;
  if (error.page < 0) error.page = place.page;
  if (error.offset == Error::kNoOffset) error.offset = place.offset;
  return status;
}

std::string Error::describe() const {
  std::string text;
  if (!path.empty()) text += path + ": ";
  if (!column.empty()) text += fmt::format("column \"{}\", ", column);
  if (page >= 0) text += fmt::format("page {}, ", page);
  if (offset != kNoOffset) text += fmt::format("at byte {}, ", offset);
  if (text.size() > 2 && text[text.size() - 2] == ',') text.replace(text.size() - 2, 2, ": ");
  return text + message;
}

}  // namespace lancekit
