// For tests and fuzzers: an array of any type through the pages of all its leaves, and back.
#pragma once

#include <string>
#include <vector>

#include "format/schema.h"
#include "structural/page_testing.h"
#include "types/array_testing.h"
#include "writer/page_encoder.h"

namespace lancekit::testing {

/// Writes all rows of the leaf to pages of about `page_bytes` and reads them into the sink.
inline Status RoundTripLeaf(const format::Leaf& leaf, const FieldLeaf& target, const ArrayView& view, format::FileVersion version,
                            std::uint64_t page_bytes, LeafSink* sink) {
  LANCEKIT_ASSIGN(const LeafPath path, LeafPath::Make(leaf, version));
  LANCEKIT_ASSIGN(const EncodingHints hints, HintsOf(leaf));
  ColumnBuffer buffer(target.type, path, page_bytes, version);
  const auto num_rows = static_cast<std::uint64_t>(view.length);
  bool first_page = true;
  ColumnMemory memory;
  PageScratch scratch;
  for (std::uint64_t done = 0; done < num_rows;) {
    LANCEKIT_ASSIGN(const std::uint64_t taken, buffer.Append(view, done, num_rows - done));
    done += taken;
    if (!buffer.full() && done < num_rows) continue;  // fewer bytes than announced: those under nulls are dropped
    // No page says anything; later rows may still be refused.
    if (target.type.is_empty_struct()) {
      buffer.Clear();
      first_page = false;
      continue;
    }
    std::optional<DictionaryAttempt> numbers;
    LANCEKIT_ASSIGN(const EncodedPage encoded, EncodePage(target.type, buffer, first_page && done == num_rows,
                                                          {hints, version, nullptr, &memory}, &numbers));
    const MemoryPage page(encoded);
    LANCEKIT_ASSIGN(const std::unique_ptr<PageReader> reader, page.Open(target.type));
    LANCEKIT_TRY(reader->Read({0, encoded.num_rows}, sink, &scratch));
    first_page = false;
    buffer.Clear();
  }
  return {};
}

/// "" when the rows come back as they were, or could not be written for a reason of their own (kUnsupported).
inline std::string RoundTrip(const Field& field, const ArrayView& view, format::FileVersion version, std::uint64_t page_bytes) {
  const Schema schema{.fields = {field}};
  const std::vector<format::Leaf> leaves = format::Leaves(schema);
  const auto shape = FieldShape::Make(field);
  if (!shape) return shape.error().code == ErrorCode::kUnsupported ? "" : shape.error().describe();
  const auto num_rows = static_cast<std::uint64_t>(view.length);
  FieldSink sink(**shape, num_rows);
  std::vector<bool> present;
  for (const FieldLeaf& leaf : (*shape)->leaves()) present.push_back(!leaf.type.is_empty_struct());
  sink.SetPresent(present);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Status status = RoundTripLeaf(leaves[i], (*shape)->leaves()[i], view, version, page_bytes, &sink.leaf(i));
    if (status.ok()) continue;
    return status.error().code == ErrorCode::kUnsupported ? "" : leaves[i].Name() + ": " + status.error().describe();
  }
  sink.FillAbsent(num_rows);
  const auto array = std::move(sink).Finish();
  if (!array) return array.error().describe();
  OwnedSchema c_schema(field);
  ArrowArray exported{};
  ExportArray(field.type, *array, &exported);
  std::string wrong;
  {
    const auto read = ImportArray(field, *c_schema, exported);
    if (!read) wrong = read.error().describe();
    for (std::int64_t i = 0; read && wrong.empty() && i < view.length; ++i) {
      if (Render(*read, i) != Render(view, i))
        wrong = fmt::format("row {} is {} instead of {}", i, Render(*read, i), Render(view, i));
    }
  }
  exported.release(&exported);
  return wrong;
}

}  // namespace lancekit::testing
