// Salvage: finds the pages that are lost, then gives a table that has holes there.
#include <algorithm>

#include "base/without_throwing.h"
#include "lancekit/verify.hpp"
#include "reader/field_reader.h"
#include "reader/page_check.h"
#include "reader/read_rows.h"
#include "reader/table_impl.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kStepRows = 4096;
// Of fields that are no plain columns, this many rows are lost or read together.
constexpr std::uint64_t kUnitRows = 1024;

bool IsLoss(ErrorCode code) { return code == ErrorCode::kCorruption || code == ErrorCode::kIo; }

/// Rows of one leaf that cannot be read, and why.
struct Hole {
  std::int64_t page = -1;
  ValueRange rows;
  std::string message;
};

void Merge(std::vector<ValueRange>* rows) {
  std::ranges::sort(*rows, {}, &ValueRange::first);
  std::vector<ValueRange> merged;
  for (const ValueRange& range : *rows) {
    if (range.count == 0) continue;
    if (merged.empty() || range.first > merged.back().first + merged.back().count) {
      merged.push_back(range);
    } else {
      const std::uint64_t end = std::max(merged.back().first + merged.back().count, range.first + range.count);
      merged.back().count = end - merged.back().first;
    }
  }
  *rows = std::move(merged);
}

/// What is left of a fragment's live rows.
LiveRows Without(const LiveRows& live, std::uint64_t physical_rows, const std::vector<ValueRange>& lost) {
  format::RowRanges deleted;
  const auto remove = [&](std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return;
    if (!deleted.empty() && begin <= deleted.back().end) {
      deleted.back().end = std::max(deleted.back().end, end);
    } else {
      deleted.push_back({begin, end});
    }
  };
  std::vector<ValueRange> gone = lost;
  std::uint64_t end = 0;
  for (const format::RowRange& range : live.Ranges(0, live.count())) {
    gone.push_back({end, range.begin - end});
    end = range.end;
  }
  gone.push_back({end, physical_rows - end});
  Merge(&gone);
  for (const ValueRange& range : gone) remove(range.first, std::min(physical_rows, range.first + range.count));
  return LiveRows(physical_rows, deleted);
}

bool HasMap(const DataType& type) {
  return type.id == TypeId::kMap || std::ranges::any_of(type.children, [](const Field& child) { return HasMap(child.type); });
}

/// Leaf types stay as they are: the file's columns are of them.
void MakeNullable(Field* field) {
  field->nullable = true;
  if (field->type.id == TypeId::kMap || MakeLeafType(field->type)) return;
  for (Field& child : field->type.children) MakeNullable(&child);
}

/// Finds the holes of one fragment.
class HoleFinder {
 public:
  HoleFinder(const TableImpl& table, const TableFragment& fragment) : table_(table), fragment_(fragment) {}

  /// That what the files say of themselves as a whole can be trusted. Errors: kCorruption.
  Status CheckFiles() const {
    for (const auto& file : fragment_.files) {
      const format::Statistics* const known = file->statistics().Get();
      if (known == nullptr) continue;
      const format::Footer& footer = file->footer();
      LANCEKIT_ASSIGN(const format::FileRange schema, file->GlobalBufferRange(0));
      const std::vector<std::uint64_t> hashes = known->GlobalBufferHashes();
      if (!hashes.empty()) LANCEKIT_TRY(CheckHash(*file, schema, hashes[0], "the schema"));
      const format::FileRange table{footer.cmo_offset, std::uint64_t{footer.num_columns} * 16};
      const format::FileRange tail{footer.column_metadata_start, file->source().size() - footer.column_metadata_start};
      LANCEKIT_TRY(CheckHash(*file, table, known->tail_hashes().column_table, "the column table"));
      bool is_sound = true;
      for (std::uint32_t i = 0; i < footer.num_columns && is_sound; ++i) is_sound = CheckMetadata(*file, i).ok();
      // With sound metadata, what remains is the footer.
      if (is_sound) LANCEKIT_TRY(CheckHash(*file, tail, known->tail_hashes().tail, "the footer"));
    }
    return {};
  }

