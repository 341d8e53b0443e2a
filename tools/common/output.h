// Where a command's data goes: stdout, or a file that appears whole or not at all.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/atomic_file.h"
#include "tools/common/pager.h"

namespace lancekit::tools {

class Output {
 public:
  /// "" and "-" are stdout. Something that exists and is no regular file (a pipe, a device) is written to as it is.
  /// Without `replace` a regular file that exists is refused, now or when the other is finished. Errors: kOutput.
  static Result<std::unique_ptr<Output>> Open(const std::string& path, bool replace = true);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output();

  /// True for stdout and stderr on a terminal.
  bool is_terminal() const noexcept { return terminal_; }
  /// Columns of the terminal; 0 = no limit.
  int width() const noexcept { return width_; }
  bool color() const noexcept { return color_; }
  void set_color(bool color) noexcept { color_ = color; }

  /// What is taller than the terminal goes to this command's stdin. Pre: nothing was written yet; is_terminal().
  void UsePager(std::string command) { pager_command_ = std::move(command); }

  /// Buffered. After a failure the rest is ignored and Finish() tells it. Who leaves the pager early has seen enough: the rest is
  /// ignored too, and that is no failure.
  void Write(std::string_view text);
  /// True when more text would be ignored.
  bool failed() const noexcept { return reader_left_ || !status_.ok(); }
  /// Writes out what is buffered, for who waits for it. Pre: no pager is wanted for it.
  void Flush();
  /// Writes out what is buffered and publishes the file. Errors: kOutput.
  Status Finish();

 private:
  Output() = default;
  void StartPager();

  std::string path_;
  int fd_ = 1;
  bool owns_fd_ = false;
  bool terminal_ = false;
  bool color_ = false;
  bool replace_ = true;
  int width_ = 0;
  std::optional<AtomicFile> file_;
  std::string pager_command_;
  std::optional<Pager> pager_;
  std::string buffer_;
  Status status_;
  bool reader_left_ = false;
};

}  // namespace lancekit::tools
