#include "index/packed_ids.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "index/walk.h"

namespace lancekit::index {
namespace {

/// Bytes that end where nothing can be read any more.
class AtPageEnd {
 public:
  explicit AtPageEnd(Bytes bytes) {
    constexpr std::size_t kPage = 4096;
    size_ = (bytes.size() + kPage - 1) / kPage * kPage + kPage;
    memory_ = static_cast<std::byte*>(::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::mprotect(memory_ + size_ - kPage, kPage, PROT_NONE);
    at_ = memory_ + size_ - kPage - bytes.size();
    std::memcpy(at_, bytes.data(), bytes.size());
  }
  ~AtPageEnd() { ::munmap(memory_, size_); }
  const std::byte* data() const { return at_; }

 private:
  std::byte* memory_ = nullptr;
  std::byte* at_ = nullptr;
  std::size_t size_ = 0;
};

TEST(PackedIds, BitsForTheLargest) {
  const std::pair<std::uint64_t, std::uint32_t> kCases[] = {{0, 1},       {1, 1},       {2, 1},         {3, 2},
                                                            {65'536, 16}, {65'537, 17}, {1u << 31, 31}, {(1ull << 31) + 1, 32}};
  for (const auto& [num_ids, bits] : kCases) EXPECT_EQ(BitsFor(num_ids), bits) << num_ids;
}

TEST(PackedIds, ArraysOfAllWidths) {
  std::mt19937 random(1);
  constexpr std::byte kPadding[kPackedPadding] = {};
  for (const std::uint64_t end : {2ull, 100ull, 32'768ull, 65'536ull, 65'537ull, 1ull << 31}) {
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < 300; ++i) ids.push_back(static_cast<std::uint32_t>(random() % end));
    ids.push_back(static_cast<std::uint32_t>(end - 1));
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
    MutableBuffer packed;
    AppendPacked(ids, BitsFor(end), &packed);
    packed.Append({kPadding, kPackedPadding});
    const auto size = static_cast<std::uint32_t>(ids.size());
    ASSERT_EQ(packed.bytes().size(), IdArray::Bytes(size, end));
    const AtPageEnd memory(packed.bytes());
    const IdArray array(memory.data(), size, end);
    for (std::uint32_t i = 0; i < size; ++i) {
      EXPECT_EQ(array[i], ids[i]);
      EXPECT_EQ(array.Find(ids[i]), i);
    }
    EXPECT_TRUE(array.Check(end).ok());
    EXPECT_FALSE(array.Check(end - 1).ok());
    EXPECT_EQ(array.Find(static_cast<std::uint32_t>(end)).has_value(), false);
  }
  const std::uint32_t kTwice[] = {3, 3};
  MutableBuffer packed;
  AppendPacked(kTwice, BitsFor(10), &packed);
  packed.Append({kPadding, kPackedPadding});
  EXPECT_FALSE(IdArray(packed.bytes().data(), 2, 10).Check(10).ok());
}

TEST(PackedIds, ListsOfAllWidthsAndSizes) {
  std::mt19937 random(2);
  constexpr std::byte kPadding[kPackedPadding] = {};
  for (const std::uint32_t num_lists : {1u, 2u, 5u, 300u, 65'536u, 70'000u}) {
    for (const std::uint32_t capacity : {1u, 16u, 32u, 254u}) {
      std::vector<std::vector<std::uint32_t>> lists(num_lists);
      MutableBuffer packed;
      for (auto& list : lists) {
        list.resize(random() % (capacity + 1));
        for (std::uint32_t& id : list) id = static_cast<std::uint32_t>(random() % num_lists);
        ListRows::Append(list, num_lists, capacity, &packed);
      }
      packed.Append({kPadding, kPackedPadding});
      ASSERT_EQ(packed.bytes().size(), ListRows::Bytes(num_lists, capacity));
      const AtPageEnd memory(packed.bytes());
      const ListRows rows(memory.data(), num_lists, capacity);
      ASSERT_TRUE(rows.Check().ok());
      std::uint32_t ids[kMaxDegree];
      for (std::uint32_t list = 0; list < num_lists; ++list) {
        const std::size_t count = rows.Get(list, ids);
        ASSERT_EQ(std::vector<std::uint32_t>(ids, ids + count), lists[list]);
      }
    }
  }
}

}  // namespace
}  // namespace lancekit::index
