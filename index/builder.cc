#include "index/builder.h"

#include <cmath>

namespace lancekit::index {
namespace {

constexpr std::uint32_t kMaxLevel = 32;
// Nodes share locks.
constexpr std::size_t kNumLocks = 4096;

/// A number from 0 to 1 that seed and node determine (SplitMix64).
double UniformOf(std::uint64_t seed, std::uint64_t node) {
  std::uint64_t x = seed * 0x9e3779b97f4a7c15u + (node + 1) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  x ^= x >> 31;
  return static_cast<double>(x >> 11) * 0x1p-53;
}

std::uint8_t RandomLevel(std::uint64_t seed, std::uint64_t node, std::uint32_t m) {
  const double level = -std::log(1 - UniformOf(seed, node)) / std::log(static_cast<double>(m));
  return static_cast<std::uint8_t>(std::min<double>(level, kMaxLevel));
}

class Lock {
 public:
  explicit Lock(std::atomic_flag* flag) : flag_(flag) {
    while (flag_->test_and_set(std::memory_order_acquire)) __builtin_ia32_pause();
  }
  ~Lock() { flag_->clear(std::memory_order_release); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  std::atomic_flag* flag_;
};

template <class T>
T LoadRelaxed(const T& from) {
  return std::atomic_ref<T>(const_cast<T&>(from)).load(std::memory_order_relaxed);
}
template <class T>
void StoreRelaxed(T* to, T value) {
  std::atomic_ref<T>(*to).store(value, std::memory_order_relaxed);
}

}  // namespace

class GraphBuilder::Links {
 public:
  Links(const GraphBuilder& graph, std::uint32_t layer) : graph_(graph), layer_(layer) {}
  std::size_t Get(std::uint32_t node, std::uint32_t* to) const noexcept {
    const std::uint32_t* list = graph_.List(node, layer_);
    std::size_t count;
    if (layer_ == 0) {
      count = LoadRelaxed(graph_.counts_[node]);
    } else {
      count = LoadRelaxed(*list++);
    }
    for (std::size_t i = 0; i < count; ++i) to[i] = LoadRelaxed(list[i]);
    return count;
  }
  void Prefetch(std::uint32_t node) const noexcept {
    if (layer_ != 0) return;
    const std::uint32_t* const list = graph_.List(node, 0);
    for (std::size_t i = 0; i < 2 * graph_.options_.m; i += 16) __builtin_prefetch(list + i);
  }

