// Columns of version 2.0: messages of encodings with their buffers. Input: the type; then for each of its lists and leaves a byte
// (bit 0: the column is there, bit 1: blobs, bit 2: a second page) and its pages: length, size of the message, the message,
// number of buffers, each with its size. The properties are those of page_fuzz.h.
#include "fuzz/page_fuzz.h"
#include "legacy/column_testing.h"

namespace lancekit::fuzz {
namespace {

// Lists can hold items that take no bytes; what they take in memory is bounded, but slow.
constexpr std::uint64_t kMaxItems = 1 << 16;

/// Null where the input has no column or one that cannot be opened.
std::shared_ptr<const legacy::Column> TakeColumn(FuzzInput* input, const std::optional<LeafType>& leaf) {
  const std::uint8_t flags = input->Byte();
  if ((flags & 1) == 0) return nullptr;
  legacy::testing::ColumnBuilder builder;
  builder.set_blob((flags & 2) != 0);
  for (int page = 0; page <= ((flags & 4) != 0 ? 1 : 0); ++page) {
    const auto length = input->Number<std::uint32_t>();
    const Bytes message = input->Take(input->Number<std::uint16_t>());
    std::vector<Bytes> buffers;
    for (std::uint64_t more = input->Byte() % 5; more != 0; --more)
      buffers.push_back(input->Take(input->Number<std::uint16_t>()));
    builder.AddPage(message, length, buffers);
  }
  auto column = builder.Open(leaf);
  if (!column || (!leaf.has_value() && (*column)->num_items() > kMaxItems)) return nullptr;
  return *std::move(column);
}

void Run(FuzzInput input) {
  const auto shape = TakeShape(&input);
  std::vector<std::shared_ptr<const legacy::Column>> columns;
  std::uint64_t num_rows = 0;
  for (const FieldNode& node : shape->nodes()) {
    columns.emplace_back();
    if (node.kind == NodeKind::kFixedList) return;
    if (node.kind == NodeKind::kStruct) continue;
    std::optional<LeafType> leaf;
    if (node.kind == NodeKind::kLeaf) leaf = shape->leaves()[node.leaf].type;
    columns.back() = TakeColumn(&input, leaf);
    if (num_rows == 0 && columns.back() != nullptr) num_rows = columns.back()->length();
  }
  const auto field = legacy::FieldColumns::Open(*shape, std::move(columns), num_rows);
  if (!field) return;
  ReadRows(*shape, num_rows, [&](std::span<const ValueRange> rows, FieldSink* sink, PageScratch* scratch) -> Status {
    for (const ValueRange& range : rows) LANCEKIT_TRY(field->Read(range, sink, scratch));
    return {};
  });
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
