// Full-zip pages: each entry's control word, then its value; made for large values and single-row access.
//
//   buffer 0: entries: control word (absent without levels); fixed width: the value's bytes, for null values too;
//             variable width: length (u32 or u64) and bytes, nothing for nulls. Entries without a value end there.
//   buffer 1 (variable width, or lists): rows + 1 positions in buffer 0, of 1, 2, 4 or 8 bytes each
//   control word: 1, 2 or 4 bytes, (repetition << bits_def) | definition
//
// Source: lance rust lance-encoding logical/primitive/fullzip.rs and repdef.rs.
#include <cstring>
#include <optional>

#include "base/checked_math.h"
#include "structural/page_reader.h"

namespace lancekit {
namespace {

// Arrow consumers may want their buffers aligned to the widest number.
constexpr std::uintptr_t kBorrowAlignment = 16;
constexpr std::size_t kDataBuffer = 0;

std::uint64_t LoadWord(const std::byte* from, std::uint64_t bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;
}

/// The control words of a page.
struct ControlWords {
  std::uint32_t bits_rep = 0;
  std::uint32_t bits_def = 0;
  std::uint64_t bytes = 0;

  static Result<ControlWords> Make(const format::PageLayout& layout, const PageLevels& levels) {
    constexpr std::uint32_t kMaxBits = 16;
    if (layout.bits_rep > kMaxBits || layout.bits_def > kMaxBits) {
      return Corrupt("full-zip: levels of {} and {} bits", layout.bits_rep, layout.bits_def);
    }
    if (layout.bits_rep != 0 && !levels.has_lists()) return Corrupt("full-zip: repetition levels in a column without lists");
    if (layout.bits_def != 0 && levels.max_def() == 0) return Corrupt("full-zip: definition levels without a layer for them");
    const std::uint32_t bits = layout.bits_rep + layout.bits_def;
    return ControlWords{layout.bits_rep, layout.bits_def, bits == 0 ? 0u : bits <= 8 ? 1u : bits <= 16 ? 2u : 4u};
  }

  std::uint16_t Rep(std::uint64_t word) const { return static_cast<std::uint16_t>(word >> bits_def); }
  std::uint16_t Def(std::uint64_t word) const { return static_cast<std::uint16_t>(word & ((1u << bits_def) - 1)); }
};

class FullZipPage final : public PageReader {
 public:
  static Result<std::unique_ptr<PageReader>> Open(const PageInput& input);

  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override {
    if (rows.count == 0) return {};
    LANCEKIT_ASSIGN(const FileRange part, PartOf(rows));
    const std::uint64_t start = part.offset - data_.offset;
    LANCEKIT_ASSIGN(const Buffer bytes, source_.Read(part.offset, part.size));
    LANCEKIT_TRY(IsPlain() ? ReadPlain(bytes, rows.count, sink, scratch) : ReadEntries(bytes, start, rows, sink, scratch));
    if (scratch->check == nullptr) return {};
    const ReadBytes read{part.offset, bytes.bytes()};
    LANCEKIT_TRY(scratch->check->OnDecoded(part, read));
    return scratch->check->Finish(read);
  }
  void AddReads(std::span<const ValueRange> rows, std::vector<FileRange>* reads) const override {
    for (const ValueRange& range : rows) {
      if (const auto part = PartOf(range)) reads->push_back(*part);
    }
  }
  std::optional<std::size_t> data_buffer() const override { return kDataBuffer; }

 private:
  explicit FullZipPage(const PageInput& input) : source_(*input.source), data_(input.page->buffers[kDataBuffer]) {}

  Status OpenIndex(const PageInput& input);
  bool IsPlain() const { return index_bytes_ == 0 && control_.bytes == 0 && decoder_->is_plain(); }
  std::uint64_t Position(std::uint64_t row) const { return LoadWord(index_.data() + row * index_bytes_, index_bytes_); }
  /// Where rows lie in the file. Errors: kCorruption.
  Result<FileRange> PartOf(ValueRange rows) const {
    if (index_bytes_ == 0) return FileRange{data_.offset + rows.first * entry_bytes_, rows.count * entry_bytes_};
    const std::uint64_t start = Position(rows.first);
    const std::uint64_t end = Position(rows.first + rows.count);
    if (start > end || end > data_.size) return Corrupt("full-zip: row positions {} and {} in {} bytes", start, end, data_.size);
    return FileRange{data_.offset + start, end - start};
  }

