// A column of vectors of a table: where they lie, and which files they are in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "index/sidecar.h"
#include "index/vectors.h"
#include "lancekit/inspect.hpp"

namespace lancekit::index {

struct VectorColumn {
  explicit VectorColumn(Vectors all) : vectors(std::move(all)) {}
  Vectors vectors;  ///< of all rows of all data files, deleted ones included
  bool mapped = true;
  std::vector<bool> absent;  ///< rows without a vector; empty: there are none
  std::uint64_t dataset_version = 0;
  std::int32_t field_id = -1;
  std::vector<DataFileIdentity> files;
  std::vector<RowInterval> deleted;           ///< rows of the data files, ascending
  std::vector<std::uint64_t> deleted_before;  ///< how many are in the intervals before each, and in all at the end

  bool IsDeleted(std::uint64_t row) const;
  /// The number of a row in the table, where deleted ones do not count. Pre: it is not deleted.
  std::uint64_t TableRow(std::uint64_t row) const;
  /// The reverse; nothing when the table has fewer rows.
  std::optional<std::uint64_t> FileRow(std::uint64_t table_row) const;
};

/// Opens the column; vectors that do not lie in the files as they are in memory are decoded. Errors: those of open();
/// kInvalidArgument when it is no column of vectors.
Result<VectorColumn> OpenVectorColumn(const Context& context, const std::string& table, const std::string& column,
                                      const OpenOptions& options);

}  // namespace lancekit::index
