// FSST: strings compressed one by one with a table of 255 symbols of 1 to 8 bytes, one table per page.
//
//   chunk and full-zip value: as the inner encoding (variable), its values being codes
//   symbol table: 2312 bytes in the encoding message (kernels/fsst.h)
//
// Source: lance protos/encodings_v2_1.proto (Fsst), rust lance-encoding physical/fsst.rs.
#include "encodings/kernels/fsst.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "encodings/definitions.h"
#include "encodings/kernels/fsst_encoder.h"

namespace lancekit {
namespace {

struct Table {
  kernels::FsstDecoder decoder;
  bool compressed = false;
};

Result<Table> ParseTable(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.variable()) return Corrupt("fsst: stands where values of fixed width are stored");
  if (encoding.children.size() != 1) return Corrupt("fsst: no inner encoding");
  Table table;
  if (!kernels::ParseFsstTable(encoding.table, &table.decoder, &table.compressed)) {
    return Corrupt("fsst: a damaged symbol table of {} bytes", encoding.table.size());
  }
  return table;
}

Error EndsInsideEscape() { return Corrupt("fsst: a value ends after an escape code"); }

/// Decodes to where the strings stay. Pre: the sink has room for them, however long they become.
template <class SinkOffset, class Offset>
Status DecodeInPlace(const kernels::FsstDecoder& decoder, const std::byte* data, const Offset* offsets, std::uint64_t count,
                     std::uint64_t room, ValueSink* sink) {
  const auto base = static_cast<SinkOffset>(sink->data().size());
  std::byte* const to = sink->ReserveData(room);
  auto* const ends = sink->ReserveEnds<SinkOffset>(count);
  if (!kernels::FsstDecodeRun<Offset, SinkOffset>(decoder, data, offsets, count, to, base, ends)) return EndsInsideEscape();
  if (count != 0) sink->CommitStrings(count, static_cast<std::uint64_t>(ends[count - 1] - base));
  return {};
}

template <class Offset>
Status DecodeRun(const kernels::FsstDecoder& decoder, const StringsView& view, ValueRange range, ValueSink* sink,
                 Scratch* scratch) {
  const auto* offsets = reinterpret_cast<const Offset*>(view.offsets) + range.first;
  const std::uint64_t codes = offsets[range.count] - offsets[0];
  const std::uint64_t room = kernels::FsstDecodeRoom(codes);
  if (sink->shape().large_offsets) {
    return DecodeInPlace<std::int64_t>(decoder, view.data, offsets, range.count, room, sink);
  }
  if (sink->HasRoom(room)) return DecodeInPlace<std::int32_t>(decoder, view.data, offsets, range.count, room, sink);
  scratch->ends.Resize(range.count * sizeof(std::int64_t));
  auto* const ends = scratch->ends.as<std::int64_t>();
  std::byte* const to = sink->ReserveData(room);
  if (!kernels::FsstDecodeRun<Offset, std::int64_t>(decoder, view.data, offsets, range.count, to, 0, ends)) {
    return EndsInsideEscape();
  }
  return sink->AppendEnds(ends, range.count);
}

class FsstChunkDecoder final : public ChunkDecoder {
 public:
  FsstChunkDecoder(Table table, std::unique_ptr<ChunkDecoder> inner) : table_(table), inner_(std::move(inner)) {}
  std::size_t num_buffers() const noexcept override { return inner_->num_buffers(); }
  void Prefetch(const Chunk& chunk, std::uint64_t value) const override { inner_->Prefetch(chunk, value); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    if (!table_.compressed) return inner_->Decode(chunk, range, sink, scratch);
    LANCEKIT_ASSIGN(const StringsView view, inner_->View(chunk, range, scratch));
    return DecodeView(view, range, sink, scratch);
  }

  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    if (!table_.compressed) return inner_->DecodeRanges(chunk, ranges, sink, scratch);
    const std::uint64_t first = ranges.front().first;
    const std::uint64_t end = ranges.back().first + ranges.back().count;
    LANCEKIT_ASSIGN(const StringsView view, inner_->View(chunk, {first, end - first}, scratch));
    for (const ValueRange& range : ranges) LANCEKIT_TRY(DecodeView(view, range, sink, scratch));
    return {};
  }

