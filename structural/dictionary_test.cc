#include "structural/dictionary.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "structural/leaf.h"

namespace lancekit {
namespace {

// Whether or not an index is left for the item that null slots get.
TEST(Dictionary, SumsLeaveNullsOut) {
  const LeafType leaf = *MakeLeafType({.id = TypeId::kInt64});
  for (const std::uint64_t num_items : {255u, 256u}) {
    ValueSink items(leaf.shape);
    std::byte* const to = items.AppendFixed(num_items);
    for (std::uint64_t i = 0; i < num_items; ++i) StoreLe(to + 8 * i, static_cast<std::int64_t>(1000 + i));
    const auto dictionary = Dictionary::Make(std::move(items), leaf);
    LeafSink sink(leaf, 12);
    sink.CollectSum();
    for (const bool has_nulls : {false, true, false}) {
      std::vector<std::uint8_t> indices{3, 0, 254, 1};
      const std::uint64_t validity = has_nulls ? 0b1101 : 0b1111;
      ASSERT_TRUE(dictionary->Gather(indices.data(), has_nulls ? &validity : nullptr, 4, &sink).ok());
      sink.validity().AppendBits(&validity, 4, has_nulls ? 3 : 4);
      sink.Fold();
    }
    EXPECT_TRUE(sink.Sum().low() == 3 * (1003 + 1254 + 1001) + 2 * 1000) << num_items;
    EXPECT_TRUE(sink.Sum().high() == 0);
  }
}

}  // namespace
}  // namespace lancekit
