// Salvage: finds the pages that are lost, then gives a table that has holes there.
#include <algorithm>

#include "base/without_throwing.h"
#include "lancekit/verify.hpp"
#include "reader/holes.h"
#include "reader/page_check.h"
#include "reader/read_rows.h"
#include "reader/table_impl.h"

namespace lancekit {
namespace {

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
      for (const auto& file : fragment.files) LANCEKIT_TRY(HoleFinder::CheckFile(*file));
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
      LANCEKIT_ASSIGN(const std::vector<Hole> holes, finder.OfField(shape));
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
