#include "filter/match.h"

namespace lancekit::filter {
namespace {

template <class Offset>
struct Variable {
  const std::byte* offsets;
  const char* data;
  std::string_view operator()(std::size_t row) const {
    const auto begin = LoadLe<Offset>(offsets + row * sizeof(Offset));
    const auto end = LoadLe<Offset>(offsets + (row + 1) * sizeof(Offset));
    return {data + begin, static_cast<std::size_t>(end - begin)};
  }
};

struct Fixed {
  const char* data;
  std::size_t width;
  std::string_view operator()(std::size_t row) const { return {data + row * width, width}; }
};

/// The first bytes as a number of the same order; what is missing counts as 0.
std::uint64_t Head(std::string_view text) {
  std::uint64_t head = 0;
  std::memcpy(&head, text.data(), std::min<std::size_t>(8, text.size()));
  return __builtin_bswap64(head);
}

/// The first bytes decide most comparisons.
struct TextRange {
  std::string_view low, high;
  bool has_high, high_is_open;
  std::uint64_t low_head, high_head;

  explicit TextRange(const Test& test)
      : low(test.low ? std::string_view(*std::get_if<std::string>(&*test.low)) : std::string_view()),
        high(test.high ? std::string_view(*std::get_if<std::string>(&*test.high)) : std::string_view()),
        has_high(test.high.has_value()),
        high_is_open(test.high_is_open),
        low_head(low.empty() ? 0 : Head(low)),
        high_head(high.empty() ? 0 : Head(high)) {}

  bool operator()(std::string_view text) const {
    if (text.size() >= 8) {
      const std::uint64_t head = Head(text);
      if (head < low_head || (has_high && head > high_head)) return false;
      if (head > low_head && (!has_high || head < high_head)) return true;
    }
    if (text < low) return false;
    if (!has_high) return true;
    const int order = text.compare(high);
    return order < 0 || (order == 0 && !high_is_open);
  }
};

struct SameText {
  std::string_view wanted;
  bool operator()(std::string_view text) const { return text == wanted; }
};

struct OneOf {
  std::vector<std::string_view> items;
  bool operator()(std::string_view text) const { return std::binary_search(items.begin(), items.end(), text); }
};

struct Like {
  const LikePattern* pattern;
  bool operator()(std::string_view text) const { return pattern->Matches(text); }
};

template <class Get, class Match>
void Keep(const Get& get, std::uint64_t num_rows, bool is_negated, std::uint64_t* words, const Match& match) {
  for (std::uint64_t w = 0; w < NumWords(num_rows); ++w) {
    std::uint64_t kept = 0;
    for (std::uint64_t left = words[w]; left != 0; left &= left - 1) {
      const int bit = std::countr_zero(left);
      const bool hit = match(get(w * 64 + static_cast<std::size_t>(bit))) != is_negated;
      kept |= static_cast<std::uint64_t>(hit) << bit;
    }
    words[w] = kept;
  }
}

template <class Get>
void KeepWith(const Get& get, const ArrayData& array, const Test& test, std::uint64_t* words) {
  const auto num_rows = static_cast<std::uint64_t>(array.length);
  if (test.kind == Test::Kind::kLike) return Keep(get, num_rows, test.is_negated, words, Like{&test.like});
  if (test.kind == Test::Kind::kIn) {
    OneOf one_of;
    for (const Scalar& item : test.items) one_of.items.push_back(*std::get_if<std::string>(&item));
    return Keep(get, num_rows, test.is_negated, words, one_of);
  }
  const TextRange range(test);
  const bool is_one = test.low && range.has_high && !range.high_is_open && range.low == range.high;
  if (is_one) return Keep(get, num_rows, test.is_negated, words, SameText{range.low});
  Keep(get, num_rows, test.is_negated, words, range);
}

}  // namespace

void KeepBytes(const DataType& type, const ArrayData& array, const Test& test, std::uint64_t* words) {
  const auto text_of = [](const Buffer& buffer) { return reinterpret_cast<const char*>(buffer.data()); };
  if (type.id == TypeId::kFixedSizeBinary) {
    KeepWith(Fixed{text_of(array.values), static_cast<std::size_t>(type.size)}, array, test, words);
  } else if (HasLargeOffsets(type.id)) {
    KeepWith(Variable<std::int64_t>{array.values.data(), text_of(array.data)}, array, test, words);
  } else {
    KeepWith(Variable<std::int32_t>{array.values.data(), text_of(array.data)}, array, test, words);
  }
}

}  // namespace lancekit::filter
