#include "reader/field_reader.h"

#include <algorithm>

#include "base/checked_math.h"
#include "reader/blob_columns.h"
#include "reader/legacy_field.h"
#include "reader/table_impl.h"
#include "types/scalar.h"

namespace lancekit {
namespace {

// Stored bytes of strings and lists say little about their size in memory; codecs that decode fast reach about this ratio.
constexpr std::uint64_t kExpansion = 3;

/// Calls read(rows, is_lost) for parts of the ranges within which none of the lists of lost rows begins or ends;
/// is_lost[i]: the part lies in rows of list i.
template <class ReadPart>
Status ForEachPart(std::span<const ValueRange> ranges, const std::vector<std::vector<ValueRange>>& lost, ReadPart read) {
  std::vector<bool> is_lost(lost.size());
  for (ValueRange range : ranges) {
    while (range.count != 0) {
      std::uint64_t end = range.first + range.count;
      for (std::size_t i = 0; i < lost.size(); ++i) {
        const auto next = std::ranges::find_if(lost[i], [&](const ValueRange& r) { return r.first + r.count > range.first; });
        is_lost[i] = next != lost[i].end() && next->first <= range.first;
        if (next != lost[i].end()) end = std::min(end, is_lost[i] ? next->first + next->count : next->first);
      }
      LANCEKIT_TRY(read(ValueRange{range.first, end - range.first}, is_lost));
      range.count -= end - range.first;
      range.first = end;
    }
  }
  return {};
}

/// Blobs of rows, found part by part; those of lost rows are null.
template <class FindInPart>
Result<std::vector<BlobBytes>> FindBlobsBesideHoles(std::span<const ValueRange> rows,
                                                    const std::vector<std::vector<ValueRange>>& lost, FindInPart find) {
  std::vector<BlobBytes> blobs;
  LANCEKIT_TRY(ForEachPart(rows, lost, [&](const ValueRange& part, const std::vector<bool>& is_lost) -> Status {
    if (is_lost[0]) {
      blobs.insert(blobs.end(), part.count, BlobBytes{.source = nullptr, .is_null = true});
      return {};
    }
    LANCEKIT_ASSIGN(const std::vector<BlobBytes> found, find(part));
    blobs.insert(blobs.end(), found.begin(), found.end());
    return {};
  }));
  return blobs;
}

std::vector<std::uint64_t> SizesOf(const std::vector<BlobBytes>& blobs) {
  std::vector<std::uint64_t> sizes;
  for (const BlobBytes& blob : blobs) sizes.push_back(blob.size);
  return sizes;
}

/// A field that is read as a whole, with holes.
class FieldWithHoles final : public FieldReader {
 public:
  FieldWithHoles(std::shared_ptr<const FieldReader> field, std::size_t num_leaves, std::span<const ValueRange> lost)
      : field_(std::move(field)), none_(num_leaves, false), lost_{{lost.begin(), lost.end()}} {}

  Status Read(std::span<const ValueRange> rows, FieldSink* sink, PageScratch* scratch) const override {
    return ForEachPart(rows, lost_, [&](const ValueRange& part, const std::vector<bool>& is_lost) -> Status {
      if (!is_lost[0]) return field_->Read({&part, 1}, sink, scratch);
      sink->SetPresent(none_);
      sink->FillAbsent(part.count);
      return {};
    });
  }
  std::uint64_t PageEnd(std::uint64_t row) const override { return field_->PageEnd(row); }
  std::uint64_t EstimateRowBytes() const override { return field_->EstimateRowBytes(); }
  Result<std::vector<BlobBytes>> FindBlobs(std::span<const ValueRange> rows) const override {
    return FindBlobsBesideHoles(rows, lost_, [&](const ValueRange& part) { return field_->FindBlobs({&part, 1}); });
  }
  Result<std::vector<std::uint64_t>> BlobSizes(std::span<const ValueRange> rows) const override {
    LANCEKIT_ASSIGN(const std::vector<BlobBytes> blobs, FindBlobs(rows));
    return SizesOf(blobs);
  }

 private:
  std::shared_ptr<const FieldReader> field_;
  std::vector<bool> none_;
  std::vector<std::vector<ValueRange>> lost_;
};

/// Lance 2.1 and newer: a column per leaf, which carries the levels of everything above it.
class LeafColumns final : public FieldReader {
 public:
  /// `lost`: of each column, rows to be taken for nulls; empty when no column has any.
  LeafColumns(std::vector<std::shared_ptr<const ColumnReader>> columns, std::vector<std::vector<ValueRange>> lost)
      : columns_(std::move(columns)), lost_(std::move(lost)), read_ahead_(columns_.size()) {
    for (const auto& column : columns_) present_.push_back(column != nullptr);
  }

