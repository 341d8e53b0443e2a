// lance-index: vector search beside Lance tables.
#include <cstdio>
#include <new>

#include "base/status.h"
#include "tools/common/exit_codes.h"
#include "tools/common/interrupt.h"
#include "tools/common/io_options.h"
#include "tools/common/report_error.h"
#include "tools/lance-index/commands.h"

namespace lancekit::tools {
namespace {

std::string HintFor(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return "lance-index --help";
    case ErrorCode::kIo:
      return "check the path and that you may read it";
    case ErrorCode::kCorruption:
      return "build the index anew: lance-index build --force; lance-inspect verify looks for damage in the table";
    case ErrorCode::kResourceLimit:
      return "a higher --memory-limit";
    default:
      return "";
  }
}

Status Run(IndexSession& session) {
  const IndexOptions& options = session.options;
  LANCEKIT_ASSIGN(session.output, Output::Open(options.output));
  const ColorMode color = options.common.color;
  session.output->set_color(color == ColorMode::kAuto && !session.output->is_terminal() ? false : UseColor(1, color));
  LANCEKIT_ASSIGN(session.format, ParseFormat(options.format, options.common.json, session.output->is_terminal()));
  Status (*const commands[])(IndexSession&) = {nullptr,    &RunBuild, &RunAdd,   &RunDelete, &RunCompact,
                                               &RunSearch, &RunEval,  &RunStats, &RunVerify};
  LANCEKIT_TRY(commands[static_cast<std::size_t>(options.command)](session));
  return session.output->Finish();
}

int Main(int argc, const char* const* argv) {
  IndexSession session;
  Status status = ParseIndexOptions(argc, argv, &session.options);
  if (status.ok() && session.options.command == IndexCommand::kNone) {
    std::fputs(session.options.text.c_str(), session.options.exit_code == 0 ? stdout : stderr);
    return session.options.exit_code;
  }
  session.context = Context({.threads = session.options.common.threads,
                             .memory_budget = session.options.common.memory_limit,
                             .io_mode = session.options.common.io_mode});
  HandleSignals(session.context);
  TellIoNote("lance-index", session.options.common, session.context);
  if (status.ok()) status = StartTrace(session.options.common, session.context);
  if (status.ok()) status = Run(session);
  if (Status written = WriteStats(session.options.common, session.context); status.ok()) status = std::move(written);
  if (Status traced = WriteTrace("lance-index", session.options.common, session.context); status.ok()) status = std::move(traced);
  if (status.ok()) return kExitDone;
  if (Interrupted()) return kExitInterrupted;
  const CommonOptions& common = session.options.common;
  const bool json = common.json || session.options.format == "json" || session.options.format == "jsonl";
  return ReportError(status.error(), HintFor(status.error()), {"lance-index", json, UseColor(2, common.color), ""});
}

}  // namespace
}  // namespace lancekit::tools

int main(int argc, char** argv) {
  try {
    return lancekit::tools::Main(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("lance-index: not enough memory\n", stderr);
    return lancekit::tools::kExitMemory;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lance-index: unexpected: %s\n", error.what());
    return lancekit::tools::kExitBug;
  }
}
