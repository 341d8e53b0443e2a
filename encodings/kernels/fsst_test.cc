#include "encodings/kernels/fsst.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace lancekit::kernels {
namespace {

using Table = std::vector<std::byte>;

Table MakeTable(const std::vector<std::string>& symbols) {
  Table table(kFsstTableSize);
  table[0] = static_cast<std::byte>(symbols.size());
  table[3] = std::byte{1};
  std::memcpy(table.data() + 4, "TSSF", 4);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    std::memcpy(table.data() + 8 + 8 * i, symbols[i].data(), symbols[i].size());
    table[8 + 8 * symbols.size() + i] = static_cast<std::byte>(symbols[i].size());
  }
  return table;
}

FsstDecoder MakeDecoder(const std::vector<std::string>& symbols) {
  FsstDecoder decoder;
  bool compressed = false;
  EXPECT_TRUE(ParseFsstTable(MakeTable(symbols), &decoder, &compressed));
  EXPECT_TRUE(compressed);
  return decoder;
}

const std::byte* AsBytes(std::string_view text) { return reinterpret_cast<const std::byte*>(text.data()); }

// Byte by byte, straight from the definition; nullopt after a trailing escape.
std::optional<std::string> NaiveDecode(const FsstDecoder& decoder, std::string_view codes) {
  std::string decoded;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto code = static_cast<std::uint8_t>(codes[i]);
    if (code == kFsstEscape) {
      if (++i == codes.size()) return std::nullopt;
      decoded += codes[i];
    } else {
      decoded.append(reinterpret_cast<const char*>(&decoder.symbols[code]), decoder.lengths[code]);
    }
  }
  return decoded;
}

// The output is a heap block of the documented room, so that the address sanitizer sees a byte too much.
std::optional<std::string> Decode(const FsstDecoder& decoder, std::string_view codes) {
  const std::vector<std::byte> in(AsBytes(codes), AsBytes(codes) + codes.size());
  std::vector<std::byte> out(FsstDecodeRoom(in.size()));
  const std::optional<std::size_t> size = FsstDecode(decoder, in.data(), in.size(), out.data());
  if (!size) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(out.data()), *size);
}

template <class InOffset, class OutOffset>
std::optional<std::vector<std::string>> DecodeRun(const FsstDecoder& decoder, const std::vector<std::string>& strings) {
  constexpr OutOffset kBase = 100;
  std::vector<std::byte> in(5);  // the run does not begin at the start of the buffer
  std::vector<InOffset> offsets = {5};
  for (const std::string& string : strings) {
    in.insert(in.end(), AsBytes(string), AsBytes(string) + string.size());
    offsets.push_back(static_cast<InOffset>(in.size()));
  }
  std::vector<std::byte> out(FsstDecodeRoom(in.size() - 5));
  std::vector<OutOffset> ends(strings.size());
  if (!FsstDecodeRun<InOffset, OutOffset>(decoder, in.data(), offsets.data(), strings.size(), out.data(), kBase, ends.data())) {
    return std::nullopt;
  }
  std::vector<std::string> decoded;
  OutOffset begin = kBase;
  for (OutOffset end : ends) {
    decoded.emplace_back(reinterpret_cast<const char*>(out.data()) + (begin - kBase), static_cast<std::size_t>(end - begin));
    begin = end;
  }
  return decoded;
}

// Symbols of every length; random codes with about one escape in `escape_rarity`.
const std::vector<std::string> kSymbols = {
    "a", "bc", "def", "ghij", "klmno", "pqrstu", "vwxyz01", "23456789", std::string(3, '\0')};
std::string RandomCodes(std::size_t size, unsigned escape_rarity, std::mt19937& random) {
  std::string codes;
  while (codes.size() < size) {
    if (codes.size() + 2 <= size && random() % escape_rarity == 0) {
      codes += '\xff';
      codes += static_cast<char>(random() % 4 == 0 ? 0xff : random());
    } else {
      codes += static_cast<char>(random() % kSymbols.size());
    }
  }
  return codes;
}

TEST(FsstTable, DecodesTheHandMadeTableThatTheReferenceReads) {
  const FsstDecoder decoder = MakeDecoder({"user", "abc"});
  EXPECT_EQ(Decode(decoder, {"\x00\xff\x37", 3}), "user7");
  EXPECT_EQ(Decode(decoder, "\x01\xff\x41"), "abcA");
}

