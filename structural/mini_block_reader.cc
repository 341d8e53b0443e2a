#include <algorithm>
#include <array>
#include <bit>
#include <mutex>

#include "base/checked_math.h"
#include "encodings/kernels/stats.h"
#include "structural/dictionary.h"
#include "structural/mini_block.h"
#include "structural/page_reader.h"

namespace lancekit {
namespace {

constexpr std::size_t kMaxChunkBuffers = 16;

/// Where the chunks lie: sizes and value counts as prefix sums, so that a value's chunk is found by arithmetic (equal chunks)
/// or binary search.
class ChunkTable {
 public:
  static Result<ChunkTable> Parse(Bytes words, bool large, std::uint64_t num_items, std::uint64_t data_bytes) {
    const std::size_t width = large ? 4 : 2;
    if (words.size() % width != 0) return Corrupt("{} bytes of chunk words of {} bytes", words.size(), width);
    const std::size_t count = words.size() / width;
    if (num_items > std::numeric_limits<std::uint32_t>::max()) return Unsupported("a page of {} items", num_items);
    ChunkTable table;
    table.ends_.reserve(count);
    table.first_.reserve(count + 1);
    std::uint64_t items = 0;
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t word =
          large ? LoadLe<std::uint32_t>(words.data() + 4 * i) : LoadLe<std::uint16_t>(words.data() + 2 * i);
      end += (word >> mini_block::kLogBits) + 1;
      table.first_.push_back(static_cast<std::uint32_t>(items));
      table.ends_.push_back(static_cast<std::uint32_t>(end));
      const unsigned log = word & mini_block::kLogMask;
      if (i + 1 == count) break;
      items += std::uint64_t{1} << log;
      if (log == 0 || items >= num_items) return Corrupt("chunk {} of {}: values do not add up to {}", i, count, num_items);
    }
    if (end > data_bytes / mini_block::kAlignment || end > std::numeric_limits<std::uint32_t>::max()) {
      return Corrupt("chunks of {} bytes in a buffer of {}", end * mini_block::kAlignment, data_bytes);
    }
    if (count == 0 && num_items != 0) return Corrupt("no chunks for {} items", num_items);
    if (count != 0 && num_items - items > mini_block::kMaxChunkValues)
      return Corrupt("{} values in the last chunk", num_items - items);
    table.first_.push_back(static_cast<std::uint32_t>(num_items));
    return table;
  }

  std::size_t Find(std::uint64_t item) const {
    const auto it = std::upper_bound(first_.begin(), first_.end() - 1, static_cast<std::uint32_t>(item));
    return static_cast<std::size_t>(it - first_.begin()) - 1;
  }
  std::uint64_t first(std::size_t chunk) const { return first_[chunk]; }
  std::uint64_t num_values(std::size_t chunk) const { return first_[chunk + 1] - first_[chunk]; }
  std::uint64_t start_bytes(std::size_t chunk) const { return chunk == 0 ? 0 : ends_[chunk - 1] * mini_block::kAlignment; }
  std::uint64_t end_bytes(std::size_t chunk) const { return ends_[chunk] * mini_block::kAlignment; }

 private:
  std::vector<std::uint32_t> ends_;   // in units of 8 bytes
  std::vector<std::uint32_t> first_;  // item numbers; one more entry: the number of items
};

/// The parts of one chunk.
struct ChunkParts {
  std::uint64_t num_levels = 0;
  Bytes definition;
  std::array<Bytes, kMaxChunkBuffers> values;
};

/// Bits of the values that an encoding tree decodes to; 0 when they are not numbers.
std::uint64_t ValueBits(const format::Encoding& encoding) {
  switch (encoding.id) {
    case format::EncodingId::kFlat:
    case format::EncodingId::kInlineBitpacking:
      return encoding.bits;
    default:
      return encoding.children.empty() ? 0 : ValueBits(encoding.children[0]);
  }
}

class MiniBlockPage final : public PageReader {
 public:
  static Result<std::unique_ptr<PageReader>> Open(const PageInput& input);
  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override;

 private:
  explicit MiniBlockPage(const PageInput& input)
      : source_(*input.source), leaf_(*input.leaf), data_(input.page->buffers[1]), num_buffers_(input.layout->num_buffers) {}

