// What every byte of a table's files is for: the model behind layout's text, JSON and pictures.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tools/lance-inspect/columns.h"
#include "tools/lance-inspect/session.h"

namespace lancekit::tools {

struct TableLayout {
  InspectedTable table;
  std::vector<std::vector<FilePart>> parts;  ///< of each file, as byte_map() has them
};
Result<TableLayout> MakeLayout(const Session& session, InspectedTable table);

/// Neighbouring parts that are told as one.
struct PartGroup {
  PartKind kind = PartKind::kPadding;  ///< of its largest part that is no padding
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::size_t num_parts = 1;
  const std::string* role = nullptr;  ///< of that part
  /// Padding aside: -1 = none or several.
  std::int64_t column = -1;
  std::int64_t page = -1;
  std::int64_t buffer = -1;
};

/// Joins parts that are smaller than `least_bytes` with neighbours that are, too. The parts must outlive the groups.
std::vector<PartGroup> GroupParts(std::span<const FilePart> parts, std::uint64_t least_bytes);
/// At most `most` groups, all parts alone if these are no more. Pre: most >= 4.
std::vector<PartGroup> GroupToNumber(const InspectedFile& file, std::span<const FilePart> parts, std::size_t most);

/// The colours of a picture: large columns have their own, the others share one, each kind of structure has one.
/// Their names are the CSS classes of layout_colors.css.
class Shades {
 public:
  explicit Shades(const InspectedTable& table);
  const std::vector<ColumnTotal>& columns() const { return columns_; }  ///< largest first
  /// Where the file's column stands in columns().
  std::size_t Place(std::size_t file, std::int64_t column) const;
  /// Index into names().
  std::size_t Of(std::size_t file, PartKind kind, std::int64_t column, const std::string* role) const;
  /// How the legend calls it; for columns the path, not escaped.
  std::string Label(std::size_t shade) const;

  /// How many columns have a colour of their own.
  std::size_t num_own() const { return num_own_; }
  static std::span<const char* const> names();

 private:
  std::vector<ColumnTotal> columns_;
  std::size_t num_own_ = 0;
  std::vector<std::vector<std::size_t>> places_;  // per file
};

/// "Lance 2.2 file · 25,000 rows · 5 columns · 5 pages · 137,133 bytes"
std::string Headline(const InspectedTable& table, std::size_t num_columns);
/// The table's path without its folders: a picture need not tell where it lay.
std::string TableName(const InspectedTable& table);
/// The file's path within the table.
std::string FileName(const InspectedTable& table, std::size_t file);

}  // namespace lancekit::tools
