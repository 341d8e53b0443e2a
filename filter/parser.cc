// Text to tree, by recursive descent:
//
//   condition   alternative { OR alternative }
//   alternative part { AND part }
//   part        { NOT } ( "(" condition ")" | TRUE | FALSE | NULL | literal op column | column [ test ] )
//   test        op literal | [NOT] IN "(" literal { "," literal } ")" | [NOT] BETWEEN literal AND literal
//               | [NOT] LIKE literal [ ESCAPE text ] | IS [NOT] ( NULL | TRUE | FALSE )
#include <algorithm>
#include <array>
#include <optional>

#include "filter/expression.h"
#include "filter/lexer.h"
#include "filter/literal.h"

namespace lancekit {
namespace filter {
namespace {

using Kind = FilterNode::Kind;
using Op = FilterNode::Op;
using Path = std::vector<std::string>;

std::optional<Op> OpOf(const Token& token) {
  static constexpr std::array<std::string_view, 6> kOps{"=", "<>", "<", "<=", ">", ">="};
  if (token.kind != Token::Kind::kSymbol) return std::nullopt;
  const auto found = std::ranges::find(kOps, token.text);
  return found == kOps.end() ? std::nullopt : std::optional(static_cast<Op>(found - kOps.begin()));
}

/// The operator for exchanged sides.
Op Mirror(Op op) {
  switch (op) {
    case Op::kLess:
      return Op::kGreater;
    case Op::kLessOrEqual:
      return Op::kGreaterOrEqual;
    case Op::kGreater:
      return Op::kLess;
    case Op::kGreaterOrEqual:
      return Op::kLessOrEqual;
    default:
      return op;
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<FilterNodePtr> Parse() {
    if (lexer_.size_bytes() > kMaxTextBytes) return Invalid("filter: its text is longer than {} bytes", kMaxTextBytes);
    do {
      LANCEKIT_TRY(lexer_.Next(&tokens_.emplace_back()));
    } while (tokens_.back().kind != Token::Kind::kEnd);
    LANCEKIT_ASSIGN(FilterNodePtr node, ParseCondition(1));
    if (Current().kind != Token::Kind::kEnd) return Expected("AND, OR or the end");
    if (node->depth > kMaxDepth) return TooDeep();
    return node;
  }

 private:
  const Token& Current() const { return tokens_[at_]; }
  void Advance() { ++at_; }
  bool SkipWord(std::string_view word) {
    const bool found = Current().IsWord(word);
    if (found) Advance();
    return found;
  }
  bool SkipSymbol(std::string_view symbol) {
    const bool found = Current().IsSymbol(symbol);
    if (found) Advance();
    return found;
  }
  Error Expected(std::string_view what) const {
    const std::string after = at_ == 0 ? "" : fmt::format(" after {}", Shown(tokens_[at_ - 1]));
    const std::string found = Current().kind == Token::Kind::kEnd ? "" : fmt::format(", found {}", Shown(Current()));
    return Invalid("{}expected {}{}{}", lexer_.Position(Current().at), what, after, found);
  }
  std::string Shown(const Token& token) const {
    static constexpr std::size_t kMaxShown = 40;
    const std::string_view source = lexer_.Source(token);
    return fmt::format("\"{}{}\"", source.substr(0, kMaxShown), source.size() > kMaxShown ? "..." : "");
  }
  Error TooDeep() const { return Invalid("{}conditions are nested more than {} deep", lexer_.Position(Current().at), kMaxDepth); }

  Result<FilterNodePtr> ParseCondition(int depth) {
    std::vector<FilterNodePtr> alternatives;
    do {
      std::vector<FilterNodePtr> parts;
      do {
        LANCEKIT_ASSIGN(parts.emplace_back(), ParsePart(depth));
      } while (SkipWord("AND"));
      alternatives.push_back(parts.size() == 1 ? parts[0] : MakeJunction(Kind::kAnd, parts));
    } while (SkipWord("OR"));
    return alternatives.size() == 1 ? alternatives[0] : MakeJunction(Kind::kOr, alternatives);
  }

  Result<FilterNodePtr> ParsePart(int depth) {
    bool is_negated = false;
    while (SkipWord("NOT")) is_negated = !is_negated;
    LANCEKIT_ASSIGN(FilterNodePtr node, ParseUnsignedPart(depth));
    return is_negated ? MakeNot(std::move(node)) : node;
  }

  Result<FilterNodePtr> ParseUnsignedPart(int depth) {
    if (SkipSymbol("(")) {
      if (depth >= kMaxDepth) return TooDeep();
      LANCEKIT_ASSIGN(FilterNodePtr node, ParseCondition(depth + 1));
      if (!SkipSymbol(")")) return Expected("\")\", AND or OR");
      return node;
    }
    if (!AtLiteral()) {
      if (!AtColumn()) return Expected("a condition");
      LANCEKIT_ASSIGN(const Path path, ParseColumn());
      return ParseTest(path);
    }
    LANCEKIT_ASSIGN(Literal literal, ParseLiteral());
    const std::optional<Op> op = OpOf(Current());
    if (!op) {
      if (literal.kind() == Literal::Kind::kBool || literal.kind() == Literal::Kind::kNull)
        return MakeConstant(std::move(literal));
      return Expected("a comparison");
    }
    Advance();
    if (!AtColumn()) return Expected("a column");
    LANCEKIT_ASSIGN(Path path, ParseColumn());
    return MakeCompare(std::move(path), Mirror(*op), std::move(literal));
  }

  Result<FilterNodePtr> ParseTest(const Path& path) {
    if (const std::optional<Op> op = OpOf(Current())) {
      Advance();
      LANCEKIT_ASSIGN(Literal literal, ParseLiteral());
      return MakeCompare(path, *op, std::move(literal));
    }
    if (SkipWord("IS")) return ParseIs(path);
    const bool is_negated = SkipWord("NOT");
    FilterNodePtr node;
    if (SkipWord("IN")) {
      LANCEKIT_ASSIGN(node, ParseIn(path));
    } else if (SkipWord("BETWEEN")) {
      LANCEKIT_ASSIGN(Literal low, ParseLiteral());
      if (!SkipWord("AND")) return Expected("AND");
      LANCEKIT_ASSIGN(Literal high, ParseLiteral());
      node = MakeBetween(path, std::move(low), std::move(high));
    } else if (SkipWord("LIKE")) {
      LANCEKIT_ASSIGN(node, ParseLike(path));
    } else if (is_negated) {
      return Expected("IN, BETWEEN or LIKE");
    } else {
      return MakeCompare(path, Op::kEqual, Literal(true));
    }
    return is_negated ? MakeNot(std::move(node)) : node;
  }

  Result<FilterNodePtr> ParseIs(const Path& path) {
    const bool is_negated = SkipWord("NOT");
    const FilterNodePtr is_null = MakeIsNull(path);
    if (SkipWord("NULL")) return is_negated ? MakeNot(is_null) : is_null;
    const bool is_true = Current().IsWord("TRUE");
    if (!is_true && !Current().IsWord("FALSE")) return Expected("NULL, TRUE or FALSE");
    Advance();
    const FilterNodePtr compare = MakeCompare(path, Op::kEqual, Literal(is_true));
    return is_negated ? MakeJunction(Kind::kOr, {MakeNot(compare), is_null})
                      : MakeJunction(Kind::kAnd, {compare, MakeNot(is_null)});
  }

  Result<FilterNodePtr> ParseIn(const Path& path) {
    if (!SkipSymbol("(")) return Expected("\"(\"");
    std::vector<Literal> items;
    do {
      LANCEKIT_ASSIGN(Literal item, ParseLiteral());
      items.push_back(std::move(item));
    } while (SkipSymbol(","));
    if (!SkipSymbol(")")) return Expected("\",\" or \")\"");
    return MakeIn(path, std::move(items));
  }

  Result<FilterNodePtr> ParseLike(const Path& path) {
    LANCEKIT_ASSIGN(Literal pattern, ParseLiteral());
    char escape = 0;
    if (SkipWord("ESCAPE")) {
      const Token& token = Current();
      const bool is_ascii = token.kind == Token::Kind::kText && token.text.size() == 1 && token.text[0] > 0;
      if (!is_ascii) return Expected("one ASCII character in quotes");
      escape = token.text[0];
      Advance();
    }
    return MakeLike(path, std::move(pattern), escape);
  }

  bool AtColumn() const {
    return Current().kind == Token::Kind::kQuotedName || (Current().kind == Token::Kind::kName && !IsReserved(Current().text));
  }

  Result<Path> ParseColumn() {
    Path path;
    do {
      if (!AtColumn()) return Expected("a name");
      path.push_back(Current().text);
      Advance();
    } while (SkipSymbol("."));
    return path;
  }

  /// DATE, TIME and TIMESTAMP are names unless a text follows.
  bool AtTypedText() const {
    return (Current().IsWord("DATE") || Current().IsWord("TIMESTAMP") || Current().IsWord("TIME")) &&
           tokens_[at_ + 1].kind == Token::Kind::kText;
  }

  bool AtLiteral() const {
    const Token& token = Current();
    return token.kind == Token::Kind::kNumber || token.kind == Token::Kind::kText || token.kind == Token::Kind::kBytes ||
           token.IsSymbol("-") || token.IsSymbol("+") || token.IsWord("TRUE") || token.IsWord("FALSE") || token.IsWord("NULL") ||
           AtTypedText();
  }

  Result<Literal> ParseLiteral() {
    if (!AtLiteral()) {
      if (AtColumn()) return Unsupported("{}a column is compared with literals only", lexer_.Position(Current().at));
      return Expected("a literal");
    }
    if (AtTypedText()) return ParseTypedText();
    const Token& first = Current();
    Advance();
    switch (first.kind) {
      case Token::Kind::kText:
        return Literal(first.text);
      case Token::Kind::kBytes:
        return lit_bytes(first.text);
      case Token::Kind::kNumber:
        return Literal(Literal::Kind::kNumber, first.text);
      case Token::Kind::kSymbol: {  // a sign
        if (Current().kind != Token::Kind::kNumber) return Expected("a number");
        Literal number(Literal::Kind::kNumber, (first.text == "-" ? "-" : "") + Current().text);
        Advance();
        return number;
      }
      default:
        return first.IsWord("NULL") ? lit_null() : Literal(first.IsWord("TRUE"));
    }
  }

  Result<Literal> ParseTypedText() {
    const Token& type = Current();
    Advance();
    const Token& text = Current();
    Advance();
    const auto not_a = [&](std::string_view what) {
      return Invalid("{}\"{}\" is not a {}", lexer_.Position(text.at), text.text, what);
    };
    if (type.IsWord("DATE")) return ParseDate(text.text) ? Result<Literal>(lit_date(text.text)) : not_a("date");
    if (type.IsWord("TIME")) return ParseTime(text.text) ? Result<Literal>(lit_time(text.text)) : not_a("time");
    return ParseTimestamp(text.text) ? Result<Literal>(lit_timestamp(text.text)) : not_a("timestamp");
  }

  Lexer lexer_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace
}  // namespace filter

Result<Filter> Filter::parse(std::string_view text) {
  LANCEKIT_ASSIGN(FilterNodePtr node, filter::Parser(text).Parse());
  return Filter(std::move(node));
}

}  // namespace lancekit
