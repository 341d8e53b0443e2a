#include "tools/lance-convert/text_lines.h"

#include <string>

namespace lancekit::convert {
namespace {

constexpr std::int64_t kReadBytes = 1 << 20;

/// Goes through delimited text byte by byte, as Arrow's parser does.
class LineFinder {
 public:
  explicit LineFinder(const LineSearch& search) : search_(search), is_header_(search.header) {}

  bool done() const { return found_.rows.size() == search_.rows.size() && found_.bad.size() >= search_.most_bad; }

  void Take(char c) {
    const bool was_return = std::exchange(after_return_, c == '\r');
    if (c == '\n' && was_return) return;  // of one line break
    const bool is_break = c == '\n' || c == '\r';
    if (is_quoted_) {
      if (c == search_.quote) is_quoted_ = false, after_quote_ = true;
    } else if (is_break) {
      EndRow();
    } else {
      if (!in_row_) row_line_ = line_, num_fields_ = 1, in_row_ = at_field_ = true;
      // A second quote inside a quoted field stands for one, and the field goes on.
      is_quoted_ = c == search_.quote && (at_field_ || after_quote_);
      num_fields_ += c == search_.delimiter;
      at_field_ = c == search_.delimiter;
      after_quote_ = false;
    }
    line_ += is_break;
  }

  void EndRow() {
    if (!in_row_) return;  // empty lines are passed over
    in_row_ = after_quote_ = false;
    if (is_header_) {
      is_header_ = false;
    } else if (num_fields_ != search_.num_fields) {
      if (found_.bad.size() < search_.most_bad) found_.bad.push_back({row_line_, num_fields_});
    } else if (const std::size_t at = found_.rows.size(); at < search_.rows.size() && search_.rows[at] == row_++) {
      found_.rows.push_back(row_line_);
    }
  }

  FoundLines Finish() && { return std::move(found_); }

 private:
  const LineSearch& search_;
  FoundLines found_;
  bool is_header_;
  bool in_row_ = false;
  bool at_field_ = false;
  bool is_quoted_ = false;
  bool after_quote_ = false;
  bool after_return_ = false;
  std::uint64_t line_ = 1;
  std::uint64_t row_line_ = 0;
  std::uint64_t row_ = 0;
  std::int64_t num_fields_ = 0;
};

}  // namespace

arrow::Result<FoundLines> FindLines(arrow::io::InputStream& text, const LineSearch& search) {
  LineFinder finder(search);
  std::string bytes(static_cast<std::size_t>(kReadBytes), '\0');
  while (!finder.done()) {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t got, text.Read(kReadBytes, bytes.data()));
    for (std::int64_t i = 0; i < got; ++i) finder.Take(bytes[static_cast<std::size_t>(i)]);
    if (got == 0) {
      finder.EndRow();
      break;
    }
  }
  return std::move(finder).Finish();
}

}  // namespace lancekit::convert
