// The output as bytes: a file that appears whole or not at all, or stdout or a device, which cannot be taken back.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "io/atomic_file.h"
#include "tools/lance-convert/format.h"

namespace lancekit::convert {

/// What stands at an output path.
enum class Target : std::uint8_t { kNothing, kFile, kFolder, kStream };
/// "-" and everything that is neither file nor folder (a pipe, a device) is a stream.
Target LookAt(const std::string& path);

/// kOutput, of a path.
Error OutputFailed(const std::string& path, std::string what);

class Output : public arrow::io::OutputStream {
 public:
  /// "-" is stdout. Errors: kOutput.
  static Result<std::shared_ptr<Output>> Open(const std::string& path, bool overwrite);
  ~Output() override;

  arrow::Status Write(const void* data, std::int64_t size) override;
  using arrow::io::OutputStream::Write;
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Close() override;
  bool closed() const override { return closed_; }

  /// Makes the file appear; a stream has nothing left to do.
  Status Publish();
  std::uint64_t size() const noexcept { return static_cast<std::uint64_t>(position_); }

 private:
  Output() = default;

  std::string name_;
  bool overwrite_ = false;
  bool closed_ = false;
  std::int64_t position_ = 0;
  std::optional<AtomicFile> file_;
  int fd_ = -1;
};

/// Gathers text and compresses it where the name of the output asks for it.
arrow::Result<std::shared_ptr<arrow::io::OutputStream>> TextStream(std::shared_ptr<Output> output, Compression compression);

}  // namespace lancekit::convert
