// lint: advice on how a table is stored. Nothing of it is wrong.
#include <fmt/format.h>

#include <algorithm>

#include "lancekit/table.hpp"
#include "reader/file_statistics.h"
#include "reader/table_impl.h"
#include "tools/common/numbers.h"
#include "tools/lance-inspect/columns.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kSmallPage = kMiB;
constexpr std::uint64_t kLargeColumn = 16 * kMiB;  ///< where pages and compression begin to matter
constexpr std::uint64_t kSmallFragment = 4 * kMiB;
constexpr std::size_t kManyFragments = 8;
constexpr double kManyDeleted = 0.1;
constexpr double kHardlySmaller = 0.95;

/// Collects advice as rows of a sheet.
class Advice {
 public:
  void Add(const char* about, const std::string& column, const std::string& text) {
    sheet_.rows.push_back({Fact::Text(about), column.empty() ? Fact::None() : Fact::Text(column), Fact::Text(text)});
  }
  Sheet& sheet() { return sheet_; }

 private:
  Sheet sheet_{.name = "advice", .columns = {{"about", "about"}, {"column", "column"}, {"advice", "advice"}}};
};

void AdviseOnColumns(const InspectedTable& table, Advice* advice) {
  for (const ColumnTotal& column : TotalColumns(table)) {
    if (column.bytes < kLargeColumn) continue;
    const std::uint64_t page = column.bytes / std::max<std::uint64_t>(1, column.pages);
    if (page < kSmallPage && column.pages / table.structure.size() > 1) {
      advice->Add("small pages", column.path,
                  fmt::format("{} pages of {} on average; of 1 MiB and more they are read faster, above all from object stores",
                              GroupDigits(column.pages), FormatBytes(page)));
    }
    // Vectors of floats rarely get smaller.
    const bool is_vector = column.type.starts_with("fixed_size_list");
    if (!is_vector && column.arrow_bytes &&
        static_cast<double>(column.bytes) > kHardlySmaller * static_cast<double>(*column.arrow_bytes)) {
      advice->Add("uncompressed", column.path,
                  fmt::format("{} as large as in memory; the field metadata lance-encoding:compression = zstd may help",
                              FormatBytes(column.bytes)));
    }
  }
}

void AdviseOnFragments(const TableImpl& table, const InspectedTable& inspected, Advice* advice) {
  std::uint64_t physical = 0, live = 0;
  std::size_t without_statistics = 0;
  for (const TableFragment& fragment : table.fragments_) {
    live += fragment.num_rows;
    physical += fragment.files.empty() ? fragment.num_rows : fragment.files[0]->num_rows();
    const auto has_none = [](const auto& file) { return file->statistics().Get() == nullptr; };
    without_statistics += std::ranges::any_of(fragment.files, has_none);
  }
  const std::size_t count = table.fragments_.size();
  if (count >= kManyFragments && inspected.NumBytes() / count < kSmallFragment) {
    advice->Add("small fragments", "",
                fmt::format("{} fragments of {} on average; compact the dataset", GroupDigits(count),
                            FormatBytes(inspected.NumBytes() / count)));
  }
  if (static_cast<double>(physical - live) > kManyDeleted * static_cast<double>(physical)) {
    advice->Add("deleted rows", "",
                fmt::format("{} of {} rows are deleted and still stored; compact the dataset", GroupDigits(physical - live),
                            GroupDigits(physical)));
  }
  if (without_statistics != 0) {
    advice->Add("no statistics", "",
                fmt::format("{} of {} fragments have no zone maps, so filters read all their rows; "
                            "lance-convert writes them",
                            GroupDigits(without_statistics), GroupDigits(count)));
  }
}

}  // namespace

Status RunLint(Session& session) {
  const std::string& path = session.options.arguments[0];
  LANCEKIT_ASSIGN(const Table table, open(session.context, path, session.options.open));
  LANCEKIT_ASSIGN(const InspectedTable inspected, InspectTable(session, path));
  Advice advice;
  AdviseOnColumns(inspected, &advice);
  AdviseOnFragments(table.impl(), inspected, &advice);
  const auto is_old = [](const InspectedFile& file) { return file.format_version == "2.0"; };
  if (const auto old = std::ranges::count_if(inspected.structure, is_old); old > 0) {
    advice.Add(
        "old version", "",
        fmt::format(
            "{} of {} files are of Lance 2.0, whose encodings are larger and slower than those of 2.1 and later; write them anew",
            GroupDigits(static_cast<std::uint64_t>(old)), GroupDigits(inspected.structure.size())));
  }
  advice.sheet().members = {{"path", JsonText(path)}};
  WriteSheet(advice.sheet(), &session);
  return {};
}

}  // namespace lancekit::tools
