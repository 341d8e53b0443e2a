#include "index/insert_order.h"

#include <algorithm>
#include <compare>
#include <utility>

#include "index/parts.h"

namespace lancekit::index {
namespace {

/// The two nearest pivots of a node.
struct Place {
  std::uint32_t nearest = 0;
  std::uint32_t second = 0;
  std::uint32_t node = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

}  // namespace

Result<InsertOrder> OrderToInsert(const CodeRows& codes, std::size_t dimensions, std::uint32_t first, std::uint32_t num_nodes,
                                  ContextImpl& context) {
  constexpr std::uint32_t kSpreadEvery = 8;
  constexpr std::size_t kPivots = 256;  // their codes stay in the cache
  constexpr std::size_t kPart = 4096;
  InsertOrder order;
  std::vector<Place> places;
  for (std::uint32_t node = first; node < num_nodes; ++node) {
    if ((node - first) % kSpreadEvery == 0) {
      order.nodes.push_back(node);
    } else {
      places.push_back({.node = node});
    }
  }
  order.num_spread = order.nodes.size();
  if (order.num_spread >= 2 * kPivots) {
    std::vector<std::uint32_t> pivots;
    for (std::size_t i = 0; i < kPivots; ++i) pivots.push_back(order.nodes[i * order.num_spread / kPivots]);
    LANCEKIT_TRY(ForEachPart(context, (places.size() + kPart - 1) / kPart, [&](std::size_t part) {
      CodeQuery query(dimensions);
      std::int32_t distances[kPivots];
      for (std::size_t i = part * kPart; i < std::min(places.size(), (part + 1) * kPart); ++i) {
        Place& place = places[i];
        query.Set(codes, place.node, dimensions);
        query.Estimate(codes, pivots.data(), kPivots, distances);
        place.nearest = 0, place.second = 1;
        if (distances[1] < distances[0]) std::swap(place.nearest, place.second);
        for (std::uint32_t pivot = 2; pivot < kPivots; ++pivot) {
          if (distances[pivot] < distances[place.nearest]) {
            place.second = std::exchange(place.nearest, pivot);
          } else if (distances[pivot] < distances[place.second]) {
            place.second = pivot;
          }
        }
      }
      return Status();
    }));
    std::ranges::sort(places);
  }
  for (const Place& place : places) order.nodes.push_back(place.node);
  return order;
}

}  // namespace lancekit::index