 private:
  Status DecodeView(const StringsView& view, ValueRange range, ValueSink* sink, Scratch* scratch) const {
    return view.wide ? DecodeRun<std::uint64_t>(table_.decoder, view, range, sink, scratch)
                     : DecodeRun<std::uint32_t>(table_.decoder, view, range, sink, scratch);
  }

  Table table_;
  std::unique_ptr<ChunkDecoder> inner_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_ASSIGN(const Table table, ParseTable(encoding, shape));
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> inner, MakeChunkDecoder(encoding.children[0], shape));
  return std::unique_ptr<ChunkDecoder>(std::make_unique<FsstChunkDecoder>(table, std::move(inner)));
}

class FsstValueDecoder final : public ValueDecoder {
 public:
  explicit FsstValueDecoder(const Table& table) : table_(table) {}
  std::uint64_t stored_bytes() const noexcept override { return 0; }
  Status Append(Bytes stored, ValueSink* sink, Scratch*) const override {
    std::byte* const to = sink->ReserveData(kernels::FsstDecodeRoom(stored.size()));
    std::size_t size = stored.size();
    if (!table_.compressed) {
      if (size != 0) std::memcpy(to, stored.data(), size);
    } else {
      const auto decoded = kernels::FsstDecode(table_.decoder, stored.data(), stored.size(), to);
      if (!decoded.has_value()) return EndsInsideEscape();
      size = *decoded;
    }
    const auto end = static_cast<std::int64_t>(size);
    return sink->AppendEnds(&end, 1);
  }

 private:
  Table table_;
};

Result<std::unique_ptr<ValueDecoder>> MakeValue(const format::Encoding& encoding, const ValueShape& shape) {
  LANCEKIT_ASSIGN(const Table table, ParseTable(encoding, shape));
  if (encoding.children[0].id != format::EncodingId::kVariable) return Unsupported("fsst: values that are not variable");
  return std::unique_ptr<ValueDecoder>(std::make_unique<FsstValueDecoder>(table));
}

// A symbol table costs 2.3 KB, so few bytes are not worth one; the reference draws the line here too.
constexpr std::uint64_t kMinBytes = 32 << 10;

// Codes may take twice the bytes, and need room for that before they are there: so many bytes are encoded at a time.
constexpr std::uint64_t kPartBytes = 2 << 20;

/// Some of the strings, as they are compressed at once.
template <class Offset>
struct FsstPart {
  const Offset* first;
  std::size_t num_strings;
  std::size_t num_bytes;
};

template <class Offset>
std::vector<FsstPart<Offset>> Divide(const ValuesView& values) {
  std::vector<FsstPart<Offset>> parts;
  const auto* const offsets = values.offsets<Offset>();
  const auto* const end = offsets + values.length;
  for (const Offset* first = offsets; first != end;) {
    const auto fits = [first](Offset offset) { return static_cast<std::uint64_t>(offset - *first) <= kPartBytes; };
    const Offset* const last = std::max(first + 1, std::partition_point(first + 1, end + 1, fits) - 1);
    parts.push_back({first, static_cast<std::size_t>(last - first), static_cast<std::size_t>(*last - *first)});
    first = last;
  }
  return parts;
}