  // The stored bytes are Arrow's: a mapped file is handed out as it is.
  Status ReadPlain(const Buffer& bytes, std::uint64_t count, LeafSink* sink, PageScratch* scratch) const {
    const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % kBorrowAlignment == 0;
    if (sink->IsWhole(count) && aligned) {
      sink->Borrow(bytes, count);
    } else {
      sink->values().AppendBits(bytes.data(), 0, count);
    }
    return AppendEntries(levels_, nullptr, nullptr, count, sink, &scratch->visible).status();
  }

  Status ReadEntries(const Buffer& bytes, std::uint64_t start, ValueRange rows, LeafSink* sink, PageScratch* scratch) const;
  Status ReadRow(ByteReader* reader, std::uint64_t end, LeafSink* sink, PageScratch* scratch) const;
  Status ReadEntry(ByteReader* reader, bool starts_row, LeafSink* sink, PageScratch* scratch) const;

  const Source& source_;
  format::FileRange data_;
  PageLevels levels_;
  ControlWords control_;
  std::unique_ptr<ValueDecoder> decoder_;
  std::uint64_t entry_bytes_ = 0;   // fixed width without lists
  std::uint64_t length_bytes_ = 0;  // variable width
  Buffer index_;
  std::uint64_t index_bytes_ = 0;
};

Status FullZipPage::ReadEntries(const Buffer& bytes, std::uint64_t start, ValueRange rows, LeafSink* sink,
                                PageScratch* scratch) const {
  scratch->repetition.Clear();
  scratch->definition.Clear();
  ByteReader reader(bytes.bytes());
  for (std::uint64_t i = 0; i < rows.count; ++i) {
    const std::uint64_t row = rows.first + i;
    const std::uint64_t at = index_bytes_ == 0 ? row * entry_bytes_ : Position(row);
    const std::uint64_t end = index_bytes_ == 0 ? at + entry_bytes_ : Position(row + 1);
    if (start + reader.position() != at || end < at || end - start > bytes.size()) {
      return At(Corrupt("full-zip: row {} does not start where the row index says", row), {.offset = data_.offset + start});
    }
    Status status = ReadRow(&reader, end - start, sink, scratch);
    if (!status.ok()) return At(std::move(status), {.offset = data_.offset + at});
  }
  const std::uint64_t count = scratch->definition.length();
  const auto* const def = scratch->definition.values().as<std::uint16_t>();
  const auto* const rep = levels_.has_lists() ? scratch->repetition.values().as<std::uint16_t>() : nullptr;
  LANCEKIT_TRY(levels_.Check(rep, def, count));
  return AppendEntries(levels_, rep, def, count, sink, &scratch->visible).status();
}

Status FullZipPage::ReadRow(ByteReader* reader, std::uint64_t end, LeafSink* sink, PageScratch* scratch) const {
  if (!levels_.has_lists()) return ReadEntry(reader, true, sink, scratch);
  for (bool first = true; first || reader->position() < end; first = false) {
    LANCEKIT_TRY(ReadEntry(reader, first, sink, scratch));
  }
  if (reader->position() != end) return Corrupt("full-zip: an entry exceeds its row");
  return {};
}

Status FullZipPage::ReadEntry(ByteReader* reader, bool starts_row, LeafSink* sink, PageScratch* scratch) const {
  Bytes control;
  if (!reader->Read(control_.bytes, &control)) return Corrupt("full-zip: an entry exceeds its row");
  const std::uint64_t word = LoadWord(control.data(), control_.bytes);
  const std::uint16_t def = control_.Def(word);
  std::memcpy(scratch->definition.AppendFixed(1), &def, sizeof(def));
  if (levels_.has_lists()) {
    const std::uint16_t rep = control_.Rep(word);
    if ((rep == levels_.max_rep()) != starts_row)
      return Corrupt("full-zip: repetition level {} {} a row", rep, starts_row ? "starts" : "inside");
    std::memcpy(scratch->repetition.AppendFixed(1), &rep, sizeof(rep));
  }
  if (def > levels_.max_visible()) return {};
  Bytes stored;
  if (length_bytes_ == 0) {
    if (!reader->Read(decoder_->stored_bytes(), &stored)) return Corrupt("full-zip: an entry exceeds its row");
    return decoder_->Append(stored, &sink->values(), &scratch->decode);
  }
  if (def != 0) {
    sink->values().AppendNulls(1);
    return {};
  }
  Bytes length;
  if (!reader->Read(length_bytes_, &length) || !reader->Read(LoadWord(length.data(), length_bytes_), &stored)) {
    return Corrupt("full-zip: an entry exceeds its row");
  }
  return decoder_->Append(stored, &sink->values(), &scratch->decode);
}

Status FullZipPage::OpenIndex(const PageInput& input) {
  LANCEKIT_ASSIGN(index_, ReadPageBuffer(input, 1));
  const std::uint64_t rows = input.page->length;
  index_bytes_ = index_.size() / (rows + 1);
  const bool is_width = index_bytes_ == 1 || index_bytes_ == 2 || index_bytes_ == 4 || index_bytes_ == 8;
  if (index_.size() % (rows + 1) != 0 || !is_width) {
    return Corrupt("full-zip: a row index of {} bytes for {} rows", index_.size(), rows);
  }
  return {};
}

Result<std::unique_ptr<PageReader>> FullZipPage::Open(const PageInput& input) {
  const format::PageLayout& layout = *input.layout;
  const std::uint64_t rows = input.page->length;
  if (input.page->buffers.empty()) return Corrupt("full-zip: the page has no buffers");
  if (rows == ~std::uint64_t{0}) return Corrupt("full-zip: {} rows", rows);
  std::unique_ptr<FullZipPage> page(new FullZipPage(input));
  LANCEKIT_ASSIGN(page->levels_, PageLevels::Make(layout.layers, *input.leaf));
  LANCEKIT_ASSIGN(page->control_, ControlWords::Make(layout, page->levels_));
  if (!page->levels_.has_lists() && (layout.num_items != rows || layout.num_visible_items != rows)) {
    return Corrupt("full-zip: {} items in a page of {} rows", layout.num_items, rows);
  }
  if (input.leaf->is_dictionary()) return Unsupported("full-zip: a page of type {}", input.leaf->type.to_string());
  if (!layout.value_compression.has_value()) return Corrupt("full-zip: no value encoding");
  LANCEKIT_ASSIGN(page->decoder_, MakeValueDecoder(*layout.value_compression, input.leaf->shape));
  const std::uint64_t stored = page->decoder_->stored_bytes();
  if (stored == 0) {
    const std::uint32_t bits = layout.bits_per_offset;
    if (bits != 32 && bits != 64) return Corrupt("full-zip: length prefixes of {} bits", bits);
    page->length_bytes_ = bits / 8;
  } else if (layout.bits_per_value != stored * 8) {
    return Corrupt("full-zip: {} bits per value where the encoding has {}", layout.bits_per_value, stored * 8);
  }
  if (stored == 0 || page->levels_.has_lists()) {
    LANCEKIT_TRY(page->OpenIndex(input));
    return std::unique_ptr<PageReader>(std::move(page));
  }
  page->entry_bytes_ = page->control_.bytes + stored;
  std::uint64_t size = 0;
  if (!CheckedMul(rows, page->entry_bytes_, &size) || size > page->data_.size) {
    return Corrupt("full-zip: {} bytes for {} rows of {} bytes", page->data_.size, rows, page->entry_bytes_);
  }
  return std::unique_ptr<PageReader>(std::move(page));
}

}  // namespace

Result<std::unique_ptr<PageReader>> OpenFullZipPage(const PageInput& input) { return FullZipPage::Open(input); }

}  // namespace lancekit