  Result<ChunkParts> Split(Bytes chunk) const;
  Status ReadChunk(std::size_t chunk, Bytes bytes, ValueRange range, LeafSink* sink, PageScratch* scratch) const;
  Result<const std::uint16_t*> ReadLevels(const ChunkParts& parts, std::uint64_t num_values, PageScratch* scratch) const;
  Status ReadIndices(const Chunk& chunk, ValueRange range, const std::uint16_t* levels, LeafSink* sink,
                     PageScratch* scratch) const;
  Status OpenDictionary(const PageInput& input);

  const Source& source_;
  const LeafType& leaf_;
  format::FileRange data_;
  std::uint64_t num_buffers_;
  bool large_ = false;
  bool nullable_ = false;
  std::optional<format::Encoding> definition_;
  ChunkTable chunks_;
  std::unique_ptr<ChunkDecoder> decoder_;
  std::uint64_t index_bits_ = 0;
  std::unique_ptr<Dictionary> dictionary_;
};

Result<std::unique_ptr<PageReader>> MiniBlockPage::Open(const PageInput& input) {
  const format::PageLayout& layout = *input.layout;
  if (input.page->buffers.size() < 2) return Corrupt("mini-block: {} buffers in the page", input.page->buffers.size());
  std::unique_ptr<MiniBlockPage> page(new MiniBlockPage(input));
  LANCEKIT_ASSIGN(page->nullable_, IsNullable(layout));
  if (layout.rep_compression.has_value()) return Corrupt("mini-block: a flat column has repetition levels");
  if (layout.num_items != input.page->length) {
    return Corrupt("mini-block: {} items in a page of {} rows", layout.num_items, input.page->length);
  }
  if (!layout.value_compression.has_value()) return Corrupt("mini-block: no value encoding");
  page->large_ = layout.has_large_chunk;
  page->definition_ = layout.def_compression;
  LANCEKIT_ASSIGN(const Buffer words, ReadPageBuffer(input, 0));
  LANCEKIT_ASSIGN(page->chunks_, ChunkTable::Parse(words.bytes(), page->large_, layout.num_items, page->data_.size));
  ValueShape shape = page->leaf_.shape;
  if (layout.dictionary.has_value()) {
    LANCEKIT_TRY(page->OpenDictionary(input));
    shape = FixedShape(page->index_bits_);
  } else if (page->leaf_.is_dictionary()) {
    return Unsupported("a page of type {} without a dictionary", page->leaf_.type.to_string());
  }
  LANCEKIT_ASSIGN(page->decoder_, MakeChunkDecoder(*layout.value_compression, shape));
  if (page->decoder_->num_buffers() != layout.num_buffers || layout.num_buffers > kMaxChunkBuffers) {
    return Corrupt("mini-block: {} buffers in a chunk where the encoding has {}", layout.num_buffers,
                   page->decoder_->num_buffers());
  }
  return std::unique_ptr<PageReader>(std::move(page));
}

Status MiniBlockPage::OpenDictionary(const PageInput& input) {
  const format::PageLayout& layout = *input.layout;
  index_bits_ = ValueBits(*layout.value_compression);
  if (index_bits_ != 8 && index_bits_ != 16 && index_bits_ != 32 && index_bits_ != 64) {
    return Corrupt("mini-block: dictionary indices of {} bits", index_bits_);
  }
  LANCEKIT_ASSIGN(const Buffer bytes, ReadPageBuffer(input, 2));
  Scratch scratch;
  Status status;
  auto dictionary = Dictionary::Decode(*layout.dictionary, bytes.bytes(), layout.num_dictionary_items, leaf_, &scratch);
  if (!dictionary) return At(std::move(dictionary).status(), {.offset = input.page->buffers[2].offset});
  dictionary_ = *std::move(dictionary);
  return {};
}

Result<ChunkParts> MiniBlockPage::Split(Bytes chunk) const {
  ChunkParts parts;
  ByteReader reader(chunk);
  std::uint16_t num_levels = 0;
  std::uint16_t definition_size = 0;
  std::array<std::uint32_t, kMaxChunkBuffers> sizes{};
  bool ok = reader.Read(&num_levels) && (!definition_.has_value() || reader.Read(&definition_size));
  for (std::uint64_t i = 0; ok && i < num_buffers_; ++i) {
    std::uint16_t small = 0;
    ok = large_ ? reader.Read(&sizes[i]) : reader.Read(&small);
    if (!large_) sizes[i] = small;
  }
  const auto skip_padding = [&] { return reader.Skip(AlignUp(reader.position(), mini_block::kAlignment) - reader.position()); };
  ok = ok && skip_padding();
  if (definition_.has_value()) ok = ok && reader.Read(definition_size, &parts.definition) && skip_padding();
  for (std::uint64_t i = 0; ok && i < num_buffers_; ++i) ok = reader.Read(sizes[i], &parts.values[i]) && skip_padding();
  if (!ok) return Corrupt("mini-block: the parts of a chunk exceed its {} bytes", chunk.size());
  parts.num_levels = num_levels;
  return parts;
}

Result<const std::uint16_t*> MiniBlockPage::ReadLevels(const ChunkParts& parts, std::uint64_t num_values,
                                                       PageScratch* scratch) const {
  if (!definition_.has_value() || !nullable_) return nullptr;
  if (parts.num_levels != num_values) return Corrupt("mini-block: {} levels for {} values", parts.num_levels, num_values);
  scratch->levels.Clear();
  LANCEKIT_TRY(DecodeBlock(*definition_, parts.definition, num_values, &scratch->levels, &scratch->decode));
  const auto* levels = scratch->levels.values().as<std::uint16_t>();
  const std::uint16_t max = kernels::MaxValue(levels, num_values);
  if (max > 1) return Corrupt("mini-block: definition level {} in a flat column", max);
  return levels;
}

Status MiniBlockPage::ReadIndices(const Chunk& chunk, ValueRange range, const std::uint16_t* levels, LeafSink* sink,
                                  PageScratch* scratch) const {
  const auto gather = [&]<class Index>(ValueSink& indices, Index) -> Status {
    indices.Clear();
    LANCEKIT_TRY(decoder_->Decode(chunk, range, &indices, &scratch->decode));
    return dictionary_->Gather(indices.values().as<Index>(), levels, range.count, sink, &scratch->ends);
  };
  switch (index_bits_) {
    case 8:
      return gather(scratch->indices8, std::uint8_t{});
    case 16:
      return gather(scratch->indices16, std::uint16_t{});
    case 32:
      return gather(scratch->indices32, std::uint32_t{});
    default:
      return gather(scratch->indices64, std::uint64_t{});
  }
}

Status MiniBlockPage::ReadChunk(std::size_t index, Bytes bytes, ValueRange range, LeafSink* sink, PageScratch* scratch) const {
  LANCEKIT_ASSIGN(const ChunkParts parts, Split(bytes));
  const Chunk chunk{{parts.values.data(), num_buffers_}, chunks_.num_values(index)};
  LANCEKIT_ASSIGN(const std::uint16_t* levels, ReadLevels(parts, chunk.num_values, scratch));
  if (levels != nullptr) {
    levels += range.first;
    sink->AppendLevels(levels, range.count);
  } else {
    sink->AppendValid(range.count);
  }
  if (dictionary_ != nullptr) return ReadIndices(chunk, range, levels, sink, scratch);
  return decoder_->Decode(chunk, range, &sink->values(), &scratch->decode);
}

Status MiniBlockPage::Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const {
  if (rows.count == 0) return {};
  const std::size_t first = chunks_.Find(rows.first);
  const std::size_t last = chunks_.Find(rows.first + rows.count - 1);
  const std::uint64_t start = chunks_.start_bytes(first);
  LANCEKIT_ASSIGN(const Buffer bytes, source_.Read(data_.offset + start, chunks_.end_bytes(last) - start));
  std::uint64_t row = rows.first;
  std::uint64_t left = rows.count;
  for (std::size_t i = first; i <= last; ++i) {
    const std::uint64_t skip = row - chunks_.first(i);
    const std::uint64_t count = std::min(chunks_.num_values(i) - skip, left);
    const Bytes chunk = bytes.bytes().subspan(chunks_.start_bytes(i) - start, chunks_.end_bytes(i) - chunks_.start_bytes(i));
    Status status = ReadChunk(i, chunk, {skip, count}, sink, scratch);
    if (!status.ok()) return At(std::move(status), {.offset = data_.offset + chunks_.start_bytes(i)});
    row += count;
    left -= count;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<PageReader>> OpenMiniBlockPage(const PageInput& input) { return MiniBlockPage::Open(input); }

}  // namespace lancekit
