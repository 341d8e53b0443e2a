#include "tools/common/io_options.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "base/status.h"
#include "tools/common/output.h"

namespace lancekit::tools {

void TellIoNote(const std::string& program, const CommonOptions& options, const Context& context) {
  if (options.quiet) return;
  if (const std::string note = context.io_note(); !note.empty()) std::fprintf(stderr, "%s: %s\n", program.c_str(), note.c_str());
}

Status WriteStats(const CommonOptions& options, const Context& context) {
  if (!options.stats) return {};
  const std::string text = prometheus_text(context.metrics());
  std::FILE* const file = options.stats_file.empty() ? stderr : std::fopen(options.stats_file.c_str(), "w");
  const bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = file == nullptr || file == stderr || std::fclose(file) == 0;
  if (written && closed) return {};
  Error error = MakeError(ErrorCode::kOutput, "cannot write: {}", std::strerror(errno));
  error.path = options.stats_file;
  return error;
}

Status StartTrace(const CommonOptions& options, Context& context) {
  return options.trace_file.empty() ? Status() : context.start_trace();
}

Status WriteTrace(const std::string& program, const CommonOptions& options, Context& context) {
  if (options.trace_file.empty()) return {};
  LANCEKIT_ASSIGN(const Trace trace, context.stop_trace());
  LANCEKIT_ASSIGN(const std::unique_ptr<Output> output, Output::Open(options.trace_file));
  output->Write(trace.json);
  LANCEKIT_TRY(output->Finish());
  if (trace.num_dropped != 0 && !options.quiet)
    std::fprintf(stderr, "%s: the trace lacks %" PRIu64 " spans, for which there was no room\n", program.c_str(),
                 trace.num_dropped);
  return {};
}

}  // namespace lancekit::tools
