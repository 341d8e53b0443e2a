// The end of each list as a u64: the items of this and all lists before it in the page. The end of a null list is larger by the
// null adjustment, which is larger than any end. Source: lance protos/encodings.proto (List).
#include "legacy/offsets_page.h"

#include <limits>

namespace lancekit::legacy {

Result<OffsetsPage> OffsetsPage::Open(const PageInput& input, const format::ArrayEncoding& outer) {
  const format::ArrayEncoding& encoding = WithoutNullable(outer);
  if (encoding.id != format::ArrayEncodingId::kList) {
    return Unsupported("{} in the place of list offsets", format::ArrayEncodingName(encoding.id));
  }
  OffsetsPage page;
  page.null_adjustment_ = encoding.null_adjustment;
  page.num_items_ = encoding.num_items;
  if (input.page->length != 0 && page.null_adjustment_ <= page.num_items_) {
    return Corrupt("list: null adjustment {} for {} items", page.null_adjustment_, page.num_items_);
  }
  LANCEKIT_ASSIGN(page.ends_, OpenFixedArray(input, encoding.children[0], 64));
  return page;
}

Result<ValueRange> OffsetsPage::Read(ValueRange lists, NodeSink* sink, PageScratch* scratch) const {
  const std::uint64_t before = lists.first == 0 ? 0 : 1;
  LANCEKIT_ASSIGN(const ItemBits stored, ends_->Read({lists.first - before, lists.count + before}, &scratch->decode.block));
  const std::byte* from = stored.bytes();
  const auto end_of = [this](std::uint64_t number) { return number >= null_adjustment_ ? number - null_adjustment_ : number; };
  std::uint64_t end = 0;
  if (before != 0) {
    end = end_of(LoadLe<std::uint64_t>(from));
    from += sizeof(std::uint64_t);
  }
  const std::uint64_t first = end;
  const auto base = static_cast<std::uint64_t>(sink->num_items());
  scratch->ends.Resize(lists.count * sizeof(std::uint64_t));
  auto* const ends = scratch->ends.as<std::uint64_t>();
  scratch->visible.Resize(lists.count * sizeof(std::uint16_t));
  auto* const levels = scratch->visible.as<std::uint16_t>();
  bool any_null = false, ascend = true;
  for (std::uint64_t i = 0; i < lists.count; ++i) {
    const auto number = LoadLe<std::uint64_t>(from + i * sizeof(std::uint64_t));
    const std::uint64_t next = end_of(number);
    ends[i] = next - first;
    levels[i] = number >= null_adjustment_ ? 1 : 0;
    any_null |= levels[i] != 0;
    ascend &= next >= end;
    end = next;
  }
  if (!ascend || first > end || end > num_items_) return Corrupt("list: ends do not ascend within {} items", num_items_);
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (end - first > kMax - base) return Corrupt("list: {} items", end - first);
  LANCEKIT_TRY(sink->AppendEnds(ends, lists.count));
  if (any_null) {
    sink->validity().AppendLevels(levels, lists.count);
  } else {
    sink->validity().AppendValid(lists.count);
  }
  return ValueRange{first, end - first};
}

}  // namespace lancekit::legacy
