// Totals per column over all files of a table.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/common/json.h"
#include "tools/lance-inspect/session.h"

namespace lancekit::tools {

struct ColumnTotal {
  std::string path;
  std::string type;
  std::uint64_t pages = 0;
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> arrow_bytes;
  std::vector<std::string> encodings;  ///< names of all encodings in use
  std::vector<std::string> summaries;  ///< one line each way in which pages are encoded
};

/// Largest first. `depth` > 0: columns that lie deeper are parts of the one above them at that depth; top-level ones have 1.
/// `chosen`: the paths of those that count; null = all.
std::vector<ColumnTotal> TotalColumns(const InspectedTable& table, std::uint64_t depth = 0,
                                      const std::set<std::string>* chosen = nullptr);
/// "mini-block: dictionary 97 items → inline bitpacking 32 bit"
std::string Summary(const EncodingNode& encoding);
/// The same without parameters: "mini-block: dictionary → bitpack".
std::string EncodingShape(EncodingNode encoding);
/// The first two of the column's summaries.
std::string SummaryText(const ColumnTotal& total);
/// Names in the words of people: "mini-block", "inline bitpacking".
std::string SpokenName(const std::string& name);
/// The encoding tree as one object.
void AppendEncodingJson(const EncodingNode& node, JsonWriter* json);

}  // namespace lancekit::tools
