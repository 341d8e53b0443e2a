// For tests: what reading a hand-made column gives, or how it is refused.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "legacy/column_testing.h"

namespace lancekit::legacy::testing {

inline void ExpectRows(const ColumnBuilder& builder, const DataType& type, ValueRange rows,
                       const std::vector<std::string>& expected) {
  const auto texts = ReadTexts(builder, type, rows);
  ASSERT_TRUE(texts) << texts.error().describe();
  EXPECT_EQ(*texts, expected);
}

/// The error names the column and says `text`.
inline void ExpectError(const ColumnBuilder& builder, const DataType& type, ValueRange rows, ErrorCode code,
                        const std::string& text) {
  const auto texts = ReadTexts(builder, type, rows);
  ASSERT_FALSE(texts);
  EXPECT_EQ(texts.error().code, code) << texts.error().describe();
  EXPECT_NE(texts.error().describe().find(text), std::string::npos) << texts.error().describe();
  EXPECT_EQ(texts.error().column, "x");
}

}  // namespace lancekit::legacy::testing
