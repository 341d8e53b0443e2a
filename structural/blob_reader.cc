// Blob pages (2.1): each row's bytes lie by themselves somewhere in the file; the page holds where.
//
//   inner layout: a mini-block page of packed structs (u64 position, u64 size), all of them valid
//   size 0 and position 0: an empty value; size 0 and another position: (definition level << 16) | repetition level
//
// Source: lance rust lance-encoding logical/blob.rs.
#include "base/checked_math.h"
#include "base/limits.h"
#include "structural/page_reader.h"

namespace lancekit {
namespace {

/// The type of the inner page.
Result<LeafType> DescriptorType() {
  DataType number;
  number.id = TypeId::kUInt64;
  DataType type;
  type.id = TypeId::kStruct;
  type.children = {Field{"position", number, false, -1, {}}, Field{"size", number, false, -1, {}}};
  return MakeLeafType(type);
}

class BlobPage final : public PageReader {
 public:
  static Result<std::unique_ptr<PageReader>> Open(const PageInput& input) {
    const format::PageLayout& layout = *input.layout;
    if (layout.inner == nullptr || layout.inner->id != format::LayoutId::kMiniBlock) {
      return Unsupported("blob: descriptors that are not in a mini-block page");
    }
    if (!input.leaf->shape.variable()) return Corrupt("blob: a page of type {}", input.leaf->type.to_string());
    std::unique_ptr<BlobPage> page(new BlobPage(*input.source));
    LANCEKIT_ASSIGN(page->levels_, PageLevels::Make(layout.layers, *input.leaf));
    if (page->levels_.has_lists()) return Unsupported("blob: blobs in lists are not supported");
    LANCEKIT_ASSIGN(page->descriptor_type_, DescriptorType());
    PageInput inner = input;
    inner.layout = layout.inner.get();
    inner.leaf = &page->descriptor_type_;
    LANCEKIT_ASSIGN(page->descriptors_, OpenMiniBlockPage(inner));
    return std::unique_ptr<PageReader>(std::move(page));
  }

  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override {
    return rows.count == 0 ? Status() : ReadRanges({&rows, 1}, sink, scratch);
  }

  std::optional<std::size_t> data_buffer() const override { return descriptors_->data_buffer(); }
  void AddReads(std::span<const ValueRange> rows, std::vector<FileRange>* reads) const override {
    descriptors_->AddReads(rows, reads);
  }

  Status ReadRanges(std::span<const ValueRange> rows, LeafSink* sink, PageScratch* scratch) const override {
    LANCEKIT_ASSIGN(const std::vector<BlobPlace> places, FindBlobs(rows, scratch));
    scratch->definition.Clear();
    scratch->definition.AppendFixed(places.size());
    auto* const levels = scratch->definition.values().as<std::uint16_t>();
    for (std::size_t i = 0; i < places.size(); ++i) levels[i] = places[i].level;
    LANCEKIT_TRY(levels_.Check(nullptr, levels, places.size()));
    std::vector<FileRange> ranges;
    for (const BlobPlace& place : places) ranges.push_back(place.bytes);
    if (ranges.size() > 1 && source_.MayWait(ranges)) source_.Prefetch(std::move(ranges));
    std::uint64_t total = 0;
    for (const BlobPlace& place : places) {
      // Values do not overlap, so what they take is bounded by the file.
      if (place.bytes.size > source_.size() - total) return Corrupt("blobs of more bytes than the file has, {}", source_.size());
      total += place.bytes.size;
      LANCEKIT_ASSIGN(const Buffer bytes, source_.Read(place.bytes.offset, place.bytes.size));
      if (!sink->values().HasRoom(bytes.size())) {
        return MakeError(ErrorCode::kResourceLimit, "{} bytes of blobs do not fit into one batch", bytes.size());
      }
      const std::uint64_t offsets[] = {0, bytes.size()};
      LANCEKIT_TRY(sink->values().AppendStrings(offsets, bytes.data(), 1));
    }
    return AppendEntries(levels_, nullptr, levels, places.size(), sink, &scratch->visible).status();
  }

  Result<std::vector<BlobPlace>> FindBlobs(std::span<const ValueRange> rows, PageScratch* scratch) const override {
    const std::uint64_t count = CountRows(rows);
    LeafSink sink(descriptor_type_, count);
    LANCEKIT_TRY(descriptors_->ReadRanges(rows, &sink, scratch));
    const ArrayData array = std::move(sink).Finish();
    std::vector<BlobPlace> places(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto position = LoadLe<std::uint64_t>(array.children[0].values.data() + 8 * i);
      const auto size = LoadLe<std::uint64_t>(array.children[1].values.data() + 8 * i);
      if (size == 0) {
        if (position >> 32 != 0 || (position & 0xFFFF) != 0) return Corrupt("blob: levels {} of a row", position);
        places[i].level = static_cast<std::uint16_t>(position >> 16);
      } else if (!RangeFits(position, size, source_.size())) {
        return Corrupt("blob: a row lies at [{}, +{}) in a file of {} bytes", position, size, source_.size());
      } else {
        places[i].bytes = {position, size};
      }
    }
    return places;
  }

 private:
  explicit BlobPage(const Source& source) : source_(source) {}

  const Source& source_;
  PageLevels levels_;
  LeafType descriptor_type_;
  std::unique_ptr<PageReader> descriptors_;
};

}  // namespace

Result<std::unique_ptr<PageReader>> OpenBlobPage(const PageInput& input) { return BlobPage::Open(input); }

}  // namespace lancekit
