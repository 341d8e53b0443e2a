// layout: what every byte of a file is for.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/status.h"
#include "io/uninterrupted.h"
#include "reader/refs.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/dataset_sheets.h"
#include "tools/lance-inspect/layout_pictures.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

constexpr std::size_t kMostCells = 100;

std::string ColumnName(const InspectedFile& file, std::int64_t column) {
  return column < 0 ? std::string() : file.columns[static_cast<std::size_t>(column)].path;
}

/// Parts that are told in one line: the buffers of a page, all column metadata, both tables.
struct Line {
  PartKind kind;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::int64_t column = -1;
  std::int64_t page = -1;
  std::int64_t buffer = -1;
  std::size_t num_parts = 1;
  std::string role;
};

bool IsTable(PartKind kind) { return kind == PartKind::kColumnTable || kind == PartKind::kGlobalBufferTable; }

bool Joins(const Line& line, const FilePart& part) {
  if (IsTable(line.kind)) return IsTable(part.kind);
  if (line.kind != part.kind) return false;
  if (part.kind == PartKind::kPageBuffer) return line.column == part.column && line.page == part.page;
  return part.kind == PartKind::kColumnMetadata;
}

std::vector<Line> Lines(const std::vector<FilePart>& parts) {
  std::vector<Line> lines;
  for (const FilePart& part : parts) {
    if (part.kind == PartKind::kPadding) continue;
    if (!lines.empty() && Joins(lines.back(), part)) {
      lines.back().size += part.size;
      ++lines.back().num_parts;
    } else {
      lines.push_back({part.kind, part.offset, part.size, part.column, part.page, part.buffer, 1, part.role});
    }
  }
  return lines;
}

std::string What(const Line& line, const InspectedFile& file) {
  switch (line.kind) {
    case PartKind::kGlobalBuffer:
      return fmt::format("global buffer {} ({})", line.buffer, line.role);
    case PartKind::kColumnMetadata:
      return fmt::format("column metadata × {}", GroupDigits(line.num_parts));
    case PartKind::kColumnTable:
    case PartKind::kGlobalBufferTable:
      return line.num_parts == 2 ? "column and global buffer tables" : part_kind_name(line.kind);
    case PartKind::kColumnBuffer:
      return fmt::format("{}  column buffer {}", EscapeControls(ColumnName(file, line.column)), line.buffer);
    default:
      return part_kind_name(line.kind);
  }
}

/// "id     page 0   rows 0–19,999   2 buffers", names padded to `width`.
std::string PageText(const Line& line, const InspectedFile& file, std::size_t width) {
  const std::string name = EscapeControls(ColumnName(file, line.column));
  const InspectedPage& page = file.columns[static_cast<std::size_t>(line.column)].pages[static_cast<std::size_t>(line.page)];
  std::string text = CutToWidth(name, width);
  text += std::string(width - DisplayWidth(text), ' ') + fmt::format("  page {}", line.page);
  if (page.num_rows != 0)
    text += fmt::format("   rows {}–{}", GroupDigits(page.first_row), GroupDigits(page.first_row + page.num_rows - 1));
  return text + fmt::format("   {} buffer{}", line.num_parts, line.num_parts == 1 ? "" : "s");
}

/// The file as a strip of cells, each shaded by what most of it holds, with the columns' names above.
std::string Strip(const InspectedFile& file, const std::vector<Line>& lines, std::size_t width) {
  const std::size_t num_cells = static_cast<std::size_t>(std::min<std::uint64_t>(width, file.size));
  std::string names(num_cells, ' '), strip;
  constexpr const char* kShades[] = {"▓", "▒", "█", "░"};
  std::size_t line = 0, shade = 0, free_from = 0;
  std::int64_t last = -2;  // column of the cell before; -1 = the structure of the file
  for (std::size_t cell = 0; cell < num_cells; ++cell) {
    const auto middle = static_cast<std::uint64_t>((static_cast<double>(cell) + 0.5) / static_cast<double>(num_cells) *
                                                   static_cast<double>(file.size));
    while (line + 1 < lines.size() && lines[line + 1].offset <= middle) ++line;
    const std::int64_t column = lines[line].kind == PartKind::kPageBuffer ? lines[line].column : -1;
    if (column != last) {
      shade = (shade + 1) % std::size(kShades);
      const std::string name = column >= 0 ? ColumnName(file, column) : lines[line].kind == PartKind::kBlobs ? "blobs" : "m";
      const bool plain = std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
      if (plain && cell >= free_from && cell + name.size() <= num_cells) {
        names.replace(cell, name.size(), name);
        free_from = cell + name.size() + 1;
      }
    }
    last = column;
    strip += kShades[shade];
  }
  const std::uint64_t cell_bytes = num_cells == 0 ? 0 : file.size / num_cells;
  return fmt::format(" {}\n {}   1 cell = {}\n", names, strip, FormatBytes(cell_bytes));
}

