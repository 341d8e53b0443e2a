// Fixed-size lists. Parameters: mode, bits of an item, items of the inner and the outer list (0: one level), which levels have
// validity; then those of the place (decoder_fuzz.h).
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

constexpr std::uint64_t kItemBits[] = {1, 8, 32, 64};

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  const std::uint64_t item_bits = kItemBits[input.Byte() % 4];
  std::vector<std::uint64_t> sizes{1 + input.Byte() % 20u};
  const std::uint64_t outer = input.Byte() % 5;
  if (outer != 0) sizes.insert(sizes.begin(), outer);
  const ValueShape shape = testing::ListShape(item_bits, sizes);
  const std::uint8_t validity = input.Byte();
  if (mode % 2 == 0) {
    format::Encoding node = testing::FlatEncoding(item_bits);
    if (mode % 4 == 2) node = testing::EncodingOf(format::EncodingId::kConstant, {});
    for (std::size_t level = sizes.size(); level-- > 0;) {
      node = testing::EncodingOf(format::EncodingId::kFixedSizeList, {std::move(node)});
      node.bits = sizes[level];
      node.has_validity = (validity >> level & 1) != 0;
    }
    return DecodeAnywhere(node, shape, &input);
  }
  const Bytes bytes = input.Rest();
  const testing::OwnedValues values(shape, bytes);
  ValuesView view = values.View();
  view.item_validity.resize(sizes.size());
  // Values and bitmaps share their bytes: there are no fewer bits than items.
  for (std::size_t level = 0; level < sizes.size(); ++level) {
    if ((validity >> level & 1) != 0) view.item_validity[level] = view.values;
  }
  if (view.length != 0) Require(testing::CheckRoundTrip(view, *MakeFixedSizeListEncoder(view)));
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
