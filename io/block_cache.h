// Blocks of files that were read, kept for the next time: sharded, least recently used ones leave first. Mapped files need none.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/buffer.h"

namespace lancekit {

/// Thread-safe.
class BlockCache {
 public:
  /// What a cold disk reads at once; more would be read in vain where single rows are taken.
  static constexpr std::uint64_t kBlockBytes = 4096;
  /// What the cache needs for a block beside its bytes, about.
  static constexpr std::uint64_t kOverhead = 192;

  struct Counters {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t evictions = 0;
    std::uint64_t bytes = 0;  ///< held now
  };

  /// Holds about `limit` bytes at most.
  explicit BlockCache(std::uint64_t limit) : shard_limit_(limit / kShards) {}
  std::uint64_t limit() const noexcept { return shard_limit_ * kShards; }

  /// A number for each source, so that a file that was opened anew is another one.
  std::uint64_t NewSource() noexcept { return next_source_.fetch_add(1, std::memory_order_relaxed); }
  /// The block, counted as found or missed.
  std::optional<Buffer> Find(std::uint64_t source, std::uint64_t block);
  /// True when it is there; counts nothing.
  bool Holds(std::uint64_t source, std::uint64_t block) const;
  void Insert(std::uint64_t source, std::uint64_t block, Buffer bytes);
  /// Forgets the blocks of a source.
  void Drop(std::uint64_t source);
  Counters counters() const;

 private:
  static constexpr std::size_t kShards = 16;
  struct Key {
    std::uint64_t source = 0;
    std::uint64_t block = 0;
    bool operator==(const Key&) const = default;
  };
  static std::uint64_t Mix(const Key& key) noexcept { return (key.block + key.source * 0x9E3779B97F4A7C15) * 0xD1342543DE82EF95; }
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept { return Mix(key) >> 32; }
  };
  struct Entry {
    Key key;
    Buffer bytes;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Entry> entries;  // the one used last comes first
    std::unordered_map<Key, std::list<Entry>::iterator, Hash> places;
    Counters counters;
  };
  Shard& ShardOf(const Key& key) { return shards_[Mix(key) >> 60]; }
  const Shard& ShardOf(const Key& key) const { return shards_[Mix(key) >> 60]; }

  std::uint64_t shard_limit_;
  std::atomic<std::uint64_t> next_source_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace lancekit
