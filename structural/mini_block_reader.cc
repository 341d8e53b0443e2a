#include <algorithm>
#include <array>
#include <mutex>

#include "base/checked_math.h"
#include "encodings/kernels/bitmasks.h"
#include "structural/chunk_table.h"
#include "structural/dictionary.h"
#include "structural/mini_block.h"
#include "structural/page_reader.h"
#include "structural/row_starts.h"

namespace lancekit {
namespace {

constexpr std::size_t kMaxChunkBuffers = 16;
constexpr std::size_t kMaxScatteredBuffers = 4;
constexpr std::size_t kDataBuffer = 1;

/// The parts of one chunk.
struct ChunkParts {
  std::uint64_t num_levels = 0;
  Bytes repetition;
  Bytes definition;
  std::array<Bytes, kMaxChunkBuffers> values;
};

/// The levels of entries; nullptr where the page has none.
struct EntryLevels {
  const std::uint16_t* rep = nullptr;
  const std::uint16_t* def = nullptr;
};

/// The decoded levels of one chunk.
struct ChunkLevels {
  const std::uint16_t* rep = nullptr;
  const std::uint16_t* def = nullptr;
  std::uint64_t count = 0;

  EntryLevels At(std::uint64_t entry) const {
    return {rep == nullptr ? nullptr : rep + entry, def == nullptr ? nullptr : def + entry};
  }
};

/// Bits of the values that an encoding tree decodes to; 0 when they are not numbers.
std::uint64_t ValueBits(const format::Encoding& encoding) {
  switch (encoding.id) {
    case format::EncodingId::kFlat:
    case format::EncodingId::kInlineBitpacking:
    case format::EncodingId::kFrame:
      return encoding.bits;
    case format::EncodingId::kNarrow:
      return encoding.table.size() * 8;
    default:
      return encoding.children.empty() ? 0 : ValueBits(encoding.children[0]);
  }
}

/// Asks the processor for the first `most` of these bytes: those of levels, where only single values may be wanted, or of a whole
/// chunk, for in a mapped file it foresees no more than the same memory page.
constexpr std::size_t kFirstLines = 384, kWholeChunk = 16384;
void PrefetchBytes(Bytes bytes, std::size_t most) {
  constexpr std::size_t kLine = 64;
  for (std::size_t at = 0; at < std::min(bytes.size(), most); at += kLine) __builtin_prefetch(bytes.data() + at);
}

Error LevelCountError(std::uint64_t num_levels, std::uint64_t num_values) {
  return Corrupt("mini-block: {} levels for {} values", num_levels, num_values);
}

class MiniBlockPage final : public PageReader {
 public:
  static Result<std::unique_ptr<PageReader>> Open(const PageInput& input);
  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override {
    return rows.count == 0 ? Status() : ReadRanges({&rows, 1}, sink, scratch);
  }
  Status ReadRanges(std::span<const ValueRange> rows, LeafSink* sink, PageScratch* scratch) const override;
  void AddReads(std::span<const ValueRange> rows, std::vector<FileRange>* reads) const override {
    for (const ValueRange& range : rows) {
      const ChunkRun run = ChunksOf(range);
      const std::uint64_t start = chunks_.start_bytes(run.first);
      reads->push_back({data_.offset + start, chunks_.start_bytes(run.first + run.count) - start});
    }
  }
  std::optional<std::size_t> data_buffer() const override { return kDataBuffer; }
  std::uint64_t NumDictionaryItems() const override {
    return dictionary_ == nullptr || index_bits_ > 32 ? 0 : dictionary_->num_items();
  }
  // A run takes a value and a byte for its length; what else the chunks hold makes runs seem shorter.
  std::uint64_t RowsPerRun() const override {
    if (!decoder_->has_runs() || levels_.has_lists()) return 0;
    const std::uint64_t bits = dictionary_ == nullptr ? leaf_.shape.width_bits : index_bits_;
    return chunks_.num_items() * (bits / 8 + 1) / std::max<std::uint64_t>(1, data_.size);
  }

 private:
  /// Chunks of the page.
  using ChunkRun = ValueRange;

