// What says that it is thread-safe, used by many threads at once: one table, one context, one dataset that grows. Each thread
// compares every value it gets with what the row must hold. For ThreadSanitizer (scripts/races.sh), and for order and loss
// without.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>

#include "lancekit/index.hpp"
#include "lancekit/lancekit.h"
#include "lancekit/lancekit.hpp"
#include "types/array_testing.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;
using testing::HandArray;

constexpr std::int64_t kDimensions = 8;

/// scripts/races.sh goes further.
std::int64_t Rounds() {
  const char* const text = std::getenv("LANCEKIT_ROUNDS");
  return text == nullptr ? 1 : std::strtoll(text, nullptr, 10);
}

// What row `id` holds. `text` has few distinct values, which makes a dictionary; every tenth score is null.
std::string TextOf(std::int64_t id) { return fmt::format("text {}", id % 100); }
double ScoreOf(std::int64_t id) { return static_cast<double>(id) * 0.5; }
bool HasScore(std::int64_t id) { return id % 10 != 3; }
float VectorOf(std::int64_t id, std::int64_t dimension) { return static_cast<float>((id * 31 + dimension * 17) % 101); }

Schema RowSchema() {
  using testing::MakeField;
  const Field item = MakeField("item", {.id = TypeId::kFloat32}, false);
  Schema schema;
  schema.fields = {MakeField("id", {.id = TypeId::kInt64}, false), MakeField("score", {.id = TypeId::kFloat64}),
                   MakeField("text", {.id = TypeId::kString}, false),
                   MakeField("vector", {.id = TypeId::kFixedSizeList, .size = kDimensions, .children = {item}}, false)};
  return schema;
}

std::unique_ptr<HandArray> MakeRows(std::int64_t first, std::int64_t count) {
  const auto size = static_cast<std::size_t>(count);
  std::vector<std::int64_t> ids;
  std::vector<std::uint8_t> valid((size + 7) / 8);
  std::vector<double> scores;
  std::vector<std::int32_t> offsets{0};
  std::string texts;
  std::vector<float> vectors;
  std::int64_t num_nulls = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::int64_t id = first + static_cast<std::int64_t>(i);
    ids.push_back(id);
    scores.push_back(HasScore(id) ? ScoreOf(id) : 0);
    if (HasScore(id)) valid[i / 8] = static_cast<std::uint8_t>(valid[i / 8] | 1u << i % 8);
    num_nulls += !HasScore(id);
    texts += TextOf(id);
    offsets.push_back(static_cast<std::int32_t>(texts.size()));
    for (std::int64_t d = 0; d < kDimensions; ++d) vectors.push_back(VectorOf(id, d));
  }
  const auto child = [&](std::int64_t nulls) { return std::make_unique<HandArray>(count, 0, nulls); };
  auto id_column = child(0), score_column = child(num_nulls), text_column = child(0), vector_column = child(0);
  id_column->AddNullBuffer().AddBuffer(ids);
  score_column->AddBuffer(valid).AddBuffer(scores);
  text_column->AddNullBuffer().AddBuffer(offsets).AddBytes(texts.data(), texts.size());
  auto items = std::make_unique<HandArray>(count * kDimensions, 0, 0);
  items->AddNullBuffer().AddBuffer(vectors);
  vector_column->AddNullBuffer().AddChild(std::move(items));
  auto rows = std::make_unique<HandArray>(count, 0, 0);
  rows->AddNullBuffer().AddChild(std::move(id_column)).AddChild(std::move(score_column)).AddChild(std::move(text_column));
  rows->AddChild(std::move(vector_column));
  return rows;
}

Status Write(const Context& context, const std::string& path, std::int64_t first, std::int64_t count,
             const WriteOptions& options) {
  const auto rows = MakeRows(first, count);
  testing::OwnedSchema schema(RowSchema());
  auto writer = create(context, path, options);
  if (!writer) return std::move(writer).status();
  if (Status status = writer->write(&rows->c(), &*schema); !status) return status;
  auto summary = writer->commit();
  return summary ? Status() : std::move(summary).status();
}

