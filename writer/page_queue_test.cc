#include "writer/page_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "lancekit/lancekit.hpp"

namespace lancekit {
namespace {

std::shared_ptr<PageJob> Page(std::uint64_t end_row, std::uint64_t bytes = 0) {
  return std::make_shared<PageJob>(end_row, 0, [bytes](ReadyPage* page) {
    page->bytes = bytes;
    return Status();
  });
}

TEST(PageQueue, WritesInOrderWhoeverMakesThePages) {
  constexpr std::uint64_t kPages = 200;
  std::vector<std::uint64_t> written;
  std::atomic<int> writers{0};
  PageQueue queue([&](const ReadyPage& page) {
    EXPECT_EQ(++writers, 1);
    written.push_back(page.end_row);
    --writers;
    return Status();
  });
  std::vector<std::shared_ptr<PageJob>> pages;
  for (std::uint64_t i = 0; i < kPages; ++i) pages.push_back(Page(i));
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = t; i < kPages; i += 4) {
        pages[i]->Begin();
        queue.WriteMade();
      }
    });
  }
  queue.Add(std::span(pages).first(kPages / 2));
  queue.Add(std::span(pages).subspan(kPages / 2));
  queue.WriteAll();
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.TakeStatus().ok());
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(written.size(), kPages);
  for (std::uint64_t i = 0; i < kPages; ++i) EXPECT_EQ(written[i], i);
}

TEST(PageQueue, WritesOnlyWhatIsMadeUnlessItMust) {
  std::uint64_t written = 0;
  PageQueue queue([&](const ReadyPage&) {
    ++written;
    return Status();
  });
  const std::vector<std::shared_ptr<PageJob>> pages{Page(0, 10), Page(1, 10), Page(2, 10)};
  queue.Add(pages);
  pages[1]->Begin();
  queue.WriteMade();
  EXPECT_EQ(written, 0u);  // the first is not made
  queue.WriteUntil(10);
  EXPECT_EQ(written, 0u);
  queue.WriteUntil(9);
  EXPECT_EQ(written, 2u);
  EXPECT_FALSE(pages[2]->finished());
  queue.WriteAll();
  EXPECT_EQ(written, 3u);
}

TEST(PageQueue, WritesNothingAfterAnError) {
  std::uint64_t calls = 0;
  PageQueue queue([&](const ReadyPage& page) {
    ++calls;
    return page.end_row == 1 ? Status(MakeError(ErrorCode::kIo, "full")) : Status();
  });
  const std::vector<std::shared_ptr<PageJob>> pages{Page(0), Page(1), Page(2)};
  queue.Add(pages);
  queue.WriteAll();
  EXPECT_EQ(calls, 2u);
  EXPECT_FALSE(queue.empty());
  const Status status = queue.TakeStatus();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "full");
  EXPECT_FALSE(queue.TakeStatus().ok());
  queue.WriteAll();
  EXPECT_EQ(calls, 2u);
}

TEST(PageQueue, CloseWaitsForWhoWrites) {
  std::atomic<bool> begun{false}, go_on{false}, is_writing{false};
  std::atomic<int> calls{0};
  PageQueue queue([&](const ReadyPage&) {
    ++calls;
    is_writing = true;
    begun = true;
    while (!go_on) std::this_thread::yield();
    is_writing = false;
    return Status();
  });
  const std::vector<std::shared_ptr<PageJob>> pages{Page(0), Page(1)};
  queue.Add(pages);
  for (const auto& page : pages) page->Begin();
  std::thread writer([&] { queue.WriteMade(); });
  while (!begun) std::this_thread::yield();
  std::thread closer([&] {
    queue.Close();
    EXPECT_FALSE(is_writing);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // it waits now, or finds the queue in use later
  go_on = true;
  closer.join();
  writer.join();
  const int before = calls;
  queue.WriteAll();
  EXPECT_EQ(calls, before);
}

}  // namespace
}  // namespace lancekit
