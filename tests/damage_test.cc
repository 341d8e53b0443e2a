// Damage of many kinds, seeded, in files of the reference and of lancekit: no crash, no hang, no memory without bounds; and in
// what lancekit wrote, damage is found or the values are the same.
// LANCEKIT_DAMAGES=10000 is the long form; LANCEKIT_DAMAGE=N makes damage N alone.
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>

#include "tests/damage_testing.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;
using testing::MakeField;
using testing::Rows;
using Contents = std::vector<char>;

constexpr std::uint64_t kMostFileBytes = 200'000;
constexpr double kMostSeconds = 5;
constexpr long kMostMemoryKib = 4 << 20;

struct Sample {
  std::string name;
  Contents bytes;
  bool is_own = false;
  std::optional<Rows> rows;  // of own ones
};

Contents ReadContents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class ManyDamagesTest : public testing::DamageTest {
 protected:
  void WriteContents(const Contents& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  /// All values as text, or nothing where an error is told.
  std::optional<Rows> Read(Checksums checksums, bool as_text) const {
    const auto table = open(context_, path_, {.checksums = checksums});
    if (!table) return std::nullopt;
    Rows rows(table->schema().fields.size());
    Scan scan = table->scan();
    for (auto& batch : scan) {
      if (!batch) return std::nullopt;
      if (!as_text) continue;
      ArrowArray array{};
      ArrowSchema schema{};
      if (!batch->export_array(&array, &schema)) return std::nullopt;
      for (std::size_t c = 0; c < rows.size(); ++c) {
        const auto view = ImportArray(batch->schema().fields[c], *schema.children[c], *array.children[c]);
        for (std::int64_t i = 0; view && i < view->length; ++i) rows[c].push_back(testing::Render(*view, i));
      }
      array.release(&array);
      schema.release(&schema);
    }
    // Names and types count as values do.
    rows.emplace_back();
    for (const Field& field : table->schema().fields)
      rows.back().push_back(field.name + std::to_string(static_cast<int>(field.type.id)));
    return rows;
  }

  void Add(const fs::path& path, bool is_own) {
    if (fs::file_size(path) > kMostFileBytes) return;
    Sample sample{path.filename().string(), ReadContents(path), is_own, {}};
    if (is_own) {
      WriteContents(sample.bytes);
      sample.rows = Read(Checksums::kAlways, true);
      ASSERT_TRUE(sample.rows) << path;
    }
    samples_.push_back(std::move(sample));
  }
  /// Data files, sorted so that numbers mean the same everywhere.
  void AddFolder(const fs::path& folder, bool is_own, const std::string& start = "") {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      const bool is_seed = entry.path().parent_path().filename() == "open_file";
      if (entry.is_regular_file() && name.starts_with(start) && (is_seed || name.ends_with(".lance")))
        paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    for (const fs::path& path : paths) Add(path, is_own);
  }

  void WriteOwn() {
    const DataType pair{.id = TypeId::kStruct,
                        .children = {MakeField("a", {.id = TypeId::kInt32}), MakeField("b", {.id = TypeId::kString})}};
    Schema schema;
    schema.fields = {
        MakeField("id", {.id = TypeId::kInt64}, false),
        MakeField("text", {.id = TypeId::kString}),
        MakeField("real", {.id = TypeId::kFloat64}),
        MakeField("flag", {.id = TypeId::kBool}),
        MakeField("pairs", {.id = TypeId::kList, .children = {MakeField("item", pair)}}),
        MakeField("vector",
                  {.id = TypeId::kFixedSizeList, .size = 3, .children = {MakeField("item", {.id = TypeId::kFloat32}, false)}})};
    testing::OwnedSchema c_schema(schema);
    std::mt19937 random(4);
    for (const char* version : {"2.1", "2.2", "x1"}) {
      for (const std::uint64_t page_bytes : {512u, 16384u}) {
        const std::string path = (folder_ / fmt::format("own-{}-{}.lance", version, page_bytes)).string();
        auto writer = create(context_, path, {.version = version, .single_file = true, .page_bytes = page_bytes});
        ASSERT_TRUE(writer);
        const DataType rows{.id = TypeId::kStruct, .children = schema.fields};
        for (int i = 0; i < 3; ++i) {
          const testing::MadeArray batch = testing::MakeArray(rows, 80, {.offsets = false, .nulls = false}, &random);
          ASSERT_TRUE(writer->write(&batch.array->c(), &*c_schema));
        }
        ASSERT_TRUE(writer->commit());
        Add(path, true);
      }
    }
  }

  /// An own one every second time.
  const Sample& Choose(std::mt19937_64* random) const {
    const std::uint64_t number = (*random)();
    return samples_[number / 2 % (number % 2 == 0 ? num_own_ : samples_.size())];
  }

  struct Damage {
    std::string what;
    Contents bytes;
    const Sample* sample = nullptr;
    const Sample* other = nullptr;  // that it was spliced with
  };
  Damage Make(std::uint64_t number) const {
    std::mt19937_64 random(number);
    const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random() % std::max<std::size_t>(1, end)); };
    while (true) {
      Damage damage;
      damage.sample = &Choose(&random);
      Contents& bytes = damage.bytes = damage.sample->bytes;
      const std::size_t size = bytes.size();
      // Half of the places lie in the metadata at the end.
      const std::size_t tail = std::min<std::size_t>(size, 1200);
      const std::size_t at = below(2) == 0 ? below(size) : size - tail + below(tail);
      switch (below(5)) {
        case 0: {
          const std::size_t flips = 1 + below(3);
          for (std::size_t i = 0; i < flips; ++i) bytes[i == 0 ? at : below(size)] ^= static_cast<char>(1 << below(8));
          damage.what = "flips";
          break;
        }
        case 1:
          std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), std::min(size - at, std::size_t{1} << below(12)), '\0');
          damage.what = "zeros";
          break;
        case 2: {
          const std::uint64_t numbers[] = {~0ULL, ~0ULL >> 1, 1ULL << 63, 1ULL << 31, 0xFFFFFFFF, 0x7FFFFFFF,
                                           0,     1,          size,       size + 1,   size - 40};
          const std::uint64_t value = numbers[below(std::size(numbers))];
          const std::size_t width = std::size_t{1} << below(4), place = at / width * width;
          std::memcpy(bytes.data() + place, &value, std::min(width, size - place));
          damage.what = "integers";
          break;
        }
        case 3:
          bytes.resize(at);
          damage.what = "truncations";
          break;
        default: {
          damage.other = &Choose(&random);
          const Contents& other = damage.other->bytes;
          const std::size_t from = below(2) == 0 ? at : below(other.size());  // the same offset, or any
          bytes.resize(at);
          if (from < other.size()) bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
          damage.what = "splices";
        }
      }
      if (damage.bytes != damage.sample->bytes && (damage.other == nullptr || damage.bytes != damage.other->bytes)) return damage;
    }
  }

  /// "found", "same values" or "not judged"; anything else is wrong.
  std::string Judge(const Damage& damage) {
    WriteContents(damage.bytes);
    const bool is_own = damage.sample->is_own && (damage.other == nullptr || damage.other->is_own);
    static_cast<void>(Read(Checksums::kNever, false));
    std::optional<Rows> rows = Read(Checksums::kScans, is_own);
    bool found = !rows.has_value();
    const auto summary = verify(context_, path_, {VerifyLevel::kFull, {}, ""}, [&](const Finding& finding) {
      found = found || finding.severity == Severity::kDamage;
      return true;
    });
    found = found || !summary;
    if (found) return "found";
    if (!is_own) return "not judged";
    const bool is_same = *rows == *damage.sample->rows || (damage.other != nullptr && *rows == *damage.other->rows);
    return is_same ? "same values" : "silently wrong";
  }

  std::vector<Sample> samples_;  // own ones first
  std::size_t num_own_ = 0;
};

