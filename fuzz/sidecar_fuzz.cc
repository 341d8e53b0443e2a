// An HNSW sidecar: whatever is opened can be walked through without reading outside of it.
#include <vector>

#include "base/endian.h"
#include "base/hash.h"
#include "fuzz/page_fuzz.h"
#include "index/sidecar.h"
#include "index/walk.h"

namespace lancekit::fuzz {
namespace {

using index::Sidecar;

void Run(FuzzInput input) {
  const Bytes given = input.Rest();
  std::vector<std::byte> bytes(given.begin(), given.end());
  constexpr std::size_t kProlog = 24;
  // The header's hash would keep all but the seeds out.
  if (bytes.size() >= kProlog) {
    const std::size_t size = std::min<std::size_t>(LoadLe<std::uint32_t>(bytes.data() + 12), bytes.size() - kProlog);
    StoreLe(bytes.data() + 16, HashBytes({bytes.data() + kProlog, size}));
  }
  const testing::OddBytes odd(bytes);
  const auto opened = Sidecar::Open(MakeMemorySource(Buffer(nullptr, odd.bytes()), "file"));
  if (!opened) return;
  const Sidecar& sidecar = **opened;
  const std::uint32_t num_nodes = sidecar.facts().num_nodes;
  std::uint64_t num_deleted = 0;
  for (std::uint32_t node = 0; node < num_nodes; ++node) {
    const std::uint64_t row = sidecar.RowOf(node);
    Require(row < sidecar.facts().num_rows(), "a row that is not there");
    Require(sidecar.NodeOf(row) == node, "a row of another node");
    num_deleted += static_cast<std::uint64_t>(sidecar.IsDeleted(node));
  }
  Require(num_deleted <= num_nodes, "more nodes than there are");
  if (num_nodes == 0) return;
  index::CodeQuery query(sidecar.facts().dimensions);
  const std::vector<float> zeros(sidecar.facts().dimensions, 0.0f);
  query.Set(sidecar.facts().quantizer, zeros.data());
  const auto measure = [&](const std::uint32_t* nodes, std::size_t count, std::int32_t* distances) {
    for (std::size_t i = 0; i < count; ++i) Require(nodes[i] < num_nodes, "a node that is not there");
    if (sidecar.facts().has_codes) {
      query.Distances(sidecar.codes(), nodes, count, distances);
      query.Estimate(sidecar.codes(), nodes, count, distances);
    } else {
      for (std::size_t i = 0; i < count; ++i) distances[i] = static_cast<std::int32_t>(nodes[i] * 2654435761u);
    }
  };
  const index::Near<std::int32_t> best = index::DescendLayers<std::int32_t>(sidecar, measure);
  index::Visited visited;
  index::Pool<std::int32_t> pool;
  index::WalkFrom(best, sidecar.lowest(), measure, num_nodes, 16, &visited, &pool);
  if (sidecar.facts().has_bits) {
    index::BitQuery bits(sidecar.facts().dimensions);
    bits.Set(sidecar.facts().bit_quantizer(), zeros.data());
    const auto measure_bits = [&](const std::uint32_t* nodes, std::size_t count, float* numbers) {
      bits.Distances(sidecar.bits(), nodes, count, numbers);
    };
    index::Pool<float> near;
    index::WalkFrom(index::DescendLayers<float>(sidecar, measure_bits), sidecar.lowest(), measure_bits, num_nodes, 16, &visited,
                    &near);
  }
  for (const Sidecar::SectionInfo& section : sidecar.sections()) static_cast<void>(sidecar.CheckHash(section).ok());
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
