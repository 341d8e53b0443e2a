#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "index/builder.h"
#include "index/exact.h"

namespace lancekit::index {
namespace {

/// Vectors about some centers, so that there is a structure to find.
std::vector<float> MakeVectors(std::size_t count, std::size_t dimensions, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> centers(20 * dimensions), values;
  for (float& center : centers) center = 4 * normal(random);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t center = random() % 20;
    for (std::size_t d = 0; d < dimensions; ++d) values.push_back(centers[center * dimensions + d] + normal(random));
  }
  return values;
}

/// A graph of some vectors with their codes.
struct Built {
  Built(const std::vector<float>& values, std::size_t dimensions, Metric metric, int threads, std::uint64_t seed = 1)
      : vectors(Element::kFloat32, dimensions) {
    const auto count = static_cast<std::uint32_t>(values.size() / dimensions);
    vectors.Add(count, reinterpret_cast<const std::byte*>(values.data()), nullptr);
    std::vector<std::uint32_t> nodes(count);
    std::iota(nodes.begin(), nodes.end(), 0);
    quantizer = Quantizer::Train(vectors, metric, nodes);
    by_halves = dimensions >= 30;
    codes.resize(CodeRows::Bytes(dimensions, count));
    const CodeRows rows = Rows();
    CodeWriter writer(quantizer);
    for (std::uint32_t i = 0; i < count; ++i)
      writer.Encode(vectors, i, const_cast<std::byte*>(rows.Upper(i)), const_cast<std::byte*>(rows.Lower(i)));
    auto made = GraphBuilder::Make({8, 60, seed}, rows, dimensions, count);
    graph = *std::move(made);
    ThreadPool pool(threads);
    GraphBuilder::Scratch alone(dimensions);
    std::atomic<std::uint32_t> next{std::min<std::uint32_t>(count, 256)};
    for (std::uint32_t i = 0; i < next; ++i) graph->Insert(i, &alone);
    pool.ParallelFor(static_cast<std::size_t>(threads), [&](std::size_t) {
      GraphBuilder::Scratch scratch(dimensions);
      for (std::uint32_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) graph->Insert(i, &scratch);
    });
    GraphBuilder::Scratch scratch(dimensions);
    orphans = graph->LinkOrphans(&scratch);
  }
  std::vector<std::uint32_t> AllLinks() const {
    std::vector<std::uint32_t> links;
    for (std::uint32_t node = 0; node < graph->num_nodes(); ++node) {
      for (std::uint32_t layer = 0; layer <= graph->LevelOf(node); ++layer) {
        const auto list = graph->Neighbours(node, layer);
        links.insert(links.end(), list.begin(), list.end());
        links.push_back(GraphBuilder::kNone);
      }
    }
    return links;
  }

  Vectors vectors;
  Quantizer quantizer;
  CodeRows Rows() const { return {codes.data(), vectors.dimensions(), static_cast<std::uint32_t>(vectors.size()), by_halves}; }
  bool by_halves = false;
  std::vector<std::byte> codes;
  std::unique_ptr<GraphBuilder> graph;
  std::uint32_t orphans = 0;
};

std::size_t CountReached(const GraphBuilder& graph) {
  std::vector<std::uint32_t> waiting{graph.entry()};
  std::set<std::uint32_t> seen{graph.entry()};
  while (!waiting.empty()) {
    const std::uint32_t node = waiting.back();
    waiting.pop_back();
    for (const std::uint32_t other : graph.Neighbours(node, 0)) {
      if (seen.insert(other).second) waiting.push_back(other);
    }
  }
  return seen.size();
}

TEST(Pool, KeepsTheNearest) {
  std::mt19937 random(3);
  Pool<std::int32_t> pool;
  for (const std::size_t capacity : {1u, 5u, 64u}) {
    pool.Start(capacity);
    std::vector<std::int32_t> all;
    for (std::uint32_t node = 0; node < 300; ++node) {
      const auto distance = static_cast<std::int32_t>(random() % 1000);
      all.push_back(distance);
      if (pool.Admits(distance)) pool.Insert(distance, node);
    }
    std::ranges::sort(all);
    ASSERT_EQ(pool.size(), capacity);
    for (std::size_t i = 0; i < capacity; ++i) EXPECT_EQ(pool[i].distance, all[i]);
    std::uint32_t node = 0;
    std::size_t given = 0;
    while (pool.Next(&node)) ++given;
    EXPECT_EQ(given, capacity);
  }
}

TEST(Pool, GoesBackToWhatCameInBefore) {
  Pool<std::int32_t> pool;
  pool.Start(3);
  std::uint32_t node = 0;
  pool.Insert(10, 1);
  ASSERT_TRUE(pool.Next(&node));
  pool.Insert(5, 2);
  pool.Insert(20, 3);
  ASSERT_TRUE(pool.Next(&node));
  EXPECT_EQ(node, 2u);
  EXPECT_EQ(pool.PeekNext(9), 3u);
}

TEST(Codes, OrderVectorsAsTheMetricDoes) {
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kInnerProduct}) {
    constexpr std::size_t kDimensions = 37;
    const std::vector<float> values = MakeVectors(300, kDimensions, 5);
    const Built built(values, kDimensions, metric, 1);
    const CodeRows rows = built.Rows();
    CodeQuery query(kDimensions);
    std::size_t agree = 0, about = 0, pairs = 0;
    for (std::uint32_t from = 0; from < 20; ++from) {
      const float* wanted = values.data() + from * kDimensions;
      std::vector<float> normal(wanted, wanted + kDimensions);
      if (metric == Metric::kCosine) Normalise(wanted, kDimensions, normal.data());
      query.Set(built.quantizer, normal.data());
      ExactQuery exact(built.vectors, metric, wanted);
      for (std::uint32_t i = 0; i < 298; i += 2) {
        const std::uint32_t nodes[2] = {i, i + 1};
        std::int32_t distances[2];
        query.Distances(rows, nodes, 2, distances);
        const bool first = exact.Distance(i) < exact.Distance(i + 1);
        agree += static_cast<std::size_t>((distances[0] < distances[1]) == first);
        query.Estimate(rows, nodes, 2, distances);
        about += static_cast<std::size_t>((distances[0] < distances[1]) == first);
        ++pairs;
      }
    }
    EXPECT_GT(static_cast<double>(agree) / static_cast<double>(pairs), 0.97) << static_cast<int>(metric);
    EXPECT_GT(static_cast<double>(about) / static_cast<double>(pairs), 0.93) << static_cast<int>(metric);
  }
}

