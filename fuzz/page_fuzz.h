// What the targets of pages share: a leaf type, a layout and buffers from the input, and the reading of all rows. The
// properties: arrays are what Arrow wants (they are imported again, which checks offsets and keys), and a row read alone
// equals the same row read among others.
#pragma once

#include <algorithm>

#include "fuzz/fuzz_input.h"
#include "structural/page_testing.h"
#include "types/array_testing.h"

namespace lancekit::fuzz {

// Rows that are read at once, and the bytes of their values.
inline constexpr std::uint64_t kMaxRows = 4096;
inline constexpr std::uint64_t kMaxBytes = 1 << 22;

/// Any type that has leaves.
inline std::shared_ptr<const FieldShape> TakeShape(FuzzInput* input) {
  static const std::vector<std::shared_ptr<const FieldShape>> shapes = [] {
    std::vector<std::shared_ptr<const FieldShape>> all;
    for (const DataType& type : testing::AllTypes()) {
      if (auto shape = FieldShape::Make(testing::MakeField("x", type))) all.push_back(*std::move(shape));
    }
    return all;
  }();
  return shapes[input->Byte() % shapes.size()];
}

/// All rows of an array as text, after it went through the Arrow C interfaces.
inline std::vector<std::string> Texts(const DataType& type, const ArrayData& array) {
  const Field field = testing::MakeField("x", type);
  testing::OwnedSchema schema(field);
  ArrowArray exported{};
  ExportArray(type, array, &exported);
  std::vector<std::string> texts;
  {
    const auto view = ImportArray(field, *schema, exported);
    if (!view) Require("what was read is no Arrow array: " + view.error().describe());
    for (std::int64_t i = 0; i < view->length; ++i) texts.push_back(testing::Render(*view, i));
  }
  exported.release(&exported);
  return texts;
}

/// Reads rows with read(span of ValueRange, FieldSink*, PageScratch*): all of them in parts, and some alone or apart.
template <class Read>
void ReadRows(const FieldShape& shape, std::uint64_t num_rows, Read read_into) {
  std::uint64_t row_bytes = 1;
  for (const FieldLeaf& leaf : shape.leaves()) row_bytes += leaf.type.SlotsPerRow() * (1 + leaf.type.shape.width_bits / 8);
  const std::uint64_t part = std::min(kMaxRows, kMaxBytes / row_bytes);
  if (part == 0) return;
  PageScratch scratch;
  const auto read_ranges = [&](std::span<const ValueRange> rows) -> std::optional<std::vector<std::string>> {
    FieldSink sink(shape, CountRows(rows));
    if (!read_into(rows, &sink, &scratch).ok()) return std::nullopt;
    const auto array = std::move(sink).Finish();
    if (!array) return std::nullopt;
    Require(array->length == static_cast<std::int64_t>(CountRows(rows)), "another number of rows");
    return Texts(shape.field().type, *array);
  };
  const auto read = [&](ValueRange rows) { return read_ranges({&rows, 1}); };
  constexpr int kParts = 8;
  std::uint64_t first = 0;
  for (int parts = 0; parts < kParts && first < num_rows; ++parts) {
    const std::uint64_t count = std::min(part, num_rows - first);
    const auto texts = read({first, count});
    for (const std::uint64_t i : {std::uint64_t{0}, count / 2, count - 1}) {
      const auto alone = read({first + i, 1});
      // In a damaged file siblings can disagree about single rows and still have as many values in all.
      if (!texts.has_value() || shape.leaves().size() != 1) continue;
      Require(alone.has_value(), "a row is refused only when it is alone");
      Require(alone->front() == (*texts)[i], "a row alone is different");
    }
    if (count > 2) {
      const ValueRange ends[] = {{first, 1}, {first + count - 1, 1}};
      const auto apart = read_ranges(ends);
      const bool comparable = texts.has_value() && shape.leaves().size() == 1;
      if (comparable) Require(apart == std::vector<std::string>{texts->front(), texts->back()}, "rows apart are different");
    }
    first += count;
  }
  if (first < num_rows) static_cast<void>(read({num_rows - 1, 1}));
}

/// Parameters: type and which of its leaves, number of rows, sizes of the layout and of all buffers but the last. What the
/// other leaves would hold is null.
inline void ReadPage(FuzzInput* input) {
  const auto shape = TakeShape(input);
  const std::size_t leaf = shape->leaves().size() == 1 ? 0 : input->Byte() % shape->leaves().size();
  const LeafType& type = shape->leaves()[leaf].type;
  const auto num_slots = input->Number<std::uint32_t>();
  const std::string layout = testing::TextOf(input->Take(input->Number<std::uint16_t>()));
  std::vector<Bytes> buffers;
  for (std::uint64_t more = input->Byte() % 5; more != 0; --more) {
    buffers.push_back(more == 1 ? input->Rest() : input->Take(input->Number<std::uint16_t>()));
  }
  if (type.is_empty_struct()) return;
  const testing::MemoryPage page(buffers, layout, num_slots);
  const auto reader = page.Open(type);
  if (!reader) return;
  std::vector<bool> present(shape->leaves().size());
  present[leaf] = true;
  const std::uint64_t per_row = type.SlotsPerRow();
  ReadRows(*shape, num_slots / per_row, [&](std::span<const ValueRange> rows, FieldSink* sink, PageScratch* scratch) -> Status {
    sink->SetPresent(present);
    std::vector<ValueRange> slots;
    for (const ValueRange& range : rows) slots.push_back({range.first * per_row, range.count * per_row});
    LANCEKIT_TRY((*reader)->ReadRanges(slots, &sink->leaf(leaf), scratch));
    sink->FillAbsent(CountRows(rows));
    return {};
  });
}

/// Values of a few shapes with or without nulls, made of the input.
struct FuzzValues {
  LeafType leaf;
  std::vector<std::byte> validity;
  std::unique_ptr<testing::OwnedValues> values;

  PageValues Page() const {
    PageValues page;
    page.values = values->View();
    page.num_rows = page.values.length;
    page.validity = validity.empty() ? nullptr : validity.data();
    return page;
  }
};

/// Parameters: kind of values, whether there are nulls. Null strings are empty, as writers want them.
inline FuzzValues TakeValues(FuzzInput* input) {
  constexpr TypeId kTypes[] = {TypeId::kInt8,  TypeId::kInt16,  TypeId::kInt32,
                               TypeId::kInt64, TypeId::kString, TypeId::kLargeBinary};
  FuzzValues out;
  const DataType type{.id = kTypes[input->Byte() % 6]};
  const bool nulls = input->Flag();
  out.leaf = *MakeLeafType(type);
  std::uint64_t rows = 0;
  if (out.leaf.shape.variable()) {
    std::vector<std::string> strings;
    while (input->remaining() != 0) strings.push_back(testing::TextOf(input->Take(input->Byte())));
    rows = strings.size();
    for (std::uint64_t i = 0; nulls && i < rows; i += 3) strings[i].clear();
    out.values = std::make_unique<testing::OwnedValues>(strings, out.leaf.shape.large_offsets);
  } else {
    const std::uint64_t width = out.leaf.shape.width_bits / 8;
    const Bytes bytes = input->Rest();
    rows = bytes.size() / width;
    out.values = std::make_unique<testing::OwnedValues>(out.leaf.shape, bytes.first(rows * width));
  }
  if (nulls) {
    out.validity.assign(BitmapBytes(rows), std::byte{0});
    for (std::uint64_t i = 0; i < rows; ++i) SetBitTo(out.validity.data(), i, i % 3 != 0);
  }
  return out;
}

}  // namespace lancekit::fuzz
