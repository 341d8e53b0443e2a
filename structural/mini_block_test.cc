// Mini-block pages as they are written and read.
#include <gtest/gtest.h>

#include "structural/page_testing.h"

namespace lancekit {
namespace {

using format::FileVersion;
using testing::CheckPage;
using testing::HexBytes;
using testing::MemoryPage;
using testing::OwnedValues;
using testing::TextOf;

LeafType Leaf(TypeId id) { return *MakeLeafType({.id = id}); }

PageValues PageOf(const OwnedValues& values, const std::vector<std::byte>& validity = {}) {
  PageValues page;
  page.values = values.View();
  page.num_rows = page.values.length;
  page.validity = validity.empty() ? nullptr : validity.data();
  return page;
}

/// Rows divisible by `every` are null.
std::vector<std::byte> NullEvery(std::uint64_t rows, std::uint64_t every) {
  std::vector<std::byte> bits(BitmapBytes(rows));
  for (std::uint64_t i = 0; i < rows; ++i) SetBitTo(bits.data(), i, i % every != 0);
  return bits;
}

std::vector<std::int32_t> Count(std::uint64_t rows) {
  std::vector<std::int32_t> numbers(rows);
  for (std::uint64_t i = 0; i < rows; ++i) numbers[i] = static_cast<std::int32_t>(i * i / 50);
  return numbers;
}

TEST(MiniBlockPage, RoundTripsNumbers) {
  for (const FileVersion version : {FileVersion::k2_1, FileVersion::k2_2}) {
    for (const std::uint64_t rows : {1u, 2u, 100u, 1024u, 1025u, 4096u, 10'000u}) {
      const OwnedValues values = testing::Numbers(Count(rows));
      for (const std::uint64_t every : {0u, 1u, 2u, 3u, 1000u}) {
        const std::vector<std::byte> validity = every == 0 ? std::vector<std::byte>() : NullEvery(rows, every);
        const PageValues page = PageOf(values, validity);
        const std::unique_ptr<ChunkEncoder> encoders[] = {MakeFlatEncoder(page.values), MakeInlineBitpackingEncoder(page.values),
                                                          MakeRleEncoder(page.values)};
        for (const auto& encoder : encoders) {
          const EncodedPage written = *WriteMiniBlockPage(page, *encoder, std::nullopt, version);
          EXPECT_EQ(CheckPage(MemoryPage(written), Leaf(TypeId::kInt32), page), "") << rows << " rows, null every " << every;
        }
      }
    }
  }
}

TEST(MiniBlockPage, RoundTripsBooleansStringsAndLists) {
  const auto validity = NullEvery(2000, 7);
  const OwnedValues booleans(FixedShape(1), NullEvery(2000, 3));
  const PageValues bits = PageOf(booleans, validity);
  EXPECT_EQ(CheckPage(MemoryPage(*WriteMiniBlockPage(bits, *MakeFlatEncoder(bits.values), std::nullopt, FileVersion::k2_1)),
                      Leaf(TypeId::kBool), bits),
            "");

  std::vector<std::string> texts;
  for (int i = 0; i < 2000; ++i)
    texts.push_back(i % 7 == 0 ? "" : std::string(static_cast<std::size_t>(i % 31), static_cast<char>('a' + i % 26)));
  for (const bool large : {false, true}) {
    const OwnedValues strings(texts, large);
    const PageValues page = PageOf(strings, validity);
    const EncodedPage written = *WriteMiniBlockPage(page, *MakeVariableEncoder(page.values), std::nullopt, FileVersion::k2_2);
    EXPECT_EQ(CheckPage(MemoryPage(written), Leaf(large ? TypeId::kLargeString : TypeId::kString), page), "");
  }

  DataType type{.id = TypeId::kFixedSizeList, .size = 3};
  type.children.push_back({.name = "item", .type = {.id = TypeId::kInt32}});
  const OwnedValues items = testing::Numbers(Count(6000));
  const auto item_validity = NullEvery(6000, 5);
  PageValues lists = PageOf(items, validity);
  lists.values.shape = testing::ListShape(32, {3});
  lists.values.length = lists.num_rows = 2000;
  lists.values.item_validity = {item_validity.data()};
  const EncodedPage written =
      *WriteMiniBlockPage(lists, *MakeFixedSizeListEncoder(lists.values), std::nullopt, FileVersion::k2_2);
  EXPECT_EQ(CheckPage(MemoryPage(written), *MakeLeafType(type), lists), "");
}

// [0, 10, null, 30, 40] and ["str0", null, "str2", "str3", "str4"] as the reference wrote them.
TEST(MiniBlockPage, WritesTheReferencesBytes) {
  const std::byte validity[] = {std::byte{0b11011}};
  const OwnedValues numbers = testing::Numbers<std::int32_t>({0, 10, 0, 30, 40});
  PageValues page = PageOf(numbers);
  page.validity = validity;
  const std::string values = TextOf(HexBytes("00000000 0A000000 00000000 1E000000 28000000 FEFEFEFE"));
  const std::string levels = TextOf(HexBytes("0000 0000 0100 0000 0000 FEFEFEFEFEFE"));

  const EncodedPage old = *WriteMiniBlockPage(page, *MakeFlatEncoder(page.values), std::nullopt, FileVersion::k2_1);
  EXPECT_EQ(TextOf(old.buffers[0].bytes()), TextOf(HexBytes("5000")));
  EXPECT_EQ(TextOf(old.buffers[1].bytes()), TextOf(HexBytes("0500 0A00 1400 FEFE")) + levels + values);
  const EncodedPage newer = *WriteMiniBlockPage(page, *MakeFlatEncoder(page.values), std::nullopt, FileVersion::k2_2);
  EXPECT_EQ(TextOf(newer.buffers[0].bytes()), TextOf(HexBytes("50000000")));
  EXPECT_EQ(TextOf(newer.buffers[1].bytes()), TextOf(HexBytes("0500 0A00 14000000")) + levels + values);

  const OwnedValues strings({"str0", "", "str2", "str3", "str4"}, false);
  page.values = strings.View();
  const EncodedPage text = *WriteMiniBlockPage(page, *MakeVariableEncoder(page.values), std::nullopt, FileVersion::k2_1);
  const std::string offsets = TextOf(HexBytes("18000000 1C000000 1C000000 20000000 24000000 28000000"));
  EXPECT_EQ(TextOf(text.buffers[1].bytes()), TextOf(HexBytes("0500 0A00 2800 FEFE")) + levels + offsets + "str0str2str3str4");
}

TEST(MiniBlockPage, WritesTheReferencesRuns) {
  const OwnedValues values = testing::Numbers(std::vector<std::int32_t>(6000, 77));
  const PageValues page = PageOf(values);
  const EncodedPage written = *WriteMiniBlockPage(page, *MakeRleEncoder(page.values), std::nullopt, FileVersion::k2_1);
  EXPECT_EQ(TextOf(written.buffers[0].bytes()), TextOf(HexBytes("CC00 5000")));
  const auto runs = [](int count, const char* last) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += TextOf(HexBytes("4D000000"));
    if (count % 2 == 1) bytes += TextOf(HexBytes("FEFEFEFE"));
    return bytes + std::string(static_cast<std::size_t>(count) - 1, '\xFF') + last;
  };
  EXPECT_EQ(TextOf(written.buffers[1].bytes()), TextOf(HexBytes("0000 4400 1100 FEFE")) + runs(17, "\x10") +
                                                    std::string(7, '\xFE') + TextOf(HexBytes("0000 2000 0800 FEFE")) +
                                                    runs(8, "\x77"));
}

// A chunk has at most 65,535 levels, and at least two values.
TEST(MiniBlockPage, RefusesLevelsThatFitIntoNoChunk) {
  constexpr std::uint64_t kGap = 70'000;
  const OwnedValues values = testing::Numbers(Count(3));
  std::vector<std::uint16_t> rep(kGap + 3, 1);
  std::vector<std::uint16_t> def(kGap + 3, 1);
  def.front() = def[kGap + 1] = def.back() = 0;
  PageEntries entries;
  entries.layers = {format::RepDefLayer::kAllValidItem, format::RepDefLayer::kEmptyableList};
  entries.rep = rep;
  entries.def = def;
  entries.count = rep.size();
  entries.max_rep = entries.max_def = 1;
  PageValues page = PageOf(values);
  page.num_rows = rep.size();
  page.entries = &entries;
  const auto written = WriteMiniBlockPage(page, *MakeFlatEncoder(page.values), std::nullopt, FileVersion::k2_2);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kUnsupported);
}

TEST(MiniBlockPage, ReadsThroughADictionary) {
  std::vector<std::string> texts;
  std::vector<std::uint32_t> indices;
  const std::vector<std::string> words{"red", "green", std::string(100, 'b')};
  for (std::uint32_t i = 0; i < 3000; ++i) {
    indices.push_back(i % 5 == 0 ? 0 : i % 3);
    texts.push_back(i % 5 == 0 ? "" : words[i % 3]);
  }
  const OwnedValues strings(texts, false);
  const OwnedValues items(words, false);
  const OwnedValues keys = testing::Numbers(indices);
  const auto validity = NullEvery(3000, 5);
  const PageValues page = PageOf(strings, validity);
  EncodedDictionary dictionary;
  dictionary.num_items = 3;
  dictionary.encoding = MakeVariableEncoder(items.View())->Describe();
  AppendVariableBlock(items.View(), &dictionary.bytes);
  EncodedPage written =
      *WriteMiniBlockPage(page, *MakeInlineBitpackingEncoder(keys.View()), std::move(dictionary), FileVersion::k2_2);
  EXPECT_EQ(CheckPage(MemoryPage(written), Leaf(TypeId::kString), page), "");

  written.layout.num_dictionary_items = 2;  // the third one is now out of range
  const MemoryPage damaged(written);
  const auto reader = damaged.Open(Leaf(TypeId::kString));
  ASSERT_TRUE(reader);
  const auto array = testing::ReadArray(**reader, Leaf(TypeId::kString), {0, 3000});
  ASSERT_FALSE(array);
  EXPECT_EQ(array.error().code, ErrorCode::kCorruption);
}

TEST(MiniBlockPage, ReadsRunsThroughADictionary) {
  const std::vector<std::string> words{"red", "green"};
  std::vector<std::string> texts;
  std::vector<std::uint32_t> indices;
  std::vector<std::byte> validity(BitmapBytes(5000));
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const std::uint32_t run = i / 40 % 3;  // the third kind is null and of no item
    const bool is_valid = run < 2 && i % 100 != 7;
    SetBitTo(validity.data(), i, is_valid);
    indices.push_back(run < 2 ? run : 99);
    texts.push_back(is_valid ? words[run] : "");
  }
  const OwnedValues strings(texts, false), items(words, false), keys = testing::Numbers(indices);
  const PageValues page = PageOf(strings, validity);
  EncodedDictionary dictionary;
  dictionary.num_items = 2;
  dictionary.encoding = MakeVariableEncoder(items.View())->Describe();
  AppendVariableBlock(items.View(), &dictionary.bytes);
  const MemoryPage memory(*WriteMiniBlockPage(page, *MakeRleEncoder(keys.View()), std::move(dictionary), FileVersion::k2_2));
  EXPECT_EQ((*memory.Open(Leaf(TypeId::kString)))->RowsPerRun(), 21u);  // of 40: definition levels take more than runs
  EXPECT_EQ(CheckPage(memory, Leaf(TypeId::kString), page), "");
}

