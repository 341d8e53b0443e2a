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
#include "tools/common/text_table.h"

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

/// Lines that the text takes on a terminal of so many columns, which breaks long ones.
std::size_t CountTerminalLines(std::string_view text, std::size_t columns) {
  std::size_t lines = 0;
  while (!text.empty()) {
    std::string_view rest = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), rest.size() + 1));
    std::size_t width = 0;
    while (!rest.empty()) {
      const std::size_t style = std::min(rest.find('\x1b'), rest.size());  // takes no room; ends with m
      width += DisplayWidth(rest.substr(0, style));
      rest.remove_prefix(std::min(rest.find('m', style), rest.size() - 1) + 1);
    }
    lines += std::max<std::size_t>(1, (width + columns - 1) / columns);
  }
  return lines;
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
  if (buffer_.size() < kFlushBytes) return;
  // So much fits no terminal.
  if (!pager_command_.empty()) StartPager();
  if (status_.ok()) Flush();
}

void Output::StartPager() {
  auto pager = Pager::Start(std::exchange(pager_command_, {}));
  if (!pager) {
    status_ = std::move(pager).status();
  } else {
    fd_ = pager_.emplace(*std::move(pager)).fd();
  }
}

void Output::Flush() {
  std::string_view rest = buffer_;
  if (file_) {
    status_ = file_->Append(std::as_bytes(std::span(rest)));
    rest = {};
  }
  while (!rest.empty() && !failed()) {
    const ssize_t written = Uninterrupted([&] { return ::write(fd_, rest.data(), rest.size()); });
    if (written < 0 && errno == EPIPE && pager_) {
      reader_left_ = true;
    } else if (written < 0) {
      status_ = OutputError(path_, errno);
    } else {
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  buffer_.clear();
}

Status Output::Finish() {
  if (!pager_command_.empty() &&
      CountTerminalLines(buffer_, static_cast<std::size_t>(width_)) >= static_cast<std::size_t>(TerminalHeight(STDOUT_FILENO)))
    StartPager();
  if (!failed()) Flush();
  pager_.reset();
  if (!status_.ok()) return status_.error();
  return file_ ? file_->Publish(replace_) : Status();
}

}  // namespace lancekit::tools
