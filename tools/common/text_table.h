// Rows of text as aligned table, tab-separated or CSV lines, or as a table in Markdown. Only a table on a terminal is cut to its
// width.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lancekit/result.hpp"
#include "tools/common/output.h"

namespace lancekit::tools {

enum class Format : std::uint8_t { kTable, kPlain, kJson, kJsonLines, kCsv, kTsv, kMarkdown };

/// True for the forms that people look at: titles and rounded numbers instead of keys and exact ones.
constexpr bool IsForPeople(Format format) { return format == Format::kTable || format == Format::kMarkdown; }

/// The format of that name; without one JSON where that is wanted, else a table on a terminal and plain text elsewhere.
/// Errors: kInvalidArgument.
Result<Format> ParseFormat(const std::string& name, bool wants_json, bool is_terminal);

struct TextColumn {
  std::string title;
  bool right = false;     ///< numbers line up at the right
  bool optional = false;  ///< left out where the terminal is too narrow for all
};

struct TextCell {
  std::string text;
  bool is_null = false;
};

/// Columns that the text takes on a terminal; wide East Asian characters take two, combining marks none.
std::size_t DisplayWidth(std::string_view text);
/// At most `width` columns of the text; what was cut is marked by "…".
std::string CutToWidth(std::string_view text, std::size_t width);

class TextTable {
 public:
  /// Pre: the format is none of JSON. The output must outlive the table.
  TextTable(Format format, std::vector<TextColumn> columns, Output* output);
  void Add(std::vector<TextCell> row);
  /// Writes what is still held back.
  void Finish();

 private:
  void WriteSeparated(const std::vector<TextCell>& row);
  void WriteAligned(const std::vector<TextCell>& row, bool is_header);
  void FixWidths();
  void ChooseShown(std::size_t room);
  std::size_t ShownWidth(std::size_t most) const;

  Format format_;
  std::vector<TextColumn> columns_;
  Output* output_;
  std::vector<std::vector<TextCell>> waiting_;  // rows that determine the widths
  std::vector<std::size_t> widths_;
  std::vector<std::size_t> shown_;  // columns that fit the terminal
};

}  // namespace lancekit::tools
