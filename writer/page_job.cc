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
  outcome_ = WithoutThrowing([&] { return work_(&page_); });
  work_ = nullptr;  // its rows are not needed any more
  const std::lock_guard lock(mutex_);
  state_ = State::kFinished;
  has_finished_.notify_all();
}

bool PageJob::finished() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kFinished;
}

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
  LANCEKIT_TRY(std::move(outcome_));
  return std::move(page_);
}

}  // namespace lancekit
