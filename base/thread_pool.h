// A fixed set of worker threads. No hidden threads: a pool belongs to a Context and is started on first use.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "lancekit/export.h"

namespace lancekit {

class ThreadPool {
 public:
  /// Threads that work at once, the caller's among them: who waits for tasks had better do some. One less is started; where none
  /// is, tasks run in the caller.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const noexcept { return threads_; }
  /// Runs the task on a worker, or right now when there are no workers. Tasks must not throw.
  void Submit(std::function<void()> task);
  /// Workers that have nothing to do at the moment.
  LANCEKIT_EXPORT std::size_t NumIdle();
  /// Runs body(0) ... body(count - 1), the caller helping; returns when all are done. May be called from a task.
  LANCEKIT_EXPORT void ParallelFor(std::size_t count, const std::function<void(std::size_t)>& body);

 private:
  void Work();

  const int threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::size_t num_waiting_ = 0;  // workers
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace lancekit
