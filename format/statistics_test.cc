#include "format/statistics.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <random>

#include "base/hash.h"

namespace lancekit::format {
namespace {

Zone MakeZone(std::uint64_t rows, std::optional<Scalar> min, std::optional<Scalar> max, std::uint64_t nulls = 0) {
  Zone zone;
  zone.num_rows = zone.num_values = rows;
  zone.num_nulls = nulls;
  zone.min_is_exact = min.has_value();
  zone.max_is_exact = max.has_value();
  zone.min = std::move(min);
  zone.max = std::move(max);
  return zone;
}

ColumnStatistics Column(Domain domain, std::uint8_t width, std::vector<Zone> zones) {
  ColumnStatistics column;
  column.domain = domain;
  column.width = width;
  Zone page;
  for (const Zone& zone : zones) page.Append(zone);
  column.pages = {page};
  column.zones_per_page = {static_cast<std::uint32_t>(zones.size())};
  column.zones = std::move(zones);
  column.buffer_hashes = {11, 22};
  column.metadata_hash = 33;
  if (domain == Domain::kNone) column.blob_runs = {{5, 44}, {4, 55}};
  return column;
}

/// A Bloom filter of one block for the page.
ColumnStatistics WithBloom(ColumnStatistics column, const Scalar& value) {
  const std::vector<std::uint64_t> hashes{BloomHash(value)};
  column.blooms = MakeBloomFilter(hashes, 10);
  column.bloom_ends = {1};
  return column;
}

std::vector<ColumnStatistics> AllDomains() {
  using Limits = std::numeric_limits<std::int64_t>;
  const double inf = std::numeric_limits<double>::infinity();
  Zone some_nans = MakeZone(100, -inf, 0.5, 3);
  some_nans.num_nans = 7;
  Zone texts;
  texts.num_rows = texts.num_values = 5;
  texts.SetTexts("", std::string(70, 'z'));
  Zone high;
  high.num_rows = high.num_values = 5;
  high.SetTexts(std::string("a\0b", 3), std::string(65, '\xFF'));
  Zone in_lists = MakeZone(10, std::uint64_t{0}, std::uint64_t{1});
  in_lists.num_values = 25;
  return {
      Column(Domain::kSigned, 1,
             {MakeZone(8192, std::int64_t{-128}, std::int64_t{127}), MakeZone(5, std::nullopt, std::nullopt, 5)}),
      WithBloom(Column(Domain::kSigned, 8, {MakeZone(3, Limits::min(), Limits::max())}), Limits::max()),
      Column(Domain::kUnsigned, 8, {MakeZone(3, std::uint64_t{0}, ~std::uint64_t{0}, 1)}),
      Column(Domain::kUnsigned, 1, {in_lists}),
      Column(Domain::kFloating, 4, {MakeZone(3, -0.0, 1.5)}),
      Column(Domain::kFloating, 8, {some_nans}),
      Column(Domain::kDecimal, 16, {MakeZone(3, Int256::From(-1), Int256::From(1))}),
      Column(Domain::kDecimal, 32, {MakeZone(3, Int256{{1, 2, 3, ~std::uint64_t{0}}}, Int256{{4, 5, 6, 7}})}),
      WithBloom(Column(Domain::kBytes, 0, {texts, high, MakeZone(4, std::nullopt, std::nullopt, 4)}), std::string("a")),
      Column(Domain::kNone, 0, {MakeZone(9, std::nullopt, std::nullopt, 2)}),
  };
}

void ExpectEqual(const Zone& a, const Zone& b) {
  EXPECT_EQ(a.num_rows, b.num_rows);
  EXPECT_EQ(a.num_values, b.num_values);
  EXPECT_EQ(a.num_nulls, b.num_nulls);
  EXPECT_EQ(a.num_nans, b.num_nans);
  EXPECT_EQ(a.min, b.min);
  EXPECT_EQ(a.max, b.max);
  EXPECT_EQ(a.min.has_value() && a.min_is_exact, b.min.has_value() && b.min_is_exact);
  EXPECT_EQ(a.max.has_value() && a.max_is_exact, b.max.has_value() && b.max_is_exact);
}

Buffer Sealed(const std::vector<ColumnStatistics>& columns) {
  MutableBuffer message = SerializeStatistics(columns, {44});
  SealStatistics({55, 66, 77}, {message.data(), message.size()});
  return std::move(message).Freeze();
}

TEST(Hash, OfPartsIsThatOfTheWhole) {
  std::vector<std::byte> bytes(3000);
  std::mt19937 random(5);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  Hasher hasher;
  for (const std::size_t size : {std::size_t{0}, std::size_t{17}, std::size_t{240}, std::size_t{3000}}) {
    const Bytes all(bytes.data(), size);
    for (std::size_t at = 0; at < size; at += 700) hasher.Add(all.subspan(at, std::min<std::size_t>(700, size - at)));
    EXPECT_EQ(hasher.Finish(), HashBytes(all)) << size;
  }
}

TEST(Statistics, ComeBackAsTheyWere) {
  const std::vector<ColumnStatistics> columns = AllDomains();
  const Buffer message = Sealed(columns);
  ASSERT_TRUE(Statistics::Matches(message.bytes()));
  const auto statistics = Statistics::Parse(message);
  ASSERT_TRUE(statistics) << statistics.error().message;
  ASSERT_EQ(statistics->num_columns(), columns.size());
  EXPECT_EQ(statistics->GlobalBufferHashes(), std::vector<std::uint64_t>{44});
  EXPECT_EQ(statistics->tail_hashes().column_table, 55u);
  EXPECT_EQ(statistics->tail_hashes().global_buffer_table, 66u);
  EXPECT_EQ(statistics->tail_hashes().tail, 77u);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(statistics->domain(i), columns[i].domain);
    ASSERT_EQ(statistics->BufferHashes(i).size(), 16u);
    EXPECT_EQ(LoadLe<std::uint64_t>(statistics->BufferHashes(i).data() + 8), 22u);
    EXPECT_EQ(statistics->MetadataHash(i), 33u);
    const std::vector<BlobRun> runs = statistics->BlobRuns(i);
    ASSERT_EQ(runs.size(), columns[i].blob_runs.size());
    if (!runs.empty()) {
      EXPECT_EQ(runs[1].num_rows + runs[1].hash, 59u);
    }
    ASSERT_EQ(statistics->Pages(i).size(), 1u);
    EXPECT_EQ(statistics->BloomBytes(i), columns[i].blooms.size());
    EXPECT_EQ(statistics->Bloom(i, 0).empty(), columns[i].blooms.empty());
    EXPECT_EQ(statistics->ZonesInPage(i, 0), columns[i].zones.size());
    ExpectEqual(statistics->Pages(i)[0], columns[i].pages[0]);
    const ZoneList zones = statistics->Zones(i);
    ASSERT_EQ(zones.size(), columns[i].zones.size());
    for (std::size_t j = 0; j < zones.size(); ++j) ExpectEqual(zones[j], columns[i].zones[j]);
  }
}

TEST(Statistics, BloomFiltersAreWholeBlocksOfTheirPages) {
  const auto parse = [](std::vector<std::uint32_t> ends, std::size_t bytes) {
    ColumnStatistics column = Column(Domain::kBytes, 0, {MakeZone(4, std::nullopt, std::nullopt, 4)});
    column.pages.assign(3, column.pages[0]);
    column.zones.assign(3, column.zones[0]);
    column.zones_per_page = {1, 1, 1};
    column.bloom_ends = std::move(ends);
    column.blooms.resize(bytes);
    return Statistics::Parse(Sealed({column}));
  };
  const auto statistics = parse({2, 2, 3}, 96);
  ASSERT_TRUE(statistics) << statistics.error().message;
  EXPECT_EQ(statistics->BloomBytes(0), 96u);
  EXPECT_FALSE(statistics->Bloom(0, 0).empty());
  EXPECT_TRUE(statistics->Bloom(0, 1).empty());
  EXPECT_FALSE(statistics->Bloom(0, 2).MayContain(std::string("a")));
  EXPECT_TRUE(statistics->Bloom(0, 1).MayContain(std::string("a")));
  EXPECT_FALSE(parse({2, 2, 3}, 95));
  EXPECT_FALSE(parse({2, 2, 3}, 128));
  EXPECT_FALSE(parse({2, 1, 3}, 96));
  EXPECT_FALSE(parse({2, 3}, 96));
  EXPECT_FALSE(parse({1, 2, 3, 4}, 128));
  constexpr std::uint32_t kMaxBlocks = kMaxBloomBytes / kBloomBlockBytes;
  EXPECT_TRUE(parse({0, kMaxBlocks, kMaxBlocks}, kMaxBloomBytes));
  EXPECT_FALSE(parse({0, kMaxBlocks + 1, kMaxBlocks + 1}, kMaxBloomBytes + kBloomBlockBytes));
}

// Pages without any value have no buffers, and the builder does not align vectors without elements.
TEST(Statistics, ColumnsMayHaveNoBuffers) {
  for (std::size_t num_pages = 1; num_pages < 8; ++num_pages) {
    ColumnStatistics nulls = Column(Domain::kBytes, 0, {MakeZone(4, std::nullopt, std::nullopt, 4)});
    nulls.pages.resize(num_pages, nulls.pages[0]);
    nulls.zones.resize(num_pages, nulls.zones[0]);
    nulls.zones_per_page.resize(num_pages, 1);
    nulls.buffer_hashes.clear();
    EXPECT_TRUE(Statistics::Parse(Sealed({nulls, nulls}))) << num_pages;
  }
}

TEST(Statistics, CutTextsStayBounds) {
  Zone zone;
  zone.SetTexts(std::string(64, 'a') + "x", std::string(63, 'b') + "\xFF\xFF");
  EXPECT_EQ(std::get<std::string>(*zone.min), std::string(64, 'a'));
  EXPECT_FALSE(zone.min_is_exact);
  EXPECT_EQ(std::get<std::string>(*zone.max), std::string(62, 'b') + "c");
  EXPECT_FALSE(zone.max_is_exact);
  zone.SetTexts("a", std::string(100, '\xFF'));
  EXPECT_FALSE(zone.max.has_value());
  EXPECT_TRUE(zone.min_is_exact);
}

TEST(Statistics, AppendedZonesKeepWhatIsUnknown) {
  Zone known = MakeZone(1, std::string("k"), std::string("m")), unknown = MakeZone(1, std::string("a"), std::nullopt);
  Zone all = MakeZone(2, std::nullopt, std::nullopt, 2);
  all.Append(known);
  EXPECT_EQ(all.max, known.max);
  all.Append(unknown);
  EXPECT_EQ(all.min, unknown.min);
  EXPECT_FALSE(all.max.has_value());
  all.Append(known);
  EXPECT_FALSE(all.max.has_value()) << "once unknown, always unknown";
  EXPECT_EQ(all.num_values, 5u);
  EXPECT_EQ(all.num_nulls, 2u);
}

TEST(Statistics, EveryChangedByteIsFound) {
  const Buffer message = Sealed(AllDomains());
  for (std::size_t i = 0; i < message.size(); ++i) {
    MutableBuffer changed;
    changed.Append(message.bytes());
    changed.data()[i] ^= std::byte{0x10};
    EXPECT_FALSE(Statistics::Parse(std::move(changed).Freeze())) << "byte " << i;
  }
  for (std::size_t size = 0; size < message.size(); ++size) {
    MutableBuffer cut;
    cut.Append(message.bytes().first(size));
    EXPECT_FALSE(Statistics::Parse(std::move(cut).Freeze())) << size << " bytes";
  }
}

// Somebody who sets the hash anew gets no further than wrong values: every vector is read as far as it goes.
TEST(Statistics, LyingWritersStayWithinTheirBuffer) {
  const Buffer message = Sealed(AllDomains());
  constexpr std::size_t kRootBytes = 128;
  std::mt19937 random(3);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    MutableBuffer changed;
    changed.Append(message.bytes());
    for (unsigned i = random() % 4; i < 4; ++i) changed.data()[random() % changed.size()] = static_cast<std::byte>(random());
    // Sealing trusts the place of the root table and of its fields, so only what lies behind them is changed.
    std::memcpy(changed.data(), message.data(), kRootBytes);
    SealStatistics({55, 66, 77}, {changed.data(), changed.size()});
    const auto statistics = Statistics::Parse(std::move(changed).Freeze());
    if (!statistics) continue;

    ++accepted;
    for (std::uint64_t column = 0; column < statistics->num_columns(); ++column) {
      for (const ZoneList& zones : {statistics->Pages(column), statistics->Zones(column)}) {
        for (std::uint64_t i = 0; i < zones.size(); ++i) static_cast<void>(zones[i]);
      }
      static_cast<void>(statistics->BlobRuns(column));
      for (std::uint64_t i = 0; i < statistics->Pages(column).size(); ++i) {
        const BloomFilter bloom = statistics->Bloom(column, i);
        for (std::uint64_t value = 0; value < 64; ++value) static_cast<void>(bloom.MayContain(value));
      }
    }
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace lancekit::format
