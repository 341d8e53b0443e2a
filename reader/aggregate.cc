// Facts about all rows of a scan: from statistics where they say enough, else from values, of which runs are looked at once.
#include <algorithm>
#include <cmath>

#include "base/trace.h"
#include "base/without_throwing.h"
#include "reader/batch_impl.h"
#include "reader/blob_columns.h"
#include "reader/known_column.h"
#include "reader/read_rows.h"
#include "reader/scan_impl.h"
#include "reader/totals.h"

namespace lancekit {
namespace {

using format::Zone;
using Kind = Aggregate::Kind;

bool IsTemporal(TypeId id) { return id >= TypeId::kDate32 && id <= TypeId::kDuration; }

/// Of a number that came from a half-precision float.
std::uint16_t ToHalf(double number) {
  constexpr int kMinExponent = -14;
  const std::uint16_t sign = std::signbit(number) ? 0x8000 : 0;
  const double size = std::fabs(number);
  if (std::isinf(number)) return sign | 0x7C00;
  int exponent = 0;
  const double fraction = std::frexp(size, &exponent);  // in [0.5, 1)
  if (size == 0 || exponent - 1 < kMinExponent)
    return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(std::ldexp(size, 24)));
  const auto mantissa = static_cast<std::uint16_t>(std::ldexp(fraction * 2 - 1, 10));
  return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>((exponent - 1 + 15) << 10) | mantissa);
}

/// A column that facts are wanted of.
struct AggregatedColumn {
  std::string path;
  std::shared_ptr<const FieldShape> shape;
  const Field* leaf = nullptr;  // of the shape
  WantedTotals wanted;
  Totals totals;
};

/// Of rows of the fragment's files, ranges that ascend. `whole`: those that are read completely. Errors: as FieldReader::Read.
Result<Totals> ReadTotals(const TableImpl& table, const FieldReader& reader, const AggregatedColumn& what,
                          std::span<const ValueRange> rows, const ValueRange& whole) {
  // Runs of fewer rows had better be made values first; those of a sum are not visited one by one.
  constexpr std::uint64_t kRowsPerRun = 4, kRowsPerRunOfSum = 2;
  Stopwatch watch(table.context(), Counter::kDecodeNanoseconds, "aggregate");
  watch.span().SetPlace(what.path);
  LANCEKIT_ASSIGN(const std::uint64_t rows_per_run, reader.RowsPerRun(rows));
  const bool sums_up = what.wanted.sum && !what.wanted.bounds && what.shape->is_flat() && LeafSum::Takes(what.leaf->type);
  const bool has_runs = rows_per_run >= (sums_up ? kRowsPerRunOfSum : kRowsPerRun);
  FieldSink sink(*what.shape, CountRows(rows));
  if (has_runs) sink.leaf(0).CollectRuns();
  if (sums_up) sink.leaf(0).CollectSum();
  PageScratch scratch;
  scratch.whole_rows = CheckedRows(table, {&whole, 1});
  Status status = reader.Read(rows, &sink, &scratch);
  std::optional<LeafSum> sum;
  if (status.ok() && sums_up) sum = sink.leaf(0).Sum();
  Result<ArrayData> array = status.ok() ? std::move(sink).Finish() : Result<ArrayData>(std::move(status));
  if (array && sum.has_value()) return TotalsOf(*array, *sum);
  if (array) return TotalsOf(*array, what.shape->field(), *what.shape, has_runs, what.wanted);
  if (array.error().code != ErrorCode::kResourceLimit || CountRows(rows) < 2)
    return At(std::move(array).status(), {.column = what.path});
  // How large texts are was a guess: in two halves they may fit.
  std::vector<ValueRange> halves[2];
  std::uint64_t left = CountRows(rows) / 2;  // of the first
  for (const ValueRange& range : rows) {
    const std::uint64_t count = std::min(left, range.count);
    if (count != 0) halves[0].push_back({range.first, count});
    if (count != range.count) halves[1].push_back({range.first + count, range.count - count});
    left -= count;
  }
  LANCEKIT_ASSIGN(Totals totals, ReadTotals(table, reader, what, halves[0], whole));
  LANCEKIT_ASSIGN(const Totals more, ReadTotals(table, reader, what, halves[1], whole));
  totals.Append(more);
  return totals;
}

