#include <algorithm>
#include <bit>
#include <cstring>

#include "base/checked_math.h"
#include "encodings/level_bits.h"
#include "structural/chunk_cuts.h"
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

/// How the levels of a page are stored; none: it has no such levels.
struct LevelForms {
  std::optional<LevelEncoding> rep;
  std::optional<LevelEncoding> def;

  std::uint64_t num_bytes() const { return (rep.has_value() ? rep->num_bytes() : 0) + (def.has_value() ? def->num_bytes() : 0); }
};

std::vector<std::optional<LevelEncoding>> FormsOf(const LevelBits& changes, std::uint16_t max,
                                                  std::span<const std::uint64_t> chunks, format::FileVersion version) {
  if (changes.size() == 0) return {std::nullopt};
  const auto forms = LevelEncoding::All({.changes = changes,
                                         .chunks = chunks,
                                         .max = max,
                                         .max_chunk_bytes = mini_block::kMaxLevelBytes,
                                         .alignment = mini_block::kAlignment,
                                         .version = version});
  return {forms.begin(), forms.end()};
}

/// All ways to store the levels in chunks of so many entries, the smallest first.
std::vector<LevelForms> AllForms(const PageEntries& entries, std::span<const std::uint64_t> chunks, format::FileVersion version) {
  std::vector<LevelForms> all;
  const auto defs = FormsOf(entries.bits->def_changes, entries.max_def, chunks, version);
  for (const auto& rep : FormsOf(entries.bits->rep_changes, entries.max_rep, chunks, version)) {
    for (const auto& def : defs) all.push_back({rep, def});
  }
  return all;
}

/// The smallest of them, in a plan that suits it.
LevelForms ChooseForms(const PageEntries& entries, format::FileVersion version, ChunkCuts* plan) {
  const auto choose = [&] { return AllForms(entries, plan->EntryCounts(), version)[0]; };
  LevelForms forms = choose();
  if (version == format::FileVersion::kX1 || entries.rep.empty()) return forms;
  plan->FillBlocks(forms.rep->packed_width(), forms.def.has_value() ? forms.def->packed_width() : 0);
  return choose();
}

class MiniBlockWriter {
 public:
  MiniBlockWriter(const ChunkEncoder& encoder, const PageEntries& entries, const LevelForms& levels, bool large)
      : encoder_(encoder), entries_(entries), levels_(levels), large_(large) {}

