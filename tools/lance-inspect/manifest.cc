// manifest: all that the manifest of a version says.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/status.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/dataset_sheets.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

/// "deletion files, base paths"
std::string FlagsText(std::uint64_t flags) {
  std::string text;
  for (const std::string& name : format::FlagNames(flags)) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

std::string Joined(const std::string& a, const std::string& b) { return b.empty() ? a : a + " " + b; }

/// The facts of the text forms: name and value.
class FactList {
 public:
  void Add(const std::string& name, const std::string& value) {
    if (!value.empty()) sheet_.rows.push_back({Fact::Text(name), Fact::Text(value)});
  }
  void Add(const std::string& name, std::uint64_t value) { sheet_.rows.push_back({Fact::Text(name), Fact::Count(value)}); }
  template <class Map>
  void AddAll(const std::string& prefix, const Map& entries) {
    for (const auto& [key, value] : entries) sheet_.rows.push_back({Fact::Text(prefix + key), Fact::Text(value)});
  }
  const Sheet& sheet() const { return sheet_; }

 private:
  Sheet sheet_{.name = "facts", .columns = {{"name", "name"}, {"value", "value"}}};
};

void WriteFacts(const Dataset& dataset, const std::optional<format::Transaction>& transaction, Session* session) {
  const format::Manifest& manifest = dataset.manifest();
  const RowCounts rows = CountRows(manifest);
  FactList facts;
  facts.Add("file", dataset.manifest_path());
  facts.Add("version", std::to_string(manifest.version));
  facts.Add("branch", manifest.branch);
  facts.Add("time", TimeText(manifest.timestamp_seconds, manifest.timestamp_nanos));
  facts.Add("operation", transaction ? format::OperationName(transaction->operation) : "");
  facts.Add("written by", Joined(manifest.writer_library, manifest.writer_version));
  facts.Add("data format", manifest.data_format_version);
  facts.Add("reader flags", FlagsText(manifest.reader_flags));
  facts.Add("writer flags", FlagsText(manifest.writer_flags));
  facts.Add("rows", rows.live());
  facts.Add("deleted rows", rows.deleted);
  facts.Add("columns", manifest.schema.fields.size());
  facts.Add("fragments", manifest.fragments.size());
  facts.Add("data files", CountDataFiles(manifest));
  if (manifest.max_fragment_id) facts.Add("highest fragment", std::to_string(*manifest.max_fragment_id));
  facts.Add("transaction file", manifest.transaction_file);
  for (const format::BasePath& base : manifest.base_paths) {
    facts.Add(fmt::format("base path {}", base.id), base.path + (base.is_dataset_root ? " (dataset)" : ""));
  }
  facts.AddAll("config ", manifest.config);
  facts.AddAll("table metadata ", manifest.table_metadata);
  facts.AddAll("schema metadata ", manifest.schema.metadata);
  WriteSheet(facts.sheet(), session);
}

template <class Map>
void AppendMap(const char* name, const Map& entries, JsonWriter* json) {
  json->Key(name).BeginObject();
  for (const auto& [key, value] : entries) json->Member(key, value);
  json->EndObject();
}

void AppendFlags(const char* name, std::uint64_t flags, JsonWriter* json) {
  json->Key(name).BeginObject().Member("bits", flags).Key("names").BeginArray();
  for (const std::string& flag : format::FlagNames(flags)) json->Value(flag);
  json->EndArray().EndObject();
}

void AppendTextOrNull(const char* name, const std::string& text, JsonWriter* json) {
  json->Key(name);
  if (text.empty()) {
    json->Null();
  } else {
    json->Value(text);
  }
}

void AppendFragment(const Dataset& dataset, const format::Fragment& fragment, JsonWriter* json) {
  json->BeginObject().Member("fragment", fragment.id).Member("physical_rows", fragment.physical_rows).Key("data_files");
  AppendDataFilesJson(dataset, fragment, json);
  json->Key("deletion_file");
  if (fragment.deletion_file) {
    const format::DeletionFile& file = *fragment.deletion_file;
    json->BeginObject().Member("kind", DeletionKind(fragment)).Member("read_version", file.read_version).Member("id", file.id);
    json->Member("rows", file.num_deleted_rows);
    if (file.base_id) json->Member("base", *file.base_id);
    json->EndObject();
  } else {
    json->Null();
  }
  json->EndObject();
}

void WriteDocument(const Dataset& dataset, const std::optional<format::Transaction>& transaction, Session* session) {
  const format::Manifest& manifest = dataset.manifest();
  const RowCounts rows = CountRows(manifest);
  JsonWriter json = BeginDocument();
  json.Member("path", session->options.arguments[0]).Member("manifest", dataset.manifest_path());
  json.Member("version", manifest.version);
  AppendTextOrNull("branch", manifest.branch, &json);
  json.Member("time", TimeText(manifest.timestamp_seconds, manifest.timestamp_nanos));
  AppendTextOrNull("operation", transaction ? format::OperationName(transaction->operation) : "", &json);
  AppendTextOrNull("writer", Joined(manifest.writer_library, manifest.writer_version), &json);
  AppendTextOrNull("data_format", manifest.data_format_version, &json);
  AppendFlags("reader_flags", manifest.reader_flags, &json);
  AppendFlags("writer_flags", manifest.writer_flags, &json);
  json.Member("rows", rows.live()).Member("deleted_rows", rows.deleted).Key("max_fragment");
  if (manifest.max_fragment_id) {
    json.Value(*manifest.max_fragment_id);
  } else {
    json.Null();
  }
  AppendTextOrNull("transaction_file", manifest.transaction_file, &json);
  json.Key("base_paths").BeginArray();
  for (const format::BasePath& base : manifest.base_paths) {
    json.BeginObject().Member("id", base.id).Member("name", base.name).Member("is_dataset", base.is_dataset_root);
    json.Member("path", base.path).EndObject();
  }
  json.EndArray();
  AppendMap("config", manifest.config, &json);
  AppendMap("table_metadata", manifest.table_metadata, &json);
  AppendMap("schema_metadata", manifest.schema.metadata, &json);
  json.Key("fields").BeginArray();
  for (const Field& field : manifest.schema.fields) AppendFieldJson(field, &json);
  json.EndArray().Key("fragments").BeginArray();
  for (const format::Fragment& fragment : manifest.fragments) AppendFragment(dataset, fragment, &json);
  session->output->Write(json.EndArray().EndObject().text() + '\n');
}

}  // namespace

