#include "base/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>
#include <string>

namespace lancekit {

ThreadPool::ThreadPool(int threads) : threads_(threads < 1 ? 1 : threads) {
  if (threads_ == 1) return;
  workers_.reserve(static_cast<std::size_t>(threads_) - 1);
  for (int i = 0; i < threads_ - 1; ++i) {
    workers_.emplace_back([this, i] {
      // As debuggers, top and traces show it.
      static_cast<void>(::pthread_setname_np(::pthread_self(), ("lancekit " + std::to_string(i)).c_str()));
      Work();
    });
  }
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Submit(std::function<void()> task) {
  if (workers_.empty()) {
    task();
    return;
  }
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

std::size_t ThreadPool::NumIdle() {
  std::lock_guard lock(mutex_);
  return num_waiting_ - std::min(num_waiting_, tasks_.size());
}

void ThreadPool::Work() {
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      ++num_waiting_;
      wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      --num_waiting_;
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

void ThreadPool::ParallelFor(std::size_t count, const std::function<void(std::size_t)>& body) {
  if (workers_.empty() || count <= 1) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  // Helpers that start after the last index was claimed only touch `state`, so it outlives this call.
  struct State {
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> done{0};
    std::mutex mutex;
    std::condition_variable finished;
  };
  auto state = std::make_shared<State>();
  auto run = [state, count, &body] {
    for (std::size_t i = state->next.fetch_add(1); i < count; i = state->next.fetch_add(1)) {
      body(i);
      if (state->done.fetch_add(1) + 1 == count) {
        std::lock_guard lock(state->mutex);
        state->finished.notify_all();
      }
    }
  };
  const std::size_t helpers = std::min(count - 1, workers_.size());
  try {
    for (std::size_t i = 0; i < helpers; ++i) Submit(run);
  } catch (const std::bad_alloc&) {  // fewer will do: those that are there work with the caller's memory
  }
  run();
  std::unique_lock lock(state->mutex);
  state->finished.wait(lock, [&] { return state->done.load() == count; });
}

}  // namespace lancekit
