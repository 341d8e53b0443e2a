#include "tools/common/text_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/status.h"
#include "tools/common/suggest.h"
#include "tools/common/terminal.h"

namespace lancekit::tools {
namespace {

constexpr std::size_t kRowsForWidths = 1000;
constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastWidth = 6;

struct Character {
  std::size_t bytes;
  std::size_t columns;
};

/// The character at the start of the text; bytes that are not UTF-8 count one column each.
Character NextCharacter(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes == 1 || bytes > text.size()) return {1, 1};
  std::uint32_t code = lead & (0xFFu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  const auto within = [code](std::uint32_t first, std::uint32_t last) { return code >= first && code <= last; };
  if (within(0x300, 0x36F) || within(0x200B, 0x200F) || within(0xFE00, 0xFE0F) || within(0x20D0, 0x20F0)) return {bytes, 0};
  const bool wide = within(0x1100, 0x115F) || within(0x2E80, 0xA4CF) || within(0xAC00, 0xD7A3) || within(0xF900, 0xFAFF) ||
                    within(0xFE30, 0xFE6F) || within(0xFF00, 0xFF60) || within(0x1F300, 0x1FAFF) || within(0x20000, 0x3FFFD);
  return {bytes, wide ? std::size_t{2} : std::size_t{1}};
}

std::string CsvField(const TextCell& cell, bool escape, bool only) {
  // The only field of a line is never left empty: readers skip blank lines.
  if (cell.is_null) return only ? "\"\"" : "";
  const std::string text = escape ? EscapeControls(cell.text) : cell.text;
  // An empty text is quoted to differ from a null.
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + '"';
}

/// Backslashes are doubled, so that the text can be read back.
std::string TsvField(const TextCell& cell) {
  if (cell.is_null) return {};
  std::string doubled;
  for (const char c : cell.text) {
    if (c == '\\') doubled.push_back('\\');
    doubled.push_back(c);
  }
  return EscapeControls(doubled);
}

std::string PlainField(const TextCell& cell) { return cell.is_null ? "NULL" : EscapeControls(cell.text); }

/// Characters that Markdown would take for more than text are escaped.
std::string MarkdownField(const TextCell& cell) {
  std::string escaped;
  for (const char c : PlainField(cell)) {
    if (std::string_view("\\|`*[<&").find(c) != std::string_view::npos) escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

std::vector<TextCell> Titles(const std::vector<TextColumn>& columns) {
  std::vector<TextCell> titles;
  for (const TextColumn& column : columns) titles.push_back({column.title});
  return titles;
}

}  // namespace

Result<Format> ParseFormat(const std::string& name, bool wants_json, bool is_terminal) {
  constexpr std::pair<const char*, Format> kFormats[] = {
      {"table", Format::kTable}, {"plain", Format::kPlain}, {"json", Format::kJson},  {"jsonl", Format::kJsonLines},
      {"csv", Format::kCsv},     {"tsv", Format::kTsv},     {"md", Format::kMarkdown}};
  if (name.empty()) return wants_json ? Format::kJson : is_terminal ? Format::kTable : Format::kPlain;
  std::vector<std::string> names;
  for (const auto& [known, format] : kFormats) {
    if (name == known) return format;
    names.emplace_back(known);
  }
  return Invalid("unknown format \"{}\"{}; there are table, plain, json, jsonl, csv, tsv and md", name, DidYouMean(name, names));
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character next = NextCharacter(text);
    width += next.columns;
    text.remove_prefix(next.bytes);
  }
  return width;
}

std::string CutToWidth(std::string_view text, std::size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  std::size_t end = 0, used = 0;
  for (;;) {
    const Character next = NextCharacter(text.substr(end));
    if (used + next.columns + 1 > width) break;
    used += next.columns;
    end += next.bytes;
  }
  return std::string(text.substr(0, end)) + "…";
}

TextTable::TextTable(Format format, std::vector<TextColumn> columns, Output* output)
    : format_(format), columns_(std::move(columns)), output_(output) {
  if (format_ != Format::kTable) WriteSeparated(Titles(columns_));
  if (format_ == Format::kMarkdown) {
    std::string line = "|";
    for (const TextColumn& column : columns_) line += column.right ? " ---: |" : " --- |";
    output_->Write(line + '\n');
  }
}

void TextTable::Add(std::vector<TextCell> row) {
  if (format_ != Format::kTable) {
    WriteSeparated(row);
    return;
  }
  for (TextCell& cell : row) cell.text = PlainField(cell);
  if (!widths_.empty()) {
    WriteAligned(row, false);
    return;
  }
  waiting_.push_back(std::move(row));
  if (waiting_.size() == kRowsForWidths) FixWidths();
}

void TextTable::Finish() {
  if (format_ != Format::kTable) return;
  if (widths_.empty()) FixWidths();
  const auto is_needed = [this](std::size_t i) { return !columns_[i].optional; };
  const std::ptrdiff_t hidden =
      std::ranges::count(columns_, false, &TextColumn::optional) - std::ranges::count_if(shown_, is_needed);
  if (hidden == 0) return;
  const std::string note = fmt::format("… and {} more columns; choose some with -c", hidden);
  output_->Write(Styled(note, Style::kDim, output_->color()) + '\n');
}

void TextTable::WriteSeparated(const std::vector<TextCell>& row) {
  std::string line = format_ == Format::kMarkdown ? "|" : "";
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (format_ == Format::kMarkdown) {
      line += ' ' + MarkdownField(row[i]) + " |";
      continue;
    }
    if (i != 0) line.push_back(format_ == Format::kCsv ? ',' : '\t');
    line += format_ == Format::kCsv   ? CsvField(row[i], output_->is_terminal(), row.size() == 1)
            : format_ == Format::kTsv ? TsvField(row[i])
                                      : PlainField(row[i]);
  }
  output_->Write(line + '\n');
}

/// Width of the columns shown when none takes more than `most`.
std::size_t TextTable::ShownWidth(std::size_t most) const {
  std::size_t width = shown_.empty() ? 0 : kGap * (shown_.size() - 1);
  for (const std::size_t i : shown_) width += std::min(widths_[i], most);
  return width;
}

/// Leaves out optional columns, then the last ones, until the others can fit.
void TextTable::ChooseShown(std::size_t room) {
  for (std::size_t i = columns_.size(); i-- > 0 && ShownWidth(std::string::npos) > room;) {
    if (columns_[i].optional) std::erase(shown_, i);
  }
  while (shown_.size() > 1 && ShownWidth(kLeastWidth) > room) shown_.pop_back();
}

/// The widths that the rows so far need, less what the terminal does not have: the widest columns give first.
void TextTable::FixWidths() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].title = EscapeControls(columns_[i].title);
    std::size_t width = DisplayWidth(columns_[i].title);
    for (const std::vector<TextCell>& row : waiting_) width = std::max(width, DisplayWidth(row[i].text));
    widths_.push_back(width);
    shown_.push_back(i);
  }
  if (const auto room = static_cast<std::size_t>(output_->width()); room != 0) {
    ChooseShown(room);
    while (ShownWidth(std::string::npos) > room) {
      const std::size_t widest = *std::ranges::max_element(shown_, {}, [this](std::size_t i) { return widths_[i]; });
      if (widths_[widest] <= 1) break;
      --widths_[widest];
    }
  }
  WriteAligned(Titles(columns_), true);
  for (const std::vector<TextCell>& row : waiting_) WriteAligned(row, false);
  waiting_.clear();
}

void TextTable::WriteAligned(const std::vector<TextCell>& row, bool is_header) {
  std::string line;
  for (const std::size_t i : shown_) {
    const std::string text = output_->width() != 0 ? CutToWidth(row[i].text, widths_[i]) : row[i].text;
    const std::size_t used = DisplayWidth(text);
    const std::string blanks(used < widths_[i] ? widths_[i] - used : 0, ' ');
    if (i != shown_.front()) line.append(kGap, ' ');
    const std::string styled = is_header        ? Styled(text, Style::kBold, output_->color())
                               : row[i].is_null ? Styled(text, Style::kDim, output_->color())
                                                : text;
    line += columns_[i].right ? blanks + styled : styled + blanks;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  output_->Write(line + '\n');
}

}  // namespace lancekit::tools