  Status Read(std::span<const ValueRange> rows, FieldSink* sink, PageScratch* scratch) const override {
    if (lost_.empty()) return ReadColumns(rows, present_, sink, scratch);
    return ForEachPart(rows, lost_, [&](const ValueRange& part, const std::vector<bool>& is_lost) {
      std::vector<bool> present = present_;
      for (std::size_t i = 0; i < present.size(); ++i) present[i] = present[i] && !is_lost[i];
      return ReadColumns({&part, 1}, present, sink, scratch);
    });
  }

  void Prefetch(std::span<const ValueRange> rows, PageScratch* scratch) const override {
    for (std::size_t i = 0; lost_.empty() && i < columns_.size(); ++i) {
      if (present_[i]) columns_[i]->Prefetch(rows, scratch);
    }
  }
  void ReadAhead(const ValueRange& rows, PageScratch* scratch) const override {
    for (std::size_t i = 0; lost_.empty() && i < columns_.size(); ++i) {
      if (present_[i]) columns_[i]->ReadAhead(rows, &read_ahead_[i], scratch);
    }
  }

  Result<std::uint64_t> CountDictionaryItems(std::span<const ValueRange> rows) const override {
    // Pages of lost rows had better not be opened.
    const bool is_string = lost_.empty() && columns_.size() == 1 && columns_[0] != nullptr && columns_[0]->leaf().is_flat() &&
                           columns_[0]->leaf().shape.variable();
    return is_string ? columns_[0]->CountDictionaryItems(rows) : Result<std::uint64_t>(0);
  }

  Result<std::uint64_t> RowsPerRun(std::span<const ValueRange> rows) const override {
    if (!lost_.empty() || columns_.size() != 1 || columns_[0] == nullptr) return 0;
    const LeafType& leaf = columns_[0]->leaf();
    const auto is_struct = [](const ParentNode& parent) { return parent.kind == NodeKind::kStruct; };
    if (leaf.is_dictionary() || DomainOf(leaf.type) == Domain::kNone || !std::ranges::all_of(leaf.parents, is_struct)) return 0;
    return columns_[0]->RowsPerRun(rows);
  }

  // Each page of a dictionary column has a dictionary of its own, which a batch can hand out as it is; and so it can the bytes of
  // large values that lie in one page of a mapped file.
  std::uint64_t PageEnd(std::uint64_t row) const override {
    constexpr std::uint64_t kLargeBits = 8 * 256;
    std::uint64_t end = ~std::uint64_t{0};
    for (const auto& column : columns_) {
      if (column == nullptr) continue;
      const LeafType& leaf = column->leaf();
      const bool is_large =
          leaf.is_flat() && leaf.shape.fixed() && leaf.shape.width_bits >= kLargeBits && column->source()->mapped();
      if (leaf.is_dictionary() || is_large) end = std::min(end, column->PageEnd(row));
    }
    return end;
  }

  Result<std::vector<BlobBytes>> FindBlobs(std::span<const ValueRange> rows) const override {
    if (columns_.size() != 1 || columns_[0] == nullptr) return FieldReader::FindBlobs(rows);
    if (lost_.empty()) return BlobsOf(*columns_[0], rows);
    return FindBlobsBesideHoles(rows, lost_, [&](const ValueRange& part) { return BlobsOf(*columns_[0], {&part, 1}); });
  }

  Result<std::vector<std::uint64_t>> BlobSizes(std::span<const ValueRange> rows) const override {
    LANCEKIT_ASSIGN(const std::vector<BlobBytes> blobs, FindBlobs(rows));
    return SizesOf(blobs);
  }

  std::uint64_t EstimateRowBytes() const override {
    std::uint64_t bytes = 0;
    for (const auto& column : columns_) {
      if (column == nullptr) continue;
      const LeafType& leaf = column->leaf();
      const auto is_list = [](const ParentNode& parent) { return parent.kind == NodeKind::kList; };
      const bool in_list = std::any_of(leaf.parents.begin(), leaf.parents.end(), is_list);
      if (leaf.shape.fixed() && !in_list) {
        bytes += CeilDiv(leaf.shape.width_bits, 8) * leaf.SlotsPerRow();
      } else {
        const std::uint64_t rows = std::max<std::uint64_t>(1, column->num_rows());
        bytes += (leaf.shape.large_offsets ? 8 : 4) + CeilDiv(column->stored_bytes() * kExpansion, rows);
      }
    }
    return bytes;
  }

