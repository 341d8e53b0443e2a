#include "reader/page_check.h"

#include <algorithm>

#include "reader/blob_columns.h"
#include "reader/legacy_field.h"

namespace lancekit {
namespace {

// Aim of one step in bytes of memory, guessed from stored bytes.
constexpr std::uint64_t kStepBytes = 8 << 20;

}  // namespace

bool IsPlain(const TableFragment& fragment, const FieldShape& shape) {
  if (IsLegacyField(fragment, shape)) return false;
  return std::ranges::none_of(shape.leaves(), [&](const FieldLeaf& leaf) {
    const ColumnPlace* const place = fragment.Place(leaf.field->id);
    return place != nullptr && HoldsBlobDescriptors(*fragment.files[place->file], place->column, *leaf.field);
  });
}

PageDecoder::PageDecoder(const FieldShape& shape, std::size_t leaf, std::shared_ptr<const ColumnReader> column)
    : shape_(&shape), leaf_(leaf), column_(std::move(column)), present_(shape.leaves().size(), false) {
  present_[leaf] = true;
  const std::vector<FieldNode>& nodes = shape.nodes();
  std::vector<std::size_t> below = shape.leaves()[leaf].parents;
  const auto is_leaf = [leaf](const FieldNode& node) { return node.kind == NodeKind::kLeaf && node.leaf == leaf; };
  below.push_back(static_cast<std::size_t>(std::ranges::find_if(nodes, is_leaf) - nodes.begin()));
  for (std::size_t i = 0; i + 1 < below.size(); ++i) {
    const std::vector<std::size_t>& children = nodes[below[i]].children;
    path_.push_back(static_cast<std::size_t>(std::ranges::find(children, below[i + 1]) - children.begin()));
  }
}

Status PageDecoder::Decode(ValueRange rows, std::uint64_t max_rows, const OnValues& on_values) {
  const std::uint64_t row_bytes = column_->stored_bytes() / std::max<std::uint64_t>(1, column_->num_rows()) * 4 + 1;
  std::uint64_t step = std::max<std::uint64_t>(1, std::min(max_rows, kStepBytes / row_bytes));
  while (rows.count != 0) {
    const ValueRange now{rows.first, std::min(step, rows.count)};
    Status status = DecodeStep(now, on_values);
    if (!status.ok() && status.error().code == ErrorCode::kResourceLimit && now.count > 1) {
      step = now.count / 2;
      continue;
    }
    LANCEKIT_TRY(std::move(status));
    rows.first += now.count;
    rows.count -= now.count;
  }
  return {};
}

Status PageDecoder::DecodeStep(ValueRange rows, const OnValues& on_values) {
  FieldSink sink(*shape_, rows.count);
  sink.SetPresent(present_);
  LANCEKIT_TRY(column_->Read({&rows, 1}, &sink.leaf(leaf_), &scratch_));
  sink.FillAbsent(rows.count);
  LANCEKIT_ASSIGN(const ArrayData field, std::move(sink).Finish());
  const ArrayData* values = &field;
  for (const std::size_t child : path_) values = &values->children[child];
  return on_values(rows, *values);
}

}  // namespace lancekit
