// lance-convert: converts between Lance, Parquet, Arrow IPC, CSV, TSV and JSON lines.
#include <arrow/config.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>

#include "tools/common/exit_codes.h"
#include "tools/common/explain.h"
#include "tools/common/interrupt.h"
#include "tools/common/io_options.h"
#include "tools/common/report_error.h"
#include "tools/lance-convert/convert.h"
#include "tools/lance-convert/summary.h"

namespace lancekit::convert {
namespace {

void Print(std::FILE* file, const std::string& text) { std::fwrite(text.data(), 1, text.size(), file); }

Status PrintSummary(const Report& report, const Options& options) {
  if (!options.summary && !options.common.json) Print(stderr, LossText(report) + BadRowsText(report));
  if (options.explain) {
    Print(stderr, options.common.json ? tools::ExplainJson("lance-convert/1", *options.where, report.scan)
                                      : tools::ExplainText(*options.where, report.scan));
  }
  if (options.summary && !options.summary->empty()) {
    Print(stderr, LossText(report) + BadRowsText(report));
    std::FILE* file = std::fopen(options.summary->c_str(), "w");
    const bool written = file != nullptr && std::fputs(SummaryJson(report).c_str(), file) >= 0;
    if (file != nullptr && std::fclose(file) == 0 && written) return {};
    Error error = MakeError(ErrorCode::kOutput, "the summary cannot be written");
    error.path = *options.summary;
    return error;
  }
  if (options.summary || (options.common.json && !options.common.quiet)) {
    Print(stderr, SummaryJson(report));
  } else if (!options.common.quiet) {
    Print(stderr, SummaryText(report, tools::UseColor(STDERR_FILENO, options.common.color)));
  }
  return {};
}

/// As many open files as the system lets this process have: each input may need one.
void AllowManyFiles() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

/// Tells what came of it. -> the exit code.
int Answer(Result<Report> report, const Options& options, const Context& context, const tools::ErrorStyle& style) {
  if (report && !report->plan.empty()) Print(stdout, report->plan);
  if (report && !report->refused.empty()) {
    Print(stderr, options.common.json ? RefusalJson(*report) : BadRowsText(*report) + RefusalText(*report));
    return tools::kExitAnswerIsNo;
  }
  if (report && report->mismatch) {
    Print(stderr, options.common.json ? MismatchJson(*report->mismatch) : MismatchText(*report->mismatch));
    return tools::kExitAnswerIsNo;
  }
  if (report && !report->plan.empty()) return tools::kExitDone;
  Status status = report ? PrintSummary(*report, options) : std::move(report).status();
  if (Status written = tools::WriteStats(options.common, context); status && !written) status = std::move(written);
  if (status) return tools::kExitDone;
  if (tools::Interrupted()) return tools::kExitInterrupted;
  return tools::ReportError(status.error(), HintFor(status.error(), options), style);
}

int Run(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "help" && std::string_view(argv[2]) == "exit-codes") {
    Print(stdout, tools::ExitCodeTable());
    return tools::kExitDone;
  }
  if (argc <= 1) {
    Print(stderr, ShortHelp());
    return tools::kExitUsage;
  }
  Options options;
  const auto app = MakeCommandLine(options);
  if (std::string text; tools::AnswerAboutProgram(FactsAbout(*app), argc, argv, &text)) {
    Print(stdout, text);
    return tools::kExitDone;
  }
  const Status parsed = ParseOptions(*app, argc, argv, options);
  const tools::ErrorStyle style{"lance-convert", options.common.json, tools::UseColor(STDERR_FILENO, options.common.color),
                                options.where_text};
  if (!parsed) return tools::ReportError(parsed.error(), HintFor(parsed.error(), options), style);
  if (options.common.full_help || options.common.short_help) {
    Print(stdout, options.common.full_help ? FullHelp(*app) : ShortHelp());
    return tools::kExitDone;
  }
  if (options.common.version) {
    Print(stdout, tools::VersionText("lance-convert", "Arrow C++ " + arrow::GetBuildInfo().version_string, options.common.json));
    return tools::kExitDone;
  }
  AllowManyFiles();
  // A mapped file would count as memory of this process, page by page as it is read.
  const char* const variable = std::getenv("LANCEKIT_IO");
  const std::string_view wanted = variable == nullptr ? "" : variable;
  const bool chosen = options.common.io_mode != IoMode::kDefault || wanted == "map" || wanted == "uring";
  Context context({.threads = options.common.threads,
                   .memory_budget = options.common.memory_limit,
                   .io_mode = chosen ? options.common.io_mode : IoMode::kRead});
  tools::HandleSignals(context);
  tools::TellIoNote("lance-convert", options.common, context);
  if (const Status started = tools::StartTrace(options.common, context); !started)
    return tools::ReportError(started.error(), "", style);
  const int code = Answer(Convert(options, context), options, context, style);
  const Status traced = tools::WriteTrace("lance-convert", options.common, context);
  if (traced) return code;
  const int failed = tools::ReportError(traced.error(), HintFor(traced.error(), options), style);
  return code == tools::kExitDone ? failed : code;
}

}  // namespace
}  // namespace lancekit::convert

int main(int argc, char** argv) {
  try {
    return lancekit::convert::Run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("lance-convert: out of memory\n", stderr);
    return lancekit::tools::kExitMemory;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lance-convert: unexpected: %s\n", error.what());
    return lancekit::tools::kExitBug;
  }
}
