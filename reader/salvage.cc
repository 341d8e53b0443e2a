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
    LANCEKIT_TRY(FindLostFiles());
    for (TableFragment& fragment : result_->fragments_) {
      lost_files_ = std::exchange(fragment.lost_files, {});
      lost_rows_.clear();
      const TableFragment sound = fragment;
      ReportDeletions(sound);
      for (const auto& shape : fields) LANCEKIT_TRY(FindHoles(sound, *shape, &fragment));
      if (mode_ == Salvage::kDrop) {
        Merge(&lost_rows_);
        fragment.live = Without(sound.live, sound.NumPhysicalRows(), lost_rows_);
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
  /// Lists the files that are damaged as a whole too. Errors: that of the first one when no file is sound.
  Status FindLostFiles() {
    Status first;
    bool any_sound = false;
    for (TableFragment& fragment : result_->fragments_) {
      for (const LostFile& lost : fragment.lost_files) {
        if (first.ok() && !lost.holds_deletions) first = At(Corrupt("{}", lost.message), {.path = lost.path});
      }
      for (std::size_t i = 0; i < fragment.files.size(); ++i) {
        Status status = HoleFinder::CheckFile(*fragment.files[i]);
        any_sound = any_sound || status.ok();
        if (status.ok()) continue;
        LostFile lost{.path = fragment.files[i]->source().path(), .fields = {}, .message = status.error().message};
        for (const ColumnPlace& place : fragment.places) {
          if (place.file == i) lost.fields.push_back(place.field_id);
        }
        std::erase_if(fragment.places, [i](const ColumnPlace& place) { return place.file == i; });
        fragment.lost_files.push_back(std::move(lost));
        if (first.ok()) first = std::move(status);
      }
    }
    return any_sound ? Status() : std::move(first);
  }

  void ReportDeletions(const TableFragment& fragment) const {
    for (const LostFile& file : lost_files_) {
      if (!file.holds_deletions) continue;
      on_loss_({.path = file.path,
                .column = "",
                .first_row = fragment.first_row,
                .num_rows = fragment.num_rows,
                .message = file.message});
    }
  }

  /// The file that held the leaf, if it is lost.
  const LostFile* LostFileOf(const FieldLeaf& leaf) const {
    const auto it = std::ranges::find_if(
        lost_files_, [&](const LostFile& file) { return std::ranges::find(file.fields, leaf.field->id) != file.fields.end(); });
    return it == lost_files_.end() ? nullptr : &*it;
  }

  const std::string& PathOf(const TableFragment& fragment, const FieldLeaf& leaf) const {
    const ColumnPlace* const place = fragment.Place(leaf.field->id);
    return place == nullptr ? table_.path_ : fragment.files[place->file]->source().path();
  }

  Status FindHoles(const TableFragment& fragment, const FieldShape& shape, TableFragment* out) {
    const HoleFinder finder(table_, fragment);
    const ValueRange all_rows{0, fragment.NumPhysicalRows()};
    const bool is_plain = IsPlain(fragment, shape);
    // Keys of maps cannot be null, so maps are lost as a whole.
    const bool lost_together = !is_plain || HasMap(shape.field().type);
    std::vector<Hole> all;
    for (std::size_t i = 0; i < shape.leaves().size(); ++i) {
      const FieldLeaf& leaf = shape.leaves()[i];
      const LostFile* const file = LostFileOf(leaf);
      std::vector<Hole> holes;
      if (file != nullptr) {
        holes.push_back({-1, all_rows, file->message});
      } else if (is_plain) {
        LANCEKIT_ASSIGN(holes, finder.OfLeaf(shape, i));
      }
      TakeHoles(fragment, file == nullptr ? PathOf(fragment, leaf) : file->path, leaf.name, holes);
      if (!lost_together) PunchHoles(leaf.field->id, holes, out);
      all.insert(all.end(), holes.begin(), holes.end());
    }
    if (!is_plain && all.empty()) {
      LANCEKIT_ASSIGN(all, finder.OfField(shape));
      TakeHoles(fragment, PathOf(fragment, shape.leaves()[0]), shape.field().name, all);
    }
    if (!is_plain) PunchHoles(shape.field().id, all, out);
    for (std::size_t i = 0; lost_together && is_plain && i < shape.leaves().size(); ++i)
      PunchHoles(shape.leaves()[i].field->id, all, out);
    return {};
  }

  void TakeHoles(const TableFragment& fragment, const std::string& path, const std::string& name,
                 const std::vector<Hole>& holes) {
    for (const Hole& hole : holes) {
      lost_rows_.push_back(hole.rows);
      const std::uint64_t first = fragment.live.CountBefore(hole.rows.first);
      const std::uint64_t count = fragment.live.CountBefore(hole.rows.first + hole.rows.count) - first;
      if (count == 0) continue;
      on_loss_({.path = path,
                .column = name,
                .page = hole.page,
                .first_row = fragment.first_row + first,
                .num_rows = count,
                .message = hole.message});
    }
  }

  void PunchHoles(std::int32_t field_id, const std::vector<Hole>& holes, TableFragment* out) const {
    if (mode_ == Salvage::kDrop) return;  // the rows go as a whole
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
  // Of the fragment that is looked at.
  std::vector<LostFile> lost_files_;
  std::vector<ValueRange> lost_rows_;  // in any column
};

}  // namespace

Result<Table> open_damaged(const Context& context, const std::string& path, OpenOptions options) {
  options.checksums = Checksums::kNever;
  return WithoutThrowing([&]() -> Result<Table> {
    LANCEKIT_ASSIGN(const bool is_dataset, IsDataset(path, options));
    LANCEKIT_ASSIGN(auto impl, is_dataset ? OpenDataset(context, path, options, true) : OpenBareFile(context, path, options));
    return Table(std::move(impl));
  });
}

Result<Table> salvage(const Table& table, Salvage mode, const std::vector<std::string>& columns,
                      const std::function<void(const Loss&)>& on_loss) {
  return WithoutThrowing([&]() -> Result<Table> {
    LANCEKIT_ASSIGN(auto salvaged, Salvager(table.impl(), mode, on_loss).Run(columns));
    return Table(std::move(salvaged));
  });
}

}  // namespace lancekit
