// The pages of a file on their way into it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "writer/page_job.h"

namespace lancekit {

/// Pages that are written in their order, one at a time: each by the thread that makes it, where those before it are written by
/// then, so that it lies in that core's cache and nobody has to wait. Thread-safe.
class PageQueue {
 public:
  /// `write`: puts a page into the file.
  explicit PageQueue(std::function<Status(const ReadyPage&)> write) : write_(std::move(write)) {}
  ~PageQueue() { Close(); }
  PageQueue(const PageQueue&) = delete;
  PageQueue& operator=(const PageQueue&) = delete;

  /// Behind those that are there.
  void Add(std::span<const std::shared_ptr<PageJob>> pages);
  /// Writes pages that are made, up to the first that is not, unless another thread does.
  void WriteMade();
  /// Writes until no more than so many bytes of pages that are made wait.
  void WriteUntil(std::uint64_t bytes);
  /// Writes all, making those that nobody makes.
  void WriteAll();
  /// All pages are written, or the queue is closed.
  bool empty() const;
  /// The first error, and that there was one when asked again; nothing is written after it.
  Status TakeStatus();
  /// Waits for the thread that writes; nobody will any more.
  void Close();

 private:
  /// Pre: the queue is not empty, and no thread writes. The page need not be made.
  void WriteFirst(std::unique_lock<std::mutex>* lock);
  bool is_over() const noexcept { return closed_ || failed_; }

  std::function<Status(const ReadyPage&)> write_;
  mutable std::mutex mutex_;
  std::condition_variable written_;
  std::deque<std::shared_ptr<PageJob>> pages_;
  bool is_writing_ = false;  // a thread, the first page
  bool closed_ = false;
  bool failed_ = false;
  Status status_;
};

}  // namespace lancekit
