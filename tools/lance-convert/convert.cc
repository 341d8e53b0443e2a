#include "tools/lance-convert/convert.h"

#include <arrow/util/byte_size.h>
#include <arrow/util/thread_pool.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string_view>

#include "base/trace.h"
#include "tools/common/interrupt.h"
#include "tools/common/numbers.h"
#include "tools/common/suggest.h"
#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/columns.h"
#include "tools/lance-convert/dry_run.h"
#include "tools/lance-convert/fit_columns.h"
#include "tools/lance-convert/input_list.h"
#include "tools/lance-convert/output.h"
#include "tools/lance-convert/output_check.h"
#include "tools/lance-convert/resume.h"
#include "tools/lance-convert/sample_rows.h"
#include "tools/lance-convert/value_hashes.h"

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

/// Bytes of a line of /proc/self/status. (The peak that getrusage() tells begins with that of the process that started this one.)
std::uint64_t OwnMemory(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name) && line[name.size()] == ':')
      return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10) << 10;
  }
  return 0;
}

/// Counts what flows from source to sink, keeps the source's error, and stops on Ctrl-C.
class Meter {
 public:
  Meter(const std::vector<std::unique_ptr<Input>>& inputs, std::optional<std::uint64_t> total_rows,
        const Environment& environment, tools::Progress& progress)
      : inputs_(inputs), total_rows_(total_rows), environment_(environment), progress_(progress) {}

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
    TraceSpan span(environment_.context.impl(), "input");
    auto batch = rows.Next();
    if (batch.ok() && *batch != nullptr) span.Set("rows", static_cast<std::uint64_t>((*batch)->num_rows()));
    span.End();
    if (!batch.ok()) return Keep(FromArrow(batch.status(), Side::kInput, inputs_[0]->name()));
    if (*batch == nullptr) return batch;
    const auto bytes =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, arrow::util::ReferencedBufferSize(**batch).ValueOr(0)));
    if (const std::uint64_t needed = std::max(bytes, environment_.pool->used()); needed > environment_.memory_limit)
      return Keep(At(OverLimit(needed, environment_.memory_limit), {.path = inputs_[0]->name()}).error());
    rows_ += static_cast<std::uint64_t>((*batch)->num_rows());
    arrow_bytes_ += bytes;
    tools::ProgressState state{.rows = rows_, .bytes = arrow_bytes_};
    state.done = total_rows_ ? rows_ : SumBytesRead(inputs_);
    state.total = total_rows_ ? *total_rows_ : SumSizes(inputs_);
    progress_.Update(state);
    KeepToLimit();
    return batch;
  }

  /// Allocators hold on to what was freed, Arrow's to more than is in use. That is fine while there is memory to spare.
  void KeepToLimit() const {
    if (OwnMemory("VmRSS") < environment_.memory_limit / 4 * 3) return;
    environment_.pool->ReleaseUnused();
    ::malloc_trim(0);
  }

  arrow::Status Keep(Error error) {
    error_ = error;
    return ToArrow(std::move(error));
  }

  const std::vector<std::unique_ptr<Input>>& inputs_;
  std::optional<std::uint64_t> total_rows_;
  const Environment& environment_;
  tools::Progress& progress_;
  std::uint64_t rows_ = 0;
  std::uint64_t arrow_bytes_ = 0;
  std::optional<Error> error_;
};

