// Fixed-size list: the items of each list row back to back, with bitmaps for null items.
//
//   chunk of n rows: for each list level whose items can be null, outermost first, one bitmap (1 = valid) of
//          n x (items up to that level) bits; then n x (all items) values, flat
//   full-zip value: for each such level ceil(items up to that level / 8) bitmap bytes; then the items; nothing after the
//          bitmap of a level whose items are all null (child: constant without a value)
//
// Source: lance protos/encodings_v2_1.proto (FixedSizeList), rust lance-encoding physical/value.rs.
#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"

namespace lancekit {
namespace {

/// The list levels of an encoding tree, checked against the shape.
struct Levels {
  std::vector<bool> has_validity;  // per level of the shape
  std::size_t num_bitmaps = 0;
  bool all_null = false;  // the innermost encoding is a constant without a value
};

Result<Levels> ParseLevels(const format::Encoding& encoding, const ValueShape& shape) {
  Levels levels;
  const format::Encoding* node = &encoding;
  for (const std::uint64_t size : shape.list_sizes) {
    if (node->id == format::EncodingId::kConstant && levels.num_bitmaps != 0) break;
    if (node->id != format::EncodingId::kFixedSizeList || node->children.size() != 1) {
      return Corrupt("fixed-size list: {} where a list of {} items stands", format::EncodingName(node->id), size);
    }
    if (node->bits != size) return Corrupt("fixed-size list: {} items where the type has {}", node->bits, size);
    levels.has_validity.push_back(node->has_validity);
    levels.num_bitmaps += node->has_validity;
    node = &node->children[0];
  }
  levels.has_validity.resize(shape.list_sizes.size());
  if (node->id == format::EncodingId::kConstant && !node->has_value && levels.num_bitmaps != 0) {
    levels.all_null = true;
  } else if (node->id != format::EncodingId::kFlat) {
    return Unsupported("fixed-size list: items encoded as {}", format::EncodingName(node->id));
  } else if (node->bits != shape.item_bits) {
    return Corrupt("fixed-size list: items of {} bits where the type has {}", node->bits, shape.item_bits);
  }
  return levels;
}

class FixedSizeListDecoder final : public ChunkDecoder {
 public:
  FixedSizeListDecoder(Levels levels, ValueShape shape) : levels_(std::move(levels)), shape_(std::move(shape)) {}
  std::size_t num_buffers() const noexcept override { return levels_.num_bitmaps + 1; }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch*) const override {
    const Bytes data = chunk.buffers[levels_.num_bitmaps];
    LANCEKIT_TRY(CheckBits(data, chunk.num_values, shape_.width_bits));
    std::size_t buffer = 0;
    for (std::size_t level = 0; level < shape_.list_sizes.size(); ++level) {
      const std::uint64_t items = shape_.ItemsPerValue(level);
      if (!levels_.has_validity[level]) continue;
      const Bytes bitmap = chunk.buffers[buffer++];
      LANCEKIT_TRY(CheckBits(bitmap, chunk.num_values, items));
      sink->AppendItemValidity(level, bitmap.data(), range.first * items, range.count * items);
    }
    sink->AppendBits(data.data(), range.first * shape_.width_bits, range.count);
    return {};
  }

 private:
  static Status CheckBits(Bytes bytes, std::uint64_t num_values, std::uint64_t bits) {
    std::uint64_t num_bits = 0;
    if (!CheckedMul(num_values, bits, &num_bits) || bytes.size() < CeilDiv(num_bits, 8)) {
      return Corrupt("fixed-size list: {} bytes for {} values of {} bits", bytes.size(), num_values, bits);
    }
    return {};
  }

  Levels levels_;
  ValueShape shape_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.fixed() || shape.list_sizes.empty()) return Corrupt("fixed-size list: stands where no lists are stored");
  LANCEKIT_ASSIGN(Levels levels, ParseLevels(encoding, shape));
  if (levels.all_null) return Unsupported("fixed-size list: constant items in a mini-block chunk");
  return std::unique_ptr<ChunkDecoder>(std::make_unique<FixedSizeListDecoder>(std::move(levels), shape));
}

