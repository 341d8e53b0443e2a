#include "writer/page_job.h"

#include "base/without_throwing.h"

namespace lancekit {

PageJob::PageJob(std::uint64_t end_row, std::size_t column, std::function<Status(ReadyPage*)> work) : work_(std::move(work)) {
  page_.end_row = end_row;
  page_.column = column;
}

void PageJob::Begin() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kWaiting) return;
    state_ = State::kBegun;
  }
  // Whoever waits is told, whatever the work throws.
  struct Finished {
    PageJob* job;
    ~Finished() {
      job->work_ = nullptr;  // its rows are not needed any more
      const std::lock_guard lock(job->mutex_);
      job->state_ = State::kFinished;
      job->has_finished_.notify_all();
    }
  } const finished{this};
  outcome_ = WithoutThrowing([&] { return work_(&page_); });
  made_ = true;
}

bool PageJob::finished() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kFinished;
}

std::uint64_t PageJob::page_bytes() const { return finished() ? page_.bytes : 0; }

void PageJob::Finish() {
  Begin();
  std::unique_lock lock(mutex_);
  has_finished_.wait(lock, [&] { return state_ == State::kFinished; });
}

void PageJob::Drop() {
  std::unique_lock lock(mutex_);
  if (state_ == State::kWaiting) {
    state_ = State::kFinished;
    work_ = nullptr;
  }
  has_finished_.wait(lock, [&] { return state_ == State::kFinished; });
}

Result<ReadyPage> PageJob::TakePage() {
  if (!made_) return MakeError(ErrorCode::kInternal, "a page was not made");
  LANCEKIT_TRY(std::move(outcome_));
  return std::move(page_);
}

}  // namespace lancekit
