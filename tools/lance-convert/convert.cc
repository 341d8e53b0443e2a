#include "tools/lance-convert/convert.h"

#include <arrow/util/byte_size.h>
#include <arrow/util/thread_pool.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <filesystem>

#include "tools/common/interrupt.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"
#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/columns.h"
#include "tools/lance-convert/input_list.h"
#include "tools/lance-convert/output.h"

namespace lancekit::convert {
namespace {

std::uint64_t BytesIn(const Input& input) { return input.size() > 0 ? input.size() : input.bytes_read(); }

std::uint64_t SumSizes(const std::vector<std::unique_ptr<Input>>& inputs) {
  std::uint64_t sum = 0;
  for (const auto& input : inputs) sum += input->size();
  return sum;
}

std::uint64_t SumBytesRead(const std::vector<std::unique_ptr<Input>>& inputs) {
  std::uint64_t sum = 0;
  for (const auto& input : inputs) sum += input->bytes_read();
  return sum;
}

/// Counts what flows from source to sink, keeps the source's error, and stops on Ctrl-C.
class Meter {
 public:
  Meter(const std::vector<std::unique_ptr<Input>>& inputs, std::optional<std::uint64_t> total_rows, tools::Progress& progress)
      : inputs_(inputs), total_rows_(total_rows), progress_(progress) {}

  ReaderPtr Watch(ReaderPtr rows) {
    auto schema = rows->schema();
    return MakeReader(std::move(schema), [this, rows]() -> arrow::Result<BatchPtr> { return Next(*rows); });
  }

