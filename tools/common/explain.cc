#include "tools/common/explain.h"

#include <fmt/format.h>

#include "tools/common/json.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"

namespace lancekit::tools {

std::string ExplainJson(std::string_view schema, const Filter& filter, const ScanReport& report) {
  JsonWriter json;
  json.BeginObject().Member("schema", schema).Key("explain").BeginObject().Member("filter", filter.to_string());
  json.Member("fragments", report.fragments).Member("fragments_kept", report.fragments - report.fragments_skipped);
  json.Member("pages", report.pages).Member("pages_kept", report.pages_kept);
  json.Member("pages_skipped_by_bloom", report.pages_skipped_by_bloom);
  json.Member("zones", report.zones).Member("zones_kept", report.zones_kept);
  json.Member("rows_compared", report.rows_filtered).Member("rows_compared_as_stored", report.rows_encoded);
  json.Member("rows_matched", report.rows_matched).Member("bytes_read", report.bytes_read);
  return json.EndObject().EndObject().text() + "\n";
}

std::string ExplainText(const Filter& filter, const ScanReport& report) {
  const auto kept = [](std::uint64_t part, std::uint64_t all) {
    return all == 0 ? std::string("none known") : fmt::format("{} of {} kept", GroupDigits(part), GroupDigits(all));
  };
  std::string text =
      fmt::format("filter     {}\nfragments  {}\npages      {}", EscapeControls(filter.to_string()),
                  kept(report.fragments - report.fragments_skipped, report.fragments), kept(report.pages_kept, report.pages));
  if (report.pages_skipped_by_bloom != 0)
    text += fmt::format(", {} left out by Bloom filters", GroupDigits(report.pages_skipped_by_bloom));
  text += fmt::format("\nzones      {}\nrows       {} compared", kept(report.zones_kept, report.zones),
                      GroupDigits(report.rows_filtered));
  if (report.rows_encoded != 0) text += fmt::format(" ({} as stored)", GroupDigits(report.rows_encoded));
  return text +
         fmt::format(", {} matched\nread       {} bytes\n", GroupDigits(report.rows_matched), GroupDigits(report.bytes_read));
}

}  // namespace lancekit::tools