class FixedSizeListValueDecoder final : public ValueDecoder {
 public:
  FixedSizeListValueDecoder(Levels levels, ValueShape shape) : levels_(std::move(levels)), shape_(std::move(shape)) {
    for (std::size_t level = 0; level < shape_.list_sizes.size(); ++level) {
      if (levels_.has_validity[level]) stored_bytes_ += BitmapBytes(shape_.ItemsPerValue(level));
    }
    if (!levels_.all_null) stored_bytes_ += shape_.width_bits / 8;
  }
  std::uint64_t stored_bytes() const noexcept override { return stored_bytes_; }
  bool is_plain() const noexcept override { return levels_.num_bitmaps == 0; }

  Status Append(Bytes stored, ValueSink* sink, Scratch*) const override {
    const std::byte* from = stored.data();
    for (std::size_t level = 0; level < shape_.list_sizes.size(); ++level) {
      if (!levels_.has_validity[level]) continue;
      const std::uint64_t items = shape_.ItemsPerValue(level);
      sink->AppendItemValidity(level, from, 0, items);
      from += BitmapBytes(items);
    }
    if (levels_.all_null) {
      sink->AppendNulls(1);
      return {};
    }
    sink->AppendBits(from, 0, 1);
    return {};
  }

 private:
  Levels levels_;
  ValueShape shape_;
  std::uint64_t stored_bytes_ = 0;
};

Result<std::unique_ptr<ValueDecoder>> MakeValue(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.fixed() || shape.list_sizes.empty()) return Corrupt("fixed-size list: stands where no lists are stored");
  LANCEKIT_ASSIGN(Levels levels, ParseLevels(encoding, shape));
  if (shape.width_bits % 8 != 0 && !levels.all_null)
    return Unsupported("fixed-size list: {} bits in a full-zip page", shape.width_bits);
  return std::unique_ptr<ValueDecoder>(std::make_unique<FixedSizeListValueDecoder>(std::move(levels), shape));
}

class FixedSizeListEncoder final : public ChunkEncoder {
 public:
  explicit FixedSizeListEncoder(ValuesView values) : values_(std::move(values)), data_(MakeFlatEncoder(values_)) {}

  format::Encoding Describe() const override { return DescribeFixedSizeList(values_); }
  std::size_t num_buffers() const noexcept override {
    std::size_t bitmaps = 0;
    for (const std::byte* bitmap : values_.item_validity) bitmaps += bitmap != nullptr;
    return bitmaps + 1;
  }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return data_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    for (std::size_t level = 0; level < values_.item_validity.size(); ++level) {
      if (values_.item_validity[level] == nullptr) continue;
      const std::uint64_t items = values_.shape.ItemsPerValue(level);
      const std::size_t size = BitmapBytes(range.count * items);
      std::byte* const to = out->Begin(size);
      to[size - 1] = std::byte{0};
      CopyBits(values_.item_validity[level], range.first * items, to, 0, range.count * items);
      out->End(size);
    }
    data_->Encode(range, out);
  }

 private:
  ValuesView values_;
  std::unique_ptr<ChunkEncoder> data_;
};

std::string DescribeList(const format::Encoding& encoding) {
  return fmt::format("{} items{}", encoding.bits, encoding.has_validity ? ", with nulls" : "");
}

}  // namespace

format::Encoding DescribeFixedSizeList(const ValuesView& values) {
  format::Encoding node;
  node.id = format::EncodingId::kFlat;
  node.bits = values.shape.item_bits;
  for (std::size_t level = values.shape.list_sizes.size(); level-- > 0;) {
    format::Encoding list;
    list.id = format::EncodingId::kFixedSizeList;
    list.bits = values.shape.list_sizes[level];
    list.has_validity = level < values.item_validity.size() && values.item_validity[level] != nullptr;
    list.children.push_back(std::move(node));
    node = std::move(list);
  }
  return node;
}

std::unique_ptr<ChunkEncoder> MakeFixedSizeListEncoder(ValuesView values) {
  return std::make_unique<FixedSizeListEncoder>(std::move(values));
}

constinit const EncodingDef kFixedSizeList{
    .id = format::EncodingId::kFixedSizeList,
    .name = "fixed_size_list",
    .make_chunk_decoder = &MakeChunk,
    .make_value_decoder = &MakeValue,
    .describe = &DescribeList,
};

}  // namespace lancekit
