// Full-zip pages: each row's control word, then its value; made for large values and single-row access.
//
//   buffer 0: entries: control word (absent without levels); fixed width: the value's bytes, also for nulls;
//             variable width: length (u32 or u64) and bytes, nothing for nulls
//   buffer 1 (variable width): rows + 1 positions in buffer 0, of 1, 2, 4 or 8 bytes each
//   control word: 1, 2 or 4 bytes, (repetition << bits_def) | definition
//
// Source: lance rust lance-encoding logical/primitive/fullzip.rs and repdef.rs.
#include <cstring>

#include "base/checked_math.h"
#include "structural/page_reader.h"

namespace lancekit {
namespace {

// Arrow consumers may want their buffers aligned to the widest number.
constexpr std::uintptr_t kBorrowAlignment = 16;

std::uint64_t ControlBytes(std::uint32_t bits) {
  if (bits == 0) return 0;
  return bits <= 8 ? 1 : bits <= 16 ? 2 : 4;
}

std::uint64_t LoadWord(const std::byte* from, std::uint64_t bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;
}

struct FullZipBase {
  const Source& source;
  format::FileRange data;
  std::uint64_t num_rows = 0;
  std::uint64_t control_bytes = 0;
  std::unique_ptr<ValueDecoder> decoder;

  /// Validity from a control word. Errors: kCorruption for a level that does not exist.
  Result<bool> IsValid(const std::byte* control) const {
    if (control_bytes == 0) return true;
    const std::uint64_t level = LoadWord(control, control_bytes);
    if (level > 1) return Corrupt("full-zip: definition level {} in a flat column", level);
    return level == 0;
  }
};

class FixedFullZipPage final : public PageReader {
 public:
  explicit FixedFullZipPage(FullZipBase base)
      : base_(std::move(base)), entry_bytes_(base_.control_bytes + base_.decoder->stored_bytes()) {}

  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override {
    if (rows.count == 0) return {};
    LANCEKIT_ASSIGN(const Buffer bytes,
                    base_.source.Read(base_.data.offset + rows.first * entry_bytes_, rows.count * entry_bytes_));
    if (base_.control_bytes == 0 && base_.decoder->is_plain()) return ReadPlain(bytes, rows.count, sink);
    const std::byte* entry = bytes.data();
    for (std::uint64_t i = 0; i < rows.count; ++i, entry += entry_bytes_) {
      LANCEKIT_ASSIGN(const bool valid, base_.IsValid(entry));
      valid ? sink->AppendValid(1) : sink->AppendNull(1);
      const Bytes stored(entry + base_.control_bytes, entry_bytes_ - base_.control_bytes);
      LANCEKIT_TRY(base_.decoder->Append(stored, &sink->values(), &scratch->decode));
    }
    return {};
  }

 private:
  // The stored bytes are Arrow's: a mapped file is handed out as it is.
  Status ReadPlain(const Buffer& bytes, std::uint64_t count, LeafSink* sink) const {
    const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % kBorrowAlignment == 0;
    if (sink->IsWhole(count) && aligned) {
      sink->Borrow(bytes, count);
    } else {
      sink->values().AppendBits(bytes.data(), 0, count);
    }
    sink->AppendValid(count);
    return {};
  }

  FullZipBase base_;
  std::uint64_t entry_bytes_;
};

class VariableFullZipPage final : public PageReader {
 public:
  VariableFullZipPage(FullZipBase base, Buffer index, std::uint64_t length_bytes)
      : base_(std::move(base)),
        index_(std::move(index)),
        index_bytes_(index_.size() / (base_.num_rows + 1)),
        length_bytes_(length_bytes) {}

  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override {
    if (rows.count == 0) return {};
    const std::uint64_t start = Position(rows.first);
    const std::uint64_t end = Position(rows.first + rows.count);
    if (start > end || end > base_.data.size)
      return Corrupt("full-zip: row positions {} and {} in {} bytes", start, end, base_.data.size);
    LANCEKIT_ASSIGN(const Buffer bytes, base_.source.Read(base_.data.offset + start, end - start));
    ByteReader reader(bytes.bytes());
    for (std::uint64_t i = 0; i < rows.count; ++i) {
      if (start + reader.position() != Position(rows.first + i)) {
        return At(Corrupt("full-zip: row {} does not start where the row index says", rows.first + i),
                  {.offset = base_.data.offset + start});
      }
      Status status = ReadRow(&reader, sink, scratch);
      if (!status.ok()) return At(std::move(status), {.offset = base_.data.offset + Position(rows.first + i)});
    }
    return {};
  }

