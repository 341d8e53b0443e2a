// Constant pages on the writing side; the forms are described in constant_reader.cc.
#include "base/bitmap.h"
#include "base/checked_math.h"
#include "format/file_metadata.h"
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

/// Appends levels to a page without values: encoded where the version allows it and it is smaller.
void AppendNullLevels(std::span<const std::uint16_t> levels, std::uint16_t max, format::FileVersion version, EncodedPage* page,
                      std::optional<format::Encoding>* compression, std::uint64_t* num_levels) {
  MutableBuffer& out = page->buffers.emplace_back();
  if (levels.empty()) return;
  const std::uint64_t count = levels.size();
  const LevelEncoding encoding = LevelEncoding::Choose({.changes = LevelBits::Changes(levels),
                                                        .chunks = {&count, 1},
                                                        .max = max,
                                                        .alignment = format::kBufferAlignment,
                                                        .version = version});
  if (version == format::FileVersion::k2_1 || encoding.num_bytes() >= AlignUp(levels.size_bytes(), format::kBufferAlignment)) {
    out.Append(std::as_bytes(levels));
    return;
  }
  encoding.Append(levels, &out);
  *compression = encoding.Message();
  *num_levels = count;
}

}  // namespace

EncodedPage WriteAllNullPage(std::uint64_t num_rows) {
  EncodedPage encoded;
  encoded.num_rows = num_rows;
  encoded.layout.id = format::LayoutId::kConstant;
  encoded.layout.layers = {format::RepDefLayer::kNullableItem};
  return encoded;
}

EncodedPage WriteAllNullPage(const PageValues& page, format::FileVersion version) {
  EncodedPage encoded;
  encoded.num_rows = page.num_rows;
  format::PageLayout& layout = encoded.layout;
  layout.id = format::LayoutId::kConstant;
  const PageEntries& entries = *page.entries;
  layout.layers = entries.layers;
  AppendNullLevels(entries.rep, entries.max_rep, version, &encoded, &layout.rep_compression, &layout.num_rep_values);
  AppendNullLevels(entries.def, entries.max_def, version, &encoded, &layout.def_compression, &layout.num_def_values);
  return encoded;
}

EncodedPage WriteConstantPage(const PageValues& page, std::uint64_t row) {
  EncodedPage encoded;
  encoded.num_rows = page.num_rows;
  format::PageLayout& layout = encoded.layout;
  layout.id = format::LayoutId::kConstant;
  PooledVector<std::uint16_t> flat_def;
  const PageEntries entries = EntriesOf(page, &flat_def);
  layout.layers = entries.layers;
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
  if (!entries.rep.empty() || !entries.def.empty()) {
    // Levels are stored raw: the reference ignores a compression here.
    encoded.buffers.emplace_back().Append(std::as_bytes(entries.rep));
    encoded.buffers.emplace_back().Append(std::as_bytes(entries.def));
  }
  return encoded;
}

}  // namespace lancekit
