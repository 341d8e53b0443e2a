#include "writer/column_buffer.h"

#include <algorithm>
#include <ranges>

#include "base/checked_math.h"
#include "encodings/kernels/stats.h"
#include "writer/packed_rows.h"

namespace lancekit {
namespace {

// Rows are shredded about this many entries at a time.
constexpr std::uint64_t kBlockEntries = 1 << 16;
// A chunk takes the entries without values that lie between its values, three such gaps at least. So many entries fit into the
// 65,535 levels and bytes of a chunk, and into the 32 KiB that a chunk of 2.1 has.
constexpr std::uint64_t kMaxGap = 10'000;
constexpr std::uint64_t kMaxGap21 = 2'000;

/// First slot of the leaf below row `row`, garbage under nulls counted.
std::uint64_t LeafSlot(const LeafPath& path, const ArrayView& top, std::uint64_t row) {
  const ArrayView* view = &top;
  std::uint64_t slot = row;
  for (const PathNode& node : path.nodes()) {
    if (view->length == 0) return 0;
    if (node.kind == PathNode::Kind::kList) slot = OffsetAt(*view, node.large_offsets, SlotOf(*view, slot));
    slot *= node.size;
    view = &view->children[node.child];
  }
  return slot;
}

Error RowTooLong() { return Unsupported("one row has more bytes of strings than 32-bit offsets can count"); }

}  // namespace

ColumnBuffer::ColumnBuffer(const LeafType& leaf, const LeafPath& path, std::uint64_t page_bytes, format::FileVersion version,
                           std::uint64_t max_string_bytes)
    : leaf_(&leaf),
      path_(&path),
      page_bytes_(page_bytes),
      max_string_bytes_(leaf.shape.large_offsets ? std::numeric_limits<std::uint64_t>::max() : max_string_bytes),
      max_gap_(version == format::FileVersion::k2_1 ? kMaxGap21 : kMaxGap),
      shredder_(path),
      values_(leaf, leaf.shape.packed() ? *PackedRowShape(leaf.shape) : leaf.shape) {}

void ColumnBuffer::Clear() {
  values_.Clear();
  bytes_ = num_rows_ = num_entries_ = string_bytes_ = offset_bytes_ = gap_ = 0;
  full_ = sparse_ = false;
  rep_.clear();
  def_.clear();
}

Result<std::uint64_t> ColumnBuffer::Append(const ArrayView& top, std::uint64_t first, std::uint64_t count) {
  const bool is_struct = leaf_->type.id == TypeId::kStruct;  // without fields, or packed
  // So many flat rows at a time that they are in the cache still when facts are taken of them.
  constexpr std::uint64_t kStep = 1 << 14;
  std::uint64_t done = 0;
  while (done < count && !full()) {
    const std::uint64_t step = leaf_->is_dictionary() ? count - done : std::min(count - done, kStep);
    LANCEKIT_ASSIGN(const std::uint64_t taken, path_->flat() && !is_struct ? AppendFlat(top, first + done, step)
                                                                           : AppendNested(top, first + done, count - done));
    done += taken;
    ReserveRest();
  }
  return done;
}

// Memory for the rest of the page at once, or it would be copied again and again as it grows; but not for a small table.
void ColumnBuffer::ReserveRest() {
  constexpr std::uint64_t kEnoughToTell = 16;
  constexpr double kMargin = 1.1;  // later strings may be a little longer
  if (reserved_ || num_rows_ >= max_rows_ || bytes_ * kEnoughToTell < page_bytes_ || full()) return;
  reserved_ = true;
  const double times = std::min(static_cast<double>(page_bytes_) / static_cast<double>(bytes_),
                                static_cast<double>(max_rows_) / static_cast<double>(num_rows_) * kMargin);
  const auto whole = [times](std::size_t size) { return static_cast<std::size_t>(static_cast<double>(size) * times); };
  values_.Reserve(times);
  rep_.reserve(whole(rep_.size()));
  def_.reserve(whole(def_.size()));
}

std::uint64_t ColumnBuffer::RowsThatFit(const ArrayView& view, std::uint64_t first, std::uint64_t count) const {
  const ValueShape& shape = values_.shape();
  const std::uint64_t full = std::min(page_bytes_, max_string_bytes_);
  const std::uint64_t left = full - std::min(full, bytes_);
  if (!shape.variable()) {
    // A type without values still takes part in page cutting, as if it had a bit.
    const std::uint64_t bits = std::max<std::uint64_t>(1, shape.width_bits);
    const std::uint64_t capacity = CeilDiv(page_bytes_ * 8, bits);
    return std::min(count, std::max<std::uint64_t>(1, capacity - std::min(capacity, num_rows_)));
  }
  const std::uint64_t width = shape.large_offsets ? 8 : 4;
  const std::uint64_t room = max_string_bytes_ - (bytes_ - num_rows_ * width);
  if (view.storage == Storage::kView) {
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      bytes += StringBytesOf(view, shape.large_offsets, first + i, 1);
      if (bytes > room) return i;
      if (bytes + (i + 1) * width >= left) return i + 1;
    }
    return count;
  }
  const auto strings = [&](std::uint64_t rows) { return StringBytesOf(view, shape.large_offsets, first, rows); };
  const auto bytes = [&](std::uint64_t rows) { return rows * width + strings(rows); };
  if (bytes(count) < left) return count;
  std::uint64_t low = 1;
  for (std::uint64_t high = count; low < high;) {
    const std::uint64_t middle = low + (high - low) / 2;
    bytes(middle) >= left ? high = middle : low = middle + 1;
  }
  // All but the last of them fit.
  return strings(low) > room ? low - 1 : low;
}

