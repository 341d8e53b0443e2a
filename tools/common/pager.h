// The program that shows text which is taller than the terminal.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/status.h"

namespace lancekit::tools {

/// What LANCEKIT_PAGER or PAGER says, else less; empty: none is wanted, or there is none.
std::string PagerCommand();

/// A running pager. What is written to fd() it shows.
class Pager {
 public:
  /// SIGPIPE is ignored from then on; after the reader has left, write() fails with EPIPE. Errors: kOutput.
  static Result<Pager> Start(const std::string& command);
  Pager(Pager&& other) noexcept;
  Pager& operator=(Pager&&) = delete;
  ~Pager();  ///< waits until the reader has done, and ignores SIGINT while it waits

  int fd() const noexcept { return fd_; }

 private:
  Pager(int fd, pid_t process) : fd_(fd), process_(process) {}

  int fd_;
  pid_t process_;
};

}  // namespace lancekit::tools
