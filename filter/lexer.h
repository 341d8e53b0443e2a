// The words of a filter's text.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace lancekit::filter {

struct Token {
  enum class Kind : std::uint8_t { kEnd, kName, kQuotedName, kNumber, kText, kBytes, kSymbol };

  Kind kind = Kind::kEnd;
  std::string text;    ///< without quotes; numbers without a sign; kSymbol: operators, "<>" for "!=", "=" for "=="
  std::size_t at = 0;  ///< byte in the filter's text
  std::size_t size = 0;

  bool IsSymbol(std::string_view symbol) const { return kind == Kind::kSymbol && text == symbol; }
  /// Pre: word is in upper case.
  bool IsWord(std::string_view word) const;
};

/// Reads one token after the other.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  /// Errors: kInvalidArgument, with the position.
  Status Next(Token* token);
  /// "filter, column 12: ", for a byte of the text; counts characters from 1.
  std::string Position(std::size_t at) const;
  std::size_t size_bytes() const { return text_.size(); }
  std::string_view Source(const Token& token) const { return text_.substr(token.at, token.size); }

 private:
  Status ReadQuoted(char quote, Token* token);
  Status ReadBytes(Token* token);
  Status ReadNumber(Token* token);

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace lancekit::filter
