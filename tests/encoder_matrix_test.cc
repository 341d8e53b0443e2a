// Every encoder, alone and inside others, forced onto pages of every type it is for, at several lengths and rates of nulls: what
// is written is read back whole, in ranges and row by row. Prints the matrix.
#include <gtest/gtest.h>

#include <cstdio>
#include <limits>
#include <random>

#include "structural/page_testing.h"

namespace lancekit {
namespace {

using format::FileVersion;
using testing::OwnedValues;

constexpr std::uint64_t kLengths[] = {1, 2, 17, 1000, 1023, 1024, 1025, 5000, testing::kSanitized ? 20'000 : 100'000};
constexpr std::uint64_t kNullTenths[] = {0, 1, 9, 10};
constexpr std::uint64_t kLongestWild = 5000;
constexpr std::uint64_t kChunkBytes = 8192;

/// Tame values are those that most encodings are for: numbers near each other, prices, words. Wild ones are any bits and texts.
enum class Data : std::uint8_t { kTame, kWild };

struct Column {
  const char* name;
  DataType type;
  bool floating_point = false;
};

std::vector<Column> Columns() {
  DataType list{.id = TypeId::kFixedSizeList, .size = 3};
  list.children.push_back({.name = "item", .type = {.id = TypeId::kInt32}});
  return {{"bool", {.id = TypeId::kBool}},
          {"8", {.id = TypeId::kUInt8}},
          {"16", {.id = TypeId::kInt16}},
          {"32", {.id = TypeId::kInt32}},
          {"64", {.id = TypeId::kUInt64}},
          {"128", {.id = TypeId::kDecimal128, .precision = 38}},
          {"256", {.id = TypeId::kDecimal256, .precision = 76}},
          {"float", {.id = TypeId::kFloat32}, true},
          {"double", {.id = TypeId::kFloat64}, true},
          {"string", {.id = TypeId::kString}},
          {"large", {.id = TypeId::kLargeString}},
          {"list", list}};
}

/// A page with its memory: values at nulls are like the others, as nothing promises otherwise.
class TestPage {
 public:
  TestPage(const Column& column, Data data, std::uint64_t rows, std::uint64_t null_tenths)
      : leaf_(*MakeLeafType(column.type)), random_(rows * 31 + null_tenths) {
    const std::uint64_t items = leaf_.shape.list_sizes.empty() ? rows : rows * leaf_.shape.list_sizes[0];
    if (leaf_.shape.variable()) {
      values_.emplace(Texts(rows, data), leaf_.shape.large_offsets);
    } else {
      values_.emplace(FixedShape(leaf_.shape.item_bits), Numbers(column, items, data).bytes());
    }
    page_.values = values_->View();
    page_.values.shape = leaf_.shape;
    page_.values.length = page_.num_rows = rows;
    validity_.resize(BitmapBytes(rows));
    for (std::uint64_t i = 0; i < rows; ++i) SetBitTo(validity_.data(), i, random_() % 10 >= null_tenths);
    if (null_tenths != 0) page_.validity = validity_.data();
    if (items != rows) page_.values.item_validity = {nullptr};
  }
  TestPage(const TestPage&) = delete;
  TestPage& operator=(const TestPage&) = delete;

  const LeafType& leaf() const { return leaf_; }
  const PageValues& page() const { return page_; }