/// Nulls alone of a column of blobs, whose bytes are not read. Errors: as FieldReader::FindBlobs.
Result<Totals> TotalsOfBlobs(const FieldReader& reader, std::span<const ValueRange> rows) {
  LANCEKIT_ASSIGN(const std::vector<BlobBytes> blobs, reader.FindBlobs(rows));
  Totals totals;
  totals.zone.num_rows = totals.zone.num_values = blobs.size();
  totals.zone.num_nulls = static_cast<std::uint64_t>(std::ranges::count_if(blobs, &BlobBytes::is_null));
  return totals;
}

/// What statistics say of a page, if that is all that is wanted.
std::optional<Totals> TotalsOfPage(const Zone& page, const AggregatedColumn& what, Domain domain) {
  Totals totals;
  totals.zone = page;
  if (page.num_values != page.num_rows) return {};
  if (page.HasNoBounds()) {
    if (what.wanted.sum && page.num_nans != 0) return {};
    return totals;
  }
  const bool has_bounds = page.min.has_value() && page.max.has_value() && page.min_is_exact && page.max_is_exact;
  if ((what.wanted.bounds || what.wanted.sum) && !has_bounds) return {};
  if (!what.wanted.sum) return totals;
  if (Compare(*page.min, *page.max) != 0 || page.num_nans != 0) return {};
  const std::uint64_t count = page.num_values - page.num_nulls;
  switch (domain) {
    case Domain::kSigned:
      totals.AddTimes(Int256::From(*std::get_if<std::int64_t>(&*page.min)), count);
      return totals;
    case Domain::kUnsigned:
      totals.AddTimes(FromWide(*std::get_if<std::uint64_t>(&*page.min)), count);
      return totals;
    case Domain::kFloating:
      totals.real = *std::get_if<double>(&*page.min) * static_cast<double>(count);
      return totals;
    case Domain::kDecimal:
      totals.AddTimes(*std::get_if<Int256>(&*page.min), count);
      return totals;
    default:
      return {};
  }
}

DataType SumType(const DataType& type) {
  switch (DomainOf(type)) {
    case Domain::kUnsigned:
      return {.id = TypeId::kUInt64};
    case Domain::kFloating:
      return {.id = TypeId::kFloat64};
    case Domain::kDecimal:
      return {.id = TypeId::kDecimal256, .precision = 76, .scale = ValuesOf(type).scale};
    default:
      return {.id = TypeId::kInt64};
  }
}

/// One value of the type, or null.
ArrayData OneValue(const DataType& type, const std::optional<Scalar>& value) {
  ArrayData array;
  array.length = 1;
  array.null_count = value.has_value() ? 0 : 1;
  MutableBuffer bytes, data, validity;
  if (!value.has_value()) validity.AppendFill(1, std::byte{0});
  bytes.AppendFill(32, std::byte{0});
  if (!value.has_value()) {
    if (type.id == TypeId::kFixedSizeBinary) bytes.AppendFill(static_cast<std::size_t>(type.size), std::byte{0});
  } else if (const auto* text = std::get_if<std::string>(&*value)) {
    data.Append(std::as_bytes(std::span(*text)));
    if (type.id == TypeId::kFixedSizeBinary) {
      bytes.Clear();
      bytes.Append(data.bytes());
    } else {
      const std::size_t at = HasLargeOffsets(type.id) ? 8 : 4;
      StoreLe(bytes.data() + at, static_cast<std::uint32_t>(text->size()));
    }
  } else if (const auto* number = std::get_if<double>(&*value)) {
    if (type.id == TypeId::kFloat16) {
      StoreLe(bytes.data(), ToHalf(*number));
    } else if (type.id == TypeId::kFloat32) {
      StoreLe(bytes.data(), static_cast<float>(*number));
    } else {
      StoreLe(bytes.data(), *number);
    }
  } else if (const auto* decimal = std::get_if<Int256>(&*value)) {
    decimal->Store(bytes.data(), 32);
  } else if (const auto* natural = std::get_if<std::uint64_t>(&*value)) {
    StoreLe(bytes.data(), *natural);
  } else {
    StoreLe(bytes.data(), *std::get_if<std::int64_t>(&*value));
  }
  array.validity = std::move(validity).Freeze();
  array.values = std::move(bytes).Freeze();
  array.data = std::move(data).Freeze();
  return array;
}

