// head, tail, cat, take, sample, count: rows of a table in any output format.
#include <fmt/format.h>

#include <algorithm>

#include "lancekit/table.hpp"
#include "tools/common/cell_format.h"
#include "tools/common/exported_batch.h"
#include "tools/common/interrupt.h"
#include "tools/common/json.h"
#include "tools/common/numbers.h"
#include "tools/common/suggest.h"
#include "tools/common/terminal.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/row_choice.h"
#include "tools/lance-inspect/sheet.h"
#include "tools/lance-inspect/where.h"

namespace lancekit::tools {
namespace {

/// Writes rows as they come.
class RowWriter {
 public:
  RowWriter(const Schema& schema, Session* session) : schema_(schema), session_(session), output_(session->output.get()) {
    style_ = session->options.values;
    style_.json = session->format == Format::kJson || session->format == Format::kJsonLines;
    // People read hex; base64 is for programs.
    if (!style_.json && !session->options.has_binary_style) style_.binary = BinaryStyle::kHex;
    for (const Field& field : schema.fields) {
      std::string key;
      AppendJsonString(field.name, key);
      keys_.push_back(key + ":");
    }
    if (session->format == Format::kJson) {
      std::string start = BeginDocument().Member("path", session->options.arguments.back()).text();
      output_->Write(start + ",\"rows\":[");
    } else if (!style_.json && !session->options.vertical) {
      std::vector<TextColumn> columns;
      for (const Field& field : schema.fields) columns.push_back({field.name, IsNumeric(field.type.id)});
      table_.emplace(session->format, std::move(columns), output_);
    }
  }

  Status Write(const Batch& batch) {
    const Field row{.name = "", .type = {.id = TypeId::kStruct, .children = schema_.fields}};
    ExportedBatch exported;
    LANCEKIT_ASSIGN(const ArrayView view, exported.Export(batch, row));
    for (std::int64_t i = 0; i < view.length && !output_->failed(); ++i) {
      if (style_.json) {
        WriteJson(view, i);
      } else if (session_->options.vertical) {
        WriteVertical(view, i);
      } else {
        WriteText(view, i);
      }
    }
    return {};
  }

  void Finish() {
    if (session_->format == Format::kJson) output_->Write(num_rows_ == 0 ? "]}\n" : "\n]}\n");
    if (table_) table_->Finish();
  }

 private:
  void WriteJson(const ArrayView& view, std::int64_t i) {
    const bool document = session_->format == Format::kJson;
    std::string line = document ? (num_rows_ == 0 ? "\n{" : ",\n{") : "{";
    for (std::size_t column = 0; column < keys_.size(); ++column) {
      if (column != 0) line.push_back(',');
      line += keys_[column];
      AppendValue(view.children[column], i, style_, &line);
    }
    output_->Write(line + (document ? "}" : "}\n"));
    ++num_rows_;
  }

  void WriteText(const ArrayView& view, std::int64_t i) {
    std::vector<TextCell> cells(view.children.size());
    for (std::size_t column = 0; column < cells.size(); ++column) {
      const ArrayView& child = view.children[column];
      cells[column].is_null = IsNull(child, i);
      if (!cells[column].is_null) AppendValue(child, i, style_, &cells[column].text);
    }
    table_->Add(std::move(cells));
  }

  /// A line that numbers the row, then one for each field; for programs an empty line ends the row instead.
  void WriteVertical(const ArrayView& view, std::int64_t i) {
    const bool table = session_->format == Format::kTable;
    std::size_t width = 0;
    for (const Field& field : schema_.fields) width = std::max(width, DisplayWidth(EscapeControls(field.name)));
    std::string text =
        table ? Styled(fmt::format("── {} ──", GroupDigits(num_rows_ + 1)), Style::kDim, output_->color()) + '\n' : "";
    for (std::size_t column = 0; column < schema_.fields.size(); ++column) {
      const std::string name = EscapeControls(schema_.fields[column].name);
      const ArrayView& child = view.children[column];
      std::string value;
      if (!IsNull(child, i)) AppendValue(child, i, style_, &value);
      value = IsNull(child, i) ? "NULL" : EscapeControls(value);
      text += Styled(name, Style::kBold, output_->color());
      text += table ? std::string(width - DisplayWidth(name) + 2, ' ') : "\t";
      text += value + '\n';
    }
    output_->Write(text + (table ? "" : "\n"));
    ++num_rows_;
  }

