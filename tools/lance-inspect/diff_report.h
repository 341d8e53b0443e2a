// What diff found, as it goes to the output: a line per difference, then the sums.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {

struct RowSums {
  std::uint64_t in_a = 0;
  std::uint64_t in_b = 0;
  std::uint64_t same = 0;
  std::uint64_t changed = 0;
  std::uint64_t only_in_a = 0;
  std::uint64_t only_in_b = 0;
  /// Rows that have a key which an earlier one has, too.
  std::uint64_t repeated_keys = 0;
};

class DiffReport {
 public:
  explicit DiffReport(Session* session);

  /// A difference of the schemas; `column` is empty where it is none's.
  void AddSchema(const std::string& what, const std::string& column, const Fact& a, const Fact& b);
  /// A difference of rows. Row numbers of -1 are none; `what` is "value", "row only in A" or "row only in B".
  void AddRow(const std::string& what, std::int64_t row_a, std::int64_t row_b, const Fact& key, const std::string& column,
              const Fact& a, const Fact& b);
  /// How many more differences of rows are wanted; those beyond are counted in the sums only.
  std::uint64_t room() const { return most_ - shown_; }
  void CountChanged(const std::string& column, std::uint64_t rows);

  RowSums& sums() { return sums_; }
  /// True when an answer is all that is wanted, and it is known.
  bool is_decided() const;
  bool is_equal() const;
  void Finish();

 private:
  /// None with --quiet.
  SheetWriter* Writer();
  std::string Summary() const;

  Session* session_;
  std::optional<SheetWriter> writer_;
  RowSums sums_;
  std::map<std::string, std::uint64_t> changed_;  // rows by column
  std::uint64_t most_;
  std::uint64_t shown_ = 0;
  std::uint64_t schema_differences_ = 0;
};

}  // namespace lancekit::tools