// -10^76 and 10^76: a decimal has 76 digits.
constexpr Int256 kLeast{{0, 0x888A5A0E8E6AF000, 0xF89B4B54179AD686, 0xE9E43358EE66EA4A}};
constexpr Int256 kGreatest{{0, 0x7775A5F171951000, 0x0764B4ABE8652979, 0x161BCCA7119915B5}};

Result<std::optional<Scalar>> SumOf(const AggregatedColumn& column) {
  const Zone& zone = column.totals.zone;
  if (zone.num_nulls == zone.num_values) return std::optional<Scalar>();
  const Int256& whole = column.totals.whole;
  const auto too_large = [&] {
    return Status(
        At(Unsupported("the sum does not fit into {}", SumType(column.leaf->type).to_string()), {.column = column.path}));
  };
  const auto fits = [&](bool is_signed) {
    const std::uint64_t sign = is_signed && (whole.words[0] >> 63) != 0 ? ~std::uint64_t{0} : 0;
    return whole.words[1] == sign && whole.words[2] == sign && whole.words[3] == sign;
  };
  switch (DomainOf(column.leaf->type)) {
    case Domain::kFloating:
      return std::optional<Scalar>(column.totals.real);
    case Domain::kDecimal: {
      if (column.totals.overflows || whole <= kLeast || whole >= kGreatest) return too_large();
      return std::optional<Scalar>(whole);
    }
    case Domain::kUnsigned:
      if (column.totals.overflows || !fits(false)) return too_large();
      return std::optional<Scalar>(whole.words[0]);
    default:
      if (column.totals.overflows || !fits(true)) return too_large();
      return std::optional<Scalar>(static_cast<std::int64_t>(whole.words[0]));
  }
}

Result<std::vector<AggregatedColumn>> ColumnsOf(const TableImpl& table, const std::vector<Aggregate>& wanted) {
  std::vector<AggregatedColumn> columns;
  for (const Aggregate& one : wanted) {
    if (one.kind == Kind::kCount && one.column.empty()) continue;
    auto column = std::ranges::find(columns, one.column, &AggregatedColumn::path);
    if (column == columns.end()) {
      LANCEKIT_ASSIGN(const Selection selection, table.Select({one.column}));
      const FieldShape& shape = *selection[0];
      const Place place{.path = table.path_, .column = one.column};
      const auto is_struct = [](const ParentNode& parent) { return parent.kind == NodeKind::kStruct; };
      if (shape.leaves().size() != 1 || shape.leaves()[0].name != one.column ||
          !std::ranges::all_of(shape.leaves()[0].type.parents, is_struct))
        return Status(At(Invalid("{} wants a single leaf that is in no list", one.name()), place));
      column = columns.insert(columns.end(), {one.column, selection[0], shape.leaves()[0].field});
    }
    const Domain domain = DomainOf(column->leaf->type);
    const bool has_order = domain != Domain::kNone && !MayHoldBlobs(*column->leaf);
    const bool has_sum = has_order && domain != Domain::kBytes && !IsTemporal(ValuesOf(column->leaf->type).id);
    if ((one.kind == Kind::kSum && !has_sum) || (one.kind != Kind::kCount && !has_order)) {
      return Status(At(Invalid("there is no {} of values of type {}", one.name(), column->leaf->type.to_string()),
                       {.path = table.path_, .column = one.column}));
    }
    column->wanted.bounds = column->wanted.bounds || one.kind == Kind::kMin || one.kind == Kind::kMax;
    column->wanted.sum = column->wanted.sum || one.kind == Kind::kSum;
  }
  return columns;
}

