// The exit codes of both programs: one table, printed by `help exit-codes`.
#pragma once

#include <span>
#include <string>

#include "lancekit/result.hpp"

namespace lancekit::tools {

inline constexpr int kExitDone = 0;
inline constexpr int kExitAnswerIsNo = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInput = 3;
inline constexpr int kExitDamaged = 4;
inline constexpr int kExitUnsupported = 5;
inline constexpr int kExitOutput = 6;
inline constexpr int kExitMemory = 7;
inline constexpr int kExitBug = 70;
inline constexpr int kExitInterrupted = 130;

int ExitCodeOf(ErrorCode code);
/// "invalid_argument", "corruption", ...: the name in JSON errors.
const char* NameOf(ErrorCode code);
struct ExitCodeText {
  int code;
  const char* text;
};
/// Ascending.
std::span<const ExitCodeText> ExitCodes();
/// The table as text, one line per code.
std::string ExitCodeTable();

}  // namespace lancekit::tools
