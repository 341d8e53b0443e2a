#include "tools/lance-index/converted.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "base/context_impl.h"
#include "tools/common/exit_codes.h"

extern char** environ;

namespace lancekit::tools {
namespace {

/// Where this program is, if lance-convert is there too, installed or as it was built; else its name, for the PATH.
std::string ConverterBeside() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return "lance-convert";
  for (const char* const other : {"lance-convert", "../lance-convert/lance-convert"}) {
    const std::filesystem::path path = program.parent_path() / other;
    if (std::filesystem::is_regular_file(path, error)) return path.string();
  }
  return "lance-convert";
}

ErrorCode CodeOf(int exit_code) {
  switch (exit_code) {
    case kExitInput:
      return ErrorCode::kIo;
    case kExitDamaged:
      return ErrorCode::kCorruption;
    case kExitUnsupported:
      return ErrorCode::kUnsupported;
    case kExitMemory:
      return ErrorCode::kResourceLimit;
    default:
      return ErrorCode::kInvalidArgument;
  }
}

/// A running program, and what it writes to stderr.
struct Child {
  pid_t pid = 0;
  int stderr_fd = -1;
};

/// Errors: of errno.
Result<Child> Start(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return MakeError(ErrorCode::kIo, "{}", std::generic_category().message(errno));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  Child child{0, ends[0]};
  const int error = ::posix_spawnp(&child.pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (error == 0) return child;
  ::close(ends[0]);
  return MakeError(ErrorCode::kIo, "{}", std::generic_category().message(error));
}

/// Its exit status and what it said; told to stop once the context is cancelled.
int Await(const ContextImpl& context, const Child& child, std::string* said) {
  constexpr std::size_t kMostSaid = 4096;
  char part[512];
  const auto interrupted = [&] {
    if (errno != EINTR) return false;
    if (!context.CheckCancelled().ok()) ::kill(child.pid, SIGTERM);
    return true;
  };
  while (true) {
    const ssize_t count = ::read(child.stderr_fd, part, sizeof(part));
    if (count == 0 || (count < 0 && !interrupted())) break;
    if (count > 0 && said->size() < kMostSaid) said->append(part, static_cast<std::size_t>(count));
  }
  ::close(child.stderr_fd);
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0 && interrupted()) {
  }
  return status;
}

}  // namespace

ConvertedFile::~ConvertedFile() {
  std::error_code error;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, error);
}

Result<ConvertedFile> ConvertedFile::Make(const Context& context, const std::string& path, const std::string& column,
                                          std::uint64_t most) {
  ConvertedFile converted;
  std::error_code code;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(code);
  std::string folder = (parent / "lance-index-XXXXXX").string();
  if (!code && ::mkdtemp(folder.data()) == nullptr) code = std::error_code(errno, std::generic_category());
  if (code) {
    Error error = MakeError(ErrorCode::kIo, "no temporary folder for a converted file: {}", code.message());
    error.path = folder;
    return error;
  }
  converted.folder_ = folder;

  std::vector<std::string> words{ConverterBeside(), "-q", "--color", "never", "--single-file", "-c", column};
  if (most != 0) words.insert(words.end(), {"--limit", std::to_string(most)});
  words.insert(words.end(), {"--", path, converted.path()});
  auto child = Start(words);
  if (!child.has_value()) {
    Error error = MakeError(ErrorCode::kIo, "not a Lance file, and lance-convert, which reads others, cannot be run: {}",
                            child.error().message);
    error.path = path;
    return error;
  }
  std::string said;
  const int status = Await(context.impl(), *child, &said);
  LANCEKIT_TRY(context.impl().CheckCancelled());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return converted;
  constexpr std::string_view kName = "lance-convert: ";
  if (said.starts_with(kName)) said.erase(0, kName.size());
  while (!said.empty() && said.back() == '\n') said.pop_back();
  Error error = MakeError(WIFEXITED(status) ? CodeOf(WEXITSTATUS(status)) : ErrorCode::kInternal,
                          "lance-convert cannot read column '{}': {}", column, said);
  error.path = path;
  return error;
}

}  // namespace lancekit::tools
