// Counts, bounds and sums of the values of a column, from statistics or from values.
#pragma once

#include "format/zone.h"
#include "structural/field_shape.h"
#include "structural/leaf_sum.h"
#include "types/array.h"

namespace lancekit {

/// Modulo 2^256.
Int256 Plus(const Int256& a, const Int256& b) noexcept;
Int256 FromWide(__int128 value) noexcept;

/// Of a dictionary, the type of its values.
inline const DataType& ValuesOf(const DataType& type) { return type.id == TypeId::kDictionary ? type.children[0].type : type; }

/// What is wanted to be known beside counts.
struct WantedTotals {
  bool bounds = false;
  bool sum = false;
};

/// What is known of the rows so far. Sums of integers and decimals are exact.
struct Totals {
  format::Zone zone;
  Int256 whole;
  double real = 0;
  bool overflows = false;  // 256 bits; each number has fewer

  void AddWhole(const Int256& value) {
    const Int256 sum = Plus(whole, value);
    overflows = overflows || (whole.negative() == value.negative() && sum.negative() != whole.negative());
    whole = sum;
  }
  /// The same of a value that `count` rows have.
  void AddTimes(const Int256& value, std::uint64_t count);
  void AddSum(const LeafSum& sum) {
    AddWhole(FromWide(sum.low()));
    Int256 high = FromWide(sum.high());
    high.words = {0, high.words[0], high.words[1], high.words[2]};
    AddWhole(high);
  }
  void Append(const Totals& next) {
    zone.Append(next.zone);
    real += next.real;
    overflows = overflows || next.overflows;
    AddWhole(next.whole);
  }
  void Bound(const Scalar& least, const Scalar& greatest) {
    if (!zone.min.has_value() || Compare(least, *zone.min) < 0) zone.min = least;
    if (!zone.max.has_value() || Compare(greatest, *zone.max) > 0) zone.max = greatest;
  }
};

/// Of rows of a top-level field as they were read, perhaps with other leaves than the single one of the shape, which is in no
/// list. `has_runs`: as LeafSink collects them.
Totals TotalsOf(const ArrayData& column, const Field& field, const FieldShape& shape, bool has_runs, WantedTotals wanted);
/// The same without bounds of rows whose values were added up while they were read.
Totals TotalsOf(const ArrayData& column, const LeafSum& sum);

}  // namespace lancekit