// Item 200 cannot be a key of type int8.
TEST(MiniBlockPage, RefusesKeysThatTheirTypeDoesNotHave) {
  const OwnedValues items(std::vector<std::string>(201, "x"), false);
  const OwnedValues keys = testing::Numbers<std::uint8_t>({0, 127, 200});
  const PageValues page = PageOf(keys);
  EncodedDictionary dictionary;
  dictionary.num_items = 201;
  dictionary.encoding = MakeVariableEncoder(items.View())->Describe();
  AppendVariableBlock(items.View(), &dictionary.bytes);
  const MemoryPage memory(*WriteMiniBlockPage(page, *MakeFlatEncoder(keys.View()), std::move(dictionary), FileVersion::k2_2));
  for (const TypeId key : {TypeId::kUInt8, TypeId::kInt8}) {
    DataType type{.id = TypeId::kDictionary, .key_id = key};
    type.children.push_back({.name = "", .type = {.id = TypeId::kString}});
    const LeafType leaf = *MakeLeafType(type);
    const auto reader = memory.Open(leaf);
    ASSERT_TRUE(reader);
    EXPECT_TRUE(testing::ReadArray(**reader, leaf, {0, 2}));
    const auto array = testing::ReadArray(**reader, leaf, {0, 3});
    ASSERT_EQ(array.has_value(), key == TypeId::kUInt8);
    if (!array) {
      EXPECT_EQ(array.error().code, ErrorCode::kCorruption);
    }
  }
}

