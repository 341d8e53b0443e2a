// A file that appears whole or not at all: written under a temporary name beside its target, fsynced, then renamed.
#pragma once

#include <cstdint>
#include <string>

#include "base/buffer.h"
#include "base/status.h"

namespace lancekit {

class LANCEKIT_EXPORT AtomicFile {
 public:
  /// Creates the temporary file in the target's folder. Errors: kOutput.
  static Result<AtomicFile> Create(const std::string& target);
  AtomicFile(AtomicFile&& other) noexcept { *this = std::move(other); }
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();  ///< removes the temporary file unless Publish() succeeded

  std::uint64_t size() const noexcept { return size_; }
  Status Append(Bytes bytes);
  /// fsync, then rename to the target; when `replace` is off and the target exists: kOutput, nothing changes. An error of the
  /// folder's fsync, after that, leaves the file where it is.
  Status Publish(bool replace);
  /// Whether Publish failed because the target existed.
  bool name_was_taken() const noexcept { return name_was_taken_; }

 private:
  AtomicFile() = default;
  void Discard() noexcept;
  Status Flush();
  Status WriteAll(Bytes bytes);

  std::string target_;
  std::string temporary_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  bool name_was_taken_ = false;
  MutableBuffer pending_;  // small appends are gathered into one write
};

/// A hidden name beside the target that nothing of this process has. A process of the same number may have been killed there and
/// have left its file: then the next one.
std::string TemporaryPathFor(const std::string& target);

/// fsync of a folder, so that a new name in it survives a crash.
Status SyncFolder(const std::string& folder);

}  // namespace lancekit
