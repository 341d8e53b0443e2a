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
  Vectors vectors;                  ///< of all rows of all data files, deleted ones included
  std::uint64_t decoded_bytes = 0;  ///< of vectors that are not read where they lie in mapped files
  std::vector<bool> absent;         ///< rows without a vector; empty: there are none
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

/// What numbers an index takes are stored as; nothing for others.
std::optional<Element> ElementOf(const Field& item);

/// Opens the column; vectors that do not lie in the files as they are in memory are decoded, into at most `memory_limit` bytes,
/// 0 = any. Errors: those of open(); kInvalidArgument when it is no column of vectors; kResourceLimit.
Result<VectorColumn> OpenVectorColumn(const Context& context, const std::string& table, const std::string& column,
                                      const OpenOptions& options, std::uint64_t memory_limit);

}  // namespace lancekit::index
