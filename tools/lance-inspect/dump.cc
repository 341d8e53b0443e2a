// dump: one part of a file as it is stored. Messages as text or JSON, buffers as hex on a terminal and raw elsewhere.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "format/file_metadata.h"
#include "io/source.h"
#include "tools/common/suggest.h"
#include "tools/common/value_text.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/sheet.h"
#include "tools/lance-inspect/wire_text.h"

namespace lancekit::tools {
namespace {

enum class DumpKind : std::uint8_t { kFooter, kMessage, kRaw };

struct Target {
  DumpKind kind = DumpKind::kRaw;
  std::string name;
  InspectedBuffer place;
};

bool ParseNumber(std::string_view text, std::uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

/// A column by number or path. Errors: kInvalidArgument.
Result<std::size_t> FindColumn(const InspectedFile& file, const std::string& text) {
  std::vector<std::string> paths;
  for (const InspectedColumn& column : file.columns) paths.push_back(column.path);
  const auto named = std::ranges::find(paths, text);
  if (named != paths.end()) return static_cast<std::size_t>(named - paths.begin());
  std::uint64_t number = 0;
  if (ParseNumber(text, &number) && number < paths.size()) return static_cast<std::size_t>(number);
  return Invalid("there is no column \"{}\"{}; the file has {}", text, DidYouMean(text, paths), paths.size());
}

/// COL:PAGE:BUF; a column's name may have colons in it.
Result<Target> FindBuffer(const InspectedFile& file, const std::string& text) {
  const std::size_t second = text.rfind(':');
  const std::size_t first = second == std::string::npos || second == 0 ? std::string::npos : text.rfind(':', second - 1);
  std::uint64_t page = 0, buffer = 0;
  if (first == std::string::npos || !ParseNumber(text.substr(first + 1, second - first - 1), &page) ||
      !ParseNumber(text.substr(second + 1), &buffer)) {
    return Invalid("\"{}\" names no buffer; write COLUMN:PAGE:BUFFER, such as 0:0:1", text);
  }
  LANCEKIT_ASSIGN(const std::size_t column, FindColumn(file, text.substr(0, first)));
  const InspectedColumn& found = file.columns[column];
  if (page >= found.pages.size())
    return Invalid("column \"{}\" has {} pages, so no page {}", found.path, found.pages.size(), page);
  const std::vector<InspectedBuffer>& buffers = found.pages[page].buffers;
  if (buffer >= buffers.size())
    return Invalid("page {} of column \"{}\" has {} buffers, so no buffer {}", page, found.path, buffers.size(), buffer);
  return Target{DumpKind::kRaw, "buffer " + text, buffers[buffer]};
}

Result<Target> FindTarget(const InspectedFile& file, const std::vector<std::string>& arguments) {
  const std::string& what = arguments[0];
  const bool has_which = arguments.size() == 3;
  if (what == "footer" && !has_which) return Target{DumpKind::kFooter, "footer", file.footer};
  if (what == "column" && has_which) {
    LANCEKIT_ASSIGN(const std::size_t column, FindColumn(file, arguments[1]));
    return Target{DumpKind::kMessage, "column " + arguments[1], file.columns[column].metadata};
  }
  if (what == "global" && has_which) {
    std::uint64_t number = 0;
    if (!ParseNumber(arguments[1], &number) || number >= file.global_buffers.size()) {
      return Invalid("there is no global buffer {}; the file has {}", arguments[1], file.global_buffers.size());
    }
    // Only the schema is known to be a message.
    return Target{number == 0 ? DumpKind::kMessage : DumpKind::kRaw, "global buffer " + arguments[1],
                  file.global_buffers[number]};
  }
  if (what == "buffer" && has_which) return FindBuffer(file, arguments[1]);
  return Invalid("cannot dump that; write footer PATH, column N PATH, global N PATH or buffer COL:PAGE:BUF PATH");
}

void WriteHex(const Buffer& bytes, std::uint64_t offset, Output* output) {
  constexpr std::size_t kPerLine = 16;
  for (std::size_t at = 0; at < bytes.size() && !output->failed(); at += kPerLine) {
    const Bytes line = bytes.bytes().subspan(at, std::min(kPerLine, bytes.size() - at));
    std::string hex, text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (i == kPerLine / 2) hex.push_back(' ');
      AppendHex(line.subspan(i, 1), &hex);
      hex.push_back(' ');
      const char c = static_cast<char>(line[i]);
      text.push_back(c >= ' ' && c <= '~' ? c : '.');
    }
    output->Write(fmt::format("{:08x}  {:<49} |{}|\n", offset + at, hex, text));
  }
}

Sheet FooterSheet(const format::Footer& footer) {
  Sheet sheet{.name = "footer", .columns = {{"field", "field"}, {"value", "value", true}}};
  const auto add = [&](const char* name, std::uint64_t value) { sheet.rows.push_back({Fact::Text(name), Fact::Count(value)}); };
  add("column_metadata_start", footer.column_metadata_start);
  add("column_table_offset", footer.cmo_offset);
  add("global_buffer_table_offset", footer.gbo_offset);
  add("num_global_buffers", footer.num_global_buffers);
  add("num_columns", footer.num_columns);
  sheet.rows.push_back({Fact::Text("version"), Fact::Text(format::Name(footer.version))});
  return sheet;
}

void WriteDocument(const Target& target, const Buffer& bytes, Session* session) {
  JsonWriter json = BeginDocument();
  json.Member("what", target.name).Member("offset", target.place.offset).Member("size", target.place.size);
  if (target.kind == DumpKind::kMessage) {
    json.Key("message");
    AppendWireJson({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, &json);
  } else {
    std::string text;
    AppendBase64(bytes.bytes(), &text);
    json.Member("base64", text);
  }
  session->output->Write(json.EndObject().text() + '\n');
}

}  // namespace

Status RunDump(Session& session) {
  const std::string& path = session.options.arguments.back();
  LANCEKIT_ASSIGN(const DataFiles files, list_data_files(session.context, path));
  if (files.is_dataset) return Invalid("dump works on one data file; give a file in {}/data", path);
  LANCEKIT_ASSIGN(const InspectedFile file, inspect_file(session.context, path));
  LANCEKIT_ASSIGN(const Target target, FindTarget(file, session.options.arguments));
  LANCEKIT_ASSIGN(const std::shared_ptr<Source> source, OpenFileSource(session.context.impl(), path));
  LANCEKIT_ASSIGN(const Buffer bytes, source->Read(target.place.offset, target.place.size));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  // To a file goes what is in the file.
  if (!session.options.output_path.empty() && session.options.output_path != "-" && session.options.format.empty()) {
    session.output->Write(text);
  } else if (target.kind == DumpKind::kFooter) {
    LANCEKIT_ASSIGN(const format::Footer footer, format::ParseFooter(bytes.bytes(), file.size));
    WriteSheet(FooterSheet(footer), &session);
  } else if (session.format == Format::kJson || session.format == Format::kJsonLines) {
    WriteDocument(target, bytes, &session);
  } else if (target.kind == DumpKind::kMessage) {
    session.output->Write(WireText(text));
  } else if (session.format == Format::kTable) {
    WriteHex(bytes, target.place.offset, session.output.get());
  } else {
    session.output->Write(text);
  }
  return {};
}

}  // namespace lancekit::tools