 private:
  const GraphBuilder& graph_;
  std::uint32_t layer_;
};

GraphBuilder::GraphBuilder(const GraphOptions& options, CodeRows rows, std::size_t dimensions, std::uint32_t num_nodes)
    : options_(options), rows_(rows), dimensions_(dimensions), num_nodes_(num_nodes), levels_(num_nodes), locks_(kNumLocks) {}

Result<std::unique_ptr<GraphBuilder>> GraphBuilder::Make(const GraphOptions& options, CodeRows rows, std::size_t dimensions,
                                                         std::uint32_t num_nodes) {
  std::unique_ptr<GraphBuilder> graph(new GraphBuilder(options, rows, dimensions, num_nodes));
  LANCEKIT_TRY(graph->Allocate());
  return graph;
}

Status GraphBuilder::Allocate() {
  LANCEKIT_ASSIGN(counts_memory_, HugeMemory::Make(num_nodes_));
  LANCEKIT_ASSIGN(lowest_memory_, HugeMemory::Make(std::uint64_t{num_nodes_} * Capacity(0) * sizeof(std::uint32_t)));
  counts_ = reinterpret_cast<std::uint8_t*>(counts_memory_.data());
  lowest_ = reinterpret_cast<std::uint32_t*>(lowest_memory_.data());
  upper_at_.resize(num_nodes_);
  std::uint64_t size = 0;
  for (std::uint32_t node = 0; node < num_nodes_; ++node) {
    levels_[node] = RandomLevel(options_.seed, node, options_.m);
    upper_at_[node] = size;
    size += std::uint64_t{levels_[node]} * (1 + options_.m);
  }
  upper_.resize(size);
  return {};
}

std::uint32_t* GraphBuilder::List(std::uint32_t node, std::uint32_t layer) const noexcept {
  if (layer == 0) return lowest_ + std::uint64_t{node} * Capacity(0);
  return const_cast<std::uint32_t*>(upper_.data()) + upper_at_[node] + std::uint64_t{layer - 1} * (1 + options_.m);
}

std::span<const std::uint32_t> GraphBuilder::Neighbours(std::uint32_t node, std::uint32_t layer) const noexcept {
  const std::uint32_t* const list = List(node, layer);
  return layer == 0 ? std::span(list, counts_[node]) : std::span(list + 1, *list);
}

void GraphBuilder::Choose(std::span<const Near<std::int32_t>> candidates, std::size_t most, Scratch* scratch) const {
  constexpr std::size_t kAtOnce = 4;
  std::vector<std::uint32_t>& chosen = scratch->chosen;
  chosen.clear();
  for (const Near<std::int32_t>& candidate : candidates) {
    if (chosen.size() == most) break;
    bool good = true;
    if (!chosen.empty()) {
      scratch->other.Set(rows_, candidate.node, dimensions_);
      std::int32_t distances[kAtOnce];
      for (std::size_t i = 0; i < chosen.size() && good; i += kAtOnce) {
        const std::size_t count = std::min(kAtOnce, chosen.size() - i);
        scratch->other.Distances(rows_, chosen.data() + i, count, distances);
        for (std::size_t k = 0; k < count; ++k) good = good && distances[k] >= candidate.distance;
      }
    }
    if (good) chosen.push_back(candidate.node);
  }
}

void GraphBuilder::AddBack(std::uint32_t from, std::uint32_t layer, Near<std::int32_t> added, Scratch* scratch) {
  const Lock lock(&locks_[from % kNumLocks]);
  std::uint32_t* list = List(from, layer);
  const std::size_t capacity = Capacity(layer);
  const auto set_count = [&](std::size_t count) {
    if (layer == 0) {
      StoreRelaxed(&counts_[from], static_cast<std::uint8_t>(count));
    } else {
      StoreRelaxed(list - 1, static_cast<std::uint32_t>(count));
    }
  };
  const std::size_t count = layer == 0 ? counts_[from] : *list++;
  if (count < capacity) {
    StoreRelaxed(list + count, added.node);
    set_count(count + 1);
    return;
  }
  // All of them compete.
  std::vector<Near<std::int32_t>>& candidates = scratch->candidates;
  candidates.resize(count + 1);
  std::int32_t distances[kMaxDegree];
  scratch->other.Set(rows_, from, dimensions_);
  scratch->other.Distances(rows_, list, count, distances);
  for (std::size_t i = 0; i < count; ++i) candidates[i] = {distances[i], list[i]};
  candidates[count] = added;
  std::sort(candidates.begin(), candidates.end());
  Choose(candidates, capacity, scratch);
  for (std::size_t i = 0; i < scratch->chosen.size(); ++i) StoreRelaxed(list + i, scratch->chosen[i]);
  set_count(scratch->chosen.size());
}

void GraphBuilder::Connect(std::uint32_t node, std::uint32_t layer, Scratch* scratch) {
  const Pool<std::int32_t>& pool = scratch->pool;
  std::vector<Near<std::int32_t>>& candidates = scratch->candidates;
  candidates.clear();
  for (std::size_t i = 0; i < pool.size(); ++i) candidates.push_back(pool[i]);
  Choose(candidates, options_.m, scratch);
  std::vector<Near<std::int32_t>> neighbours;
  for (const std::uint32_t chosen : scratch->chosen)
    neighbours.push_back(*std::ranges::find(candidates, chosen, &Near<std::int32_t>::node));
  {
    const Lock lock(&locks_[node % kNumLocks]);
    // Others may have found the node by a higher layer and added themselves.
    std::vector<std::uint32_t>& nodes = scratch->chosen;
    for (const std::uint32_t other : Neighbours(node, layer)) {
      if (nodes.size() < Capacity(layer) && std::ranges::find(nodes, other) == nodes.end()) nodes.push_back(other);
    }
    std::uint32_t* const list = List(node, layer) + (layer == 0 ? 0 : 1);
    for (std::size_t i = 0; i < nodes.size(); ++i) StoreRelaxed(list + i, nodes[i]);
    if (layer == 0) {
      StoreRelaxed(&counts_[node], static_cast<std::uint8_t>(nodes.size()));
    } else {
      StoreRelaxed(list - 1, static_cast<std::uint32_t>(nodes.size()));
    }
  }
  for (const Near<std::int32_t>& neighbour : neighbours) AddBack(neighbour.node, layer, {neighbour.distance, node}, scratch);
}

void GraphBuilder::Insert(std::uint32_t node, Scratch* scratch) {
  const std::uint32_t level = levels_[node];
  std::unique_lock<std::mutex> entry_lock(entry_mutex_, std::defer_lock);
  std::uint32_t start = entry();
  if (start == kNone || level > LevelOf(start)) {
    entry_lock.lock();  // held until the node is linked: the new top has to be reachable
    start = entry();
    if (start == kNone) {
      entry_.store(node, std::memory_order_release);
      return;
    }
    if (level <= LevelOf(start)) entry_lock.unlock();
  }
  scratch->query.Set(rows_, node, dimensions_);
  const auto measure = [&](const std::uint32_t* nodes, std::size_t count, std::int32_t* distances) {
    scratch->query.Distances(rows_, nodes, count, distances);
  };
  Near<std::int32_t> best{0, start};
  measure(&best.node, 1, &best.distance);
  const std::uint32_t top = LevelOf(start);
  for (std::uint32_t layer = top; layer > level; --layer) best = Descend(Links(*this, layer), measure, best);
  scratch->visited.Start(num_nodes_);
  for (std::uint32_t layer = std::min(level, top) + 1; layer-- > 0;) {
    Pool<std::int32_t>& pool = scratch->pool;
    std::vector<Near<std::int32_t>> starts;
    if (layer == std::min(level, top)) {
      starts.push_back(best);
    } else {
      for (std::size_t i = 0; i < pool.size(); ++i) starts.push_back(pool[i]);
    }
    scratch->visited.Start(num_nodes_);
    scratch->visited.Add(node);
    pool.Start(options_.ef_construction);
    for (const Near<std::int32_t>& near : starts) {
      scratch->visited.Add(near.node);
      pool.Insert(near.distance, near.node);
    }
    Walk(Links(*this, layer), measure, &scratch->visited, &pool);
    Connect(node, layer, scratch);
  }
  if (entry_lock.owns_lock()) entry_.store(node, std::memory_order_release);
}

void GraphBuilder::Search(Scratch* scratch) const {
  const auto measure = [&](const std::uint32_t* nodes, std::size_t count, std::int32_t* distances) {
    scratch->query.Distances(rows_, nodes, count, distances);
  };
  Near<std::int32_t> best{0, entry()};
  measure(&best.node, 1, &best.distance);
  for (std::uint32_t layer = top(); layer > 0; --layer) best = Descend(Links(*this, layer), measure, best);
  scratch->visited.Start(num_nodes_);
  scratch->visited.Add(best.node);
  scratch->pool.Start(options_.ef_construction);
  scratch->pool.Insert(best.distance, best.node);
  Walk(Links(*this, 0), measure, &scratch->visited, &scratch->pool);
}

std::uint32_t GraphBuilder::LinkOrphans(Scratch* scratch) {
  if (num_nodes_ == 0) return 0;
  std::vector<bool> reached(num_nodes_);
  std::vector<std::uint32_t> waiting;
  const auto reach_from = [&](std::uint32_t start) {
    reached[start] = true;
    waiting.assign(1, start);
    while (!waiting.empty()) {
      const std::uint32_t node = waiting.back();
      waiting.pop_back();
      for (const std::uint32_t neighbour : Neighbours(node, 0)) {
        if (reached[neighbour]) continue;
        reached[neighbour] = true;
        waiting.push_back(neighbour);
      }
    }
  };
  reach_from(entry());
  std::uint32_t num_orphans = 0;
  std::uint32_t last = kNone;
  for (std::uint32_t node = 0; node < num_nodes_; ++node) {
    if (reached[node]) continue;
    ++num_orphans;
    scratch->query.Set(rows_, node, dimensions_);
    Search(scratch);
    // One that has no room would lose a neighbour, and that perhaps its only link.
    const Pool<std::int32_t>& pool = scratch->pool;
    const auto has_room = [&](std::uint32_t other) { return reached[other] && counts_[other] < Capacity(0); };
    std::size_t near = 0;
    while (near < pool.size() && !has_room(pool[near].node)) ++near;
    std::uint32_t from = near < pool.size() ? pool[near].node : last;
    if (near == pool.size() && (last == kNone || !has_room(last))) {
      from = 0;
      while (from < num_nodes_ && !has_room(from)) ++from;
      if (from == num_nodes_) return num_orphans;  // all that is reached is full
    }
    List(from, 0)[counts_[from]++] = node;
    last = node;
    reach_from(node);
  }
  return num_orphans;
}

}  // namespace lancekit::index