TEST_F(ManyDamagesTest, NothingBreaks) {
  WriteOwn();
  AddFolder("tests/data", true, "x1-");
  num_own_ = samples_.size();
  AddFolder("fuzz/corpus/open_file", false, "seed-");
  if (fs::exists("../shared/corpus")) {
    for (const char* part : {"lance-2.0", "lance-2.1", "lance-2.2", "random"})
      AddFolder(fs::path("../shared/corpus") / part, false);
  }
  ASSERT_GT(samples_.size(), 20u);
  const char* const count = std::getenv("LANCEKIT_DAMAGES");
  const char* const only = std::getenv("LANCEKIT_DAMAGE");
  const std::uint64_t first = only == nullptr ? 0 : std::strtoull(only, nullptr, 10);
  const std::uint64_t end = only != nullptr       ? first + 1
                            : count != nullptr    ? std::strtoull(count, nullptr, 10)
                            : testing::kSanitized ? 300
                                                  : 1000;
  std::map<std::string, std::map<std::string, int>> counts;
  double longest = 0;
  for (std::uint64_t number = first; number < end; ++number) {
    const Damage damage = Make(number);
    if (count != nullptr && number % 250 == 0) fmt::print(stderr, "damage {}\n", number);
    const auto start = std::chrono::steady_clock::now();
    const std::string verdict = Judge(damage);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    longest = std::max(longest, seconds);
    EXPECT_NE(verdict, "silently wrong") << "damage " << number << ": " << damage.what << " in " << damage.sample->name
                                         << (damage.other != nullptr ? " and " + damage.other->name : "");
    EXPECT_LT(seconds, kMostSeconds) << "damage " << number << ": " << damage.what << " in " << damage.sample->name;
    ++counts[damage.what][verdict];
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, kMostMemoryKib);
  for (const auto& [what, verdicts] : counts) {
    fmt::print("{:<12}", what);
    for (const auto& [verdict, times] : verdicts) fmt::print(" {} {},", times, verdict);
    fmt::print("\n");
  }
  fmt::print("{} samples, longest {:.2f} s, peak memory {} MiB\n", samples_.size(), longest, usage.ru_maxrss >> 10);
}

}  // namespace
}  // namespace lancekit
