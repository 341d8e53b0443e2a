#include "tools/common/exit_codes.h"

#include <fmt/format.h>

namespace lancekit::tools {
namespace {

constexpr ExitCodeText kCodes[] = {
    {kExitDone, "done; for verify and diff: sound, equal"},
    {kExitAnswerIsNo, "ran fine, the answer is no: damage found, files differ, refused by --strict"},
    {kExitUsage, "usage: bad flag, unknown column"},
    {kExitInput, "the input cannot be read: missing, no permission, I/O error"},
    {kExitDamaged, "the input is not what it claims to be, or is damaged"},
    {kExitUnsupported, "valid but not supported here: version, encoding, type; the message names it"},
    {kExitOutput, "the output cannot be written: exists, disk full, no permission"},
    {kExitMemory, "the memory limit cannot be met; the message says how much would do"},
    {kExitBug, "a bug in the program"},
    {kExitInterrupted, "interrupted"},
};

}  // namespace

int ExitCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return kExitUsage;
    case ErrorCode::kIo:
      return kExitInput;
    case ErrorCode::kCorruption:
      return kExitDamaged;
    case ErrorCode::kUnsupported:
      return kExitUnsupported;
    case ErrorCode::kOutput:
      return kExitOutput;
    case ErrorCode::kResourceLimit:
      return kExitMemory;
    case ErrorCode::kCancelled:
      return kExitInterrupted;
    case ErrorCode::kInternal:
      return kExitBug;
  }
  return kExitBug;
}

const char* NameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kCorruption:
      return "corruption";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kOutput:
      return "output";
    case ErrorCode::kResourceLimit:
      return "resource_limit";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

std::span<const ExitCodeText> ExitCodes() { return kCodes; }

std::string ExitCodeTable() {
  std::string text;
  for (const ExitCodeText& entry : kCodes) text += fmt::format("{:>3}  {}\n", entry.code, entry.text);
  return text;
}

}  // namespace lancekit::tools