 private:
  Status ReadColumns(std::span<const ValueRange> rows, const std::vector<bool>& present, FieldSink* sink,
                     PageScratch* scratch) const {
    sink->SetPresent(present);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (present[i]) LANCEKIT_TRY(columns_[i]->Read(rows, &sink->leaf(i), scratch));
    }
    sink->FillAbsent(CountRows(rows));
    return {};
  }

  std::vector<std::shared_ptr<const ColumnReader>> columns_;  // null: absent
  std::vector<std::vector<ValueRange>> lost_;
  std::vector<bool> present_;
  mutable std::vector<ReadAheadMark> read_ahead_;
};

}  // namespace

Result<Buffer> BlobBytes::Read(std::uint64_t first, std::uint64_t count) const {
  if (count == 0) return Buffer();
  return source->Read(offset + first, count);
}

Result<std::vector<BlobBytes>> BlobsOf(const ColumnReader& column, std::span<const ValueRange> rows) {
  LANCEKIT_ASSIGN(const std::vector<BlobPlace> places, column.FindBlobs(rows));
  std::vector<BlobBytes> blobs;
  for (const BlobPlace& place : places)
    blobs.push_back({column.source(), place.bytes.offset, place.bytes.size, place.level != 0});
  return blobs;
}

Result<std::vector<BlobBytes>> FieldReader::FindBlobs(std::span<const ValueRange>) const {
  return Unsupported("the column holds no blobs that lie by themselves");
}

Result<std::vector<std::uint64_t>> FieldReader::BlobSizes(std::span<const ValueRange>) const {
  return Unsupported("the column holds no blobs that lie by themselves");
}

namespace {

Result<std::shared_ptr<const FieldReader>> AddHoles(const TableFragment& fragment, const FieldShape& shape,
                                                    Result<std::shared_ptr<const FieldReader>> field) {
  const std::span<const ValueRange> lost = fragment.LostRowsOf(shape.field().id);
  if (!field || lost.empty()) return field;
  return std::shared_ptr<const FieldReader>(std::make_shared<FieldWithHoles>(*std::move(field), shape.leaves().size(), lost));
}

}  // namespace

Result<std::shared_ptr<const FieldReader>> FieldReader::Open(const TableFragment& fragment, const FieldShape& shape,
                                                             ContextImpl& context) {
  if (!fragment.lost_files.empty()) {
    const LostFile& file = fragment.lost_files.front();
    return At(Corrupt("{}", file.message), {.path = file.path});
  }
  if (IsLegacyField(fragment, shape)) return AddHoles(fragment, shape, OpenLegacyField(fragment, shape));
  std::vector<std::shared_ptr<const ColumnReader>> columns;
  for (const FieldLeaf& leaf : shape.leaves()) {
    columns.emplace_back();
    const ColumnPlace* const place = fragment.Place(leaf.field->id);
    if (place == nullptr || leaf.type.is_empty_struct()) continue;
    const std::shared_ptr<const FileReader>& file = fragment.files[place->file];
    if (MayHoldBlobs(*leaf.field)) LANCEKIT_TRY(file->LoadSchema());
    if (HoldsBlobDescriptors(*file, place->column, *leaf.field)) {
      if (!shape.is_flat()) return At(Unsupported("blobs of 2.2 inside other columns are not supported"), {.column = leaf.name});
      return AddHoles(fragment, shape, OpenBlobColumn(file, place->column, context));
    }
    LANCEKIT_ASSIGN(columns.back(), file->Column(place->column, leaf));
  }
  std::vector<std::vector<ValueRange>> lost;
  if (!fragment.lost.empty()) {
    for (const FieldLeaf& leaf : shape.leaves()) {
      const std::span<const ValueRange> rows = fragment.LostRowsOf(leaf.field->id);
      lost.emplace_back(rows.begin(), rows.end());
    }
  }
  return std::shared_ptr<const FieldReader>(std::make_shared<LeafColumns>(std::move(columns), std::move(lost)));
}

}  // namespace lancekit