Status RequireDataset(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return {};
  if (!std::filesystem::exists(path, ignored)) return At(MakeError(ErrorCode::kIo, "there is no such folder"), {.path = path});
  return At(Invalid("a single file has no versions; give a dataset folder"), {.path = path});
}

Result<Dataset> OpenDatasetArgument(Session& session) {
  const std::string& path = session.options.arguments[0];
  LANCEKIT_TRY(RequireDataset(path));
  auto dataset = Dataset::Open(session.context.impl(), path, session.options.open);
  if (!dataset) return At(std::move(dataset).status(), {.path = path});
  return dataset;
}

RowCounts CountRows(const format::Fragment& fragment) {
  const std::uint64_t deleted = fragment.deletion_file ? fragment.deletion_file->num_deleted_rows : 0;
  return {fragment.physical_rows, std::min(deleted, fragment.physical_rows)};
}

RowCounts CountRows(const format::Manifest& manifest) {
  RowCounts sum;
  for (const format::Fragment& fragment : manifest.fragments) {
    const RowCounts rows = CountRows(fragment);
    sum.physical += rows.physical;
    sum.deleted += rows.deleted;
  }
  return sum;
}

std::uint64_t CountDataFiles(const format::Manifest& manifest) {
  std::uint64_t files = 0;
  for (const format::Fragment& fragment : manifest.fragments) files += fragment.files.size();
  return files;
}

std::string DeletionKind(const format::Fragment& fragment) {
  if (!fragment.deletion_file) return {};
  return fragment.deletion_file->kind == format::DeletionFile::Kind::kBitmap ? "bitmap" : "array";
}

std::string VersionOf(const format::DataFile& file) {
  // 2.0 has two spellings.
  if (file.major_version == 0 && file.minor_version == 3) return "2.0";
  return fmt::format("{}.{}", file.major_version, file.minor_version);
}

std::uint64_t SizeOf(const Dataset& dataset, const format::DataFile& file) {
  if (file.size_bytes != 0) return file.size_bytes;
  const auto path = dataset.DataFilePath(file);
  std::error_code error;
  const std::uintmax_t size = path ? std::filesystem::file_size(*path, error) : 0;
  return error ? 0 : size;
}

void AppendDataFilesJson(const Dataset& dataset, const format::Fragment& fragment, JsonWriter* json) {
  json->BeginArray();
  for (const format::DataFile& file : fragment.files) {
    json->BeginObject().Member("path", file.path).Member("format_version", VersionOf(file));
    json->Member("bytes", SizeOf(dataset, file)).Key("fields").BeginArray();
    for (const std::int32_t field : file.fields) json->Value(field);
    json->EndArray().Key("columns").BeginArray();
    for (const std::int32_t column : file.column_indices) json->Value(column);
    json->EndArray();
    if (file.base_id) json->Member("base", *file.base_id);
    json->EndObject();
  }
  json->EndArray();
}

Status RunManifest(Session& session) {
  LANCEKIT_ASSIGN(const Dataset dataset, OpenDatasetArgument(session));
  LANCEKIT_ASSIGN(const auto transaction, ReadTransaction(session.context.impl(), dataset.manifest_path(), dataset.manifest()));
  if (session.format == Format::kJson || session.format == Format::kJsonLines) {
    WriteDocument(dataset, transaction, &session);
  } else {
    WriteFacts(dataset, transaction, &session);
  }
  return {};
}

}  // namespace lancekit::tools
