// A graph in the making, and one that changes. Source of the algorithms: Malkov and Yashunin (see walk.h), 1 to 4.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "index/codes.h"
#include "index/memory.h"
#include "index/sidecar.h"
#include "index/walk.h"

namespace lancekit::index {

struct GraphOptions {
  std::uint32_t m = 16;                 ///< neighbours that a node seeks in each layer; it may have twice as many in the lowest
  std::uint32_t ef_construction = 200;  ///< nodes among which it seeks them
  std::uint64_t seed = 1;
};

/// The neighbours of all nodes of the lowest layer, and of those of higher layers. Lists may be read while they are written: each
/// entry is a node at any time.
class GraphBuilder {
 public:
  /// For nodes 0 to num_nodes - 1, with the layers that the seed gives them. Borrows the codes. Errors: kResourceLimit.
  static Result<std::unique_ptr<GraphBuilder>> Make(const GraphOptions& options, CodeRows rows, std::size_t dimensions,
                                                    std::uint32_t num_nodes);
  /// With the nodes and links of a sidecar, and nodes behind them that are to be inserted. Errors: the same.
  static Result<std::unique_ptr<GraphBuilder>> Load(const GraphOptions& options, CodeRows rows, std::size_t dimensions,
                                                    const Sidecar& sidecar, std::uint32_t num_nodes);

  /// What one thread works with.
  struct Scratch {
    explicit Scratch(std::size_t dimensions) : query(dimensions), other(dimensions) {}
    CodeQuery query;
    CodeQuery other;
    Visited visited;
    Pool<std::int32_t> pool;
    std::vector<std::uint32_t> nodes;
    std::vector<std::int32_t> distances;
    std::vector<Near<std::int32_t>> candidates;
    std::vector<std::vector<Near<std::int32_t>>> found;  ///< in each layer
    std::vector<std::uint32_t> chosen;
  };
  /// Links a node to its neighbours. Thread-safe.
  void Insert(std::uint32_t node, Scratch* scratch);
  /// Takes nodes out: who had them as neighbours chooses among what is left of its neighbours and theirs. Walks no longer come
  /// to them. Pre: nothing else is going on.
  void Remove(const std::vector<bool>& removed, ThreadPool* pool);
  /// Gives every node that no walk through the lowest layer would reach a link from a near one that has room. Returns how many
  /// there were. Pre: all nodes are inserted, nothing else is going on.
  std::uint32_t LinkOrphans(Scratch* scratch, const std::vector<bool>& removed = {});

  std::uint32_t num_nodes() const noexcept { return num_nodes_; }
  std::uint32_t m() const noexcept { return options_.m; }
  std::uint32_t top() const noexcept { return LevelOf(entry()); }
  /// Where walks begin: a node of the highest layer.
  std::uint32_t entry() const noexcept { return entry_.load(std::memory_order_acquire); }
  std::uint32_t LevelOf(std::uint32_t node) const noexcept { return levels_[node]; }
  std::span<const std::uint32_t> Neighbours(std::uint32_t node, std::uint32_t layer) const noexcept;

 private:
  /// The neighbours in one layer.
  class Links;
  GraphBuilder(const GraphOptions& options, CodeRows rows, std::size_t dimensions, std::vector<std::uint8_t> levels);
  Status Allocate();
  void SetCount(std::uint32_t node, std::uint32_t layer, std::size_t count);
  void SetList(std::uint32_t node, std::uint32_t layer, std::span<const std::uint32_t> neighbours);
  /// Its neighbours in a layer without removed ones; false when it has none of these.
  bool Repair(std::uint32_t node, std::uint32_t layer, const std::vector<bool>& removed, Scratch* scratch);
  std::uint32_t* List(std::uint32_t node, std::uint32_t layer) const noexcept;
  std::size_t Capacity(std::uint32_t layer) const noexcept { return layer == 0 ? 2 * options_.m : options_.m; }
  /// Of candidates, nearest first, those that are nearer to the node than to one chosen before. Algorithm 4.
  void Choose(std::span<const Near<std::int32_t>> candidates, std::size_t most, Scratch* scratch) const;
  /// The nodes nearest to scratch->query in the lowest layer, in scratch->pool.
  void Search(Scratch* scratch) const;
  /// The nodes in scratch->pool with their distances by whole codes, in scratch->found[layer].
  void Refine(std::uint32_t layer, Scratch* scratch) const;
  void Connect(std::uint32_t node, std::uint32_t layer, Scratch* scratch);
  void AddBack(std::uint32_t from, std::uint32_t layer, Near<std::int32_t> added, Scratch* scratch);

  GraphOptions options_;
  CodeRows rows_;
  std::size_t dimensions_;
  std::uint32_t num_nodes_;
  std::vector<std::uint8_t> levels_;
  HugeMemory counts_memory_;
  HugeMemory lowest_memory_;
  std::uint8_t* counts_ = nullptr;       ///< of neighbours in the lowest layer
  std::uint32_t* lowest_ = nullptr;      ///< 2 * m for each node
  std::vector<std::uint64_t> upper_at_;  ///< where a node's lists of higher layers begin: a count and m neighbours for each layer
  std::vector<std::uint32_t> upper_;
  std::vector<std::atomic_flag> locks_;  ///< of lists that are written
  std::atomic<std::uint32_t> entry_{kNone};
  std::mutex entry_mutex_;

 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
};

}  // namespace lancekit::index
