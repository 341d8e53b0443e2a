// Reading one page of a Lance 2.0 column: values of a leaf, or the offsets of lists.
#pragma once

#include <memory>
#include <optional>

#include "legacy/fixed_array.h"
#include "legacy/page_input.h"
#include "structural/page_reader.h"

namespace lancekit::legacy {

/// Which slots of one level of nesting are null. Immutable; thread-safe.
class Validity {
 public:
  /// Reads the nullable at *encoding, if one is there, and moves *encoding to its values: to nullptr when all are null.
  static Result<Validity> Open(const PageInput& input, const format::ArrayEncoding** encoding);

  bool all_valid() const noexcept { return nullability_ == format::Nullability::kNoNulls; }
  Status AppendTo(LeafSink* sink, ValueRange rows, PageScratch* scratch) const;
  /// As validity of the items of a fixed-size list, for the values that will be appended next.
  Status AppendTo(ValueSink* sink, std::size_t list_level, ValueRange items, PageScratch* scratch) const;

 private:
  format::Nullability nullability_ = format::Nullability::kNoNulls;
  std::unique_ptr<FixedArray> bits_;  // 1 is valid
};

/// Opens an array that stands for values of input.leaf: a whole page, or the items of a dictionary. Nothing but what is needed
/// for every row is read now: the items of dictionaries.
/// Errors: kCorruption, kIo, kUnsupported (naming the encoding).
Result<std::unique_ptr<PageReader>> OpenArray(const PageInput& input, const format::ArrayEncoding& encoding);

/// For these encodings, which stand in no nullable but for the first.
Result<std::unique_ptr<PageReader>> OpenFixedWidthArray(const PageInput& input, const format::ArrayEncoding& encoding);
Result<std::unique_ptr<PageReader>> OpenPackedStructArray(const PageInput& input, const format::ArrayEncoding& encoding);
Result<std::unique_ptr<PageReader>> OpenBinaryArray(const PageInput& input, const format::ArrayEncoding& encoding);
Result<std::unique_ptr<PageReader>> OpenFsstArray(const PageInput& input, const format::ArrayEncoding& encoding);
Result<std::unique_ptr<PageReader>> OpenDictionaryArray(const PageInput& input, const format::ArrayEncoding& encoding);

/// Appends zeros or empty strings that take no bytes in the file. Errors: kResourceLimit for more than kMaxFreeBytes of them.
Status AppendFreeValues(ValueSink* sink, std::uint64_t count);

}  // namespace lancekit::legacy
