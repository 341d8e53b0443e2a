#include "structural/page_reader.h"

namespace lancekit {

Status PageReader::ReadRanges(std::span<const ValueRange> rows, LeafSink* sink, PageScratch* scratch) const {
  for (const ValueRange& range : rows) LANCEKIT_TRY(Read(range, sink, scratch));
  return {};
}

Result<std::vector<BlobPlace>> PageReader::FindBlobs(std::span<const ValueRange>, PageScratch*) const {
  return Unsupported("the column holds no blobs that lie by themselves");
}

Result<Buffer> ReadPageBuffer(const PageInput& input, std::size_t buffer) {
  if (buffer >= input.page->buffers.size()) {
    return Corrupt("the page has {} buffers, but its encoding needs buffer {}", input.page->buffers.size(), buffer);
  }
  const format::FileRange& range = input.page->buffers[buffer];
  return input.source->Read(range.offset, range.size);
}

Result<std::unique_ptr<PageReader>> OpenPage(const Source& source, const format::PageMetadata& page, const LeafType& leaf) {
  if (page.encoding.type_url != format::kPageLayoutUrl)
    return Unsupported("page encoding {} is not supported", page.encoding.type_url);
  LANCEKIT_ASSIGN(const format::PageLayout layout, format::ParsePageLayout(page.encoding.value));
  const PageInput input{&source, &page, &layout, &leaf};
  switch (layout.id) {
    case format::LayoutId::kMiniBlock:
      return OpenMiniBlockPage(input);
    case format::LayoutId::kFullZip:
      return OpenFullZipPage(input);
    case format::LayoutId::kConstant:
      return OpenConstantPage(input);
    case format::LayoutId::kBlob:
      return OpenBlobPage(input);
    default:
      return Unsupported("page layout {} is not supported", static_cast<std::uint32_t>(layout.id));
  }
}

}  // namespace lancekit
