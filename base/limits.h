// Upper bounds on what a file may ask for, so that damaged numbers cannot exhaust memory or time.
#pragma once

#include <cstdint>

namespace lancekit {

inline constexpr std::uint64_t kMaxColumns = 10'000'000;
inline constexpr std::uint64_t kMaxGlobalBuffers = 1'000'000;
inline constexpr int kMaxSchemaDepth = 64;
inline constexpr int kMaxEncodingDepth = 16;
/// Rows of one file or one dataset: Arrow lengths are int64.
inline constexpr std::uint64_t kMaxRows = std::uint64_t{1} << 62;
/// One value, or one page buffer after decompression.
inline constexpr std::uint64_t kMaxValueBytes = std::uint64_t{1} << 40;

}  // namespace lancekit
