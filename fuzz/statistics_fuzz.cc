// A statistics buffer from a hostile writer, whose hash is right: the hash is set anew where the message is sound enough for it.
// What is accepted is read to the last zone, zones join to pages, and Bloom filters answer.
#include "base/hash.h"
#include "format/statistics.h"
#include "format/statistics_generated.h"
#include "fuzz/fuzz_input.h"

namespace lancekit::fuzz {
namespace {

void Walk(const format::Statistics& statistics, std::uint64_t column) {
  const format::ZoneList pages = statistics.Pages(column), zones = statistics.Zones(column);
  std::uint64_t next = 0, num_blooms = 0;
  for (std::uint64_t page = 0; page < pages.size(); ++page) {
    static_cast<void>(pages[page]);
    const format::BloomFilter bloom = statistics.Bloom(column, page);
    for (std::uint64_t value = 0; value < 32; ++value)
      Require(bloom.MayContain(value) || !bloom.empty(), "a value missed by a filter that there is not");
    num_blooms += !bloom.empty();
    format::Zone joined;
    for (std::uint32_t i = statistics.ZonesInPage(column, page); i != 0; --i) joined.Append(zones[next++]);
  }
  Require(next == zones.size(), "zones that no page lists");
  Require((num_blooms == 0) == (statistics.BloomBytes(column) == 0), "Bloom filters of no page");
  static_cast<void>(HashBytes(statistics.BufferHashes(column)));  // reads every byte
}

void Run(FuzzInput input) {
  MutableBuffer message;
  message.Append(input.Rest());
  // In a hostile message the hash may lie where other fields do: setting it can make the message unsound.
  const auto is_sound = [&] {
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(message.data()), message.size());
    return format::fbs::VerifyStatisticsBuffer(verifier);
  };
  const auto set_hash = [&](std::uint64_t hash) {
    flatbuffers::GetMutableRoot<format::fbs::Statistics>(message.data())->mutate_own_hash(hash);
  };
  if (is_sound()) set_hash(0);
  if (is_sound()) set_hash(HashBytes(message.bytes()));
  const auto statistics = format::Statistics::Parse(std::move(message).Freeze());
  if (!statistics) return;
  for (std::uint64_t column = 0; column < statistics->num_columns(); ++column) Walk(*statistics, column);
  static_cast<void>(statistics->GlobalBufferHashes());
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
