// The input as bytes: a file, a pipe or stdin, looked at before it is read, and kept in a nameless temporary file where a
// format must be read from its end.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "tools/lance-convert/format.h"
#include "tools/lance-convert/spooled_pipe.h"

namespace lancekit::convert {

class Input {
 public:
  /// "-" is stdin. Errors: kIo.
  static Result<std::unique_ptr<Input>> Open(const std::string& path);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  /// The path, or "<stdin>".
  const std::string& name() const noexcept { return name_; }
  /// The path to open again; after Spool() that of the temporary file.
  const std::string& path() const noexcept { return path_; }
  const std::string& head() const noexcept { return head_; }
  bool folder() const noexcept { return folder_; }
  bool lance_tail() const noexcept { return lance_tail_; }
  /// It can be read from any place, and more than once.
  bool seekable() const noexcept { return seekable_; }
  /// Bytes of the file, or of all files of a folder; 0 for a pipe.
  std::uint64_t size() const noexcept { return size_; }
  /// Bytes read through the last Stream() so far.
  std::uint64_t bytes_read() const { return pipe_ == nullptr ? bytes_read_->load() : pipe_->size(); }

  /// By the first bytes.
  Compression compression() const noexcept { return compression_; }

  /// Makes a pipe one that can be read again: what is read is kept in a nameless file in $TMPDIR, as long as that has space.
  Status KeepForRetry();
  /// Stream() can be called again.
  bool rereadable() const;
  /// Copies the rest of a pipe to such a file at once, so that it becomes seekable.
  Status Spool();
  /// The bytes from the start, decompressed. A pipe that is not kept gives one stream only.
  arrow::Result<std::shared_ptr<arrow::io::InputStream>> Stream();

 private:
  Input() = default;
  Status Look();

  std::string name_;
  std::string path_;
  std::string head_;
  int fd_ = -1;
  bool folder_ = false;
  bool seekable_ = false;
  bool lance_tail_ = false;
  Compression compression_ = Compression::kNone;
  std::uint64_t size_ = 0;
  std::shared_ptr<SpooledPipe> pipe_;
  // Shared with the stream, which a reading thread may hold for longer than the input lives.
  std::shared_ptr<std::atomic<std::uint64_t>> bytes_read_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace lancekit::convert
