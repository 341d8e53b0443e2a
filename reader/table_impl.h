// What stands behind an open Table: its fragments and the way from a column's name to file columns.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/context_impl.h"
#include "lancekit/table.hpp"
#include "reader/dataset.h"
#include "reader/file_reader.h"
#include "reader/live_rows.h"
#include "reader/selection.h"

namespace lancekit {

class FieldReader;

/// Where the values of one field lie in one fragment.
struct ColumnPlace {
  std::int32_t field_id = 0;
  std::uint32_t file = 0;  ///< of the fragment
  std::uint32_t column = 0;
};

/// Rows of one field, a leaf or one that is read as a whole, that a salvaged table has nulls for.
struct LostRows {
  std::int32_t field_id = 0;
  std::vector<ValueRange> rows;  ///< of the fragment's files, ascending, apart from each other
};

/// A file of a fragment that cannot be read.
struct LostFile {
  std::string path;
  std::vector<std::int32_t> fields;  ///< that a data file holds
  bool holds_deletions = false;      ///< instead
  std::string message;
};

/// Rows that share their data files. A bare file is a table of one fragment.
struct TableFragment {
  std::uint64_t first_row = 0;  ///< row number in the table
  std::uint64_t num_rows = 0;   ///< deleted ones are not counted
  LiveRows live;
  std::vector<std::shared_ptr<const FileReader>> files;
  std::vector<ColumnPlace> places;   ///< of all fields that have a column, at every nesting level; by field id
  std::vector<LostRows> lost;        ///< salvage alone
  std::vector<LostFile> lost_files;  ///< salvage alone: as long as there are any, the fragment cannot be read

  /// Adds a file with its columns; to be called for all files before SortPlaces().
  void AddFile(std::shared_ptr<const FileReader> file, const std::vector<std::pair<std::int32_t, std::uint32_t>>& columns);
  void SortPlaces();
  /// Rows of its files, deleted ones included. Pre: num_rows > 0.
  std::uint64_t NumPhysicalRows() const;
  /// Null when no file of the fragment holds the field: all its values are null.
  const ColumnPlace* Place(std::int32_t field_id) const;
  /// None for a field without holes.
  std::span<const ValueRange> LostRowsOf(std::int32_t field_id) const;
};

/// Some columns of a table with their readers, which are made when a fragment is first read. Thread-safe.
class OpenColumns {
 public:
  OpenColumns(Selection fields, std::shared_ptr<const Schema> schema) : fields_(std::move(fields)), schema_(std::move(schema)) {}
  const Selection& fields() const noexcept { return fields_; }
  const std::shared_ptr<const Schema>& schema() const noexcept { return schema_; }
  /// Errors: as FieldReader::Open.
  Result<std::shared_ptr<const FieldReader>> Reader(const TableFragment& fragment, std::size_t field, ContextImpl& context) const;

 private:
  Selection fields_;
  std::shared_ptr<const Schema> schema_;
  mutable std::mutex mutex_;
  mutable std::map<std::pair<const TableFragment*, std::size_t>, std::shared_ptr<const FieldReader>> readers_;
};

/// Columns that were taken lately. A copy, of a table with other fragments, begins empty.
struct KeptColumns {
  struct Entry {
    std::vector<std::string> names;
    std::shared_ptr<const OpenColumns> columns;
  };
  KeptColumns() = default;
  KeptColumns(const KeptColumns&) {}
  KeptColumns& operator=(const KeptColumns&) = delete;

  std::mutex mutex;
  std::vector<Entry> entries;  // the one used last comes first
};

class TableImpl {
 public:
  explicit TableImpl(Context context) : context_(std::move(context)) {}

  Context context_;
  std::string path_;
  Schema schema_;
  std::string format_version_;
  Checksums checksums_ = Checksums::kScans;
  bool zone_maps_ = true;
  std::uint64_t num_rows_ = 0;
  std::vector<TableFragment> fragments_;

  ContextImpl& context() const noexcept { return context_.impl(); }
  /// Fragment that holds the row. Pre: row < num_rows_.
  const TableFragment& FragmentOf(std::uint64_t row) const;
  /// Makes the schema, as files or manifest have it, that of the table: with these columns alone, unless there are none.
  /// Errors: as SelectFields.
  Status Narrow(const std::vector<std::string>& columns);
  /// Errors: as SelectFields.
  Result<Selection> Select(const std::vector<std::string>& names) const;
  /// The same, kept for the next time: single rows are taken of the same columns again and again.
  Result<std::shared_ptr<const OpenColumns>> Columns(const std::vector<std::string>& names) const;

 private:
  mutable KeptColumns kept_;
};

/// Opens a data file as a table of one fragment.
Result<std::shared_ptr<const TableImpl>> OpenBareFile(const Context& context, const std::string& path,
                                                      const OpenOptions& options);
Result<std::shared_ptr<const TableImpl>> TableOfFile(const Context& context, std::shared_ptr<const FileReader> file,
                                                     const OpenOptions& options = {});
/// Opens a version of a dataset folder. `keep_lost`: files that cannot be read are listed in their fragments.
Result<std::shared_ptr<const TableImpl>> OpenDataset(const Context& context, const std::string& path, const OpenOptions& options,
                                                     bool keep_lost = false);
/// True for what a lost part of a table says: damage, and files that cannot be read.
inline bool IsLoss(ErrorCode code) { return code == ErrorCode::kCorruption || code == ErrorCode::kIo; }

/// The fields of a data file that have a column, by field id. Errors: kCorruption.
Result<std::vector<std::pair<std::int32_t, std::uint32_t>>> ColumnsOf(const format::DataFile& file);
/// What the fragment's deletion file leaves. Errors: kIo, kCorruption.
Result<LiveRows> ReadLiveRows(const Dataset& dataset, const format::Fragment& fragment, std::uint64_t physical_rows,
                              ContextImpl& context);

}  // namespace lancekit