void WriteText(const InspectedFile& file, const std::vector<FilePart>& parts, const Session& session) {
  const std::vector<Line> lines = Lines(parts);
  constexpr std::size_t kLongestName = 40;
  std::size_t name_width = 0, number_width = 6;
  for (const Line& line : lines) {
    if (line.kind == PartKind::kPageBuffer)
      name_width = std::max(name_width, DisplayWidth(EscapeControls(ColumnName(file, line.column))));
    number_width = std::max({number_width, GroupDigits(line.offset).size(), BytesText(line.size, session).size()});
  }
  name_width = std::min(name_width, kLongestName);
  std::string text;
  if (session.output->width() > 30) {
    text = Strip(file, lines, std::min(kMostCells, static_cast<std::size_t>(session.output->width()) - 26));
  }
  text += Styled(fmt::format("{:>{}}  {:>{}}  what", "offset", number_width, "bytes", number_width), Style::kBold,
                 session.output->color()) +
          '\n';
  std::uint64_t padding = file.size, unexplained = 0;
  for (const Line& line : lines) {
    const bool bad = line.kind == PartKind::kUnexplained;
    const std::string what = line.kind == PartKind::kPageBuffer ? PageText(line, file, name_width) : What(line, file);
    text += fmt::format("{:>{}}  {:>{}}  {}\n", GroupDigits(line.offset), number_width, BytesText(line.size, session),
                        number_width, Styled(what, Style::kRed, bad && session.output->color()));
    padding -= line.size;
    unexplained += bad ? line.size : 0;
  }
  const std::string verdict =
      unexplained == 0 ? "every byte named" : fmt::format("{} bytes unexplained", GroupDigits(unexplained));
  text += fmt::format("{:>{}}  {:>{}}  alignment padding   = {} bytes, {}\n", "+", number_width, BytesText(padding, session),
                      number_width, GroupDigits(file.size), verdict);
  session.output->Write(text);
}

void AddRows(const InspectedFile& file, const std::vector<FilePart>& parts, const Session& session, Sheet* sheet) {
  for (const FilePart& part : parts) {
    sheet->rows.push_back({Fact::Text(file.path), Fact::Count(part.offset), Fact::Bytes(part.size, session),
                           Fact::Text(part_kind_name(part.kind)), Fact::Text(part.role),
                           part.column < 0 ? Fact::None() : Fact::Text(ColumnName(file, part.column)), Fact::Number(part.page),
                           Fact::Number(part.buffer)});
  }
}

/// The branch that holds the version that is shown; empty = main.
Result<std::string> ShownBranch(Session& session) {
  const OpenOptions& open = session.options.open;
  if (open.tag.empty()) return open.branch;
  LANCEKIT_ASSIGN(const std::vector<Tag> tags, ListTags(session.context.impl(), session.options.arguments[0]));
  const auto tag = std::ranges::find(tags, open.tag, &Tag::name);
  return tag == tags.end() ? std::string() : tag->branch;
}

Status ReadVersions(Session& session, const Dataset& dataset, DatasetFacts* facts) {
  constexpr std::size_t kMostVersions = 100;
  ContextImpl& context = session.context.impl();
  LANCEKIT_ASSIGN(const std::string branch, ShownBranch(session));
  LANCEKIT_ASSIGN(const std::vector<format::VersionFile> files, format::ListVersionFiles(dataset.folder()));
  LANCEKIT_ASSIGN(const std::vector<Tag> tags, ListTags(context, session.options.arguments[0]));
  facts->shown_version = dataset.manifest().version;
  facts->older_versions = files.size() - std::min(files.size(), kMostVersions);
  for (std::size_t i = facts->older_versions; i < files.size(); ++i) {
    DatasetFacts::Version version;
    LANCEKIT_ASSIGN(version.facts, ReadVersion(context, files[i]));
    for (const Tag& tag : tags) {
      if (tag.branch == branch && tag.version == files[i].version) version.tags.push_back(tag.name);
    }
    facts->versions.push_back(std::move(version));
  }
  return {};
}

Result<DatasetFacts> ReadFacts(Session& session, const InspectedTable& table) {
  DatasetFacts facts;
  if (!table.files.is_dataset) return facts;
  LANCEKIT_ASSIGN(const Dataset dataset, OpenDatasetArgument(session));
  for (const format::Fragment& fragment : dataset.manifest().fragments) {
    const RowCounts rows = CountRows(fragment);
    facts.fragments.push_back({fragment.id, rows.physical, rows.deleted, DeletionKind(fragment)});
  }
  LANCEKIT_TRY(ReadVersions(session, dataset, &facts));
  return facts;
}

/// A page in a temporary folder, for a browser that will read it later.
Result<std::string> TemporaryPage() {
  std::error_code ignored;
  std::string folder = (std::filesystem::temp_directory_path(ignored) / "lance-inspect-XXXXXX").string();
  if (::mkdtemp(folder.data()) != nullptr) return folder + "/layout.html";
  return Status(At(MakeError(ErrorCode::kOutput, "cannot create a folder: {}", std::strerror(errno)), {.path = folder}));
}

