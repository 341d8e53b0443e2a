// Tokens: strings as codes for tokens of 1 to 16 bytes, which a table of the page lists. X1.
//
//   message: bits per code (W: 1 ... 16); token table
//   chunk: buffer 0: the codes of all strings, W bits each, back to back; then the buffers of the inner encoding: the number of
//   codes of each string (u32)
//   token table: framed as by general with zstd: u32 number of tokens T; T bytes: high half: leading bytes that are those of the
//   token before, low half: bytes that follow, less 1; then these bytes of all tokens
//
// Idea: Gargiulo et al., "OnPair: Short Strings Compression for Fast Random Access", 2025.
#include "encodings/kernels/tokens.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "encodings/kernels/tokens_index.h"
#include "encodings/kernels/tokens_trainer.h"

namespace lancekit {
namespace {

using kernels::kMaxTokenLength;
using kernels::kMaxTokens;
using kernels::kMaxTokenWidth;
using kernels::Token;
using kernels::TokenDecoder;

constexpr std::uint64_t kCountBits = 32;
constexpr std::uint64_t kMaxChunkValues = 32'768;
constexpr std::uint64_t kMaxTableBytes = 4 + kMaxTokens * (1 + kMaxTokenLength);

Status ParseTable(Bytes table, TokenDecoder* decoder) {
  const std::uint64_t num_tokens = table.size() < 4 ? 0 : LoadLe<std::uint32_t>(table.data());
  if (num_tokens == 0 || num_tokens > std::uint64_t{1} << decoder->width() || table.size() < 4 + num_tokens) {
    return Corrupt("tokens: a table of {} bytes for {} tokens of {} bits", table.size(), num_tokens, decoder->width());
  }
  const Bytes sizes = table.subspan(4, num_tokens);
  Bytes texts = table.subspan(4 + num_tokens);
  std::byte text[kMaxTokenLength];
  std::size_t length = 0;
  for (std::size_t i = 0; i < num_tokens; ++i) {
    const auto shared = std::to_integer<std::size_t>(sizes[i] >> 4);
    const std::size_t added = std::to_integer<std::size_t>(sizes[i] & std::byte{15}) + 1;
    if (shared > length || shared + added > kMaxTokenLength || added > texts.size())
      return Corrupt("tokens: a damaged token {}", i);
    std::memcpy(text + shared, texts.data(), added);
    texts = texts.subspan(added);
    length = shared + added;
    decoder->Set(i, text, length);
  }
  if (!texts.empty()) return Corrupt("tokens: {} bytes behind the last token", texts.size());
  return {};
}

class TokensDecoder final : public ChunkDecoder {
 public:
  TokensDecoder(TokenDecoder decoder, std::unique_ptr<ChunkDecoder> counts)
      : decoder_(std::move(decoder)), counts_(std::move(counts)) {}
  std::size_t num_buffers() const noexcept override { return 1 + counts_->num_buffers(); }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch* scratch) const override {
    return DecodeRanges(chunk, {&range, 1}, sink, scratch);
  }

  Status DecodeRanges(const Chunk& chunk, std::span<const ValueRange> ranges, ValueSink* sink, Scratch* scratch) const override {
    const std::uint64_t end = ranges.back().first + ranges.back().count;
    ValueSink* const sink_of_counts = scratch->InnerValues(kCountBits);
    LANCEKIT_TRY(counts_->Decode({chunk.buffers.subspan(1), chunk.num_values}, {0, end}, sink_of_counts, scratch->Inner()));
    const auto* const counts = sink_of_counts->values().as<std::uint32_t>();
    const auto sum = [&](std::uint64_t first, std::uint64_t last) {
      return std::accumulate(counts + first, counts + last, std::uint64_t{0});
    };
    const auto width = static_cast<std::uint64_t>(decoder_.width());
    const std::uint64_t size = chunk.buffers[0].size();
    const std::uint64_t most_codes = size * 8 / width;
    std::uint64_t value = 0;
    std::uint64_t code = 0;
    for (const ValueRange& range : ranges) {
      code += sum(value, range.first);
      value = range.first + range.count;
      const std::uint64_t num_codes = sum(range.first, value);
      if (code > most_codes || num_codes > most_codes - code) return Corrupt("tokens: more codes than {} bytes hold", size);
      LANCEKIT_TRY(DecodeStrings(chunk.buffers[0], code, num_codes, {counts + range.first, range.count}, sink, scratch));
      code += num_codes;
    }
    if (value == chunk.num_values && CeilDiv(code * width, 8) != size) return Corrupt("tokens: {} codes in {} bytes", code, size);
    return {};
  }