 private:
  std::uint64_t Position(std::uint64_t row) const { return LoadWord(index_.data() + row * index_bytes_, index_bytes_); }

  Status ReadRow(ByteReader* reader, LeafSink* sink, PageScratch* scratch) const {
    Bytes control;
    Bytes length;
    Bytes stored;
    if (!reader->Read(base_.control_bytes, &control)) return Corrupt("full-zip: an entry exceeds its row");
    LANCEKIT_ASSIGN(const bool valid, base_.IsValid(control.data()));
    if (!valid) {
      sink->AppendNull(1);
      sink->values().AppendNulls(1);
      return {};
    }
    if (!reader->Read(length_bytes_, &length) || !reader->Read(LoadWord(length.data(), length_bytes_), &stored)) {
      return Corrupt("full-zip: an entry exceeds its row");
    }
    sink->AppendValid(1);
    return base_.decoder->Append(stored, &sink->values(), &scratch->decode);
  }

  FullZipBase base_;
  Buffer index_;
  std::uint64_t index_bytes_;
  std::uint64_t length_bytes_;
};

Result<std::unique_ptr<PageReader>> OpenFixed(const PageInput& input, FullZipBase base) {
  const std::uint64_t bits = input.layout->bits_per_value;
  if (bits != base.decoder->stored_bytes() * 8) {
    return Corrupt("full-zip: {} bits per value where the encoding has {}", bits, base.decoder->stored_bytes() * 8);
  }
  std::uint64_t size = 0;
  if (!CheckedMul(base.num_rows, base.control_bytes + bits / 8, &size) || size > base.data.size) {
    return Corrupt("full-zip: {} bytes for {} rows of {} bits", base.data.size, base.num_rows, bits);
  }
  return std::unique_ptr<PageReader>(std::make_unique<FixedFullZipPage>(std::move(base)));
}

Result<std::unique_ptr<PageReader>> OpenVariable(const PageInput& input, FullZipBase base) {
  const std::uint32_t bits = input.layout->bits_per_offset;
  if (bits != 32 && bits != 64) return Corrupt("full-zip: length prefixes of {} bits", bits);
  LANCEKIT_ASSIGN(Buffer index, ReadPageBuffer(input, 1));
  const std::uint64_t width = index.size() / (base.num_rows + 1);
  if (index.size() % (base.num_rows + 1) != 0 || (width != 1 && width != 2 && width != 4 && width != 8)) {
    return Corrupt("full-zip: a row index of {} bytes for {} rows", index.size(), base.num_rows);
  }
  return std::unique_ptr<PageReader>(std::make_unique<VariableFullZipPage>(std::move(base), std::move(index), bits / 8));
}

}  // namespace

Result<std::unique_ptr<PageReader>> OpenFullZipPage(const PageInput& input) {
  const format::PageLayout& layout = *input.layout;
  LANCEKIT_ASSIGN(const bool nullable, IsNullable(layout));
  if (input.page->buffers.empty()) return Corrupt("full-zip: the page has no buffers");
  if (layout.bits_rep != 0) return Corrupt("full-zip: a flat column has repetition levels");
  if (layout.bits_def > 32 || (layout.bits_def != 0 && !nullable))
    return Corrupt("full-zip: {} bits of definition levels", layout.bits_def);
  if (layout.num_items != input.page->length || layout.num_visible_items != input.page->length) {
    return Corrupt("full-zip: {} items in a page of {} rows", layout.num_items, input.page->length);
  }
  if (input.leaf->is_dictionary()) return Unsupported("full-zip: a page of type {}", input.leaf->type.to_string());
  if (!layout.value_compression.has_value()) return Corrupt("full-zip: no value encoding");
  FullZipBase base{*input.source, input.page->buffers[0], input.page->length, ControlBytes(layout.bits_def), nullptr};
  LANCEKIT_ASSIGN(base.decoder, MakeValueDecoder(*layout.value_compression, input.leaf->shape));
  if (base.num_rows == ~std::uint64_t{0}) return Corrupt("full-zip: {} rows", base.num_rows);
  return base.decoder->stored_bytes() != 0 ? OpenFixed(input, std::move(base)) : OpenVariable(input, std::move(base));
}

}  // namespace lancekit