Status OpenInBrowser(const std::string& path) {
  const std::string absolute = std::filesystem::absolute(path).string();
  const char* const arguments[] = {"xdg-open", absolute.c_str(), nullptr};
  pid_t process = 0;
  int status = 0;
  const int error_number = ::posix_spawnp(&process, arguments[0], nullptr, nullptr, const_cast<char* const*>(arguments), environ);
  if (error_number == 0) static_cast<void>(Uninterrupted([&] { return ::waitpid(process, &status, 0); }));
  if (error_number == 0 && status == 0) return {};
  return Status(At(MakeError(ErrorCode::kOutput, "xdg-open cannot open it{}{}", error_number == 0 ? "" : ": ",
                             error_number == 0 ? "" : std::strerror(error_number)),
                   {.path = path}));
}

/// `is_temporary`: the page is there to be shown alone.
Status WritePictures(Session& session, const TableLayout& layout, bool is_temporary) {
  const Options& options = session.options;
  if (options.svg == options.html) return Invalid("--svg and --html want two files");
  std::unique_ptr<Output> svg, html;
  if (!options.svg.empty()) {
    LANCEKIT_ASSIGN(svg, OpenPicture(options.svg, {&layout.table}, options.force));
  }
  if (!options.html.empty()) {
    LANCEKIT_ASSIGN(html, OpenPicture(options.html, {&layout.table}, options.force));
  }
  JsonWriter json = BeginDocument();
  json.Member("path", layout.table.path);
  std::string written;
  if (svg != nullptr) {
    svg->Write(SvgPicture(layout));
    LANCEKIT_TRY(svg->Finish());
    json.Member("svg", options.svg);
    written += EscapeControls(options.svg) + '\n';
  }
  if (html != nullptr) {
    LANCEKIT_ASSIGN(const DatasetFacts facts, ReadFacts(session, layout.table));
    html->Write(HtmlPage(layout, facts));
    LANCEKIT_TRY(html->Finish());
    json.Member("html", options.html);
    written += EscapeControls(options.html) + '\n';
  }
  if (options.svg == "-" || options.html == "-") return {};
  const bool is_json = session.format == Format::kJson || session.format == Format::kJsonLines;
  session.output->Write(is_json ? json.EndObject().text() + '\n' : written);
  if (!options.open_page) return {};
  if (!is_temporary) session.output->Flush();  // stays, whether or not it opens
  return OpenInBrowser(options.html.empty() ? options.svg : options.html);
}

}  // namespace

Result<std::unique_ptr<Output>> OpenPicture(const std::string& path, const std::vector<const InspectedTable*>& tables,
                                            bool force) {
  for (const InspectedTable* const table : tables) {
    for (const InspectedFile& file : table->structure) {
      std::error_code ignored;
      if (std::filesystem::equivalent(path, file.path, ignored)) return Invalid("{} is a file that is looked at", path);
    }
  }
  return Output::Open(path, force);
}

Status RunLayout(Session& session) {
  const std::string& path = session.options.arguments[0];
  LANCEKIT_ASSIGN(InspectedTable inspected, InspectTable(session, path));
  LANCEKIT_ASSIGN(const TableLayout layout, MakeLayout(session, std::move(inspected)));
  Options& options = session.options;
  if (options.open_page && (options.svg == "-" || options.html == "-")) return Invalid("--open wants a file, not -");
  if (options.open_page && options.svg.empty() && options.html.empty()) {
    LANCEKIT_ASSIGN(options.html, TemporaryPage());
    Status shown = WritePictures(session, layout, true);
    std::error_code ignored;
    if (!shown.ok()) std::filesystem::remove_all(std::filesystem::path(options.html).parent_path(), ignored);
    return shown;
  }
  if (!options.svg.empty() || !options.html.empty()) return WritePictures(session, layout, false);
  const InspectedTable& table = layout.table;
  Sheet sheet{.name = "parts",
              .columns = {{"file", "file"},
                          {"offset", "offset", true},
                          {"size", "size", true},
                          {"what", "what"},
                          {"role", "role"},
                          {"column", "column"},
                          {"page", "page", true},
                          {"buffer", "buffer", true}},
              .members = {{"path", JsonText(path)}, {"bytes", std::to_string(table.NumBytes())}}};
  JsonWriter files;
  files.BeginArray();
  for (std::size_t i = 0; i < table.structure.size(); ++i) {
    const InspectedFile& file = table.structure[i];
    files.BeginObject().Member("path", file.path).Member("bytes", file.size).EndObject();
    if (session.format == Format::kTable) {
      if (table.structure.size() > 1) session.output->Write(EscapeControls(file.path) + '\n');
      WriteText(file, layout.parts[i], session);
    } else {
      AddRows(file, layout.parts[i], session, &sheet);
    }
  }
  sheet.members.emplace_back("files", files.EndArray().text());
  if (session.format != Format::kTable) WriteSheet(sheet, &session);
  return {};
}

}  // namespace lancekit::tools