  /// False when these do not fit into a chunk; nothing is written then.
  bool WriteChunk(ValueRange values, ValueRange entries, bool last) {
    const bool has_levels = levels_.rep.has_value() || levels_.def.has_value();
    if (has_levels && entries.count > mini_block::kMaxLevels) return false;
    for (const auto& form : {levels_.rep, levels_.def}) {
      if (form.has_value() && !form->Holds(entries.count)) return false;
    }
    const std::size_t start = data_.size();
    const std::size_t header_bytes =
        2u + (levels_.rep.has_value() ? 2 : 0) + (levels_.def.has_value() ? 2 : 0) + (large_ ? 4 : 2) * encoder_.num_buffers();
    data_.AppendFill(AlignUp(header_bytes, mini_block::kAlignment), mini_block::kPadding);
    const std::size_t rep_bytes = AppendLevels(levels_.rep, entries_.rep, entries);
    const std::size_t def_bytes = AppendLevels(levels_.def, entries_.def, entries);
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
    if (levels_.rep.has_value()) put(rep_bytes, false);
    if (levels_.def.has_value()) put(def_bytes, false);
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
  const LevelForms& levels_;
  bool large_;
};

/// Per chunk: the rows that end in it, and the entries behind the start of the row that goes on in the next one.
void AppendRepetitionIndex(const LevelBits& row_starts, std::uint64_t num_entries, std::uint64_t first, std::uint64_t end,
                           MutableBuffer* index) {
  const std::uint64_t rows = row_starts.Count(first, end) + (row_starts[first] ? 0 : 1);  // the tail of a row
  const bool goes_on = end != num_entries && !row_starts[end];
  const std::uint64_t last_start = row_starts.FindLast(first, end);
  index->AppendLe<std::uint64_t>(goes_on ? rows - 1 : rows);
  index->AppendLe<std::uint64_t>(!goes_on ? 0 : end - (last_start == end ? first : last_start));
}

// A page of at most so many bytes is written again when its levels take less in another form.
constexpr std::size_t kMostWrittenTwice = 1 << 20;

struct Chunks {
  MutableBuffer words;
  MutableBuffer data;
  MutableBuffer repetition_index;
  bool as_planned = true;
};

Result<Chunks> WriteChunks(const ChunkCuts& plan, const ChunkEncoder& encoder, const PageEntries& entries,
                           std::uint64_t num_values, const LevelForms& forms, bool large) {
  MiniBlockWriter writer(encoder, entries, forms, large);
  Chunks chunks;
  constexpr std::uint64_t kEnoughToTell = 16;
  constexpr double kMargin = 1.05;
  bool reserved = false;
  std::uint64_t entry = 0;
  for (ValueRange values; values.first < num_values; values.first += values.count) {
    values.count = plan.ChunkSize(values.first);
    std::uint64_t count = plan.NumEntries(entry, values);
    // Entries without values may be too many for a chunk of the encoder's choice.
    while (!writer.WriteChunk(values, {entry, count}, values.first + values.count == num_values)) {
      if (values.count <= 2) return Unsupported("{} values with {} levels do not fit into a chunk", values.count, count);
      values.count = std::bit_floor(values.count - 1);
      count = plan.NumEntries(entry, values);
      chunks.as_planned = false;
    }
    if (!entries.rep.empty())
      AppendRepetitionIndex(entries.bits->row_starts, entries.count, entry, entry + count, &chunks.repetition_index);
    entry += count;
    // The first chunks tell how long all will be.
    if (!reserved && (values.first + values.count) * kEnoughToTell >= num_values) {
      const double times = static_cast<double>(num_values) / static_cast<double>(values.first + values.count);
      writer.data_.Reserve(static_cast<std::size_t>(static_cast<double>(writer.data_.size()) * times * kMargin));
      reserved = true;
    }
  }
  chunks.words = std::move(writer.words_);
  chunks.data = std::move(writer.data_);
  return chunks;
}

void SetMessages(const LevelForms& forms, format::PageLayout* layout) {
  if (forms.rep.has_value()) layout->rep_compression = forms.rep->Message();
  if (forms.def.has_value()) layout->def_compression = forms.def->Message();
}

/// What was written may be no smaller in the file for fewer bytes of levels: buffers are padded, and messages differ. The forms
/// that are, if any.
std::optional<LevelForms> BetterForms(const std::vector<LevelForms>& all, const LevelForms& written, std::size_t data_bytes,
                                      format::PageLayout* layout) {
  const auto size = [&](const LevelForms& forms) {
    SetMessages(forms, layout);
    return format::SerializePageLayout(*layout).size() +
           AlignUp(data_bytes - written.num_bytes() + forms.num_bytes(), format::kBufferAlignment);
  };
  const auto best = std::ranges::min_element(all, {}, size);
  return size(*best) < size(written) ? std::optional(*best) : std::nullopt;
}

}  // namespace

void AddDictionary(EncodedDictionary dictionary, EncodedPage* page) {
  page->layout.dictionary = std::move(dictionary.encoding);
  page->layout.num_dictionary_items = dictionary.num_items;
  page->buffers.insert(page->buffers.begin() + 2, std::move(dictionary.bytes));  // behind words and data
}

std::uint64_t MiniBlockLevelBytes(const PageValues& page, const ChunkEncoder& encoder, format::FileVersion version) {
  PooledVector<std::uint16_t> flat_def;
  const PageEntries entries = EntriesOf(page, &flat_def);
  ChunkCuts plan(entries, encoder, page.values.length);
  return ChooseForms(entries, version, &plan).num_bytes();
}

Result<EncodedPage> WriteMiniBlockPage(const PageValues& page, const ChunkEncoder& encoder,
                                       std::optional<EncodedDictionary> dictionary, format::FileVersion version) {
  PooledVector<std::uint16_t> flat_def;
  const PageEntries entries = EntriesOf(page, &flat_def);
  const std::uint64_t num_values = page.values.length;
  ChunkCuts plan(entries, encoder, num_values);
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
  LevelForms forms = ChooseForms(entries, version, &plan);
  const bool has_levels = forms.rep.has_value() || forms.def.has_value();
  const auto write = [&] { return WriteChunks(plan, encoder, entries, num_values, forms, layout.has_large_chunk); };
  LANCEKIT_ASSIGN(Chunks chunks, write());
  if (has_levels && chunks.as_planned && chunks.data.size() <= kMostWrittenTwice) {
    if (const auto better = BetterForms(AllForms(entries, plan.EntryCounts(), version), forms, chunks.data.size(), &layout)) {
      forms = *better;
      LANCEKIT_ASSIGN(chunks, write());
    }
  }
  SetMessages(forms, &layout);
  encoded.buffers.push_back(std::move(chunks.words));
  encoded.buffers.push_back(std::move(chunks.data));
  if (!entries.rep.empty()) {
    layout.repetition_index_depth = 1;
    encoded.buffers.push_back(std::move(chunks.repetition_index));
  }
  if (dictionary.has_value()) AddDictionary(*std::move(dictionary), &encoded);
  return encoded;
}

}  // namespace lancekit
