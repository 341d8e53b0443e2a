// The walk through one layer of a graph: from some nodes on to neighbours that are nearer, until none of the nearest ones has a
// neighbour that was not seen. Source: Y. Malkov, D. Yashunin, "Efficient and robust approximate nearest neighbor search using
// Hierarchical Navigable Small World graphs", algorithm 2.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace lancekit::index {

/// Nodes have numbers below this; the bit above says that a node's neighbours were looked at.
inline constexpr std::uint32_t kMaxNodes = std::uint32_t{1} << 31;
/// Neighbours of a node, at most.
inline constexpr std::size_t kMaxDegree = 256;

template <class Distance>
struct Near {
  Distance distance{};
  std::uint32_t node = 0;
  friend bool operator<(const Near& a, const Near& b) noexcept { return a.distance < b.distance; }
};

/// The nearest nodes found so far, nearest first, up to a number of them.
template <class Distance>
class Pool {
 public:
  void Start(std::size_t capacity) {
    capacity_ = capacity;
    size_ = next_ = 0;
    if (items_.size() < capacity + 1) items_.resize(capacity + 1);
  }
  std::size_t size() const noexcept { return size_; }
  bool full() const noexcept { return size_ == capacity_; }
  Near<Distance> operator[](std::size_t i) const noexcept { return {items_[i].distance, items_[i].node & ~kExpanded}; }
  /// Whether a node at this distance would enter.
  bool Admits(Distance distance) const noexcept { return !full() || distance < items_[size_ - 1].distance; }

  /// Pre: Admits(distance); the node is not in the pool.
  void Insert(Distance distance, std::uint32_t node) noexcept {
    std::size_t at = size_;
    if (size_ != 0 && distance < items_[size_ - 1].distance) {
      at = static_cast<std::size_t>(std::upper_bound(items_.data(), items_.data() + size_, Near<Distance>{distance, node}) -
                                    items_.data());
      std::memmove(static_cast<void*>(&items_[at + 1]), &items_[at], (size_ - at) * sizeof(items_[0]));
    }
    items_[at] = {distance, node};
    if (size_ < capacity_) ++size_;
    next_ = std::min(next_, at);
  }
  /// The nearest node that was not returned yet; false when there is none.
  bool Next(std::uint32_t* node) noexcept {
    while (next_ < size_ && (items_[next_].node & kExpanded) != 0) ++next_;
    if (next_ == size_) return false;
    *node = items_[next_].node;
    items_[next_].node |= kExpanded;
    return true;
  }
  /// What Next() would return now if nothing came in between; its argument when there is none.
  std::uint32_t PeekNext(std::uint32_t otherwise) const noexcept {
    for (std::size_t i = next_; i < size_; ++i) {
      if ((items_[i].node & kExpanded) == 0) return items_[i].node;
    }
    return otherwise;
  }

 private:
  static constexpr std::uint32_t kExpanded = kMaxNodes;
  std::vector<Near<Distance>> items_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::size_t next_ = 0;  ///< none before it is to be returned
};

/// Which nodes a walk has seen; forgets them all at once.
class Visited {
 public:
  void Start(std::size_t num_nodes) {
    if (marks_.size() < num_nodes) marks_.resize(num_nodes, 0);
    if (++mark_ == 0) {
      std::ranges::fill(marks_, std::uint8_t{0});
      mark_ = 1;
    }
  }
  /// False when it was seen before.
  bool Add(std::uint32_t node) noexcept {
    if (marks_[node] == mark_) return false;
    marks_[node] = mark_;
    return true;
  }

 private:
  std::vector<std::uint8_t> marks_;
  std::uint8_t mark_ = 0;
};

/// Nodes of which walks keep the nearest ones: links.Get(node, to) copies the neighbours of a node and returns how many they are,
/// links.Prefetch(node) brings them closer; measure(nodes, count, distances) tells how far nodes are.
template <class Distance, class Links, class Measure>
void Walk(const Links& links, const Measure& measure, Visited* visited, Pool<Distance>* pool) {
  std::uint32_t nodes[kMaxDegree];
  Distance distances[kMaxDegree];
  std::uint32_t node;
  while (pool->Next(&node)) {
    const std::size_t degree = links.Get(node, nodes);
    std::size_t fresh = 0;
    for (std::size_t i = 0; i < degree; ++i) {
      nodes[fresh] = nodes[i];
      fresh += static_cast<std::size_t>(visited->Add(nodes[i]));
    }
    links.Prefetch(pool->PeekNext(node));
    measure(nodes, fresh, distances);
    for (std::size_t i = 0; i < fresh; ++i) {
      if (pool->Admits(distances[i])) pool->Insert(distances[i], nodes[i]);
    }
  }
}

/// The `ef` nearest of `num_nodes` nodes that a walk from this one finds, in the pool.
template <class Distance, class Links, class Measure>
void WalkFrom(Near<Distance> start, const Links& links, const Measure& measure, std::size_t num_nodes, std::size_t ef,
              Visited* visited, Pool<Distance>* pool) {
  visited->Start(num_nodes);
  visited->Add(start.node);
  pool->Start(ef);
  pool->Insert(start.distance, start.node);
  Walk(links, measure, visited, pool);
}

/// From a node to the nearest one that is reached by steps to nearer neighbours alone.
template <class Distance, class Links, class Measure>
Near<Distance> Descend(const Links& links, const Measure& measure, Near<Distance> best) {
  std::uint32_t nodes[kMaxDegree];
  Distance distances[kMaxDegree];
  for (bool moved = true; moved;) {
    moved = false;
    const std::size_t degree = links.Get(best.node, nodes);
    measure(nodes, degree, distances);
    for (std::size_t i = 0; i < degree; ++i) {
      if (distances[i] < best.distance) best = {distances[i], nodes[i]}, moved = true;
    }
  }
  return best;
}

}  // namespace lancekit::index
