#include "lancekit/inspect.hpp"

#include <fmt/format.h>

#include "base/checked_math.h"
#include "format/schema.h"
#include "legacy/field.h"
#include "reader/dataset.h"
#include "reader/file_reader.h"
#include "reader/inspect_encoding.h"
#include "reader/table_impl.h"

namespace lancekit {
namespace {

using format::FileRange;
using format::FileVersion;
using format::Leaf;

bool DescribesBlobs(const Field& field) {
  for (const auto& [key, value] : field.metadata) {
    if (key == "lance-encoding:blob") return true;
  }
  return format::IsBlobV2(field);
}

bool AnyBlobs(const std::vector<Field>& fields) {
  for (const Field& field : fields) {
    if (DescribesBlobs(field) || AnyBlobs(field.type.children)) return true;
  }
  return false;
}

/// The field of each column, as far as the schema tells.
std::vector<Leaf> ColumnFields(const Schema& schema, FileVersion version) {
  return version == FileVersion::k2_0 ? legacy::ColumnFields(schema) : format::Leaves(schema);
}

std::optional<std::uint64_t> ArrowBytes(const Leaf& leaf, const InspectedColumn& column, std::uint64_t num_rows) {
  std::uint64_t bits = FixedWidthBits(leaf.path.back()->type);
  bool has_nulls = false;
  for (const InspectedPage& page : column.pages) has_nulls = has_nulls || page.may_have_nulls;
  // Below a list there is another number of values; structs have their nulls in a bitmap of their own.
  if (leaf.path.size() != 1 || bits == 0) return std::nullopt;
  if (!CheckedMul(bits, num_rows, &bits)) return std::nullopt;
  return CeilDiv(bits, 8) + (has_nulls ? CeilDiv(num_rows, 8) : 0);
}

Status InspectPages(const format::ColumnMetadata& metadata, InspectedColumn* column) {
  std::uint64_t row = 0;
  for (const format::PageMetadata& page : metadata.pages) {
    InspectedPage& out = column->pages.emplace_back();
    out.first_row = row;
    out.num_rows = page.length;
    row += page.length;  // the parser has checked the sum
    const auto index = static_cast<std::int64_t>(column->pages.size()) - 1;
    LANCEKIT_TRY(At(DescribePage(page, &out), {.page = index}));
  }
  for (const FileRange& buffer : metadata.buffers) column->buffers.push_back({"column buffer", buffer.offset, buffer.size});
  return {};
}

Status InspectColumns(const FileReader& reader, InspectedFile* file) {
  const std::uint32_t num_columns = reader.footer().num_columns;
  const std::vector<Leaf> fields = ColumnFields(file->schema, reader.footer().version);
  std::uint64_t metadata_bytes = 0;
  for (std::uint32_t i = 0; i < num_columns; ++i) {
    InspectedColumn& column = file->columns.emplace_back();
    const Leaf* leaf = fields.size() == num_columns ? &fields[i] : nullptr;
    column.path = leaf != nullptr ? leaf->Name() : fmt::format("(column {})", i);
    column.type = leaf != nullptr ? leaf->path.back()->type.to_string() : "unknown";
    LANCEKIT_ASSIGN(const FileRange range, reader.ColumnMetadataRange(i));
    column.metadata = {"column metadata", range.offset, range.size};
    // Also bounds the work: a table whose entries share one large message would be parsed again and again.
    metadata_bytes += range.size;
    if (metadata_bytes > file->size) return Corrupt("the metadata of {} columns overlap", i + 1);
    const Place place{.path = file->path, .column = column.path};
    auto metadata = reader.ReadColumnMetadata(i);
    if (!metadata) return At(std::move(metadata).status(), place);
    LANCEKIT_TRY(At(InspectPages(*metadata, &column), place));
    if (leaf != nullptr) column.arrow_bytes = ArrowBytes(*leaf, column, file->num_rows);
    for (const InspectedPage& page : column.pages) file->has_blobs = file->has_blobs || IsBlobLayout(page.encoding);
  }
  return {};
}

Status InspectGlobalBuffers(const FileReader& reader, InspectedFile* file) {
  const std::optional<std::size_t> statistics = reader.statistics().global_buffer();
  for (std::uint32_t i = 0; i < reader.footer().num_global_buffers; ++i) {
    LANCEKIT_ASSIGN(const FileRange range, reader.GlobalBufferRange(i));
    file->global_buffers.push_back({i == 0 ? "schema" : i == statistics ? "statistics" : "other", range.offset, range.size});
  }
  return {};
}

Result<DataFiles> ListDataset(const Context& context, const std::string& path, const OpenOptions& options) {
  LANCEKIT_ASSIGN(const Dataset dataset, Dataset::Open(context.impl(), path, options));
  const format::Manifest& manifest = dataset.manifest();
  DataFiles result{.is_dataset = true, .version = manifest.version, .files = {}};
  std::uint64_t first_row = 0;
  for (const format::Fragment& fragment : manifest.fragments) {
    for (const format::DataFile& file : fragment.files) {
      LANCEKIT_ASSIGN(std::string data_path, dataset.DataFilePath(file));
      result.files.push_back({std::move(data_path), fragment.id, first_row, file.fields});
    }
    if (fragment.deletion_file.has_value()) result.num_deleted_rows += fragment.deletion_file->num_deleted_rows;
    if (!CheckedAdd(first_row, fragment.physical_rows, &first_row))
      return Corrupt("{} rows in fragment {}", fragment.physical_rows, fragment.id);
  }
  return result;
}

}  // namespace

std::uint64_t InspectedPage::bytes() const {
  std::uint64_t sum = 0;
  for (const InspectedBuffer& buffer : buffers) sum += buffer.size;
  return sum;
}

std::uint64_t InspectedColumn::bytes() const {
  std::uint64_t sum = 0;
  for (const InspectedBuffer& buffer : buffers) sum += buffer.size;
  for (const InspectedPage& page : pages) sum += page.bytes();
  return sum;
}

Result<DataFiles> list_data_files(const Context& context, const std::string& path, const OpenOptions& options) {
  LANCEKIT_ASSIGN(const bool is_dataset, IsDataset(path, options));
  if (!is_dataset) return DataFiles{.files = {{path, 0, 0, {}}}};
  auto files = ListDataset(context, path, options);
  if (!files) return At(std::move(files).status(), {.path = path});
  return files;
}

Result<std::vector<RowInterval>> list_deleted_rows(const Context& context, const std::string& path, const OpenOptions& options) {
  std::vector<RowInterval> deleted;
  LANCEKIT_ASSIGN(const bool is_dataset, IsDataset(path, options));
  if (!is_dataset) return deleted;
  LANCEKIT_ASSIGN(const Dataset dataset, Dataset::Open(context.impl(), path, options));
  std::uint64_t first_row = 0;
  for (const format::Fragment& fragment : dataset.manifest().fragments) {
    std::uint64_t next_row = first_row;
    if (!CheckedAdd(first_row, fragment.physical_rows, &next_row))
      return Corrupt("{} rows in fragment {}", fragment.physical_rows, fragment.id);
    if (fragment.deletion_file.has_value()) {
      LANCEKIT_ASSIGN(const LiveRows live, ReadLiveRows(dataset, fragment, fragment.physical_rows, context.impl()));
      // What lies between live ones.
      std::uint64_t at = first_row;
      for (const format::RowRange& range : live.Ranges(0, live.count())) {
        if (first_row + range.begin > at) deleted.push_back({at, first_row + range.begin - at});
        at = first_row + range.end;
      }
      if (at < next_row) deleted.push_back({at, next_row - at});
    }
    first_row = next_row;
  }
  return deleted;
}

Result<InspectedFile> inspect_file(const Context& context, const std::string& path) {
  LANCEKIT_ASSIGN(std::shared_ptr<Source> source, OpenFileSource(context.impl(), path));
  LANCEKIT_ASSIGN(const std::shared_ptr<const FileReader> reader, FileReader::Open(std::move(source)));
  const format::Footer& footer = reader->footer();
  InspectedFile file;
  file.path = path;
  file.format_version = format::Name(footer.version);
  file.num_rows = reader->num_rows();
  file.size = reader->source().size();
  file.schema = reader->schema();
  file.has_blobs = AnyBlobs(file.schema.fields);
  file.column_table = {"column table", footer.cmo_offset, std::uint64_t{footer.num_columns} * 16};
  file.global_buffer_table = {"global buffer table", footer.gbo_offset, std::uint64_t{footer.num_global_buffers} * 16};
  file.footer = {"footer", file.size - format::kFooterBytes, format::kFooterBytes};
  LANCEKIT_TRY(At(InspectGlobalBuffers(*reader, &file), {.path = path}));
  LANCEKIT_TRY(At(InspectColumns(*reader, &file), {.path = path}));
  return file;
}

}  // namespace lancekit
