#include <algorithm>
#include <bit>
#include <cstring>

#include "base/checked_math.h"
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

/// Where the chunks of a page begin and end: the encoder counts values, and the entries follow them.
class ChunkPlan {
 public:
  ChunkPlan(const PageEntries& entries, std::uint64_t num_values)
      : entries_(entries), num_values_(num_values), all_visible_(entries.count == num_values) {}

  /// Entries of a chunk that starts at these: those up to its last value; the last chunk takes all that are left.
  std::uint64_t NumEntries(std::uint64_t first_entry, ValueRange values) const {
    if (values.first + values.count == num_values_) return entries_.count - first_entry;
    if (all_visible_) return values.count;
    std::uint64_t entry = first_entry;
    for (std::uint64_t left = values.count; left != 0; ++entry) left -= entries_.IsVisible(entry);
    return entry - first_entry;
  }

  /// Entries of all chunks as the encoder would have them.
  std::vector<std::uint64_t> Counts(const ChunkEncoder& encoder) const {
    std::vector<std::uint64_t> counts;
    std::uint64_t entry = 0;
    for (std::uint64_t first = 0; first < num_values_;) {
      const std::uint64_t count = encoder.ChunkSize(first);
      counts.push_back(NumEntries(entry, {first, count}));
      entry += counts.back();
      first += count;
    }
    return counts;
  }

 private:
  const PageEntries& entries_;
  std::uint64_t num_values_;
  bool all_visible_;
};

class MiniBlockWriter {
 public:
  MiniBlockWriter(const ChunkEncoder& encoder, const PageEntries& entries, bool large)
      : encoder_(encoder), entries_(entries), large_(large) {}

  /// Chooses the encodings of the levels.
  void SetLevels(std::span<const std::uint64_t> chunks, format::FileVersion version) {
    if (!entries_.rep.empty())
      rep_ = LevelEncoding::Choose(entries_.rep, chunks, entries_.max_rep, mini_block::kMaxLevelBytes, version);
    if (!entries_.def.empty())
      def_ = LevelEncoding::Choose(entries_.def, chunks, entries_.max_def, mini_block::kMaxLevelBytes, version);
  }
  const std::optional<LevelEncoding>& rep() const { return rep_; }
  const std::optional<LevelEncoding>& def() const { return def_; }

  /// False when these do not fit into a chunk; nothing is written then.
  bool WriteChunk(ValueRange values, ValueRange entries, bool last) {
    const bool has_levels = rep_.has_value() || def_.has_value();
    if (has_levels && entries.count > mini_block::kMaxLevels) return false;
    const std::size_t start = data_.size();
    const std::size_t header_bytes =
        2u + (rep_.has_value() ? 2 : 0) + (def_.has_value() ? 2 : 0) + (large_ ? 4 : 2) * encoder_.num_buffers();
    data_.AppendFill(AlignUp(header_bytes, mini_block::kAlignment), mini_block::kPadding);
    const std::size_t rep_bytes = AppendLevels(rep_, entries_.rep, entries);
    const std::size_t def_bytes = AppendLevels(def_, entries_.def, entries);
    PageChunkWriter writer(&data_);
    encoder_.Encode(values, &writer);
    const std::size_t size = data_.size() - start;
    if (std::max(rep_bytes, def_bytes) > mini_block::kMaxLevelBytes || (!large_ && size > mini_block::kMaxSmallChunkBytes)) {
      data_.Resize(start);
      return false;
    }
    std::byte* header = data_.data() + start;
    const auto put = [&](std::size_t value, bool wide) {
      wide ? StoreLe(header, static_cast<std::uint32_t>(value)) : StoreLe(header, static_cast<std::uint16_t>(value));
      header += wide ? 4 : 2;
    };
    put(has_levels ? entries.count : 0, false);
    if (rep_.has_value()) put(rep_bytes, false);
    if (def_.has_value()) put(def_bytes, false);
    for (const std::size_t bytes : writer.sizes()) put(bytes, large_);
    const std::uint64_t log = last ? 0 : static_cast<std::uint64_t>(BitLength(values.count)) - 1;
    const std::uint64_t word = (size / mini_block::kAlignment - 1) << mini_block::kLogBits | log;
    large_ ? words_.AppendLe(static_cast<std::uint32_t>(word)) : words_.AppendLe(static_cast<std::uint16_t>(word));
    return true;
  }

  MutableBuffer data_;
  MutableBuffer words_;

 private:
  std::size_t AppendLevels(const std::optional<LevelEncoding>& encoding, std::span<const std::uint16_t> levels,
                           ValueRange range) {
    if (!encoding.has_value()) return 0;
    const std::size_t at = data_.size();
    encoding->Append(levels.subspan(range.first, range.count), &data_);
    const std::size_t size = data_.size() - at;
    Pad(&data_);
    return size;
  }

