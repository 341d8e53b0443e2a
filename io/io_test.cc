// Reading files in each mode: the same bytes, blocks from the cache, ranges fetched at once.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "io/block_cache.h"
#include "io/ring.h"
#include "io/source.h"

namespace lancekit {
namespace {

constexpr IoMode kModes[] = {IoMode::kMap, IoMode::kRead, IoMode::kUring};

class IoTest : public ::testing::TestWithParam<IoMode> {
 protected:
  void SetUp() override {
    std::mt19937_64 random(1);
    content_.resize(1'000'003);
    for (char& c : content_) c = static_cast<char>(random());
    path_ = std::filesystem::temp_directory_path() / ("lancekit_io_test." + std::to_string(::getpid()));
    std::ofstream(path_, std::ios::binary) << content_;
  }
  void TearDown() override { std::filesystem::remove(path_); }

  static ContextOptions Options(std::uint64_t budget = 64 << 20) {
    return {.threads = 2, .memory_budget = budget, .io_mode = GetParam()};
  }
  std::string_view At(const FileRange& range) const { return std::string_view(content_).substr(range.offset, range.size); }
  static std::string_view Text(const Buffer& buffer) { return {reinterpret_cast<const char*>(buffer.data()), buffer.size()}; }
  std::vector<FileRange> SomeRanges(int count, std::uint64_t max_size) const {
    std::mt19937_64 random(7);
    std::vector<FileRange> ranges;
    for (int i = 0; i < count; ++i) {
      const std::uint64_t size = 1 + random() % max_size;
      ranges.push_back({random() % (content_.size() - size + 1), size});
    }
    return ranges;
  }