SinkOptions SinkOptionsOf(const Options& options, Format format, const TextOptions& text) {
  SinkOptions sink;
  sink.path = options.output;
  // A link keeps pointing at its target, which is what gets replaced.
  std::error_code no_link;
  if (std::filesystem::is_symlink(options.output, no_link)) {
    const std::filesystem::path real = std::filesystem::canonical(options.output, no_link);
    if (!no_link) sink.path = real.string();
  }
  sink.format = format;
  sink.overwrite = options.force || options.overwrite;
  sink.sums = options.checksum;
  sink.keep_versions = options.overwrite;
  sink.append = options.append;
  if (options.same_columns) sink.same_columns = options.inputs[0];
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

/// The output as an input: what was written, in its order.
Result<std::unique_ptr<Source>> OpenWritten(const std::string& path, const Options& options, const SinkOptions& sink,
                                            const arrow::Schema& schema, std::vector<std::unique_ptr<Input>>* inputs,
                                            const Environment& environment) {
  LANCEKIT_ASSIGN(std::unique_ptr<Input> input, Input::Open(path));
  TextOptions text = sink.text;
  text.quote = '"';
  text.keep_sample = false;
  if (sink.format == Format::kJsonl) {  // lines, for JSON does not tell what types values had, by which some are spelled
    text.delimiter = '\x01';
    text.header = false;
    text.quote.reset();
    inputs->push_back(std::move(input));
    return OpenSource(*inputs->back(), Format::kCsv, text, {}, environment);
  }
  if (IsText(sink.format)) {
    for (const auto& field : schema.fields()) text.types.push_back({field->name(), arrow::utf8()});  // as it was spelled
  }
  LANCEKIT_ASSIGN(const Format format, DetectInput({.path = input->name(),
                                                    .head = input->head(),
                                                    .lance_tail = input->lance_tail(),
                                                    .folder = input->folder(),
                                                    .forced = options.to}));
  inputs->push_back(std::move(input));
  return OpenSource(*inputs->back(), format, text, {}, environment);
}

/// Compares what can be read of the output with what was written. Errors: kCorruption where they differ, or it cannot be read.
Status VerifyOutput(const Options& options, const SinkOptions& sink, const arrow::Schema& schema, ValueHashes written,
                    std::size_t num_outputs, const Environment& environment) {
  std::vector<std::unique_ptr<Input>> inputs;
  std::vector<NamedSource> sources;
  for (std::size_t i = 0; i < num_outputs; ++i) {
    const std::string path = options.split.any() ? PartName(options.output, i) : options.output;
    LANCEKIT_ASSIGN(auto source, OpenWritten(path, options, sink, schema, &inputs, environment));
    sources.push_back({path, std::move(source)});
  }
  LANCEKIT_ASSIGN(const std::unique_ptr<Source> source, JoinSources(std::move(sources), SchemaMode::kUnion, environment));
  std::vector<int> all(static_cast<std::size_t>(source->schema()->num_fields()));
  std::iota(all.begin(), all.end(), 0);
  RowRange range;
  if (options.append) range.skip = source->row_count().value_or(written.rows) - written.rows;  // what was there before
  LANCEKIT_ASSIGN_ARROW(ReaderPtr rows, source->Read(all, range), Side::kInput, options.output);
  ValueHashes read;
  LANCEKIT_ASSIGN(rows, HashValues(std::move(rows), &read));
  for (BatchPtr batch;;) {
    LANCEKIT_ASSIGN_ARROW(batch, rows->Next(), Side::kInput, options.output);
    if (batch == nullptr) break;
    if (tools::Interrupted()) return MakeError(ErrorCode::kCancelled, "interrupted");
  }
  if (sink.format == Format::kJsonl) written.columns = read.columns = {};
  return At(CompareHashes(written, read), {.path = options.output});
}

/// What --strict refuses, a line each.
std::vector<std::string> Refusals(const std::vector<TypeChange>& changes, const Report& report) {
  std::vector<std::string> lines;
  for (const TypeChange& change : changes)
    lines.push_back(fmt::format("column \"{}\" would become {} instead of {}", change.column, change.to, change.from));
  if (report.bad_rows.skipped != 0)
    lines.push_back(fmt::format("{} rows would be left out", tools::GroupDigits(report.bad_rows.skipped)));
  for (const auto& [column, count] : report.bad_rows.nulls)
    lines.push_back(fmt::format("{} values of column \"{}\" would become null", tools::GroupDigits(count), column));
  for (const auto& [column, count] : report.bad_rows.rounded)
    lines.push_back(fmt::format("{} values of column \"{}\" would lose digits", tools::GroupDigits(count), column));
  if (!report.losses.empty()) lines.push_back("values of a damaged input would be lost");
  return lines;
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

/// One conversion in the middle of it.
struct Job {
  Source& source;
  const ColumnPlan& plan;
  const Options& options;
  const SinkOptions& sink;
  const Environment& environment;
};

Result<std::unique_ptr<Sink>> OpenOutput(const Job& job, SinkSchema* schema) {
  LANCEKIT_ASSIGN(*schema, SchemaFor(job.sink, job.plan.schema, job.environment));
  if (job.options.split.any()) return OpenSplitSink(job.sink, job.options.split, schema->schema, job.environment);
  return OpenSink(job.sink, schema->schema, job.environment);
}

/// One try from open sink to published output, which `report` then has, or what --strict refuses. `meter` holds the source's
/// error, if it was that.
Status Transfer(const Job& job, Meter& meter, Report* report) {
  const Options& options = job.options;
  SinkSchema schema;
  Result<std::unique_ptr<Sink>> opened = OpenOutput(job, &schema);
  if (!opened && opened.error().code == ErrorCode::kUnsupported) {
    const Status input = CheckInput(job.source, job.plan, options);
    if (!input.ok() && input.error().code == ErrorCode::kCorruption) return input.error();
  }
  LANCEKIT_ASSIGN(const std::unique_ptr<Sink> sink, std::move(opened));
  LANCEKIT_ASSIGN_ARROW(ReaderPtr rows, job.source.Read(job.plan.columns, {options.skip, options.limit, options.where}),
                        Side::kInput, options.inputs[0]);
  if (options.sample) rows = SampleRows(std::move(rows), *options.sample, options.seed, job.environment.pool);
  rows = meter.Watch(WithSchema(std::move(rows), job.plan.schema));
  if (!schema.schema->Equals(*job.plan.schema)) {
    const bool one = options.inputs.size() == 1;
    const RowsOf place{one ? options.inputs[0] : "", options.skip, !one || options.where || options.sample};
    rows = FitRows(std::move(rows), schema.schema, place, job.environment.pool);
  }
  ValueHashes hashes;
  if (options.verify) {
    LANCEKIT_ASSIGN(rows, HashValues(std::move(rows), &hashes));
  }
  report->bad_rows = {};
  report->refused = options.strict ? Refusals(schema.changes, *report) : std::vector<std::string>();
  if (!report->refused.empty()) return {};
  LANCEKIT_TRY(sink->Write(rows));
  if (tools::Interrupted()) return MakeError(ErrorCode::kCancelled, "interrupted");
  job.source.AddBadRows(&report->bad_rows);
  if (options.strict) report->refused = Refusals({}, *report);
  if (!report->refused.empty()) return {};
  LANCEKIT_ASSIGN(report->written, sink->Publish());
  report->written.types = schema.changes;
  if (options.verify) {
    Status same = VerifyOutput(options, job.sink, *schema.schema, std::move(hashes), report->written.outputs, job.environment);
    if (!same && same.error().code != ErrorCode::kCorruption) return same;
    if (!same) {
      report->mismatch = same.error();
      return {};
    }
  }
  for (std::size_t i = 0; options.checksum && i < report->written.outputs; ++i) {
    const std::string path = options.split.any() ? PartName(options.output, i) : options.output;
    report->sums.push_back(path + ".sums");
    LANCEKIT_TRY(write_sums(job.environment.context, path, {}, report->sums.back(), MayReplace(options)));
  }
  return {};
}

/// Arrow's I/O threads may free memory after the conversion has ended, so the pools live as long as the process.
LimitedPool* MakePool(std::uint64_t bytes) {
  static auto& pools = *new std::deque<LimitedPool>();
  return &pools.emplace_back(bytes);
}

std::optional<std::uint64_t> RowsToCome(const Source& source, const Options& options) {
  if (options.where) return std::nullopt;
  std::optional<std::uint64_t> rows = source.row_count();
  if (rows) rows = *rows - std::min(*rows, options.skip);
  if (rows && options.limit) rows = std::min(*rows, *options.limit);
  if (rows && options.sample) rows = std::min(*rows, *options.sample);
  return rows;
}

/// A type for a column that no input has would have no effect.
Status CheckWishes(const arrow::Schema& schema, const Options& options) {
  for (const TypeWish& wish : options.types) {
    if (schema.GetFieldIndex(wish.column) < 0)
      return Invalid("the input has no column \"{}\"{}", wish.column, tools::DidYouMean(wish.column, schema.field_names()));
  }
  return {};
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
  if (given.resume) return ConvertResumable(given, context);
  const auto start = std::chrono::steady_clock::now();
  LANCEKIT_ASSIGN(const Format to, CheckOutput(given));
  Options options = given;
  LANCEKIT_ASSIGN(options.inputs, ExpandInputs({given.inputs, given.files_from, given.nul_separated, given.from}));
  static_cast<void>(arrow::SetCpuThreadPoolCapacity(context.threads()));
  const Environment environment{context, MakePool(context.memory_budget()), context.memory_budget()};
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
  std::vector<Format> formats;
  for (const std::string& path : options.inputs) {
    LANCEKIT_ASSIGN(std::unique_ptr<Input> input, Input::Open(path));
    LANCEKIT_ASSIGN(const Format from, Prepare(input.get(), options));
    formats.push_back(from);
    if (from != Format::kLance) others.push_back(input.get());
    TextOptions text = TextOptionsOf(options, from);
    text.types = options.types;
    text.on_bad_row = options.on_bad_row;
    text.timestamp_formats = options.timestamp_formats;
    text.quote = options.quote;
    if (options.infer_rows) text.infer_rows = *options.infer_rows;
    text.infer_all = final_output || text.infer_rows < 0;  // what is sent cannot be taken back for a second try
    text.keep_sample = options.inputs.size() == 1;
    // Without a temporary file there is no second try, but mostly none is needed.
    if (!final_output && IsText(from)) static_cast<void>(input->KeepForRetry());
    LANCEKIT_ASSIGN(std::unique_ptr<Source> source, OpenSource(*input, from, text, lance, environment));
    sources.push_back({input->name(), std::move(source)});
    report.inputs.push_back(input->name());
    inputs.push_back(std::move(input));
  }
  LANCEKIT_ASSIGN(const std::unique_ptr<Source> source, JoinSources(std::move(sources), options.schema_mode, environment));
  report.input_format = formats[0];
  LANCEKIT_TRY(CheckWishes(*source->schema(), options));
  const SinkOptions sink = SinkOptionsOf(options, to, TextOptionsOf(options, to));
  if (options.dry_run) {
    LANCEKIT_ASSIGN(const ColumnPlan plan, PlanColumns(*source->schema(), options));
    LANCEKIT_ASSIGN(SinkSchema schema, SchemaFor(sink, plan.schema, environment));
    report.plan = PlanText(options, inputs, formats, *plan.schema, schema, sink, RowsToCome(*source, options));
    if (options.strict) report.refused = Refusals(schema.changes, report);
    return report;
  }
  tools::Progress progress(options.common.quiet ? tools::ProgressMode::kNever : options.common.progress,
                           std::filesystem::path(options.output).filename().string(), "lance-convert");
  const std::uint64_t bytes_before = context.metrics().bytes_read;
  while (true) {
    LANCEKIT_ASSIGN(const ColumnPlan plan, PlanColumns(*source->schema(), options));
    Meter meter(inputs, RowsToCome(*source, options), environment, progress);
    const Status done = Transfer({*source, plan, options, sink, environment}, meter, &report);
    if (done) {
      progress.Finish();
      report.rows = meter.rows();
      report.columns = plan.columns.size();
      for (const auto& input : inputs) report.bytes_in += BytesIn(*input);
      report.arrow_bytes = meter.arrow_bytes();
      report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      report.threads = context.threads();
      report.peak_memory = OwnMemory("VmHWM");
      report.scan = source->report();
      report.scan.bytes_read = context.metrics().bytes_read - bytes_before;
      for (const Input* input : others) report.scan.bytes_read += BytesIn(*input);
      return report;
    }
    const Error error = meter.error() ? *meter.error() : done.error();
    if (!meter.error() || final_output) return error;
    LANCEKIT_ASSIGN(const bool again, source->Retry(error));
    if (!again) return error;
  }
}

std::string HintFor(const Error& error, const Options& options) {
  if (error.code == ErrorCode::kOutput && error.message == "already exists")
    return "--force to replace it, --append or --overwrite for a new version of a dataset";
  if (error.code == ErrorCode::kResourceLimit && error.message.find("would do") == std::string::npos) {
    const std::uint64_t limit = options.common.memory_limit > 0 ? options.common.memory_limit : Context().memory_budget();
    return fmt::format("--memory-limit {}MiB", std::max<std::uint64_t>(1, (limit * 2) >> 20));
  }
  if (error.code == ErrorCode::kUnsupported && !error.column.empty())
    return fmt::format("--exclude {} to convert the other columns", error.column);
  if (error.message.find("columns, got") != std::string::npos) return "--on-bad-row skip to leave such rows out";
  if (error.message.find("invalid UTF8") != std::string::npos) return "iconv -f latin1 -t utf-8, if that is its encoding";
  if (error.code == ErrorCode::kInvalidArgument && error.path.empty()) return "lance-convert --help";
  return "";
}

}  // namespace lancekit::convert
