#include "tools/lance-inspect/where.h"

#include <cstdio>

#include "base/status.h"
#include "tools/common/explain.h"

namespace lancekit::tools {
Result<std::optional<Filter>> FilterOf(const Options& options) {
  std::optional<Filter> filter;
  if (!options.where && options.explain) return Invalid("--explain goes with --where");
  if (options.where) {
    LANCEKIT_ASSIGN(filter, Filter::parse(*options.where));
  }
  return filter;
}

Scan ScanOf(const Table& table, const std::optional<Filter>& filter) {
  Scan scan = table.scan();
  if (filter) scan.where(*filter);
  return scan;
}

void Explain(const Filter& filter, const ScanReport& report, const Session& session) {
  const std::string text =
      session.options.common.json ? ExplainJson("lance-inspect/1", filter, report) : ExplainText(filter, report);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace lancekit::tools
