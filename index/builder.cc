#include "index/builder.h"

#include <cmath>

#include "index/random.h"

namespace lancekit::index {
namespace {

constexpr std::uint32_t kMaxLevel = 32;
// Nodes share locks.
constexpr std::size_t kNumLocks = 4096;

/// A number from 0 to 1 that seed and node determine.
double UniformOf(std::uint64_t seed, std::uint64_t node) {
  return static_cast<double>(MixBits(seed * 0x9e3779b97f4a7c15u + (node + 1) * 0xbf58476d1ce4e5b9u) >> 11) * 0x1p-53;
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
// Who sees a count sees the entries too.
template <class T>
T LoadCount(const T& from) {
  return std::atomic_ref<T>(const_cast<T&>(from)).load(std::memory_order_acquire);
}
template <class T>
void StoreCount(T* to, T value) {
  std::atomic_ref<T>(*to).store(value, std::memory_order_release);
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
      count = LoadCount(graph_.counts_[node]);
    } else {
      count = LoadCount(*list++);
    }
    for (std::size_t i = 0; i < count; ++i) to[i] = LoadRelaxed(list[i]);
    return count;
  }
  void Prefetch(std::uint32_t node) const noexcept {
    if (layer_ != 0) return;
    const std::uint32_t* const list = graph_.List(node, 0);
    __builtin_prefetch(&graph_.counts_[node]);
    for (std::size_t i = 0; i < 2 * graph_.options_.m; i += 16) __builtin_prefetch(list + i);
  }