  explicit MiniBlockPage(const PageInput& input)
      : source_(*input.source),
        leaf_(*input.leaf),
        data_(input.page->buffers[kDataBuffer]),
        num_buffers_(input.layout->num_buffers) {}

  Status OpenIndex(const PageInput& input);
  Status Split(Bytes chunk, ChunkParts* parts) const;
  ChunkRun ChunksOf(ValueRange rows) const;
  void Prefetch(std::size_t chunk) const;
  Status ReadChunks(ChunkRun all, std::span<const ValueRange> rows, std::span<const ChunkRun> runs, LeafSink* sink,
                    PageScratch* scratch) const;
  Status ReadChunk(std::size_t chunk, Bytes bytes, std::span<const ValueRange> rows, LeafSink* sink, PageScratch* scratch) const;
  Result<ChunkLevels> ReadLevels(const ChunkParts& parts, std::uint64_t num_values, PageScratch* scratch) const;
  Status FindEntries(std::size_t chunk, const ChunkLevels& levels, std::span<const ValueRange> rows, ValueRange* entries) const;
  std::span<const ValueRange> ValuesOf(std::span<const ValueRange> entries, const ChunkLevels& levels, std::uint64_t num_values,
                                       ValueRange* to) const;
  Status AppendLevels(const ChunkLevels& levels, std::span<const ValueRange> entries, LeafSink* sink, PageScratch* scratch) const;
  Status AppendIndexed(const Chunk& chunk, const ChunkLevels& levels, std::span<const ValueRange> entries,
                       std::span<const ValueRange> values, LeafSink* sink, PageScratch* scratch) const;
  Status OpenDictionary(const PageInput& input);
  bool IsScattered(std::span<const ValueRange> rows, const LeafSink& sink, const PageScratch& scratch) const;
  Status ReadScattered(std::span<const ValueRange> rows, LeafSink* sink, PageScratch* scratch) const;
  format::FileRange RangeOf(std::size_t chunk) const {
    const std::uint64_t start = chunks_.start_bytes(chunk);
    return {data_.offset + start, chunks_.end_bytes(chunk) - start};
  }
  /// Calls body(the sink of dictionary indices, an index of their type).
  template <class Body>
  Status WithIndices(PageScratch* scratch, Body body) const {
    ValueSink& indices = *scratch->Indices(index_bits_);
    switch (index_bits_) {
      case 8:
        return body(indices, std::uint8_t{});
      case 16:
        return body(indices, std::uint16_t{});
      case 32:
        return body(indices, std::uint32_t{});
      default:
        return body(indices, std::uint64_t{});
    }
  }

