#include "index/sidecar.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "base/endian.h"
#include "base/hash.h"

namespace lancekit::index {
namespace {

/// A graph of 100 nodes in three layers, without a thought of distances.
struct Content {
  Content() {
    facts.column = "vec";
    facts.dimensions = 5;
    facts.num_nodes = 100;
    facts.m = 4;
    facts.ef_construction = 20;
    facts.files = {{0, 60, "a.lance", 17}, {3, 90, "b.lance", 18}};
    facts.quantizer = {Metric::kL2, 0.5f, {1, 2, 3, 4, 5}};
    std::mt19937 random(1);
    for (std::uint32_t node = 0; node < 100; ++node) {
      rows.push_back(node + node / 2);
      levels.push_back(node % 10 == 0 ? (node % 50 == 0 ? 2 : 1) : 0);
      for (std::uint32_t layer = 0; layer < 3; ++layer) lists[layer].emplace_back();
      for (std::uint32_t i = 0; i < node % 9; ++i) lists[0][node].push_back(static_cast<std::uint32_t>(random() % 100));
      for (std::uint32_t i = 0; i < 3; ++i) lists[1][node].push_back(static_cast<std::uint32_t>(random() % 10 * 10));
      lists[2][node] = {0, 50};
    }
    facts.has_codes = true;
    facts.by_halves = true;
    codes.resize(CodeRows::Bytes(5, 100));
    facts.has_bits = true;
    facts.bit_center = {5, 4, 3, 2, 1};
    bits.resize(100 * BitRows::RowBytes(5));
    for (auto* const bytes : {&codes, &bits}) {
      for (std::byte& code : *bytes) code = static_cast<std::byte>(random());
    }
    deleted.resize(13);
    deleted[1] = std::byte{4};
  }
  Status Write(const std::string& path) const {
    SidecarContent content;
    content.facts = &facts;
    content.entry = 50;
    content.top = 2;
    content.level_of = [&](std::uint32_t node) { return levels[node]; };
    content.neighbours = [&](std::uint32_t node, std::uint32_t layer) {
      return std::span<const std::uint32_t>(lists[layer][node]);
    };
    content.rows = rows;
    content.codes = codes;
    content.bits = bits;
    content.deleted = deleted;
    return WriteSidecar(path, content);
  }
  IndexFacts facts;
  std::vector<std::uint32_t> rows;
  std::vector<std::uint32_t> levels;
  std::vector<std::vector<std::uint32_t>> lists[3];
  std::vector<std::byte> codes, bits, deleted;
};

class SidecarTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("sidecar_test_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "x.hnsw").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::vector<char> ReadAll() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void WriteAll(const std::vector<char>& bytes) const {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  std::filesystem::path folder_;
  std::string path_;
  Context context_{ContextOptions{.io_mode = IoMode::kRead}};
};

TEST_F(SidecarTest, RoundTrip) {
  const Content content;
  ASSERT_TRUE(content.Write(path_).ok());
  const auto opened = Sidecar::Open(context_.impl(), path_);
  ASSERT_TRUE(opened.has_value()) << opened.error().describe();
  const Sidecar& sidecar = **opened;
  EXPECT_EQ(sidecar.facts().column, "vec");
  EXPECT_EQ(sidecar.facts().num_rows(), 150u);
  EXPECT_EQ(sidecar.facts().files[1].name, "b.lance");
  EXPECT_EQ(sidecar.facts().quantizer.center, content.facts.quantizer.center);
  EXPECT_EQ(sidecar.entry(), 50u);
  ASSERT_EQ(sidecar.upper().size(), 2u);
  EXPECT_EQ(sidecar.upper()[0].nodes.size(), 10u);
  EXPECT_EQ(sidecar.upper()[1].nodes.size(), 2u);
  std::uint32_t ids[kMaxDegree];
  for (std::uint32_t node = 0; node < 100; ++node) {
    const std::size_t count = sidecar.lowest().Get(node, ids);
    EXPECT_EQ(std::vector<std::uint32_t>(ids, ids + count), content.lists[0][node]);
    EXPECT_EQ(sidecar.RowOf(node), content.rows[node]);
    EXPECT_EQ(sidecar.IsDeleted(node), node == 10);
  }
  EXPECT_EQ(sidecar.facts().bit_center, content.facts.bit_center);
  EXPECT_TRUE(std::equal(content.codes.begin(), content.codes.end(), sidecar.codes().Upper(0)));
  EXPECT_EQ(sidecar.codes().Lower(3) - sidecar.codes().Upper(3), 100 * 64);
  EXPECT_TRUE(std::equal(content.bits.begin(), content.bits.end(), sidecar.bits().Row(0)));
  for (std::uint32_t i = 0; i < 10; ++i) {
    const std::size_t count = sidecar.upper()[0].neighbours.Get(i, ids);
    ASSERT_EQ(count, 3u);
    for (std::size_t k = 0; k < count; ++k) EXPECT_EQ(sidecar.upper()[0].nodes[ids[k]], content.lists[1][i * 10][k]);
  }
  for (const Sidecar::SectionInfo& section : sidecar.sections()) {
    EXPECT_EQ(section.offset % 64, 0u);
    EXPECT_TRUE(sidecar.CheckHash(section).ok());
  }
}

TEST_F(SidecarTest, EveryLengthIsRefused) {
  ASSERT_TRUE(Content().Write(path_).ok());
  const std::vector<char> whole = ReadAll();
  for (std::size_t size = 0; size < whole.size(); size += 61) {
    WriteAll(std::vector<char>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    const auto opened = Sidecar::Open(context_.impl(), path_);
    ASSERT_FALSE(opened.has_value()) << size;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
    EXPECT_EQ(opened.error().path, path_);
  }
}

/// Every changed byte is refused at opening, or seen by a hash, or between sections; and nothing outside is read.
TEST_F(SidecarTest, EveryChangedByte) {
  ASSERT_TRUE(Content().Write(path_).ok());
  const std::vector<char> whole = ReadAll();
  std::uint32_t ids[kMaxDegree];
  std::size_t refused = 0, hashed = 0, padding = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::vector<char> changed = whole;
    changed[i] = static_cast<char>(~changed[i]);
    WriteAll(changed);
    const auto opened = Sidecar::Open(context_.impl(), path_);
    if (!opened.has_value()) {
      ++refused;
      continue;
    }
    const Sidecar& sidecar = **opened;
    for (std::uint32_t node = 0; node < 100; ++node) {
      const std::size_t count = sidecar.lowest().Get(node, ids);
      for (std::size_t k = 0; k < count; ++k) ASSERT_LT(ids[k], 100u);
      ASSERT_LT(sidecar.RowOf(node), 150u);
    }
    bool inside = false, seen = false;
    for (const Sidecar::SectionInfo& section : sidecar.sections()) {
      inside = inside || (i >= section.offset && i < section.offset + section.size);
      seen = seen || !sidecar.CheckHash(section).ok();
    }
    EXPECT_EQ(inside, seen) << "byte " << i;
    ++(inside ? hashed : padding);
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_GT(hashed, 6000u);
  // The minor version is for others to tell; the rest lies between sections.
  EXPECT_LT(padding, 64u * 10);
}

/// Lists may lead in circles, in all layers: walks end.
TEST_F(SidecarTest, CirclesEnd) {
  Content content;
  for (std::uint32_t layer = 0; layer <= 2; ++layer) {
    const std::uint32_t step = layer == 0 ? 1 : layer == 1 ? 10 : 50;
    for (std::uint32_t node = 0; node < 100; node += step) content.lists[layer][node] = {node, (node + step) % 100, node};
  }
  ASSERT_TRUE(content.Write(path_).ok());
  const auto opened = Sidecar::Open(context_.impl(), path_);
  ASSERT_TRUE(opened.has_value());
  // All as far; and each nearer than the one before, but for the last.
  for (const std::int32_t slope : {0, -1}) {
    const auto measure = [&](const std::uint32_t* nodes, std::size_t count, std::int32_t* distances) {
      for (std::size_t i = 0; i < count; ++i) distances[i] = slope * static_cast<std::int32_t>(nodes[i]);
    };
    const Near<std::int32_t> best = DescendLayers<std::int32_t>(**opened, measure);
    EXPECT_EQ(best.node, slope == 0 ? 50u : 90u);
    Visited visited;
    Pool<std::int32_t> pool;
    WalkFrom(best, (*opened)->lowest(), measure, 100, 100, &visited, &pool);
    EXPECT_EQ(pool.size(), 100u);
  }
}

/// Headers with a right hash and wrong contents.
TEST_F(SidecarTest, LyingHeaders) {
  Content content;
  content.facts.num_nodes = 100;
  const auto refuse = [&](auto change, const char* what) {
    Content wrong;
    change(&wrong);
    ASSERT_TRUE(wrong.Write(path_).ok());
    const auto opened = Sidecar::Open(context_.impl(), path_);
    ASSERT_FALSE(opened.has_value()) << what;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorruption) << what;
  };
  refuse([](Content* c) { c->facts.dimensions = 0; }, "no dimensions");
  refuse([](Content* c) { c->facts.dimensions = 6; }, "a center of another size");
  refuse([](Content* c) { c->facts.quantizer.step = 0; }, "no step");
  refuse([](Content* c) { c->facts.quantizer.step = std::numeric_limits<float>::quiet_NaN(); }, "a step that is no number");
  refuse([](Content* c) { c->rows[99] = 200; }, "a row that is not there");
  refuse([](Content* c) { c->rows[3] = c->rows[2]; }, "a row twice");
  refuse([](Content* c) { c->lists[0][8][0] = 100; }, "a neighbour out of range");
  refuse([](Content* c) { c->facts.files.pop_back(); }, "fewer rows than nodes");
  refuse(
      [](Content* c) {
        c->levels[50] = 0;
        c->levels[51] = 2;
        c->lists[2][0] = {0};
      },
      "the walk begins outside of the highest layer");
  refuse([](Content* c) { c->deleted.resize(12); }, "bits for fewer nodes");
  refuse([](Content* c) { c->codes.resize(c->codes.size() - 64); }, "half of the codes of a node");
  refuse([](Content* c) { c->bits.resize(c->bits.size() + 8); }, "too many bits");
  refuse([](Content* c) { c->facts.bit_center.pop_back(); }, "a center of bits of another size");
  refuse([](Content* c) { c->facts.ef_construction = 0xfffffff0; }, "a walk that would keep everything");
  refuse([](Content* c) { c->facts.ef_construction = 0; }, "a walk that keeps nothing");
  refuse([](Content* c) { c->facts.deleted_rows = {1, 2, 3}; }, "half an interval");
}

}  // namespace
}  // namespace lancekit::index