  /// The holes of a leaf of a plain field. Errors: other than damage.
  Result<std::vector<Hole>> OfLeaf(const FieldShape& shape, std::size_t leaf) const {
    const FieldLeaf& field = shape.leaves()[leaf];
    const ColumnPlace* const place = fragment_.Place(field.field->id);
    std::vector<Hole> holes;
    if (place == nullptr || field.type.is_empty_struct()) return holes;
    const FileReader& file = *fragment_.files[place->file];
    auto reader = file.Column(place->column, field);
    if (const Status metadata = CheckMetadata(file, place->column); !metadata.ok()) {
      reader = metadata.error();
    }
    if (!reader) {
      if (!IsLoss(reader.error().code)) return reader.error();
      holes.push_back({-1, {0, fragment_.NumPhysicalRows()}, reader.error().message});
      return holes;
    }
    PageDecoder decoder(shape, leaf, *reader);
    for (std::size_t page = 0; page < (*reader)->metadata().pages.size(); ++page) {
      LANCEKIT_TRY(table_.context().CheckCancelled());
      const ValueRange rows = (*reader)->RowsOfPage(page);
      if (rows.count == 0) continue;
      const Status status = CheckPage(**reader, page, &decoder);
      if (status.ok()) continue;
      if (!IsLoss(status.error().code)) return status.error();
      holes.push_back({static_cast<std::int64_t>(page), rows, status.error().message});
    }
    return holes;
  }

  /// The holes of a field that is read by rows. Errors: other than damage.
  Result<std::vector<Hole>> OfRows(const FieldShape& shape) const {
    std::vector<Hole> holes;
    const std::uint64_t num_rows = fragment_.NumPhysicalRows();
    const auto reader = FieldReader::Open(fragment_, shape, table_.context());
    if (!reader) {
      if (!IsLoss(reader.error().code)) return reader.error();
      holes.push_back({-1, {0, num_rows}, reader.error().message});
      return holes;
    }
    PageScratch scratch;
    scratch.whole_rows = kAllRows;
    for (std::uint64_t row = 0; row < num_rows; row += kUnitRows) {
      LANCEKIT_TRY(table_.context().CheckCancelled());
      const ValueRange rows{row, std::min(kUnitRows, num_rows - row)};
      FieldSink sink(shape, rows.count);
      Status status = (*reader)->Read({&rows, 1}, &sink, &scratch);
      if (status.ok()) {
        auto array = std::move(sink).Finish();
        if (!array) status = std::move(array).status();
      }
      if (status.ok()) continue;
      if (!IsLoss(status.error().code)) return status.error();
      holes.push_back({status.error().page, rows, status.error().message});
    }
    return holes;
  }

 private:
  static Status CheckHash(const FileReader& file, const format::FileRange& range, std::uint64_t hash, const char* what) {
    LANCEKIT_ASSIGN(const bool matches, MatchesHash(file.source(), range, hash));
    if (matches) return {};
    return At(Corrupt("{} is not as its hash says, so nothing of the file can be salvaged", what),
              {.path = file.source().path(), .offset = range.offset});
  }
  static Status CheckMetadata(const FileReader& file, std::uint32_t column) {
    const format::Statistics* const known = file.statistics().Get();
    if (known == nullptr || column >= known->num_columns()) return {};
    LANCEKIT_ASSIGN(const format::FileRange range, file.ColumnMetadataRange(column));
    LANCEKIT_ASSIGN(const bool matches, MatchesHash(file.source(), range, known->MetadataHash(column)));
    if (matches) return {};
    return Corrupt("the column metadata is not as its hash says");
  }
  static Status CheckPage(const ColumnReader& reader, std::size_t page, PageDecoder* decoder) {
    LANCEKIT_ASSIGN(const auto damaged, reader.hashes().DamagedBuffers(*reader.source(), reader.metadata(), page));
    if (!damaged.empty()) return Corrupt("the bytes of buffer {} differ from their hash", damaged[0]);
    return decoder->Decode(reader.RowsOfPage(page), kStepRows, [](ValueRange, const ArrayData&) { return Status(); });
  }

  const TableImpl& table_;
  const TableFragment& fragment_;
};

/// Finds the losses of a table and makes a copy of it without them.
class Salvager {
 public:
  Salvager(const TableImpl& table, Salvage mode, const std::function<void(const Loss&)>& on_loss)
      : table_(table), mode_(mode), on_loss_(on_loss), result_(std::make_shared<TableImpl>(table)) {}

