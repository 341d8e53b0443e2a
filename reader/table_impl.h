// What stands behind an open Table: its fragments and the way from a column's name to file columns.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context_impl.h"
#include "lancekit/table.hpp"
#include "reader/file_reader.h"
#include "structural/leaf.h"

namespace lancekit {

/// Where the values of one field lie in one fragment.
struct ColumnPlace {
  std::shared_ptr<const FileReader> file;  ///< null: no file holds the field, all rows are null
  std::uint32_t column = 0;
};

/// Rows that share their data files. A bare file is a table of one fragment.
struct TableFragment {
  std::uint64_t first_row = 0;  ///< row number in the table
  std::uint64_t num_rows = 0;
  std::vector<ColumnPlace> places;  ///< one per top-level field of the table

  /// Opens the column; null when the field has no values here. Errors: as FileReader::Column.
  Result<std::shared_ptr<const ColumnReader>> Column(std::size_t field_index, const Field& field) const;
};

class TableImpl {
 public:
  explicit TableImpl(Context context) : context_(std::move(context)) {}

  Context context_;
  std::string path_;
  Schema schema_;
  std::string format_version_;
  std::uint64_t num_rows_ = 0;
  std::vector<TableFragment> fragments_;

  ContextImpl& context() const noexcept { return context_.impl(); }
  /// Fragment that holds the row. Pre: row < num_rows_.
  const TableFragment& FragmentOf(std::uint64_t row) const;
  /// Positions of these columns in the schema, all of them for none. Errors: kInvalidArgument naming the column.
  Result<std::vector<std::size_t>> ResolveColumns(const std::vector<std::string>& names) const;
  Schema Project(const std::vector<std::size_t>& columns) const;
  /// The leaf types of these columns. Errors: kUnsupported naming column and type.
  Result<std::vector<LeafType>> LeafTypes(const std::vector<std::size_t>& columns) const;
};

/// Opens a data file as a table of one fragment.
Result<std::shared_ptr<const TableImpl>> OpenBareFile(const Context& context, const std::string& path);
/// Opens the newest version of a dataset folder.
Result<std::shared_ptr<const TableImpl>> OpenDataset(const Context& context, const std::string& path);

}  // namespace lancekit