  std::uint64_t rows() const { return rows_; }
  std::uint64_t arrow_bytes() const { return arrow_bytes_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  arrow::Result<BatchPtr> Next(arrow::RecordBatchReader& rows) {
    if (tools::Interrupted()) return Keep(MakeError(ErrorCode::kCancelled, "interrupted"));
    auto batch = rows.Next();
    if (!batch.ok()) return Keep(FromArrow(batch.status(), Side::kInput, inputs_[0]->name()));
    if (*batch == nullptr) return batch;
    rows_ += static_cast<std::uint64_t>((*batch)->num_rows());
    arrow_bytes_ += static_cast<std::uint64_t>(std::max<std::int64_t>(0, arrow::util::ReferencedBufferSize(**batch).ValueOr(0)));
    tools::ProgressState state{.rows = rows_, .bytes = arrow_bytes_};
    state.done = total_rows_ ? rows_ : SumBytesRead(inputs_);
    state.total = total_rows_ ? *total_rows_ : SumSizes(inputs_);
    progress_.Update(state);
    return batch;
  }

  arrow::Status Keep(Error error) {
    error_ = error;
    return ToArrow(std::move(error));
  }

  const std::vector<std::unique_ptr<Input>>& inputs_;
  std::optional<std::uint64_t> total_rows_;
  tools::Progress& progress_;
  std::uint64_t rows_ = 0;
  std::uint64_t arrow_bytes_ = 0;
  std::optional<Error> error_;
};

Error OutputError(ErrorCode code, const std::string& path, std::string message) {
  Error error;
  error.code = code;
  error.path = path == "-" ? "<stdout>" : path;
  error.message = std::move(message);
  return error;
}

/// The format of the output, after a look at what stands there now.
Result<Format> CheckOutput(const Options& options) {
  std::optional<Format> format = options.to ? options.to : FormatOfExtension(options.output);
  const Target target = LookAt(options.output);
  const bool new_version = options.append || options.overwrite;
  if (new_version && !format && target == Target::kFolder) format = Format::kLance;
  if (!format)
    return OutputError(ErrorCode::kInvalidArgument, options.output, "the format of the output is not known; say it with --to");
  // A pipe cannot be gone back in, which the file format's readers need.
  if (format == Format::kArrowFile && target == Target::kStream) format = Format::kArrowStream;
  if (new_version && format != Format::kLance) return Invalid("--append and --overwrite go with a Lance output only");
  if (options.single_file && format != Format::kLance) return Invalid("--single-file goes with a Lance output only");
  if (!options.bloom.empty() && format != Format::kLance) return Invalid("--bloom goes with a Lance output only");
  if ((!options.preset.empty() || !options.encodings.empty()) && format != Format::kLance)
    return Invalid("--preset, --compression and --encode go with a Lance output only");
  if (options.max_rows_per_file != 0 && format != Format::kLance)
    return Invalid("--max-rows-per-file goes with a Lance output only");
  if (format == Format::kLance && options.output == "-") return Invalid("Lance cannot be written to a pipe; give a path");
  if (target == Target::kStream) {
    if (format == Format::kLance) return OutputError(ErrorCode::kOutput, options.output, "is neither a file nor a folder");
    if (options.output == "-" && !IsText(*format) && tools::IsTerminal(STDOUT_FILENO) && !options.force) {
      return Invalid("{} is binary and stdout is a terminal; --force writes it all the same", NameOf(*format));
    }
    return *format;
  }
  if (target == Target::kNothing || new_version) return *format;
  if (!options.force) return OutputError(ErrorCode::kOutput, options.output, "already exists");
  if (target == Target::kFolder) {
    // Only what this program makes is replaced: a Lance dataset or an empty folder, never somebody's files.
    std::error_code ignored;
    const bool dataset = std::filesystem::is_directory(options.output + "/_versions", ignored);
    if (format != Format::kLance || options.single_file || !(dataset || std::filesystem::is_empty(options.output, ignored))) {
      return OutputError(ErrorCode::kOutput, options.output, "is a folder and no Lance dataset; it is not replaced");
    }
  }
  return *format;
}

std::uint64_t PeakMemory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

SinkOptions SinkOptionsOf(const Options& options, Format format, const TextOptions& text) {
  SinkOptions sink;
  sink.path = options.output;
  sink.format = format;
  sink.overwrite = options.force || options.overwrite;
  sink.keep_versions = options.overwrite;
  sink.append = options.append;
  sink.lance_version = options.format_version;
  sink.single_file = options.single_file;
  sink.max_rows_per_file = options.max_rows_per_file;
  sink.bloom = options.bloom;
  sink.preset = options.preset;
  sink.encodings = options.encodings;
  sink.text = text;
  return sink;
}

TextOptions TextOptionsOf(const Options& options, Format format) {
  TextOptions text;
  text.header = !options.no_header;
  text.null_text = options.null_text;
  text.delimiter = format == Format::kTsv ? '\t' : ',';
  if (format == Format::kCsv && !options.delimiter.empty())
    text.delimiter = options.delimiter.size() == 1 ? options.delimiter[0] : '\t';
  return text;
}

/// Reads the beginning of the input: of a damaged one, that it is damaged matters more than that Lance lacks its types.
Status CheckInput(Source& source, const ColumnPlan& plan, const Options& options) {
  constexpr std::int64_t kCheckedBytes = 64 << 20;
  LANCEKIT_ASSIGN_ARROW(const ReaderPtr rows, source.Read(plan.columns, {.skip = options.skip, .limit = options.limit}),
                        Side::kInput, options.inputs[0]);
  for (std::int64_t bytes = 0; bytes < kCheckedBytes && !tools::Interrupted();) {
    LANCEKIT_ASSIGN_ARROW(const BatchPtr batch, rows->Next(), Side::kInput, options.inputs[0]);
    if (batch == nullptr) break;
    bytes += arrow::util::ReferencedBufferSize(*batch).ValueOr(0) + batch->num_rows();
  }
  return {};
}

/// One try from open sink to published output. `meter` holds the source's error, if it was that.
Result<Written> Transfer(Source& source, const ColumnPlan& plan, const Options& options, const SinkOptions& sink_options,
                         const Environment& environment, Meter& meter) {
  Result<std::unique_ptr<Sink>> opened = OpenSink(sink_options, plan.schema, environment);
  if (!opened && opened.error().code == ErrorCode::kUnsupported) {
    const Status input = CheckInput(source, plan, options);
    if (!input.ok() && input.error().code == ErrorCode::kCorruption) return input.error();
  }
  LANCEKIT_ASSIGN(const std::unique_ptr<Sink> sink, std::move(opened));
  LANCEKIT_ASSIGN_ARROW(ReaderPtr rows, source.Read(plan.columns, {options.skip, options.limit, options.where}), Side::kInput,
                        options.inputs[0]);
  LANCEKIT_TRY(sink->Write(meter.Watch(WithSchema(std::move(rows), plan.schema))));
  if (tools::Interrupted()) return MakeError(ErrorCode::kCancelled, "interrupted");
  return sink->Publish();
}

/// Arrow's I/O threads may free memory after the conversion has ended, so the pools live as long as the process.
arrow::MemoryPool* LimitedPool(std::uint64_t bytes) {
  static auto& pools = *new std::deque<arrow::CappedMemoryPool>();
  return &pools.emplace_back(arrow::default_memory_pool(), static_cast<std::int64_t>(bytes));
}

std::optional<std::uint64_t> RowsToCome(const Source& source, const Options& options) {
  if (options.where) return std::nullopt;
  std::optional<std::uint64_t> rows = source.row_count();
  if (rows) rows = *rows - std::min(*rows, options.skip);
  if (rows && options.limit) rows = std::min(*rows, *options.limit);
  return rows;
}

/// Looks at the input; a pipe that must be read from its end is copied first.
Result<Format> Prepare(Input* input, const Options& options) {
  LANCEKIT_ASSIGN(const Format from, DetectInput({.path = input->name(),
                                                  .head = input->head(),
                                                  .lance_tail = input->lance_tail(),
                                                  .folder = input->folder(),
                                                  .forced = options.from}));
  if (!input->seekable() && (from == Format::kParquet || from == Format::kLance || from == Format::kArrowFile)) {
    if (!options.common.quiet && !options.common.json) {
      fmt::print(stderr, "lance-convert: {} is read from its end, so {} is copied to a temporary file first\n", NameOf(from),
                 input->name());
    }
    LANCEKIT_TRY(input->Spool());
  }
  return from;
}

}  // namespace

Result<Report> Convert(const Options& given, Context& context) {
  const auto start = std::chrono::steady_clock::now();
  LANCEKIT_ASSIGN(const Format to, CheckOutput(given));
  Options options = given;
  LANCEKIT_ASSIGN(options.inputs, ExpandInputs({given.inputs, given.files_from, given.nul_separated, given.from}));
  static_cast<void>(arrow::SetCpuThreadPoolCapacity(context.threads()));
  const Environment environment{context, LimitedPool(context.memory_budget()), context.memory_budget()};
  const bool final_output = LookAt(options.output) == Target::kStream;
  std::vector<std::unique_ptr<Input>> inputs;
  std::vector<NamedSource> sources;
  std::vector<const Input*> others;  // that are not Lance, which are read whole
  Report report{.output = options.output};
  LanceOptions lance{.open = options.open, .salvage = options.salvage, .columns = {}, .exclude = {}, .losses = &report.losses};
  if (!options.where) {  // a filter may look at any column
    lance.columns = options.columns;
    lance.exclude = options.exclude;
  }
  for (const std::string& path : options.inputs) {
    LANCEKIT_ASSIGN(std::unique_ptr<Input> input, Input::Open(path));
    LANCEKIT_ASSIGN(const Format from, Prepare(input.get(), options));
    if (inputs.empty()) report.input_format = from;
    if (from != Format::kLance) others.push_back(input.get());
    TextOptions text = TextOptionsOf(options, from);
    text.infer_all = final_output;  // what is sent cannot be taken back for a second try
    text.keep_sample = options.inputs.size() == 1;
    // Without a temporary file there is no second try, but mostly none is needed.
    if (!final_output && IsText(from)) static_cast<void>(input->KeepForRetry());
    LANCEKIT_ASSIGN(std::unique_ptr<Source> source, OpenSource(*input, from, text, lance, environment));
    sources.push_back({input->name(), std::move(source)});
    report.inputs.push_back(input->name());
    inputs.push_back(std::move(input));
  }
  LANCEKIT_ASSIGN(const std::unique_ptr<Source> source, JoinSources(std::move(sources), options.schema_mode, environment));
  tools::Progress progress(options.common.quiet ? tools::ProgressMode::kNever : options.common.progress,
                           std::filesystem::path(options.output).filename().string(), "lance-convert");
  const std::uint64_t bytes_before = context.metrics().bytes_read;
  while (true) {
    LANCEKIT_ASSIGN(const ColumnPlan plan, PlanColumns(*source->schema(), options));
    Meter meter(inputs, RowsToCome(*source, options), progress);
    auto written = Transfer(*source, plan, options, SinkOptionsOf(options, to, TextOptionsOf(options, to)), environment, meter);
    if (written) {
      progress.Finish();
      report.rows = meter.rows();
      report.columns = plan.columns.size();
      for (const auto& input : inputs) report.bytes_in += BytesIn(*input);
      report.arrow_bytes = meter.arrow_bytes();
      report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      report.threads = context.threads();
      report.peak_memory = PeakMemory();
      report.written = *std::move(written);
      report.scan = source->report();
      report.scan.bytes_read = context.metrics().bytes_read - bytes_before;
      for (const Input* input : others) report.scan.bytes_read += BytesIn(*input);
      return report;
    }
    const Error error = meter.error() ? *meter.error() : written.error();
    if (!meter.error() || final_output) return error;
    LANCEKIT_ASSIGN(const bool again, source->Retry(error));
    if (!again) return error;
  }
}

std::string HintFor(const Error& error, const Options& options) {
  if (error.code == ErrorCode::kOutput && error.message == "already exists")
    return "--force to replace it, --append or --overwrite for a new version of a dataset";
  if (error.code == ErrorCode::kResourceLimit) {
    const std::uint64_t limit = options.memory_limit > 0 ? options.memory_limit : Context().memory_budget();
    return fmt::format("--memory-limit {}MiB", std::max<std::uint64_t>(1, (limit * 2) >> 20));
  }
  if (error.code == ErrorCode::kUnsupported && !error.column.empty())
    return fmt::format("--exclude {} to convert the other columns", error.column);
  if (error.message.find("invalid UTF8") != std::string::npos) return "iconv -f latin1 -t utf-8, if that is its encoding";
  if (error.code == ErrorCode::kInvalidArgument && error.path.empty()) return "lance-convert --help";
  return "";
}

}  // namespace lancekit::convert
