// Constant pages on the writing side; the forms are described in constant_reader.cc.
#include "base/bitmap.h"
#include "base/checked_math.h"
#include "structural/page_writer.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kMaxInlineBytes = 32;

/// u32 number of buffers, u32 length of each, the buffers.
MutableBuffer ValueBuffer(std::span<const Bytes> buffers) {
  MutableBuffer out;
  out.AppendLe(static_cast<std::uint32_t>(buffers.size()));
  for (const Bytes buffer : buffers) out.AppendLe(static_cast<std::uint32_t>(buffer.size()));
  for (const Bytes buffer : buffers) out.Append(buffer);
  return out;
}

MutableBuffer StringBuffer(const ValuesView& values, std::uint64_t row) {
  const std::uint64_t start = values.Offset(row);
  const std::uint64_t size = values.Offset(row + 1) - start;
  MutableBuffer offsets;
  if (values.shape.large_offsets) {
    offsets.AppendLe<std::int64_t>(0);
    offsets.AppendLe(static_cast<std::int64_t>(size));
  } else {
    offsets.AppendLe<std::int32_t>(0);
    offsets.AppendLe(static_cast<std::int32_t>(size));
  }
  const Bytes parts[] = {offsets.bytes(), Bytes(values.data + start, size)};
  return ValueBuffer(parts);
}

}  // namespace

EncodedPage WriteAllNullPage(std::uint64_t num_rows) {
  EncodedPage encoded;
  encoded.num_rows = num_rows;
  encoded.layout.id = format::LayoutId::kConstant;
  encoded.layout.layers = {format::RepDefLayer::kNullableItem};
  return encoded;
}

EncodedPage WriteConstantPage(const PageValues& page, std::uint64_t row) {
  EncodedPage encoded;
  encoded.num_rows = page.num_rows;
  format::PageLayout& layout = encoded.layout;
  layout.id = format::LayoutId::kConstant;
  layout.layers = {page.validity == nullptr ? format::RepDefLayer::kAllValidItem : format::RepDefLayer::kNullableItem};
  const ValuesView& values = page.values;
  if (values.shape.variable()) {
    encoded.buffers.push_back(StringBuffer(values, row));
  } else {
    const std::uint64_t bits = values.shape.width_bits;
    std::vector<std::byte> value(CeilDiv(bits, 8));
    CopyBits(values.values, row * bits, value.data(), 0, bits);
    if (value.size() <= kMaxInlineBytes) {
      layout.has_inline_value = true;
      layout.inline_value = std::move(value);
    } else {
      const Bytes parts[] = {Bytes(value)};
      encoded.buffers.push_back(ValueBuffer(parts));
    }
  }
  if (page.validity != nullptr) {
    // Levels are stored raw: the reference ignores a compression here.
    const std::vector<std::uint16_t> levels = LevelsOf(page.validity, page.num_rows);
    encoded.buffers.emplace_back();
    encoded.buffers.emplace_back();
    encoded.buffers.back().Append(std::as_bytes(std::span(levels)));
  }
  return encoded;
}

}  // namespace lancekit
