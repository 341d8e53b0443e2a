#include "filter/lexer.h"

#include <algorithm>
#include <array>

#include "filter/literal.h"

namespace lancekit::filter {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
/// Characters beyond ASCII are letters.
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

bool Token::IsWord(std::string_view word) const {
  return kind == Kind::kName &&
         std::ranges::equal(text, word, [](char c, char want) { return (c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) == want; });
}

std::string Lexer::Position(std::size_t at) const {
  const auto before = text_.substr(0, at);
  const auto characters = std::ranges::count_if(before, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return fmt::format("filter, column {}: ", characters + 1);
}

Status Lexer::ReadQuoted(char quote, Token* token) {
  for (++at_; at_ < text_.size(); token->text += text_[at_++]) {
    if (text_[at_] != quote) continue;
    ++at_;
    if (!text_.substr(at_).starts_with(quote)) return {};
  }
  return Invalid("{}the closing {} is missing", Position(token->at), quote);
}

Status Lexer::ReadBytes(Token* token) {
  Token digits{.at = at_++};
  LANCEKIT_TRY(ReadQuoted('\'', &digits));
  const bool has_digits = std::ranges::all_of(digits.text, [](char c) { return HexDigit(c) >= 0; });
  if (!has_digits || digits.text.size() % 2 != 0) return Invalid("{}expected pairs of hexadecimal digits", Position(token->at));
  for (std::size_t i = 0; i < digits.text.size(); i += 2) {
    token->text += static_cast<char>(HexDigit(digits.text[i]) * 16 + HexDigit(digits.text[i + 1]));
  }
  return {};
}

Status Lexer::ReadNumber(Token* token) {
  const std::size_t begin = at_;
  for (char c = 0, previous = 0; at_ < text_.size(); ++at_, previous = c) {
    c = text_[at_];
    const bool is_sign = (c == '+' || c == '-') && (previous == 'e' || previous == 'E');
    if (!IsDigit(c) && !IsNameStart(c) && c != '.' && !is_sign) break;
  }
  token->text = text_.substr(begin, at_ - begin);
  if (!ParseNumber(token->text)) return Invalid("{}\"{}\" is not a number", Position(begin), token->text);
  return {};
}

Status Lexer::Next(Token* token) {
  static constexpr std::array<std::string_view, 14> kSymbols{"<=", ">=", "<>", "!=", "==", "<", ">",
                                                             "=",  "(",  ")",  ",",  ".",  "-", "+"};
  while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  *token = {.kind = Token::Kind::kEnd, .text = {}, .at = at_};
  if (at_ == text_.size()) return {};
  const char c = text_[at_];
  const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (c == '\'') {
    token->kind = Token::Kind::kText;
    LANCEKIT_TRY(ReadQuoted(c, token));
  } else if (c == '"' || c == '`') {
    token->kind = Token::Kind::kQuotedName;
    LANCEKIT_TRY(ReadQuoted(c, token));
  } else if ((c == 'x' || c == 'X') && next == '\'') {
    token->kind = Token::Kind::kBytes;
    LANCEKIT_TRY(ReadBytes(token));
  } else if (IsDigit(c) || (c == '.' && IsDigit(next))) {
    token->kind = Token::Kind::kNumber;
    LANCEKIT_TRY(ReadNumber(token));
  } else if (IsNameStart(c)) {
    token->kind = Token::Kind::kName;
    while (at_ < text_.size() && (IsNameStart(text_[at_]) || IsDigit(text_[at_]))) ++at_;
    token->text = text_.substr(token->at, at_ - token->at);
  } else {
    const auto symbol = std::ranges::find_if(kSymbols, [&](std::string_view s) { return text_.substr(at_).starts_with(s); });
    if (symbol == kSymbols.end()) return Invalid("{}unexpected character \"{}\"", Position(at_), c);
    token->kind = Token::Kind::kSymbol;
    token->text = *symbol == "!=" ? "<>" : *symbol == "==" ? "=" : *symbol;
    at_ += symbol->size();
  }
  token->size = at_ - token->at;
  return {};
}

}  // namespace lancekit::filter
