#include "format/flat_json.h"

#include <algorithm>
#include <charconv>

namespace lancekit::format {
namespace {

constexpr int kMaxDepth = 32;

void AppendUtf8(std::uint32_t code, std::string* out) {
  const auto put = [out](std::uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<JsonMember>> Parse() {
    std::vector<JsonMember> members;
    LANCEKIT_TRY(ReadObject(&members, 0));
    SkipSpace();
    if (at_ != text_.size()) return Unexpected();
    return members;
  }

 private:
  Error Unexpected() const { return Corrupt("not a JSON object: unexpected text at position {}", at_); }

  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) ++at_;
  }
  /// Takes `c` when it comes next, after white space.
  bool Take(char c) {
    SkipSpace();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  /// `members` may be null.
  Status ReadObject(std::vector<JsonMember>* members, int depth) {
    if (!Take('{')) return Unexpected();
    if (Take('}')) return {};
    do {
      JsonMember member;
      SkipSpace();
      LANCEKIT_TRY(ReadString(&member.name));
      if (!Take(':')) return Unexpected();
      LANCEKIT_TRY(ReadValue(&member, depth + 1));
      if (members != nullptr) members->push_back(std::move(member));
    } while (Take(','));
    return Take('}') ? Status() : Status(Unexpected());
  }

  Status SkipArray(int depth) {
    if (!Take('[')) return Unexpected();
    if (Take(']')) return {};
    JsonMember item;
    do {
      LANCEKIT_TRY(ReadValue(&item, depth + 1));
    } while (Take(','));
    return Take(']') ? Status() : Status(Unexpected());
  }

  Status ReadValue(JsonMember* out, int depth) {
    using Kind = JsonMember::Kind;
    if (depth > kMaxDepth) return Corrupt("JSON nests deeper than {}", kMaxDepth);
    SkipSpace();
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    if (first == '"') {
      out->kind = Kind::kString;
      return ReadString(&out->text);
    }
    if (first == '{' || first == '[') {
      out->kind = Kind::kNested;
      return first == '{' ? ReadObject(nullptr, depth) : SkipArray(depth);
    }
    if (TakeWord("null")) return {};
    for (const std::string_view word : {"true", "false"}) {
      if (!TakeWord(word)) continue;
      out->kind = Kind::kBool;
      out->text = word;
      return {};
    }
    const std::size_t end = std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size());
    if (end == at_) return Unexpected();
    out->kind = Kind::kNumber;
    out->text = text_.substr(at_, end - at_);
    at_ = end;
    return {};
  }

  Status ReadString(std::string* out) {
    if (at_ == text_.size() || text_[at_] != '"') return Unexpected();
    out->clear();
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return {};
      }
      if (c != '\\') {
        out->push_back(c);
        continue;
      }
      ++at_;
      LANCEKIT_TRY(ReadEscape(out));
    }
    return Unexpected();
  }

  /// Leaves at_ on the last character of the escape.
  Status ReadEscape(std::string* out) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    if (const std::size_t found = kNames.find(c); found != std::string_view::npos) {
      out->push_back(kValues[found]);
      return {};
    }
    std::uint32_t code = 0;
    if (c != 'u' || !ReadHex(&code)) return Unexpected();
    const bool high = code >= 0xD800 && code < 0xDC00;
    if (high && text_.substr(at_ + 1, 2) == "\\u") {
      std::uint32_t low = 0;
      at_ += 2;
      if (!ReadHex(&low) || low < 0xDC00 || low > 0xDFFF) return Unexpected();
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xD800 && code <= 0xDFFF) {
      return Unexpected();
    }
    AppendUtf8(code, out);
    return {};
  }

  /// The four digits behind the 'u' at at_.
  bool ReadHex(std::uint32_t* code) {
    const std::string_view digits = text_.substr(std::min(at_ + 1, text_.size()), 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *code, 16);
    if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4) return false;
    at_ += 4;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

const JsonMember* Find(const std::vector<JsonMember>& members, std::string_view name, JsonMember::Kind kind) {
  for (const JsonMember& member : members) {
    if (member.name == name && member.kind == kind) return &member;
  }
  return nullptr;
}

}  // namespace

Result<std::vector<JsonMember>> ParseFlatJson(std::string_view text) { return Parser(text).Parse(); }

std::string StringMember(const std::vector<JsonMember>& members, std::string_view name) {
  const JsonMember* member = Find(members, name, JsonMember::Kind::kString);
  return member == nullptr ? std::string() : member->text;
}

std::optional<std::uint64_t> NumberMember(const std::vector<JsonMember>& members, std::string_view name) {
  const JsonMember* member = Find(members, name, JsonMember::Kind::kNumber);
  std::uint64_t value = 0;
  if (member == nullptr) return std::nullopt;
  const char* end = member->text.data() + member->text.size();
  const auto [stop, error] = std::from_chars(member->text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace lancekit::format
