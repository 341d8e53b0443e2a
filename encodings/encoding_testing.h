// For tests and fuzzers of encodings: values with their memory, chunks whose buffers are exactly as large as they say and start
// at odd addresses, as hostile files may have them, and checks that what was encoded comes back. Nothing here needs GoogleTest.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bitmap.h"
#include "encodings/definitions.h"
#include "encodings/encoding.h"
#include "encodings/kernels/fsst_encoder.h"

namespace lancekit::testing {

/// A copy of bytes in memory of exactly their size at an odd address, so that AddressSanitizer and UndefinedBehaviorSanitizer
/// see any read beyond them and any aligned load.
class OddBytes {
 public:
  explicit OddBytes(Bytes bytes) : memory_(new std::byte[bytes.size() + 1]), size_(bytes.size()) {
    if (!bytes.empty()) std::memcpy(memory_.get() + 1, bytes.data(), bytes.size());
  }
  Bytes bytes() const { return {memory_.get() + 1, size_}; }

 private:
  std::unique_ptr<std::byte[]> memory_;
  std::size_t size_;
};

inline std::string TextOf(Bytes bytes) {
  std::string text(bytes.size(), '\0');
  if (!text.empty()) std::memcpy(text.data(), bytes.data(), bytes.size());
  return text;
}

/// Hex digits, blanks between them allowed.
inline std::vector<std::byte> HexBytes(std::string_view hex) {
  std::vector<std::byte> bytes;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

inline format::Encoding FlatEncoding(std::uint64_t bits) {
  format::Encoding encoding;
  encoding.id = format::EncodingId::kFlat;
  encoding.bits = bits;
  return encoding;
}

/// An encoding around others.
inline format::Encoding EncodingOf(format::EncodingId id, std::vector<format::Encoding> children) {
  format::Encoding encoding;
  encoding.id = id;
  encoding.children = std::move(children);
  return encoding;
}

inline ValueShape StringShape(bool large) {
  ValueShape shape;
  shape.kind = ValueShape::Kind::kVariable;
  shape.large_offsets = large;
  return shape;
}

/// Lists of `sizes` items each (outermost first) of `item_bits`.
inline ValueShape ListShape(std::uint64_t item_bits, std::vector<std::uint64_t> sizes) {
  ValueShape shape = FixedShape(item_bits);
  for (const std::uint64_t size : sizes) shape.width_bits *= size;
  shape.list_sizes = std::move(sizes);
  return shape;
}

/// Values to encode, with their memory.
class OwnedValues {
 public:
  /// Takes as many values as `bytes` hold.
  OwnedValues(ValueShape shape, Bytes bytes) {
    values_.Append(bytes);
    view_.length = bytes.size() * 8 / shape.width_bits;
    view_.shape = std::move(shape);
  }
  OwnedValues(const std::vector<std::string>& strings, bool large) {
    view_.shape = StringShape(large);
    view_.length = strings.size();
    PutOffset();
    for (const std::string& text : strings) {
      data_.Append(std::as_bytes(std::span(text)));
      PutOffset();
    }
  }

  ValuesView View() const {
    ValuesView view = view_;
    view.values = values_.data();
    view.data = data_.data();
    return view;
  }

 private:
  void PutOffset() {
    view_.shape.large_offsets ? values_.AppendLe(static_cast<std::int64_t>(data_.size()))
                              : values_.AppendLe(static_cast<std::int32_t>(data_.size()));
  }

  ValuesView view_;
  MutableBuffer values_;
  MutableBuffer data_;
};

template <class T>
OwnedValues Numbers(const std::vector<T>& numbers) {
  return OwnedValues(FixedShape(8 * sizeof(T)), std::as_bytes(std::span(numbers)));
}

/// Value i as text: its bytes, or its bits from bit 0 on.
inline std::string ValueAt(const ValuesView& view, std::uint64_t i) {
  if (view.shape.variable()) {
    const std::uint64_t start = view.Offset(i);
    return TextOf({view.data + start, static_cast<std::size_t>(view.Offset(i + 1) - start)});
  }
  const std::uint64_t bits = view.shape.width_bits;
  std::vector<std::byte> value(BitmapBytes(bits));
  if (bits != 0) CopyBits(view.values, i * bits, value.data(), 0, bits);
  return TextOf(value);
}

/// The values that a sink received; valid until it changes.
inline ValuesView ViewOf(const ValueSink& sink) {
  ValuesView view;
  view.shape = sink.shape();
  view.length = sink.length();
  view.values = sink.values().data();
  view.data = sink.data().data();
  return view;
}

/// What is different about the values of the sink and those of `view` from `first` on; empty when nothing is.
inline std::string Difference(const ValueSink& sink, const ValuesView& view, ValueRange range) {
  if (sink.length() != range.count) return fmt::format("{} values instead of {}", sink.length(), range.count);
  const ValuesView got = ViewOf(sink);
  for (std::uint64_t i = 0; i < range.count; ++i) {
    if (ValueAt(got, i) != ValueAt(view, range.first + i)) return fmt::format("value {} is different", range.first + i);
  }
  return "";
}

/// A chunk that keeps its buffers.
class OwnedChunk {
 public:
  OwnedChunk(const std::vector<Bytes>& buffers, std::uint64_t num_values) : num_values_(num_values) {
    for (const Bytes buffer : buffers) {
      buffers_.emplace_back(buffer);
      views_.push_back(buffers_.back().bytes());
    }
  }
  Chunk chunk() const { return {views_, num_values_}; }
  std::uint64_t num_values() const { return num_values_; }
  const std::vector<Bytes>& buffers() const { return views_; }
  /// The same with `buffer` cut to `size` bytes.
  OwnedChunk Cut(std::size_t buffer, std::size_t size) const {
    std::vector<Bytes> cut = views_;
    cut[buffer] = cut[buffer].first(size);
    return {cut, num_values_};
  }

 private:
  std::vector<OddBytes> buffers_;
  std::vector<Bytes> views_;
  std::uint64_t num_values_;
};

inline OwnedChunk EncodeChunk(const ChunkEncoder& encoder, ValueRange range) {
  class Writer final : public ChunkWriter {
   public:
    std::byte* Begin(std::size_t capacity) override {
      buffers.emplace_back(capacity);
      return buffers.back().data();
    }
    void End(std::size_t size) override { buffers.back().Resize(size); }
    std::vector<MutableBuffer> buffers;
  } writer;
  encoder.Encode(range, &writer);
  std::vector<Bytes> buffers;
  for (const MutableBuffer& buffer : writer.buffers) buffers.push_back(buffer.bytes());
  return {buffers, range.count};
}

/// Bytes of all buffers of all chunks.
inline std::uint64_t EncodedBytes(const ChunkEncoder& encoder, std::uint64_t num_values) {
  std::uint64_t bytes = 0;
  for (std::uint64_t first = 0; first < num_values; first += encoder.ChunkSize(first)) {
    const OwnedChunk chunk = EncodeChunk(encoder, {first, encoder.ChunkSize(first)});
    for (const Bytes buffer : chunk.buffers()) bytes += buffer.size();
  }
  return bytes;
}

/// Decodes a range as runs and says what is different from `expected`, its values.
inline std::string CheckRuns(const ChunkDecoder& decoder, const OwnedChunk& chunk, ValueRange range, const ValueSink& expected) {
  ValueSink sink(expected.shape());
  std::vector<std::uint64_t> counts;
  Scratch scratch;
  if (Status status = decoder.DecodeRuns(chunk.chunk(), {&range, 1}, &sink, &counts, &scratch); !status.ok())
    return status.error().describe();
  if (counts.size() != sink.length()) return fmt::format("{} values for {} runs", sink.length(), counts.size());
  const ValuesView runs = ViewOf(sink), values = ViewOf(expected);
  std::uint64_t at = 0;
  for (std::size_t run = 0; run < counts.size(); ++run) {
    for (const std::uint64_t end = at + counts[run]; at < end; ++at) {
      if (at >= values.length || ValueAt(runs, run) != ValueAt(values, at))
        return fmt::format("run of value {} is different", at);
    }
  }
  return at == values.length ? "" : fmt::format("{} values in runs", at);
}

/// Encodes all values chunk by chunk; decodes each chunk as a whole, in parts and some values alone. Returns what went wrong.
inline std::string CheckRoundTrip(const ValuesView& values, const ChunkEncoder& encoder) {
  auto decoder = MakeChunkDecoder(encoder.Describe(), values.shape);
  if (!decoder) return decoder.error().describe();
  if ((*decoder)->num_buffers() != encoder.num_buffers()) return "encoder and decoder differ in the number of buffers";
  Scratch scratch;
  for (std::uint64_t first = 0; first < values.length;) {
    const std::uint64_t n = encoder.ChunkSize(first);
    if (n == 0 || n > values.length - first) return fmt::format("a chunk of {} values", n);
    if (n != values.length - first && (n < 2 || (n & (n - 1)) != 0))
      return fmt::format("a chunk of {} values that is not the last", n);
    const OwnedChunk chunk = EncodeChunk(encoder, {first, n});
    for (const ValueRange range :
         {ValueRange{0, n}, {0, 1}, {n - 1, 1}, {n / 2, 1}, {n / 3, n / 3}, {n / 2, n - n / 2}, {0, 0}}) {
      ValueSink sink(values.shape);
      const Status status = (*decoder)->Decode(chunk.chunk(), range, &sink, &scratch);
      if (!status.ok()) return status.error().describe();
      std::string difference = Difference(sink, values, {first + range.first, range.count});
      if (difference.empty() && range.count != 0 && (*decoder)->has_runs()) difference = CheckRuns(**decoder, chunk, range, sink);
      if (!difference.empty()) return difference + fmt::format(" (chunk at {}, range {}+{})", first, range.first, range.count);
    }
    first += n;
  }
  return "";
}

/// CompressFsst, but also of few strings and where it does not pay. Null without a byte.
inline std::unique_ptr<FsstStrings> ForceFsst(const ValuesView& values) {
  if (values.StringBytes() == 0) return nullptr;
  auto strings = std::make_unique<FsstStrings>();
  strings->codes.Resize(kernels::FsstEncoder::Room(values.StringBytes()));
  strings->table.resize(kernels::kFsstTableSize);
  const auto compress = [&]<class Offset>(Offset) {
    const auto encoder = kernels::FsstEncoder::Train(values.data, values.offsets<Offset>(), values.length);
    using End = std::make_unsigned_t<Offset>;
    strings->offsets.Resize((values.length + 1) * sizeof(End));
    auto* const ends = strings->offsets.template as<End>();
    ends[0] = 0;
    strings->codes.Resize(
        encoder.CompressRun(values.data, values.offsets<Offset>(), values.length, strings->codes.data(), ends[0], ends + 1));
    encoder.SerializeTable(strings->table.data());
  };
  values.shape.large_offsets ? compress(std::int64_t{}) : compress(std::int32_t{});
  strings->values = values;
  strings->values.values = strings->offsets.data();
  strings->values.data = strings->codes.data();
  return strings;
}

/// Cuts each buffer of the chunk at every size and decodes. Returns which cut was not refused.
inline std::string CheckTruncations(const ChunkDecoder& decoder, const ValueShape& shape, const OwnedChunk& chunk) {
  Scratch scratch;
  for (std::size_t buffer = 0; buffer < chunk.buffers().size(); ++buffer) {
    for (std::size_t size = 0; size < chunk.buffers()[buffer].size(); ++size) {
      const OwnedChunk cut = chunk.Cut(buffer, size);
      ValueSink sink(shape);
      const Status status = decoder.Decode(cut.chunk(), {0, cut.num_values()}, &sink, &scratch);
      if (status.ok()) return fmt::format("buffer {} cut to {} bytes is accepted", buffer, size);
      if (status.error().code != ErrorCode::kCorruption) return status.error().describe();
    }
  }
  return "";
}

/// Picks single values of a whole buffer. Returns what went wrong or is different from `values`.
inline std::string CheckPicks(const format::Encoding& encoding, Bytes bytes, const ValuesView& values) {
  Scratch scratch;
  const std::uint64_t step = values.length / 50 + 1;
  for (std::uint64_t i = values.length; i > 0; i -= std::min(i, step)) {
    ValueSink sink(values.shape);
    const Status status = PickFromBlock(encoding, bytes, values.length, i - 1, &sink, &scratch);
    const std::string difference = status.ok() ? Difference(sink, values, {i - 1, 1}) : status.error().describe();
    if (!difference.empty()) return fmt::format("value {} alone: {}", i - 1, difference);
  }
  return "";
}

/// Decodes a whole buffer, and values of fixed width alone too. Returns what went wrong or is different from `values`.
inline std::string CheckBlock(const format::Encoding& encoding, Bytes bytes, const ValuesView& values) {
  const OddBytes odd(bytes);
  ValueSink sink(values.shape);
  Scratch scratch;
  const Status status = DecodeBlock(encoding, odd.bytes(), values.length, &sink, &scratch);
  if (!status.ok()) return status.error().describe();
  const std::string difference = Difference(sink, values, {0, values.length});
  return difference.empty() && values.shape.fixed() ? CheckPicks(encoding, odd.bytes(), values) : difference;
}

/// The code of the error that making a chunk decoder ends in; kInternal when there is none.
inline ErrorCode MakeChunkCode(const format::Encoding& encoding, const ValueShape& shape) {
  const auto decoder = MakeChunkDecoder(encoding, shape);
  return decoder ? ErrorCode::kInternal : decoder.error().code;
}

/// The code of the error that decoding a whole buffer ends in; kInternal when there is none, or when picking the first of values
/// of fixed width ends in another.
inline ErrorCode BlockCode(const format::Encoding& encoding, Bytes bytes, std::uint64_t num_values, const ValueShape& shape) {
  const OddBytes odd(bytes);
  ValueSink sink(shape);
  Scratch scratch;
  const Status status = DecodeBlock(encoding, odd.bytes(), num_values, &sink, &scratch);
  if (status.ok() || !shape.fixed() || num_values == 0) return status.ok() ? ErrorCode::kInternal : status.error().code;
  const Status picked = PickFromBlock(encoding, odd.bytes(), num_values, 0, &sink, &scratch);
  return picked.ok() || picked.error().code != status.error().code ? ErrorCode::kInternal : picked.error().code;
}

}  // namespace lancekit::testing