  const Source& source_;
  const LeafType& leaf_;
  format::FileRange data_;
  std::uint64_t num_buffers_;
  bool large_ = false;
  PageLevels levels_;
  std::optional<format::Encoding> repetition_;
  std::optional<format::Encoding> definition_;
  ChunkTable chunks_;
  std::optional<RowIndex> row_index_;  // with lists; without, rows are values
  std::unique_ptr<ChunkDecoder> decoder_;
  std::uint64_t index_bits_ = 0;
  std::unique_ptr<Dictionary> dictionary_;
};

Result<std::unique_ptr<PageReader>> MiniBlockPage::Open(const PageInput& input) {
  const format::PageLayout& layout = *input.layout;
  if (input.page->buffers.size() < 2) return Corrupt("mini-block: {} buffers in the page", input.page->buffers.size());
  std::unique_ptr<MiniBlockPage> page(new MiniBlockPage(input));
  LANCEKIT_ASSIGN(page->levels_, PageLevels::Make(layout.layers, *input.leaf));
  if (layout.rep_compression.has_value() != page->levels_.has_lists()) {
    return Corrupt("mini-block: repetition levels do not fit the layers");
  }
  if (!layout.def_compression.has_value() && page->levels_.max_def() != 0) return Corrupt("mini-block: no definition levels");
  if (!page->levels_.has_lists() && layout.num_items != input.page->length) {
    return Corrupt("mini-block: {} items in a page of {} rows", layout.num_items, input.page->length);
  }
  if (!layout.value_compression.has_value()) return Corrupt("mini-block: no value encoding");
  page->large_ = layout.has_large_chunk;
  page->repetition_ = layout.rep_compression;
  page->definition_ = layout.def_compression;
  LANCEKIT_ASSIGN(const Buffer words, ReadPageBuffer(input, 0));
  LANCEKIT_ASSIGN(page->chunks_, ChunkTable::Parse(words, page->large_, layout.num_items, page->data_.size));
  if (page->levels_.has_lists()) LANCEKIT_TRY(page->OpenIndex(input));
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

Status MiniBlockPage::OpenIndex(const PageInput& input) {
  const std::size_t buffer = input.layout->dictionary.has_value() ? 3 : 2;
  if (input.layout->repetition_index_depth != 1) {
    return Unsupported("mini-block: a repetition index of depth {}", input.layout->repetition_index_depth);
  }
  LANCEKIT_ASSIGN(const Buffer bytes, ReadPageBuffer(input, buffer));
  auto index = RowIndex::Parse(bytes.bytes(), chunks_.size(), input.page->length);
  if (!index) return At(std::move(index).status(), {.offset = input.page->buffers[buffer].offset});
  row_index_ = *std::move(index);
  return {};
}

Status MiniBlockPage::Split(Bytes chunk, ChunkParts* parts) const {
  ByteReader reader(chunk);
  std::uint16_t num_levels = 0;
  std::uint16_t repetition_size = 0;
  std::uint16_t definition_size = 0;
  std::array<std::uint32_t, kMaxChunkBuffers> sizes;
  bool ok = reader.Read(&num_levels) && (!repetition_.has_value() || reader.Read(&repetition_size)) &&
            (!definition_.has_value() || reader.Read(&definition_size));
  for (std::uint64_t i = 0; ok && i < num_buffers_; ++i) {
    std::uint16_t small = 0;
    ok = large_ ? reader.Read(&sizes[i]) : reader.Read(&small);
    if (!large_) sizes[i] = small;
  }
  const auto skip_padding = [&] { return reader.Skip(AlignUp(reader.position(), mini_block::kAlignment) - reader.position()); };
  ok = ok && skip_padding();
  if (repetition_.has_value()) ok = ok && reader.Read(repetition_size, &parts->repetition) && skip_padding();
  if (definition_.has_value()) ok = ok && reader.Read(definition_size, &parts->definition) && skip_padding();
  for (std::uint64_t i = 0; ok && i < num_buffers_; ++i) ok = reader.Read(sizes[i], &parts->values[i]) && skip_padding();
  if (!ok) return Corrupt("mini-block: the parts of a chunk exceed its {} bytes", chunk.size());
  parts->num_levels = num_levels;
  return {};
}

Result<ChunkLevels> MiniBlockPage::ReadLevels(const ChunkParts& parts, std::uint64_t num_values, PageScratch* scratch) const {
  const bool has_def = definition_.has_value() && levels_.max_def() != 0;
  if (!repetition_.has_value() && !has_def) return ChunkLevels{nullptr, nullptr, num_values};
  ChunkLevels levels{nullptr, nullptr, parts.num_levels};
  if (!levels_.has_lists() && levels.count != num_values) {
    return LevelCountError(levels.count, num_values);
  }
  if (repetition_.has_value()) {
    scratch->repetition.Clear();
    LANCEKIT_TRY(DecodeBlock(*repetition_, parts.repetition, levels.count, &scratch->repetition, &scratch->decode));
    levels.rep = scratch->repetition.values().as<std::uint16_t>();
  }
  if (has_def) {
    scratch->definition.Clear();
    LANCEKIT_TRY(DecodeBlock(*definition_, parts.definition, levels.count, &scratch->definition, &scratch->decode));
    levels.def = scratch->definition.values().as<std::uint16_t>();
  }
  LANCEKIT_TRY(levels_.Check(levels.rep, levels.def, levels.count));
  if (levels_.CountVisible(levels.def, levels.count) != num_values) {
    return Corrupt("mini-block: the {} levels of a chunk do not make {} values", levels.count, num_values);
  }
  return levels;
}

// The entries of the chunk that belong to each range of rows of the page; every range has rows in the chunk.
Status MiniBlockPage::FindEntries(std::size_t chunk, const ChunkLevels& levels, std::span<const ValueRange> rows,
                                  ValueRange* entries) const {
  if (!row_index_.has_value()) {
    const std::uint64_t first = chunks_.first(chunk);
    const std::uint64_t end = chunks_.first(chunk + 1);
    for (const ValueRange& range : rows) {
      const std::uint64_t from = std::max(range.first, first);
      *entries++ = {from - first, std::min(range.first + range.count, end) - from};
    }
    return {};
  }
  const std::uint64_t before = row_index_->before(chunk);
  RowStarts starts(levels.rep, levels.count, levels_.max_rep(), before);
  for (const ValueRange& range : rows) {
    const std::uint64_t first = range.first < before ? 0 : starts.Find(range.first);
    *entries++ = {first, starts.Find(range.first + range.count) - first};
  }
  const std::uint64_t end = starts.CountAll();
  const bool starts_inside = chunk == 0 && levels.count != 0 && levels.rep[0] != levels_.max_rep();
  if (end != row_index_->before(chunk + 1) || starts_inside) {
    return Corrupt("mini-block: {} rows start in a chunk where the repetition index says {}", end - before,
                   row_index_->before(chunk + 1) - before);
  }
  return {};
}

/// A bit for each run: that it has a valid value, so that what it holds must be one; the entries are those of the runs.
std::vector<std::uint64_t> RunValidity(const ChunkLevels& levels, std::span<const ValueRange> entries,
                                       std::span<const std::uint64_t> run_lengths) {
  std::vector<std::uint64_t> found(kernels::MaskWords(run_lengths.size()));
  std::size_t run = 0;
  std::uint64_t left = run_lengths.empty() ? 0 : run_lengths[0];
  for (const ValueRange& range : entries) {
    for (std::uint64_t i = range.first; i < range.first + range.count; ++i, --left) {
      if (left == 0) left = run_lengths[++run];  // no run is empty
      if (levels.def[i] == 0) found[run / 64] |= std::uint64_t{1} << (run % 64);
    }
  }
  return found;
}

Status MiniBlockPage::AppendIndexed(const Chunk& chunk, const ChunkLevels& levels, std::span<const ValueRange> entries,
                                    std::span<const ValueRange> values, LeafSink* sink, PageScratch* scratch) const {
  return WithIndices(scratch, [&]<class Index>(ValueSink& indices, Index) -> Status {
    indices.Clear();
    if (sink->run_lengths() != nullptr) {
      std::vector<std::uint64_t>& lengths = *sink->run_lengths();
      const std::size_t first = lengths.size();
      LANCEKIT_TRY(decoder_->DecodeRuns(chunk, values, &indices, &lengths, &scratch->decode));
      LANCEKIT_TRY(AppendLevels(levels, entries, sink, scratch));
      std::vector<std::uint64_t> validity;
      if (levels.def != nullptr) validity = RunValidity(levels, entries, std::span(lengths).subspan(first));
      return dictionary_->Gather(indices.values().as<Index>(), validity.empty() ? nullptr : validity.data(), indices.length(),
                                 sink);
    }
    if (!values.empty()) LANCEKIT_TRY(decoder_->DecodeRanges(chunk, values, &indices, &scratch->decode));
    Index* next = indices.values().as<Index>();
    for (const ValueRange& range : entries) {
      const EntryLevels part = levels.At(range.first);
      LANCEKIT_ASSIGN(const VisibleEntries visible,
                      AppendEntries(levels_, part.rep, part.def, range.count, sink, &scratch->visible));
      if (visible.count != 0) LANCEKIT_TRY(dictionary_->Gather(next, visible.validity, visible.count, sink));
      next += visible.count;
    }
    return {};
  });
}

Status MiniBlockPage::AppendLevels(const ChunkLevels& levels, std::span<const ValueRange> entries, LeafSink* sink,
                                   PageScratch* scratch) const {
  for (const ValueRange& range : entries) {
    const EntryLevels part = levels.At(range.first);
    LANCEKIT_TRY(AppendEntries(levels_, part.rep, part.def, range.count, sink, &scratch->visible).status());
  }
  return {};
}

Status MiniBlockPage::ReadChunk(std::size_t index, Bytes bytes, std::span<const ValueRange> rows, LeafSink* sink,
                                PageScratch* scratch) const {
  ChunkParts parts;
  LANCEKIT_TRY(Split(bytes, &parts));
  const Chunk chunk{{parts.values.data(), num_buffers_}, chunks_.num_values(index)};
  LANCEKIT_ASSIGN(const ChunkLevels levels, ReadLevels(parts, chunk.num_values, scratch));
  ValueRange alone[2];
  if (rows.size() > 1) scratch->chunk_parts.resize(2 * rows.size());
  const std::span<ValueRange> entries(rows.size() > 1 ? scratch->chunk_parts.data() : alone, rows.size());
  LANCEKIT_TRY(FindEntries(index, levels, rows, entries.data()));
  // The values of these entries; there may be none.
  std::span<const ValueRange> values = entries;
  // Without levels it only counts how many entries there are.
  ValueRange joined{};
  std::span<const ValueRange> for_levels{&joined, 1};
  if (levels.rep == nullptr && levels.def == nullptr) {
    joined.count = CountRows(entries);
  } else {
    values = ValuesOf(entries, levels, chunk.num_values, entries.data() + entries.size());
    for_levels = entries;
  }
  if (dictionary_ != nullptr) return AppendIndexed(chunk, levels, for_levels, values, sink, scratch);
  LANCEKIT_TRY(AppendLevels(levels, for_levels, sink, scratch));
  if (values.empty()) return {};
  if (sink->run_lengths() != nullptr)
    return decoder_->DecodeRuns(chunk, values, &sink->values(), sink->run_lengths(), &scratch->decode);
  if (values.size() == 1) return decoder_->Decode(chunk, values[0], &sink->values(), &scratch->decode);
  return decoder_->DecodeRanges(chunk, values, &sink->values(), &scratch->decode);
}

/// The values of entries of a chunk, at `to`; ranges without any are left out.
std::span<const ValueRange> MiniBlockPage::ValuesOf(std::span<const ValueRange> entries, const ChunkLevels& levels,
                                                    std::uint64_t num_values, ValueRange* to) const {
  ValueRange* end = to;
  std::uint64_t entry = 0;
  std::uint64_t value = 0;
  for (const ValueRange& range : entries) {
    value += levels_.CountVisible(levels.At(entry).def, range.first - entry);
    const std::uint64_t count =
        range.count == levels.count ? num_values : levels_.CountVisible(levels.At(range.first).def, range.count);
    if (count != 0) *end++ = {value, count};
    entry = range.first + range.count;
    value += count;
  }
  return {to, end};
}

// Single values, not below lists, of a file in memory.
bool MiniBlockPage::IsScattered(std::span<const ValueRange> rows, const LeafSink& sink, const PageScratch& scratch) const {
  if (repetition_.has_value() || scratch.check != nullptr || sink.collects() || source_.mapped_bytes() == nullptr) return false;
  // Where chunks hold many of the rows each, they had better be decoded for all of them at once.
  constexpr std::size_t kMostRowsPerChunk = 2;
  const std::size_t chunks = chunks_.Find(rows.back().first) - chunks_.Find(rows.front().first) + 1;
  return num_buffers_ <= kMaxScatteredBuffers && rows.size() <= kMostRowsPerChunk * chunks &&
         std::ranges::all_of(rows, [](const ValueRange& range) { return range.count == 1; });
}

// Rows here and there: what takes time is waiting for memory, so that of many values is asked for before the first is decoded.
Status MiniBlockPage::ReadScattered(std::span<const ValueRange> rows, LeafSink* sink, PageScratch* scratch) const {
  struct Part {
    std::size_t chunk = 0;
    std::array<Bytes, kMaxScatteredBuffers> buffers;
    Bytes definition;
    std::uint64_t num_values = 0;
    std::size_t first = 0;  // of its values, among those of the group
    std::size_t count = 0;
  };
  constexpr std::size_t kGroup = 32;
  std::array<Part, kGroup> parts;
  std::array<ValueRange, kGroup> values;
  const std::byte* const file = source_.mapped_bytes();
  ValueSink* const indices = dictionary_ == nullptr ? nullptr : scratch->Indices(index_bits_);
  if (indices != nullptr) indices->Clear();
  ValueSink* const to = indices == nullptr ? &sink->values() : indices;
  const bool has_def = definition_.has_value() && levels_.max_def() != 0;
  scratch->definition.Clear();
  std::uint64_t num_chunks = 0, num_bytes = 0;
  for (std::size_t begin = 0; begin < rows.size(); begin += kGroup) {
    const std::size_t count = std::min(kGroup, rows.size() - begin);
    std::size_t num_parts = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t row = rows[begin + i].first;
      if (num_parts == 0 || row >= chunks_.first(parts[num_parts - 1].chunk) + parts[num_parts - 1].num_values) {
        Part& part = parts[num_parts++];
        part.chunk = chunks_.Find(row);
        part.num_values = chunks_.num_values(part.chunk);
        part.first = i;
        part.count = 0;
        __builtin_prefetch(file + data_.offset + chunks_.start_bytes(part.chunk));
      }
      Part& part = parts[num_parts - 1];
      ++part.count;
      values[i] = {row - chunks_.first(part.chunk), 1};
    }
    for (std::size_t i = 0; i < num_parts; ++i) {
      Part& part = parts[i];
      const format::FileRange chunk = RangeOf(part.chunk);
      num_bytes += chunk.size;
      ChunkParts split;
      Status status = Split({file + chunk.offset, chunk.size}, &split);
      if (!status.ok()) return At(std::move(status), {.offset = chunk.offset});
      std::copy_n(split.values.begin(), num_buffers_, part.buffers.begin());
      if (has_def) {
        if (split.num_levels != part.num_values)
          return At(LevelCountError(split.num_levels, part.num_values), {.offset = chunk.offset});
        part.definition = split.definition;
        PrefetchBytes(part.definition, kFirstLines);
      }
      decoder_->Prefetch({{part.buffers.data(), num_buffers_}, part.num_values}, values[part.first].first);
    }
    for (std::size_t i = 0, j = 0; has_def && i < num_parts; ++i) {
      for (const Part& part = parts[i]; j < part.first + part.count; ++j) {
        Status status = PickFromBlock(*definition_, part.definition, part.num_values, values[j].first, &scratch->definition,
                                      &scratch->decode);
        if (!status.ok()) return At(std::move(status), {.offset = RangeOf(part.chunk).offset});
      }
    }
    for (std::size_t i = 0; i < num_parts; ++i) {
      const Part& part = parts[i];
      const Chunk chunk{{part.buffers.data(), num_buffers_}, part.num_values};
      Status status = part.count == 1
                          ? decoder_->Decode(chunk, values[part.first], to, &scratch->decode)
                          : decoder_->DecodeRanges(chunk, {values.data() + part.first, part.count}, to, &scratch->decode);
      if (!status.ok()) return At(std::move(status), {.offset = RangeOf(part.chunk).offset});
    }
    num_chunks += num_parts;
  }
  source_.CountReads(num_chunks, num_bytes);
  const std::uint16_t* const def = has_def ? scratch->definition.values().as<std::uint16_t>() : nullptr;
  LANCEKIT_TRY(levels_.Check(nullptr, def, rows.size()));
  LANCEKIT_ASSIGN(const VisibleEntries visible, AppendEntries(levels_, nullptr, def, rows.size(), sink, &scratch->visible));
  if (indices == nullptr) return {};
  return WithIndices(scratch, [&]<class Index>(ValueSink& found, Index) {
    return dictionary_->Gather(found.values().as<Index>(), visible.validity, found.length(), sink);
  });
}

MiniBlockPage::ChunkRun MiniBlockPage::ChunksOf(ValueRange rows) const {
  const std::uint64_t end = rows.first + rows.count;
  // The last row goes on until the next one starts, maybe chunks later.
  const std::size_t first = row_index_.has_value() ? row_index_->Find(rows.first) : chunks_.Find(rows.first);
  const std::size_t last = row_index_.has_value() ? row_index_->FindLast(end) : rows.count == 1 ? first : chunks_.Find(end - 1);
  return {first, last + 1 - first};
}

// Chunks side by side are read at once; the memory of those that come later is asked for meanwhile.
Status MiniBlockPage::ReadRanges(std::span<const ValueRange> rows, LeafSink* sink, PageScratch* scratch) const {
  if (IsScattered(rows, *sink, *scratch)) return ReadScattered(rows, sink, scratch);
  scratch->page_chunks.resize(rows.size());
  const std::span<ChunkRun> runs = scratch->page_chunks;
  std::ranges::transform(rows, runs.begin(), [this](const ValueRange& range) { return ChunksOf(range); });
  if (levels_.has_lists() && rows.size() == 1)
    sink->ExpectValues(chunks_.first(runs[0].first + runs[0].count) - chunks_.first(runs[0].first));
  constexpr std::size_t kAhead = 12;
  for (std::size_t i = 0, asked = 0; i < rows.size();) {
    const std::size_t begin = i;
    ChunkRun run = runs[i];
    for (++i; i < rows.size() && runs[i].first <= run.first + run.count; ++i)
      run.count = runs[i].first + runs[i].count - run.first;
    for (asked = std::max(asked, i); asked < std::min(i + kAhead, rows.size()); ++asked) Prefetch(runs[asked].first);
    LANCEKIT_TRY(ReadChunks(run, rows.subspan(begin, i - begin), runs.subspan(begin, i - begin), sink, scratch));
  }
  return {};
}

// The begin of the chunk, where its levels are.
void MiniBlockPage::Prefetch(std::size_t chunk) const {
  const format::FileRange range = RangeOf(chunk);
  if (const std::byte* const file = source_.mapped_bytes(); file != nullptr)
    PrefetchBytes({file + range.offset, range.size}, kFirstLines);
}

Status MiniBlockPage::ReadChunks(ChunkRun all, std::span<const ValueRange> rows, std::span<const ChunkRun> runs, LeafSink* sink,
                                 PageScratch* scratch) const {
  const std::uint64_t start = data_.offset + chunks_.start_bytes(all.first);
  const std::uint64_t size = data_.offset + chunks_.start_bytes(all.first + all.count) - start;
  Buffer holder;
  LANCEKIT_ASSIGN(const Bytes bytes, source_.View(start, size, &holder));
  const ReadBytes read{start, bytes};
  // Ranges [begin, end) have rows in the chunk: there are no chunks without.
  std::size_t begin = 0;
  std::size_t end = 1;
  for (std::size_t i = all.first; i < all.first + all.count; ++i) {
    while (begin + 1 < rows.size() && runs[begin].first + runs[begin].count <= i) ++begin;
    while (end < rows.size() && runs[end].first <= i) ++end;
    const format::FileRange chunk = RangeOf(i);
    // Of many rows apart a chunk may hold but few.
    if (rows.size() == 1 && i + 1 < all.first + all.count)
      PrefetchBytes(read.bytes.subspan(chunk.offset + chunk.size - start, RangeOf(i + 1).size), kWholeChunk);
    Status status =
        ReadChunk(i, read.bytes.subspan(chunk.offset - start, chunk.size), rows.subspan(begin, end - begin), sink, scratch);
    if (!status.ok()) return At(std::move(status), {.offset = chunk.offset});
    sink->Fold();
    if (scratch->check != nullptr) LANCEKIT_TRY(scratch->check->OnDecoded(chunk, read));
  }
  return scratch->check == nullptr ? Status() : scratch->check->Finish(read);
}

}  // namespace

Result<std::unique_ptr<PageReader>> OpenMiniBlockPage(const PageInput& input) { return MiniBlockPage::Open(input); }

}  // namespace lancekit