/// Rows that have to be read for a column.
struct Task {
  const TableFragment* fragment = nullptr;
  std::size_t column = 0;
  std::vector<ValueRange> rows;
  Totals totals;
  Status status;
};

/// Rows of the fragment that have to be read for a column, in tasks of about `most` rows.
class TaskList {
 public:
  TaskList(std::vector<Task>* tasks, const TableFragment& fragment, std::size_t column, std::uint64_t most)
      : tasks_(tasks), fragment_(&fragment), column_(column), most_(most) {}

  void Add(ValueRange rows) {
    while (rows.count != 0) {
      if (left_ == 0) {
        Task& task = tasks_->emplace_back();
        task.fragment = fragment_;
        task.column = column_;
        left_ = most_;
      }
      const std::uint64_t count = std::min(left_, rows.count);
      tasks_->back().rows.push_back({rows.first, count});
      rows = {rows.first + count, rows.count - count};
      left_ -= count;
    }
  }

 private:
  std::vector<Task>* tasks_;
  const TableFragment* fragment_;
  std::size_t column_;
  std::uint64_t most_;
  std::uint64_t left_ = 0;  // that the last task has room for
};

/// Sums up what statistics say of the fragment and lists what is left to read, about `most_bytes` at a time.
Status Divide(const TableImpl& table, const TableFragment& fragment, std::size_t index, std::uint64_t most_bytes,
              AggregatedColumn* column, std::vector<Task>* tasks) {
  constexpr std::uint64_t kMostRows = 1 << 18;
  const std::uint64_t num_rows = fragment.NumPhysicalRows();
  LANCEKIT_ASSIGN(const auto reader, FieldReader::Open(fragment, *column->shape, table.context()));
  const std::uint64_t row_bytes = std::max<std::uint64_t>(1, reader->EstimateRowBytes());
  TaskList list(tasks, fragment, index, std::clamp<std::uint64_t>(most_bytes / row_bytes, 1, kMostRows));
  if (fragment.num_rows != num_rows) {
    for (const format::RowRange& range : fragment.live.Ranges(0, fragment.num_rows))
      list.Add({range.begin, range.end - range.begin});
    return {};
  }
  const bool has_holes = !fragment.lost.empty() || !fragment.lost_files.empty();
  const KnownColumn known = table.zone_maps_ && !has_holes ? Know(fragment, column->leaf, num_rows) : KnownColumn();
  if (known.nulls.has_value()) {
    column->totals.zone.Append(*known.nulls);
    return {};
  }
  if (!known.pages.has_value()) {
    list.Add({0, num_rows});
    return {};
  }
  std::uint64_t first = 0;
  for (std::uint64_t i = 0; i < known.pages->size(); ++i) {
    const Zone page = (*known.pages)[i];
    table.context().Count(Counter::kPagesConsidered);
    if (const auto totals = TotalsOfPage(page, *column, DomainOf(column->leaf->type))) {
      table.context().Count(Counter::kPagesPruned);
      column->totals.Append(*totals);
    } else {
      list.Add({first, page.num_rows});
    }
    first += page.num_rows;
  }
  return {};
}

}  // namespace

std::string Aggregate::name() const {
  static constexpr const char* kNames[] = {"count", "min", "max", "sum"};
  return std::string(kNames[static_cast<std::size_t>(kind)]) + "(" + (column.empty() ? "*" : column) + ")";
}