 private:
  std::vector<std::string> Texts(std::uint64_t rows, Data data) {
    std::vector<std::string> texts(rows);
    for (std::uint64_t i = 0; i < rows; ++i) {
      if (data == Data::kTame) {
        texts[i] = fmt::format("https://example.org/{:04}/{}", i / 7 % 1000, random_() % 10);
      } else {
        for (std::uint64_t left = random_() % 20; left != 0; --left) texts[i] += static_cast<char>(random_());
      }
    }
    return texts;
  }
  MutableBuffer Numbers(const Column& column, std::uint64_t count, Data data) {
    MutableBuffer bytes;
    const std::uint64_t width = leaf_.shape.item_bits;
    for (std::uint64_t bit = 0; bit < count * width;) {
      std::uint64_t word = data == Data::kTame ? 200 + random_() % 13 : random_();
      if (width == 1) word = data == Data::kTame ? 0xFF00 : word;
      if (column.floating_point) {
        const double number = data == Data::kTame ? static_cast<double>(random_() % 10'000) / 100 : Wild();
        word = 0;
        width == 32 ? StoreLe(reinterpret_cast<std::byte*>(&word), static_cast<float>(number))
                    : StoreLe(reinterpret_cast<std::byte*>(&word), number);
      }
      const std::uint64_t take = std::min<std::uint64_t>(std::max<std::uint64_t>(width, 8), 64);
      bytes.Append({reinterpret_cast<const std::byte*>(&word), take / 8});
      // The upper words of tame decimals are zero.
      if (width > 64) bytes.AppendFill((width - 64) / 8, data == Data::kTame ? std::byte{0} : static_cast<std::byte>(word));
      bit += std::max(take, width);
    }
    return bytes;
  }
  double Wild() {
    constexpr double kSpecials[] = {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -0.0, 0};
    const std::uint64_t choice = random_() % 100;
    return choice < std::size(kSpecials) ? kSpecials[choice] : std::normal_distribution<double>(48.1, 2.5)(random_);
  }

  LeafType leaf_;
  std::mt19937_64 random_;
  std::optional<OwnedValues> values_;
  std::vector<std::byte> validity_;
  PageValues page_;
};

bool SameRow(const PageValues& a, std::uint64_t i, const PageValues& b, std::uint64_t j) {
  const bool valid = a.validity == nullptr || GetBit(a.validity, i);
  if (valid != (b.validity == nullptr || GetBit(b.validity, j))) return false;
  if (!valid) return true;
  const ValueShape& shape = a.values.shape;
  if (shape.fixed() && shape.width_bits % 8 == 0 && shape.list_sizes.empty()) {
    const std::size_t bytes = shape.width_bits / 8;
    return std::memcmp(a.values.values + i * bytes, b.values.values + j * bytes, bytes) == 0;
  }
  return testing::RowText(a, i) == testing::RowText(b, j);
}

/// "" when the reader gives these rows of the page.
std::string CheckRows(const PageReader& reader, const TestPage& test, std::span<const ValueRange> ranges) {
  PageScratch scratch;
  LeafSink sink(test.leaf(), CountRows(ranges));
  const Status status = ranges.size() == 1 ? reader.Read(ranges[0], &sink, &scratch) : reader.ReadRanges(ranges, &sink, &scratch);
  if (!status.ok()) return status.error().describe();
  const ArrayData array = std::move(sink).Finish();
  if (array.length != static_cast<std::int64_t>(CountRows(ranges))) return fmt::format("{} rows", array.length);
  const PageValues got = testing::ValuesOf(test.leaf(), array);
  std::uint64_t at = 0;
  for (const ValueRange& range : ranges) {
    for (std::uint64_t i = 0; i < range.count; ++i, ++at) {
      if (!SameRow(test.page(), range.first + i, got, at)) return fmt::format("row {} is different", range.first + i);
    }
  }
  return "";
}

std::string CheckPage(const EncodedPage& encoded, const TestPage& test) {
  const testing::MemoryPage memory(encoded);
  const auto reader = memory.Open(test.leaf());
  if (!reader) return reader.error().describe();
  const std::uint64_t n = test.page().num_rows;
  std::vector<std::vector<ValueRange>> reads{{{0, n}}, {{0, 1}}, {{n - 1, 1}}, {{n / 2, 1}}, {{n / 3, n - n / 3}}};
  reads.push_back(testing::SpreadRanges(n, 1, 97));
  reads.push_back(testing::SpreadRanges(n, 40, 1500));
  for (const std::vector<ValueRange>& ranges : reads) {
    if (std::string wrong = CheckRows(**reader, test, ranges); !wrong.empty()) return wrong;
  }
  const bool has_runs = (*reader)->RowsPerRun() != 0 && n <= kLongestWild;
  return has_runs ? testing::CheckRuns(**reader, test.leaf(), test.page(), reads.back()) : "";
}

using Encoder = std::unique_ptr<ChunkEncoder>;

Encoder Flat(const ValuesView& values) { return MakeFlatEncoder(values); }
Encoder Frame(const ValuesView& values) { return MakeFrameEncoder(values); }
Encoder Patched(const ValuesView& values) { return MakePatchedEncoder(values, Frame); }
Encoder Delta(const ValuesView& values) { return MakeDeltaEncoder(values, Frame); }
Encoder Bitpacked(const ValuesView& values) { return MakeInlineBitpackingEncoder(values); }
Encoder Rle(const ValuesView& values) { return MakeRleEncoder(values); }
template <format::CompressionScheme kScheme>
Encoder Compressed(const ValuesView& values) {
  constexpr format::BufferCompression kCompression{kScheme, {}};
  return MakeGeneralEncoder(values.shape.variable() ? MakeVariableEncoder(values) : MakeFlatEncoder(values), kCompression);
}
constexpr auto kZstd = &Compressed<format::CompressionScheme::kZstd>;
constexpr auto kLz4 = &Compressed<format::CompressionScheme::kLz4>;
constexpr auto kSnappy = &Compressed<format::CompressionScheme::kSnappy>;
Encoder Lengths(const ValuesView& values) { return MakeLengthsEncoder(values, kChunkBytes, Frame); }
Encoder RunsOfDeltas(const ValuesView& values) { return MakeRunsEncoder(values, Delta, Flat); }

/// What an encoder borrows besides the values.
struct Kept {
  std::unique_ptr<FsstStrings> fsst;
};

/// FSST around what `inner` makes of the codes, even where it does not pay. Null without a byte.
Encoder Fsst(const ValuesView& values, Kept* kept, const InnerEncoder& inner) {
  kept->fsst = testing::ForceFsst(values);
  return kept->fsst == nullptr ? nullptr : MakeFsstEncoder(*kept->fsst, inner(kept->fsst->values));
}

struct Row {
  const char* name;
  bool (*applies)(const ValueShape&, bool floating_point);
  Encoder (*make)(const ValuesView&, Kept*);
  FileVersion version = FileVersion::kX1;
};

bool IsNumber(const ValueShape& shape, std::uint64_t least, std::uint64_t most) {
  return shape.fixed() && shape.list_sizes.empty() && shape.width_bits >= least && shape.width_bits <= most;
}
bool Plain(const ValueShape& shape, bool) { return IsNumber(shape, 1, 256); }
bool To64(const ValueShape& shape, bool) { return IsNumber(shape, 8, 64); }
bool From16To128(const ValueShape& shape, bool floats) { return IsNumber(shape, 16, 128) && !floats; }
bool From8To128(const ValueShape& shape, bool floats) { return IsNumber(shape, 8, 128) && !floats; }
bool From32(const ValueShape& shape, bool) { return IsNumber(shape, 32, 64); }
bool Floats(const ValueShape&, bool floats) { return floats; }
bool Strings(const ValueShape& shape, bool) { return shape.variable(); }
bool Lists(const ValueShape& shape, bool) { return !shape.list_sizes.empty(); }
bool PlainOrStrings(const ValueShape& shape, bool floats) { return Plain(shape, floats) || Strings(shape, floats); }

constexpr Row kRows[] = {
    {"flat", Plain, [](const ValuesView& v, Kept*) { return Flat(v); }, FileVersion::k2_2},
    {"inline_bitpacking", To64, [](const ValuesView& v, Kept*) { return Bitpacked(v); }, FileVersion::k2_2},
    {"rle", To64, [](const ValuesView& v, Kept*) { return Rle(v); }, FileVersion::k2_2},
    {"byte_stream_split", From32, [](const ValuesView& v, Kept*) { return MakeByteStreamSplitEncoder(v); }, FileVersion::k2_2},
    {"fixed_size_list", Lists, [](const ValuesView& v, Kept*) { return MakeFixedSizeListEncoder(v); }, FileVersion::k2_2},
    {"variable", Strings, [](const ValuesView& v, Kept*) { return MakeVariableEncoder(v); }, FileVersion::k2_2},
    {"fsst > variable", Strings,
     [](const ValuesView& v, Kept* kept) {
       return Fsst(v, kept, [](const ValuesView& codes) { return MakeVariableEncoder(codes); });
     },
     FileVersion::k2_2},
    {"zstd", PlainOrStrings, [](const ValuesView& v, Kept*) { return kZstd(v); }, FileVersion::k2_2},
    {"lz4", PlainOrStrings, [](const ValuesView& v, Kept*) { return kLz4(v); }, FileVersion::k2_2},
    {"zstd > byte_stream_split", From32,
     [](const ValuesView& v, Kept*) {
       return MakeGeneralEncoder(MakeByteStreamSplitEncoder(v), {format::CompressionScheme::kZstd, {}});
     },
     FileVersion::k2_2},
    {"frame", To64, [](const ValuesView& v, Kept*) { return Frame(v); }},
    {"patched > frame", To64, [](const ValuesView& v, Kept*) { return Patched(v); }},
    {"patched > rle", To64, [](const ValuesView& v, Kept*) { return MakePatchedEncoder(v, Rle); }},
    {"delta > frame", To64, [](const ValuesView& v, Kept*) { return Delta(v); }},
    {"delta > zstd", To64, [](const ValuesView& v, Kept*) { return MakeDeltaEncoder(v, kZstd); }},
    {"scale > frame", To64, [](const ValuesView& v, Kept*) { return MakeScaleEncoder(v, Frame, 1); }},
    {"narrow > flat", From16To128, [](const ValuesView& v, Kept*) { return MakeNarrowEncoder(v, Flat); }},
    {"narrow > flat (bits)", From8To128, [](const ValuesView& v, Kept*) { return MakeNarrowEncoder(v, Flat, 1); }},
    {"narrow > zstd (bits)", From8To128, [](const ValuesView& v, Kept*) { return MakeNarrowEncoder(v, kZstd, 1); }},
    {"narrow > delta > frame", From16To128, [](const ValuesView& v, Kept*) { return MakeNarrowEncoder(v, Delta); }},
    {"delta > patched > frame", To64, [](const ValuesView& v, Kept*) { return MakeDeltaEncoder(v, Patched); }},
    {"narrow > patched > lz4", From16To128,
     [](const ValuesView& v, Kept*) {
       return MakeNarrowEncoder(v, [](const ValuesView& inner) { return MakePatchedEncoder(inner, kLz4); });
     }},
    {"alp > frame", Floats, [](const ValuesView& v, Kept*) { return MakeAlpEncoder(v, Frame); }},
    {"alp > delta > frame", Floats, [](const ValuesView& v, Kept*) { return MakeAlpEncoder(v, Delta); }},
    {"alp > narrow > zstd", Floats,
     [](const ValuesView& v, Kept*) {
       return MakeAlpEncoder(v, [](const ValuesView& inner) {
         auto narrow = MakeNarrowEncoder(inner, kZstd);
         return narrow != nullptr ? std::move(narrow) : kZstd(inner);
       });
     }},
    {"alp_rd", Floats, [](const ValuesView& v, Kept*) { return MakeAlpRdEncoder(v); }},
    {"lengths > flat", Strings, [](const ValuesView& v, Kept*) { return MakeLengthsEncoder(v, kChunkBytes, Flat); }},
    {"lengths > patched > frame", Strings,
     [](const ValuesView& v, Kept*) { return MakeLengthsEncoder(v, kChunkBytes, Patched); }},
    {"zstd > lengths > frame", Strings,
     [](const ValuesView& v, Kept*) {
       return MakeGeneralEncoder(MakeLengthsEncoder(v, 32 << 10, Frame), {format::CompressionScheme::kZstd, {}});
     }},
    {"snappy", PlainOrStrings, [](const ValuesView& v, Kept*) { return kSnappy(v); }},
    {"zstd with a dictionary", PlainOrStrings,
     [](const ValuesView& v, Kept*) { return MakeTrainedEncoder(v.shape.variable() ? Lengths(v) : Flat(v), v.length, {}); }},
    {"runs > flat, flat", To64, [](const ValuesView& v, Kept*) { return MakeRunsEncoder(v, Flat, Flat); }},
    {"runs > delta, runs", To64, [](const ValuesView& v, Kept*) { return MakeRunsEncoder(v, Delta, RunsOfDeltas); }},
    {"runs of step 1 > frame, frame", To64, [](const ValuesView& v, Kept*) { return MakeRunsEncoder(v, Frame, Frame, 1); }},
    {"front > variable, frame", Strings,
     [](const ValuesView& v, Kept*) {
       return MakeFrontEncoder(v, [](const ValuesView& suffixes) { return MakeVariableEncoder(suffixes); }, Frame);
     }},
    {"front > zstd > lengths, rle", Strings,
     [](const ValuesView& v, Kept*) {
       const InnerEncoder zstd = [](const ValuesView& suffixes) {
         return MakeGeneralEncoder(Lengths(suffixes), {format::CompressionScheme::kZstd, {}});
       };
       return MakeFrontEncoder(v, zstd, Rle);
     }},
    {"front > fsst > lengths, frame", Strings,
     [](const ValuesView& v, Kept* kept) {
       const InnerEncoder fsst = [&](const ValuesView& suffixes) {
         auto encoder = Fsst(suffixes, kept, Lengths);
         return encoder != nullptr ? std::move(encoder) : Lengths(suffixes);
       };
       return MakeFrontEncoder(v, fsst, Frame);
     }},
    {"fsst > lengths > frame", Strings, [](const ValuesView& v, Kept* kept) { return Fsst(v, kept, Lengths); }},
};

/// Encodes and reads one page. The result: what went wrong; nothing when the encoder declines the values.
std::optional<std::string> Try(const Row& row, const TestPage& test) {
  Kept kept;
  const Encoder encoder = row.make(test.page().values, &kept);
  if (encoder == nullptr) return std::nullopt;
  const auto encoded = WriteMiniBlockPage(test.page(), *encoder, std::nullopt, row.version);
  return encoded ? CheckPage(*encoded, test) : encoded.error().describe();
}

/// All pages of a column by one encoder: "ok", or what went wrong first. An encoder may decline either kind of data, but not
/// both.
std::string TryAll(const Row& row, const Column& column) {
  for (const std::uint64_t rows : kLengths) {
    for (const std::uint64_t null_tenths : kNullTenths) {
      bool tried = false;
      for (const Data data : {Data::kTame, Data::kWild}) {
        if (data == Data::kWild && rows > kLongestWild && tried) continue;
        const TestPage test(column, data, rows, null_tenths);
        const std::optional<std::string> wrong = Try(row, test);
        tried = tried || wrong.has_value();
        if (wrong.has_value() && !wrong->empty()) {
          return fmt::format("{} rows, {} tenths null, {} data: {}", rows, null_tenths, data == Data::kTame ? "tame" : "wild",
                             *wrong);
        }
      }
      if (!tried) return fmt::format("{} rows, {} tenths null: declined", rows, null_tenths);
    }
  }
  return "ok";
}

TEST(EncoderMatrix, EveryPageComesBack) {
  const std::vector<Column> columns = Columns();
  std::string table = fmt::format("{:31}", "");
  for (const Column& column : columns) table += fmt::format("{:>7}", column.name);
  for (const Row& row : kRows) {
    table += fmt::format("\n{:31}", row.name);
    for (const Column& column : columns) {
      if (!row.applies(MakeLeafType(column.type)->shape, column.floating_point)) {
        table += fmt::format("{:>7}", "-");
        continue;
      }
      const std::string result = TryAll(row, column);
      EXPECT_EQ(result, "ok") << row.name << ", " << column.name;
      table += fmt::format("{:>7}", result == "ok" ? "ok" : "WRONG");
    }
  }
  std::printf("%s\n", table.c_str());
}

}  // namespace
}  // namespace lancekit
