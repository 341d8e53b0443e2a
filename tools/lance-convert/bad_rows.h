// Rows and values of an input that were not what they should be, and what became of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace lancekit::convert {

/// What becomes of a row with the wrong number of fields, or with a value that is not of the type asked for.
enum class OnBadRow : std::uint8_t {
  kFail,
  kSkip,  ///< the row is left out
  kNull,  ///< the value becomes null; a row with the wrong number of fields is left out
};

struct BadRow {
  std::string input;
  std::uint64_t line = 0;  ///< counted from 1; 0 = not known
  std::uint64_t row = 0;   ///< counted from 1 and without those left out for their fields; 0 = one of those
  std::string column;
  std::string message;
};

struct BadRows {
  static constexpr std::size_t kMostTold = 10;

  std::uint64_t skipped = 0;                     ///< rows
  std::map<std::string, std::uint64_t> nulls;    ///< values that became null, by column
  std::map<std::string, std::uint64_t> rounded;  ///< values that lost digits in the type asked for, by column
  std::vector<BadRow> first;                     ///< the first ones of each input, kMostTold together

  bool empty() const { return skipped == 0 && nulls.empty(); }
  void Tell(BadRow row) {
    if (first.size() < kMostTold) first.push_back(std::move(row));
  }
};

}  // namespace lancekit::convert
