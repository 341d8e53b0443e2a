// Items of a fixed width without nulls inside a Lance 2.0 page: values, offsets, indices, bitmaps, bytes of strings.
#pragma once

#include <memory>

#include "encodings/encoding.h"
#include "legacy/page_input.h"

namespace lancekit::legacy {

/// Items back to back from bit `first_bit` of `bits` on. `owner` keeps bytes of the file; it is empty when the items lie in
/// scratch memory.
struct ItemBits {
  Buffer owner;
  const std::byte* bits = nullptr;
  std::uint64_t first_bit = 0;

  /// Pre: items of whole bytes.
  const std::byte* bytes() const noexcept { return bits + first_bit / 8; }
};

/// Immutable; thread-safe.
class FixedArray {
 public:
  virtual ~FixedArray() = default;
  /// Reads only the bytes that hold these items, unless they are compressed.
  /// Errors: kCorruption when the array has fewer items; kIo, kResourceLimit.
  virtual Result<ItemBits> Read(ValueRange items, MutableBuffer* scratch) const = 0;
};

/// Flat, fixed-size binary, both bit-packings, constant, or one of them in a nullable without nulls.
/// Errors: kCorruption when the encoding is of another width; kUnsupported, naming the encoding.
Result<std::unique_ptr<FixedArray>> OpenFixedArray(const PageInput& input, const format::ArrayEncoding& encoding,
                                                   std::uint64_t width_bits);
/// A buffer as items of this width.
std::unique_ptr<FixedArray> MakeFlatArray(const Source& source, const format::FileRange& buffer, std::uint64_t width_bits);

}  // namespace lancekit::legacy
