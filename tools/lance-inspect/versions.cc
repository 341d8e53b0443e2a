// versions: the history of a dataset. fragments: the parts of one version.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/status.h"
#include "format/version_files.h"
#include "reader/refs.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/dataset_sheets.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

Fact TextOrNone(const std::string& text) { return text.empty() ? Fact::None() : Fact::Text(text); }

std::string BranchesJson(const std::vector<Branch>& branches) {
  JsonWriter json;
  json.BeginArray();
  for (const Branch& branch : branches) {
    json.BeginObject().Member("name", branch.name).Key("parent");
    if (branch.parent.empty()) {
      json.Null();
    } else {
      json.Value(branch.parent);
    }
    json.Member("parent_version", branch.parent_version).EndObject();
  }
  return json.EndArray().text();
}

}  // namespace

Result<VersionFacts> ReadVersion(ContextImpl& context, const format::VersionFile& file) {
  LANCEKIT_ASSIGN(const format::Manifest manifest, ReadManifest(context, file.path));
  LANCEKIT_ASSIGN(const auto transaction, ReadTransaction(context, file.path, manifest));
  return VersionFacts{.version = file.version,
                      .time = TimeText(manifest.timestamp_seconds, manifest.timestamp_nanos),
                      .operation = transaction ? format::OperationName(transaction->operation) : "",
                      .rows = CountRows(manifest),
                      .num_fragments = manifest.fragments.size(),
                      .num_data_files = CountDataFiles(manifest)};
}

Status RunVersions(Session& session) {
  const std::string& path = session.options.arguments[0];
  const std::string& branch = session.options.open.branch;
  ContextImpl& context = session.context.impl();
  LANCEKIT_TRY(RequireDataset(path));
  LANCEKIT_ASSIGN(const std::string folder, BranchFolder(context, path, branch));
  LANCEKIT_ASSIGN(const std::vector<format::VersionFile> versions, format::ListVersionFiles(folder));
  LANCEKIT_ASSIGN(const std::vector<Tag> tags, ListTags(context, path));
  LANCEKIT_ASSIGN(const std::vector<Branch> branches, ListBranches(context, path));
  Sheet sheet{.name = "versions",
              .columns = {{"version", "version", true},
                          {"time", "time"},
                          {"operation", "operation"},
                          {"rows", "rows", true},
                          {"deleted_rows", "deleted", true},
                          {"fragments", "fragments", true},
                          {"data_files", "files", true, true, true},
                          {"tags", "tags"},
                          {"branches", "branches from here", false, true, true}}};
  sheet.members = {
      {"path", JsonText(path)}, {"branch", branch.empty() ? "null" : JsonText(branch)}, {"all_branches", BranchesJson(branches)}};
  for (const format::VersionFile& file : versions) {
    std::vector<std::string> tags_here, branches_here;
    for (const Tag& tag : tags) {
      if (tag.branch == branch && tag.version == file.version) tags_here.push_back(tag.name);
    }
    for (const Branch& other : branches) {
      if (other.parent == branch && other.parent_version == file.version) branches_here.push_back(other.name);
    }
    LANCEKIT_ASSIGN(const VersionFacts facts, ReadVersion(context, file));
    sheet.rows.push_back({Fact::Number(static_cast<std::int64_t>(facts.version)), Fact::Text(facts.time),
                          TextOrNone(facts.operation), Fact::Count(facts.rows.live()), Fact::Count(facts.rows.deleted),
                          Fact::Count(facts.num_fragments), Fact::Count(facts.num_data_files), Fact::List(tags_here),
                          Fact::List(branches_here)});
  }
  WriteSheet(sheet, &session);
  return {};
}

Status RunFragments(Session& session) {
  LANCEKIT_ASSIGN(const Dataset dataset, OpenDatasetArgument(session));
  Sheet sheet{.name = "fragments",
              .columns = {{"fragment", "fragment", true},
                          {"first_row", "first row", true},
                          {"rows", "rows", true},
                          {"deleted_rows", "deleted", true},
                          {"physical_rows", "in files", true, true, true},
                          {"deletion_file", "deletion file"},
                          {"bytes", "bytes", true},
                          {"data_files", "files", true}}};
  sheet.members = {{"path", JsonText(session.options.arguments[0])}, {"version", std::to_string(dataset.manifest().version)}};
  std::uint64_t first_row = 0;
  for (const format::Fragment& fragment : dataset.manifest().fragments) {
    const RowCounts rows = CountRows(fragment);
    std::uint64_t bytes = 0;
    for (const format::DataFile& file : fragment.files) bytes += SizeOf(dataset, file);
    JsonWriter files;
    AppendDataFilesJson(dataset, fragment, &files);
    Fact file_fact = Fact::Count(fragment.files.size());
    file_fact.json = files.text();
    sheet.rows.push_back({Fact::Number(static_cast<std::int64_t>(fragment.id)), Fact::Count(first_row), Fact::Count(rows.live()),
                          Fact::Count(rows.deleted), Fact::Count(rows.physical), TextOrNone(DeletionKind(fragment)),
                          Fact::Bytes(bytes, session), std::move(file_fact)});
    first_row += rows.live();
  }
  WriteSheet(sheet, &session);
  return {};
}

}  // namespace lancekit::tools