/// What is wrong with a batch of the columns id, score and text; "" when nothing is.
std::string Wrong(const Batch& batch) {
  const Span<const std::int64_t> ids = batch.values<std::int64_t>("id");
  const Span<const double> scores = batch.values<double>("score");
  if (ids.size() != static_cast<std::size_t>(batch.num_rows()) || scores.size() != ids.size()) return "columns are missing";
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (batch.valid("score", row) != HasScore(ids[i])) return fmt::format("null score, id {}", ids[i]);
    if (HasScore(ids[i]) && scores[i] != ScoreOf(ids[i])) return fmt::format("score of id {}", ids[i]);
    if (batch.text("text", row) != TextOf(ids[i])) return fmt::format("text of id {}", ids[i]);
  }
  return {};
}

const std::vector<std::string> kColumns = {"id", "score", "text"};

/// Runs body(0) ... body(count - 1) on threads of their own. The texts that they return are failures.
void OnThreads(int count, const std::function<std::string(int)>& body) {
  std::vector<std::string> failures(static_cast<std::size_t>(count));
  std::vector<std::thread> threads;
  for (int t = 0; t < count; ++t) threads.emplace_back([&, t] { failures[static_cast<std::size_t>(t)] = body(t); });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");
}

class ConcurrentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    for (char& c : name) c = c == '/' ? '-' : c;
    folder_ = fs::temp_directory_path() / fmt::format("lancekit-concurrent-test-{}-{}", ::getpid(), name);
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  fs::path folder_;
};

/// Writes of several fragments and pages, so that there is something to leave out.
WriteOptions ManyPages(const std::string& version) {
  WriteOptions options;
  options.version = version;
  options.max_rows_per_file = 7'000;
  options.page_bytes = 16 << 10;
  options.bloom = {{"id"}};
  return options;
}

struct Reading {
  IoMode mode;
  const char* version;
};

class ReadersTest : public ConcurrentTest, public ::testing::WithParamInterface<Reading> {};

constexpr std::int64_t kNumRows = 20'000;

std::string ScanAll(const Table& table, std::uint64_t batch_rows) {
  std::int64_t next = 0;
  Scan scan = table.scan().select(kColumns).batch_rows(batch_rows);
  for (auto& batch : scan) {
    if (!batch) return batch.error().describe();
    if (std::string wrong = Wrong(*batch); !wrong.empty()) return wrong;
    for (const std::int64_t id : batch->values<std::int64_t>("id")) {
      if (id != next++) return fmt::format("id {} in place of {}", id, next - 1);
    }
  }
  return next == kNumRows ? std::string() : fmt::format("{} rows", next);
}

std::string ScanSome(const Table& table, std::mt19937* random) {
  const std::int64_t first = (*random)() % kNumRows, end = first + (*random)() % 3'000;
  Scan scan = table.scan().select(kColumns).where(col("id") >= first && col("id") < end && col("text") == "text 7");
  std::int64_t wanted = 0, found = 0;
  for (std::int64_t id = first; id < std::min(end, kNumRows); ++id) wanted += id % 100 == 7;
  for (auto& batch : scan) {
    if (!batch) return batch.error().describe();
    if (std::string wrong = Wrong(*batch); !wrong.empty()) return wrong;
    found += batch->num_rows();
  }
  return found == wanted ? std::string() : fmt::format("ids {} to {}: {} rows, not {}", first, end, found, wanted);
}

std::string TakeSome(const Table& table, std::mt19937* random) {
  std::vector<std::int64_t> rows;
  for (int i = 0; i < 50; ++i) rows.push_back((*random)() % kNumRows);
  const auto batch = table.take({rows.data(), rows.size()}, kColumns);
  if (!batch) return batch.error().describe();
  const Span<const std::int64_t> ids = batch->values<std::int64_t>("id");
  if (!std::equal(ids.begin(), ids.end(), rows.begin(), rows.end())) return "take: other rows";
  return Wrong(*batch);
}

std::string Aggregates(const Table& table) {
  const auto batch =
      table.scan().aggregate({{Aggregate::Kind::kCount, ""}, {Aggregate::Kind::kSum, "id"}, {Aggregate::Kind::kMax, "score"}});
  if (!batch) return batch.error().describe();
  const auto count = batch->values<std::uint64_t>(batch->schema().fields[0].name);
  const auto sum = batch->values<std::int64_t>(batch->schema().fields[1].name);
  const auto max = batch->values<double>(batch->schema().fields[2].name);
  if (count.size() != 1 || sum.size() != 1 || max.size() != 1) return "aggregates are missing";
  const bool holds = count[0] == kNumRows && sum[0] == kNumRows * (kNumRows - 1) / 2 && max[0] == ScoreOf(kNumRows - 1);
  return holds ? "" : "aggregates are wrong";
}

