#include "tools/lance-inspect/layout_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/status.h"
#include "tools/common/numbers.h"

namespace lancekit::tools {
namespace {

PartGroup GroupOf(const FilePart& part) {
  return {part.kind, part.offset, part.size, 1, &part.role, part.column, part.page, part.buffer};
}

/// Adds parts to a group and knows the size of the largest.
class Joiner {
 public:
  explicit Joiner(const FilePart& part) : group_(GroupOf(part)), largest_(Weight(part)) {}
  const PartGroup& group() const { return group_; }

  void Add(const FilePart& part) {
    const PartGroup before = group_;
    if (largest_ == 0) {
      group_ = GroupOf(part);
    } else if (Weight(part) != 0) {
      if (part.column != before.column || part.page != before.page) group_.page = -1;
      if (part.column != before.column) group_.column = -1;
      group_.buffer = -1;
      if (Weight(part) > largest_) {
        group_.kind = part.kind;
        group_.role = &part.role;
      }
    }
    largest_ = std::max(largest_, Weight(part));
    group_.offset = before.offset;
    group_.size = before.size + part.size;
    group_.num_parts = before.num_parts + 1;
  }

 private:
  // Padding gives no name to a group that holds anything else.
  static std::uint64_t Weight(const FilePart& part) { return part.kind == PartKind::kPadding ? 0 : part.size; }

  PartGroup group_;
  std::uint64_t largest_;
};

constexpr const char* kShadeNames[] = {"c1",     "c2",    "c3",   "c4",     "c5",     "c6",  "c7",    "c8",    "cx",
                                       "schema", "stats", "meta", "tables", "footer", "pad", "blobs", "other", "bad"};
// The order of the kinds behind the columns.
constexpr std::size_t kMostOwn = 8;
enum ShadeIndex : std::size_t {
  kOtherColumns = kMostOwn,
  kSchema,
  kStatistics,
  kMetadata,
  kTables,
  kFooter,
  kPadding,
  kBlobs,
  kOther,
  kBad
};

}  // namespace

Result<TableLayout> MakeLayout(const Session& session, InspectedTable table) {
  TableLayout layout{.table = std::move(table), .parts = {}};
  for (const InspectedFile& file : layout.table.structure) {
    LANCEKIT_ASSIGN(std::vector<FilePart> parts, byte_map(session.context, file));
    layout.parts.push_back(std::move(parts));
  }
  return layout;
}

std::vector<PartGroup> GroupParts(std::span<const FilePart> parts, std::uint64_t least_bytes) {
  std::vector<PartGroup> groups;
  for (std::size_t i = 0; i < parts.size();) {
    Joiner joiner(parts[i]);
    bool grows = parts[i].size < least_bytes;
    for (++i; grows && i < parts.size() && parts[i].size < least_bytes; ++i) {
      joiner.Add(parts[i]);
      grows = joiner.group().size < least_bytes;
    }
    groups.push_back(joiner.group());
  }
  return groups;
}

std::vector<PartGroup> GroupToNumber(const InspectedFile& file, std::span<const FilePart> parts, std::size_t most) {
  if (parts.size() <= most) return GroupParts(parts, 0);
  // Of two groups side by side one has the least size at least.
  return GroupParts(parts, file.size / (most / 2 - 1) + 1);
}

Shades::Shades(const InspectedTable& table) : columns_(TotalColumns(table)) {
  // Less than half a percent would hardly be seen.
  const std::uint64_t least = table.NumBytes() / 200;
  while (num_own_ < std::min(columns_.size(), kMostOwn) && columns_[num_own_].bytes > least) ++num_own_;
  std::map<std::string_view, std::size_t> by_path;
  for (std::size_t i = 0; i < columns_.size(); ++i) by_path.emplace(columns_[i].path, i);
  for (const InspectedFile& file : table.structure) {
    std::vector<std::size_t>& places = places_.emplace_back();
    for (const InspectedColumn& column : file.columns) places.push_back(by_path.at(column.path));
  }
}

std::size_t Shades::Place(std::size_t file, std::int64_t column) const { return places_[file][static_cast<std::size_t>(column)]; }

std::size_t Shades::Of(std::size_t file, PartKind kind, std::int64_t column, const std::string* role) const {
  switch (kind) {
    case PartKind::kPageBuffer:
    case PartKind::kColumnBuffer:
      return column >= 0 && Place(file, column) < num_own_ ? Place(file, column) : kOtherColumns;
    case PartKind::kGlobalBuffer:
      return role != nullptr && *role == "schema" ? kSchema : role != nullptr && *role == "statistics" ? kStatistics : kOther;
    case PartKind::kColumnMetadata:
      return kMetadata;
    case PartKind::kColumnTable:
    case PartKind::kGlobalBufferTable:
      return kTables;
    case PartKind::kFooter:
      return kFooter;
    case PartKind::kPadding:
      return kPadding;
    case PartKind::kBlobs:
      return kBlobs;
    case PartKind::kUnexplained:
      break;
  }
  return kBad;
}

std::string Shades::Label(std::size_t shade) const {
  if (shade < kMostOwn) return columns_[shade].path;
  switch (shade) {
    case kOtherColumns:
      return Counted(columns_.size() - num_own_, num_own_ == 0 ? "column" : "other column");
    case kSchema:
      return "schema";
    case kStatistics:
      return "statistics";
    case kMetadata:
      return "column metadata";
    case kTables:
      return "tables";
    case kFooter:
      return "footer";
    case kPadding:
      return "padding";
    case kBlobs:
      return "blob payloads";
    case kOther:
      return "other buffers";
    default:
      return "unexplained";
  }
}

std::span<const char* const> Shades::names() { return kShadeNames; }

std::string Headline(const InspectedTable& table, std::size_t num_columns) {
  std::string text = fmt::format("{} · {} · {}", table.Kind(), Counted(table.NumRows(), "row"), Counted(num_columns, "column"));
  if (table.files.is_dataset) text += " · " + Counted(table.structure.size(), "file");
  return text + fmt::format(" · {} · {}", Counted(table.NumPages(), "page"), FormatBytes(table.NumBytes()));
}

std::string TableName(const InspectedTable& table) {
  const std::size_t end = table.path.find_last_not_of('/') + 1;
  return end == 0 ? table.path : table.path.substr(0, end).substr(table.path.substr(0, end).rfind('/') + 1);
}

std::string FileName(const InspectedTable& table, std::size_t file) {
  const std::string& path = table.structure[file].path;
  if (!table.files.is_dataset) return TableName(table);
  std::string folder = table.path;
  if (!folder.ends_with('/')) folder += '/';
  return path.starts_with(folder) ? path.substr(folder.size()) : path;
}

}  // namespace lancekit::tools
