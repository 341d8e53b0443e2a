#include "filter/like.h"

namespace lancekit::filter {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

Result<LikePattern> LikePattern::Make(std::string_view pattern, char escape) {
  LikePattern made;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    Piece& piece = made.pieces_.back();
    const bool is_escaped = escape != 0 && pattern[i] == escape;
    if (is_escaped && ++i == pattern.size()) return Invalid("LIKE: nothing follows the last escape in '{}'", pattern);
    if (!is_escaped && pattern[i] == '%') {
      made.pieces_.emplace_back();
      continue;
    }
    const bool is_wildcard = !is_escaped && pattern[i] == '_';
    if (is_wildcard || piece.has_wildcards()) {
      piece.is_wildcard.resize(piece.text.size());
      piece.is_wildcard.push_back(is_wildcard);
    }
    piece.text += is_wildcard ? '\0' : pattern[i];
  }
  // Several % in a row are one.
  for (std::size_t i = made.pieces_.size(); i-- > 2;) {
    if (made.pieces_[i - 1].text.empty()) made.pieces_.erase(made.pieces_.begin() + static_cast<std::ptrdiff_t>(i) - 1);
  }
  const Piece& first = made.pieces_[0];
  std::size_t end = 0;
  while (end < first.text.size() && (!first.has_wildcards() || !first.is_wildcard[end])) ++end;
  made.prefix_ = first.text.substr(0, end);
  return made;
}

std::size_t LikePattern::Piece::MatchFrom(std::string_view subject, std::size_t at) const noexcept {
  if (!has_wildcards()) return subject.substr(at).starts_with(text) ? at + text.size() : kNone;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (at == subject.size()) return kNone;
    if (!is_wildcard[i]) {
      if (subject[at++] != text[i]) return kNone;
      continue;
    }
    for (++at; at < subject.size() && IsContinuation(subject[at]);) ++at;
  }
  return at;
}

std::size_t LikePattern::Piece::MatchBackwards(std::string_view subject) const noexcept {
  if (!has_wildcards()) return subject.ends_with(text) ? subject.size() - text.size() : kNone;
  std::size_t at = subject.size();
  for (std::size_t i = text.size(); i-- > 0;) {
    if (at == 0) return kNone;
    if (!is_wildcard[i]) {
      if (subject[--at] != text[i]) return kNone;
      continue;
    }
    for (--at; at > 0 && IsContinuation(subject[at]);) --at;
  }
  return at;
}

std::size_t LikePattern::Piece::Find(std::string_view subject, std::size_t at) const noexcept {
  if (!has_wildcards()) {
    const std::size_t found = subject.find(text, at);
    return found == kNone ? kNone : found + text.size();
  }
  for (; at < subject.size(); ++at) {
    if (const std::size_t end = MatchFrom(subject, at); end != kNone) return end;
  }
  return kNone;
}

bool LikePattern::Matches(std::string_view subject) const noexcept {
  std::size_t at = pieces_[0].MatchFrom(subject, 0);
  if (pieces_.size() == 1) return at == subject.size();
  for (std::size_t i = 1; at != kNone && i + 1 < pieces_.size(); ++i) at = pieces_[i].Find(subject, at);
  if (at == kNone) return false;
  const std::size_t last = pieces_.back().MatchBackwards(subject);
  return last != kNone && last >= at;
}

}  // namespace lancekit::filter
