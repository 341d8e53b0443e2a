#include "encodings/kernels/fsst_encoder.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace lancekit::kernels {
namespace {

using Strings = std::vector<std::string>;
using Table = std::vector<std::byte>;

template <class Offset>
struct Column {
  explicit Column(const Strings& strings) : offsets{0} {
    for (const std::string& string : strings) {
      for (char c : string) data.push_back(static_cast<std::byte>(c));
      offsets.push_back(static_cast<Offset>(data.size()));
    }
  }
  std::size_t size() const { return offsets.size() - 1; }

  std::vector<std::byte> data;
  std::vector<Offset> offsets;
};

Table TableOf(const FsstEncoder& encoder) {
  Table table(kFsstTableSize, std::byte{0xAA});
  encoder.SerializeTable(table.data());
  return table;
}

// Encodes by each level that this CPU has, with a margin behind the room for it: kernels store by instructions that the address
// sanitizer does not see.
template <class Offset>
std::string DifferenceOfLevels(const FsstEncoder& encoder, const std::byte* data, const Offset* offsets,
                               std::size_t num_strings) {
  constexpr std::byte kUntouched{0x5A};
  const std::size_t room = FsstEncoder::Room(static_cast<std::size_t>(offsets[num_strings] - offsets[0]));
  std::vector<std::byte> expected;
  std::vector<std::uint64_t> expected_ends;
  for (const CpuLevel level : kAllCpuLevels) {
    const KernelTable* const kernels = TableFor(level);
    if (kernels == nullptr) continue;
    std::vector<std::byte> codes(room + 64, kUntouched);
    std::vector<std::uint64_t> ends(num_strings);
    const std::size_t size =
        encoder.CompressRun(data, offsets, num_strings, codes.data(), std::uint64_t{7}, ends.data(), *kernels);
    const std::string of_level = " at level " + std::to_string(static_cast<int>(level));
    if (size > room) return "too many codes" + of_level;
    for (std::size_t i = room; i < codes.size(); ++i) {
      if (codes[i] != kUntouched) return "writes behind its room" + of_level;
    }
    codes.resize(size);
    if (level == CpuLevel::kBaseline) {
      expected = codes;
      expected_ends = ends;
    }
    if (ends != expected_ends) return "other ends" + of_level;
    if (codes != expected) return "other codes" + of_level;
  }
  return "";
}

// Trains, encodes and decodes in blocks of exact size; returns the encoded size.
template <class Offset, class CodeOffset, class OutOffset>
std::size_t RoundTrip(const Strings& strings) {
  const Column<Offset> column(strings);
  const FsstEncoder encoder = FsstEncoder::Train(column.data.data(), column.offsets.data(), column.size());
  std::vector<std::byte> codes(FsstEncoder::Room(column.data.size()));
  std::vector<CodeOffset> code_offsets(column.size() + 1);
  const std::size_t code_size = encoder.CompressRun(column.data.data(), column.offsets.data(), column.size(), codes.data(),
                                                    CodeOffset{0}, code_offsets.data() + 1);
  EXPECT_EQ(code_size, code_offsets.back());
  EXPECT_EQ(DifferenceOfLevels(encoder, column.data.data(), column.offsets.data(), column.size()), "");
  codes.resize(code_size);

  FsstDecoder decoder;
  bool compressed = false;
  EXPECT_TRUE(ParseFsstTable(TableOf(encoder), &decoder, &compressed));
  EXPECT_TRUE(compressed);
  std::vector<std::byte> out(FsstDecodeRoom(code_size));
  std::vector<OutOffset> ends(column.size());
  EXPECT_TRUE(FsstDecodeRun(decoder, codes.data(), code_offsets.data(), column.size(), out.data(), OutOffset{0}, ends.data()));
  for (std::size_t i = 0; i < column.size(); ++i) EXPECT_EQ(ends[i], static_cast<OutOffset>(column.offsets[i + 1])) << i;
  out.resize(column.data.size());
  EXPECT_EQ(out, column.data);

  for (std::size_t i = 0; i < std::min<std::size_t>(column.size(), 100); ++i) {
    const std::vector<std::byte> in(column.data.begin() + static_cast<std::ptrdiff_t>(column.offsets[i]),
                                    column.data.begin() + static_cast<std::ptrdiff_t>(column.offsets[i + 1]));
    std::vector<std::byte> one(FsstEncoder::Room(in.size()));
    one.resize(encoder.Compress(in.data(), in.size(), one.data()));
    const std::vector<std::byte> expected(codes.begin() + static_cast<std::ptrdiff_t>(code_offsets[i]),
                                          codes.begin() + static_cast<std::ptrdiff_t>(code_offsets[i + 1]));
    EXPECT_EQ(one, expected) << i;
  }
  return code_size;
}

std::size_t RoundTrip(const Strings& strings) { return RoundTrip<std::int32_t, std::uint32_t, std::int32_t>(strings); }

std::size_t TotalSize(const Strings& strings) {
  std::size_t size = 0;
  for (const std::string& string : strings) size += string.size();
  return size;
}

Strings RandomStrings(std::size_t count, unsigned max_size, unsigned alphabet, std::mt19937& random) {
  Strings strings(count);
  for (std::string& string : strings) {
    string.resize(random() % (max_size + 1));
    for (char& c : string) c = static_cast<char>(random() % alphabet);
  }
  return strings;
}

Strings Sentences(std::size_t count) {
  const Strings words = {"special ", "requests ", "the ", "quickly ", "furiously ", "deposits ", "sleep ", "packages ", "final "};
  std::mt19937 random(4);
  Strings strings(count);
  for (std::string& string : strings) {
    for (unsigned i = random() % 8; i > 0; --i) string += words[random() % words.size()];
  }
  return strings;
}

TEST(FsstEncoder, RoundTripsDegenerateStrings) {
  EXPECT_EQ(RoundTrip({}), 0U);
  EXPECT_EQ(RoundTrip({""}), 0U);
  EXPECT_EQ(RoundTrip({"", "", ""}), 0U);
  RoundTrip({"a"});
  RoundTrip({"", "abc", ""});
  RoundTrip({std::string(40, '\0')});
  RoundTrip({std::string(9, '\0'), "x", std::string(8, '\0'), std::string(1, '\0')});
  RoundTrip({std::string(100, '\xff'), std::string("a\0b\0", 4), "a"});
  RoundTrip(Strings(5000, std::string(3, '\0')));
  EXPECT_LE(RoundTrip({std::string(80000, 'x')}), 10003U);
}

TEST(FsstEncoder, RoundTripsRandomStrings) {
  std::mt19937 random(1);
  for (unsigned alphabet : {1U, 2U, 5U, 30U, 256U}) {
    for (unsigned max_size : {1U, 3U, 12U, 200U, 3000U}) {
      const Strings strings = RandomStrings(90000 / max_size / 4 + 3, max_size, alphabet, random);
      EXPECT_LE(RoundTrip(strings), 2 * TotalSize(strings));
    }
  }
}

// Symbols of one sample in texts of another, so that runs of long symbols and runs of escapes meet.
TEST(FsstEncoder, LevelsEncodeForeignStringsAlike) {
  std::mt19937 random(11);
  const Column<std::int32_t> sample(Sentences(4000));
  const FsstEncoder encoder = FsstEncoder::Train(sample.data.data(), sample.offsets.data(), sample.size());
  const Strings sentences = Sentences(4000);
  for (const unsigned foreign : {0U, 3U, 50U, 97U, 100U}) {
    for (const unsigned max_size : {1U, 2U, 9U, 60U, 900U, 5000U, 70000U}) {
      Strings strings;
      for (std::size_t size = 0; size < 120'000 && strings.size() < 5000; size += strings.back().size()) {
        const std::size_t most = random() % 5 == 0 ? 0 : random() % (max_size + 1);
        std::string& string = strings.emplace_back();
        while (string.size() < most) {
          random() % 100 < foreign ? string += static_cast<char>(random()) : string += sentences[random() % sentences.size()];
        }
        string.resize(most);
      }
      const Column<std::int64_t> column(strings);
      EXPECT_EQ(DifferenceOfLevels(encoder, column.data.data(), column.offsets.data(), column.size()), "")
          << foreign << " " << max_size;
    }
  }
}

// From none to several shares of strings, all of one length.
TEST(FsstEncoder, LevelsEncodeAnyNumberOfStringsAlike) {
  for (const std::size_t length : {1U, 7U, 300U, 1000U}) {
    std::string text;
    while (text.size() < length) text += "special requests ";
    const Column<std::uint32_t> column(Strings(std::min<std::size_t>(3000, 150'000 / length), text.substr(text.size() - length)));
    const FsstEncoder encoder = FsstEncoder::Train(column.data.data(), column.offsets.data(), column.size());
    for (std::size_t count = 0; count < column.size(); count += 1 + count / 3) {
      ASSERT_EQ(DifferenceOfLevels(encoder, column.data.data(), column.offsets.data() + 1, count), "") << length << " " << count;
    }
  }
}

// The page behind the text cannot be read.
TEST(FsstEncoder, ReadsNothingBehindTheText) {
  const std::size_t page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t size = 32 * page;
  auto* const memory = static_cast<std::byte*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(static_cast<void*>(memory), MAP_FAILED);
  ASSERT_EQ(::mprotect(memory + size - page, page, PROT_NONE), 0);
  for (const std::size_t length : {1U, 30U, 999U}) {
    std::vector<std::int32_t> offsets{0};
    while (static_cast<std::size_t>(offsets.back()) + length < size - page) {
      offsets.push_back(offsets.back() + static_cast<std::int32_t>(length));
    }
    std::byte* const text = memory + size - page - offsets.back();
    for (std::int32_t i = 0; i < offsets.back(); ++i) text[i] = static_cast<std::byte>("the final packages"[i % 18]);
    const FsstEncoder encoder = FsstEncoder::Train(text, offsets.data(), offsets.size() - 1);
    EXPECT_EQ(DifferenceOfLevels(encoder, text, offsets.data(), offsets.size() - 1), "") << length;
  }
  ::munmap(memory, size);
}

// Words that the table cannot have seen, so that every byte is an escape.
TEST(FsstEncoder, UnseenBytesAreEscapes) {
  const Column<std::int64_t> column(Strings(100, "abcabcabc"));
  const FsstEncoder encoder = FsstEncoder::Train(column.data.data(), column.offsets.data(), column.size());
  const std::string unseen = "0123456789";
  std::vector<std::byte> codes(FsstEncoder::Room(unseen.size()));
  codes.resize(encoder.Compress(reinterpret_cast<const std::byte*>(unseen.data()), unseen.size(), codes.data()));
  ASSERT_EQ(codes.size(), 2 * unseen.size());
  for (std::size_t i = 0; i < codes.size(); i += 2) EXPECT_EQ(codes[i], std::byte{kFsstEscape});
}

TEST(FsstEncoder, EveryOffsetTypeRoundTrips) {
  const Strings strings = Sentences(3000);
  const std::size_t size = RoundTrip(strings);
  EXPECT_EQ((RoundTrip<std::int64_t, std::uint64_t, std::int64_t>(strings)), size);
  EXPECT_EQ((RoundTrip<std::uint32_t, std::uint32_t, std::int64_t>(strings)), size);
  EXPECT_EQ((RoundTrip<std::uint64_t, std::uint64_t, std::int32_t>(strings)), size);
}

TEST(FsstEncoder, TheSameStringsGiveTheSameTable) {
  const Strings strings = Sentences(5000);
  const Column<std::int32_t> column(strings);
  const Column<std::uint64_t> other(strings);
  const Table table = TableOf(FsstEncoder::Train(column.data.data(), column.offsets.data(), column.size()));
  EXPECT_EQ(TableOf(FsstEncoder::Train(column.data.data(), column.offsets.data(), column.size())), table);
  EXPECT_EQ(TableOf(FsstEncoder::Train(other.data.data(), other.offsets.data(), other.size())), table);
}

// A slice whose first offset is not 0 trains and encodes like its copy.
TEST(FsstEncoder, SlicesEqualTheirCopies) {
  const Strings strings = Sentences(8000);
  const Column<std::int32_t> whole(strings);
  const Column<std::int32_t> copy(Strings(strings.begin() + 1000, strings.end()));
  const FsstEncoder from_slice = FsstEncoder::Train(whole.data.data(), whole.offsets.data() + 1000, copy.size());
  const FsstEncoder from_copy = FsstEncoder::Train(copy.data.data(), copy.offsets.data(), copy.size());
  EXPECT_EQ(TableOf(from_slice), TableOf(from_copy));
}

TEST(FsstEncoder, CompressesText) {
  const Strings sentences = Sentences(20000);
  EXPECT_LT(RoundTrip(sentences) * 6, TotalSize(sentences));
  Strings urls;
  for (int i = 0; i < 5000; ++i) urls.push_back("https://www.example.com/item/view?id=" + std::to_string(i * 7919 % 100000));
  EXPECT_LT(RoundTrip(urls) * 4, TotalSize(urls));
}

// The smallest of three files that the reference (pylance 14) wrote of the same strings.
TEST(FsstEncoder, IsNotBehindTheReferenceOnCityNames) {
  std::ifstream file("../shared/data/zipcodes.csv");
  if (!file) GTEST_SKIP() << "no data";
  Strings cities;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::size_t begin = 0;
    for (int comma = 0; comma < 3; ++comma) begin = line.find(',', begin) + 1;
    cities.push_back(line.substr(begin, line.find(',', begin) - begin));
  }
  constexpr std::size_t kReferenceSize = 215835;
  ASSERT_EQ(TotalSize(cities), 361086U);
  EXPECT_LE(RoundTrip(cities), kReferenceSize);
}

}  // namespace
}  // namespace lancekit::kernels
