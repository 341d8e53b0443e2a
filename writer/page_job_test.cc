#include "writer/page_job.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "lancekit/lancekit.hpp"

namespace lancekit {
namespace {

TEST(PageJob, IsDoneOnceByWhoComesFirst) {
  std::atomic<int> calls{0};
  PageJob job(7, 2, [&](ReadyPage* page) {
    ++calls;
    page->hashes = {page->end_row, page->column};
    return Status();
  });
  EXPECT_FALSE(job.finished());
  std::thread other([&] { job.Begin(); });
  job.Finish();
  EXPECT_TRUE(job.finished());
  other.join();
  job.Finish();
  EXPECT_EQ(calls, 1);
  auto page = job.TakePage();
  ASSERT_TRUE(page);
  EXPECT_EQ(page->hashes, (std::vector<std::uint64_t>{7, 2}));
}

TEST(PageJob, PassesOnWhatFailed) {
  PageJob failing(1, 0, [](ReadyPage*) { return Status(MakeError(ErrorCode::kUnsupported, "no such page")); });
  failing.Finish();
  auto page = failing.TakePage();
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::kUnsupported);
  PageJob exhausted(1, 0, [](ReadyPage*) -> Status { throw std::bad_alloc(); });
  exhausted.Finish();
  auto none = exhausted.TakePage();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kResourceLimit);
}

TEST(PageJob, IsFinishedWhateverIsThrown) {
  PageJob job(1, 0, [](ReadyPage*) -> Status { throw std::logic_error("unforeseen"); });
  EXPECT_THROW(job.Finish(), std::logic_error);
  EXPECT_TRUE(job.finished());
  job.Drop();  // returns
  EXPECT_FALSE(job.TakePage());
}

TEST(PageJob, IsNotBegunAnyMoreOnceDropped) {
  bool ran = false;
  auto rows = std::make_shared<int>(1);
  PageJob job(1, 0, [&ran, rows](ReadyPage*) {
    ran = true;
    return Status();
  });
  job.Drop();
  EXPECT_EQ(rows.use_count(), 1);  // what the work held is free
  job.Begin();
  job.Finish();
  EXPECT_FALSE(ran);
}

TEST(PageJob, PagesBeforeItAreMadeFirst) {
  std::vector<int> made;
  const auto make = [&](int number, std::shared_ptr<PageJob> before) {
    return std::make_shared<PageJob>(
        1, 0,
        [&made, number](ReadyPage*) {
          made.push_back(number);
          return Status();
        },
        std::move(before));
  };
  const auto first = make(1, nullptr), second = make(2, first), third = make(3, second);
  bool told = false;
  second->Then([&] { told = third->finished() || made.size() == 2; });
  third->Finish();
  EXPECT_EQ(made, (std::vector<int>{1, 2, 3}));
  EXPECT_TRUE(told);
  EXPECT_TRUE(first->finished() && second->finished());
  told = false;
  second->Then([&] { told = true; });  // at once
  EXPECT_TRUE(told);
}

TEST(PageJob, DropsThoseBeforeIt) {
  bool ran = false;
  const auto work = [&ran](ReadyPage*) {
    ran = true;
    return Status();
  };
  const auto first = std::make_shared<PageJob>(1, 0, work);
  const auto second = std::make_shared<PageJob>(2, 0, work, first);
  second->Drop();
  first->Finish();
  second->Finish();
  EXPECT_FALSE(ran);
}

TEST(PageJob, DropWaitsForWhoHasBegun) {
  std::atomic<bool> begun{false}, go_on{false};
  PageJob job(1, 0, [&](ReadyPage*) {
    begun = true;
    while (!go_on) std::this_thread::yield();
    return Status();
  });
  std::thread worker([&] { job.Begin(); });
  while (!begun) std::this_thread::yield();
  std::atomic<bool> dropped{false};
  std::thread dropper([&] {
    job.Drop();
    dropped = true;
  });
  EXPECT_FALSE(dropped);
  go_on = true;
  dropper.join();
  worker.join();
  EXPECT_TRUE(job.finished());
}

}  // namespace
}  // namespace lancekit
