#include "legacy/page_input.h"

namespace lancekit::legacy {

Result<format::FileRange> FindBuffer(const PageInput& input, const format::BufferReference& reference) {
  if (reference.owner != format::BufferOwner::kPage) {
    return Unsupported("buffers of kind {} in a page encoding are not supported", static_cast<std::uint32_t>(reference.owner));
  }
  if (reference.index >= input.page->buffers.size()) {
    return Corrupt("the page has {} buffers, but its encoding needs buffer {}", input.page->buffers.size(), reference.index);
  }
  return input.page->buffers[reference.index];
}

const format::ArrayEncoding& WithoutNullable(const format::ArrayEncoding& encoding) {
  const format::ArrayEncoding* inner = &encoding;
  while (inner->id == format::ArrayEncodingId::kNullable && inner->nullability == format::Nullability::kNoNulls) {
    inner = &inner->children[0];
  }
  return *inner;
}

}  // namespace lancekit::legacy
