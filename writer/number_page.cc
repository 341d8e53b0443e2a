#include "writer/number_page.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "base/checked_math.h"
#include "encodings/definitions.h"
#include "format/file_metadata.h"

namespace lancekit {

using format::FileVersion;

std::uint64_t FileBytes(const EncodedPage& page) {
  std::uint64_t bytes = format::SerializePageLayout(page.layout).size();
  for (const MutableBuffer& buffer : page.buffers) bytes += AlignUp(buffer.size(), format::kBufferAlignment);
  return bytes;
}

namespace {

/// Numbers of a nested leaf as chosen. The choice only guesses the levels of its chunks, so what could come out smaller is
/// written too: fewer bytes of values, or larger chunks.
Result<EncodedPage> WriteNested(const PageValues& page, const ValuesView& values, const ChunkEncoder& chosen,
                                FileVersion version) {
  // Large chunks waste less of the last block of their levels, but take longer where single rows are read: of a page that is
  // small anyway any gain will do, else it has to be this part of it.
  constexpr std::uint64_t kSmallPage = 256 << 10;
  constexpr std::uint64_t kWorthLargeChunks = 200;
  constexpr ChunkLimits kLargeChunks{.bytes = 4 * kDefaultChunkBytes, .values = 4 * kDefaultChunkValues};
  struct Candidate {
    std::uint64_t value_bytes;
    std::function<std::unique_ptr<ChunkEncoder>(const ValuesView&)> make;
    std::uint64_t least_gain = 0;
  };
  LANCEKIT_ASSIGN(EncodedPage best, WriteMiniBlockPage(page, chosen, std::nullopt, version));
  const std::uint64_t bits = values.shape.width_bits;
  std::vector<Candidate> candidates;
  const std::uint64_t flat_bytes = CeilDiv(values.length * bits, 8);
  const format::EncodingId chosen_id = chosen.Describe().id;
  const bool may_be_large = version != FileVersion::k2_1;
  const std::uint64_t gain = FileBytes(best) <= kSmallPage ? 0 : FileBytes(best) / kWorthLargeChunks;
  if (chosen_id != format::EncodingId::kFlat)
    candidates.push_back({flat_bytes, [](const ValuesView& view) { return MakeFlatEncoder(view); }});
  if (may_be_large)
    candidates.push_back({flat_bytes, [&](const ValuesView& view) { return MakeFlatEncoder(view, kLargeChunks); }, gain});
  if (bits == 8 || bits == 16 || bits == 32 || bits == 64) {
    if (chosen_id != format::EncodingId::kInlineBitpacking)
      candidates.push_back({InlineBitpackingBytes(values), &MakeInlineBitpackingEncoder});
    const std::uint64_t rle_bytes = RleBytes(values);
    if (chosen_id != format::EncodingId::kRle)
      candidates.push_back({rle_bytes, [](const ValuesView& view) { return MakeRleEncoder(view); }});
    if (may_be_large)
      candidates.push_back({rle_bytes, [&](const ValuesView& view) { return MakeRleEncoder(view, kLargeChunks.values); }, gain});
  }
  for (const Candidate& candidate : candidates) {
    const std::uint64_t limit = FileBytes(best) - std::min(FileBytes(best), candidate.least_gain);
    if (candidate.value_bytes >= limit) continue;
    const std::unique_ptr<ChunkEncoder> encoder = candidate.make(values);
    if (candidate.value_bytes + MiniBlockLevelBytes(page, *encoder, version) >= limit) continue;
    LANCEKIT_ASSIGN(EncodedPage other, WriteMiniBlockPage(page, *encoder, std::nullopt, version));
    if (FileBytes(other) < limit) best = std::move(other);
  }
  return best;
}

}  // namespace

Result<EncodedPage> WriteNumberPage(const PageValues& page, const ValuesView& numbers, const EncoderChoice& choice,
                                    std::optional<EncodedDictionary> dictionary, const PageTarget& target) {
  const EncodingHints& hints = target.hints;
  const bool is_free = hints.compression == EncodingHints::Compression::kDefault && !hints.rle_threshold.has_value();
  if (page.entries == nullptr || !is_free || choice.compressed || target.version == FileVersion::kX1)
    return WriteMiniBlockPage(page, *choice.encoder, std::move(dictionary), target.version);
  LANCEKIT_ASSIGN(EncodedPage written, WriteNested(page, numbers, *choice.encoder, target.version));
  if (dictionary.has_value()) AddDictionary(*std::move(dictionary), &written);
  return written;
}

}  // namespace lancekit
