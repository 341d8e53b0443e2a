// Repetition and definition levels on the writing side.
#include <algorithm>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/kernels/bitpack.h"
#include "structural/mini_block.h"
#include "structural/page_writer.h"

namespace lancekit {
namespace {

// What the message of RLE takes more than that of bit-packing.
constexpr std::uint64_t kRleMessage = 6;

/// 0 valid, 1 null.
void LevelsOf(const std::byte* validity, std::uint64_t num_rows, std::vector<std::uint16_t>* levels) {
  levels->resize(num_rows);
  std::uint64_t i = 0;
  for (; i + 8 <= num_rows; i += 8) {
    const auto bits = ~static_cast<unsigned>(validity[i / 8]);
    for (unsigned j = 0; j < 8; ++j) (*levels)[i + j] = static_cast<std::uint16_t>(bits >> j & 1);
  }
  for (; i < num_rows; ++i) (*levels)[i] = GetBit(validity, i) ? 0 : 1;
}

format::Encoding Flat(std::uint64_t bits) {
  format::Encoding encoding;
  encoding.id = format::EncodingId::kFlat;
  encoding.bits = bits;
  return encoding;
}

}  // namespace

PageEntries EntriesOf(const PageValues& page, std::vector<std::uint16_t>* def) {
  if (page.entries != nullptr) return *page.entries;
  PageEntries entries;
  entries.count = page.num_rows;
  entries.layers = {page.validity == nullptr ? format::RepDefLayer::kAllValidItem : format::RepDefLayer::kNullableItem};
  if (page.validity == nullptr) return entries;
  LevelsOf(page.validity, page.num_rows, def);
  entries.def = *def;
  entries.max_def = entries.max_visible = 1;
  return entries;
}

LevelEncoding LevelEncoding::Choose(std::span<const std::uint16_t> levels, std::span<const std::uint64_t> chunks,
                                    std::uint16_t max, std::uint64_t max_chunk_bytes, format::FileVersion version) {
  LevelEncoding encoding;
  encoding.width_ = BitLength(max);
  std::uint64_t packed = 0;
  std::uint64_t runs = 0;
  std::uint64_t longest = 0;
  std::uint64_t first = 0;
  for (const std::uint64_t count : chunks) {
    const std::uint64_t chunk_runs = RleBlockBytes(levels.data() + first, count);
    packed += OutOfLineBitpackedBytes(count, encoding.width_, 16);
    runs += chunk_runs;
    longest = std::max(longest, chunk_runs);
    first += count;
  }
  encoding.rle_ = version != format::FileVersion::k2_1 && runs + kRleMessage < packed && longest <= max_chunk_bytes;
  encoding.num_bytes_ = encoding.rle_ ? runs : packed;
  // A single packed block: the shorter message pays for the width in front, as the reference has it.
  encoding.inline_ = !encoding.rle_ && chunks.size() == 1 && chunks[0] <= kernels::kBlockValues &&
                     packed == kernels::PackedBlockSize(encoding.width_);
  format::Encoding& message = encoding.message_;
  if (encoding.rle_) {
    message.id = format::EncodingId::kRle;
    message.children = {Flat(16), Flat(8)};
  } else if (encoding.inline_) {
    message.id = format::EncodingId::kInlineBitpacking;
    message.bits = 16;
  } else {
    message.id = format::EncodingId::kOutOfLineBitpacking;
    message.bits = 16;
    message.children = {Flat(static_cast<std::uint64_t>(encoding.width_))};
  }
  return encoding;
}

void LevelEncoding::Append(std::span<const std::uint16_t> levels, MutableBuffer* out) const {
  if (inline_) {
    std::uint16_t block[kernels::kBlockValues] = {};
    std::copy(levels.begin(), levels.end(), block);
    out->AppendLe(static_cast<std::uint16_t>(width_));
    AppendOutOfLineBitpacked(block, kernels::kBlockValues, width_, out);
    return;
  }
  rle_ ? AppendRleBlock(levels.data(), levels.size(), out) : AppendOutOfLineBitpacked(levels.data(), levels.size(), width_, out);
}

}  // namespace lancekit
