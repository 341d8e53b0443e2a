// Pictures of a table's bytes. All text of files is escaped.
#pragma once

#include <string>

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

/// A page that needs nothing else: strip of the bytes, columns, pages, fragments. Files with very many parts have them in groups.
std::string HtmlPage(const TableLayout& layout, const std::vector<FragmentFacts>& fragments);

}  // namespace lancekit::tools
