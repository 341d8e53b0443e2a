#include "reader/legacy_field.h"

#include <algorithm>

#include "legacy/field.h"
#include "reader/table_impl.h"

namespace lancekit {
namespace {

bool IsLegacy(const FileReader& file) { return file.footer().version == format::FileVersion::k2_0; }

class LegacyField final : public FieldReader {
 public:
  LegacyField(legacy::FieldColumns columns, std::shared_ptr<const FileReader> file)
      : columns_(std::move(columns)), file_(std::move(file)) {}

  Status Read(std::span<const ValueRange> rows, FieldSink* sink, PageScratch* scratch) const override {
    for (const ValueRange& range : rows) LANCEKIT_TRY(columns_.Read(range, sink, scratch));
    return {};
  }
  std::uint64_t PageEnd(std::uint64_t row) const override { return columns_.PageEnd(row); }
  std::uint64_t EstimateRowBytes() const override { return columns_.EstimateRowBytes(); }

  Result<std::vector<BlobBytes>> FindBlobs(std::span<const ValueRange> rows) const override {
    const legacy::Column* const column = columns_.column(0);
    if (column == nullptr || !column->leaf().has_value()) return FieldReader::FindBlobs(rows);
    std::vector<BlobBytes> blobs;
    for (const ValueRange& range : rows) {
      for (std::uint64_t i = 0; i < range.count; ++i) {
        LANCEKIT_ASSIGN(const legacy::BlobPlace blob, column->FindBlob(range.first + i));
        blobs.push_back({file_->shared_source(), blob.range.offset, blob.range.size, blob.is_null});
      }
    }
    return blobs;
  }

  Result<std::vector<std::uint64_t>> BlobSizes(std::span<const ValueRange> rows) const override {
    LANCEKIT_ASSIGN(const std::vector<BlobBytes> blobs, FindBlobs(rows));
    std::vector<std::uint64_t> sizes;
    for (const BlobBytes& blob : blobs) sizes.push_back(blob.size);
    return sizes;
  }

 private:
  legacy::FieldColumns columns_;
  std::shared_ptr<const FileReader> file_;  // that holds the first column
};

/// The column of a node; structs have one that says nothing, apart from those without fields.
const ColumnPlace* PlaceOf(const TableFragment& fragment, const FieldNode& node) {
  return node.kind == NodeKind::kStruct ? nullptr : fragment.Place(node.field->id);
}

}  // namespace

bool IsLegacyField(const TableFragment& fragment, const FieldShape& shape) {
  return std::any_of(shape.nodes().begin(), shape.nodes().end(), [&](const FieldNode& node) {
    const ColumnPlace* const place = fragment.Place(node.field->id);
    return place != nullptr && IsLegacy(*fragment.files[place->file]);
  });
}

Result<std::shared_ptr<const FieldReader>> OpenLegacyField(const TableFragment& fragment, const FieldShape& shape) {
  std::vector<std::shared_ptr<const legacy::Column>> columns;
  std::shared_ptr<const FileReader> first;
  std::uint64_t num_rows = 0;
  for (const FieldNode& node : shape.nodes()) {
    columns.emplace_back();
    const ColumnPlace* const place = PlaceOf(fragment, node);
    if (place == nullptr) continue;
    const std::shared_ptr<const FileReader>& file = fragment.files[place->file];
    if (!IsLegacy(*file)) {
      return At(Unsupported("a column whose parts are in files of version 2.0 and of others"), {.column = shape.field().name});
    }
    if (node.kind == NodeKind::kFixedList) {
      // The reference writes them into one column, which it cannot read.
      return At(Unsupported("fixed-size lists of structs in a file of version 2.0"),
                {.path = file->source().path(), .column = shape.field().name});
    }
    if (first == nullptr) first = file;
    num_rows = file->num_rows();
    const bool is_leaf = node.kind == NodeKind::kLeaf;
    const FieldLeaf* const leaf = is_leaf ? &shape.leaves()[node.leaf] : nullptr;
    LANCEKIT_ASSIGN(columns.back(), file->LegacyColumn(place->column, is_leaf ? &leaf->type : nullptr,
                                                       is_leaf ? leaf->name : shape.field().name));
  }
  LANCEKIT_ASSIGN(legacy::FieldColumns field, legacy::FieldColumns::Open(shape, std::move(columns), num_rows));
  return std::shared_ptr<const FieldReader>(std::make_shared<LegacyField>(std::move(field), std::move(first)));
}

}  // namespace lancekit
