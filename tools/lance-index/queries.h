// The vectors that are searched for, from wherever they come.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lancekit/table.hpp"

namespace lancekit::tools {

struct QueryVectors {
  std::uint32_t dimensions = 0;
  std::vector<float> values;

  std::size_t size() const noexcept { return dimensions == 0 ? 0 : values.size() / dimensions; }
  Span<const float> operator[](std::size_t i) const noexcept { return {values.data() + i * dimensions, dimensions}; }
};

/// "[0.1, 0.2]" or "row:N", that row of the table. Errors: kInvalidArgument, those of reading.
Result<QueryVectors> ParseQuery(const std::string& text, const Table& table, const std::string& column);
/// A .npy file of one or two dimensions, an .fvecs file, or a column of a Lance file or dataset, or of a file that lance-convert
/// reads, such as Parquet: FILE or FILE:COLUMN, else `column`; the first `most` vectors, 0 = all.
/// Errors: kIo, kCorruption, kInvalidArgument.
Result<QueryVectors> ReadQueries(const Context& context, const std::string& path, const std::string& column, std::uint64_t most);

}  // namespace lancekit::tools
