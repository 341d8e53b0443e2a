// What the main kernels, and scans, takes, opens and writes of a fixed table cost in instructions: run under callgrind by
// instructions.py, which compares with what was recorded. Exact where times are not. The last argument is a folder to write in;
// with
// --allocations before it the program tells instead how often they ask for memory, and of how many pages that is.
#include <valgrind/callgrind.h>

#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "encodings/definitions.h"
#include "encodings/kernels/arithmetic.h"
#include "encodings/kernels/bitpack.h"
#include "encodings/kernels/fsst.h"
#include "encodings/kernels/fsst_encoder.h"
#include "encodings/kernels/stats.h"
#include "lancekit/lancekit.hpp"
#include "types/array_testing.h"

namespace {

std::uint64_t num_allocations = 0;  // of all that malloc and its kin gave; what the pool of buffers has at hand is none

}  // namespace

// The C library's own, counted: operator new comes by here too.
#define COUNTED extern "C" __attribute__((visibility("default")))
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* __libc_calloc(std::size_t count, std::size_t size);
extern "C" void* __libc_realloc(void* memory, std::size_t size);
extern "C" void* __libc_memalign(std::size_t alignment, std::size_t size);
COUNTED void* malloc(std::size_t size) {
  ++num_allocations;
  return __libc_malloc(size);
}
COUNTED void* calloc(std::size_t count, std::size_t size) {
  ++num_allocations;
  return __libc_calloc(count, size);
}
COUNTED void* realloc(void* memory, std::size_t size) {
  ++num_allocations;
  return __libc_realloc(memory, size);
}
COUNTED void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++num_allocations;
  return __libc_memalign(alignment, size);
}