Result<std::uint64_t> ColumnBuffer::AppendFlat(const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  const std::uint64_t fit = RowsThatFit(view, first, count);
  std::uint64_t done = fit;
  if (fit == 0) {
    if (num_rows_ == 0) return RowTooLong();
    full_ = true;
    return done;
  }
  if (leaf_->is_dictionary()) {
    const SlotRange slots{first, fit};
    done = values_.AppendKeys(view, {&slots, 1}, false);
    full_ = done < fit;  // the keys are used up: the next page starts with a dictionary of its own
  } else {
    values_.AppendValidity(view, first, fit);
    LANCEKIT_TRY(values_.AppendValues(view, first, fit));
  }
  values_.UpdateFacts();
  bytes_ = values_.value_bytes();
  num_rows_ += done;
  return done;
}

Result<std::uint64_t> ColumnBuffer::AppendNested(const ArrayView& top, std::uint64_t first, std::uint64_t count) {
  const ArrayView& leaf = path_->LeafView(top);
  std::uint64_t done = 0;
  while (done < count && !full()) {
    const std::uint64_t rows = BlockRows(top, first + done, count - done);
    LANCEKIT_TRY(shredder_.Shred(top, first + done, rows));
    LANCEKIT_ASSIGN(const std::uint64_t taken, AppendEntries(leaf, CutPage(leaf, rows)));
    done += taken;
  }
  return done;
}

std::uint64_t ColumnBuffer::BlockRows(const ArrayView& top, std::uint64_t first, std::uint64_t count) const {
  const std::uint64_t start = LeafSlot(*path_, top, first);
  std::uint64_t rows = std::min(count, kBlockEntries);
  while (rows > 1 && LeafSlot(*path_, top, first + rows) - start > kBlockEntries) rows /= 2;
  return rows;
}

