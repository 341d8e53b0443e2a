#include "io/block_cache.h"

namespace lancekit {

std::optional<Buffer> BlockCache::Find(std::uint64_t source, std::uint64_t block) {
  const Key key{source, block};
  Shard& shard = ShardOf(key);
  std::lock_guard lock(shard.mutex);
  const auto place = shard.places.find(key);
  if (place == shard.places.end()) {
    ++shard.counters.misses;
    return {};
  }
  ++shard.counters.hits;
  shard.entries.splice(shard.entries.begin(), shard.entries, place->second);
  return place->second->bytes;
}

bool BlockCache::Holds(std::uint64_t source, std::uint64_t block) const {
  const Key key{source, block};
  const Shard& shard = ShardOf(key);
  std::lock_guard lock(shard.mutex);
  return shard.places.contains(key);
}

void BlockCache::Insert(std::uint64_t source, std::uint64_t block, Buffer bytes) {
  const Key key{source, block};
  Shard& shard = ShardOf(key);
  std::lock_guard lock(shard.mutex);
  if (shard.places.contains(key) || bytes.size() + kOverhead > shard_limit_) return;
  shard.counters.bytes += bytes.size() + kOverhead;
  shard.entries.push_front({key, std::move(bytes)});
  shard.places.emplace(key, shard.entries.begin());
  while (shard.counters.bytes > shard_limit_) {
    const Entry& last = shard.entries.back();
    shard.counters.bytes -= last.bytes.size() + kOverhead;
    ++shard.counters.evictions;
    shard.places.erase(last.key);
    shard.entries.pop_back();
  }
}

void BlockCache::Drop(std::uint64_t source) {
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    for (auto entry = shard.entries.begin(); entry != shard.entries.end();) {
      const auto next = std::next(entry);
      if (entry->key.source == source) {
        shard.counters.bytes -= entry->bytes.size() + kOverhead;
        shard.places.erase(entry->key);
        shard.entries.erase(entry);
      }
      entry = next;
    }
  }
}

BlockCache::Counters BlockCache::counters() const {
  Counters sum;
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    sum.hits += shard.counters.hits;
    sum.misses += shard.counters.misses;
    sum.evictions += shard.counters.evictions;
    sum.bytes += shard.counters.bytes;
  }
  return sum;
}

}  // namespace lancekit
