#include "tools/lance-convert/dry_run.h"

#include <algorithm>

#include "tools/common/json.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"
#include "tools/lance-convert/output.h"

namespace lancekit::convert {
namespace {

std::string OutputForm(const Options& options, const SinkOptions& sink) {
  std::string form = NameOf(sink.format);
  if (sink.format == Format::kLance) {
    form = options.single_file ? "file, Lance" : "dataset, Lance";
    if (!sink.lance_version.empty()) form += " " + sink.lance_version;
  }
  if (options.split.rows != 0) form += fmt::format(", split by {} rows", tools::GroupDigits(options.split.rows));
  if (options.split.bytes != 0) form += fmt::format(", split by {}", tools::FormatBytes(options.split.bytes));
  return form;
}

const char* Effect(const Options& options) {
  const Target target = LookAt(options.split.any() ? PartName(options.output, 0) : options.output);
  if (target == Target::kStream) return "sent";
  if (target == Target::kNothing) return "created";
  if (options.append) return "a new version with the rows added";
  return options.overwrite ? "a new version with these rows" : "replaced";
}

std::string PlanJson(const Options& options, const std::vector<std::unique_ptr<Input>>& inputs,
                     const std::vector<Format>& formats, const arrow::Schema& columns, const SinkSchema& written,
                     const SinkOptions& sink, std::optional<std::uint64_t> rows) {
  tools::JsonWriter json;
  json.BeginObject().Member("schema", "lance-convert/1").Key("plan").BeginObject().Key("inputs").BeginArray();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    json.BeginObject()
        .Member("path", inputs[i]->name())
        .Member("format", NameOf(formats[i]))
        .Member("bytes", inputs[i]->size())
        .EndObject();
  }
  json.EndArray().Key("rows");
  rows ? json.Value(*rows) : json.Null();
  json.Key("columns").BeginArray();
  for (const auto& field : columns.fields()) {
    const auto change = std::ranges::find(written.changes, field->name(), &TypeChange::column);
    json.BeginObject().Member("name", field->name()).Member("type", field->type()->ToString());
    json.Member("written_as", change == written.changes.end() ? field->type()->ToString() : change->to).EndObject();
  }
  json.EndArray().Member("output", options.output).Member("output_format", OutputForm(options, sink));
  return json.Member("effect", Effect(options)).EndObject().EndObject().text() + "\n";
}

}  // namespace

std::string PlanText(const Options& options, const std::vector<std::unique_ptr<Input>>& inputs,
                     const std::vector<Format>& formats, const arrow::Schema& columns, const SinkSchema& written,
                     const SinkOptions& sink, std::optional<std::uint64_t> rows) {
  if (options.common.json) return PlanJson(options, inputs, formats, columns, written, sink, rows);
  std::string text;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    text += fmt::format("{:<8} {} ({}{})\n", i == 0 ? "inputs" : "", tools::EscapeControls(inputs[i]->name()), NameOf(formats[i]),
                        inputs[i]->size() == 0 ? "" : ", " + tools::FormatBytes(inputs[i]->size()));
  }
  text += fmt::format("{:<8} {}\n", "rows", rows ? tools::GroupDigits(*rows) : "not known before they are read");
  for (int i = 0; i < columns.num_fields(); ++i) {
    const arrow::Field& field = *columns.field(i);
    text += fmt::format("{:<8} {}: {}", i == 0 ? "columns" : "", tools::EscapeControls(field.name()), field.type()->ToString());
    const auto change = std::ranges::find(written.changes, field.name(), &TypeChange::column);
    if (change != written.changes.end())
      text += fmt::format(" → {} ({})", change->to, change->rounded ? "rounded" : "values kept");
    text += "\n";
  }
  return text + fmt::format("{:<8} {} ({}): {}\n", "output", tools::EscapeControls(options.output), OutputForm(options, sink),
                            Effect(options));
}

}  // namespace lancekit::convert