namespace lancekit {
namespace {

constexpr std::size_t kBlock = kernels::kBlockValues;
constexpr std::int64_t kRows = 60'000;

/// Keeps the compiler from leaving out what a scenario computes.
template <class T>
void Keep(const T* values) {
  __asm__ volatile("" : : "r"(values) : "memory");
}

/// Counts what the body does, under this name; nothing outside callgrind.
template <class Body>
void Count(const char* name, Body body) {
  CALLGRIND_ZERO_STATS;
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_TOGGLE_COLLECT;
  body();
  CALLGRIND_TOGGLE_COLLECT;
  CALLGRIND_STOP_INSTRUMENTATION;
  CALLGRIND_DUMP_STATS_AT(name);
}

template <class T>
void CountUnpacking(const char* name, int width) {
  std::mt19937_64 random(1);
  std::vector<T> values(kBlock), out(kBlock);
  for (T& value : values) value = static_cast<T>(random() >> (64 - width));
  std::vector<std::byte> packed(kernels::PackedBlockSize(width) + 64);
  kernels::PackBlock<T>(values.data(), width, packed.data());
  Count(name, [&] {
    for (int i = 0; i < 200; ++i) {
      kernels::UnpackBlock<T>(packed.data(), width, out.data());
      Keep(out.data());
    }
  });
}

std::string Sentence(std::mt19937* random) {
  static constexpr const char* kWords[] = {"furiously", "final", "deposits", "sleep", "quickly", "above", "pending", "accounts"};
  std::string text;
  for (auto words = 2 + (*random)() % 4; words != 0; --words) text += std::string(kWords[(*random)() % std::size(kWords)]) + ' ';
  return text;
}

void CountFsst() {
  std::mt19937 random(2);
  std::string text;
  std::vector<std::int32_t> offsets{0};
  for (int i = 0; i < 4000; ++i) {
    text += Sentence(&random);
    offsets.push_back(static_cast<std::int32_t>(text.size()));
  }
  const auto* const data = reinterpret_cast<const std::byte*>(text.data());
  const auto encoder = kernels::FsstEncoder::Train(data, offsets.data(), offsets.size() - 1);
  std::vector<std::byte> codes(kernels::FsstEncoder::Room(text.size()));
  std::vector<std::uint32_t> ends(offsets.size());
  Count("fsst_encode", [&] {
    encoder.CompressRun(data, offsets.data(), offsets.size() - 1, codes.data(), std::uint32_t{0}, ends.data() + 1);
    Keep(codes.data());
  });
  std::vector<std::byte> table(kernels::kFsstTableSize), out(kernels::FsstDecodeRoom(codes.size()));
  encoder.SerializeTable(table.data());
  kernels::FsstDecoder decoder;
  bool compressed = false;
  kernels::ParseFsstTable(table, &decoder, &compressed);
  std::vector<std::int32_t> out_ends(offsets.size());
  Count("fsst_decode", [&] {
    kernels::FsstDecodeRun<std::uint32_t, std::int32_t>(decoder, codes.data(), ends.data(), offsets.size() - 1, out.data(), 0,
                                                        out_ends.data());
    Keep(out.data());
  });
}

void CountBounds() {
  std::mt19937_64 random(3);
  std::vector<std::int64_t> values(100'000);
  for (auto& value : values) value = static_cast<std::int64_t>(random());
  std::int64_t least = 0, greatest = 0;
  Count("min_max_64", [&] {
    kernels::MinMax(values.data(), values.size(), &least, &greatest);
    Keep(&least);
  });
}

/// Columns of the kinds that tables have: a key, a small number, a decimal as double, a code of few values, text, and a number
/// with nulls.
struct FixedTable {
  Schema schema;
  std::unique_ptr<testing::HandArray> batch = std::make_unique<testing::HandArray>(kRows, 0, 0);

  FixedTable() {
    std::mt19937 random(4);
    std::vector<std::int64_t> keys, optional;
    std::vector<std::int32_t> small, code_ends{0}, text_ends{0};
    std::vector<double> prices;
    std::string codes, texts;
    std::vector<std::uint8_t> validity((kRows + 7) / 8);
    for (std::int64_t i = 0; i < kRows; ++i) {
      keys.push_back(i * 4 + static_cast<std::int64_t>(random() % 4));
      small.push_back(static_cast<std::int32_t>(random() % 50));
      prices.push_back(static_cast<double>(random() % 1'000'000) / 100);
      codes += "code" + std::to_string(random() % 20);
      code_ends.push_back(static_cast<std::int32_t>(codes.size()));
      texts += Sentence(&random);
      text_ends.push_back(static_cast<std::int32_t>(texts.size()));
      optional.push_back(static_cast<std::int64_t>(random() % 1000));
      if (random() % 10 != 0) validity[static_cast<std::size_t>(i / 8)] |= static_cast<std::uint8_t>(1 << i % 8);
    }
    batch->AddNullBuffer();
    const auto add = [&](const char* name, TypeId type, std::unique_ptr<testing::HandArray> array) {
      schema.fields.push_back(testing::MakeField(name, {.id = type}));
      batch->AddChild(std::move(array));
    };
    const auto numbers = [&](const auto& values) {
      auto array = std::make_unique<testing::HandArray>(kRows, 0, 0);
      array->AddNullBuffer().AddBuffer(values);
      return array;
    };
    const auto strings = [&](const std::vector<std::int32_t>& ends, const std::string& bytes) {
      auto array = std::make_unique<testing::HandArray>(kRows, 0, 0);
      array->AddNullBuffer().AddBuffer(ends).AddBytes(bytes.data(), bytes.size());
      return array;
    };
    add("key", TypeId::kInt64, numbers(keys));
    add("small", TypeId::kInt32, numbers(small));
    add("price", TypeId::kFloat64, numbers(prices));
    add("code", TypeId::kString, strings(code_ends, codes));
    add("text", TypeId::kString, strings(text_ends, texts));
    auto nullable = std::make_unique<testing::HandArray>(kRows);
    nullable->AddBuffer(validity).AddBuffer(optional);
    add("optional", TypeId::kInt64, std::move(nullable));
  }
};

bool Fail(const Error& error) {
  std::fprintf(stderr, "instructions: %s\n", error.describe().c_str());
  return false;
}

bool WriteTable(const Context& context, const std::string& path, const char* version, FixedTable* table,
                std::uint64_t page_bytes = WriteOptions().page_bytes) {
  testing::OwnedSchema c_schema(table->schema);
  auto writer = create(context, path, {.version = version, .single_file = true, .overwrite = true, .page_bytes = page_bytes});
  if (!writer) return Fail(writer.error());
  if (const Status status = writer->write(&table->batch->c(), &*c_schema); !status) return Fail(status.error());
  const auto summary = writer->commit();
  return summary ? true : Fail(summary.error());
}

bool ScanAll(Scan scan) {
  for (auto& batch : scan) {
    if (!batch) return Fail(batch.error());
  }
  return true;
}

bool CountTables(const std::string& folder) {
  const Context context({.threads = 1, .io_mode = IoMode::kMap});
  bool done = true;
  for (const char* version : {"2.2", "x1"}) {
    const std::string path = folder + "/" + version + ".lance", suffix = std::string("_") + version;
    FixedTable fixed;
    Count(("write" + suffix).c_str(), [&] { done = WriteTable(context, path, version, &fixed) && done; });
    const auto table = open(context, path);
    if (!table) return Fail(table.error());
    std::vector<std::int64_t> rows;
    std::mt19937 random(5);
    for (std::int64_t row = 0; row < kRows; row += 1 + static_cast<std::int64_t>(random() % 120)) rows.push_back(row);
    done = ScanAll(table->scan()) && done;  // pages are opened and hashes compared once
    Count(("scan" + suffix).c_str(), [&] { done = ScanAll(table->scan()) && done; });
    Count(("take" + suffix).c_str(), [&] { done = table->take({rows.data(), rows.size()}).has_value() && done; });
    Count(("take_one" + suffix).c_str(), [&] {
      for (std::size_t i = 0; i < 100; ++i) done = table->take({rows[i]}, {"key"}).has_value() && done;
    });
    Count(("filter" + suffix).c_str(),
          [&] { done = ScanAll(table->scan().where(*Filter::parse("small < 5 AND code = 'code7'"))) && done; });
    Count(("open" + suffix).c_str(), [&] { done = open(context, path).has_value() && done; });
  }
  return done;
}

std::uint64_t NumPages(const InspectedFile& file, const char* column) {
  std::uint64_t pages = 0;
  for (const InspectedColumn& each : file.columns) pages += column == nullptr || each.path == column ? each.pages.size() : 0;
  return pages;
}

/// Of a table of many small pages. What is read was read before, so that what is made once is there.
bool CountAllocations(const std::string& folder) {
  constexpr std::uint64_t kPageBytes = 32 << 10;
  const Context context({.threads = 1, .io_mode = IoMode::kMap});
  bool done = true;
  for (const char* version : {"2.2", "x1"}) {
    const std::string path = folder + "/" + version + "-pages.lance";
    const auto count = [&](const char* name, std::uint64_t num_pages, const auto& body) {
      std::uint64_t before = 0;
      for (int round = 0; round < 2; ++round) {
        before = num_allocations;
        done = body() && done;
      }
      std::printf("%s_%s %llu %llu\n", name, version, static_cast<unsigned long long>(num_allocations - before),
                  static_cast<unsigned long long>(num_pages));
    };
    FixedTable first, fixed;
    done = WriteTable(context, path, version, &first, kPageBytes) && done;
    const std::uint64_t before = num_allocations;
    done = WriteTable(context, path, version, &fixed, kPageBytes) && done;
    const std::uint64_t written = num_allocations - before;
    const auto file = inspect_file(context, path);
    const auto table = open(context, path);
    if (!file) return Fail(file.error());
    if (!table) return Fail(table.error());
    const std::uint64_t num_pages = NumPages(*file, nullptr);
    std::printf("write_%s %llu %llu\n", version, static_cast<unsigned long long>(written),
                static_cast<unsigned long long>(num_pages));
    std::vector<std::int64_t> rows;
    for (std::int64_t row = 0; row < kRows; row += 97) rows.push_back(row);
    count("scan", num_pages, [&] { return ScanAll(table->scan()); });
    count("scan_key", NumPages(*file, "key"), [&] { return ScanAll(table->scan().select({"key"})); });
    count("take", num_pages, [&] { return table->take({rows.data(), rows.size()}).has_value(); });
    count("take_one", 1, [&] { return table->take({rows[1]}, {"key"}).has_value(); });
    count("filter", num_pages, [&] { return ScanAll(table->scan().where(*Filter::parse("small < 5 AND code = 'code7'"))); });
  }
  return done;
}

}  // namespace
}  // namespace lancekit

int main(int argc, char** argv) {
  using namespace lancekit;
  if (argc == 3 && std::string(argv[1]) == "--allocations") return CountAllocations(argv[2]) ? 0 : 1;
  if (argc != 2) {
    std::fputs("usage: instructions [--allocations] FOLDER\n", stderr);
    return 2;
  }
  CountUnpacking<std::uint8_t>("unpack_8", 5);
  CountUnpacking<std::uint16_t>("unpack_16", 11);
  CountUnpacking<std::uint32_t>("unpack_32", 20);
  CountUnpacking<std::uint64_t>("unpack_64", 37);
  CountFsst();
  CountBounds();
  return CountTables(argv[1]) ? 0 : 1;
}
