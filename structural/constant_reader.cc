// Constant pages: all values null, or all valid values equal. What exists decides the form:
//
//   no value, no buffers: all null;  no value, 2 buffers (rep, def): all null with levels
//   inline value, no buffers: all equal;  inline value, 2 buffers (rep, def): equal or null
//   1 buffer (value) or 3 buffers (value, rep, def): the same with a value of any length:
//       u32 number of buffers, u32 length of each, the Arrow buffers of an array of length 1
//
// Source: lance rust lance-encoding logical/primitive.rs (ConstantLayout), protos/encodings_v2_1.proto.
#include <algorithm>
#include <cstring>
#include <optional>

#include "base/checked_math.h"
#include "base/limits.h"
#include "structural/page_reader.h"

namespace lancekit {
namespace {

/// The levels of a page, and where its rows start among them.
struct PageEntries {
  std::vector<std::uint16_t> rep;
  std::vector<std::uint16_t> def;
  std::vector<std::uint64_t> row_starts;  // with lists; one more entry: all entries
};

class ConstantPage final : public PageReader {
 public:
  ConstantPage(PageLevels levels, PageEntries entries, std::optional<std::vector<std::byte>> value)
      : levels_(std::move(levels)), entries_(std::move(entries)), value_(std::move(value)) {}

  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override {
    ValueRange entries = rows;
    if (levels_.has_lists()) {
      entries.first = entries_.row_starts[rows.first];
      entries.count = entries_.row_starts[rows.first + rows.count] - entries.first;
    }
    const auto* const rep = entries_.rep.empty() ? nullptr : entries_.rep.data() + entries.first;
    const auto* def = entries_.def.empty() ? nullptr : entries_.def.data() + entries.first;
    if (def == nullptr && !value_.has_value()) {
      if (levels_.max_def() == 0) return Corrupt("constant: neither values nor nulls");
      def = AllNull(entries.count, scratch);
    }
    LANCEKIT_ASSIGN(VisibleEntries visible, AppendEntries(levels_, rep, def, entries.count, sink, &scratch->visible));
    ValueSink& values = sink->values();
    if (auto* const run_lengths = sink->run_lengths(); run_lengths != nullptr && visible.count != 0) {
      run_lengths->push_back(visible.count);
      visible = {1, nullptr};
    }
    if (!value_.has_value()) {
      values.AppendNulls(visible.count);
      return {};
    }
    return values.shape().variable() ? RepeatString(visible, &values, scratch) : RepeatFixed(visible.count, &values);
  }

  std::uint64_t RowsPerRun() const override { return levels_.has_lists() ? 0 : kMaxRows; }

 private:
  // Without levels and value everything is null, which is the innermost level.
  static const std::uint16_t* AllNull(std::uint64_t count, PageScratch* scratch) {
    scratch->definition.Clear();
    scratch->definition.AppendFixed(count);
    auto* const levels = scratch->definition.values().as<std::uint16_t>();
    std::fill_n(levels, count, std::uint16_t{1});
    return levels;
  }

  Status RepeatFixed(std::uint64_t count, ValueSink* values) const {
    const std::uint64_t bits = values->shape().width_bits;
    if (bits % 8 != 0) {
      for (std::uint64_t i = 0; i < count; ++i) values->AppendBits(value_->data(), 0, 1);
      return {};
    }
    if (count == 0) return {};
    std::byte* const to = values->AppendFixed(count);
    const std::size_t width = value_->size();
    if (width == 0) return {};
    std::memcpy(to, value_->data(), width);
    // Doubling: each copy repeats all that is there.
    for (std::size_t done = width, total = width * count; done < total;) {
      const std::size_t step = std::min(done, total - done);
      std::memcpy(to + done, to, step);
      done += step;
    }
    return {};
  }

  Status RepeatString(const VisibleEntries& visible, ValueSink* values, PageScratch* scratch) const {
    const std::size_t size = value_->size();
    scratch->ends.Resize(visible.count * sizeof(std::int64_t));
    auto* const ends = scratch->ends.as<std::int64_t>();
    std::uint64_t total = 0;
    for (std::uint64_t i = 0; i < visible.count; ++i) {
      if (visible.IsValid(i)) total += size;
      ends[i] = static_cast<std::int64_t>(total);
    }
    if (!values->HasRoom(total))
      return MakeError(ErrorCode::kResourceLimit, "{} bytes of strings do not fit into one batch", total);
    std::byte* to = values->ReserveData(total);
    for (std::uint64_t done = 0; done < total; done += size) std::memcpy(to + done, value_->data(), size);
    return values->AppendEnds(ends, visible.count);
  }

