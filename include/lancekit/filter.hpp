// Filters: conditions on columns, as an expression tree. They come from text, Filter::parse("score > 0.5 AND name LIKE 'a%'"), or
// are put together in code: lancekit::col("score") > 0.5 && lancekit::col("name").like("a%").
//
// Filters are immutable, cheap to copy and thread-safe. They know no schema: whether columns exist and literals fit them is found
// out where a filter is used. Grammar and semantics: spec/filters.md. Columns are dotted paths whose parts may be quoted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lancekit/export.h"
#include "lancekit/result.hpp"
#include "lancekit/types.hpp"

namespace lancekit {

/// One constant, exactly as written; it gets a type from the column that it is compared with.
class LANCEKIT_EXPORT Literal {
 public:
  /// How a literal is written.
  enum class Kind : std::uint8_t { kNull, kBool, kNumber, kText, kBytes, kDate, kTimestamp, kTime };

  template <class T, std::enable_if_t<std::is_integral_v<T>, int> = 0>
  Literal(T value) {  // NOLINT(google-explicit-constructor)
    if constexpr (std::is_same_v<T, bool>) {
      kind_ = Kind::kBool;
      text_ = value ? "TRUE" : "FALSE";
    } else {
      kind_ = Kind::kNumber;
      text_ = std::to_string(value);
    }
  }
  /// A character would be its number; "A" is a text.
  Literal(char) = delete;
  Literal(wchar_t) = delete;
  Literal(char16_t) = delete;
  Literal(char32_t) = delete;
  Literal(std::nullptr_t) = delete;
  Literal(double value);                                                              // NOLINT(google-explicit-constructor)
  Literal(const char* text) : kind_(Kind::kText), text_(text) {}                      // NOLINT(google-explicit-constructor)
  Literal(std::string text) noexcept : kind_(Kind::kText), text_(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  Literal(std::string_view text) : kind_(Kind::kText), text_(text) {}                 // NOLINT(google-explicit-constructor)
  /// Pre: the text of a bool or number is as parse() reads it; of a null it is empty.
  Literal(Kind kind, std::string text) noexcept : kind_(kind), text_(std::move(text)) {}

  Kind kind() const noexcept { return kind_; }
  /// Without quotes; of kBytes the bytes themselves.
  const std::string& text() const noexcept { return text_; }

 private:
  Kind kind_ = Kind::kNull;
  std::string text_;
};

/// NULL.
inline Literal lit_null() { return {Literal::Kind::kNull, {}}; }
/// "2026-01-31"
inline Literal lit_date(std::string text) { return {Literal::Kind::kDate, std::move(text)}; }
/// "2026-01-31 12:00:00.5", perhaps with "Z" or an offset like "+02:00".
inline Literal lit_timestamp(std::string text) { return {Literal::Kind::kTimestamp, std::move(text)}; }
/// "12:00:00.5"
inline Literal lit_time(std::string text) { return {Literal::Kind::kTime, std::move(text)}; }
/// "1.05": a number of any length, nothing of it is lost.
LANCEKIT_EXPORT Literal lit_decimal(std::string text);
/// The bytes themselves.
inline Literal lit_bytes(std::string bytes) { return {Literal::Kind::kBytes, std::move(bytes)}; }

struct FilterNode;
struct FilterSplit;

/// A condition. One that is nested more than 128 deep is refused where it is used.
class LANCEKIT_EXPORT Filter {
 public:
  explicit Filter(std::shared_ptr<const FilterNode> node) noexcept;

  /// Reads a condition. Errors: kInvalidArgument with the position in the text; kUnsupported for what SQL has and filters do not.
  static Result<Filter> parse(std::string_view text);

  /// Text that parses to the same tree.
  std::string to_string() const;

  /// Splits the conditions that AND joins at the top: those that can be evaluated on such columns, and those that cannot.
  /// Errors: kInvalidArgument for an unknown column or a literal that does not fit.
  Result<FilterSplit> split(const Schema& schema) const;

  friend LANCEKIT_EXPORT Filter operator&&(const Filter& a, const Filter& b);
  friend LANCEKIT_EXPORT Filter operator||(const Filter& a, const Filter& b);
  friend LANCEKIT_EXPORT Filter operator!(const Filter& a);

  const FilterNode& node() const noexcept { return *node_; }

 private:
  std::shared_ptr<const FilterNode> node_;
};

/// Rows match a filter when they match both parts. A part is missing when nothing falls to it.
struct FilterSplit {
  std::optional<Filter> pushed;
  std::optional<Filter> residual;
};

/// A column in a filter in the making.
class LANCEKIT_EXPORT Column {
 public:
  explicit Column(std::string_view path);

  /// Equal to one of these.
  Filter in(std::vector<Literal> items) const;
  /// Both ends belong to it.
  Filter between(Literal low, Literal high) const;
  /// % stands for any text, _ for one character; after `escape`, unless it is 0, both stand for themselves.
  Filter like(std::string pattern, char escape = 0) const;
  Filter is_null() const;
  Filter is_not_null() const;

  friend LANCEKIT_EXPORT Filter operator==(const Column& column, Literal literal);
  friend LANCEKIT_EXPORT Filter operator!=(const Column& column, Literal literal);
  friend LANCEKIT_EXPORT Filter operator<(const Column& column, Literal literal);
  friend LANCEKIT_EXPORT Filter operator<=(const Column& column, Literal literal);
  friend LANCEKIT_EXPORT Filter operator>(const Column& column, Literal literal);
  friend LANCEKIT_EXPORT Filter operator>=(const Column& column, Literal literal);

 private:
  std::vector<std::string> path_;
};

/// `col("person.\"first.name\"")`: parts of the path may be in double quotes or backticks; others are taken as they are.
inline Column col(std::string_view path) { return Column(path); }

}  // namespace lancekit
