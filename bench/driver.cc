// The lancekit side of bench/compare.py: does what a C++ user would do and times it from inside. Reads one command a line,
// words separated by tabs, and answers each with one line of JSON. The commands are those of peers.py; see bench/README.md. The
// only argument is the file version that it writes, with a preset as in x1-fast.
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/checksum.h"
#include "lancekit/lancekit.hpp"

namespace lancekit::bench {
namespace {

constexpr int kCalibrationSteps = 10'000'000;
constexpr std::size_t kCopyBytes = std::size_t{256} << 20;

struct Timing {
  double wall = 0;
  double cpu = 0;
};

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class Body>
Timing Time(Body body) {
  const double cpu = CpuSeconds();
  const auto start = std::chrono::steady_clock::now();
  body();
  const auto end = std::chrono::steady_clock::now();
  return {std::chrono::duration<double>(end - start).count(), CpuSeconds() - cpu};
}

Timing Median(std::vector<Timing> timings) {
  const auto middle = [&timings](double Timing::* member) {
    std::nth_element(timings.begin(), timings.begin() + static_cast<std::ptrdiff_t>(timings.size() / 2), timings.end(),
                     [member](const Timing& a, const Timing& b) { return a.*member < b.*member; });
    return timings[timings.size() / 2].*member;
  };
  return {middle(&Timing::wall), middle(&Timing::cpu)};
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

std::string Format(const char* format, auto... values) {
  char text[256];
  std::snprintf(text, sizeof(text), format, values...);
  return text;
}

std::string Json(Timing timing, std::uint64_t rows) {
  return Format("\"seconds\": %.9f, \"cpu\": %.9f, \"rows\": %llu", timing.wall, timing.cpu,
                static_cast<unsigned long long>(rows));
}

std::string Json(const TableChecksum& sum) {
  std::string out = Format("\"bytes\": %llu, \"columns\": {", static_cast<unsigned long long>(sum.arrow_bytes()));
  for (const ColumnChecksum& column : sum.columns()) {
    if (out.back() != '{') out += ", ";
    out += Quoted(column.name) + Format(": \"%016llx/%llu\"", static_cast<unsigned long long>(column.hash),
                                        static_cast<unsigned long long>(column.num_nulls));
  }
  return out + "}";
}

// An exported batch; frees what it still owns.
struct ExportedBatch {
  ArrowArray array{};
  ArrowSchema schema{};
  ExportedBatch() = default;
  ExportedBatch(const ExportedBatch&) = delete;
  ExportedBatch& operator=(const ExportedBatch&) = delete;
  ~ExportedBatch() {
    if (array.release != nullptr) array.release(&array);
    if (schema.release != nullptr) schema.release(&schema);
  }
};

// Batches as a stream, as Arrow libraries hand tables over.
class BatchStream {
 public:
  explicit BatchStream(const std::vector<Batch>& batches) : batches_(batches) {
    stream_.private_data = this;
    stream_.get_schema = [](ArrowArrayStream* stream, ArrowSchema* out) {
      ExportedBatch first;
      const std::vector<Batch>& all = Of(stream).batches_;
      if (all.empty() || !all[0].export_array(&first.array, &first.schema).ok()) return EINVAL;
      *out = std::exchange(first.schema, {});
      return 0;
    };
    stream_.get_next = [](ArrowArrayStream* stream, ArrowArray* out) {
      BatchStream& self = Of(stream);
      *out = {};
      if (self.next_ == self.batches_.size()) return 0;
      ExportedBatch batch;
      if (!self.batches_[self.next_++].export_array(&batch.array, &batch.schema).ok()) return EINVAL;
      *out = std::exchange(batch.array, {});
      return 0;
    };
    stream_.get_last_error = [](ArrowArrayStream*) { return "a batch cannot be exported"; };
    stream_.release = [](ArrowArrayStream* stream) { stream->release = nullptr; };
  }
  BatchStream(const BatchStream&) = delete;
  BatchStream& operator=(const BatchStream&) = delete;
  ArrowArrayStream* get() { return &stream_; }

 private:
  static BatchStream& Of(ArrowArrayStream* stream) { return *static_cast<BatchStream*>(stream->private_data); }

  const std::vector<Batch>& batches_;
  std::size_t next_ = 0;
  ArrowArrayStream stream_{};
};

Status AddTo(TableChecksum* sum, const Batch& batch) {
  ExportedBatch out;
  if (Status status = batch.export_array(&out.array, &out.schema); !status.ok()) return status;
  if (sum->Add(out.schema, out.array)) return {};
  Error error;
  error.code = ErrorCode::kUnsupported;
  error.message = "no checksum for a type of this table";
  return error;
}

using Words = std::vector<std::string>;
using Reply = Result<std::string>;  // the members of the JSON object

class Driver {
 public:
  /// `format`: a file version, and behind a '-' perhaps a preset.
  explicit Driver(const std::string& format)
      : context_(Options()),
        version_(format.substr(0, format.find('-'))),
        preset_(version_.size() == format.size() ? "" : format.substr(version_.size() + 1)) {}

  Reply Run(const Words& words) {
    static const std::map<std::string, std::pair<std::size_t, Reply (Driver::*)(const Words&)>> commands = {
        {"version", {1, &Driver::Version}}, {"use", {2, &Driver::Use}},           {"open", {4, &Driver::Open}},
        {"scan", {2, &Driver::ScanAll}},    {"check", {2, &Driver::Check}},       {"take", {3, &Driver::Take}},
        {"load", {3, &Driver::Load}},       {"write", {2, &Driver::Write}},       {"calibrate", {1, &Driver::Calibrate}},
        {"copy", {1, &Driver::Copy}},       {"filter", {4, &Driver::FilterRows}}, {"cost", {6, &Driver::Cost}},
        {"project", {4, &Driver::Project}}, {"sum", {3, &Driver::SumColumn}},     {"gather", {2, &Driver::Gather}},
    };
    const auto found = commands.find(words[0]);
    if (found == commands.end() || words.size() != found->second.first) return Wrong("no such command");
    return (this->*found->second.second)(words);
  }

 private:
  static ContextOptions Options() {
    ContextOptions options;
    const char* const threads = std::getenv("LANCEKIT_BENCH_THREADS");
    options.threads = threads == nullptr ? 1 : std::atoi(threads);
    if (const char* const budget = std::getenv("LANCEKIT_BENCH_MEMORY"))
      options.memory_budget = std::strtoull(budget, nullptr, 10);
    return options;
  }

  static Error Wrong(const char* what) {
    Error error;
    error.code = ErrorCode::kInvalidArgument;
    error.message = what;
    return error;
  }

  static std::vector<std::string> Columns(const std::string& word) {
    return word == "*" ? std::vector<std::string>() : Split(word, ',');
  }

  Scan NewScan(const std::string& columns) const {
    Scan scan = table_->scan();
    if (columns != "*") scan.select(Columns(columns));
    return scan;
  }

  Reply Version(const Words&) {
#ifdef __OPTIMIZE__
    const char* const optimised = "true";
#else
    const char* const optimised = "false";
#endif
    return Format("\"version\": \"lancekit %s, g++ %s\", \"optimised\": %s", LANCEKIT_VERSION, __VERSION__, optimised);
  }

  // use PATH
  Reply Use(const Words& words) {
    auto table = lancekit::open(context_, words[1]);
    if (!table) return std::move(table).status();
    table_ = *std::move(table);
    return Format("\"rows\": %llu", static_cast<unsigned long long>(table_->row_count()));
  }

  // open PATH COLUMN TIMES: from the path to the first value of a column, each time anew
  Reply Open(const Words& words) {
    std::vector<Timing> timings;
    Status status;
    for (int i = std::stoi(words[3]); i > 0 && status.ok(); --i) {
      timings.push_back(Time([&] {
        auto table = lancekit::open(context_, words[1]);
        if (!table) {
          status = std::move(table).status();
        } else if (auto batch = table->take({0}, {words[2]}); !batch) {
          status = std::move(batch).status();
        }
      }));
    }
    if (!status.ok()) return status;
    return Json(Median(std::move(timings)), 1);
  }

  // project PATH COLUMNS TIMES: from the path to all values of these columns, each time anew
  Reply Project(const Words& words) {
    std::vector<Timing> timings;
    Status status;
    OpenOptions options;
    options.columns = Columns(words[2]);
    TableChecksum sum;
    for (int i = std::stoi(words[3]); i > 0 && status.ok(); --i) {
      std::vector<Batch> batches;
      timings.push_back(Time([&] {
        auto table = lancekit::open(context_, words[1], options);
        if (!table) {
          status = std::move(table).status();
          return;
        }
        Scan scan = table->scan();
        for (auto& batch : scan) {
          if (!batch) {
            status = std::move(batch).status();
            return;
          }
          ExportedBatch out;  // as Arrow, as the peers give it
          status = batch->export_array(&out.array, &out.schema);
          batches.push_back(*batch);
        }
      }));
      for (const Batch& batch : batches) {
        if (i == 1 && status.ok()) status = AddTo(&sum, batch);
      }
    }
    if (!status.ok()) return status;
    return Json(Median(std::move(timings)), sum.num_rows()) + ", " + Json(sum);
  }

  // sum COLUMN TIMES
  Reply SumColumn(const Words& words) {
    std::vector<Timing> timings;
    std::optional<Result<Batch>> sum;
    for (int i = std::stoi(words[2]); i > 0; --i) {
      timings.push_back(Time([&] {
        Scan scan = table_->scan();
        sum.emplace(scan.aggregate({{Aggregate::Kind::kSum, words[1]}}));
      }));
      if (!*sum) return std::move(*sum).status();
    }
    const Span<const std::int64_t> values = (*sum)->values<std::int64_t>("sum(" + words[1] + ")");
    if (values.empty()) return Wrong("only sums of integers");
    return Json(Median(std::move(timings)), 1) + Format(", \"value\": \"%lld\"", static_cast<long long>(values[0]));
  }

  // gather COLUMN: a column of fixed-size lists of floats copied to memory used before, batch by batch, and as `copy` the time of
  // copying as many bytes in the same pieces: memcpy stores otherwise, and 1.4 times as fast, where a piece is larger than the
  // cache
  Reply Gather(const Words& words) {
    const int index = table_->schema().index_of(words[1]);
    if (index < 0) return Wrong("no such column");
    const DataType& type = table_->schema().fields[static_cast<std::size_t>(index)].type;
    if (type.id != TypeId::kFixedSizeList || type.children[0].type.id != TypeId::kFloat32) return Wrong("no column of vectors");
    const std::size_t width = static_cast<std::size_t>(type.size) * sizeof(float);
    std::vector<char> to(table_->row_count() * width);
    std::vector<char> from(to.size(), 1);
    Status status;
    std::size_t at = 0;
    std::vector<std::size_t> pieces;
    const Timing timing = Time([&] {
      Scan scan = table_->scan().select({words[1]});
      for (auto& batch : scan) {
        if (!batch) {
          status = std::move(batch).status();
          return;
        }
        ExportedBatch out;
        if (status = batch->export_array(&out.array, &out.schema); !status.ok()) return;
        const ArrowArray& items = *out.array.children[0]->children[0];
        const std::size_t size = static_cast<std::size_t>(out.array.length) * width;
        std::memcpy(to.data() + at, items.buffers[1], size);
        at += size;
        pieces.push_back(size);
      }
    });
    if (!status.ok()) return status;
    const std::vector<char> read = to;
    const Timing copy = Time([&] {
      std::size_t done = 0;
      for (const std::size_t size : pieces) {
        std::memcpy(to.data() + done, from.data() + done, size);
        done += size;
      }
    });
    return Json(timing, table_->row_count()) + Format(", \"copy\": %.9f, \"sum\": %d", copy.wall, read[read.size() / 2] + to[0]);
  }

  // scan COLUMNS: every batch is made and dropped, so that the next may use its memory again
  Reply ScanAll(const Words& words) {
    std::uint64_t rows = 0;
    Status status;
    const Timing timing = Time([&] {
      Scan scan = NewScan(words[1]);
      for (auto& batch : scan) {
        if (!batch) {
          status = std::move(batch).status();
          return;
        }
        rows += static_cast<std::uint64_t>(batch->num_rows());
      }
    });
    if (!status.ok()) return status;
    return Json(timing, rows);
  }

  // filter COLUMNS WHERE TIMES: the matching rows as batches dropped one by one, each time anew; `read`: bytes read from the file
  Reply FilterRows(const Words& words) {
    auto filter = Filter::parse(words[2]);
    if (!filter) return std::move(filter).status();
    std::vector<Timing> timings;
    std::uint64_t read = 0;
    TableChecksum sum;
    for (int i = std::stoi(words[3]); i > 0; --i) {
      std::vector<Batch> batches;
      Status status;
      timings.push_back(Time([&] {
        Scan scan = NewScan(words[1]).where(*filter);
        for (auto& batch : scan) {
          if (!batch) {
            status = std::move(batch).status();
            return;
          }
          batches.push_back(*batch);
        }
        read = scan.report().bytes_read;
      }));
      if (!status.ok()) return status;
      for (const Batch& batch : batches) {
        if (i == 1) status = AddTo(&sum, batch);
        if (!status.ok()) return status;
      }
    }
    return Json(Median(std::move(timings)), sum.num_rows()) + ", " + Json(sum) +
           Format(", \"read\": %llu", static_cast<unsigned long long>(read));
  }

  // cost PATH COLUMNS WHERE OFFSET ROWS: bytes that a filter reads from files, and that reading these rows without a filter does
  Reply Cost(const Words& words) {
    auto filter = Filter::parse(words[3]);
    if (!filter) return std::move(filter).status();
    std::uint64_t bytes[2] = {};
    for (int i = 0; i < 2; ++i) {
      ContextOptions options = Options();
      options.io_mode = IoMode::kRead;
      const Context context(options);
      OpenOptions open_options;
      open_options.checksums = Checksums::kNever;
      auto table = lancekit::open(context, words[1], open_options);
      if (!table) return std::move(table).status();
      const std::uint64_t before = context.metrics().bytes_read;
      Scan scan = table->scan();
      if (words[2] != "*") scan.select(Columns(words[2]));
      i == 0 ? scan.where(*filter) : scan.offset(std::stoull(words[4])).limit(std::stoull(words[5]));
      for (auto& batch : scan) {
        if (!batch) return std::move(batch).status();
      }
      bytes[i] = context.metrics().bytes_read - before;
    }
    return Format("\"filter\": %llu, \"rows\": %llu", static_cast<unsigned long long>(bytes[0]),
                  static_cast<unsigned long long>(bytes[1]));
  }

  // check COLUMNS: not timed
  Reply Check(const Words& words) {
    TableChecksum sum;
    Scan scan = NewScan(words[1]);
    for (auto& batch : scan) {
      if (!batch) return std::move(batch).status();
      if (Status status = AddTo(&sum, *batch); !status.ok()) return status;
    }
    return Format("\"rows\": %llu, ", static_cast<unsigned long long>(sum.num_rows())) + Json(sum);
  }

  // take COLUMNS ROWS;ROWS;...: each list is one call; the median call counts
  Reply Take(const Words& words) {
    const std::vector<std::string> columns = Columns(words[1]);
    std::vector<Timing> timings;
    TableChecksum sum;
    for (const std::string& group : Split(words[2], ';')) {
      std::vector<std::int64_t> rows;
      for (const std::string& row : Split(group, ',')) rows.push_back(std::stoll(row));
      std::optional<Result<Batch>> batch;
      timings.push_back(Time([&] { batch.emplace(table_->take({rows.data(), rows.size()}, columns)); }));
      if (!*batch) return std::move(*batch).status();
      if (Status status = AddTo(&sum, **batch); !status.ok()) return status;
    }
    return Json(Median(std::move(timings)), sum.num_rows()) + ", " + Json(sum);
  }

  // load PATH COLUMNS: the input of later writes, in memory
  Reply Load(const Words& words) {
    auto table = lancekit::open(context_, words[1]);
    if (!table) return std::move(table).status();
    input_.clear();
    std::uint64_t rows = 0;
    Scan scan = table->scan();
    if (words[2] != "*") scan.select(Columns(words[2]));
    for (auto& batch : scan) {
      if (!batch) return std::move(batch).status();
      rows += static_cast<std::uint64_t>(batch->num_rows());
      input_.push_back(*batch);
    }
    return Format("\"rows\": %llu", static_cast<unsigned long long>(rows));
  }

  // write PATH
  Reply Write(const Words& words) {
    std::optional<Result<WriteSummary>> summary;
    const Timing timing = Time([&] { summary.emplace(WriteInput(words[1])); });
    if (!*summary) return std::move(*summary).status();
    return Json(timing, (*summary)->rows) + Format(", \"bytes\": %llu", static_cast<unsigned long long>((*summary)->bytes));
  }

  Result<WriteSummary> WriteInput(const std::string& path) {
    WriteOptions options;
    options.version = version_;
    options.preset = preset_;
    options.single_file = path.ends_with(".lance");
    auto writer = lancekit::create(context_, path, options);
    if (!writer) return std::move(writer).status();
    BatchStream stream(input_);
    if (Status status = writer->write(stream.get()); !status.ok()) return status;
    return writer->commit();
  }

  // calibrate: the time of dependent multiplications, which is that of the core alone
  Reply Calibrate(const Words&) {
    std::uint64_t x = 1;
    const Timing timing = Time([&x] {
      for (int i = 0; i < kCalibrationSteps; ++i) x = x * 0xD1342543DE82EF95 + 1;
    });
    return Json(timing, x % 2);
  }

  // copy: memcpy of 256 MiB into memory used before
  Reply Copy(const Words&) {
    const std::vector<char> from(kCopyBytes, 1);
    std::vector<char> to(kCopyBytes);
    std::vector<Timing> timings;
    for (int i = 0; i < 5; ++i) timings.push_back(Time([&] { std::memcpy(to.data(), from.data(), kCopyBytes); }));
    return Json(Median(std::move(timings)), static_cast<std::uint64_t>(to[kCopyBytes / 2])) +
           Format(", \"bytes\": %llu", static_cast<unsigned long long>(kCopyBytes));
  }

  Context context_;
  std::string version_;
  std::string preset_;
  std::optional<Table> table_;
  std::vector<Batch> input_;
};

}  // namespace
}  // namespace lancekit::bench

int main(int argc, char** argv) {
  lancekit::bench::Driver driver(argc > 1 ? argv[1] : lancekit::WriteOptions().version);
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto reply = driver.Run(lancekit::bench::Split(line, '\t'));
    if (reply) {
      std::cout << "{" << *reply << "}" << std::endl;
    } else {
      std::cout << "{\"error\": " << lancekit::bench::Quoted(reply.error().describe()) << "}" << std::endl;
    }
  }
  return 0;
}