template <class Offset>
void Compress(const ValuesView& values, ThreadPool* pool, FsstStrings* strings) {
  using kernels::FsstEncoder;
  using Unsigned = std::make_unsigned_t<Offset>;
  const std::vector<FsstPart<Offset>> parts = Divide<Offset>(values);
  const auto encoder = FsstEncoder::Train(values.data, values.offsets<Offset>(), values.length);
  strings->offsets.Resize((values.length + 1) * sizeof(Offset));
  auto* ends = strings->offsets.template as<Unsigned>();
  *ends++ = 0;
  MutableBuffer& codes = strings->codes;
  const auto compress = [&](const FsstPart<Offset>& part, std::byte* out, std::size_t before, Unsigned* part_ends) {
    return encoder.CompressRun(values.data, part.first, part.num_strings, out, static_cast<Unsigned>(before), part_ends);
  };
  std::vector<MutableBuffer> apart;
  for (std::size_t i = 0; i < parts.size();) {
    const std::size_t size = codes.size();
    const std::size_t count = std::min(parts.size() - i, pool == nullptr || i == 0 ? 1 : pool->NumIdle() + 1);
    if (count == 1) {
      codes.Resize(size + FsstEncoder::Room(parts[i].num_bytes));
      codes.Resize(size + compress(parts[i], codes.data() + size, size, ends));
      ends += parts[i].num_strings;
    } else {
      // Each to memory of its own, as if it were the first.
      apart.resize(std::max(apart.size(), count));
      std::vector<Unsigned*> part_ends;
      for (std::size_t k = 0; k < count; ++k) {
        part_ends.push_back(ends);
        ends += parts[i + k].num_strings;
        apart[k].Resize(FsstEncoder::Room(parts[i + k].num_bytes));
      }
      pool->ParallelFor(count, [&](std::size_t k) { apart[k].Resize(compress(parts[i + k], apart[k].data(), 0, part_ends[k])); });
      for (std::size_t k = 0; k < count; ++k) {
        const auto before = static_cast<Unsigned>(codes.size());
        std::for_each_n(part_ends[k], parts[i + k].num_strings, [before](Unsigned& position) { position += before; });
        codes.Append(apart[k].bytes());
      }
    }
    // The first part tells how long all will be.
    if (i == 0 && parts.size() != 1 && parts[0].num_bytes != 0)
      codes.Reserve(codes.size() * (values.StringBytes() / parts[0].num_bytes + 1) + FsstEncoder::Room(kPartBytes));
    i += count;
  }
  strings->table.resize(kernels::kFsstTableSize);
  encoder.SerializeTable(strings->table.data());
}

}  // namespace

format::Encoding FsstStrings::Describe() const {
  format::Encoding encoding;
  encoding.id = format::EncodingId::kFsst;
  encoding.table = table;
  encoding.children.push_back(MakeVariableEncoder(values)->Describe());
  return encoding;
}

std::unique_ptr<FsstStrings> CompressFsst(const ValuesView& values, ThreadPool* pool) {
  const std::uint64_t bytes = values.StringBytes();
  // Codes may take twice the bytes before it is known that they do not pay; their offsets must still fit.
  if (bytes < kMinBytes || bytes > (std::uint64_t{1} << 29)) return nullptr;
  auto strings = std::make_unique<FsstStrings>();
  values.shape.large_offsets ? Compress<std::int64_t>(values, pool, strings.get())
                             : Compress<std::int32_t>(values, pool, strings.get());
  if (strings->codes.size() + strings->table.size() >= bytes) return nullptr;
  strings->values = values;
  strings->values.values = strings->offsets.data();
  strings->values.data = strings->codes.data();
  return strings;
}

namespace {

class FsstEncoding final : public ChunkEncoder {
 public:
  FsstEncoding(const FsstStrings& strings, std::unique_ptr<ChunkEncoder> inner) : inner_(std::move(inner)) {
    message_.id = format::EncodingId::kFsst;
    message_.table = strings.table;
    message_.children.push_back(inner_->Describe());
  }
  format::Encoding Describe() const override { return message_; }
  std::size_t num_buffers() const noexcept override { return inner_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override { return inner_->ChunkSize(first); }
  void Encode(ValueRange range, ChunkWriter* out) const override { inner_->Encode(range, out); }

 private:
  format::Encoding message_;
  std::unique_ptr<ChunkEncoder> inner_;
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakeFsstEncoder(const FsstStrings& strings, std::uint64_t chunk_bytes) {
  return MakeFsstEncoder(strings, MakeVariableEncoder(strings.values, chunk_bytes));
}

std::unique_ptr<ChunkEncoder> MakeFsstEncoder(const FsstStrings& strings, std::unique_ptr<ChunkEncoder> inner) {
  return std::make_unique<FsstEncoding>(strings, std::move(inner));
}

constinit const EncodingDef kFsst{
    .id = format::EncodingId::kFsst,
    .name = "fsst",
    .make_chunk_decoder = &MakeChunk,
    .make_value_decoder = &MakeValue,
};

}  // namespace lancekit
