// The portable serialization of 32-bit Roaring bitmaps: a header with the upper 16 bits and the count of each container, then
// the containers, each in one of three forms.
#include <bit>

#include "format/deletion.h"

namespace lancekit::format {
namespace {

constexpr std::uint32_t kCookieWithoutRuns = 12346;
constexpr std::uint32_t kCookieWithRuns = 12347;  // in the lower 16 bits; the upper ones hold the number of containers - 1
constexpr std::uint32_t kMaxContainers = 1 << 16;
constexpr std::uint32_t kMaxArrayCount = 4096;  // containers with more values are bitmaps
constexpr std::uint32_t kNoPositionsBelow = 4;  // so few containers have no table of positions where runs may occur
constexpr std::size_t kBitmapWords = (1 << 16) / 64;

struct Container {
  std::uint32_t first = 0;  ///< the upper 16 bits
  std::uint32_t count = 0;
  bool is_runs = false;
};

class BitmapParser {
 public:
  BitmapParser(Bytes file, std::uint64_t num_rows) : reader_(file), num_rows_(num_rows) {}

  Result<RowRanges> Parse() {
    LANCEKIT_TRY(ReadHeader());
    for (const Container& container : containers_) {
      const std::uint64_t before = num_deleted_;
      if (container.is_runs) {
        LANCEKIT_TRY(ReadRuns(container));
      } else if (container.count <= kMaxArrayCount) {
        LANCEKIT_TRY(ReadArray(container));
      } else {
        LANCEKIT_TRY(ReadBitmap(container));
      }
      if (num_deleted_ - before != container.count)
        return Corrupt("deletion bitmap: {} rows in a container of {}", num_deleted_ - before, container.count);
    }
    if (reader_.remaining() != 0) return Corrupt("deletion bitmap: {} bytes behind the last container", reader_.remaining());
    return std::move(ranges_);
  }

 private:
  static Error TooShort() { return Corrupt("deletion bitmap: it ends too early"); }

  Status ReadHeader() {
    std::uint32_t cookie = 0, count = 0;
    Bytes run_flags;
    if (!reader_.Read(&cookie)) return TooShort();
    const bool may_have_runs = (cookie & 0xFFFF) == kCookieWithRuns;
    if (may_have_runs) {
      count = (cookie >> 16) + 1;
      if (!reader_.Read((count + 7) / 8, &run_flags)) return TooShort();
    } else if (cookie != kCookieWithoutRuns) {
      return Corrupt("not a deletion bitmap: it begins with {}", cookie);
    } else if (!reader_.Read(&count)) {
      return TooShort();
    }
    if (count > kMaxContainers) return Corrupt("deletion bitmap: {} containers", count);
    if (reader_.remaining() / 4 < count) return TooShort();
    for (std::uint32_t i = 0; i < count; ++i) {
      std::uint16_t key = 0, last = 0;
      if (!reader_.Read(&key) || !reader_.Read(&last)) return TooShort();
      const std::uint32_t first = std::uint32_t{key} << 16;
      if (i != 0 && first <= containers_.back().first) return Corrupt("deletion bitmap: the containers do not ascend");
      const bool is_runs = may_have_runs && (std::to_integer<unsigned>(run_flags[i / 8]) >> (i % 8) & 1) != 0;
      containers_.push_back({first, std::uint32_t{last} + 1, is_runs});
    }
    // The containers follow each other without gaps, so their positions say nothing new.
    if ((!may_have_runs || count >= kNoPositionsBelow) && !reader_.Skip(std::size_t{4} * count)) return TooShort();
    return {};
  }

  /// Adds the rows [begin, end) behind all others.
  Status Add(std::uint64_t begin, std::uint64_t end) {
    if (end > num_rows_) return Corrupt("deletion bitmap: row {} of {}", end - 1, num_rows_);
    num_deleted_ += end - begin;
    if (!ranges_.empty() && begin <= ranges_.back().end) {
      if (begin < ranges_.back().end) return Corrupt("deletion bitmap: row {} is out of order", begin);
      ranges_.back().end = end;
    } else {
      ranges_.push_back({begin, end});
    }
    return {};
  }

  Status ReadRuns(const Container& container) {
    std::uint16_t num_runs = 0, start = 0, last = 0;
    if (!reader_.Read(&num_runs)) return TooShort();
    for (std::uint32_t i = 0; i < num_runs; ++i) {
      if (!reader_.Read(&start) || !reader_.Read(&last)) return TooShort();
      const std::uint32_t end = std::uint32_t{start} + last + 1;
      if (end > 1 << 16) return Corrupt("deletion bitmap: a run of {} rows begins at {}", last + 1, start);
      LANCEKIT_TRY(Add(std::uint64_t{container.first} + start, std::uint64_t{container.first} + end));
    }
    return {};
  }

  Status ReadArray(const Container& container) {
    for (std::uint32_t i = 0; i < container.count; ++i) {
      std::uint16_t value = 0;
      if (!reader_.Read(&value)) return TooShort();
      const std::uint64_t row = std::uint64_t{container.first} + value;
      LANCEKIT_TRY(Add(row, row + 1));
    }
    return {};
  }

  Status ReadBitmap(const Container& container) {
    for (std::size_t i = 0; i < kBitmapWords; ++i) {
      std::uint64_t word = 0;
      if (!reader_.Read(&word)) return TooShort();
      const std::uint64_t base = std::uint64_t{container.first} + i * 64;
      for (unsigned at = 0; word != 0;) {
        const auto skip = static_cast<unsigned>(std::countr_zero(word));
        const auto run = static_cast<unsigned>(std::countr_one(word >> skip));
        LANCEKIT_TRY(Add(base + at + skip, base + at + skip + run));
        at += skip + run;
        word = skip + run == 64 ? 0 : word >> (skip + run);
      }
    }
    return {};
  }

  ByteReader reader_;
  std::uint64_t num_rows_;
  std::vector<Container> containers_;
  RowRanges ranges_;
  std::uint64_t num_deleted_ = 0;
};

}  // namespace

std::uint64_t CountRows(const RowRanges& ranges) noexcept {
  std::uint64_t rows = 0;
  for (const RowRange& range : ranges) rows += range.end - range.begin;
  return rows;
}

Result<RowRanges> ParseDeletionBitmap(Bytes file, std::uint64_t num_rows) { return BitmapParser(file, num_rows).Parse(); }

Result<RowRanges> ParseDeletionFile(DeletionFile::Kind kind, Bytes file, std::uint64_t num_rows) {
  return kind == DeletionFile::Kind::kBitmap ? ParseDeletionBitmap(file, num_rows) : ParseDeletionArray(file, num_rows);
}

}  // namespace lancekit::format
