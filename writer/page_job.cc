#include "writer/page_job.h"

#include <new>
#include <utility>
#include <vector>

#include "base/without_throwing.h"

namespace lancekit {

PageJob::PageJob(std::uint64_t end_row, std::size_t column, std::function<Status(ReadyPage*)> work,
                 std::shared_ptr<PageJob> before)
    : before_(std::move(before)), work_(std::move(work)) {
  page_.end_row = end_row;
  page_.column = column;
}

void PageJob::Begin() {
  std::shared_ptr<PageJob> before;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kWaiting) return;
    state_ = State::kBegun;
    before = std::move(before_);
  }
  // Whoever waits is told, whatever the work throws.
  struct Finished {
    PageJob* job;
    ~Finished() {
      job->work_ = nullptr;  // its rows are not needed any more
      std::function<void()> next;
      {
        const std::lock_guard lock(job->mutex_);
        job->state_ = State::kFinished;
        next = std::move(job->next_);
        job->has_finished_.notify_all();
      }
      if (next == nullptr) return;
      try {
        next();
      } catch (const std::bad_alloc&) {  // whoever needs the next page makes it, then
      }
    }
  } const finished{this};
  outcome_ = WithoutThrowing([&] { return work_(&page_); });
  made_ = true;
}

void PageJob::Then(std::function<void()> next) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kFinished) {
      next_ = std::move(next);
      return;
    }
  }
  next();
}

std::shared_ptr<PageJob> PageJob::before() const {
  const std::lock_guard lock(mutex_);
  return before_;
}

void PageJob::Wait() const {
  std::unique_lock lock(mutex_);
  has_finished_.wait(lock, [&] { return state_ == State::kFinished; });
}

bool PageJob::finished() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kFinished;
}

std::uint64_t PageJob::page_bytes() const { return finished() ? page_.bytes : 0; }

void PageJob::Finish() {
  std::vector<std::shared_ptr<PageJob>> jobs;
  for (auto job = before(); job != nullptr; job = job->before()) jobs.push_back(job);
  for (; !jobs.empty(); jobs.pop_back()) {
    jobs.back()->Begin();
    jobs.back()->Wait();
  }
  Begin();
  Wait();
}

void PageJob::Drop() {
  std::shared_ptr<PageJob> before;
  for (PageJob* job = this; job != nullptr; job = before.get()) {
    std::function<void()> next;  // may hold what holds this
    std::unique_lock lock(job->mutex_);
    auto before_it = std::move(job->before_);
    if (job->state_ == State::kWaiting) {
      job->state_ = State::kFinished;
      job->work_ = nullptr;
      next = std::move(job->next_);
    }
    job->has_finished_.wait(lock, [&] { return job->state_ == State::kFinished; });
    lock.unlock();
    before = std::move(before_it);
  }
}

Result<ReadyPage> PageJob::TakePage() {
  if (!made_) return MakeError(ErrorCode::kInternal, "a page was not made");
  LANCEKIT_TRY(std::move(outcome_));
  return std::move(page_);
}

}  // namespace lancekit