  Schema schema_;
  Session* session_;
  Output* output_;
  ValueStyle style_;
  std::vector<std::string> keys_;
  std::optional<TextTable> table_;
  std::uint64_t num_rows_ = 0;
};

Status CheckForm(const Session& session) {
  if (session.options.vertical && session.format != Format::kTable && session.format != Format::kPlain)
    return Invalid("--vertical goes with the formats table and plain");
  return {};
}

/// What to read: -c in its order, columns or dotted paths into them, else all columns but the excluded ones.
Result<std::vector<std::string>> ChooseNames(const Options& options, const Table& table) {
  std::vector<std::string> known;
  for (const Field& field : table.schema().fields) known.push_back(field.name);
  const auto check = [&](const std::vector<std::string>& names, bool paths) -> Status {
    for (const std::string& name : names) {
      if (std::ranges::find(known, name) != known.end()) continue;
      if (!paths || !table.scan().select({name}).schema())
        return Invalid("there is no column \"{}\"{}", name, DidYouMean(name, known));
    }
    return {};
  };
  std::vector<std::string> names = options.columns.empty() ? known : SplitNames(options.columns, known);
  const std::vector<std::string> excluded = SplitNames(options.excluded, known);
  LANCEKIT_TRY(check(names, true));
  LANCEKIT_TRY(check(excluded, false));
  std::erase_if(names, [&](const std::string& name) { return std::ranges::find(excluded, name) != excluded.end(); });
  if (names.empty() && !known.empty()) return Invalid("no column is left");
  return names;
}

enum class Which : std::uint8_t { kFirst, kLast, kAll };

Status WriteRows(Session& session, Which which) {
  LANCEKIT_TRY(CheckForm(session));
  const Options& options = session.options;
  LANCEKIT_ASSIGN(const Table table, open(session.context, options.arguments[0], options.open));
  LANCEKIT_ASSIGN(std::vector<std::string> names, ChooseNames(options, table));
  LANCEKIT_ASSIGN(const std::optional<Filter> filter, FilterOf(options));
  Scan scan = ScanOf(table, filter);
  if (!names.empty()) scan.select(std::move(names));
  if (which == Which::kFirst) scan.limit(options.num_rows);
  if (which == Which::kLast) {
    LANCEKIT_ASSIGN(const std::uint64_t num_rows, ScanOf(table, filter).count());
    if (num_rows > options.num_rows) scan.offset(num_rows - options.num_rows);
  }
  LANCEKIT_ASSIGN(const Schema schema, scan.schema());
  RowWriter writer(schema, &session);
  for (;;) {
    LANCEKIT_ASSIGN(const std::optional<Batch> batch, scan.next());
    if (!batch || session.output->failed()) break;
    LANCEKIT_TRY(writer.Write(*batch));
    if (Interrupted()) return MakeError(ErrorCode::kCancelled, "interrupted");
  }
  writer.Finish();
  if (options.explain) Explain(*filter, scan.report(), session);
  return {};
}

/// Takes rows in parts and writes them. `next` gives the following rows, at most `kRowsAtOnce`; none at the end.
constexpr std::size_t kRowsAtOnce = 8192;
template <class Next>
Status WriteTaken(Session& session, const Table& table, Next next) {
  LANCEKIT_TRY(CheckForm(session));
  LANCEKIT_ASSIGN(const std::vector<std::string> names, ChooseNames(session.options, table));
  Scan scan = table.scan();
  LANCEKIT_ASSIGN(const Schema schema, (names.empty() ? scan : scan.select(names)).schema());
  RowWriter writer(schema, &session);
  while (!session.output->failed()) {
    const std::vector<std::int64_t> rows = next();
    if (rows.empty()) break;
    LANCEKIT_ASSIGN(const Batch batch, table.take({rows.data(), rows.size()}, names));
    LANCEKIT_TRY(writer.Write(batch));
    if (Interrupted()) return MakeError(ErrorCode::kCancelled, "interrupted");
  }
  writer.Finish();
  return {};
}

}  // namespace

Status RunTake(Session& session) {
  LANCEKIT_ASSIGN(const Table table, open(session.context, session.options.arguments[1], session.options.open));
  LANCEKIT_ASSIGN(std::vector<RowSlice> slices, ParseRows(session.options.arguments[0], table.row_count()));
  return WriteTaken(session, table, [&slices, at = std::size_t{0}]() mutable {
    std::vector<std::int64_t> rows;
    for (; at < slices.size() && rows.size() < kRowsAtOnce; ++at) {
      RowSlice& slice = slices[at];
      for (; slice.count > 0 && rows.size() < kRowsAtOnce; --slice.count) {
        rows.push_back(slice.first);
        if (slice.count > 1) slice.first += slice.step;
      }
      if (slice.count > 0) break;
    }
    return rows;
  });
}

Status RunSample(Session& session) {
  const Options& options = session.options;
  LANCEKIT_ASSIGN(const Table table, open(session.context, options.arguments[0], options.open));
  const std::vector<std::int64_t> rows = SampleRows(table.row_count(), options.num_rows, options.seed);
  return WriteTaken(session, table, [&rows, at = std::size_t{0}]() mutable {
    const std::size_t begin = at;
    at = std::min(at + kRowsAtOnce, rows.size());
    return std::vector<std::int64_t>(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                                     rows.begin() + static_cast<std::ptrdiff_t>(at));
  });
}

Status RunHead(Session& session) { return WriteRows(session, Which::kFirst); }
Status RunTail(Session& session) { return WriteRows(session, Which::kLast); }
Status RunCat(Session& session) { return WriteRows(session, Which::kAll); }

Status RunCount(Session& session) {
  const Options& options = session.options;
  LANCEKIT_ASSIGN(const Table table, open(session.context, options.arguments[0], options.open));
  LANCEKIT_ASSIGN(const std::optional<Filter> filter, FilterOf(options));
  Scan scan = ScanOf(table, filter);
  LANCEKIT_ASSIGN(const std::uint64_t rows, scan.count());
  if (session.format == Format::kJson || session.format == Format::kJsonLines) {
    JsonWriter json = BeginDocument();
    json.Member("path", options.arguments[0]).Member("rows", rows);
    session.output->Write(json.EndObject().text() + '\n');
  } else {
    session.output->Write(fmt::format("{}\n", rows));
  }
  if (options.explain) Explain(*filter, scan.report(), session);
  return {};
}

}  // namespace lancekit::tools
