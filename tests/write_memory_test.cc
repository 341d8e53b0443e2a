// What a writer takes of memory beside its input stays within the budget. Each measurement is a process of its own.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "lancekit/lancekit.hpp"
#include "types/array_testing.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = 1 << 20;

/// Bytes of a line of /proc/self/status.
std::uint64_t OwnMemory(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ':')) return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10) << 10;
  }
  return 0;
}

/// The peak is what is used now.
bool ForgetPeak() {
  std::ofstream file("/proc/self/clear_refs");
  file << '5';
  file.flush();
  return file.good();
}

/// A batch, and how often it is written.
struct Input {
  Schema schema;
  std::unique_ptr<testing::HandArray> batch;
  int times = 1;
  std::uint64_t rows_per_file = 0;  ///< of a dataset; 0: a single file
};

std::unique_ptr<testing::HandArray> MakeNumbers(std::int64_t rows, std::uint64_t below, std::mt19937_64* random) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(rows));
  for (std::int64_t& value : values) value = static_cast<std::int64_t>((*random)() % below);
  auto column = std::make_unique<testing::HandArray>(rows, 0, 0);
  column->AddNullBuffer().AddBuffer(values);
  return column;
}

std::unique_ptr<testing::HandArray> MakeTexts(std::int64_t rows, std::size_t bytes, std::mt19937_64* random) {
  std::vector<std::int32_t> offsets{0};
  std::vector<char> data;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < bytes; j += 8) {
      const std::uint64_t letters = (*random)() & 0x0F0F0F0F0F0F0F0F;
      for (std::size_t k = j; k < std::min(j + 8, bytes); ++k)
        data.push_back(static_cast<char>('a' + (letters >> 8 * (k - j) & 15)));
    }
    offsets.push_back(static_cast<std::int32_t>(data.size()));
  }
  auto column = std::make_unique<testing::HandArray>(rows, 0, 0);
  column->AddNullBuffer().AddBuffer(offsets).AddBuffer(data);
  return column;
}

/// Columns of random numbers, of few different ones, and of texts, in turn.
Input MakeInput(int num_columns, std::int64_t rows, std::size_t text_bytes, int times) {
  std::mt19937_64 random(6);
  Input input;
  input.times = times;
  input.batch = std::make_unique<testing::HandArray>(rows, 0, 0);
  input.batch->AddNullBuffer();
  for (int i = 0; i < num_columns; ++i) {
    const bool is_text = i % 3 == 2;
    input.schema.fields.push_back(
        testing::MakeField("c" + std::to_string(i), {.id = is_text ? TypeId::kString : TypeId::kInt64}, false));
    input.batch->AddChild(is_text ? MakeTexts(rows, text_bytes, &random) : MakeNumbers(rows, i % 3 == 0 ? ~0ULL : 100, &random));
  }
  return input;
}

/// What is left of each file's columns waits while the next one is filled.
Input MakeFiles(int num_columns, std::int64_t rows, std::uint64_t rows_per_file, int times) {
  Input input = MakeInput(num_columns, rows, 24, times);
  input.rows_per_file = rows_per_file;
  return input;
}

Input MakeLongTexts(std::int64_t rows, std::size_t bytes, int times) {
  std::mt19937_64 random(6);
  Input input;
  input.times = times;
  input.schema.fields = {testing::MakeField("text", {.id = TypeId::kString}, false)};
  input.batch = std::make_unique<testing::HandArray>(rows, 0, 0);
  input.batch->AddNullBuffer().AddChild(MakeTexts(rows, bytes, &random));
  return input;
}

/// By how much memory grows beyond the input while it is written; an error as a negative number.
std::int64_t GrowthOf(const Input& input, std::uint64_t budget, const std::string& version, const std::string& path) {
  testing::OwnedSchema schema(input.schema);
  ContextOptions context_options;
  context_options.threads = 3;
  context_options.memory_budget = budget;
  const Context context(context_options);
  WriteOptions options;
  options.version = version;
  options.single_file = input.rows_per_file == 0;
  if (!options.single_file) options.max_rows_per_file = input.rows_per_file;
  ::malloc_trim(0);  // or what the input left free would be used without being counted
  if (!ForgetPeak()) return -1;
  const std::uint64_t before = OwnMemory("VmRSS");
  auto writer = create(context, path, options);
  if (!writer) return -2;
  for (int i = 0; i < input.times; ++i) {
    ArrowArray batch = input.batch->c();
    batch.release = [](ArrowArray* array) { array->release = nullptr; };
    if (!writer->write(&batch, &*schema)) return -3;
  }
  if (!writer->commit()) return -4;
  return static_cast<std::int64_t>(OwnMemory("VmHWM")) - static_cast<std::int64_t>(before);
}

std::int64_t GrowthInProcess(const Input& input, std::uint64_t budget, const std::string& version) {
  const std::string path = fs::temp_directory_path() / ("lancekit_write_memory_test." + std::to_string(::getpid()) + ".lance");
  int ends[2];
  if (::pipe(ends) != 0) return -5;
  const pid_t child = ::fork();
  if (child == 0) {
    const std::int64_t growth = GrowthOf(input, budget, version, path);
    const bool told = ::write(ends[1], &growth, sizeof growth) == sizeof growth;
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  std::int64_t growth = -6;
  if (::read(ends[0], &growth, sizeof growth) != sizeof growth) growth = -7;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  fs::remove_all(path);
  return growth;
}

struct Case {
  const char* name;
  std::function<Input()> make;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class WriteMemoryTest : public ::testing::TestWithParam<Case> {};

TEST_P(WriteMemoryTest, StaysWithinTheBudget) {
  if (testing::kSanitized) GTEST_SKIP() << "a sanitizer takes memory of its own";
  const Input input = GetParam().make();
  for (const auto& [version, budget] : {std::pair("2.2", 64 * kMiB), std::pair("x1", 96 * kMiB)}) {
    const std::int64_t growth = GrowthInProcess(input, budget, version);
    ASSERT_GT(growth, 0) << version;
    EXPECT_LE(growth, static_cast<std::int64_t>(budget)) << version << ", of " << (budget >> 20) << " MiB";
    std::printf("%s, %s: %.1f MiB of %.0f\n", GetParam().name, version, static_cast<double>(growth) / kMiB,
                static_cast<double>(budget) / kMiB);
  }
}

// About 200 MiB each.
INSTANTIATE_TEST_SUITE_P(Inputs, WriteMemoryTest,
                         ::testing::Values(Case{"OneLargeBatch", [] { return MakeInput(6, 2'500'000, 24, 1); }},
                                           Case{"TinyBatches", [] { return MakeInput(6, 100, 24, 25'000); }},
                                           Case{"Files", [] { return MakeFiles(24, 5'000, 50'000, 125); }},
                                           Case{"Texts", [] { return MakeLongTexts(1'000, 4000, 52); }},
                                           Case{"LongTexts", [] { return MakeLongTexts(20, 1 << 20, 10); }}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace lancekit
