#include <algorithm>

#include "base/context_impl.h"
#include "base/without_throwing.h"
#include "lancekit/writer.hpp"
#include "writer/column_buffer.h"
#include "writer/page_encoder.h"
#include "writer/plan.h"

namespace lancekit {
namespace {

/// A leaf whose page is to be explained.
struct LeafRows {
  LeafRows(std::string leaf_name, std::size_t top, bool blob, PlannedLeaf planned, const WriteOptions& options,
           format::FileVersion version)
      : name(std::move(leaf_name)),
        field(top),
        is_blob(blob),
        leaf(std::move(planned)),
        buffer(leaf.type, leaf.path, options.page_bytes, version) {}
  LeafRows(const LeafRows&) = delete;
  LeafRows& operator=(const LeafRows&) = delete;

  std::string name;
  std::size_t field;  ///< top-level field that it belongs to
  bool is_blob;
  PlannedLeaf leaf;
  ColumnBuffer buffer;
  Status status;
};

/// What the trace leaves open.
std::string ReasonFor(const SelectionTrace& trace, const EncodingHints& hints) {
  const bool was_tried = std::ranges::any_of(trace.tried, [&](const auto& tried) { return tried.encoding == trace.chosen; });
  if (!trace.reason.empty() && !was_tried) return trace.reason;
  if (!hints.tree.empty()) return "asked for: lance-encoding:tree";
  if (hints.compression != EncodingHints::Compression::kDefault) return "asked for: lance-encoding:compression";
  if (hints.rle_threshold.has_value()) return "asked for: lance-encoding:rle-threshold";
  if (!trace.tried.empty()) return "costs least: bytes x cost";
  if (trace.chosen.starts_with("dictionary")) return "each value once and their indices take less";
  if (trace.chosen == "variable") return "symbols in place of substrings would not make it smaller";
  if (trace.chosen == "flat" || trace.chosen == "bitpack" || trace.chosen == "rle") return "smallest of flat, bitpack and rle";
  return "the only encoding for such values";
}

Result<EncodingReport> Explain(const LeafRows& rows, bool only_page, format::FileVersion version) {
  EncodingReport report{.column = rows.name};
  if (rows.is_blob) {
    report.reason = "blobs are stored one by one, as they are";
    return report;
  }
  report.rows = rows.buffer.num_rows();
  report.arrow_bytes = rows.buffer.arrow_bytes();
  if (report.rows == 0) {
    report.reason = "there are no rows";
    return report;
  }
  SelectionTrace trace;
  std::optional<DictionaryAttempt> numbers;
  LANCEKIT_ASSIGN(const EncodedPage page,
                  EncodePage(rows.leaf.type, rows.buffer, only_page, {rows.leaf.hints, version, &trace}, &numbers));
  for (const MutableBuffer& buffer : page.buffers) report.bytes += buffer.size();
  if (rows.leaf.type.is_empty_struct()) {
    report.chosen = "constant";
    report.reason = "a struct without fields has no values";
    return report;
  }
  report.reason = ReasonFor(trace, rows.leaf.hints);
  report.chosen = std::move(trace.chosen);
  for (SelectionTrace::Tried& tried : trace.tried) report.trials.push_back({std::move(tried.encoding), tried.bytes, tried.cost});
  return report;
}

class Explainer {
 public:
  Explainer(const Context& context, const WriteOptions& options, format::FileVersion version)
      : context_(context), options_(options), version_(version) {}

  Status SetSchema(const ArrowSchema& arrow_schema) {
    LANCEKIT_ASSIGN(Schema schema, ImportSchema(arrow_schema));
    LANCEKIT_ASSIGN(const PlannedSchema planned, PlanSchema(schema, options_, version_));
    root_.type.id = TypeId::kStruct;
    root_.type.children = std::move(schema.fields);
    for (const format::Leaf& leaf : format::Leaves(planned.file)) {
      const auto field = static_cast<std::size_t>(leaf.path.front() - planned.file.fields.data());
      auto planned_leaf = PlanLeaf(leaf, options_, version_);
      if (!planned_leaf) return At(std::move(planned_leaf).status(), {.column = leaf.Name()});
      leaves_.push_back(std::make_unique<LeafRows>(leaf.Name(), field, format::IsBlob(*leaf.path.back()),
                                                   *std::move(planned_leaf), options_, version_));
    }
    return {};
  }

  /// False when all pages are full.
  Result<bool> Add(const ArrowArray& array, const ArrowSchema& schema) {
    LANCEKIT_TRY(context_.impl().CheckCancelled());
    LANCEKIT_ASSIGN(const ArrayView batch, ImportBatch(root_, schema, array));
    bool more = false;
    const auto num_rows = static_cast<std::uint64_t>(batch.length);
    for (const auto& leaf : leaves_) {
      if (leaf->is_blob) continue;
      for (std::uint64_t done = 0; done < num_rows && !leaf->buffer.full();) {
        auto taken = leaf->buffer.Append(batch.children[leaf->field], done, num_rows - done);
        if (!taken) return At(std::move(taken).status(), {.column = leaf->name});
        done += *taken;
      }
      more = more || !leaf->buffer.full();
    }
    return more;
  }

  Result<std::vector<EncodingReport>> Finish() {
    std::vector<EncodingReport> reports(leaves_.size());
    context_.impl().pool().ParallelFor(leaves_.size(), [&](std::size_t i) {
      LeafRows& leaf = *leaves_[i];
      leaf.status = WithoutThrowing([&]() -> Status {
        LANCEKIT_ASSIGN(reports[i], Explain(leaf, !leaf.buffer.full(), version_));
        return {};
      });
    });
    for (const auto& leaf : leaves_) LANCEKIT_TRY(At(std::move(leaf->status), {.column = leaf->name}));
    return reports;
  }

 private:
  Context context_;
  const WriteOptions& options_;
  format::FileVersion version_;
  Field root_;  // the schema as a struct, as batches come in
  std::vector<std::unique_ptr<LeafRows>> leaves_;
};

}  // namespace

Result<std::vector<EncodingReport>> explain_encodings(const Context& context, ArrowArrayStream* rows,
                                                      const WriteOptions& options) {
  auto reports = WithoutThrowing([&]() -> Result<std::vector<EncodingReport>> {
    LANCEKIT_ASSIGN(const format::FileVersion version, CheckOptions(options));
    Explainer explainer(context, options, version);
    LANCEKIT_TRY(ReadStream(
        rows, [&](const ArrowSchema& schema) { return explainer.SetSchema(schema); },
        [&](ArrowArray* array, const ArrowSchema& schema) { return explainer.Add(*array, schema); }));
    return explainer.Finish();
  });
  if (rows->release != nullptr) rows->release(rows);
  return reports;
}

}  // namespace lancekit
