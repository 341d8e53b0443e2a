// Constant pages: all rows null, or all valid rows equal. What exists decides the form:
//
//   no value, no buffers: all null;  no value, 2 buffers (rep, def): all null with levels
//   inline value, no buffers: all equal;  inline value, 2 buffers (rep, def): equal or null
//   1 buffer (value) or 3 buffers (value, rep, def): the same with a value of any length:
//       u32 number of buffers, u32 length of each, the Arrow buffers of an array of length 1
//
// Source: lance rust lance-encoding logical/primitive.rs (ConstantLayout), protos/encodings_v2_1.proto.
#include <cstring>

#include "base/checked_math.h"
#include "structural/page_reader.h"

namespace lancekit {
namespace {

class ConstantPage final : public PageReader {
 public:
  ConstantPage(std::vector<std::byte> value, bool has_value, std::vector<std::uint16_t> levels)
      : value_(std::move(value)), has_value_(has_value), levels_(std::move(levels)) {}

  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override {
    ValueSink& values = sink->values();
    if (!has_value_) {
      sink->AppendNull(rows.count);
      values.AppendNulls(rows.count);
      return {};
    }
    if (levels_.empty()) {
      sink->AppendValid(rows.count);
    } else {
      sink->AppendLevels(levels_.data() + rows.first, rows.count);
    }
    return values.shape().variable() ? RepeatString(rows, &values, scratch) : RepeatFixed(rows.count, &values);
  }

 private:
  Status RepeatFixed(std::uint64_t count, ValueSink* values) const {
    const std::uint64_t bits = values->shape().width_bits;
    if (bits % 8 != 0) {
      for (std::uint64_t i = 0; i < count; ++i) values->AppendBits(value_.data(), 0, 1);
      return {};
    }
    if (count == 0) return {};
    std::byte* const to = values->AppendFixed(count);
    const std::size_t width = value_.size();
    if (width == 0) return {};
    std::memcpy(to, value_.data(), width);
    // Doubling: each copy repeats all that is there.
    for (std::size_t done = width, total = width * count; done < total;) {
      const std::size_t step = std::min(done, total - done);
      std::memcpy(to + done, to, step);
      done += step;
    }
    return {};
  }

  Status RepeatString(ValueRange rows, ValueSink* values, PageScratch* scratch) const {
    scratch->ends.Resize(rows.count * sizeof(std::int64_t));
    auto* const ends = scratch->ends.as<std::int64_t>();
    std::uint64_t total = 0;
    for (std::uint64_t i = 0; i < rows.count; ++i) {
      if (levels_.empty() || levels_[rows.first + i] == 0) total += value_.size();
      ends[i] = static_cast<std::int64_t>(total);
    }
    if (!values->HasRoom(total))
      return MakeError(ErrorCode::kResourceLimit, "{} bytes of strings do not fit into one batch", total);
    std::byte* to = values->ReserveData(total);
    for (std::uint64_t done = 0; done < total; done += value_.size()) std::memcpy(to + done, value_.data(), value_.size());
    return values->AppendEnds(ends, rows.count);
  }

  std::vector<std::byte> value_;
  bool has_value_;
  std::vector<std::uint16_t> levels_;
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

Result<std::vector<std::uint16_t>> ReadLevels(const PageInput& input, std::size_t buffer) {
  const format::PageLayout& layout = *input.layout;
  LANCEKIT_ASSIGN(const Buffer bytes, ReadPageBuffer(input, buffer));
  const std::uint64_t rows = input.page->length;
  if (bytes.empty() && layout.num_def_values == 0) return std::vector<std::uint16_t>();
  ValueSink levels(FixedShape(16));
  Scratch scratch;
  if (layout.def_compression.has_value()) {
    if (layout.num_def_values != rows) return Corrupt("constant: {} levels for {} rows", layout.num_def_values, rows);
    // Levels cost at least a bit each in every encoding but the run-length one, whose runs hold at most 255.
    if (rows / 256 > bytes.size() * 8) return Corrupt("constant: {} bytes of levels for {} rows", bytes.size(), rows);
    LANCEKIT_TRY(DecodeBlock(*layout.def_compression, bytes.bytes(), rows, &levels, &scratch));
  } else {
    if (bytes.size() / 2 != rows) return Corrupt("constant: {} bytes of levels for {} rows", bytes.size(), rows);
    levels.AppendBits(bytes.data(), 0, rows);
  }
  const auto* first = levels.values().as<std::uint16_t>();
  return std::vector<std::uint16_t>(first, first + rows);
}

}  // namespace

Result<std::unique_ptr<PageReader>> OpenConstantPage(const PageInput& input) {
  const format::PageLayout& layout = *input.layout;
  const std::size_t num_buffers = input.page->buffers.size();
  LANCEKIT_ASSIGN(const bool nullable, IsNullable(layout));
  std::vector<std::byte> value;
  const bool has_value = layout.has_inline_value || num_buffers == 1 || num_buffers == 3;
  if (num_buffers > 3) return Corrupt("constant: {} buffers in the page", num_buffers);
  if (has_value && (input.leaf->is_dictionary() || input.leaf->shape.kind == ValueShape::Kind::kNone)) {
    return Unsupported("constant: a value of type {}", input.leaf->type.to_string());
  }
  if (layout.has_inline_value) {
    value = layout.inline_value;
  } else if (has_value) {
    LANCEKIT_ASSIGN(const Buffer bytes, ReadPageBuffer(input, 0));
    LANCEKIT_ASSIGN(value, ParseValueBuffer(bytes.bytes(), input.leaf->shape));
  }
  const ValueShape& shape = input.leaf->shape;
  if (has_value && shape.fixed() && value.size() != CeilDiv(shape.width_bits, 8)) {
    return Corrupt("constant: a value of {} bytes where the type has {} bits", value.size(), shape.width_bits);
  }
  std::vector<std::uint16_t> levels;
  if (num_buffers >= 2 && has_value && nullable) {
    LANCEKIT_ASSIGN(levels, ReadLevels(input, num_buffers - 1));
  }
  if (!levels.empty() && levels.size() != input.page->length) {
    return Corrupt("constant: {} levels for {} rows", levels.size(), input.page->length);
  }
  return std::unique_ptr<PageReader>(std::make_unique<ConstantPage>(std::move(value), has_value, std::move(levels)));
}

}  // namespace lancekit