  PageLevels levels_;
  PageEntries entries_;
  std::optional<std::vector<std::byte>> value_;
};

/// The value of a value buffer: strings have two Arrow buffers (offsets and data), fixed-size binary has one.
Result<std::vector<std::byte>> ParseValueBuffer(Bytes bytes, const ValueShape& shape) {
  ByteReader reader(bytes);
  std::uint32_t num_buffers = 0;
  const std::uint32_t wanted = shape.variable() ? 2 : 1;
  if (!reader.Read(&num_buffers) || num_buffers != wanted) return Corrupt("constant: {} buffers in the value", num_buffers);
  std::uint32_t sizes[2] = {};
  Bytes parts[2];
  bool ok = true;
  for (std::uint32_t i = 0; i < num_buffers; ++i) ok = ok && reader.Read(&sizes[i]);
  for (std::uint32_t i = 0; i < num_buffers; ++i) ok = ok && reader.Read(sizes[i], &parts[i]);
  if (!ok) return Corrupt("constant: the value exceeds its buffer of {} bytes", bytes.size());
  if (shape.variable() && sizes[0] != 8 && sizes[0] != 16) return Corrupt("constant: {} bytes of offsets", sizes[0]);
  const Bytes value = parts[num_buffers - 1];
  return std::vector<std::byte>(value.begin(), value.end());
}

/// The levels of one kind: raw, or in a block encoding that says how many there are.
Result<std::vector<std::uint16_t>> ReadLevels(const PageInput& input, std::size_t buffer,
                                              const std::optional<format::Encoding>& compression, std::uint64_t num_values) {
  LANCEKIT_ASSIGN(const Buffer bytes, ReadPageBuffer(input, buffer));
  std::vector<std::uint16_t> levels;
  if (!compression.has_value()) {
    levels.resize(bytes.size() / 2);
    if (!levels.empty()) std::memcpy(levels.data(), bytes.data(), levels.size() * 2);
    return levels;
  }
  // Levels cost at least a bit each in every encoding but the run-length one, whose runs hold at most 255.
  if (num_values / 256 > bytes.size() * 8) return Corrupt("constant: {} bytes for {} levels", bytes.size(), num_values);
  ValueSink sink(FixedShape(16));
  Scratch scratch;
  LANCEKIT_TRY(DecodeBlock(*compression, bytes.bytes(), num_values, &sink, &scratch));
  const auto* first = sink.values().as<std::uint16_t>();
  levels.assign(first, first + num_values);
  return levels;
}

Result<PageEntries> ReadEntries(const PageInput& input, const PageLevels& levels) {
  const format::PageLayout& layout = *input.layout;
  const std::size_t num_buffers = input.page->buffers.size();
  const std::uint64_t rows = input.page->length;
  PageEntries entries;
  if (num_buffers >= 2) {
    LANCEKIT_ASSIGN(entries.rep, ReadLevels(input, num_buffers - 2, layout.rep_compression, layout.num_rep_values));
    LANCEKIT_ASSIGN(entries.def, ReadLevels(input, num_buffers - 1, layout.def_compression, layout.num_def_values));
  }
  if (!levels.has_lists()) entries.rep.clear();
  if (levels.max_def() == 0) entries.def.clear();
  const std::uint64_t count = levels.has_lists() ? entries.rep.size() : rows;
  if (!entries.def.empty() && entries.def.size() != count) {
    return Corrupt("constant: {} definition levels for {} entries", entries.def.size(), count);
  }
  LANCEKIT_TRY(levels.Check(entries.rep.data(), nullptr, entries.rep.size()));
  LANCEKIT_TRY(levels.Check(nullptr, entries.def.data(), entries.def.size()));
  if (!levels.has_lists()) return entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (entries.rep[i] == levels.max_rep()) entries.row_starts.push_back(i);
  }
  if (entries.row_starts.size() != rows || (count != 0 && entries.rep[0] != levels.max_rep())) {
    return Corrupt("constant: {} rows start where the page has {}", entries.row_starts.size(), rows);
  }
  entries.row_starts.push_back(count);
  return entries;
}

}  // namespace

Result<std::unique_ptr<PageReader>> OpenConstantPage(const PageInput& input) {
  const format::PageLayout& layout = *input.layout;
  const std::size_t num_buffers = input.page->buffers.size();
  LANCEKIT_ASSIGN(PageLevels levels, PageLevels::Make(layout.layers, *input.leaf));
  std::optional<std::vector<std::byte>> value;
  const bool has_value = layout.has_inline_value || num_buffers == 1 || num_buffers == 3;
  if (num_buffers > 3) return Corrupt("constant: {} buffers in the page", num_buffers);
  const ValueShape& shape = input.leaf->shape;
  if (has_value && (input.leaf->is_dictionary() || !(shape.fixed() || shape.variable()))) {
    return Unsupported("constant: a value of type {}", input.leaf->type.to_string());
  }
  if (layout.has_inline_value) {
    value = layout.inline_value;
  } else if (has_value) {
    LANCEKIT_ASSIGN(const Buffer bytes, ReadPageBuffer(input, 0));
    LANCEKIT_ASSIGN(value, ParseValueBuffer(bytes.bytes(), shape));
  }
  if (has_value && shape.fixed() && value->size() != CeilDiv(shape.width_bits, 8)) {
    return Corrupt("constant: a value of {} bytes where the type has {} bits", value->size(), shape.width_bits);
  }
  LANCEKIT_ASSIGN(PageEntries entries, ReadEntries(input, levels));
  const bool holds_values = shape.kind != ValueShape::Kind::kNone;
  if (holds_values && !has_value && std::find(entries.def.begin(), entries.def.end(), 0) != entries.def.end()) {
    return Corrupt("constant: a valid entry in a page without a value");
  }
  return std::unique_ptr<PageReader>(std::make_unique<ConstantPage>(std::move(levels), std::move(entries), std::move(value)));
}

}  // namespace lancekit
