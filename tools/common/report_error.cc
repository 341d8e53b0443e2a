#include "tools/common/report_error.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>

#include "tools/common/exit_codes.h"
#include "tools/common/json.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"

namespace lancekit::tools {
namespace {

std::string AsJson(const Error& error, std::string_view hint, const std::string& program) {
  JsonWriter json;
  json.BeginObject().Member("schema", program + "/1").Key("error").BeginObject();
  json.Member("code", NameOf(error.code)).Member("exit_code", ExitCodeOf(error.code)).Member("message", error.message);
  if (!error.path.empty()) json.Member("path", error.path);
  if (!error.column.empty()) json.Member("column", error.column);
  if (error.page >= 0) json.Member("page", error.page);
  if (error.offset != Error::kNoOffset) json.Member("offset", error.offset);
  if (!hint.empty()) json.Member("try", hint);
  return json.EndObject().EndObject().text() + "\n";
}

const char* Headline(ErrorCode code) {
  switch (code) {
    case ErrorCode::kCorruption:
      return "damaged";
    case ErrorCode::kUnsupported:
      return "not supported";
    case ErrorCode::kOutput:
      return "cannot be written";
    case ErrorCode::kIo:
      return "cannot be read";
    case ErrorCode::kInvalidArgument:
      return "not possible";
    default:
      return "failed";
  }
}

/// `column "name", page 3, at byte 160,512`, as far as it is known.
std::string Where(const Error& error) {
  std::string where;
  if (!error.column.empty()) where = fmt::format("column \"{}\"", EscapeControls(error.column));
  if (error.page >= 0) where += fmt::format("{}page {}", where.empty() ? "" : ", ", error.page);
  if (error.offset != Error::kNoOffset)
    where += fmt::format("{}at byte {}", where.empty() ? "" : ", ", GroupDigits(error.offset));
  return where;
}

/// The filter with a caret under the character that the message, "filter, column 12: ...", names; empty for other errors.
std::string PointIntoFilter(const Error& error, const std::string& filter) {
  static constexpr std::string_view kStart = "filter, column ";
  static constexpr std::size_t kMost = 100;  // characters of a long filter that are shown
  std::size_t column = 0;
  const char* const end = error.message.data() + error.message.size();
  if (!error.message.starts_with(kStart)) return {};
  if (std::from_chars(error.message.data() + kStart.size(), end, column).ec != std::errc{} || column == 0) return {};
  const std::size_t first = column > kMost / 2 ? column - kMost / 2 : 1;
  std::string shown;
  std::size_t character = 0;
  for (const char c : filter) {
    character += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (character >= first && character < first + kMost) shown.push_back(is_control ? ' ' : c);
  }
  return fmt::format("  {}\n  {}^\n", EscapeControls(shown), std::string(column - first, ' '));
}

}  // namespace

std::string FormatError(const Error& error, std::string_view hint, const ErrorStyle& style) {
  if (style.json) return AsJson(error, hint, style.program);
  std::string text = style.program + ": ";
  if (!error.path.empty()) text += EscapeControls(error.path) + ": ";
  const std::string message = EscapeControls(error.message);
  const std::string where = Where(error);
  if (where.empty()) {
    text += Styled(message, Style::kRed, style.color) + "\n";
  } else {
    text += Styled(Headline(error.code), Style::kRed, style.color) + fmt::format("\n  {}: {}\n", where, message);
  }
  text += PointIntoFilter(error, style.filter);
  if (!hint.empty()) text += fmt::format("  try: {}\n", EscapeControls(hint));
  return text;
}

int ReportError(const Error& error, std::string_view hint, const ErrorStyle& style) {
  const std::string text = FormatError(error, hint, style);
  std::fwrite(text.data(), 1, text.size(), stderr);
  return ExitCodeOf(error.code);
}

}  // namespace lancekit::tools
