// diff --key: rows of two tables by the values of some columns, in whatever order they are.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "tools/lance-inspect/diff_rows.h"

namespace lancekit::tools {
namespace {

struct KeyHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const KeyHash&) const = default;
};

/// Of the keys' text, which is the same for all types that are comparable. Two keys of one hash are not to be expected in any
/// table: among 2^40 keys their chance is 2^-49.
class KeyHasher {
 public:
  explicit KeyHasher(std::size_t num_keys) : num_keys_(num_keys) {}

  KeyHash Hash(const ArrayView& row, std::int64_t i) {
    constexpr ValueStyle kStyle{.json = true, .raw_values = true};
    text_.clear();
    for (std::size_t column = 0; column < num_keys_; ++column) {
      const std::size_t start = text_.size();
      AppendValue(row.children[column], i, kStyle, &text_);
      if (text_.compare(start, std::string::npos, "-0.0") == 0 || text_.compare(start, std::string::npos, "-0") == 0)
        text_.erase(start, 1);  // equal to 0.0
      text_.push_back(',');
    }
    const XXH128_hash_t hash = XXH3_128bits(text_.data(), text_.size());
    return {hash.high64, hash.low64};
  }

 private:
  std::size_t num_keys_;
  std::string text_;
};

/// Where the rows of B are, by the hashes of their keys.
class KeyIndex {
 public:
  void Reserve(std::size_t rows) { entries_.reserve(rows); }
  void Add(const KeyHash& hash, std::int64_t row) { entries_.push_back({hash, row}); }
  void Finish() {
    std::ranges::sort(entries_, {}, [](const Entry& entry) { return std::pair(entry.hash, entry.row); });
    // About eight entries share their first bits.
    num_bits_ = std::max(static_cast<int>(std::bit_width(entries_.size())), 4) - 3;
    starts_.assign((std::size_t{1} << num_bits_) + 1, 0);
    for (const Entry& entry : entries_) ++starts_[Prefix(entry.hash) + 1];
    std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  }

  /// The first row of the key that was not asked for yet; -1 = none. Tells whether the key was asked for before.
  std::int64_t Take(const KeyHash& hash, bool* is_repeated) {
    const auto place = [this](std::size_t start) { return entries_.begin() + static_cast<std::ptrdiff_t>(start); };
    const std::size_t prefix = Prefix(hash);
    const auto first = std::ranges::lower_bound(place(starts_[prefix]), place(starts_[prefix + 1]), hash, {}, &Entry::hash);
    if (first == entries_.end() || first->hash != hash) return -1;
    *is_repeated = first->num_taken != 0;
    const auto next = first + static_cast<std::ptrdiff_t>(first->num_taken);
    if (next == entries_.end() || next->hash != hash) return -1;
    ++first->num_taken;
    return next->row;
  }

  /// The rows that nobody asked for, ascending.
  std::vector<std::int64_t> Left() const {
    std::vector<std::int64_t> rows;
    ForEachKey([&rows](std::span<const Entry> entries) {
      for (const Entry& entry : entries.subspan(entries.front().num_taken)) rows.push_back(entry.row);
    });
    std::ranges::sort(rows);
    return rows;
  }
  std::uint64_t CountRepeated() const {
    std::uint64_t count = 0;
    ForEachKey([&count](std::span<const Entry> entries) { count += entries.size() - 1; });
    return count;
  }

  struct Entry {
    KeyHash hash;
    std::int64_t row = 0;
    std::uint64_t num_taken = 0;  // of all entries of the hash; the first has it
  };

 private:
  template <class Action>
  void ForEachKey(Action action) const {
    for (std::size_t begin = 0, end = 0; begin < entries_.size(); begin = end) {
      while (end < entries_.size() && entries_[end].hash == entries_[begin].hash) ++end;
      action(std::span(entries_).subspan(begin, end - begin));
    }
  }

  std::size_t Prefix(const KeyHash& hash) const { return static_cast<std::size_t>(hash.high >> (64 - num_bits_)); }

  std::vector<Entry> entries_;       // by hash, then by row
  std::vector<std::size_t> starts_;  // where the entries of each prefix begin
  int num_bits_ = 1;
};

constexpr std::size_t kRowsAtOnce = 8192;

/// One reading of A, for the keys of which `part` is the hash's rest by `num_parts`.
class KeyDiff {
 public:
  KeyDiff(const RowDiff& diff, Session* session, DiffReport* report, std::uint64_t part, std::uint64_t num_parts)
      : diff_(diff),
        report_(report),
        comparer_(diff, *session, report),
        hasher_(diff.num_keys),
        part_(part),
        num_parts_(num_parts) {}

