// What the values of a column are like: from the zone maps of its files, or from the values themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/zone.h"
#include "reader/table_impl.h"
#include "tools/lance-inspect/distinct.h"
#include "types/array.h"

namespace lancekit::tools {

/// A top-level field or one below structs that is no struct itself.
struct StatsColumn {
  std::string path;
  std::vector<const Field*> fields;  ///< from the top
  const Field& leaf() const { return *fields.back(); }
};

std::vector<StatsColumn> StatsColumns(const Schema& schema);

/// What zone maps say of all values; no value is read. None when a file lacks them or has deleted rows, and for columns whose
/// bounds are not known.
std::optional<format::Zone> SumZones(const TableImpl& table, const Field& leaf);

/// Bytes of the Bloom filters of its pages, in all files.
std::uint64_t SumBloomBytes(const TableImpl& table, const Field& leaf);

/// Looks at the values of one column.
class ValueStats {
 public:
  /// `column`: of the path, from the top. Appends to the texts that are seen.
  void Add(const ArrayView& column, const StatsColumn& path);

  const format::Zone& zone() const noexcept { return zone_; }
  std::uint64_t distinct() const noexcept { return distinct_.Estimate(); }
  /// Bytes of texts; none without any.
  struct Lengths {
    std::uint64_t min = 0, max = 0, sum = 0, count = 0;
  };
  const Lengths& lengths() const noexcept { return lengths_; }

 private:
  template <class Value, class Get>
  void AddValues(const std::vector<std::int64_t>& slots, Get get);
  void AddSlots(const ArrayView& values, const std::vector<std::int64_t>& slots);

  format::Zone zone_;
  DistinctCounter distinct_;
  Lengths lengths_;
};

/// The value as text, or as JSON.
std::string BoundText(const DataType& type, const Scalar& value, bool json);

}  // namespace lancekit::tools
