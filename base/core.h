// What is kept apart for each core, so that cores do not wait for each other's cache lines.
#pragma once

#include <sched.h>

#include <cstddef>

namespace lancekit {

/// More cores than this share what they keep.
inline constexpr std::size_t kCoreShards = 16;
/// Lines that are fetched in pairs.
inline constexpr std::size_t kShardAlignment = 128;

/// The shard of the core that the calling thread runs on now; it may run on another one right after.
inline std::size_t CoreShard() noexcept { return static_cast<unsigned>(::sched_getcpu()) % kCoreShards; }

}  // namespace lancekit
