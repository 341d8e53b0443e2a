// What was chosen for a page of a column, so that the next ones need not try everything again.
#pragma once

#include <memory>
#include <optional>

#include "encodings/definitions.h"
#include "writer/candidates.h"

namespace lancekit {

/// Of a chain of pages of one column, or of what its encodings have inside. A choice holds for some pages, and only while it
/// suits them as well as the page that it was made on.
class ColumnMemory {
 public:
  /// What the last page took, costs included, for each of its raw bytes.
  struct Shares {
    double dictionary = 0;
    double other = 0;
  };

  const Candidate* candidate() const { return pages_left_ > 0 && candidate_.has_value() ? &*candidate_ : nullptr; }
  /// Whether the remembered candidate takes about as much as it did: then it is taken again.
  bool Suits(double share) {
    if (share > share_ * kWorse) return false;
    --pages_left_;
    return true;
  }
  /// `tokens`: what the candidate takes of them, to use them again.
  const std::shared_ptr<const TokenTable>& tokens() const { return tokens_; }
  void Remember(Candidate candidate, double share, std::shared_ptr<const TokenTable> tokens) {
    candidate_ = std::move(candidate);
    tokens_ = std::move(tokens);
    share_ = share;
    pages_left_ = kPages;
  }

  /// A dictionary was taken, or not, by so much that the next pages need not weigh both.
  bool dictionary_pays() const { return dictionary_pages_ > 0 && shares_.dictionary * kClear < shares_.other; }
  /// `distinct`: the part of the values in a sample of the page that differ. Uses up a page.
  bool dictionary_loses(double distinct) {
    const bool as_before = distinct * kWorse >= distinct_;
    if (!as_before || dictionary_pages_ == 0 || shares_.dictionary <= shares_.other * kClear) return false;
    --dictionary_pages_;
    return true;
  }
  double other_share() const { return shares_.other; }
  void RememberDictionary(const Shares& shares, double distinct) {
    shares_ = shares;
    distinct_ = distinct;
    dictionary_pages_ = kPages;
  }
  void UseDictionary() { --dictionary_pages_; }

  ColumnMemory* indices() { return Inner(&indices_); }
  ColumnMemory* lengths() { return Inner(&lengths_); }

 private:
  static constexpr int kPages = 7;
  static constexpr double kWorse = 1.1;
  static constexpr double kClear = 1.4;

  static ColumnMemory* Inner(std::unique_ptr<ColumnMemory>* inner) {
    if (*inner == nullptr) *inner = std::make_unique<ColumnMemory>();
    return inner->get();
  }

  std::optional<Candidate> candidate_;
  std::shared_ptr<const TokenTable> tokens_;
  double share_ = 0;
  int pages_left_ = 0;
  Shares shares_;
  double distinct_ = 0;
  int dictionary_pages_ = 0;
  std::unique_ptr<ColumnMemory> indices_;
  std::unique_ptr<ColumnMemory> lengths_;
};

}  // namespace lancekit