/// By the upper halves a stored code counts as the middle of what it may be.
TEST(Codes, EstimatesAreDistancesFromTheMiddles) {
  std::vector<float> values;
  std::mt19937 random(2);
  constexpr std::size_t kDimensions = 131;
  for (std::size_t i = 0; i < 50 * kDimensions; ++i) values.push_back(static_cast<float>(random() % 256));
  values[0] = 0, values[1] = 255;
  const Built built(values, kDimensions, Metric::kL2, 1);
  const CodeRows rows = built.Rows();
  CodeQuery stored(kDimensions), given(kDimensions);
  for (std::uint32_t from = 0; from < 50; ++from) {
    stored.Set(rows, from, kDimensions);
    EXPECT_TRUE(given.Set(built.quantizer, values.data() + from * kDimensions));
    const std::uint32_t nodes[5] = {from, 1, 2, 3, 49};
    std::int32_t estimates[5], others[5], distances[5];
    stored.Estimate(rows, nodes, 5, estimates);
    given.Estimate(rows, nodes, 5, others);
    given.Distances(rows, nodes, 5, distances);
    EXPECT_EQ(distances[0], 0);
    for (std::size_t i = 0; i < 5; ++i) {
      double expected = 0;
      for (std::size_t d = 0; d < kDimensions; ++d) {
        const double middle = std::floor(static_cast<double>(values[nodes[i] * kDimensions + d]) / 16) * 16 + 8;
        const double difference = static_cast<double>(values[from * kDimensions + d]) - middle;
        expected += difference * difference;
      }
      EXPECT_EQ(estimates[i], expected);
      EXPECT_EQ(others[i], expected);
    }
  }
}

TEST(Bits, OrderVectorsAsTheMetricDoes) {
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kInnerProduct}) {
    for (const std::size_t dimensions : {40u, 200u, 768u}) {
      const std::vector<float> values = MakeVectors(300, dimensions, 5);
      Vectors vectors(Element::kFloat32, dimensions);
      vectors.Add(300, reinterpret_cast<const std::byte*>(values.data()), nullptr);
      std::vector<std::uint32_t> all(300);
      std::iota(all.begin(), all.end(), 0);
      const BitQuantizer quantizer = BitQuantizer::Train(vectors, metric, 0.01f, all);
      std::vector<std::byte> bits(300 * BitRows::RowBytes(dimensions));
      BitWriter writer(quantizer);
      for (std::uint32_t i = 0; i < 300; ++i) writer.Encode(vectors, i, bits.data() + i * BitRows::RowBytes(dimensions));
      BitQuery query(dimensions);
      std::size_t found = 0;
      for (std::uint32_t from = 0; from < 50; ++from) {
        const float* wanted = values.data() + from * dimensions;
        std::vector<float> normal(wanted, wanted + dimensions);
        if (metric == Metric::kCosine) Normalise(wanted, dimensions, normal.data());
        query.Set(quantizer, normal.data());
        std::vector<float> about(300);
        query.Distances(BitRows(bits.data(), dimensions), all.data(), 300, about.data());
        ExactQuery exact(vectors, metric, wanted);
        std::vector<std::uint32_t> by_bits = all, by_vectors = all;
        std::ranges::sort(by_bits, {}, [&](std::uint32_t i) { return about[i]; });
        std::ranges::sort(by_vectors, {}, [&](std::uint32_t i) { return exact.Distance(i); });
        for (std::size_t i = 0; i < 5; ++i)
          found +=
              static_cast<std::size_t>(std::find(by_bits.begin(), by_bits.begin() + 40, by_vectors[i]) - by_bits.begin() < 40);
      }
      EXPECT_GT(static_cast<double>(found) / 250, 0.9) << static_cast<int>(metric) << ", " << dimensions;
    }
  }
}

