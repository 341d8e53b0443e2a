// lance-inspect: looks into Lance files and datasets.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <new>

#include "base/status.h"
#include "tools/common/exit_codes.h"
#include "tools/common/interrupt.h"
#include "tools/common/io_options.h"
#include "tools/common/numbers.h"
#include "tools/common/report_error.h"
#include "tools/lance-inspect/options.h"

namespace lancekit::tools {
namespace {

std::string HintFor(const Error& error, const Request& request) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return request.command == nullptr ? "lance-inspect --help" : fmt::format("lance-inspect help {}", request.command->name);
    case ErrorCode::kIo:
      return "check the path and that you may read it";
    case ErrorCode::kCorruption:
      if (error.message.rfind("not a Lance file", 0) == 0) {
        return "copy it again if it was a Lance file; lance-convert turns Parquet, CSV and others into Lance";
      }
      return "copy the file again from where it came from";
    case ErrorCode::kOutput:
      return error.message == "already exists" ? "--force to replace it" : "another file";
    default:
      return "";
  }
}

Status Run(const Request& request, Session* session) {
  session->options = request.options;
  LANCEKIT_ASSIGN(session->output, Output::Open(request.command->makes_file ? "" : request.options.output_path));
  Output& output = *session->output;
  const ColorMode color = request.options.common.color;
  output.set_color(color == ColorMode::kAuto && !output.is_terminal() ? false : UseColor(1, color));
  if (output.is_terminal() && !request.options.no_pager) output.UsePager(PagerCommand());
  LANCEKIT_ASSIGN(session->format, ChooseFormat(request.options, output));
  if (session->format == Format::kJson || session->format == Format::kJsonLines) session->options.common.json = true;
  LANCEKIT_TRY(request.command->run(*session));
  return output.Finish();
}

void TellCost(const Session& session, double seconds) {
  const Metrics counters = session.context.metrics();
  fmt::print(stderr, "lance-inspect: {} reads, {}, {:.3f} s\n", GroupDigits(counters.reads), FormatBytes(counters.bytes_read),
             seconds);
}

int Main(int argc, const char* const* argv) {
  const auto start = std::chrono::steady_clock::now();
  Session session;
  Request request;
  Status status = ParseRequest(argc, argv, &request);
  if (status.ok() && request.command == nullptr) {
    std::fputs(request.text.c_str(), request.exit_code == 0 ? stdout : stderr);
    return request.exit_code;
  }
  if (status.ok()) {
    session.context = Context({.threads = request.options.common.threads,
                               .memory_budget = request.options.common.memory_limit,
                               .io_mode = request.options.common.io_mode});
    HandleSignals(session.context);
    TellIoNote("lance-inspect", request.options.common, session.context);
    status = StartTrace(request.options.common, session.context);
    if (status.ok()) status = Run(request, &session);
    session.output.reset();  // what a pager shows is looked at first
    if (Status written = WriteStats(request.options.common, session.context); status.ok()) status = std::move(written);
    Status traced = WriteTrace("lance-inspect", request.options.common, session.context);
    if (status.ok()) status = std::move(traced);
  }
  const Options& options = request.options;
  if (options.verbose) TellCost(session, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  if (status.ok()) return session.exit_code;
  const bool json = options.common.json || options.format == "json" || options.format == "jsonl";
  return ReportError(status.error(), HintFor(status.error(), request),
                     {"lance-inspect", json, UseColor(2, options.common.color), options.where.value_or("")});
}

}  // namespace
}  // namespace lancekit::tools

int main(int argc, char** argv) {
  try {
    return lancekit::tools::Main(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("lance-inspect: not enough memory\n", stderr);
    return lancekit::tools::kExitMemory;
  }
}
