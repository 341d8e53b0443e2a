// A full buffer on its way to a page, while its column takes the next rows.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "format/statistics.h"
#include "structural/page_writer.h"
#include "writer/column_buffer.h"
#include "writer/page_zones.h"

namespace lancekit {

/// A page and where it goes; pages are written in the order of their last rows, so that the bytes of a file do not depend on how
/// its rows came in.
struct ReadyPage {
  std::uint64_t end_row = 0;
  std::size_t column = 0;
  EncodedPage page;
  std::uint64_t bytes = 0;  ///< of its buffers
  PageZones zones;
  std::vector<std::uint64_t> hashes;       ///< of the pieces of the page's buffers
  std::vector<format::BlobRun> blob_runs;  ///< of the blobs that it tells the places of
};

/// The page that `work` makes, by whoever comes first: a thread of the pool, or the one that needs the page. Pages of a chain
/// are made one after another.
class PageJob {
 public:
  /// `before`: the page before it in its chain, if there is one.
  PageJob(std::uint64_t end_row, std::size_t column, std::function<Status(ReadyPage*)> work,
          std::shared_ptr<PageJob> before = nullptr);

  std::uint64_t end_row() const noexcept { return page_.end_row; }
  std::size_t column() const noexcept { return page_.column; }
  bool finished() const;
  /// Of the page's buffers; 0 until it is made.
  std::uint64_t page_bytes() const;
  /// Does the work unless somebody has begun it. Pre: the page before it is finished.
  void Begin();
  /// The same, that page first, and waits for who has begun.
  void Finish();
  /// Calls `next` once the page is finished, on the thread that has made it, or right now. Pre: called once.
  void Then(std::function<void()> next);
  /// Waits for who has begun, pages before it too; nobody will any more.
  void Drop();
  /// Pre: finished.
  Result<ReadyPage> TakePage();

 private:
  enum class State : std::uint8_t { kWaiting, kBegun, kFinished };
  std::shared_ptr<PageJob> before() const;
  void Wait() const;

  mutable std::mutex mutex_;
  mutable std::condition_variable has_finished_;
  State state_ = State::kWaiting;
  std::shared_ptr<PageJob> before_;  // until this one is begun
  std::function<void()> next_;
  std::function<Status(ReadyPage*)> work_;
  bool made_ = false;
  Status outcome_;
  ReadyPage page_;
};

}  // namespace lancekit