TEST(FsstTable, Rejects) {
  FsstDecoder decoder;
  bool compressed = false;
  const Table good = MakeTable(kSymbols);
  EXPECT_FALSE(ParseFsstTable(Bytes(good).first(kFsstTableSize - 1), &decoder, &compressed));
  EXPECT_FALSE(ParseFsstTable({}, &decoder, &compressed));
  Table longer = good;
  longer.push_back({});
  EXPECT_FALSE(ParseFsstTable(longer, &decoder, &compressed));
  for (std::size_t i = 4; i < 8; ++i) {
    Table bad = good;
    bad[i] ^= std::byte{1};
    EXPECT_FALSE(ParseFsstTable(bad, &decoder, &compressed)) << i;
  }
  for (int length : {0, 9, 255}) {
    Table bad = good;
    bad[8 + 9 * kSymbols.size() - 1] = static_cast<std::byte>(length);
    EXPECT_FALSE(ParseFsstTable(bad, &decoder, &compressed)) << length;
  }
  Table more = good;
  more[0] = std::byte{255};  // symbols without a length
  EXPECT_FALSE(ParseFsstTable(more, &decoder, &compressed));
}

TEST(FsstTable, AcceptsNoSymbolsAndUnchangedValues) {
  Table table = MakeTable({});
  table[3] = std::byte{0};
  FsstDecoder decoder;
  bool compressed = true;
  ASSERT_TRUE(ParseFsstTable(table, &decoder, &compressed));
  EXPECT_FALSE(compressed);
  EXPECT_EQ(Decode(decoder, "\xff\x41\xff\x42"), "AB");
}

TEST(FsstDecode, EqualsTheDefinition) {
  const FsstDecoder decoder = MakeDecoder(kSymbols);
  std::mt19937 random(1);
  for (unsigned escape_rarity : {1U, 2U, 9U, 1000U}) {
    for (std::size_t size = 0; size < 200; ++size) {
      const std::string codes = RandomCodes(size, escape_rarity, random);
      ASSERT_EQ(Decode(decoder, codes), NaiveDecode(decoder, codes)) << size;
    }
  }
}

// Any bytes: codes without a symbol, trailing escapes.
TEST(FsstDecode, HostileBytesEqualTheDefinition) {
  const FsstDecoder decoder = MakeDecoder(kSymbols);
  std::mt19937 random(2);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string codes(size, '\0');
    for (char& code : codes) code = static_cast<char>(random() % 4 == 0 ? 0xff : random());
    ASSERT_EQ(Decode(decoder, codes), NaiveDecode(decoder, codes)) << size;
  }
  for (std::size_t size = 1; size < 40; ++size) EXPECT_EQ(Decode(decoder, std::string(size, '\xff')).has_value(), size % 2 == 0);
}

TEST(FsstDecodeRun, GivesTheEndOfEveryString) {
  const FsstDecoder decoder = MakeDecoder(kSymbols);
  std::mt19937 random(3);
  for (std::size_t max_size : {1U, 10U, 40U, 5000U}) {
    for (unsigned escape_rarity : {1U, 5U, 1000U}) {
      std::vector<std::string> strings, expected;
      for (int i = 0; i < 700; ++i) {
        strings.push_back(RandomCodes(random() % (max_size + 1), escape_rarity, random));
        expected.push_back(*NaiveDecode(decoder, strings.back()));
      }
      EXPECT_EQ((DecodeRun<std::uint32_t, std::int32_t>(decoder, strings)), expected);
      EXPECT_EQ((DecodeRun<std::uint64_t, std::int64_t>(decoder, strings)), expected);
    }
  }
  EXPECT_EQ((DecodeRun<std::uint32_t, std::int64_t>(decoder, {})), std::vector<std::string>());
  EXPECT_EQ((DecodeRun<std::uint64_t, std::int32_t>(decoder, {"", "", ""})), std::vector<std::string>(3));
}

TEST(FsstDecodeRun, RejectsAnEscapeAtTheEndOfAString) {
  const FsstDecoder decoder = MakeDecoder(kSymbols);
  for (std::size_t before : {0U, 3U, 7U, 8U, 1023U, 1024U, 3000U}) {
    const std::string bad = std::string(before, '\1') + '\xff';
    EXPECT_FALSE((DecodeRun<std::uint32_t, std::int32_t>(decoder, {bad}))) << before;
    EXPECT_FALSE((DecodeRun<std::uint32_t, std::int32_t>(decoder, {bad, "\1\1\1"}))) << before;
    EXPECT_FALSE((DecodeRun<std::uint32_t, std::int32_t>(decoder, {"\1", bad, ""}))) << before;
  }
}

}  // namespace
}  // namespace lancekit::kernels