 private:
  Status DecodeStrings(Bytes codes, std::uint64_t first_code, std::uint64_t num_codes, std::span<const std::uint32_t> counts,
                       ValueSink* sink, Scratch* scratch) const {
    const std::uint64_t room = TokenDecoder::Room(num_codes);
    if (room > std::uint32_t(-1)) return Corrupt("tokens: {} codes in a chunk", num_codes);
    scratch->block.Resize((num_codes + 1) * sizeof(std::uint32_t));
    auto* const positions = scratch->block.as<std::uint32_t>();
    decoder_.Decode(codes, first_code, num_codes, sink->ReserveData(room), positions);
    if (!decoder_.complete()) {
      bool has_empty = false;
      for (std::uint64_t i = 0; i < num_codes; ++i) has_empty |= positions[i] == positions[i + 1];
      if (has_empty) return Corrupt("tokens: a code without a token");
    }
    scratch->ends.Resize(counts.size() * sizeof(std::uint32_t));
    auto* const ends = scratch->ends.as<std::uint32_t>();
    std::uint64_t code = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) ends[i] = positions[code += counts[i]];
    return sink->AppendEnds(ends, counts.size());
  }

  TokenDecoder decoder_;
  std::unique_ptr<ChunkDecoder> counts_;
};

Result<std::unique_ptr<ChunkDecoder>> MakeChunk(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.variable()) return Corrupt("tokens: stands where values of fixed width are stored");
  if (encoding.bits == 0 || encoding.bits > kMaxTokenWidth) return Corrupt("tokens: codes of {} bits", encoding.bits);
  const Bytes framed = encoding.table;
  const std::uint64_t table_bytes = framed.size() < 8 ? 0 : LoadLe<std::uint64_t>(framed.data());
  if (table_bytes > kMaxTableBytes) return Corrupt("tokens: a table of {} bytes", table_bytes);
  MutableBuffer table;
  LANCEKIT_TRY(DecompressBuffer(framed, format::CompressionScheme::kZstd, &table));
  TokenDecoder decoder(static_cast<int>(encoding.bits));
  LANCEKIT_TRY(ParseTable(table.bytes(), &decoder));
  LANCEKIT_ASSIGN(std::unique_ptr<ChunkDecoder> counts, MakeInnerDecoder(encoding, FixedShape(kCountBits)));
  return std::unique_ptr<ChunkDecoder>(std::make_unique<TokensDecoder>(std::move(decoder), std::move(counts)));
}

std::string DescribeTokens(const format::Encoding& encoding) { return fmt::format("{} bit", encoding.bits); }

std::vector<std::byte> SerializeTable(const std::vector<Token>& tokens) {
  MutableBuffer table;
  MutableBuffer texts;
  table.AppendLe(static_cast<std::uint32_t>(tokens.size()));
  std::byte previous[kMaxTokenLength];
  std::size_t previous_length = 0;
  for (const Token& token : tokens) {
    std::byte text[kMaxTokenLength];
    StoreLe(text, token.low);
    StoreLe(text + 8, token.high);
    const auto length = static_cast<std::size_t>(token.length);
    std::size_t shared = 0;
    while (shared < std::min(previous_length, length - 1) && text[shared] == previous[shared]) ++shared;
    table.AppendLe(static_cast<std::uint8_t>(shared << 4 | (length - shared - 1)));
    texts.Append({text + shared, length - shared});
    std::memcpy(previous, text, sizeof(text));
    previous_length = length;
  }
  table.Append(texts.bytes());
  MutableBuffer framed;
  AppendCompressed(table.bytes(), {format::CompressionScheme::kZstd, 3}, &framed);
  return {framed.data(), framed.data() + framed.size()};
}

