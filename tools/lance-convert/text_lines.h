// The lines of delimited text on which its rows begin, for messages: only a person looks for them.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace lancekit::convert {

struct LineSearch {
  char delimiter = ',';
  std::optional<char> quote;
  bool header = true;
  std::int64_t num_fields = 0;      ///< of a good row
  std::vector<std::uint64_t> rows;  ///< numbers of good rows, from 0, ascending
  std::size_t most_bad = 0;         ///< bad rows to look for
};

struct FoundLines {
  std::vector<std::uint64_t> rows;  ///< the line of each of them, counted from 1; fewer where the text ended before
  struct Bad {
    std::uint64_t line = 0;
    std::int64_t num_fields = 0;
  };
  std::vector<Bad> bad;
};

/// Reads the text from its start as far as needed.
arrow::Result<FoundLines> FindLines(arrow::io::InputStream& text, const LineSearch& search);

}  // namespace lancekit::convert
