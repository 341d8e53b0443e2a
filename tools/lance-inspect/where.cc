#include "tools/lance-inspect/where.h"

#include <fmt/format.h>

#include "base/status.h"
#include "tools/common/json.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

std::string ExplainJson(const Filter& filter, const ScanReport& report) {
  JsonWriter json = BeginDocument();
  json.Key("explain").BeginObject().Member("filter", filter.to_string());
  json.Member("fragments", report.fragments).Member("fragments_kept", report.fragments - report.fragments_skipped);
  json.Member("pages", report.pages).Member("pages_kept", report.pages_kept);
  json.Member("zones", report.zones).Member("zones_kept", report.zones_kept);
  json.Member("rows_compared", report.rows_filtered).Member("rows_matched", report.rows_matched);
  return json.Member("bytes_read", report.bytes_read).EndObject().EndObject().text() + "\n";
}

std::string ExplainText(const Filter& filter, const ScanReport& report) {
  const auto kept = [](std::uint64_t part, std::uint64_t all) {
    return all == 0 ? std::string("none known") : fmt::format("{} of {} kept", GroupDigits(part), GroupDigits(all));
  };
  return fmt::format(
      "filter     {}\nfragments  {}\npages      {}\nzones      {}\nrows       {} compared, {} matched\nread       {} bytes\n",
      EscapeControls(filter.to_string()), kept(report.fragments - report.fragments_skipped, report.fragments),
      kept(report.pages_kept, report.pages), kept(report.zones_kept, report.zones), GroupDigits(report.rows_filtered),
      GroupDigits(report.rows_matched), GroupDigits(report.bytes_read));
}

}  // namespace

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
  const std::string text = session.options.common.json ? ExplainJson(filter, report) : ExplainText(filter, report);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace lancekit::tools
