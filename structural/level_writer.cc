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

// Bytes of the messages.
constexpr std::uint64_t kInLineMessage = 4;
constexpr std::uint64_t kPackedMessage = 10;
constexpr std::uint64_t kRleMessage = 16;

/// 0 valid, 1 null.
void LevelsOf(const std::byte* validity, std::uint64_t num_rows, PooledVector<std::uint16_t>* levels) {
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

void PageEntries::SetBits() {
  auto of = std::make_shared<EntryBits>();
  if (!rep.empty()) of->row_starts = LevelBits::Above(rep, static_cast<std::uint16_t>(max_rep - 1));
  if (max_visible != max_def) of->without_value = LevelBits::Above(def, max_visible);
  of->rep_changes = LevelBits::Changes(rep);
  of->def_changes = LevelBits::Changes(def);
  bits = std::move(of);
}

PageEntries EntriesOf(const PageValues& page, PooledVector<std::uint16_t>* def) {
  PageEntries entries;
  if (page.entries != nullptr) {
    entries = *page.entries;
    if (entries.bits == nullptr) entries.SetBits();
    return entries;
  }
  entries.count = page.num_rows;
  entries.layers = {page.validity == nullptr ? format::RepDefLayer::kAllValidItem : format::RepDefLayer::kNullableItem};
  if (page.validity == nullptr) {
    entries.SetBits();
    return entries;
  }
  LevelsOf(page.validity, page.num_rows, def);
  entries.def = *def;
  entries.max_def = entries.max_visible = 1;
  entries.SetBits();
  return entries;
}

std::vector<LevelEncoding> LevelEncoding::All(const Wanted& wanted) {
  const int width = BitLength(wanted.max);
  std::uint64_t packed = 0;
  std::uint64_t in_line = 0;
  std::uint64_t runs = 0;
  std::uint64_t longest_runs = 0;
  std::uint64_t longest = 0;
  std::uint64_t first = 0;
  for (const std::uint64_t count : wanted.chunks) {
    const std::uint64_t of_runs = RleBlockBytes(wanted.changes, first, first + count);
    packed += AlignUp(OutOfLineBitpackedBytes(count, width, 16), wanted.alignment);
    in_line += AlignUp(sizeof(std::uint16_t) + kernels::PackedBlockSize(width), wanted.alignment);
    runs += AlignUp(of_runs, wanted.alignment);
    longest_runs = std::max(longest_runs, of_runs);
    longest = std::max(longest, count);
    first += count;
  }
  std::vector<LevelEncoding> all;
  const auto add = [&](Form form, std::uint64_t bytes) {
    LevelEncoding encoding;
    encoding.form_ = form;
    encoding.width_ = width;
    encoding.num_bytes_ = bytes;
    all.push_back(encoding);
  };
  // The tail of a few levels is stored as it is, which the form in line cannot.
  if (longest <= kernels::kBlockValues) add(Form::kOneBlock, in_line);
  add(Form::kBlocks, packed);
  if (wanted.version != format::FileVersion::k2_1 && longest_runs <= wanted.max_chunk_bytes) add(Form::kRunLengths, runs);
  const auto bytes = [](const LevelEncoding& of) {
    return of.num_bytes_ + (of.form_ == Form::kOneBlock ? kInLineMessage
                            : of.form_ == Form::kBlocks ? kPackedMessage
                                                        : kRleMessage);
  };
  std::ranges::stable_sort(all, {}, bytes);
  return all;
}

format::Encoding LevelEncoding::Message() const {
  format::Encoding message;
  if (form_ == Form::kRunLengths) {
    message.id = format::EncodingId::kRle;
    message.children = {Flat(16), Flat(8)};
  } else {
    message.id = form_ == Form::kBlocks ? format::EncodingId::kOutOfLineBitpacking : format::EncodingId::kInlineBitpacking;
    message.bits = 16;
    if (form_ == Form::kBlocks) message.children = {Flat(static_cast<std::uint64_t>(width_))};
  }
  return message;
}

bool LevelEncoding::Holds(std::uint64_t count) const noexcept {
  return form_ != Form::kOneBlock || count <= kernels::kBlockValues;
}

void LevelEncoding::Append(std::span<const std::uint16_t> levels, MutableBuffer* out) const {
  if (form_ == Form::kOneBlock) {
    std::uint16_t block[kernels::kBlockValues] = {};
    std::copy(levels.begin(), levels.end(), block);
    out->AppendLe(static_cast<std::uint16_t>(width_));
    AppendOutOfLineBitpacked(block, kernels::kBlockValues, width_, out);
    return;
  }
  form_ == Form::kRunLengths ? AppendRleBlock(levels.data(), levels.size(), out)
                             : AppendOutOfLineBitpacked(levels.data(), levels.size(), width_, out);
}

}  // namespace lancekit
