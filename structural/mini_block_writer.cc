#include <cstring>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "structural/mini_block.h"
#include "structural/page_writer.h"

namespace lancekit {
namespace {

void Pad(MutableBuffer* out) {
  out->AppendFill(AlignUp(out->size(), mini_block::kAlignment) - out->size(), mini_block::kPadding);
}

/// Appends the buffers of a chunk to the page's chunk data.
class PageChunkWriter final : public ChunkWriter {
 public:
  explicit PageChunkWriter(MutableBuffer* data) : data_(data) {}
  std::byte* Begin(std::size_t capacity) override {
    start_ = data_->size();
    data_->Resize(start_ + capacity);
    return data_->data() + start_;
  }
  void End(std::size_t size) override {
    data_->Resize(start_ + size);
    sizes_.push_back(size);
    Pad(data_);
  }
  std::vector<std::size_t>& sizes() { return sizes_; }

 private:
  MutableBuffer* data_;
  std::size_t start_ = 0;
  std::vector<std::size_t> sizes_;
};

/// One of the block encodings for definition levels of one bit.
struct LevelEncoding {
  format::Encoding message;
  bool rle = false;
  void Append(const std::uint16_t* levels, std::uint64_t count, MutableBuffer* out) const {
    rle ? AppendRleBlock(levels, count, out) : AppendOutOfLineBitpacked(levels, count, 1, out);
  }
};

/// The smaller of RLE (2.2) and bit-packing over all chunks.
LevelEncoding ChooseLevels(const std::vector<std::uint16_t>& levels, std::span<const std::uint64_t> chunks,
                           format::FileVersion version) {
  std::uint64_t packed = 0;
  std::uint64_t runs = 0;
  std::uint64_t first = 0;
  for (const std::uint64_t count : chunks) {
    packed += OutOfLineBitpackedBytes(count, 1, 16);
    runs += RleBlockBytes(levels.data() + first, count);
    first += count;
  }
  LevelEncoding encoding;
  encoding.rle = version != format::FileVersion::k2_1 && runs < packed;
  format::Encoding& message = encoding.message;
  if (encoding.rle) {
    message.id = format::EncodingId::kRle;
    message.children.resize(2);
    message.children[0].bits = 16;
    message.children[1].bits = 8;
    message.children[1].id = format::EncodingId::kFlat;
  } else {
    message.id = format::EncodingId::kOutOfLineBitpacking;
    message.bits = 16;
    message.children.resize(1);
    message.children[0].bits = 1;
  }
  message.children[0].id = format::EncodingId::kFlat;
  return encoding;
}

/// Sizes of all chunks, in values.
std::vector<std::uint64_t> PlanChunks(const ChunkEncoder& encoder, std::uint64_t num_values) {
  std::vector<std::uint64_t> chunks;
  for (std::uint64_t first = 0; first < num_values;) {
    chunks.push_back(encoder.ChunkSize(first));
    first += chunks.back();
  }
  return chunks;
}

class MiniBlockWriter {
 public:
  MiniBlockWriter(const ChunkEncoder& encoder, const std::vector<std::uint16_t>& levels, const LevelEncoding* level_encoding,
                  bool large)
      : encoder_(encoder), levels_(levels), level_encoding_(level_encoding), large_(large) {}

  void WriteChunk(ValueRange range, bool last) {
    const std::size_t start = data_.size();
    const std::size_t header_bytes = 2 + (level_encoding_ != nullptr ? 2 : 0) + (large_ ? 4 : 2) * encoder_.num_buffers();
    data_.AppendFill(AlignUp(header_bytes, mini_block::kAlignment), mini_block::kPadding);
    std::size_t level_bytes = 0;
    if (level_encoding_ != nullptr) {
      const std::size_t at = data_.size();
      level_encoding_->Append(levels_.data() + range.first, range.count, &data_);
      level_bytes = data_.size() - at;
      Pad(&data_);
    }
    PageChunkWriter writer(&data_);
    encoder_.Encode(range, &writer);
    std::byte* header = data_.data() + start;
    const auto put = [&](std::size_t value, bool wide) {
      wide ? StoreLe(header, static_cast<std::uint32_t>(value)) : StoreLe(header, static_cast<std::uint16_t>(value));
      header += wide ? 4 : 2;
    };
    put(level_encoding_ != nullptr ? range.count : 0, false);
    if (level_encoding_ != nullptr) put(level_bytes, false);
    for (const std::size_t size : writer.sizes()) put(size, large_);
    const std::uint64_t log = last ? 0 : static_cast<std::uint64_t>(BitLength(range.count)) - 1;
    const std::uint64_t eighths = (data_.size() - start) / mini_block::kAlignment;
    const std::uint64_t word = (eighths - 1) << mini_block::kLogBits | log;
    large_ ? words_.AppendLe(static_cast<std::uint32_t>(word)) : words_.AppendLe(static_cast<std::uint16_t>(word));
  }

  MutableBuffer data_;
  MutableBuffer words_;

 private:
  const ChunkEncoder& encoder_;
  const std::vector<std::uint16_t>& levels_;
  const LevelEncoding* level_encoding_;
  bool large_;
};

}  // namespace

std::vector<std::uint16_t> LevelsOf(const std::byte* validity, std::uint64_t num_rows) {
  std::vector<std::uint16_t> levels;
  if (validity == nullptr) return levels;
  levels.resize(num_rows);
  std::uint64_t i = 0;
  for (; i + 8 <= num_rows; i += 8) {
    const auto bits = ~static_cast<unsigned>(validity[i / 8]);
    for (unsigned j = 0; j < 8; ++j) levels[i + j] = static_cast<std::uint16_t>(bits >> j & 1);
  }
  for (; i < num_rows; ++i) levels[i] = GetBit(validity, i) ? 0 : 1;
  return levels;
}

EncodedPage WriteMiniBlockPage(const PageValues& page, const ChunkEncoder& encoder, std::optional<EncodedDictionary> dictionary,
                               format::FileVersion version) {
  const std::vector<std::uint16_t> levels = LevelsOf(page.validity, page.num_rows);
  const std::vector<std::uint64_t> chunks = PlanChunks(encoder, page.num_rows);
  EncodedPage encoded;
  encoded.num_rows = page.num_rows;
  format::PageLayout& layout = encoded.layout;
  layout.id = format::LayoutId::kMiniBlock;
  layout.layers = {levels.empty() ? format::RepDefLayer::kAllValidItem : format::RepDefLayer::kNullableItem};
  layout.num_buffers = encoder.num_buffers();
  layout.num_items = page.num_rows;
  layout.value_compression = encoder.Describe();
  // The reference refuses 2.2 pages without large chunks, and 2.1 does not know them.
  layout.has_large_chunk = version != format::FileVersion::k2_1;
  LevelEncoding level_encoding;
  if (!levels.empty()) {
    level_encoding = ChooseLevels(levels, chunks, version);
    layout.def_compression = level_encoding.message;
  }
  MiniBlockWriter writer(encoder, levels, levels.empty() ? nullptr : &level_encoding, layout.has_large_chunk);
  std::uint64_t first = 0;
  for (const std::uint64_t count : chunks) {
    writer.WriteChunk({first, count}, first + count == page.num_rows);
    first += count;
  }
  encoded.buffers.push_back(std::move(writer.words_));
  encoded.buffers.push_back(std::move(writer.data_));
  if (dictionary.has_value()) {
    layout.dictionary = std::move(dictionary->encoding);
    layout.num_dictionary_items = dictionary->num_items;
    encoded.buffers.push_back(std::move(dictionary->bytes));
  }
  return encoded;
}

}  // namespace lancekit