/// Moves over the slots of a row.
void ColumnBuffer::SkipSlots(const ArrayView& leaf, std::uint64_t count, RowCursor* cursor) const {
  while (count != 0) {
    const SlotRange& range = shredder_.slots()[cursor->range];
    const std::uint64_t part = std::min(count, range.count - cursor->in_range);
    const std::uint64_t slot = range.first + cursor->in_range;
    if (values_.shape().variable()) {
      cursor->string_bytes += leaf_->shape.packed() ? PackedBytesOf(leaf, leaf_->shape, slot, part)
                                                    : StringBytesOf(leaf, values_.shape().large_offsets, slot, part);
    }
    count -= part;
    cursor->in_range += part;
    if (cursor->in_range != range.count) continue;
    ++cursor->range;
    cursor->in_range = 0;
  }
}

void ColumnBuffer::NextRow(const ArrayView& leaf, RowCursor* cursor) const {
  const auto rep = shredder_.rep();
  const auto def = shredder_.def();
  const std::uint64_t values = cursor->values;
  std::uint64_t end = cursor->entries + path_->stride();
  while (!rep.empty() && end < rep.size() && rep[end] != path_->max_rep()) ++end;
  cursor->longest_gap = 0;
  for (; cursor->entries < end; ++cursor->entries) {
    if (!def.empty() && def[cursor->entries] > path_->max_visible()) {
      ++cursor->gap;
      continue;
    }
    cursor->longest_gap = std::max(cursor->longest_gap, cursor->gap);
    cursor->gap = 0;
    ++cursor->values;
  }
  ++cursor->rows;
  SkipSlots(leaf, cursor->values - values, cursor);
}

/// Bytes of the page when it ends there.
std::uint64_t ColumnBuffer::BytesAt(const RowCursor& cursor) const {
  const std::uint64_t values = values_.num_values() + cursor.values;
  const std::uint64_t levels = path_->has_lists() ? 2 * (num_entries_ + cursor.entries) : 0;
  if (values_.shape().variable())
    return values * (values_.shape().large_offsets ? 8 : 4) + string_bytes_ + cursor.string_bytes + levels;
  return values * std::max<std::uint64_t>(1, values_.shape().width_bits) / 8 + levels;
}

// Where the page ends among the rows just shredded: after the row that fills it; after a long run of entries without values, and
// before the row that ends a longer one, so that the chunks of a page can hold all entries between their values.
ColumnBuffer::RowCursor ColumnBuffer::CutPage(const ArrayView& leaf, std::uint64_t num_rows) {
  RowCursor all{.rows = num_rows, .entries = shredder_.num_entries(), .gap = gap_};
  const std::uint64_t invisible = shredder_.num_entries() - shredder_.num_values();
  SkipSlots(leaf, shredder_.num_values(), &all);
  all.values = shredder_.num_values();
  if (BytesAt(all) < std::min(page_bytes_, max_string_bytes_) && gap_ + invisible <= max_gap_) {
    const auto def = shredder_.def();
    const auto last = std::find_if(def.rbegin(), def.rend(), [&](std::uint16_t level) { return level <= path_->max_visible(); });
    const auto behind = static_cast<std::uint64_t>(last - def.rbegin());
    all.gap = all.values == 0 ? gap_ + behind : behind;
    return all;
  }
  RowCursor end{.gap = gap_};
  while (end.rows < num_rows && !full_) {
    RowCursor next = end;
    NextRow(leaf, &next);
    const bool first_row = num_rows_ + end.rows == 0;
    const bool has_values = values_.num_values() + next.values != 0;
    const bool too_sparse = std::max(next.longest_gap, has_values ? next.gap : 0) > 2 * max_gap_;
    const bool too_long = string_bytes_ + next.string_bytes > max_string_bytes_;
    if (!first_row && (too_sparse || too_long)) {
      full_ = true;
      break;
    }
    sparse_ = sparse_ || too_sparse;
    end = next;
    full_ = BytesAt(end) >= page_bytes_ || (has_values && end.gap > max_gap_);
  }
  return end;
}