TEST_P(ReadersTest, ShareATable) {
  // Little memory: what is read is thrown away and read again.
  const Context context(ContextOptions{.threads = 3, .memory_budget = 4 << 20, .io_mode = GetParam().mode});
  ASSERT_TRUE(Write(context, Path("t.lance"), 0, kNumRows, ManyPages(GetParam().version)));
  for (std::int64_t round = 0; round < Rounds(); ++round) {
    // Opened anew, as the first to want pages, statistics and hashes must agree on who loads them.
    const auto table = open(context, Path("t.lance"), {.checksums = Checksums::kAlways});
    ASSERT_TRUE(table) << table.error().describe();
    const Metrics before = context.metrics();
    OnThreads(6, [&](int t) -> std::string {
      std::mt19937 random(static_cast<unsigned>(round * 100 + t));
      const Table mine = *table;
      Context traced = context;
      if (t == 5 && !traced.start_trace()) return "no trace";
      std::string wrong = t % 2 == 0 ? ScanAll(mine, t == 0 ? 500 : 65'536) : std::string();
      for (int i = 0; i < 6 && wrong.empty(); ++i) wrong = i % 2 == 0 ? ScanSome(mine, &random) : TakeSome(mine, &random);
      if (wrong.empty()) wrong = Aggregates(mine);
      if (t == 5) {  // while the others go on
        const auto trace = traced.stop_trace();
        if (!trace) return trace.error().describe();
        if (wrong.empty() && trace->json.find("\"name\":\"aggregate\"") == std::string::npos)
          wrong = "the trace lacks the aggregate";
      }
      // Counters only grow, whoever reads them.
      if (wrong.empty() && context.metrics().reads < before.reads) wrong = "counters went back";
      return wrong;
    });
    EXPECT_EQ(context.metrics().rows_taken - before.rows_taken, 6u * 3 * 50);
  }
}

const Reading kReadings[] = {
    {IoMode::kMap, "2.2"}, {IoMode::kRead, "2.1"}, {IoMode::kUring, "2.2"}, {IoMode::kMap, "x1"}, {IoMode::kRead, "x1"}};

std::string NameOf(const ::testing::TestParamInfo<Reading>& reading) {
  const char* const modes[] = {"Default", "Map", "Read", "Uring"};
  const std::string version = reading.param.version;
  return fmt::format("{}{}", modes[static_cast<int>(reading.param.mode)], version == "x1" ? "X1" : "");
}

INSTANTIATE_TEST_SUITE_P(Modes, ReadersTest, ::testing::ValuesIn(kReadings), NameOf);

TEST_F(ConcurrentTest, WritersShareAContext) {
  const Context context(ContextOptions{.threads = 3});
  OnThreads(4, [&](int t) -> std::string {
    const std::string path = Path(fmt::format("{}.lance", t));
    WriteOptions options = ManyPages(t % 2 == 0 ? "2.2" : "x1");
    options.preset = t < 2 ? "small" : "";
    if (Status status = Write(context, path, 0, kNumRows, options); !status) return status.error().describe();
    const auto table = open(context, path);
    return table ? ScanAll(*table, 3'000) : table.error().describe();
  });
}

constexpr std::int64_t kAppended = 40;  // rows at a time

std::string AppendTimes(const std::string& path, std::int64_t first, std::int64_t times) {
  const Context context(ContextOptions{.threads = 1});
  for (std::int64_t i = 0; i < times; ++i) {
    const Status status = Write(context, path, first + i * kAppended, kAppended, {.append = true});
    if (!status) return status.error().describe();
  }
  return {};
}

// Two processes of two threads each append; two threads read what is there meanwhile.
TEST_F(ConcurrentTest, AppendsLoseNothing) {
  const std::string path = Path("t.lance");
  const std::int64_t times = 8 * Rounds();
  const auto append = [&](int writer) { return AppendTimes(path, (1 + writer * times) * kAppended, times); };
  {
    const Context context(ContextOptions{.threads = 1});
    ASSERT_TRUE(Write(context, path, 0, kAppended, {}));
  }
  const pid_t child = ::fork();  // before there are threads
  if (child == 0) {
    OnThreads(2, [&](int t) { return append(2 + t); });
    std::fflush(nullptr);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  ASSERT_GT(child, 0);
  std::atomic<int> writers_left{2};
  OnThreads(4, [&](int t) -> std::string {
    if (t < 2) {
      std::string wrong = append(t);
      --writers_left;
      return wrong;
    }
    const Context context(ContextOptions{.threads = 2});
    std::uint64_t rows = 0;
    while (writers_left > 0) {
      const auto table = open(context, path);
      if (!table) return table.error().describe();
      if (table->row_count() < rows || table->row_count() % kAppended != 0) return fmt::format("{} rows", table->row_count());
      rows = table->row_count();
      Scan scan = table->scan().select(kColumns);
      for (auto& batch : scan) {
        if (!batch) return batch.error().describe();
        if (std::string wrong = Wrong(*batch); !wrong.empty()) return wrong;
      }
    }
    return {};
  });
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);

  const Context context;
  const auto table = open(context, path);
  ASSERT_TRUE(table) << table.error().describe();
  const std::int64_t wanted = (1 + 4 * times) * kAppended;
  EXPECT_EQ(table->row_count(), static_cast<std::uint64_t>(wanted));
  std::vector<bool> seen(static_cast<std::size_t>(wanted));
  Scan scan = table->scan().select(kColumns);
  for (auto& batch : scan) {
    ASSERT_TRUE(batch) << batch.error().describe();
    ASSERT_EQ(Wrong(*batch), "");
    for (const std::int64_t id : batch->values<std::int64_t>("id")) {
      ASSERT_LT(id, wanted);
      ASSERT_FALSE(seen[static_cast<std::size_t>(id)]) << "id " << id << " twice";
      seen[static_cast<std::size_t>(id)] = true;
    }
  }
  EXPECT_TRUE(open(context, path, {.version = 1 + 4 * static_cast<std::uint64_t>(times)}));
}

TEST_F(ConcurrentTest, CancelEndsAllOfAContext) {
  {
    const Context context;
    ASSERT_TRUE(Write(context, Path("t.lance"), 0, kNumRows, ManyPages("2.2")));
  }
  for (std::int64_t round = 0; round < 3 * Rounds(); ++round) {
    Context context(ContextOptions{.threads = 3});
    const auto table = open(context, Path("t.lance"));
    ASSERT_TRUE(table) << table.error().describe();
    std::atomic<int> running{0};
    OnThreads(5, [&](int t) -> std::string {
      if (t == 0) {
        while (running < 4) std::this_thread::yield();
        context.cancel();
        return {};
      }
      for (std::int64_t times = 0;; ++times) {
        if (times == 1) ++running;
        Status status;
        if (t == 1) {
          status = Write(context, Path(fmt::format("{}.lance", round)), 0, 1'000, {.overwrite = true});
        } else if (t == 2) {
          const std::int64_t row = times % kNumRows;
          if (auto batch = table->take({&row, 1}); !batch) status = std::move(batch).status();
        } else {
          Scan scan = table->scan().batch_rows(300);
          for (auto& batch : scan) {
            if (!batch) status = std::move(batch).status();
          }
        }
        if (!status) return status.error().code == ErrorCode::kCancelled ? std::string() : status.error().describe();
      }
    });
  }
}

// Streams of one table, each drained by another thread than the one that made it.
TEST_F(ConcurrentTest, CStreams) {
  {
    const Context context;
    ASSERT_TRUE(Write(context, Path("t.lance"), 0, kNumRows, ManyPages("2.2")));
  }
  lancekit_context_options context_options = {sizeof context_options, 3, 0};
  lancekit_context* context = nullptr;
  lancekit_table* table = nullptr;
  ASSERT_EQ(lancekit_context_create(&context_options, &context, nullptr), LANCEKIT_OK);
  ASSERT_EQ(lancekit_open(context, Path("t.lance").c_str(), nullptr, &table, nullptr), LANCEKIT_OK);
  constexpr int kStreams = 6;
  ArrowArrayStream streams[kStreams];
  OnThreads(kStreams, [&](int t) -> std::string {
    const std::vector<std::int64_t> rows = {0, t, -1 - t};
    if (t % 2 == 0) {
      const auto code = lancekit_table_take(table, rows.data(), rows.size(), nullptr, 0, &streams[t], nullptr);
      return code == LANCEKIT_OK ? "" : "take failed";
    }
    lancekit_scan_options options = {};
    options.struct_size = sizeof options;
    options.batch_rows = 900;
    options.where = t == 1 ? "no_such_column > 1" : "id >= 10000";
    lancekit_error* error = nullptr;
    const auto code = lancekit_table_scan(table, &options, &streams[t], &error);
    lancekit_error_free(error);
    // A filter that fits no column may be told now or by the stream.
    if (code != LANCEKIT_OK) streams[t].release = nullptr;
    return code == LANCEKIT_OK || t == 1 ? "" : "scan failed";
  });
  // The table and the context live on in the streams.
  lancekit_table_free(table);
  lancekit_context_free(context);
  OnThreads(kStreams, [&](int t) -> std::string {
    ArrowArrayStream& stream = streams[(t + 1) % kStreams];
    const int from = (t + 1) % kStreams;
    if (stream.release == nullptr) return from == 1 ? "" : "no stream";
    std::int64_t rows = 0;
    int code = 0;
    while (true) {
      ArrowArray batch{};
      code = stream.get_next(&stream, &batch);
      if (code != 0 || batch.release == nullptr) break;
      rows += batch.length;
      batch.release(&batch);
    }
    const bool has_error = lancekit_stream_error(&stream) != nullptr;
    stream.release(&stream);
    if (from == 1) return code != 0 && has_error ? "" : "no error";
    return code == 0 && rows == (from % 2 == 0 ? 3 : kNumRows - 10'000) ? "" : fmt::format("stream {}: {} rows", from, rows);
  });
}

TEST_F(ConcurrentTest, SearchesOfAnIndex) {
  const Context context(ContextOptions{.threads = 3});
  const std::int64_t num_rows = testing::kSanitized ? 1'000 : 3'000;
  const std::string path = Path("t.lance");
  ASSERT_TRUE(Write(context, path, 0, num_rows, ManyPages("2.2")));
  const std::string sidecar = VectorIndex::default_sidecar(path, "vector");
  // By several threads at once, with counts that they share.
  std::uint64_t last_done = 0;
  BuildOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t) { last_done = std::max(last_done, done); };
  const Status built = VectorIndex::build(context, path, "vector", sidecar, options);
  ASSERT_TRUE(built) << built.error().describe();
  const auto index = VectorIndex::open(context, path);
  ASSERT_TRUE(index) << index.error().describe();
  const auto search = [&](std::int64_t id, const VectorQuery& query) {
    std::vector<float> vector;
    for (std::int64_t d = 0; d < kDimensions; ++d) vector.push_back(VectorOf(id, d));
    return index->search({vector.data(), vector.size()}, query);
  };
  // Alone, to compare with.
  std::vector<std::vector<VectorHit>> expected;
  for (std::int64_t id = 0; id < 50; ++id) {
    const auto hits = search(id, {});
    ASSERT_TRUE(hits) << hits.error().describe();
    ASSERT_FALSE(hits->empty());
    EXPECT_EQ(hits->front().distance, 0.0f);
    expected.push_back(*hits);
  }
  OnThreads(6, [&](int t) -> std::string {
    const std::int64_t end = num_rows / 2;
    const auto rows = index->rows_where(col("id") < end);
    if (!rows) return rows.error().describe();
    if (rows->size() != static_cast<std::uint64_t>(end)) return "rows of the filter";
    for (std::int64_t round = 0; round < Rounds(); ++round) {
      for (std::int64_t id = 0; id < 50; ++id) {
        VectorQuery query;
        if (t >= 3) query.rows = &*rows;
        query.exact = t == 2;
        const auto hits = search(id, query);
        if (!hits) return hits.error().describe();
        if (hits->empty() || hits->front().distance != 0.0f) return fmt::format("the vector of {} itself is not found", id);
        const auto& wanted = expected[static_cast<std::size_t>(id)];
        const auto same = [](const VectorHit& a, const VectorHit& b) { return a.row == b.row && a.distance == b.distance; };
        if (t < 2 && !std::equal(hits->begin(), hits->end(), wanted.begin(), wanted.end(), same)) return "other hits than alone";
        for (const VectorHit& hit : *hits) {
          if (t >= 3 && hit.row >= static_cast<std::uint64_t>(end)) return "a row that the filter leaves out";
        }
      }
    }
    if (t == 0) {
      if (auto stats = index->stats(); !stats) return stats.error().describe();
      if (Status status = index->verify(); !status) return status.error().describe();
    }
    return {};
  });
}

}  // namespace
}  // namespace lancekit