/// Turning keeps lengths and angles.
TEST(Bits, RotateKeepsProducts) {
  for (const std::size_t size : {64u, 128u, 192u, 832u}) {
    std::vector<float> a = MakeVectors(1, size, 1), b = MakeVectors(1, size, 2);
    const auto product = [&] {
      double sum = 0;
      for (std::size_t i = 0; i < size; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
      return sum;
    };
    const double before = product();
    Rotate(a);
    Rotate(b);
    EXPECT_NEAR(product(), before, 1e-4 * static_cast<double>(size));
    std::vector<float> one(size, 0.0f);
    one[size / 3] = 1;
    Rotate(one);
    for (const float value : one) EXPECT_LT(std::abs(value), 0.6f);
  }
}

TEST(Codes, AreExactForBytes) {
  std::vector<float> values;
  std::mt19937 random(1);
  for (int i = 0; i < 100 * 20; ++i) values.push_back(static_cast<float>(random() % 256));
  values[0] = 0, values[1] = 255;
  const Built built(values, 20, Metric::kL2, 1);
  EXPECT_EQ(built.quantizer.step, 1);
  CodeWriter writer(built.quantizer);
  std::vector<std::byte> upper(CodeRows::RowBytes(20)), lower(upper.size());
  EXPECT_TRUE(writer.Encode(built.vectors, 0, upper.data(), lower.data()));
  CodeQuery query(20);
  query.Set(built.Rows(), 3, 20);
  const std::uint32_t node = 7;
  std::int32_t distance = 0;
  query.Distances(built.Rows(), &node, 1, &distance);
  ExactQuery exact(built.vectors, Metric::kL2, values.data() + 3 * 20);
  EXPECT_EQ(static_cast<float>(distance), exact.Distance(7));
}

TEST(Graph, FindsAndReachesAll) {
  for (const int threads : {1, 4}) {
    constexpr std::size_t kDimensions = 24;
    const std::vector<float> values = MakeVectors(3000, kDimensions, 11);
    const Built built(values, kDimensions, Metric::kL2, threads);
    const GraphBuilder& graph = *built.graph;
    EXPECT_EQ(CountReached(graph), 3000u);
    std::size_t found = 0;
    GraphBuilder::Scratch scratch(kDimensions);
    for (std::uint32_t node = 0; node < 3000; ++node) {
      ASSERT_LE(graph.Neighbours(node, 0).size(), 16u);
      std::set<std::uint32_t> different(graph.Neighbours(node, 0).begin(), graph.Neighbours(node, 0).end());
      EXPECT_EQ(different.size(), graph.Neighbours(node, 0).size()) << "a neighbour twice";
      EXPECT_FALSE(different.contains(node)) << "its own neighbour";
      // Its nearest neighbour is among its links or theirs, for most.
      ExactQuery exact(built.vectors, Metric::kL2, values.data() + node * kDimensions);
      std::uint32_t nearest = node == 0 ? 1 : 0;
      for (std::uint32_t other = 0; node % 50 == 0 && other < 3000; ++other) {
        if (other != node && exact.Distance(other) < exact.Distance(nearest)) nearest = other;
      }
      found += static_cast<std::size_t>(node % 50 == 0 && different.contains(nearest));
    }
    EXPECT_GE(found, threads == 1 ? 55u : 50u) << "of 60";
  }
}

TEST(Graph, IsTheSameForTheSameSeed) {
  const std::vector<float> values = MakeVectors(800, 16, 2);
  const Built one(values, 16, Metric::kL2, 1), other(values, 16, Metric::kL2, 1), third(values, 16, Metric::kL2, 1, 2);
  EXPECT_EQ(one.AllLinks(), other.AllLinks());
  EXPECT_NE(one.AllLinks(), third.AllLinks());
}

TEST(Graph, OfEqualVectors) {
  const std::vector<float> values(500 * 8, 1.0f);
  const Built built(values, 8, Metric::kL2, 2);
  EXPECT_EQ(CountReached(*built.graph), 500u);
}

TEST(Graph, OfInnerProducts) {
  // Few vectors are near to any other: those that are long.
  std::vector<float> values = MakeVectors(1500, 12, 4);
  for (std::size_t i = 0; i < 12 * 10; ++i) values[i] *= 50;
  const Built built(values, 12, Metric::kInnerProduct, 1);
  EXPECT_EQ(CountReached(*built.graph), 1500u);
}

}  // namespace
}  // namespace lancekit::index
