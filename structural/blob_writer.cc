// Blob pages on the writing side; the layout is described in blob_reader.cc.
#include "encodings/definitions.h"
#include "structural/page_writer.h"

namespace lancekit {

Result<EncodedPage> WriteBlobPage(std::span<const BlobPlace> places, std::vector<format::RepDefLayer> layers,
                                  format::FileVersion version) {
  MutableBuffer descriptors;
  for (const BlobPlace& place : places) {
    const std::uint64_t level = place.level;
    descriptors.AppendLe<std::uint64_t>(place.bytes.size == 0 ? level << 16 : place.bytes.offset);
    descriptors.AppendLe<std::uint64_t>(place.bytes.size);
  }
  PageValues page;
  page.num_rows = page.values.length = places.size();
  page.values.shape = FixedShape(128);
  page.values.values = descriptors.data();
  const std::unique_ptr<ChunkEncoder> encoder = MakeFlatEncoder(page.values);
  LANCEKIT_ASSIGN(EncodedPage encoded, WriteMiniBlockPage(page, *encoder, std::nullopt, version));
  auto inner = std::make_unique<format::PageLayout>(std::move(encoded.layout));
  inner->value_compression = format::Encoding{.id = format::EncodingId::kPackedStruct};
  inner->value_compression->child_bits = {64, 64};
  inner->value_compression->children.push_back(encoder->Describe());
  encoded.layout = {};
  encoded.layout.id = format::LayoutId::kBlob;
  encoded.layout.layers = std::move(layers);
  encoded.layout.inner = std::move(inner);
  return encoded;
}

}  // namespace lancekit