constexpr std::uint64_t kSampleBytes = 1 << 20;
constexpr std::uint64_t kPieceBytes = 512;
// Codes and their positions have 32 bits.
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 31;

/// All strings when they are few, or about kSampleBytes of them: pieces from all over the page, in no order.
kernels::TokenSample TakeSample(const ValuesView& values) {
  kernels::TokenSample sample;
  const std::uint64_t begin = values.Offset(0);
  const std::uint64_t end = values.Offset(values.length);
  sample.total_bytes = end - begin;
  sample.data_end = values.data + end;
  const auto add = [&](std::uint64_t from, std::uint64_t to) {
    if (from != to) sample.texts.emplace_back(reinterpret_cast<const char*>(values.data) + from, to - from);
  };
  if (sample.total_bytes <= kSampleBytes) {
    for (std::uint64_t i = 0; i < values.length; ++i) add(values.Offset(i), values.Offset(i + 1));
    return sample;
  }
  // An odd stride meets every one of a power of two of pieces.
  constexpr std::uint64_t kPieces = kSampleBytes / kPieceBytes;
  constexpr std::uint64_t kStride = kPieces * 5 / 8 + 1;
  for (std::uint64_t i = 0; i < kPieces; ++i) {
    const std::uint64_t at = begin + sample.total_bytes / kPieces * (i * kStride % kPieces);
    // The last string that starts at or before this byte.
    std::uint64_t string = 0;
    for (std::uint64_t last = values.length; last - string > 1;) {
      const std::uint64_t middle = string + (last - string) / 2;
      (values.Offset(middle) <= at ? string : last) = middle;
    }
    std::uint64_t left = kPieceBytes;
    std::uint64_t from = at - values.Offset(string) < kPieceBytes ? values.Offset(string) : at;
    for (; string < values.length && left != 0; ++string) {
      const std::uint64_t to = std::min(values.Offset(string + 1), from + left);
      add(from, to);
      left -= to - from;
      from = to;
    }
  }
  return sample;
}

}  // namespace

std::unique_ptr<TokenTable> TrainTokens(const ValuesView& values) {
  const std::uint64_t bytes = values.StringBytes();
  if (bytes == 0 || bytes > kMaxBytes) return nullptr;
  kernels::TrainedTokens trained = kernels::TrainTokens(TakeSample(values));
  auto table = std::make_unique<TokenTable>();
  table->bytes = CeilDiv(trained.num_codes * static_cast<std::uint64_t>(trained.width), 8) +
                 static_cast<std::uint64_t>(static_cast<double>(trained.tokens.size()) * kernels::kTokenTableBytes);
  if (table->bytes >= bytes) return nullptr;
  table->index = std::make_shared<const kernels::TokenIndex>(std::move(trained.tokens));
  return table;
}

namespace {

class TokensEncoder final : public ChunkEncoder {
 public:
  TokensEncoder(const ValuesView& values, const TokenTable& table, std::uint64_t chunk_bytes, const InnerEncoder& inner)
      : values_(values), chunk_bytes_(chunk_bytes), counts_(values.length), ends_(values.length) {
    std::vector<Token> tokens = table.index->tokens();
    EncodeStrings(*table.index, &tokens);
    width_ = std::max(BitLength(tokens.size() - 1), 1);
    message_.id = format::EncodingId::kTokens;
    message_.bits = static_cast<std::uint64_t>(width_);
    message_.table = SerializeTable(tokens);
    inner_ = inner(NumbersView(counts_.data(), values_.length, kCountBits));
    message_.children.push_back(inner_->Describe());
  }