  std::string content_;
  std::string path_;
};

TEST_P(IoTest, ReadsTheSameBytes) {
  const Context context(Options());
  const auto source = OpenFileSource(context.impl(), path_);
  ASSERT_TRUE(source);
  std::vector<FileRange> ranges = SomeRanges(300, 200'000);
  for (const std::uint64_t size : {1, 4095, 4096, 4097, 65'536, 65'537}) {
    ranges.push_back({0, size});
    ranges.push_back({4096, size});
    ranges.push_back({content_.size() - size, size});
  }
  for (const FileRange& range : ranges) {
    const auto bytes = (*source)->Read(range.offset, range.size);
    ASSERT_TRUE(bytes) << bytes.error().describe();
    ASSERT_EQ(Text(*bytes), At(range)) << range.offset << " " << range.size;
  }
  EXPECT_FALSE((*source)->Read(content_.size() - 3, 4));
  EXPECT_FALSE((*source)->Read(~std::uint64_t{0}, 4));
  EXPECT_EQ(context.metrics().reads, ranges.size());
}

TEST_P(IoTest, PrefetchedRangesNeedNoMoreReads) {
  const Context context(Options());
  const auto source = OpenFileSource(context.impl(), path_);
  ASSERT_TRUE(source);
  std::vector<FileRange> ranges = SomeRanges(200, 9000);
  ranges.push_back({content_.size() - 10, 10});
  ranges.push_back({content_.size() - 10, 11});  // outside the file: left to Read
  ranges.push_back({5, 0});
  (*source)->Prefetch(ranges);
  const Metrics before = context.metrics();
  EXPECT_EQ(before.prefetches, 201);
  EXPECT_GT(before.reads_joined, 0);
  if (context.io_mode() != IoMode::kMap) {
    EXPECT_GT(before.io_calls, 10);
  }
  for (const FileRange& range : std::span(ranges).first(201)) {
    const auto bytes = (*source)->Read(range.offset, range.size);
    ASSERT_TRUE(bytes) << bytes.error().describe();
    ASSERT_EQ(Text(*bytes), At(range));
  }
  const Metrics after = context.metrics();
  EXPECT_EQ(after.io_calls, before.io_calls);
  EXPECT_EQ(after.cache_misses, 0);
  if (context.io_mode() != IoMode::kMap) {
    EXPECT_GE(after.cache_hits, 201);
  }
  (*source)->WillRead({0, 1 << 20});
  (*source)->WillRead({content_.size() + 5, 10});
}

TEST_P(IoTest, TheCacheStaysInItsBudget) {
  const Context context(Options(1 << 20));  // an eighth of it: 128 KiB
  const auto source = OpenFileSource(context.impl(), path_);
  ASSERT_TRUE(source);
  std::vector<FileRange> ranges = SomeRanges(500, 9000);
  (*source)->Prefetch(ranges);
  for (const FileRange& range : ranges) {
    const auto bytes = (*source)->Read(range.offset, range.size);
    ASSERT_TRUE(bytes);
    ASSERT_EQ(Text(*bytes), At(range));
    ASSERT_LE(context.metrics().cache_bytes, 128 << 10);
  }
  if (context.io_mode() != IoMode::kMap) {
    EXPECT_GT(context.metrics().cache_evictions, 100);
  }
}

TEST_P(IoTest, ManyThreadsReadAtOnce) {
  const Context context(Options(1 << 20));
  const auto source = OpenFileSource(context.impl(), path_);
  ASSERT_TRUE(source);
  const std::vector<FileRange> ranges = SomeRanges(400, 9000);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      (*source)->Prefetch({ranges.begin() + t * 50, ranges.begin() + t * 50 + 200});
      for (const FileRange& range : ranges) {
        const auto bytes = (*source)->Read(range.offset, range.size);
        if (!bytes || Text(*bytes) != At(range)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(IoTest, AFileThatBecameShorter) {
  if (GetParam() == IoMode::kMap) return;  // a mapping would end the process
  const Context context(Options());
  const auto source = OpenFileSource(context.impl(), path_);
  ASSERT_TRUE(source);
  std::filesystem::resize_file(path_, 500'000);
  (*source)->Prefetch({{100, 100}, {600'000, 100}, {700'000, 100}});
  const auto inside = (*source)->Read(100, 100), outside = (*source)->Read(600'000, 100);
  ASSERT_TRUE(inside);
  EXPECT_EQ(Text(*inside), At({100, 100}));
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().code, ErrorCode::kIo);
  EXPECT_EQ(outside.error().path, path_);
}

INSTANTIATE_TEST_SUITE_P(Modes, IoTest, ::testing::ValuesIn(kModes), [](const auto& test) {
  return test.param == IoMode::kMap ? "map" : test.param == IoMode::kRead ? "read" : "uring";
});

TEST(IoMode, TheEnvironmentDecidesTheDefault) {
  const char* const before = std::getenv("LANCEKIT_IO");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("LANCEKIT_IO", "read", 1);
  EXPECT_EQ(Context().io_mode(), IoMode::kRead);
  EXPECT_EQ(Context({.io_mode = IoMode::kMap}).io_mode(), IoMode::kMap);
  ::unsetenv("LANCEKIT_IO");
  EXPECT_EQ(Context().io_mode(), IoMode::kMap);
  if (before != nullptr) ::setenv("LANCEKIT_IO", kept.c_str(), 1);
}

TEST(IoMode, WithoutARingTheContextSaysSo) {
  std::string why_not;
  const bool has_ring = Ring::Make(&why_not) != nullptr;
  const Context context({.io_mode = IoMode::kUring});
  EXPECT_EQ(context.io_mode(), has_ring ? IoMode::kUring : IoMode::kRead);
  EXPECT_EQ(context.io_note().empty(), has_ring);
}

TEST(BlockCache, LeastRecentlyUsedBlocksLeave) {
  BlockCache cache(16 * 4 * (BlockCache::kBlockBytes + BlockCache::kOverhead));  // four blocks in each of its sixteen shards
  const std::uint64_t file = cache.NewSource();
  auto insert = [&](std::uint64_t number) {
    MutableBuffer bytes(BlockCache::kBlockBytes);
    cache.Insert(file, number, std::move(bytes).Freeze());
  };
  insert(0);
  for (std::uint64_t i = 1; i < 1000; ++i) {
    ASSERT_TRUE(cache.Find(file, 0).has_value()) << i;  // used, so it stays
    insert(i);
  }
  EXPECT_FALSE(cache.Find(file, 1).has_value());
  EXPECT_TRUE(cache.Holds(file, 999));
  EXPECT_FALSE(cache.Holds(cache.NewSource(), 999));
  EXPECT_EQ(cache.counters().hits, 999);
  EXPECT_EQ(cache.counters().misses, 1);
  cache.Drop(file);
  EXPECT_EQ(cache.counters().bytes, 0);
  EXPECT_FALSE(cache.Holds(file, 0));
}

TEST(Metrics, PrometheusText) {
  Metrics metrics;
  metrics.reads = 17;
  metrics.decode_nanoseconds = 1'500'000'000;
  const std::string text = prometheus_text(metrics);
  EXPECT_NE(text.find("# TYPE lancekit_reads_total counter\nlancekit_reads_total 17\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nlancekit_decode_seconds_total 1.500000000\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# TYPE lancekit_cache_bytes gauge\n"), std::string::npos) << text;
  EXPECT_EQ(text.back(), '\n');
}

}  // namespace
}  // namespace lancekit
