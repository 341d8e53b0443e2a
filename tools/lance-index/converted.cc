#include "tools/lance-index/converted.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <vector>

extern char** environ;

namespace lancekit::tools {
namespace {

/// Where this program is, if lance-convert is there too: installed, or as it was built.
std::string ConverterBeside() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  for (const char* const other : {"lance-convert", "../lance-convert/lance-convert"}) {
    const std::filesystem::path path = program.parent_path() / other;
    if (std::filesystem::is_regular_file(path, error)) return path.string();
  }
  return "lance-convert";
}

}  // namespace

ConvertedFile::~ConvertedFile() {
  std::error_code error;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, error);
}

Result<ConvertedFile> ConvertedFile::Make(const std::string& path, const std::string& column, std::uint64_t most) {
  const auto failed = [&](ErrorCode code, const char* what, const std::string& why) {
    Error error = MakeError(code, "{}{}", what, why);
    error.path = path;
    return error;
  };
  ConvertedFile converted;
  std::error_code code;
  std::string name = (std::filesystem::temp_directory_path(code) / "lance-index-XXXXXX").string();
  if (code || ::mkdtemp(name.data()) == nullptr)
    return failed(ErrorCode::kIo, "no folder for the converted file: ", std::generic_category().message(errno));
  converted.folder_ = name;

  std::vector<std::string> words{ConverterBeside(), "-q", "--single-file", "-c", column};
  if (most != 0) words.insert(words.end(), {"--limit", std::to_string(most)});
  words.insert(words.end(), {"--", path, converted.path()});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (const int error = ::posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ); error != 0)
    return failed(ErrorCode::kIo, "not a Lance file, and lance-convert, which reads others, cannot be run: ",
                  std::generic_category().message(error));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  // It has said why.
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return failed(ErrorCode::kInvalidArgument, "lance-convert cannot read it", "");
  return converted;
}

}  // namespace lancekit::tools