Result<std::uint64_t> ColumnBuffer::AppendEntries(const ArrayView& leaf, const RowCursor& end) {
  if (values_.shape().variable() && string_bytes_ + end.string_bytes > max_string_bytes_) return RowTooLong();
  shredder_.Truncate(end.entries, end.values);
  const auto def = shredder_.def();
  if (leaf_->is_empty_struct()) {
    if (std::ranges::any_of(def, [](std::uint16_t level) { return level != 0; }))
      return Unsupported("structs without fields cannot be stored where they or what is above them is null");
  }
  def.empty() ? values_.AppendValid(end.values) : values_.AppendValidity(def, path_->max_visible());
  RowCursor taken = end;
  if (leaf_->is_dictionary()) {
    const std::uint64_t before = values_.num_values();
    const std::uint64_t done = values_.AppendKeys(leaf, shredder_.slots(), true);
    if (done < end.values) {
      // The keys are used up: the row that needs more starts the next page.
      full_ = true;
      taken = {.gap = gap_};
      for (RowCursor next = taken; NextRow(leaf, &next), next.values <= done;) taken = next;
      if (num_rows_ + taken.rows == 0) return Unsupported("one row has more dictionary values than its keys can count");
      values_.TruncateKeys(before + taken.values);
      shredder_.Truncate(taken.entries, taken.values);
    }
  } else {
    for (const SlotRange& range : shredder_.slots()) LANCEKIT_TRY(values_.AppendValues(leaf, range.first, range.count));
  }
  values_.UpdateFacts();
  rep_.insert(rep_.end(), shredder_.rep().begin(), shredder_.rep().end());
  if (!shredder_.def().empty() || !def_.empty()) {
    def_.resize(num_entries_, 0);
    def_.insert(def_.end(), shredder_.def().begin(), shredder_.def().end());
    def_.resize(num_entries_ + taken.entries, 0);
  }
  bytes_ = BytesAt({.entries = taken.entries, .string_bytes = taken.string_bytes});
  num_entries_ += taken.entries;
  string_bytes_ += taken.string_bytes;
  offset_bytes_ += shredder_.offset_bytes();
  gap_ = taken.gap;
  num_rows_ += taken.rows;
  return taken.rows;
}

PageValues ColumnBuffer::View() const {
  PageValues page = values_.View();
  page.num_rows = num_rows_ * path_->stride();  // as the format counts them
  return page;
}

PageEntries ColumnBuffer::Entries(bool only_page, PooledVector<std::uint16_t>* def) const {
  PageEntries entries;
  entries.count = num_entries_;
  entries.rep = rep_;
  entries.max_rep = path_->max_rep();
  entries.sparse = sparse_;
  std::vector<bool> occurs(path_->max_def() + 1u, false);
  if (path_->max_def() < 64) {
    const std::uint64_t set = kernels::SetOf(def_.data(), def_.size());
    for (std::size_t level = 0; level < occurs.size(); ++level) occurs[level] = (set >> level & 1) != 0;
  } else {
    for (const std::uint16_t level : def_) occurs[level] = true;
  }
  std::vector<std::uint16_t> numbers;
  entries.layers = path_->Layers(occurs, only_page, &numbers);
  entries.max_def = *std::max_element(numbers.begin(), numbers.end());
  entries.max_visible = *std::max_element(numbers.begin(), numbers.begin() + path_->max_visible() + 1);
  if (entries.max_def == 0) return entries;
  // Without gaps between the levels that occur the numbers are theirs.
  const bool same = std::ranges::all_of(std::views::iota(std::size_t{0}, numbers.size()),
                                        [&](std::size_t level) { return !occurs[level] || numbers[level] == level; });
  entries.def = def_;
  if (same && !def_.empty()) return entries;
  def->assign(num_entries_, 0);
  std::transform(def_.begin(), def_.end(), def->begin(), [&](std::uint16_t level) { return numbers[level]; });
  entries.def = *def;
  return entries;
}

}  // namespace lancekit
