// The order in which vectors are inserted into a graph: near ones one after the other, so that what a walk reads is still in the
// cache from the walk before.
#pragma once

#include <cstdint>
#include <vector>

#include "base/context_impl.h"
#include "index/codes.h"

namespace lancekit::index {

struct InsertOrder {
  std::vector<std::uint32_t> nodes;
  /// So many at the start come from everywhere: those behind find a graph that spans all.
  std::size_t num_spread = 0;
};

/// Of the nodes from `first` on. Errors: kCancelled, kResourceLimit.
Result<InsertOrder> OrderToInsert(const CodeRows& codes, std::size_t dimensions, std::uint32_t first, std::uint32_t num_nodes,
                                  ContextImpl& context);

}  // namespace lancekit::index
