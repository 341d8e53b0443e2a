// Blobs of Lance 2.0: a page that says where in the file each value lies.
#pragma once

#include <memory>

#include "legacy/fixed_array.h"
#include "structural/page_reader.h"

namespace lancekit::legacy {

/// Where the bytes of one blob are.
struct BlobPlace {
  format::FileRange range;
  bool is_null = false;
};

/// Immutable; thread-safe.
class BlobArray final : public PageReader {
 public:
  /// Errors: kUnsupported, kCorruption.
  static Result<std::unique_ptr<BlobArray>> Open(const PageInput& input, const format::ArrayEncoding& encoding);

  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override;
  /// Reads no byte of the blob. Errors: kCorruption when the file does not have its range.
  Result<BlobPlace> Find(std::uint64_t row) const;

 private:
  BlobArray(const Source& source, std::unique_ptr<FixedArray> rows) : source_(&source), rows_(std::move(rows)) {}
  Result<BlobPlace> PlaceOf(const std::byte* row) const;

  const Source* source_;
  std::unique_ptr<FixedArray> rows_;
};

}  // namespace lancekit::legacy
