// Front: of each string only what it does not share with the beginning of the one before it. For sorted strings. X1.
//
//   chunk: buffer 0: the first bytes of the first string, as many as it shares with the one before the chunk; then the buffers of
//   the
//          inner encodings: the suffixes; the numbers of shared bytes (u8 each)
//   string: the first bytes of the string before it, then its suffix
//
// A string that shares nothing is decoded without those before it; the writer sees to it that every 32nd one is such.
#include <algorithm>
#include <cstring>

#include "encodings/definitions.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kPrefixBits = 8;
constexpr std::uint64_t kMaxPrefix = 255;
constexpr std::uint64_t kRestart = 32;
// Strings are copied in blocks of this size, beyond their ends: every buffer has so much padding.
constexpr std::uint64_t kCopyBytes = 32;
static_assert(kCopyBytes <= MutableBuffer::kPadding);

/// Copies `size` bytes and perhaps up to kCopyBytes more. The places do not overlap within `size`.
void CopyLoosely(const std::byte* from, std::uint64_t size, std::byte* to) {
  if (size > kCopyBytes) {
    std::memcpy(to, from, size);
    return;
  }
  std::byte block[kCopyBytes];
  std::memcpy(block, from, kCopyBytes);
  std::memcpy(to, block, kCopyBytes);
}

/// The suffixes [first, first + count) of a chunk, and the numbers of shared bytes of all strings up to the last of them.
struct Parts {
  std::uint64_t first = 0;
  const std::uint8_t* prefixes = nullptr;
  const std::int64_t* suffix_ends = nullptr;  ///< of one more, from 0 on
  const std::byte* suffixes = nullptr;

  std::uint64_t SuffixBytes(std::uint64_t i) const {
    return static_cast<std::uint64_t>(suffix_ends[i - first + 1] - suffix_ends[i - first]);
  }
  const std::byte* Suffix(std::uint64_t i) const { return suffixes + suffix_ends[i - first]; }
};

class FrontDecoder final : public ChunkDecoder {
 public:
  FrontDecoder(std::unique_ptr<ChunkDecoder> suffixes, std::unique_ptr<ChunkDecoder> prefixes)
      : suffixes_(std::move(suffixes)), prefixes_(std::move(prefixes)) {}
  std::size_t num_buffers() const noexcept override { return 1 + suffixes_->num_buffers() + prefixes_->num_buffers(); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    if (range.count == 0) return {};
    return DecodeRanges(chunk, {&range, 1}, sink, scratch);
  }
  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    LANCEKIT_ASSIGN(const Parts parts, Open(chunk, {ranges.front().first, ranges.back().first + ranges.back().count}, scratch));
    scratch->block.Clear();
    scratch->block.Append(chunk.buffers[0]);
    std::uint64_t at = 0;
    for (const ValueRange& range : ranges) {
      LANCEKIT_TRY(Skip(parts, at, range.first, &scratch->block));
      LANCEKIT_TRY(Append(parts, range, sink, scratch));
      at = range.first + range.count;
    }
    return {};
  }

 private:
  /// What is needed for the strings [begin, end).
  struct Strings {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  Result<Parts> Open(const Chunk& chunk, Strings strings, Scratch* scratch) const {
    const std::size_t num_suffix_buffers = suffixes_->num_buffers();
    ValueSink* const prefixes = scratch->InnerValues(kPrefixBits);
    LANCEKIT_TRY(prefixes_->Decode({chunk.buffers.subspan(1 + num_suffix_buffers), chunk.num_values}, {0, strings.end}, prefixes,
                                   scratch->Inner()));
    Parts parts;
    parts.prefixes = prefixes->values().as<std::uint8_t>();
    parts.first = StartOf(parts.prefixes, 0, strings.begin);
    ValueSink* const suffixes = scratch->InnerStrings();
    LANCEKIT_TRY(suffixes_->Decode({chunk.buffers.subspan(1, num_suffix_buffers), chunk.num_values},
                                   {parts.first, strings.end - parts.first}, suffixes, scratch->Inner()));
    suffixes->ReserveData(kCopyBytes);
    parts.suffix_ends = suffixes->values().as<std::int64_t>();
    parts.suffixes = suffixes->data().data();
    return parts;
  }

  /// The last string from `least` up to this one that needs none before it; `least` when there is none.
  static std::uint64_t StartOf(const std::uint8_t* prefixes, std::uint64_t least, std::uint64_t string) {
    while (string > least && prefixes[string] != 0) --string;
    return string;
  }

  /// `before` is the string before string `at`, and becomes that before string `end`.
  static Status Skip(const Parts& parts, std::uint64_t at, std::uint64_t end, MutableBuffer* before) {
    for (std::uint64_t i = StartOf(parts.prefixes, at, end); i < end; ++i) {
      const std::uint64_t prefix = parts.prefixes[i];
      if (prefix > before->size()) return TooLong(i, prefix, before->size());
      before->Resize(prefix);
      before->Append({parts.Suffix(i), static_cast<std::size_t>(parts.SuffixBytes(i))});
    }
    return {};
  }

  /// Appends strings; the last one is the one before the next string then.
  static Status Append(const Parts& parts, ValueRange range, ValueSink* sink, Scratch* scratch) {
    std::uint64_t bytes = 0;
    for (std::uint64_t i = range.first; i < range.first + range.count; ++i) bytes += parts.prefixes[i] + parts.SuffixBytes(i);
    std::byte* const data = sink->ReserveData(bytes + kCopyBytes);
    scratch->ends.Resize(range.count * sizeof(std::int64_t));
    auto* const ends = scratch->ends.as<std::int64_t>();
    MutableBuffer& before = scratch->block;
    std::uint64_t last_size = before.size();
    before.Resize(last_size + kCopyBytes);  // so that there are bytes to copy
    const std::byte* last = before.data();
    std::byte* to = data;
    for (std::uint64_t i = 0; i < range.count; ++i) {
      const std::uint64_t prefix = parts.prefixes[range.first + i];
      const std::uint64_t suffix = parts.SuffixBytes(range.first + i);
      if (prefix > last_size) return TooLong(range.first + i, prefix, last_size);
      CopyLoosely(last, prefix, to);
      CopyLoosely(parts.Suffix(range.first + i), suffix, to + prefix);
      last = to;
      last_size = prefix + suffix;
      to += last_size;
      ends[i] = to - data;
    }
    before.Clear();
    before.Append({last, static_cast<std::size_t>(last_size)});
    return sink->AppendEnds(ends, range.count);
  }

  static Error TooLong(std::uint64_t string, std::uint64_t prefix, std::uint64_t size) {
    return Corrupt("front: string {} shares {} bytes with one of {}", string, prefix, size);
  }

  std::unique_ptr<ChunkDecoder> suffixes_;
  std::unique_ptr<ChunkDecoder> prefixes_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.variable()) return Corrupt("front: stands where values of fixed width are stored");
  if (encoding.children.size() != 2) return Corrupt("front: {} inner encodings", encoding.children.size());
  ValueShape suffix_shape = shape;
  suffix_shape.large_offsets = true;  // of what InnerStrings receives
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> suffixes, MakeChunkDecoder(encoding.children[0], suffix_shape));
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> prefixes, MakeChunkDecoder(encoding.children[1], FixedShape(kPrefixBits)));
  return std::unique_ptr<ChunkDecoder>(std::make_unique<FrontDecoder>(std::move(suffixes), std::move(prefixes)));
}