  const ChunkEncoder& encoder_;
  const PageEntries& entries_;
  std::optional<LevelEncoding> rep_;
  std::optional<LevelEncoding> def_;
  bool large_;
};

/// Per chunk: the rows that end in it, and the entries behind the start of the row that goes on in the next one.
void AppendRepetitionIndex(const PageEntries& entries, std::uint64_t first, std::uint64_t end, MutableBuffer* index) {
  const auto is_start = [&](std::uint64_t entry) { return entries.rep[entry] == entries.max_rep; };
  std::uint64_t rows = is_start(first) ? 0 : 1;  // the tail of a row
  std::uint64_t last_start = first;
  for (std::uint64_t entry = first; entry < end; ++entry) {
    if (!is_start(entry)) continue;
    ++rows;
    last_start = entry;
  }
  const bool goes_on = end != entries.count && !is_start(end);
  index->AppendLe<std::uint64_t>(goes_on ? rows - 1 : rows);
  index->AppendLe<std::uint64_t>(goes_on ? end - last_start : 0);
}

std::uint64_t LevelBytes(std::span<const std::uint16_t> levels, std::span<const std::uint64_t> chunks, std::uint16_t max,
                         format::FileVersion version) {
  if (levels.empty()) return 0;
  const LevelEncoding encoding = LevelEncoding::Choose(levels, chunks, max, mini_block::kMaxLevelBytes, version);
  return encoding.num_bytes() + chunks.size() * (mini_block::kAlignment / 2);
}

}  // namespace

std::uint64_t MiniBlockLevelBytes(const PageValues& page, const ChunkEncoder& encoder, format::FileVersion version) {
  std::vector<std::uint16_t> flat_def;
  const PageEntries entries = EntriesOf(page, &flat_def);
  const std::vector<std::uint64_t> chunks = ChunkPlan(entries, page.values.length).Counts(encoder);
  return LevelBytes(entries.rep, chunks, entries.max_rep, version) + LevelBytes(entries.def, chunks, entries.max_def, version);
}

Result<EncodedPage> WriteMiniBlockPage(const PageValues& page, const ChunkEncoder& encoder,
                                       std::optional<EncodedDictionary> dictionary, format::FileVersion version) {
  std::vector<std::uint16_t> flat_def;
  const PageEntries entries = EntriesOf(page, &flat_def);
  const std::uint64_t num_values = page.values.length;
  const ChunkPlan plan(entries, num_values);
  EncodedPage encoded;
  encoded.num_rows = page.num_rows;
  format::PageLayout& layout = encoded.layout;
  layout.id = format::LayoutId::kMiniBlock;
  layout.layers = entries.layers;
  layout.num_buffers = encoder.num_buffers();
  layout.num_items = num_values;
  layout.value_compression = encoder.Describe();
  // The reference refuses 2.2 pages without large chunks, and 2.1 does not know them.
  layout.has_large_chunk = version != format::FileVersion::k2_1;
  MiniBlockWriter writer(encoder, entries, layout.has_large_chunk);
  writer.SetLevels(plan.Counts(encoder), version);
  if (writer.rep().has_value()) layout.rep_compression = writer.rep()->message();
  if (writer.def().has_value()) layout.def_compression = writer.def()->message();
  MutableBuffer repetition_index;
  std::uint64_t entry = 0;
  for (ValueRange values; values.first < num_values; values.first += values.count) {
    // Entries without values may be too many for a chunk of the encoder's choice.
    values.count = encoder.ChunkSize(values.first);
    std::uint64_t count = plan.NumEntries(entry, values);
    while (!writer.WriteChunk(values, {entry, count}, values.first + values.count == num_values)) {
      if (values.count <= 2) return Unsupported("{} values with {} levels do not fit into a chunk", values.count, count);
      values.count = std::bit_floor(values.count - 1);
      count = plan.NumEntries(entry, values);
    }
    if (!entries.rep.empty()) AppendRepetitionIndex(entries, entry, entry + count, &repetition_index);
    entry += count;
  }
  encoded.buffers.push_back(std::move(writer.words_));
  encoded.buffers.push_back(std::move(writer.data_));
  if (dictionary.has_value()) {
    layout.dictionary = std::move(dictionary->encoding);
    layout.num_dictionary_items = dictionary->num_items;
    encoded.buffers.push_back(std::move(dictionary->bytes));
  }
  if (!entries.rep.empty()) {
    layout.repetition_index_depth = 1;
    encoded.buffers.push_back(std::move(repetition_index));
  }
  return encoded;
}

}  // namespace lancekit