  Status Run() {
    LANCEKIT_TRY(IndexB());
    RowReader reader(diff_.a, diff_.selection, diff_.filter);
    RowSet rows;
    for (;;) {
      LANCEKIT_TRY(reader.Next(&rows));
      if (rows.size() == 0 || report_->is_decided()) break;
      LANCEKIT_TRY(CompareWithB(rows));
    }
    if (report_->is_decided()) return {};
    return TellRest();
  }

 private:
  bool IsMine(const KeyHash& hash) const { return hash.low % num_parts_ == part_; }

  Status IndexB() {
    RowReader reader(diff_.b, diff_.keys, diff_.filter);
    // Parts by hash are about the same.
    index_.Reserve(static_cast<std::size_t>(diff_.b.row_count() / num_parts_ * (num_parts_ > 1 ? 1.1 : 1)));
    RowSet rows;
    for (;;) {
      LANCEKIT_TRY(reader.Next(&rows));
      if (rows.size() == 0) break;
      for (std::int64_t i = 0; i < rows.size(); ++i) {
        const KeyHash hash = hasher_.Hash(rows.view(), i);
        if (!IsMine(hash)) continue;
        index_.Add(hash, rows.Number(i));
        ++report_->sums().in_b;
      }
    }
    index_.Finish();
    report_->sums().repeated_keys += index_.CountRepeated();
    return {};
  }

  Status CompareWithB(const RowSet& a) {
    std::vector<std::int64_t> of_a, of_b;
    for (std::int64_t i = 0; i < a.size(); ++i) {
      const KeyHash hash = hasher_.Hash(a.view(), i);
      if (!IsMine(hash)) continue;
      ++report_->sums().in_a;
      bool is_repeated = false;
      const std::int64_t row = index_.Take(hash, &is_repeated);
      report_->sums().repeated_keys += is_repeated;
      if (row < 0) {
        comparer_.OnlyInA(a, i);
      } else {
        of_a.push_back(i);
        of_b.push_back(row);
      }
    }
    for (std::size_t begin = 0; begin < of_a.size(); begin += kRowsAtOnce) {
      const std::size_t count = std::min(kRowsAtOnce, of_a.size() - begin);
      RowSet b;
      LANCEKIT_TRY(TakeFromB(std::span(of_b).subspan(begin, count), &b));
      ComparePairs(a, std::span(of_a).subspan(begin, count), b);
    }
    return {};
  }

  Status TakeFromB(std::span<const std::int64_t> rows, RowSet* set) const {
    LANCEKIT_ASSIGN(const Batch batch, diff_.b.take({rows.data(), rows.size()}, diff_.selection));
    return set->Set(batch, {rows.begin(), rows.end()});
  }

  /// Row rows_of_a[j] of A against row j of B; runs of neighbours at once.
  void ComparePairs(const RowSet& a, std::span<const std::int64_t> rows_of_a, const RowSet& b) {
    for (std::size_t begin = 0, end = 0; begin < rows_of_a.size(); begin = end) {
      for (end = begin + 1; end < rows_of_a.size() && rows_of_a[end] == rows_of_a[end - 1] + 1;) ++end;
      comparer_.Compare(a, b, {rows_of_a[begin], static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end - begin)});
    }
  }

  Status TellRest() {
    const std::vector<std::int64_t> left = index_.Left();
    const std::size_t shown = static_cast<std::size_t>(std::min<std::uint64_t>(left.size(), report_->room()));
    for (std::size_t begin = 0; begin < shown; begin += kRowsAtOnce) {
      RowSet b;
      LANCEKIT_TRY(TakeFromB(std::span(left).subspan(begin, std::min(kRowsAtOnce, shown - begin)), &b));
      for (std::int64_t j = 0; j < b.size(); ++j) comparer_.OnlyInB(b, j);
    }
    report_->sums().only_in_b += left.size() - shown;
    return {};
  }

  const RowDiff& diff_;
  DiffReport* report_;
  RowComparer comparer_;
  KeyHasher hasher_;
  KeyIndex index_;
  std::uint64_t part_;
  std::uint64_t num_parts_;
};

}  // namespace

Status DiffByKey(const RowDiff& diff, Session* session, DiffReport* report) {
  const std::uint64_t room = std::max<std::uint64_t>(session->context.memory_budget() / 4 / sizeof(KeyIndex::Entry), 1);
  const std::uint64_t num_parts = std::max<std::uint64_t>((diff.b.row_count() + room - 1) / room, 1);
  for (std::uint64_t part = 0; part < num_parts && !report->is_decided(); ++part) {
    LANCEKIT_TRY(KeyDiff(diff, session, report, part, num_parts).Run());
  }
  return {};
}

}  // namespace lancekit::tools
