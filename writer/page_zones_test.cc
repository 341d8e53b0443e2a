#include "writer/page_zones.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/bitmap.h"
#include "format/bloom.h"
#include "format/schema.h"
#include "types/array_testing.h"
#include "writer/array_access.h"
#include "writer/page_bloom.h"

namespace lancekit {
namespace {

using format::Zone;
using testing::HandArray;

template <class T>
T Load(const ArrayView& view, std::uint64_t position) {
  return LoadLe<T>(view.values + position * sizeof(T));
}

/// The value of a slot that is not null.
Scalar ScalarAt(const ArrayView& view, std::uint64_t slot) {
  const std::uint64_t at = SlotOf(view, slot);
  const DataType& type = *view.type;
  switch (type.id) {
    case TypeId::kBool:
      return std::uint64_t{GetBit(view.values, at)};
    case TypeId::kFloat16:
      return static_cast<double>(HalfToFloat(Load<std::uint16_t>(view, at)));
    case TypeId::kFloat32:
      return static_cast<double>(Load<float>(view, at));
    case TypeId::kFloat64:
      return Load<double>(view, at);
    case TypeId::kDictionary:
      return ScalarAt(*view.dictionary, KeyAt(view, at, FixedWidthBits({.id = type.key_id}) / 8));
    default:
      break;
  }
  const std::size_t width = FixedWidthBits(type) / 8;
  if (IsVariableWidth(type.id)) {
    const bool large = HasLargeOffsets(type.id);
    const std::uint64_t begin = OffsetAt(view, large, at);
    return std::string(reinterpret_cast<const char*>(view.data) + begin, OffsetAt(view, large, at + 1) - begin);
  }
  if (DomainOf(type) == Domain::kBytes) return std::string(reinterpret_cast<const char*>(view.values) + at * width, width);
  if (DomainOf(type) == Domain::kDecimal) return Int256::Load(view.values + at * width, width);
  std::uint64_t word = 0;
  std::memcpy(&word, view.values + at * width, width);
  if (DomainOf(type) == Domain::kUnsigned) return word;
  const auto shift = static_cast<int>(64 - 8 * width);
  return static_cast<std::int64_t>(word << shift) >> shift;
}

bool IsNull(const ArrayView& view, std::uint64_t slot) {
  if (view.type->id == TypeId::kNull || IsNullAt(view, slot)) return true;
  if (view.type->id != TypeId::kDictionary) return false;
  return IsNullAt(*view.dictionary, KeyAt(view, SlotOf(view, slot), FixedWidthBits({.id = view.type->key_id}) / 8));
}

/// What a zone must say of some rows of a flat column.
void ExpectZone(const Zone& zone, const ArrayView& view, std::uint64_t first, std::uint64_t count) {
  std::optional<Scalar> least, greatest;
  std::uint64_t nulls = 0, nans = 0;
  for (std::uint64_t i = first; i < first + count; ++i) {
    if (IsNull(view, i)) {
      ++nulls;
      continue;
    }
    if (DomainOf(*view.type) == Domain::kNone) continue;
    const Scalar value = ScalarAt(view, i);
    if (const double* const number = std::get_if<double>(&value); number != nullptr && std::isnan(*number)) {
      ++nans;
      continue;
    }
    if (!least.has_value() || Compare(value, *least) < 0) least = value;
    if (!greatest.has_value() || Compare(value, *greatest) > 0) greatest = value;
  }
  EXPECT_EQ(zone.num_rows, count);
  EXPECT_EQ(zone.num_values, count);
  EXPECT_EQ(zone.num_nulls, nulls);
  EXPECT_EQ(zone.num_nans, nans);
  ASSERT_EQ(zone.min.has_value(), least.has_value());
  ASSERT_EQ(zone.max.has_value(), greatest.has_value());
  if (!least.has_value()) return;
  EXPECT_TRUE(zone.min_is_exact && zone.max_is_exact);
  EXPECT_TRUE(Compare(*zone.min, *least) == 0);
  EXPECT_TRUE(Compare(*zone.max, *greatest) == 0);
}

/// Zones by way of the numbers that values have in a dictionary are the same.
void ExpectSameByDictionary(const LeafType& leaf, const ColumnBuffer& buffer, const PageZones& zones) {
  const PageValues page = buffer.View();
  if (leaf.is_dictionary() || !page.values.shape.list_sizes.empty() || page.values.shape.width_bits % 8 != 0) return;
  const auto numbers = TryDictionary(page, page.values.length);
  ASSERT_TRUE(numbers.has_value());
  const PageZones same = MakePageZones(leaf, buffer, numbers);
  ASSERT_EQ(same.zones.size(), zones.zones.size());
  for (std::size_t i = 0; i < zones.zones.size(); ++i) {
    EXPECT_EQ(same.zones[i].num_nulls, zones.zones[i].num_nulls);
    EXPECT_EQ(same.zones[i].num_nans, zones.zones[i].num_nans);
    EXPECT_EQ(same.zones[i].min, zones.zones[i].min);
    EXPECT_EQ(same.zones[i].max, zones.zones[i].max);
    EXPECT_EQ(same.zones[i].min_is_exact, zones.zones[i].min_is_exact);
  }
}

/// A filter of the page holds each value that is no NaN, whichever way it was made, and no other blocks than these need.
void ExpectBloom(const LeafType& leaf, const ColumnBuffer& buffer, const ArrayView& view) {
  if (DomainOf(leaf.type) == Domain::kNone) return;
  const std::vector<std::byte> blocks = MakePageBloom(leaf, buffer, std::nullopt, 16);
  const PageValues page = buffer.View();
  std::optional<DictionaryAttempt> numbers;
  if (!leaf.is_dictionary() && page.values.shape.width_bits % 8 == 0) numbers = TryDictionary(page, page.values.length);
  const std::vector<std::byte> same = MakePageBloom(leaf, buffer, numbers, 16);
  const format::BloomFilter filter{blocks}, by_number{same};
  std::uint64_t num_hashed = 0;
  for (std::uint64_t i = 0; i < buffer.num_rows(); ++i) {
    if (IsNull(view, i)) continue;
    const Scalar value = ScalarAt(view, i);
    if (const double* const number = std::get_if<double>(&value); number != nullptr && std::isnan(*number)) continue;
    ++num_hashed;
    ASSERT_TRUE(filter.MayContain(value) && by_number.MayContain(value)) << "row " << i;
  }
  EXPECT_EQ(filter.empty(), num_hashed == 0);
  EXPECT_LE(blocks.size(), num_hashed * 3 + format::kBloomBlockBytes);
}

TEST(PageZones, EqualTheValuesOfEveryFlatType) {
  std::mt19937 random(5);
  std::vector<DataType> types = testing::AllTypes();
  for (const DataType& items : testing::AllTypes()) {
    if (DomainOf(items) == Domain::kNone || items.id == TypeId::kDictionary) continue;
    types.push_back({.id = TypeId::kDictionary, .key_id = TypeId::kInt16, .children = {testing::MakeField("", items)}});
  }
  for (const DataType& type : types) {
    const auto leaf = MakeLeafType(type);
    if (!leaf || leaf->type.id == TypeId::kStruct) continue;
    const LeafPath flat;
    for (const std::int64_t length : {1, 300, 20'000}) {
      for (const bool nulls : {false, true}) {
        SCOPED_TRACE(type.to_string() + " x " + std::to_string(length));
        testing::MakeOptions options;
        options.nulls = nulls;
        const testing::MadeArray made = testing::MakeArray(type, length, options, &random);
        const Field field = testing::MakeField("x", type);
        testing::OwnedSchema schema(field);
        const auto view = ImportArray(field, *schema, made.array->c());
        ASSERT_TRUE(view);
        ColumnBuffer buffer(*leaf, flat, 1 << 30);
        ASSERT_TRUE(buffer.Append(*view, 0, static_cast<std::uint64_t>(length)));
        const std::uint64_t num_rows = buffer.num_rows();  // fewer when the keys of a dictionary are used up
        const PageZones zones = MakePageZones(*leaf, buffer, std::nullopt);
        ExpectBloom(*leaf, buffer, *view);
        if (view->null_count == length) {
          EXPECT_EQ(zones.zones.size(), 1u);
          continue;
        }
        ExpectZone(zones.page, *view, 0, num_rows);
        ExpectSameByDictionary(*leaf, buffer, zones);
        std::uint64_t row = 0;
        for (const Zone& zone : zones.zones) {
          // Zones that say the same are one.
          EXPECT_TRUE(zone.num_rows % format::kZoneRows == 0 || row + zone.num_rows == num_rows);
          ExpectZone(zone, *view, row, zone.num_rows);
          row += zone.num_rows;
        }
        EXPECT_EQ(row, num_rows);
      }
    }
  }
}

// However many items a dictionary has, the zones are those of the values; some zones name all items early, some few of them.
TEST(PageZones, ByKeysOfDictionariesOfAnySize) {
  constexpr std::uint64_t kRows = 5 * format::kZoneRows + 100;
  std::mt19937 random(3);
  for (const std::uint32_t num_items : {1u, 2u, 63u, 64u, 65u, 1000u, 8192u, 8193u, 20'000u}) {
    for (const bool nulls : {false, true}) {
      SCOPED_TRACE(num_items);
      std::string text;
      std::vector<std::int32_t> ends{0};
      std::vector<std::uint8_t> validity((kRows + 7) / 8, 0xFF);
      for (std::uint64_t i = 0; i < kRows; ++i) {
        // The second zone knows the lowest tenth of the items alone, the third ends with what it has of others.
        const std::uint64_t zone = i / format::kZoneRows;
        const bool few = zone == 1 || (zone == 2 && i % format::kZoneRows < format::kZoneRows - 3);
        text += std::to_string(1'000'000 + random() % (few ? std::max(1u, num_items / 10) : num_items));
        ends.push_back(static_cast<std::int32_t>(text.size()));
        if (nulls && random() % 3 == 0) validity[i / 8] = static_cast<std::uint8_t>(validity[i / 8] & ~(1u << i % 8));
      }
      HandArray array(kRows);
      nulls ? array.AddBuffer<std::uint8_t>(validity) : array.AddNullBuffer();
      array.AddBuffer<std::int32_t>(ends).AddBytes(text.data(), text.size());
      const Field field = testing::MakeField("x", {.id = TypeId::kString});
      testing::OwnedSchema schema(field);
      const auto view = ImportArray(field, *schema, array.c());
      ASSERT_TRUE(view) << view.error().describe();
      const LeafType leaf = *MakeLeafType(field.type);
      const LeafPath flat;
      ColumnBuffer buffer(leaf, flat, 1 << 30);
      ASSERT_EQ(*buffer.Append(*view, 0, kRows), kRows);
      const PageZones zones = MakePageZones(leaf, buffer, std::nullopt);
      ExpectZone(zones.page, *view, 0, kRows);
      ExpectSameByDictionary(leaf, buffer, zones);
    }
  }
}

// Zones of 1, 1, 2, 2 with a null, 2: the first two are one.
TEST(PageZones, ThatSayTheSameAreOne) {
  constexpr std::uint64_t kRows = 5 * format::kZoneRows;
  std::vector<std::int32_t> numbers(kRows, 2);
  std::fill_n(numbers.begin(), 2 * format::kZoneRows, 1);
  std::vector<std::uint8_t> validity(kRows / 8, 0xFF);
  validity[3 * format::kZoneRows / 8] = 0xFE;
  const Field field = testing::MakeField("x", {.id = TypeId::kInt32});
  HandArray array(kRows);
  array.AddBuffer<std::uint8_t>(validity).AddBuffer<std::int32_t>(numbers);
  testing::OwnedSchema schema(field);
  const auto view = ImportArray(field, *schema, array.c());
  ASSERT_TRUE(view) << view.error().describe();
  const LeafType leaf = *MakeLeafType(field.type);
  const LeafPath flat;
  ColumnBuffer buffer(leaf, flat, 1 << 20);
  ASSERT_EQ(*buffer.Append(*view, 0, kRows), kRows);
  const PageZones zones = MakePageZones(leaf, buffer, std::nullopt);
  ASSERT_EQ(zones.zones.size(), 4u);
  EXPECT_EQ(zones.zones[0].num_rows, 2 * format::kZoneRows);
  EXPECT_EQ(zones.zones[0].num_values, 2 * format::kZoneRows);
  EXPECT_EQ(zones.zones[0].max, Scalar(std::int64_t{1}));
  EXPECT_EQ(zones.zones[1].num_rows, format::kZoneRows);
  EXPECT_EQ(zones.zones[2].num_nulls, 1u);
  EXPECT_EQ(zones.page.num_rows, kRows);
  EXPECT_EQ(zones.page.num_nulls, 1u);
}

// [[1, null], [], null, [3], [4, 5]] as a column of lists.
TEST(PageZones, LeavesInListsCountTheirSlots) {
  const DataType type{.id = TypeId::kList, .children = {testing::MakeField("item", {.id = TypeId::kInt32})}};
  Schema schema{.fields = {testing::MakeField("x", type)}};
  format::AssignFieldIds(&schema);
  const std::vector<format::Leaf> leaves = format::Leaves(schema);
  ASSERT_EQ(leaves.size(), 1u);
  const LeafPath path = *LeafPath::Make(leaves[0], format::FileVersion::k2_2);
  const LeafType leaf = *MakeLeafType({.id = TypeId::kInt32});
  auto items = std::make_unique<HandArray>(5);
  items->AddBytes("\x1D", 1).AddBuffer<std::int32_t>({1, 99, 3, 4, 5});
  HandArray lists(5);
  lists.AddBytes("\x1B", 1).AddBuffer<std::int32_t>({0, 2, 2, 2, 3, 5}).AddChild(std::move(items));
  testing::OwnedSchema c_schema(schema.fields[0]);
  const auto view = ImportArray(schema.fields[0], *c_schema, lists.c());
  ASSERT_TRUE(view) << view.error().describe();
  ColumnBuffer buffer(leaf, path, 1 << 20);
  ASSERT_EQ(*buffer.Append(*view, 0, 5), 5u);
  const PageZones zones = MakePageZones(leaf, buffer, std::nullopt);
  ASSERT_EQ(zones.zones.size(), 1u);
  EXPECT_EQ(zones.page.num_rows, 5u);
  EXPECT_EQ(zones.page.num_values, 5u);
  EXPECT_EQ(zones.page.num_nulls, 1u);
  EXPECT_EQ(zones.page.min, Scalar(std::int64_t{1}));
  EXPECT_EQ(zones.page.max, Scalar(std::int64_t{5}));
}

// {a: 7}, null, {a: null}, {a: -2} as a column of structs: a field of a null struct is null.
TEST(PageZones, FieldsOfNullStructsAreNull) {
  const DataType type{.id = TypeId::kStruct, .children = {testing::MakeField("a", {.id = TypeId::kInt64})}};
  Schema schema{.fields = {testing::MakeField("x", type)}};
  format::AssignFieldIds(&schema);
  const LeafPath path = *LeafPath::Make(format::Leaves(schema).at(0), format::FileVersion::k2_2);
  const LeafType leaf = *MakeLeafType({.id = TypeId::kInt64});
  auto values = std::make_unique<HandArray>(4);
  values->AddBytes("\x0B", 1).AddBuffer<std::int64_t>({7, 100, 100, -2});
  HandArray structs(4);
  structs.AddBytes("\x0D", 1).AddChild(std::move(values));
  testing::OwnedSchema c_schema(schema.fields[0]);
  const auto view = ImportArray(schema.fields[0], *c_schema, structs.c());
  ASSERT_TRUE(view) << view.error().describe();
  ColumnBuffer buffer(leaf, path, 1 << 20);
  ASSERT_EQ(*buffer.Append(*view, 0, 4), 4u);
  const Zone page = MakePageZones(leaf, buffer, std::nullopt).page;
  EXPECT_EQ(page.num_values, 4u);
  EXPECT_EQ(page.num_nulls, 2u);
  EXPECT_EQ(page.min, Scalar(std::int64_t{-2}));
  EXPECT_EQ(page.max, Scalar(std::int64_t{7}));
}

}  // namespace
}  // namespace lancekit