 private:
  const GraphBuilder& graph_;
  std::uint32_t layer_;
};

GraphBuilder::GraphBuilder(const GraphOptions& options, CodeRows rows, std::size_t dimensions, std::vector<std::uint8_t> levels)
    : options_(options),
      rows_(rows),
      dimensions_(dimensions),
      num_nodes_(static_cast<std::uint32_t>(levels.size())),
      levels_(std::move(levels)),
      locks_(kNumLocks) {}

Result<std::unique_ptr<GraphBuilder>> GraphBuilder::Make(const GraphOptions& options, CodeRows rows, std::size_t dimensions,
                                                         std::uint32_t num_nodes) {
  std::vector<std::uint8_t> levels(num_nodes);
  for (std::uint32_t node = 0; node < num_nodes; ++node) levels[node] = RandomLevel(options.seed, node, options.m);
  std::unique_ptr<GraphBuilder> graph(new GraphBuilder(options, rows, dimensions, std::move(levels)));
  LANCEKIT_TRY(graph->Allocate());
  return graph;
}

Result<std::unique_ptr<GraphBuilder>> GraphBuilder::Load(const GraphOptions& options, CodeRows rows, std::size_t dimensions,
                                                         const Sidecar& sidecar, std::uint32_t num_nodes) {
  const std::uint32_t num_loaded = sidecar.facts().num_nodes;
  std::vector<std::uint8_t> levels(num_nodes);
  for (std::uint32_t node = num_loaded; node < num_nodes; ++node) levels[node] = RandomLevel(options.seed, node, options.m);
  for (const UpperLayer& layer : sidecar.upper()) {
    for (std::uint32_t i = 0; i < layer.nodes.size(); ++i) ++levels[layer.nodes[i]];
  }
  std::unique_ptr<GraphBuilder> graph(new GraphBuilder(options, rows, dimensions, std::move(levels)));
  LANCEKIT_TRY(graph->Allocate());
  if (num_loaded == 0) return graph;
  std::uint32_t neighbours[kMaxDegree];
  for (std::uint32_t node = 0; node < num_loaded; ++node)
    graph->SetList(node, 0, {neighbours, sidecar.lowest().Get(node, neighbours)});
  for (std::uint32_t layer = 1; layer <= sidecar.upper().size(); ++layer) {
    const UpperLayer& upper = sidecar.upper()[layer - 1];
    for (std::uint32_t i = 0; i < upper.nodes.size(); ++i) {
      const std::size_t count = upper.neighbours.Get(i, neighbours);
      for (std::size_t k = 0; k < count; ++k) neighbours[k] = upper.nodes[neighbours[k]];
      graph->SetList(upper.nodes[i], layer, {neighbours, count});
    }
  }
  graph->entry_.store(sidecar.entry());
  return graph;
}

Status GraphBuilder::Allocate() {
  LANCEKIT_ASSIGN(counts_memory_, HugeMemory::Make(num_nodes_));
  LANCEKIT_ASSIGN(lowest_memory_, HugeMemory::Make(std::uint64_t{num_nodes_} * Capacity(0) * sizeof(std::uint32_t)));
  counts_ = counts_memory_.as<std::uint8_t>();
  lowest_ = lowest_memory_.as<std::uint32_t>();
  upper_at_.resize(num_nodes_);
  std::uint64_t size = 0;
  for (std::uint32_t node = 0; node < num_nodes_; ++node) {
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

void GraphBuilder::SetCount(std::uint32_t node, std::uint32_t layer, std::size_t count) {
  if (layer == 0) {
    StoreCount(&counts_[node], static_cast<std::uint8_t>(count));
  } else {
    StoreCount(List(node, layer), static_cast<std::uint32_t>(count));
  }
}

void GraphBuilder::SetList(std::uint32_t node, std::uint32_t layer, std::span<const std::uint32_t> neighbours) {
  std::uint32_t* const list = List(node, layer) + (layer == 0 ? 0 : 1);
  for (std::size_t i = 0; i < neighbours.size(); ++i) StoreRelaxed(list + i, neighbours[i]);
  SetCount(node, layer, neighbours.size());
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
  const std::span<const std::uint32_t> list = Neighbours(from, layer);
  const std::size_t count = list.size();
  if (std::ranges::find(list, added.node) != list.end()) return;  // both chose each other at once
  if (count < Capacity(layer)) {
    std::uint32_t* const to = List(from, layer) + (layer == 0 ? 0 : 1);
    StoreRelaxed(to + count, added.node);
    SetCount(from, layer, count + 1);
    return;
  }
  // All of them compete.
  std::vector<Near<std::int32_t>>& candidates = scratch->candidates;
  candidates.resize(count + 1);
  std::int32_t distances[kMaxDegree];
  scratch->other.Set(rows_, from, dimensions_);
  scratch->other.Distances(rows_, list.data(), count, distances);
  for (std::size_t i = 0; i < count; ++i) candidates[i] = {distances[i], list[i]};
  candidates[count] = added;
  std::sort(candidates.begin(), candidates.end());
  Choose(candidates, Capacity(layer), scratch);
  SetList(from, layer, scratch->chosen);
}

void GraphBuilder::Connect(std::uint32_t node, std::uint32_t layer, Scratch* scratch) {
  const std::vector<Near<std::int32_t>>& candidates = scratch->found[layer];
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
    SetList(node, layer, nodes);
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
    scratch->query.Measure(rows_, nodes, count, distances);
  };
  Near<std::int32_t> best{0, start};
  measure(&best.node, 1, &best.distance);
  const std::uint32_t top = LevelOf(start);
  for (std::uint32_t layer = top; layer > level; --layer) best = Descend(Links(*this, layer), measure, best);
  const std::uint32_t highest = std::min(level, top);
  if (scratch->found.size() <= highest) scratch->found.resize(highest + 1);
  for (std::uint32_t layer = highest + 1; layer-- > 0;) {
    const std::span<const Near<std::int32_t>> starts =
        layer == highest ? std::span<const Near<std::int32_t>>(&best, 1) : scratch->found[layer + 1];
    Pool<std::int32_t>& pool = scratch->pool;
    scratch->visited.Start(num_nodes_);
    scratch->visited.MakeRoom(starts.size() + 2);
    scratch->visited.Add(node);
    pool.Start(options_.ef_construction);
    scratch->nodes.clear();
    for (const Near<std::int32_t>& near : starts) scratch->nodes.push_back(near.node);
    scratch->distances.resize(starts.size());
    measure(scratch->nodes.data(), starts.size(), scratch->distances.data());
    for (std::size_t i = 0; i < scratch->nodes.size(); ++i) {
      scratch->visited.Add(scratch->nodes[i]);
      pool.Insert(scratch->distances[i], scratch->nodes[i]);
    }
    Walk(Links(*this, layer), measure, &scratch->visited, &pool);
    Refine(layer, scratch);
  }
  // From below: who comes to the node in a layer finds its neighbours in those underneath.
  for (std::uint32_t layer = 0; layer <= highest; ++layer) Connect(node, layer, scratch);
  if (entry_lock.owns_lock()) entry_.store(node, std::memory_order_release);
}

void GraphBuilder::Refine(std::uint32_t layer, Scratch* scratch) const {
  const Pool<std::int32_t>& pool = scratch->pool;
  std::vector<Near<std::int32_t>>& found = scratch->found[layer];
  found.clear();
  if (!rows_.by_halves()) {  // measured and sorted already
    for (std::size_t i = 0; i < pool.size(); ++i) found.push_back(pool[i]);
    return;
  }
  scratch->nodes.clear();
  for (std::size_t i = 0; i < pool.size(); ++i) scratch->nodes.push_back(pool[i].node);
  scratch->distances.resize(pool.size());
  scratch->query.Distances(rows_, scratch->nodes.data(), pool.size(), scratch->distances.data());
  for (std::size_t i = 0; i < pool.size(); ++i) found.push_back({scratch->distances[i], scratch->nodes[i]});
  std::sort(found.begin(), found.end());
}

void GraphBuilder::Search(Scratch* scratch) const {
  const auto measure = [&](const std::uint32_t* nodes, std::size_t count, std::int32_t* distances) {
    scratch->query.Measure(rows_, nodes, count, distances);
  };
  Near<std::int32_t> best{0, entry()};
  measure(&best.node, 1, &best.distance);
  for (std::uint32_t layer = top(); layer > 0; --layer) best = Descend(Links(*this, layer), measure, best);
  WalkFrom(best, Links(*this, 0), measure, num_nodes_, options_.ef_construction, &scratch->visited, &scratch->pool);
}

bool GraphBuilder::Repair(std::uint32_t node, std::uint32_t layer, const std::vector<bool>& removed, Scratch* scratch) {
  // Removed neighbours may have removed ones in turn; behind so many nodes others are near enough.
  constexpr std::size_t kEnough = 512;
  std::vector<std::uint32_t> kept, waiting;
  scratch->visited.Start(num_nodes_);
  scratch->visited.MakeRoom(2);
  scratch->visited.Add(node);
  const auto look_at = [&](std::uint32_t from) {
    std::uint32_t neighbours[kMaxDegree];
    const std::size_t count = Links(*this, layer).Get(from, neighbours);
    scratch->visited.MakeRoom(count + 1);
    for (const std::uint32_t neighbour : std::span(neighbours, count)) {
      if (scratch->visited.Add(neighbour)) (removed[neighbour] ? waiting : kept).push_back(neighbour);
    }
  };
  look_at(node);
  if (waiting.empty()) return false;
  const std::size_t num_near = kept.size();
  for (std::size_t i = 0; i < waiting.size() && kept.size() + i < kEnough; ++i) look_at(waiting[i]);
  for (std::size_t i = 0; i < num_near && kept.size() < kEnough; ++i) look_at(kept[i]);
  std::vector<Near<std::int32_t>>& candidates = scratch->candidates;
  std::vector<std::int32_t> distances(kept.size());
  scratch->query.Set(rows_, node, dimensions_);
  scratch->query.Distances(rows_, kept.data(), kept.size(), distances.data());
  candidates.clear();
  for (std::size_t i = 0; i < kept.size(); ++i) candidates.push_back({distances[i], kept[i]});
  std::sort(candidates.begin(), candidates.end());
  Choose(candidates, Capacity(layer), scratch);
  SetList(node, layer, scratch->chosen);
  return true;
}

void GraphBuilder::Remove(const std::vector<bool>& removed, ThreadPool* pool) {
  constexpr std::uint32_t kPart = 1024;
  std::vector<std::uint8_t> repaired(num_nodes_);
  const auto for_each = [&](auto use) {
    pool->ParallelFor((num_nodes_ + kPart - 1) / kPart, [&](std::size_t part) {
      Scratch scratch(dimensions_);
      const auto first = static_cast<std::uint32_t>(part * kPart);
      for (std::uint32_t node = first; node < std::min<std::uint64_t>(num_nodes_, std::uint64_t{first} + kPart); ++node) {
        for (std::uint32_t layer = 0; !removed[node] && layer <= LevelOf(node); ++layer) use(node, layer, &scratch);
      }
    });
  };
  // The lists of removed nodes stay as they are meanwhile.
  for_each([&](std::uint32_t node, std::uint32_t layer, Scratch* scratch) {
    if (Repair(node, layer, removed, scratch)) repaired[node] = 1;
  });
  // New neighbours are told, as they are when a node is inserted.
  for_each([&](std::uint32_t node, std::uint32_t layer, Scratch* scratch) {
    if (repaired[node] == 0) return;
    const Links links(*this, layer);
    std::uint32_t neighbours[kMaxDegree], theirs[kMaxDegree];
    std::int32_t distances[kMaxDegree];
    const std::size_t count = links.Get(node, neighbours);
    scratch->query.Set(rows_, node, dimensions_);
    scratch->query.Distances(rows_, neighbours, count, distances);
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<const std::uint32_t> known(theirs, links.Get(neighbours[i], theirs));
      if (std::ranges::find(known, node) == known.end()) AddBack(neighbours[i], layer, {distances[i], node}, scratch);
    }
  });
  std::uint32_t highest = kNone;
  for (std::uint32_t node = 0; node < num_nodes_; ++node) {
    if (removed[node]) {
      for (std::uint32_t layer = 0; layer <= LevelOf(node); ++layer) SetCount(node, layer, 0);
    } else if (highest == kNone || LevelOf(node) > LevelOf(highest)) {
      highest = node;
    }
  }
  if (entry() == kNone || removed[entry()]) entry_.store(highest);
}

std::uint32_t GraphBuilder::LinkOrphans(Scratch* scratch, const std::vector<bool>& removed) {
  if (num_nodes_ == 0 || entry() == kNone) return 0;
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
    if (reached[node] || (!removed.empty() && removed[node])) continue;
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
    if (counts_[node] == 0) SetList(node, 0, {&from, 1});
    last = node;
    reach_from(node);
  }
  return num_orphans;
}

}  // namespace lancekit::index
