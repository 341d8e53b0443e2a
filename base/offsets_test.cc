#include "base/offsets.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace lancekit {
namespace {

template <class T>
class OffsetsTest : public ::testing::Test {
 protected:
  static const std::byte* Bytes(const std::vector<T>& offsets) { return reinterpret_cast<const std::byte*>(offsets.data()); }
};
using OffsetTypes = ::testing::Types<std::int32_t, std::int64_t>;
TYPED_TEST_SUITE(OffsetsTest, OffsetTypes);

TYPED_TEST(OffsetsTest, DescentsAndNegativesAreSeenWhereverTheyAre) {
  constexpr TypeParam kMost = std::numeric_limits<TypeParam>::max(), kLeast = std::numeric_limits<TypeParam>::min();
  for (const std::size_t count : {1u, 2u, 3u, 40u, 67u}) {
    std::vector<TypeParam> offsets;
    for (std::size_t i = 0; i <= count; ++i) offsets.push_back(static_cast<TypeParam>(5 + i / 2));
    EXPECT_TRUE(Ascend<TypeParam>(this->Bytes(offsets), count));
    for (std::size_t i = 0; i <= count; ++i) {
      for (const TypeParam wrong : {kLeast, TypeParam{-1}, TypeParam{0}, kMost}) {
        std::vector<TypeParam> damaged = offsets;
        damaged[i] = wrong;
        const bool fine = (wrong == 0 && i == 0) || (wrong == kMost && i == count);
        EXPECT_EQ(Ascend<TypeParam>(this->Bytes(damaged), count), fine) << i << " " << wrong;
      }
    }
  }
  const std::vector<TypeParam> far{0, kMost, kMost};
  EXPECT_TRUE(Ascend<TypeParam>(this->Bytes(far), 2));
  EXPECT_EQ(LongestStep<TypeParam>(this->Bytes(far), 2), static_cast<std::uint64_t>(kMost));
}

TYPED_TEST(OffsetsTest, TheLongestStepIsFound) {
  const std::vector<TypeParam> offsets{3, 3, 10, 11, 30, 30};
  EXPECT_EQ(LongestStep<TypeParam>(this->Bytes(offsets), 5), 19u);
  EXPECT_EQ(LongestStep<TypeParam>(this->Bytes(offsets), 3), 7u);
  EXPECT_EQ(LongestStep<TypeParam>(this->Bytes(offsets), 0), 0u);
}

}  // namespace
}  // namespace lancekit
