#include "format/encoding.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "format/test_files.h"

namespace lancekit::format {
namespace {

PageLayout ParseOk(const std::string& message) {
  auto layout = ParsePageLayout(BytesOf(message));
  EXPECT_TRUE(layout) << layout.error().describe();
  return layout ? *std::move(layout) : PageLayout{};
}

void ExpectCorrupt(const std::string& message, const std::string& part) {
  const auto layout = ParsePageLayout(BytesOf(message));
  ASSERT_FALSE(layout) << part;
  EXPECT_EQ(layout.error().code, ErrorCode::kCorruption);
  EXPECT_NE(layout.error().message.find(part), std::string::npos) << layout.error().message;
}

Encoding Flat(std::uint64_t bits) { return {.id = EncodingId::kFlat, .bits = bits}; }

/// A full-zip page with this value encoding, through the wire and back.
Encoding RoundTrip(Encoding encoding) {
  PageLayout layout;
  layout.id = LayoutId::kFullZip;
  layout.value_compression = std::move(encoding);
  const std::string message = SerializePageLayout(layout);
  PageLayout parsed = ParseOk(message);
  EXPECT_EQ(SerializePageLayout(parsed), message);
  return parsed.value_compression.value_or(Encoding{});
}

TEST(PageLayout, MiniBlockVector) {
  const std::string message = FromHex("0a 13 12 04 0a 02 08 10 1a 04 0a 02 08 20 32 01 03 38 01 48 03");
  const PageLayout layout = ParseOk(message);
  EXPECT_EQ(layout.id, LayoutId::kMiniBlock);
  EXPECT_FALSE(layout.rep_compression);
  ASSERT_TRUE(layout.def_compression && layout.value_compression);
  EXPECT_EQ(layout.def_compression->id, EncodingId::kFlat);
  EXPECT_EQ(layout.def_compression->bits, 16u);
  EXPECT_EQ(layout.value_compression->bits, 32u);
  EXPECT_EQ(layout.layers, std::vector{RepDefLayer::kNullableItem});
  EXPECT_EQ(layout.num_buffers, 1u);
  EXPECT_EQ(layout.num_items, 3u);
  EXPECT_EQ(SerializePageLayout(layout), message);
}

TEST(PageLayout, FullZipVectorWithFixedSizeList) {
  const std::string message = FromHex("1A 17 10 01 18 08 28 03 30 03 3A 0A 5A 08 08 02 12 02 1A 00 18 01 42 01 03");
  const PageLayout layout = ParseOk(message);
  EXPECT_EQ(layout.id, LayoutId::kFullZip);
  EXPECT_EQ(layout.bits_def, 1u);
  EXPECT_EQ(layout.bits_per_value, 8u);
  EXPECT_EQ(layout.num_items, 3u);
  EXPECT_EQ(layout.num_visible_items, 3u);
  ASSERT_TRUE(layout.value_compression);
  EXPECT_EQ(layout.value_compression->id, EncodingId::kFixedSizeList);
  EXPECT_EQ(layout.value_compression->bits, 2u);
  EXPECT_TRUE(layout.value_compression->has_validity);
  ASSERT_EQ(layout.value_compression->children.size(), 1u);
  EXPECT_EQ(layout.value_compression->children[0].id, EncodingId::kConstant);
  EXPECT_FALSE(layout.value_compression->children[0].has_value);
  EXPECT_EQ(SerializePageLayout(layout), message);
}

TEST(PageLayout, ConstantTellsAnEmptyValueFromNone) {
  const PageLayout empty = ParseOk(FromHex("12 05 2a 01 01 32 00"));
  EXPECT_TRUE(empty.has_inline_value);
  EXPECT_TRUE(empty.inline_value.empty());
  EXPECT_EQ(SerializePageLayout(empty), FromHex("12 05 2a 01 01 32 00"));
  EXPECT_FALSE(ParseOk(FromHex("12 03 2a 01 01")).has_inline_value);
  const PageLayout number = ParseOk(FromHex("12 09 2a 01 01 32 04 4d 00 00 00"));
  EXPECT_EQ(number.inline_value.size(), 4u);
}

TEST(PageLayout, BlobHoldsAnInnerLayout) {
  const std::string message = FromHex("22 14 0a 0f 0a 0d 1a 04 0a 02 08 20 32 01 01 38 01 48 03 12 01 03");
  const PageLayout layout = ParseOk(message);
  EXPECT_EQ(layout.layers, std::vector{RepDefLayer::kNullableItem});
  ASSERT_NE(layout.inner, nullptr);
  EXPECT_EQ(layout.inner->id, LayoutId::kMiniBlock);
  EXPECT_EQ(layout.inner->num_items, 3u);
  EXPECT_EQ(SerializePageLayout(layout), message);
  ExpectCorrupt(FromHex("22 03 12 01 03"), "the inner layout is missing");
}

TEST(Encoding, EveryKindGoesThereAndBack) {
  Encoding rle{.id = EncodingId::kRle, .children = {Flat(32), Flat(8)}};
  const Encoding rle_again = RoundTrip(rle);
  ASSERT_EQ(rle_again.children.size(), 2u);
  EXPECT_EQ(rle_again.children[0].bits, 32u);
  EXPECT_EQ(rle_again.children[1].bits, 8u);

  const BufferCompression zstd{CompressionScheme::kZstd, -3};
  const Encoding general = RoundTrip({.id = EncodingId::kGeneral, .compression = zstd, .children = {rle}});
  EXPECT_EQ(general.compression->scheme, CompressionScheme::kZstd);
  EXPECT_EQ(general.compression->level, -3);
  EXPECT_EQ(general.children.at(0).id, EncodingId::kRle);

  const Encoding variable{.id = EncodingId::kVariable, .children = {Flat(32)}};
  const Encoding fsst = RoundTrip({.id = EncodingId::kFsst, .table = {std::byte{7}, std::byte{0}}, .children = {variable}});
  EXPECT_EQ(fsst.table.size(), 2u);
  EXPECT_EQ(fsst.children.at(0).children.at(0).bits, 32u);

  const Encoding dictionary =
      RoundTrip({.id = EncodingId::kDictionary, .num_dictionary_items = 9, .children = {Flat(8), variable}});
  EXPECT_EQ(dictionary.num_dictionary_items, 9u);
  EXPECT_EQ(dictionary.children.at(1).id, EncodingId::kVariable);

  const Encoding packed = RoundTrip({.id = EncodingId::kPackedStruct, .children = {Flat(96)}, .child_bits = {32, 64}});
  EXPECT_EQ(packed.child_bits, (std::vector<std::uint64_t>{32, 64}));

  const Encoding fields = RoundTrip({.id = EncodingId::kVariablePackedStruct,
                                     .children = {Flat(8), variable, Flat(1)},
                                     .child_bits = {8, 32, 0},
                                     .child_is_variable = {false, true, false}});
  EXPECT_EQ(fields.children.size(), 3u);
  EXPECT_EQ(fields.child_bits, (std::vector<std::uint64_t>{8, 32, 0}));
  EXPECT_EQ(fields.child_is_variable, (std::vector<bool>{false, true, false}));

  const Encoding packing = RoundTrip({.id = EncodingId::kOutOfLineBitpacking, .bits = 64, .children = {Flat(13)}});
  EXPECT_EQ(packing.bits, 64u);
  EXPECT_EQ(packing.children.at(0).bits, 13u);
  EXPECT_EQ(RoundTrip({.id = EncodingId::kInlineBitpacking, .bits = 16}).bits, 16u);
  EXPECT_EQ(RoundTrip({.id = EncodingId::kByteStreamSplit, .children = {Flat(64)}}).children.at(0).bits, 64u);
  EXPECT_TRUE(RoundTrip({.id = EncodingId::kConstant, .has_value = true}).has_value);
  EXPECT_EQ(RoundTrip({.id = EncodingId::kFlat, .bits = 8, .compression = zstd}).compression->level, -3);
}

TEST(Encoding, UnknownMembersKeepTheirNumber) {
  const PageLayout layout = ParseOk(FromHex("1a 06 3a 04 72 02 08 01"));
  ASSERT_TRUE(layout.value_compression);
  EXPECT_EQ(static_cast<std::uint32_t>(layout.value_compression->id), 14u);
  EXPECT_EQ(EncodingName(layout.value_compression->id), "unknown encoding 14");
  EXPECT_EQ(ParseOk(FromHex("2a 00")).id, LayoutId::kSparse);
  EXPECT_EQ(static_cast<std::uint32_t>(ParseOk(FromHex("4a 02 08 01")).id), 9u);
  EXPECT_EQ(ParseOk("").id, LayoutId::kNone);
  EXPECT_EQ(EncodingName(EncodingId::kInlineBitpacking), "inline_bitpacking");
}

TEST(Encoding, RejectsMissingParts) {
  ExpectCorrupt(FromHex("1a 04 3a 02 42 00"), "rle: an inner encoding is missing");
  ExpectCorrupt(FromHex("1a 08 3a 06 42 04 0a 02 0a 00"), "rle: an inner encoding is missing");
  ExpectCorrupt(FromHex("1a 08 3a 06 52 04 1a 02 0a 00"), "general: the compression is missing");
  ExpectCorrupt(FromHex("1a 06 3a 04 6a 02 0a 00"), "variable_packed_struct");
  ExpectCorrupt(FromHex("0a 03 32 01 07"), "unknown kind 7");
  ExpectCorrupt(FromHex("0a 02 30 00"), "unknown kind 0");
}

TEST(Encoding, LimitsNesting) {
  Encoding encoding = Flat(8);
  PageLayout layout;
  layout.id = LayoutId::kMiniBlock;
  for (int depth = 1; depth < kMaxEncodingDepth; ++depth) {
    encoding = Encoding{.id = EncodingId::kByteStreamSplit, .children = {encoding}};
  }
  layout.value_compression = encoding;
  EXPECT_EQ(ParseOk(SerializePageLayout(layout)).id, LayoutId::kMiniBlock);
  layout.value_compression = Encoding{.id = EncodingId::kByteStreamSplit, .children = {encoding}};
  ExpectCorrupt(SerializePageLayout(layout), "nest deeper");
  std::string blobs = FromHex("0a 00");
  for (int depth = 0; depth < 100; ++depth) {
    std::string blob, outer;
    pbf_writer(blob).add_message(1, blobs);
    pbf_writer(outer).add_message(4, blob);
    blobs = outer;
  }
  ExpectCorrupt(blobs, "nest deeper");
}

TEST(PageLayout, DamageNeverCrashes) {
  Encoding tree{.id = EncodingId::kGeneral, .compression = BufferCompression{CompressionScheme::kLz4, 1}, .children = {Flat(8)}};
  tree = {.id = EncodingId::kVariablePackedStruct,
          .children = {tree, {.id = EncodingId::kFsst, .table = {std::byte{1}}, .children = {tree}}},
          .child_bits = {8, 32},
          .child_is_variable = {false, true}};
  PageLayout layout;
  layout.id = LayoutId::kMiniBlock;
  layout.layers = {RepDefLayer::kNullableItem};
  layout.value_compression = tree;
  layout.dictionary = Encoding{.id = EncodingId::kPackedStruct, .children = {tree}, .child_bits = {1, 2}};
  const std::string message = SerializePageLayout(layout);
  std::size_t num_refused = 0;
  for (std::size_t size = 1; size < message.size(); ++size) {
    const std::string cut = message.substr(0, size);
    EXPECT_FALSE(ParsePageLayout(BytesOf(cut))) << size;
  }
  for (std::size_t at = 0; at < message.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = message;
      damaged[at] = static_cast<char>(value);
      auto parsed = ParsePageLayout(BytesOf(damaged));
      if (!parsed) {
        ++num_refused;
      } else {
        const std::string again = SerializePageLayout(*parsed);
        EXPECT_TRUE(ParsePageLayout(BytesOf(again)));
      }
    }
  }
  EXPECT_GT(num_refused, 1000u);
}

}  // namespace
}  // namespace lancekit::format