ErrorCode OpenCode(const EncodedPage& page, TypeId type) {
  const MemoryPage memory(page);
  const auto reader = memory.Open(Leaf(type));
  return reader ? ErrorCode::kInternal : reader.error().code;
}

TEST(MiniBlockPage, RejectsWrongLayouts) {
  const OwnedValues values = testing::Numbers(Count(3000));
  const PageValues page = PageOf(values);
  const auto write = [&] {
    return *WriteMiniBlockPage(page, *MakeInlineBitpackingEncoder(page.values), std::nullopt, FileVersion::k2_1);
  };
  EXPECT_EQ(OpenCode(write(), TypeId::kInt32), ErrorCode::kInternal);
  EXPECT_EQ(OpenCode(write(), TypeId::kInt64), ErrorCode::kCorruption);
  EXPECT_EQ(OpenCode(write(), TypeId::kString), ErrorCode::kCorruption);
  const auto changed = [&](auto change) {
    EncodedPage damaged = write();
    change(damaged);
    return OpenCode(damaged, TypeId::kInt32);
  };
  EXPECT_EQ(changed([](EncodedPage& p) { p.layout.num_items += 1; }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.num_rows -= 1; }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.layout.num_buffers = 2; }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.layout.value_compression.reset(); }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.buffers.pop_back(); }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.buffers[1].Resize(p.buffers[1].size() - 8); }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.buffers[0].Resize(p.buffers[0].size() - 1); }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.layout.layers = {format::RepDefLayer::kNullableList}; }), ErrorCode::kCorruption);
  EXPECT_EQ(changed([](EncodedPage& p) { p.layout.layers.clear(); }), ErrorCode::kCorruption);
}

