#include "types/select_rows.h"

#include <gtest/gtest.h>

#include <random>

#include "base/bitmap.h"
#include "types/array_testing.h"

namespace lancekit {
namespace {

struct OwnedArray {
  ArrowArray c{};
  ~OwnedArray() {
    if (c.release != nullptr) c.release(&c);
  }
};

TEST(SelectRows, SpansAreRunsOfSetBits) {
  std::mt19937 random(1);
  for (const int density : {0, 1, 50, 99, 100}) {
    for (const std::uint64_t num_rows : {0u, 1u, 63u, 64u, 65u, 300u}) {
      std::vector<std::byte> bits(BitmapBytes(num_rows) + 1, std::byte{0xFF});  // what lies behind does not count
      for (std::uint64_t i = 0; i < num_rows; ++i) SetBitTo(bits.data(), i, static_cast<int>(random() % 100) < density);
      std::vector<bool> seen(num_rows, false);
      std::uint64_t end = 0;
      for (const RowSpan& span : SpansOf(bits.data(), num_rows)) {
        ASSERT_GT(span.count, 0u);
        ASSERT_TRUE(end == 0 || span.first > end) << "runs that touch are one";
        end = span.first + span.count;
        for (std::uint64_t i = span.first; i < end; ++i) seen.at(i) = true;
      }
      for (std::uint64_t i = 0; i < num_rows; ++i) ASSERT_EQ(seen[i], GetBit(bits.data(), i));
    }
  }
}

TEST(SelectRows, EveryTypeAndDensity) {
  std::mt19937 random(2);
  for (const DataType& type : testing::AllTypes()) {
    for (const std::int64_t length : {0, 1, 9, 200}) {
      for (const unsigned modulus : {1u, 2u, 5u, 1000u}) {
        testing::MakeOptions options;
        options.offsets = false;
        const testing::MadeArray made = testing::MakeArray(type, length, options, &random);
        std::vector<std::byte> bits(BitmapBytes(static_cast<std::uint64_t>(length)) + 1);
        std::vector<std::string> expected;
        for (std::int64_t i = 0; i < length; ++i) {
          const bool keep = random() % modulus == 0;
          SetBitTo(bits.data(), static_cast<std::uint64_t>(i), keep);
          if (keep) expected.push_back(made.expected[static_cast<std::size_t>(i)]);
        }
        const auto spans = SpansOf(bits.data(), static_cast<std::uint64_t>(length));
        const ArrayData selected = SelectRows(type, made.array->ToArrayData(), spans);
        OwnedArray exported;
        ExportArray(type, selected, &exported.c);
        const Field field = testing::MakeField("x", type);
        testing::OwnedSchema schema(field);
        const auto view = ImportArray(field, *schema, exported.c);
        ASSERT_TRUE(view) << view.error().describe();
        ASSERT_EQ(view->length, static_cast<std::int64_t>(expected.size())) << type.to_string();
        for (std::size_t i = 0; i < expected.size(); ++i)
          ASSERT_EQ(testing::Render(*view, static_cast<std::int64_t>(i)), expected[i]) << type.to_string();
      }
    }
  }
}

}  // namespace
}  // namespace lancekit
