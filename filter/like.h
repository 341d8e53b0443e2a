// Patterns of LIKE, taken apart once and then matched against many texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lancekit::filter {

/// % stands for any text, _ for one UTF-8 character: a byte and the continuation bytes behind it.
class LikePattern {
 public:
  /// Errors: kInvalidArgument when nothing follows an escape.
  static Result<LikePattern> Make(std::string_view pattern, char escape);

  bool Matches(std::string_view text) const noexcept;

  /// What every match begins with.
  std::string_view prefix() const noexcept { return prefix_; }
  /// Only the prefix itself matches.
  bool IsText() const noexcept { return pieces_.size() == 1 && !pieces_[0].has_wildcards(); }
  /// All that begins with the prefix matches.
  bool IsPrefix() const noexcept { return pieces_.size() == 2 && !pieces_[0].has_wildcards() && pieces_[1].text.empty(); }

 private:
  /// What stands between two %.
  struct Piece {
    std::string text;               ///< wildcards are 0
    std::vector<bool> is_wildcard;  ///< per byte of the text; empty without any

    bool has_wildcards() const noexcept { return !is_wildcard.empty(); }
    /// The end of a match that begins at `at`; npos without one.
    std::size_t MatchFrom(std::string_view subject, std::size_t at) const noexcept;
    /// The begin of a match that ends at the end of the subject; npos without one.
    std::size_t MatchBackwards(std::string_view subject) const noexcept;
    /// The end of the first match at or after `at`; npos without one.
    std::size_t Find(std::string_view subject, std::size_t at) const noexcept;
  };

  std::string prefix_;
  std::vector<Piece> pieces_{1};
};

}  // namespace lancekit::filter
