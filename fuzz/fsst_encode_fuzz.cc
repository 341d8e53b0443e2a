// FSST encoding, apart from decoding because it is a thousand times slower. Parameters: mode; then strings (TakeStrings).
#include "encodings/kernels/fsst_encoder.h"
#include "fuzz/decoder_fuzz.h"

namespace lancekit::fuzz {
namespace {

/// CompressFsst, but of few strings too.
template <class Offset>
void EncodeStrings(const ValuesView& values) {
  const auto encoder = kernels::FsstEncoder::Train(values.data, values.offsets<Offset>(), values.length);
  FsstStrings strings;
  strings.codes.Resize(kernels::FsstEncoder::Room(values.StringBytes()));
  std::vector<std::make_unsigned_t<Offset>> ends(values.length + 1);
  strings.codes.Resize(
      encoder.CompressRun(values.data, values.offsets<Offset>(), values.length, strings.codes.data(), ends[0], ends.data() + 1));
  strings.table.resize(kernels::kFsstTableSize);
  encoder.SerializeTable(strings.table.data());
  strings.values = values;
  strings.values.values = std::as_bytes(std::span(ends)).data();
  strings.values.data = strings.codes.data();
  Require(testing::CheckRoundTrip(values, *MakeFsstEncoder(strings)));
}

void Run(FuzzInput input) {
  const bool large = input.Flag();
  const testing::OwnedValues values(TakeStrings(&input), large);
  if (values.View().StringBytes() == 0) return;
  large ? EncodeStrings<std::int64_t>(values.View()) : EncodeStrings<std::int32_t>(values.View());
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