  format::Encoding Describe() const override { return message_; }
  std::size_t num_buffers() const noexcept override { return 1 + inner_->num_buffers(); }
  std::uint64_t ChunkSize(std::uint64_t first) const override {
    const std::uint64_t left = values_.length - first;
    const auto bytes = [&](std::uint64_t count) { return values_.Offset(first + count) - values_.Offset(first); };
    if (left <= kMaxChunkValues && bytes(left) <= chunk_bytes_) return left;
    std::uint64_t count = 2;
    while (count * 2 <= std::min(left, kMaxChunkValues) && bytes(count * 2) <= chunk_bytes_) count *= 2;
    return std::min(count, left);
  }
  void Encode(ValueRange range, ChunkWriter* out) const override {
    const std::uint64_t first = range.first == 0 ? 0 : ends_[range.first - 1];
    const std::uint64_t count = range.count == 0 ? 0 : ends_[range.first + range.count - 1] - first;
    std::byte* const to = out->Begin(count * sizeof(std::uint16_t) + 8);
    out->End(kernels::PackTokenCodes(codes_.as<std::uint16_t>() + first, count, width_, to));
    inner_->Encode(range, out);
  }

 private:
  /// Adds a token for each byte that the table has none for.
  void EncodeStrings(const kernels::TokenIndex& index, std::vector<Token>* tokens) {
    const std::uint64_t begin = values_.Offset(0);
    codes_.Resize(values_.StringBytes() * sizeof(std::uint16_t));
    kernels::TokenJob job;
    job.data = values_.data;
    job.data_end = values_.data + values_.Offset(values_.length);
    if (values_.shape.large_offsets) {
      job.large_offsets = values_.offsets<std::int64_t>();
    } else {
      job.offsets = values_.offsets<std::int32_t>();
    }
    job.num_strings = values_.length;
    job.codes = codes_.as<std::uint16_t>();
    job.ends = ends_.data();
    index.Encode(&job);
    for (std::uint32_t i = 0; i < job.num_added; ++i) tokens->push_back({job.added[i], 0, 1});
    // The lanes one behind the other.
    std::uint32_t num_codes = 0;
    for (std::uint64_t lane = 0; lane < kernels::kTokenLanes; ++lane) {
      const std::uint32_t first_code = num_codes;
      const std::uint64_t first = job.FirstString(lane);
      const std::uint64_t last = job.FirstString(lane + 1);
      std::uint32_t previous = 0;
      for (std::uint64_t string = first; string < last; ++string) {
        counts_[string] = ends_[string] - previous;
        previous = ends_[string];
        ends_[string] = num_codes += counts_[string];
      }
      const std::uint16_t* const from = job.codes + (values_.Offset(first) - begin);
      if (num_codes != first_code) std::memmove(job.codes + first_code, from, (num_codes - first_code) * sizeof(*from));
    }
    codes_.Resize(num_codes * sizeof(std::uint16_t));
  }

  ValuesView values_;
  std::uint64_t chunk_bytes_;
  int width_ = 0;
  MutableBuffer codes_;
  PooledVector<std::uint32_t> counts_;
  PooledVector<std::uint32_t> ends_;
  std::unique_ptr<ChunkEncoder> inner_;
  format::Encoding message_;
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakeTokensEncoder(const ValuesView& values, const TokenTable& table, std::uint64_t chunk_bytes,
                                                const InnerEncoder& inner) {
  if (values.StringBytes() > kMaxBytes) return nullptr;
  return std::make_unique<TokensEncoder>(values, table, chunk_bytes, inner);
}

constinit const EncodingDef kTokens{
    .id = format::EncodingId::kTokens,
    .name = "tokens",
    .make_chunk_decoder = &MakeChunk,
    .describe = &DescribeTokens,
};

}  // namespace lancekit
