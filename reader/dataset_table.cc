// A version of a dataset as a table: its fragments with their data files, columns and live rows.
#include <algorithm>

#include "base/checked_math.h"
#include "base/limits.h"
#include "format/deletion.h"
#include "reader/blob_columns.h"
#include "reader/dataset.h"
#include "reader/table_impl.h"

namespace lancekit {
namespace {

constexpr std::int32_t kNoColumn = -1;   // instead of a column: the field has none of its own
constexpr std::int32_t kTombstone = -2;  // instead of a field: the column is no longer valid

/// The ids of the fields that are read; none: all.
using WantedFields = std::optional<std::vector<std::int32_t>>;

void AddIds(const std::vector<Field>& fields, std::vector<std::int32_t>* ids) {
  for (const Field& field : fields) {
    ids->push_back(field.id);
    AddIds(field.type.children, ids);
  }
}

WantedFields Wanted(const format::Manifest& manifest, const OpenOptions& options) {
  if (options.columns.empty()) return {};
  std::vector<std::int32_t> ids;
  AddIds(manifest.schema.fields, &ids);
  std::ranges::sort(ids);
  return ids;
}

/// Opens a data file of a fragment. `physical_rows`: 0 while it is not known; then the file tells.
Status AddDataFile(const Dataset& dataset, const format::DataFile& file, const WantedFields& wanted, bool checks,
                   std::uint64_t* physical_rows, ContextImpl& context, TableFragment* fragment) {
  if (file.major_version == 0 && file.minor_version < 3)
    return Unsupported("Lance 0.1 data files are not supported; convert the dataset with pylance");
  LANCEKIT_ASSIGN(auto columns, ColumnsOf(file));
  if (wanted.has_value()) {
    std::erase_if(columns, [&](const auto& column) { return !std::ranges::binary_search(*wanted, column.first); });
  }
  LANCEKIT_ASSIGN(const std::string path, dataset.DataFilePath(file));
  LANCEKIT_ASSIGN(std::shared_ptr<Source> source, OpenFileSource(context, path));
  LANCEKIT_ASSIGN(std::shared_ptr<const FileReader> reader, FileReader::Open(std::move(source), false));
  if (wanted.has_value() && checks) reader->UseHashesUnverified();
  const std::uint64_t num_rows = reader->num_rows();
  if (*physical_rows == 0) *physical_rows = num_rows;
  if (num_rows != *physical_rows)
    return At(Corrupt("{} rows where the manifest says {}", num_rows, *physical_rows), {.path = path});
  fragment->AddFile(std::move(reader), columns);
  return {};
}

/// Errors: the given one, where it says of no file that it is lost.
Status Lose(Status status, LostFile file, const std::string& what, TableFragment* fragment) {
  if (!IsLoss(status.error().code)) return status;
  if (!status.error().path.empty()) file.path = status.error().path;
  file.message = status.error().message + what;
  fragment->lost_files.push_back(std::move(file));
  return {};
}

Result<TableFragment> OpenFragment(const Dataset& dataset, const format::Fragment& fragment, const WantedFields& wanted,
                                   bool checks, ContextImpl& context, bool keep_lost) {
  if (fragment.files.empty() && fragment.physical_rows != 0)
    return Corrupt("fragment {} has {} rows and no data file", fragment.id, fragment.physical_rows);
  TableFragment result;
  // Old manifests do not tell the number of rows; the files do.
  std::uint64_t physical_rows = fragment.physical_rows;
  keep_lost = keep_lost && physical_rows != 0;
  for (const format::DataFile& file : fragment.files) {
    Status status = AddDataFile(dataset, file, wanted, checks, &physical_rows, context, &result);
    if (!status.ok() && keep_lost) status = Lose(std::move(status), {.path = file.path, .fields = file.fields}, "", &result);
    LANCEKIT_TRY(std::move(status));
  }
  result.SortPlaces();
  auto live = ReadLiveRows(dataset, fragment, physical_rows, context);
  if (!live && keep_lost) {
    LANCEKIT_TRY(Lose(std::move(live).status(), {.holds_deletions = true},
                      fmt::format("; {} deleted rows are back", fragment.deletion_file->num_deleted_rows), &result));
    live = LiveRows(physical_rows, {});
  }
  LANCEKIT_ASSIGN(result.live, std::move(live));
  result.num_rows = result.live.count();
  return result;
}

/// The version of the data files; manifests before 2.0 was the default do not tell it.
std::string FormatVersion(const format::Manifest& manifest) {
  std::string text = manifest.data_format_version;
  if (text.empty() && !manifest.fragments.empty() && !manifest.fragments[0].files.empty()) {
    const format::DataFile& file = manifest.fragments[0].files[0];
    text = file.major_version == 0 ? "2.0" : fmt::format("{}.{}", file.major_version, file.minor_version);
  }
  const auto version = format::FromManifest(text);
  return version.has_value() ? std::string(format::Name(*version)) : text;
}

}  // namespace

Result<std::vector<std::pair<std::int32_t, std::uint32_t>>> ColumnsOf(const format::DataFile& file) {
  if (file.fields.size() != file.column_indices.size())
    return Corrupt("data file {}: {} fields with {} columns", file.path, file.fields.size(), file.column_indices.size());
  std::vector<std::pair<std::int32_t, std::uint32_t>> columns;
  for (std::size_t i = 0; i < file.fields.size(); ++i) {
    const std::int32_t column = file.column_indices[i];
    if (column < kNoColumn) return Corrupt("data file {}: field {} has the column {}", file.path, file.fields[i], column);
    if (file.fields[i] == kTombstone || column == kNoColumn) continue;
    columns.emplace_back(file.fields[i], static_cast<std::uint32_t>(column));
  }
  return columns;
}

Result<LiveRows> ReadLiveRows(const Dataset& dataset, const format::Fragment& fragment, std::uint64_t physical_rows,
                              ContextImpl& context) {
  if (!fragment.deletion_file.has_value()) return LiveRows(physical_rows, {});
  LANCEKIT_ASSIGN(const std::string path, dataset.DeletionFilePath(fragment));
  LANCEKIT_ASSIGN(const std::shared_ptr<Source> source, OpenFileSource(context, path));
  LANCEKIT_ASSIGN(const Buffer bytes, source->Read(0, source->size()));
  auto deleted = format::ParseDeletionFile(fragment.deletion_file->kind, bytes.bytes(), physical_rows);
  if (!deleted) return At(std::move(deleted).status(), {.path = path});
  // Old manifests do not tell the number.
  const std::uint64_t expected = fragment.deletion_file->num_deleted_rows, found = format::CountRows(*deleted);
  if (expected != 0 && found != expected)
    return At(Corrupt("{} deleted rows where the manifest says {}", found, expected), {.path = path});
  return LiveRows(physical_rows, *deleted);
}

Result<std::shared_ptr<const TableImpl>> OpenDataset(const Context& context, const std::string& path, const OpenOptions& options,
                                                     bool keep_lost) {
  auto dataset = Dataset::Open(context.impl(), path, options);
  if (!dataset) return At(std::move(dataset).status(), {.path = path});
  LANCEKIT_TRY(At(dataset->CheckReadable(), {.path = path}));
  const format::Manifest& manifest = dataset->manifest();
  auto table = std::make_shared<TableImpl>(context);
  table->path_ = path;
  table->checksums_ = options.checksums;
  table->zone_maps_ = options.zone_maps;
  table->schema_ = manifest.schema;
  LANCEKIT_TRY(table->Narrow(options.columns));
  table->format_version_ = FormatVersion(manifest);
  const WantedFields wanted = Wanted(manifest, options);
  for (const format::Fragment& fragment : manifest.fragments) {
    auto opened = OpenFragment(*dataset, fragment, wanted, options.checksums != Checksums::kNever, context.impl(), keep_lost);
    if (!opened) return At(std::move(opened).status(), {.path = path});
    opened->first_row = table->num_rows_;
    if (!CheckedAdd(table->num_rows_, opened->num_rows, &table->num_rows_) || table->num_rows_ > kMaxRows)
      return Status(At(Corrupt("{} rows in fragment {}", opened->num_rows, fragment.id), {.path = path}));
    // An empty fragment has no rows to find.
    if (opened->num_rows != 0) table->fragments_.push_back(*std::move(opened));
  }
  return std::shared_ptr<const TableImpl>(std::move(table));
}

}  // namespace lancekit
