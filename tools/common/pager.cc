#include "tools/common/pager.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "io/uninterrupted.h"

namespace lancekit::tools {
namespace {

bool IsInPath(std::string_view program) {
  const char* const variable = std::getenv("PATH");
  std::string_view rest = variable == nullptr ? "" : variable;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    if (::access((std::string(folder) + '/' + std::string(program)).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

std::string PagerCommand() {
  for (const char* const name : {"LANCEKIT_PAGER", "PAGER"}) {
    if (const char* const command = std::getenv(name)) return command;
  }
  return IsInPath("less") ? "less -FRSX" : "";
}

Result<Pager> Pager::Start(const std::string& command) {
  int ends[2];
  const auto fail = [](int error_number) { return MakeError(ErrorCode::kOutput, "the pager: {}", std::strerror(error_number)); };
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(errno);
  // A pager that is given by name alone shows colours and ends when the text is short. One that is not there is no reason to show
  // nothing.
  const std::string script = "LESS=${LESS-FRSX}; export LESS; " + command + "\n[ $? -ne 127 ] || cat";
  const char* const arguments[] = {"sh", "-c", script.c_str(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  pid_t process = 0;
  const int error_number = ::posix_spawn(&process, "/bin/sh", &actions, nullptr, const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[0]);
  if (error_number == 0) {
    // A reader that leaves early is told by write(): the program has more to do than to show text.
    ::signal(SIGPIPE, SIG_IGN);
    return Pager(ends[1], process);
  }
  ::close(ends[1]);
  return fail(error_number);
}

Pager::Pager(Pager&& other) noexcept : fd_(std::exchange(other.fd_, -1)), process_(std::exchange(other.process_, 0)) {}

Pager::~Pager() {
  if (fd_ < 0) return;
  // Ctrl-C is now for the pager alone, and must not end the program under it.
  struct sigaction ignore{}, before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignore, &before);
  ::close(fd_);
  static_cast<void>(Uninterrupted([&] { return ::waitpid(process_, nullptr, 0); }));
  ::sigaction(SIGINT, &before, nullptr);
}

}  // namespace lancekit::tools
