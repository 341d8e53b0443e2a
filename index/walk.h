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
      at = Behind(distance);
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
  /// How many are not farther. Pre: size_ != 0. Without branches, which nothing could predict.
  std::size_t Behind(Distance distance) const noexcept {
    const Near<Distance>* first = items_.data();
    for (std::size_t count = size_; count > 1;) {
      const std::size_t half = count / 2;
      first += distance < first[half - 1].distance ? 0 : half;
      count -= half;
    }
    return static_cast<std::size_t>(first - items_.data()) + static_cast<std::size_t>(!(distance < first->distance));
  }

  static constexpr std::uint32_t kExpanded = kMaxNodes;
  std::vector<Near<Distance>> items_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::size_t next_ = 0;  ///< none before it is to be returned
};

/// Which nodes a walk has seen; a bit for each, so that most walks find it in the nearest cache.
class Visited {
 public:
  void Start(std::size_t num_nodes) {
    for (std::size_t i = 0; i < num_seen_; ++i) words_[seen_[i] / 64] = 0;
    num_seen_ = 0;
    if (words_.size() * 64 < num_nodes) words_.resize((num_nodes + 63) / 64, 0);
  }
  /// Before so many more are added.
  void MakeRoom(std::size_t count) {
    if (seen_.size() < num_seen_ + count) seen_.resize(2 * (num_seen_ + count));
  }
  /// False when it was seen before. Pre: there is room.
  bool Add(std::uint32_t node) noexcept {
    std::uint64_t& word = words_[node / 64];
    const std::uint64_t bit = std::uint64_t{1} << (node % 64);
    const bool is_new = (word & bit) == 0;
    word |= bit;
    seen_[num_seen_] = node;
    num_seen_ += static_cast<std::size_t>(is_new);
    return is_new;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::vector<std::uint32_t> seen_;
  std::size_t num_seen_ = 0;
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
    visited->MakeRoom(degree + 1);
    std::size_t fresh = 0;
    for (std::size_t i = 0; i < degree; ++i) {
      nodes[fresh] = nodes[i];
      fresh += static_cast<std::size_t>(visited->Add(nodes[i]));
    }
    links.Prefetch(pool->PeekNext(node));
    measure(nodes, fresh, distances);
    for (std::size_t i = 0; i < fresh; ++i) {
      if (!pool->Admits(distances[i])) continue;
      pool->Insert(distances[i], nodes[i]);
      links.Prefetch(nodes[i]);
    }
  }
}

/// The `ef` nearest of `num_nodes` nodes that a walk from this one finds, in the pool.
template <class Distance, class Links, class Measure>
void WalkFrom(Near<Distance> start, const Links& links, const Measure& measure, std::size_t num_nodes, std::size_t ef,
              Visited* visited, Pool<Distance>* pool) {
  visited->Start(num_nodes);
  visited->MakeRoom(2);
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
