#include "tools/common/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>
#include <utility>

#include "base/status.h"
#include "io/uninterrupted.h"
#include "tools/common/terminal.h"

namespace lancekit::tools {
namespace {

constexpr std::size_t kFlushBytes = 64 << 10;

Error OutputError(const std::string& path, int error_number) {
  Error error = MakeError(ErrorCode::kOutput, "cannot write: {}", std::strerror(error_number));
  error.path = path.empty() ? "stdout" : path;
  return error;
}

bool IsSpecial(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

}  // namespace

Result<std::unique_ptr<Output>> Output::Open(const std::string& path, bool replace) {
  std::unique_ptr<Output> output(new Output());
  if (path.empty() || path == "-") {
    output->terminal_ = IsTerminal(STDOUT_FILENO);
    if (output->terminal_) output->width_ = TerminalWidth(STDOUT_FILENO);
    return output;
  }
  output->path_ = path;
  if (IsSpecial(path)) {
    output->fd_ = Uninterrupted([&] { return ::open(path.c_str(), O_WRONLY | O_CLOEXEC); });
    if (output->fd_ < 0) return OutputError(path, errno);
    output->owns_fd_ = true;
    return output;
  }
  if (std::error_code ignored; !replace && std::filesystem::exists(path, ignored))
    return Status(At(MakeError(ErrorCode::kOutput, "already exists"), {.path = path}));
  output->replace_ = replace;
  LANCEKIT_ASSIGN(AtomicFile file, AtomicFile::Create(path));
  output->file_ = std::move(file);
  return output;
}

Output::~Output() {
  if (owns_fd_) ::close(fd_);
}

void Output::Write(std::string_view text) {
  if (failed()) return;
  buffer_ += text;
  if (buffer_.size() >= kFlushBytes && !FitsTerminal()) Flush();
}

bool Output::FitsTerminal() {
  if (pager_command_.empty()) return false;
  if (std::ranges::count(buffer_, '\n') < TerminalHeight(STDOUT_FILENO)) return true;
  auto pager = Pager::Start(std::exchange(pager_command_, {}));
  if (!pager) {
    status_ = std::move(pager).status();
  } else {
    fd_ = pager_.emplace(*std::move(pager)).fd();
  }
  return false;
}

void Output::Flush() {
  std::string_view rest = buffer_;
  if (file_) {
    status_ = file_->Append(std::as_bytes(std::span(rest)));
    rest = {};
  }
  while (!rest.empty() && status_.ok()) {
    const ssize_t written = Uninterrupted([&] { return ::write(fd_, rest.data(), rest.size()); });
    if (written < 0) {
      status_ = OutputError(path_, errno);
    } else {
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  buffer_.clear();
}

Status Output::Finish() {
  static_cast<void>(FitsTerminal());
  if (status_.ok()) Flush();
  pager_.reset();
  if (!status_.ok()) return status_.error();
  return file_ ? file_->Publish(replace_) : Status();
}

}  // namespace lancekit::tools