  Result<std::shared_ptr<const TableImpl>> Run(const std::vector<std::string>& columns) {
    LANCEKIT_ASSIGN(const Selection fields, table_.Select(columns));
    result_->checksums_ = Checksums::kNever;  // all is checked here
    result_->zone_maps_ = false;
    for (std::size_t i = 0; i < table_.fragments_.size(); ++i) {
      const TableFragment& fragment = table_.fragments_[i];
      const HoleFinder finder(table_, fragment);
      LANCEKIT_TRY(finder.CheckFiles());
      lost_rows_.clear();
      for (const auto& shape : fields) LANCEKIT_TRY(FindHoles(finder, fragment, *shape, &result_->fragments_[i]));
      if (mode_ == Salvage::kDrop) {
        Merge(&lost_rows_);
        result_->fragments_[i].live = Without(fragment.live, fragment.NumPhysicalRows(), lost_rows_);
      }
    }
    if (mode_ == Salvage::kNulls) {
      for (Field& field : result_->schema_.fields) MakeNullable(&field);
    } else {
      CountRows();
    }
    return std::shared_ptr<const TableImpl>(result_);
  }

 private:
  Status FindHoles(const HoleFinder& finder, const TableFragment& fragment, const FieldShape& shape, TableFragment* out) {
    if (!IsPlain(fragment, shape)) {
      LANCEKIT_ASSIGN(const std::vector<Hole> holes, finder.OfRows(shape));
      return TakeHoles(fragment, shape, shape.field().name, shape.field().id, holes, out);
    }
    // Keys of maps cannot be null, so maps are lost as a whole.
    const bool lost_together = HasMap(shape.field().type);
    std::vector<Hole> all;
    for (std::size_t i = 0; i < shape.leaves().size(); ++i) {
      const FieldLeaf& leaf = shape.leaves()[i];
      LANCEKIT_ASSIGN(const std::vector<Hole> holes, finder.OfLeaf(shape, i));
      LANCEKIT_TRY(TakeHoles(fragment, shape, leaf.name, lost_together ? -1 : leaf.field->id, holes, out));
      all.insert(all.end(), holes.begin(), holes.end());
    }
    if (lost_together && mode_ == Salvage::kNulls) {
      for (const FieldLeaf& leaf : shape.leaves()) PunchHoles(leaf.field->id, all, out);
    }
    return {};
  }

  Status TakeHoles(const TableFragment& fragment, const FieldShape& shape, const std::string& name, std::int32_t field_id,
                   const std::vector<Hole>& holes, TableFragment* out) {
    const ColumnPlace* const place = fragment.Place(shape.leaves()[0].field->id);
    for (const Hole& hole : holes) {
      lost_rows_.push_back(hole.rows);
      const std::uint64_t first = fragment.live.CountBefore(hole.rows.first);
      const std::uint64_t count = fragment.live.CountBefore(hole.rows.first + hole.rows.count) - first;
      Loss loss{
          .column = name, .page = hole.page, .first_row = fragment.first_row + first, .num_rows = count, .message = hole.message};
      loss.path = place == nullptr ? table_.path_ : fragment.files[place->file]->source().path();
      if (count != 0) on_loss_(loss);
    }
    if (mode_ == Salvage::kNulls && field_id >= 0) PunchHoles(field_id, holes, out);
    return {};
  }

  static void PunchHoles(std::int32_t field_id, const std::vector<Hole>& holes, TableFragment* out) {
    LostRows lost{.field_id = field_id, .rows = {}};
    for (const Hole& hole : holes) lost.rows.push_back(hole.rows);
    Merge(&lost.rows);
    if (lost.rows.empty()) return;
    if (lost.rows.size() == 1 && lost.rows[0].count >= out->NumPhysicalRows()) {
      std::erase_if(out->places, [&](const ColumnPlace& place) { return place.field_id == field_id; });
    } else {
      out->lost.push_back(std::move(lost));
    }
  }

  void CountRows() {
    result_->num_rows_ = 0;
    for (TableFragment& fragment : result_->fragments_) {
      fragment.first_row = result_->num_rows_;
      fragment.num_rows = fragment.live.count();
      result_->num_rows_ += fragment.num_rows;
    }
    std::erase_if(result_->fragments_, [](const TableFragment& fragment) { return fragment.num_rows == 0; });
  }

  const TableImpl& table_;
  Salvage mode_;
  const std::function<void(const Loss&)>& on_loss_;
  std::shared_ptr<TableImpl> result_;
  std::vector<ValueRange> lost_rows_;  // of all columns in the fragment that is looked at
};

}  // namespace

Result<Table> salvage(const Table& table, Salvage mode, const std::vector<std::string>& columns,
                      const std::function<void(const Loss&)>& on_loss) {
  return WithoutThrowing([&]() -> Result<Table> {
    LANCEKIT_ASSIGN(auto salvaged, Salvager(table.impl(), mode, on_loss).Run(columns));
    return Table(std::move(salvaged));
  });
}

}  // namespace lancekit