// Each byte of the page is set to a few other values: reading may fail or give other rows, but must stay in its buffers.
TEST(MiniBlockPage, SurvivesDamage) {
  const std::byte validity[] = {std::byte{0b11011}};
  const OwnedValues numbers = testing::Numbers<std::int32_t>({0, 10, 0, 30, 40});
  const OwnedValues strings({"str0", "", "str2", "str3", "str4"}, false);
  for (const OwnedValues* values : {&numbers, &strings}) {
    const bool is_text = values == &strings;
    const LeafType leaf = Leaf(is_text ? TypeId::kString : TypeId::kInt32);
    PageValues page = PageOf(*values);
    page.validity = validity;
    const auto encoder = is_text ? MakeVariableEncoder(page.values) : MakeInlineBitpackingEncoder(page.values);
    EncodedPage written = *WriteMiniBlockPage(page, *encoder, std::nullopt, FileVersion::k2_2);
    for (MutableBuffer& buffer : written.buffers) {
      for (std::size_t i = 0; i < buffer.size(); ++i) {
        const std::byte kept = buffer.data()[i];
        for (const unsigned flip : {1u, 0x80u, 0xFFu}) {
          buffer.data()[i] = kept ^ static_cast<std::byte>(flip);
          const MemoryPage damaged(written);
          const auto reader = damaged.Open(leaf);
          if (!reader) continue;
          const auto array = testing::ReadArray(**reader, leaf, {0, 5});
          if (array) {
            EXPECT_EQ(testing::RowTexts(testing::ValuesOf(leaf, *array), {0, 5}).size(), 5u);
          }
        }
        buffer.data()[i] = kept;
      }
    }
  }
}

}  // namespace
}  // namespace lancekit
