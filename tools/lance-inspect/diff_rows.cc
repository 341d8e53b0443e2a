#include "tools/lance-inspect/diff_rows.h"

#include <algorithm>

#include "tools/common/interrupt.h"
#include "tools/lance-inspect/where.h"

namespace lancekit::tools {

Status RowSet::Set(const Batch& batch, std::vector<std::uint64_t> numbers) {
  row_ = {.name = "", .type = {.id = TypeId::kStruct, .children = batch.schema().fields}};
  view_.reset();
  exported_.emplace();
  LANCEKIT_ASSIGN(view_, exported_->Export(batch, row_));
  numbers_ = std::move(numbers);
  return {};
}

RowReader::RowReader(const Table& table, const std::vector<std::string>& columns, const std::optional<Filter>& filter)
    : rows_(ScanOf(table, filter)) {
  rows_.select(columns);
  if (filter) numbers_.emplace(ScanOf(table, filter).row_numbers());
}

Status RowReader::NumberRows(std::size_t count, std::vector<std::uint64_t>* numbers) {
  while (numbers_ && waiting_.size() < count) {
    LANCEKIT_ASSIGN(const std::optional<Batch> batch, numbers_->next());
    if (!batch) return MakeError(ErrorCode::kInternal, "a filter keeps fewer rows when it is asked for their numbers");
    const Span<const std::uint64_t> more = batch->values<std::uint64_t>("row");
    waiting_.insert(waiting_.end(), more.begin(), more.end());
  }
  if (numbers_) {
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    numbers->assign(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
  } else {
    numbers->resize(count);
    std::ranges::generate(*numbers, [this] { return next_++; });
  }
  return {};
}

Status RowReader::Next(RowSet* rows) {
  if (Interrupted()) return MakeError(ErrorCode::kCancelled, "interrupted");
  LANCEKIT_ASSIGN(const std::optional<Batch> batch, rows_.next());
  if (!batch) {
    rows->Clear();
    return {};
  }
  std::vector<std::uint64_t> numbers;
  LANCEKIT_TRY(NumberRows(static_cast<std::size_t>(batch->num_rows()), &numbers));
  return rows->Set(*batch, std::move(numbers));
}

RowComparer::RowComparer(const RowDiff& diff, const Session& session, DiffReport* report)
    : diff_(diff), report_(report), style_(session.options.values) {
  style_.json = session.format == Format::kJson || session.format == Format::kJsonLines;
  // As head and the others have it.
  if (!style_.json && !session.options.has_binary_style) style_.binary = BinaryStyle::kHex;
}

Fact RowComparer::Value(const ArrayView& view, std::int64_t i) const {
  std::string text;
  AppendValue(view, i, style_, &text);
  if (style_.json) return {.json = text};
  const bool is_null = IsNull(view, i);
  return {.shown = is_null ? "NULL" : text, .exact = is_null ? "NULL" : text, .is_null = is_null};
}

Fact RowComparer::Key(const ArrayView& view, std::int64_t i) const {
  if (diff_.num_keys == 0) return Fact::None();
  Fact key;
  for (std::size_t column = 0; column < diff_.num_keys; ++column) {
    const Fact part = Value(view.children[column], i);
    const char* const separator = column == 0 ? "" : ",";
    key.shown += separator + part.shown;
    key.json += separator + part.json;
  }
  key.exact = key.shown;
  key.json = '[' + key.json + ']';
  return key;
}

Fact RowComparer::Row(const ArrayView& view, std::int64_t i) const {
  Fact row;
  ValueStyle style = style_;
  style.json = true;
  for (std::size_t column = 0; column < diff_.columns.size(); ++column) {
    row.json += column == 0 ? '{' : ',';
    AppendJsonString(diff_.columns[column], row.json);
    row.json += ':';
    AppendValue(view.children[column], i, style, &row.json);
  }
  row.json += '}';
  row.shown = row.exact = row.json;
  return row;
}

void RowComparer::Compare(const RowSet& a, const RowSet& b, const Pairing& pairing) {
  struct Place {
    std::int64_t row = 0;
    std::size_t column = 0;
    auto operator<=>(const Place&) const = default;
  };
  std::vector<bool> changed(static_cast<std::size_t>(pairing.count), false);
  // No more than can be shown: what comes first in a column only can come first of all.
  std::vector<Place> places;
  for (std::size_t column = diff_.num_keys; column < diff_.columns.size(); ++column) {
    const std::vector<std::int64_t> rows =
        FindDifferent(a.view().children[column], pairing.i, b.view().children[column], pairing.j, pairing.count, diff_.tolerance);
    for (const std::int64_t row : rows) changed[static_cast<std::size_t>(row)] = true;
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(rows.size(), report_->room()));
    for (std::size_t at = 0; at < wanted; ++at) places.push_back({rows[at], column});
    report_->CountChanged(diff_.columns[column], rows.size());
  }
  const auto num_changed = static_cast<std::uint64_t>(std::ranges::count(changed, true));
  report_->sums().changed += num_changed;
  report_->sums().same += changed.size() - num_changed;
  std::ranges::sort(places);
  for (const auto& [row, column] : places) {
    if (report_->room() == 0) break;
    const std::int64_t i = pairing.i + row, j = pairing.j + row;
    report_->AddRow("value", a.Number(i), b.Number(j), Key(a.view(), i), diff_.columns[column],
                    Value(a.view().children[column], i), Value(b.view().children[column], j));
  }
}

void RowComparer::OnlyInA(const RowSet& a, std::int64_t i) {
  ++report_->sums().only_in_a;
  if (report_->room() > 0)
    report_->AddRow("row only in A", a.Number(i), -1, Key(a.view(), i), "", Row(a.view(), i), Fact::None());
}

void RowComparer::OnlyInB(const RowSet& b, std::int64_t j) {
  ++report_->sums().only_in_b;
  if (report_->room() > 0)
    report_->AddRow("row only in B", -1, b.Number(j), Key(b.view(), j), "", Fact::None(), Row(b.view(), j));
}

Status DiffByPosition(const RowDiff& diff, Session* session, DiffReport* report) {
  constexpr std::int64_t kMostAtOnce = 8192;
  RowReader reader_a(diff.a, diff.selection, diff.filter), reader_b(diff.b, diff.selection, diff.filter);
  RowComparer comparer(diff, *session, report);
  RowSet a, b;
  std::int64_t i = 0, j = 0;
  while (!report->is_decided()) {
    if (i == a.size()) {
      LANCEKIT_TRY(reader_a.Next(&a));
      i = 0;
      report->sums().in_a += static_cast<std::uint64_t>(a.size());
    }
    if (j == b.size()) {
      LANCEKIT_TRY(reader_b.Next(&b));
      j = 0;
      report->sums().in_b += static_cast<std::uint64_t>(b.size());
    }
    if (a.size() == 0 && b.size() == 0) break;
    if (a.size() == 0) {
      comparer.OnlyInB(b, j++);
    } else if (b.size() == 0) {
      comparer.OnlyInA(a, i++);
    } else {
      const std::int64_t count = std::min({a.size() - i, b.size() - j, kMostAtOnce});
      comparer.Compare(a, b, {i, j, count});
      i += count;
      j += count;
    }
  }
  return {};
}

}  // namespace lancekit::tools