class FrontEncoder final : public ChunkEncoder {
 public:
  FrontEncoder(const ValuesView& strings, const InnerEncoder& suffixes, const InnerEncoder& prefixes)
      : strings_(strings), shared_(strings.length) {
    ends_.Resize((strings.length + 1) * sizeof(std::int64_t));
    auto* const ends = ends_.as<std::int64_t>();
    ends[0] = 0;
    data_.Resize(strings.StringBytes());
    std::byte* to = data_.data();
    for (std::uint64_t i = 0; i < strings.length; ++i) {
      const Bytes string = StringAt(i);
      const std::uint64_t shared = i % kRestart == 0 ? 0 : SharedBytes(StringAt(i - 1), string);
      shared_[i] = static_cast<std::uint8_t>(shared);
      const Bytes suffix = string.subspan(shared);
      if (!suffix.empty()) std::memcpy(to, suffix.data(), suffix.size());
      to += suffix.size();
      ends[i + 1] = to - data_.data();
    }
    ValuesView view;
    view.shape = strings.shape;
    view.shape.large_offsets = true;
    view.length = strings.length;
    view.values = ends_.data();
    view.data = data_.data();
    suffixes_ = suffixes(view);
    prefixes_ = prefixes(NumbersView(shared_.data(), strings.length, kPrefixBits));
  }

  format::Encoding Describe() const override {
    format::Encoding encoding;
    encoding.id = format::EncodingId::kFront;
    encoding.children = {suffixes_->Describe(), prefixes_->Describe()};
    return encoding;
  }
  std::size_t num_buffers() const noexcept override { return 1 + suffixes_->num_buffers() + prefixes_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return suffixes_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    const Bytes shared = StringAt(range.first).first(shared_[range.first]);
    std::byte* const to = out->Begin(shared.size());
    if (!shared.empty()) std::memcpy(to, shared.data(), shared.size());
    out->End(shared.size());
    suffixes_->Encode(range, out);
    prefixes_->Encode(range, out);
  }

 private:
  Bytes StringAt(std::uint64_t i) const {
    const std::uint64_t begin = strings_.Offset(i);
    return {strings_.data + begin, static_cast<std::size_t>(strings_.Offset(i + 1) - begin)};
  }
  static std::uint64_t SharedBytes(Bytes a, Bytes b) {
    const std::size_t most = std::min({a.size(), b.size(), static_cast<std::size_t>(kMaxPrefix)});
    return static_cast<std::uint64_t>(std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(most), b.begin()).first -
                                      a.begin());
  }

  ValuesView strings_;
  MutableBuffer ends_;
  MutableBuffer data_;
  std::vector<std::uint8_t> shared_;
  std::unique_ptr<ChunkEncoder> suffixes_;
  std::unique_ptr<ChunkEncoder> prefixes_;
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakeFrontEncoder(const ValuesView& strings, const InnerEncoder& suffixes,
                                               const InnerEncoder& prefixes) {
  return std::make_unique<FrontEncoder>(strings, suffixes, prefixes);
}

constinit const EncodingDef kFront{
    .id = format::EncodingId::kFront,
    .name = "front",
    .make_chunk_decoder = &MakeChunk,
};

}  // namespace lancekit
