// Dataset folders: the newest manifest and the data files that it names.
#include "reader/dataset.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/checked_math.h"
#include "base/limits.h"
#include "format/manifest.h"
#include "reader/table_impl.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;

Status RefuseUnknown(const format::Manifest& manifest) {
  if (const std::string flags = format::UnknownReaderFlags(manifest.reader_flags); !flags.empty()) {
    return Unsupported("the dataset uses features that are not known here: {}", flags);
  }
  const std::string& version = manifest.data_format_version;
  if (!version.empty() && version != "2.0" && version != "2.1" && version != "2.2") {
    if (version == "0.1" || version == "legacy")
      return Unsupported("Lance 0.1 data files are not supported; convert the dataset with pylance");
    return Unsupported("data files of Lance {} are not supported", version);
  }
  return {};
}

/// The place of each top-level field of the table in the data files of a fragment.
Result<TableFragment> OpenFragment(const TableImpl& table, const format::Fragment& fragment, ContextImpl& context) {
  if (fragment.deletion_file.has_value())
    return Unsupported("fragment {} has deleted rows, which are not supported yet", fragment.id);
  TableFragment result;
  result.num_rows = fragment.physical_rows;
  result.places.resize(table.schema_.fields.size());
  for (const format::DataFile& file : fragment.files) {
    if (file.base_id.has_value())
      return Unsupported("data file {} lies in another dataset, which is not supported yet", file.path);
    if (file.major_version == 0 && file.minor_version < 3)
      return Unsupported("Lance 0.1 data files are not supported; convert the dataset with pylance");
    if (file.fields.size() != file.column_indices.size()) {
      return Corrupt("data file {}: {} fields with {} columns", file.path, file.fields.size(), file.column_indices.size());
    }
    LANCEKIT_ASSIGN(const std::string path, DataFilePath(table.path_, file.path));
    LANCEKIT_ASSIGN(std::shared_ptr<Source> source, OpenFileSource(context, path));
    LANCEKIT_ASSIGN(const std::shared_ptr<const FileReader> reader, FileReader::Open(std::move(source)));
    if (reader->descriptor().num_rows != fragment.physical_rows) {
      return At(Corrupt("{} rows where the manifest says {}", reader->descriptor().num_rows, fragment.physical_rows),
                {.path = path});
    }
    for (std::size_t i = 0; i < table.schema_.fields.size(); ++i) {
      const auto it = std::find(file.fields.begin(), file.fields.end(), table.schema_.fields[i].id);
      if (it == file.fields.end()) continue;
      const std::int32_t column = file.column_indices[static_cast<std::size_t>(it - file.fields.begin())];
      result.places[i] = {reader, static_cast<std::uint32_t>(column)};
    }
  }
  return result;
}

}  // namespace

Result<std::string> DataFilePath(const std::string& dataset, const std::string& name) {
  // A manifest must not lead out of its dataset.
  const fs::path relative(name);
  const bool leaves = relative.is_absolute() || std::find(relative.begin(), relative.end(), "..") != relative.end();
  if (name.empty() || leaves) return Corrupt("the data file name \"{}\" leads out of the dataset", name);
  return (fs::path(dataset) / "data" / relative).string();
}

Result<format::Manifest> ReadNewestManifest(ContextImpl& context, const std::string& dataset) {
  std::optional<std::uint64_t> newest;
  std::string newest_name;
  std::error_code error;
  const fs::path folder = fs::path(dataset) / "_versions";
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    const auto version = format::VersionOfManifestName(name);
    if (version.has_value() && (!newest.has_value() || *version > *newest)) {
      newest = version;
      newest_name = name;
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return Status(At(MakeError(ErrorCode::kIo, "cannot list: {}", error.message()), {.path = folder.string()}));
  }
  if (!newest.has_value())
    return Status(At(Corrupt("not a Lance dataset: the folder has no manifest in _versions/"), {.path = dataset}));
  const std::string path = (folder / newest_name).string();
  LANCEKIT_ASSIGN(const std::shared_ptr<Source> source, OpenFileSource(context, path));
  LANCEKIT_ASSIGN(const Buffer bytes, source->Read(0, source->size()));
  auto manifest = format::ParseManifestFile(bytes.bytes());
  if (!manifest) return At(std::move(manifest).status(), {.path = path});
  return manifest;
}

Result<std::shared_ptr<const TableImpl>> OpenDataset(const Context& context, const std::string& path) {
  LANCEKIT_ASSIGN(const format::Manifest manifest, ReadNewestManifest(context.impl(), path));
  LANCEKIT_TRY(At(RefuseUnknown(manifest), {.path = path}));
  auto table = std::make_shared<TableImpl>(context);
  table->path_ = path;
  table->schema_ = manifest.schema;
  table->format_version_ = manifest.data_format_version;
  for (const format::Fragment& fragment : manifest.fragments) {
    auto opened = OpenFragment(*table, fragment, context.impl());
    if (!opened) return At(std::move(opened).status(), {.path = path});
    opened->first_row = table->num_rows_;
    if (!CheckedAdd(table->num_rows_, opened->num_rows, &table->num_rows_) || table->num_rows_ > kMaxRows) {
      return Status(At(Corrupt("{} rows in fragment {}", opened->num_rows, fragment.id), {.path = path}));
    }
    // An empty fragment has no rows to find.
    if (opened->num_rows != 0) table->fragments_.push_back(*std::move(opened));
  }
  return std::shared_ptr<const TableImpl>(std::move(table));
}

}  // namespace lancekit
