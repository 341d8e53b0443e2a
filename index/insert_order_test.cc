#include "index/insert_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "lancekit/context.hpp"

namespace lancekit::index {
namespace {

/// All nodes once; of few clusters in no order, those that come one after the other are mostly of the same one.
TEST(InsertOrder, NearOnesFollowEachOther) {
  constexpr std::size_t kDimensions = 8;
  constexpr std::uint32_t kClusters = 10;
  for (const std::uint32_t count : {0u, 1u, 7u, 1000u, 6000u}) {
    for (const int threads : {1, 3}) {
      std::mt19937 random(count);
      std::normal_distribution<float> noise(0, 1);
      std::vector<std::uint32_t> cluster_of;
      std::vector<float> values;
      for (std::uint32_t i = 0; i < count; ++i) {
        cluster_of.push_back(static_cast<std::uint32_t>(random()) % kClusters);
        for (std::size_t d = 0; d < kDimensions; ++d)
          values.push_back(noise(random) +
                           (d == cluster_of.back() % kDimensions ? 60.0f + static_cast<float>(cluster_of.back()) : 0));
      }
      Vectors vectors(Element::kFloat32, kDimensions);
      vectors.Add(count, reinterpret_cast<const std::byte*>(values.data()), nullptr);
      std::vector<std::uint32_t> all(count);
      for (std::uint32_t i = 0; i < count; ++i) all[i] = i;
      const Quantizer quantizer = Quantizer::Train(vectors, Metric::kL2, all);
      const std::size_t row_bytes = CodeRows::RowBytes(kDimensions);
      std::vector<std::byte> codes(CodeRows::Bytes(kDimensions, count));
      CodeWriter writer(quantizer);
      for (std::uint32_t i = 0; i < count; ++i)
        writer.Encode(vectors, i, codes.data() + 2 * i * row_bytes, codes.data() + (2 * i + 1) * row_bytes);

      const Context context({.threads = threads});
      const auto order = OrderToInsert(CodeRows(codes.data(), kDimensions, count, false), kDimensions, 0, count, context.impl());
      ASSERT_TRUE(order.has_value());
      std::vector<std::uint32_t> sorted = order->nodes;
      std::ranges::sort(sorted);
      EXPECT_EQ(sorted, all);
      EXPECT_EQ(order->num_spread, (count + 7) / 8);
      if (count < 6000) continue;
      std::size_t changes = 0;
      for (std::size_t i = order->num_spread + 1; i < order->nodes.size(); ++i)
        changes += static_cast<std::size_t>(cluster_of[order->nodes[i]] != cluster_of[order->nodes[i - 1]]);
      EXPECT_LT(changes, 256u * 2);  // one after the other they would change 4,700 times
    }
  }
}

}  // namespace
}  // namespace lancekit::index