Result<Batch> ScanImpl::AggregateRows(const std::vector<Aggregate>& wanted) {
  if (plan_ != nullptr) return Invalid("the scan has begun: aggregates are asked of a new one");
  LANCEKIT_ASSIGN(std::vector<AggregatedColumn> columns, ColumnsOf(*table_, wanted));
  columns_.clear();
  numbers_rows_ = counts_only_ = false;
  std::uint64_t num_rows = 0;
  const bool all_rows = !filter_.has_value() && offset_ == 0 && limit_ >= table_->num_rows_;
  if (all_rows) {
    num_rows = table_->num_rows_;
    std::vector<Task> tasks;
    for (const TableFragment& fragment : table_->fragments_) {
      if (table_->checksums_ != Checksums::kNever) {
        for (const auto& file : fragment.files) LANCEKIT_TRY(file->statistics().CheckTail());
      }
      for (std::size_t i = 0; i < columns.size(); ++i)
        LANCEKIT_TRY(Divide(*table_, fragment, i, LargeBatchBytes(), &columns[i], &tasks));
    }
    table_->context().pool().ParallelFor(tasks.size(), [&](std::size_t i) {
      Task& task = tasks[i];
      task.status = WithoutThrowing([&]() -> Status {
        LANCEKIT_TRY(table_->context().CheckCancelled());
        const AggregatedColumn& column = columns[task.column];
        LANCEKIT_ASSIGN(const auto reader, FieldReader::Open(*task.fragment, *column.shape, table_->context()));
        if (MayHoldBlobs(*column.leaf)) {
          auto counted = TotalsOfBlobs(*reader, task.rows);
          if (counted || counted.error().code != ErrorCode::kUnsupported) {
            LANCEKIT_ASSIGN(task.totals, std::move(counted));
            return {};
          }
        }
        // The fragment is read as a whole but for pages that statistics answer for, and for deleted rows.
        const ValueRange whole{0, task.fragment->NumPhysicalRows()};
        LANCEKIT_ASSIGN(task.totals, ReadTotals(*table_, *reader, column, task.rows, whole));
        return {};
      });
    });
    // In the order of the tasks, so that sums of floats do not depend on threads.
    for (Task& task : tasks) {
      LANCEKIT_TRY(std::move(task.status));
      columns[task.column].totals.Append(task.totals);
    }
    counts_only_ = true;  // the scan is at its end
    LANCEKIT_TRY(Start());
    next_row_ = end_row_;
  } else {
    for (const AggregatedColumn& column : columns) columns_.push_back(column.path);
    if (columns.empty()) {
      LANCEKIT_ASSIGN(num_rows, Count());
    }
    while (!columns.empty()) {
      LANCEKIT_ASSIGN(const BatchPtr batch, NextBatch());
      if (batch == nullptr) break;
      num_rows += static_cast<std::uint64_t>(batch->num_rows);
      for (AggregatedColumn& column : columns) {
        const auto at = static_cast<std::size_t>(batch->schema->index_of(column.shape->field().name));
        column.totals.Append(TotalsOf(batch->columns[at], batch->schema->fields[at], *column.shape, false, column.wanted));
      }
    }
  }
  auto result = std::make_shared<BatchImpl>();
  Schema schema;
  for (const Aggregate& one : wanted) {
    Field field{.name = one.name(), .type = {.id = TypeId::kUInt64}};
    std::optional<Scalar> value(num_rows);
    if (const auto column = std::ranges::find(columns, one.column, &AggregatedColumn::path); column != columns.end()) {
      const Zone& zone = column->totals.zone;
      if (one.kind == Kind::kCount) {
        value = zone.num_values - zone.num_nulls;
      } else if (one.kind == Kind::kSum) {
        field.type = SumType(column->leaf->type);
        LANCEKIT_ASSIGN(value, SumOf(*column));
      } else {
        field.type = ValuesOf(column->leaf->type);
        value = one.kind == Kind::kMin ? zone.min : zone.max;
      }
    }
    result->columns.push_back(OneValue(field.type, value));
    schema.fields.push_back(std::move(field));
  }
  result->schema = std::make_shared<const Schema>(std::move(schema));
  result->num_rows = 1;
  return Batch(std::move(result));
}

}  // namespace lancekit
