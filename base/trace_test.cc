#include "base/trace.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>

#include "lancekit/context.hpp"

namespace lancekit {
namespace {

std::size_t CountOf(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

Trace Stop(Context& context) {
  Result<Trace> trace = context.stop_trace();
  EXPECT_TRUE(trace.has_value());
  return *std::move(trace);
}

TEST(Trace, HasNoSpansUnlessOneIsRecorded) {
  Context context;
  {
    const TraceSpan span(context.impl(), "before");
  }
  EXPECT_EQ(Stop(context).num_spans, 0u);
  ASSERT_TRUE(context.start_trace().ok());
  {
    TraceSpan span(context.impl(), "during");
    EXPECT_TRUE(static_cast<bool>(span));
    span.Set("rows", 7);
    span.SetPlace("a \"name\"", 3);
  }
  const Trace trace = Stop(context);
  EXPECT_EQ(trace.num_spans, 1u);
  EXPECT_NE(trace.json.find(R"("args":{"column":"a \"name\"","page":3,"rows":7}})"), std::string::npos) << trace.json;
  {
    const TraceSpan span(context.impl(), "after");
    EXPECT_FALSE(static_cast<bool>(span));
  }
  EXPECT_EQ(Stop(context).num_spans, 0u);
}

TEST(Trace, KeepsToItsMemoryAndTellsWhatItDropped) {
  Context context;
  TraceOptions options;
  options.bytes_per_thread = 16 << 10;
  ASSERT_TRUE(context.start_trace(options).ok());
  constexpr std::uint64_t kSpans = 1000;
  const std::string long_name(5000, 'x');
  for (std::uint64_t i = 0; i < kSpans; ++i) {
    TraceSpan span(context.impl(), "span");
    span.SetPlace(long_name);
  }
  const Trace trace = Stop(context);
  EXPECT_GT(trace.num_spans, 3u);
  EXPECT_LT(trace.num_spans, 50u);
  EXPECT_EQ(trace.num_spans + trace.num_dropped, kSpans);
  EXPECT_EQ(CountOf(trace.json, long_name), 3u);  // what there was room for
  EXPECT_EQ(CountOf(trace.json, "\"ph\":\"X\""), trace.num_spans);
  EXPECT_NE(trace.json.find("\"dropped_spans\":\"" + std::to_string(trace.num_dropped) + "\""), std::string::npos);
}

TEST(Trace, KeepsToItsMemoryWithManyThreads) {
  Context context;
  TraceOptions options;
  options.bytes_per_thread = 16 << 10;
  std::uint64_t of_one = 0;
  for (const int num_threads : {1, 100}) {
    ASSERT_TRUE(context.start_trace(options).ok());
    for (int i = 0; i < num_threads; ++i) {
      std::thread([&] {
        for (int span = 0; span < 200; ++span) const TraceSpan recorded(context.impl(), "span");
      }).join();
    }
    const Trace trace = Stop(context);
    EXPECT_EQ(trace.num_spans + trace.num_dropped, 200u * num_threads);
    if (num_threads == 1) {
      of_one = trace.num_spans;
      EXPECT_GT(of_one, 0u);
    } else {
      EXPECT_GE(trace.num_spans, 16 * of_one);
      EXPECT_LT(trace.num_spans, 17 * of_one);
    }
  }
}

TEST(Trace, IgnoresAFourthNumber) {
  Context context;
  ASSERT_TRUE(context.start_trace().ok());
  {
    TraceSpan span(context.impl(), "span");
    for (const char* const name : {"a", "b", "c", "d"}) span.Set(name, 1);
  }
  const Trace trace = Stop(context);
  EXPECT_NE(trace.json.find(R"("args":{"a":1,"b":1,"c":1}})"), std::string::npos) << trace.json;
}

// A span may end, or the next trace begin, when its own is over.
TEST(Trace, LeavesOutWhatIsOpen) {
  Context context;
  ASSERT_TRUE(context.start_trace().ok());
  std::optional<TraceSpan> open;
  open.emplace(context.impl(), "open");
  EXPECT_EQ(Stop(context).num_spans, 0u);
  ASSERT_TRUE(context.start_trace().ok());
  {
    const TraceSpan span(context.impl(), "second");
    open->Set("rows", 1);
    open.reset();
  }
  const Trace trace = Stop(context);
  EXPECT_EQ(trace.num_spans, 1u);
  EXPECT_EQ(trace.json.find("\"open\""), std::string::npos);
}

TEST(Trace, HasSpansOfAllThreads) {
  ContextOptions options;
  options.threads = 4;
  Context context(options), other(options);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(context.start_trace().ok());
    ASSERT_TRUE(other.start_trace().ok());
    context.impl().pool().ParallelFor(
        1000, [&](std::size_t i) { const TraceSpan span((i % 4 == 0 ? other : context).impl(), "part"); });
    std::thread stranger([&] { const TraceSpan span(context.impl(), "stranger"); });
    stranger.join();
    const Trace trace = Stop(context);
    EXPECT_EQ(trace.num_spans, 751u);
    EXPECT_EQ(CountOf(trace.json, "\"stranger\""), 1u);
    EXPECT_EQ(Stop(other).num_spans, 250u);
  }
}

// Traces that begin and end while others work.
TEST(Trace, StartsAndStopsAtAnyTime) {
  ContextOptions options;
  options.threads = 4;
  Context context(options);
  std::atomic<bool> done{false};
  std::thread controller([&] {
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(context.start_trace().ok());
      const Trace trace = Stop(context);
      EXPECT_EQ(CountOf(trace.json, "\"ph\":\"X\""), trace.num_spans);
    }
    done = true;
  });
  context.impl().pool().ParallelFor(4, [&](std::size_t) {
    while (!done) {
      Stopwatch watch(context.impl(), Counter::kDecodeNanoseconds, "watched");
      watch.span().SetPlace("column", 1);
      const TraceSpan inner(context.impl(), "inner");
    }
  });
  controller.join();
}

TEST(Stopwatch, CountsWithoutATrace) {
  Context context;
  {
    const Stopwatch watch(context.impl(), Counter::kDecodeNanoseconds, "watched");
  }
  EXPECT_GT(context.metrics().decode_nanoseconds, 0u);
}

}  // namespace
}  // namespace lancekit
