#include "writer/page_queue.h"

#include <optional>
#include <utility>

#include "base/without_throwing.h"

namespace lancekit {

void PageQueue::Add(std::span<const std::shared_ptr<PageJob>> pages) {
  const std::lock_guard lock(mutex_);
  pages_.insert(pages_.end(), pages.begin(), pages.end());
}

void PageQueue::WriteFirst(std::unique_lock<std::mutex>* lock) {
  is_writing_ = true;
  const std::shared_ptr<PageJob> job = pages_.front();
  lock->unlock();
  std::optional<Status> status;
  // Whoever waits is told, whatever is thrown.
  struct Written {
    PageQueue* queue;
    std::unique_lock<std::mutex>* lock;
    std::optional<Status>* status;
    ~Written() {
      lock->lock();
      queue->is_writing_ = false;
      if (status->has_value() && (*status)->ok()) {
        queue->pages_.pop_front();
      } else {
        queue->failed_ = true;  // a page that failed stays, so that the file is not taken for complete
        queue->status_ =
            status->has_value() ? *std::move(*status) : Status(MakeError(ErrorCode::kInternal, "a page was not written"));
      }
      queue->written_.notify_all();
    }
  } const written{this, lock, &status};
  status = WithoutThrowing([&]() -> Status {
    job->Finish();
    LANCEKIT_ASSIGN(const ReadyPage page, job->TakePage());
    return write_(page);
  });
}

void PageQueue::WriteMade() {
  std::unique_lock lock(mutex_);
  while (!is_over() && !is_writing_ && !pages_.empty() && pages_.front()->finished()) WriteFirst(&lock);
}

void PageQueue::WriteUntil(std::uint64_t bytes) {
  std::unique_lock lock(mutex_);
  const auto waiting = [&] {
    std::uint64_t sum = 0;
    for (const auto& page : pages_) sum += page->page_bytes();
    return sum;
  };
  while (!is_over() && waiting() > bytes) is_writing_ ? written_.wait(lock) : WriteFirst(&lock);
}

void PageQueue::WriteAll() {
  std::unique_lock lock(mutex_);
  while (!is_over() && !pages_.empty()) is_writing_ ? written_.wait(lock) : WriteFirst(&lock);
}

bool PageQueue::empty() const {
  const std::lock_guard lock(mutex_);
  return pages_.empty();
}

Status PageQueue::TakeStatus() {
  const std::lock_guard lock(mutex_);
  if (!failed_) return {};
  return std::exchange(status_, MakeError(ErrorCode::kInternal, "writing a page failed before"));
}

void PageQueue::Close() {
  std::deque<std::shared_ptr<PageJob>> dropped;
  std::unique_lock lock(mutex_);
  closed_ = true;
  written_.wait(lock, [&] { return !is_writing_; });
  dropped.swap(pages_);
  lock.unlock();
}

}  // namespace lancekit
