// Pictures of a table's bytes. All text of files is escaped.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/common/output.h"
#include "tools/lance-inspect/dataset_sheets.h"
#include "tools/lance-inspect/layout_model.h"

namespace lancekit::tools {

/// The bytes of each file to scale with a legend, as an SVG document without scripts.
std::string SvgPicture(const TableLayout& layout);

/// Rows and files of a fragment, for the page.
struct FragmentFacts {
  std::uint64_t id = 0;
  std::uint64_t rows = 0;  ///< deleted ones counted
  std::uint64_t deleted_rows = 0;
  std::string deletion_file;  ///< "array", "bitmap" or empty
};

/// What the page tells of a dataset beside its files.
struct DatasetFacts {
  std::vector<FragmentFacts> fragments;
  struct Version {
    VersionFacts facts;
    std::vector<std::string> tags;
  };
  std::vector<Version> versions;  ///< the newest ones, oldest first
  std::uint64_t shown_version = 0;
  std::uint64_t older_versions = 0;  ///< that are not among them
};

/// A page that needs nothing else: strip of the bytes, columns, pages; of a dataset fragments and versions. Files with very many
/// parts have them in groups.
std::string HtmlPage(const TableLayout& layout, const DatasetFacts& dataset);

/// A page that shows two tables column by column, with their pages side by side; the names are how the tables are called there.
std::string DiffPage(const TableLayout& a, const std::string& name_a, const TableLayout& b, const std::string& name_b);

/// Opens the file for a picture, unless it is one of the tables' or must not be replaced.
Result<std::unique_ptr<Output>> OpenPicture(const std::string& path, const std::vector<const InspectedTable*>& tables,
                                            bool force);

}  // namespace lancekit::tools
