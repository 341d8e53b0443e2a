// One page of list offsets of Lance 2.0. Items are numbered anew in each page; they stand in the child column, page after page.
#pragma once

#include <memory>

#include "legacy/fixed_array.h"
#include "structural/page_reader.h"

namespace lancekit::legacy {

/// Immutable; thread-safe.
class OffsetsPage {
 public:
  /// Reads nothing but the message. Errors: kCorruption, kUnsupported.
  static Result<OffsetsPage> Open(const PageInput& input, const format::ArrayEncoding& encoding);

  /// Items of all lists of the page.
  std::uint64_t num_items() const noexcept { return num_items_; }
  /// Appends starts and validity of these lists. Returns their items, numbered in this page. Pre: the lists are in the page.
  /// Errors: kCorruption, kIo, kResourceLimit.
  Result<ValueRange> Read(ValueRange lists, NodeSink* sink, PageScratch* scratch) const;

 private:
  std::unique_ptr<FixedArray> ends_;
  std::uint64_t null_adjustment_ = 0;
  std::uint64_t num_items_ = 0;
};

}  // namespace lancekit::legacy
