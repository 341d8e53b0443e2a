// Dictionaries:
//
//   of a dictionary type: indices of the key's width count from 0; null rows point at a null item
//   of other types: indices count from 1 and 0 is null; the writer makes such pages of strings with few distinct values
//
// Items are an array of their own, decoded when the page is opened.
// Source: lance protos/encodings.proto (Dictionary), rust lance-encoding previous/encodings/physical/dictionary.rs.
#include "base/checked_math.h"
#include "encodings/kernels/bitmasks.h"
#include "legacy/page.h"
#include "structural/dictionary.h"

namespace lancekit::legacy {
namespace {

using format::ArrayEncoding;

/// The items of a dictionary without its null ones, and where each item went.
struct Items {
  explicit Items(ValueShape shape) : values(std::move(shape)) {}

  static constexpr std::uint32_t kNull = ~std::uint32_t{0};
  ValueSink values;
  std::vector<std::uint32_t> positions;  // kNull for null items
};

Result<Items> ReadItems(const PageInput& input, const ArrayEncoding& encoding) {
  const DataType& type = input.leaf->is_dictionary() ? input.leaf->type.children[0].type : input.leaf->type;
  LANCEKIT_ASSIGN(const LeafType leaf, MakeLeafType(type));
  if (leaf.shape.kind == ValueShape::Kind::kNone || !leaf.shape.list_sizes.empty() || leaf.is_dictionary()) {
    return Unsupported("a dictionary of values of type {} is not supported", type.to_string());
  }
  // Every item takes at least a bit, but for one null.
  std::uint64_t page_bytes = 0;
  for (const format::FileRange& buffer : input.page->buffers) page_bytes += buffer.size;
  if (encoding.num_items > page_bytes * 8 + 1 || encoding.num_items >= 0x7FFFFFFF) {
    return Corrupt("dictionary: {} items in {} bytes", encoding.num_items, page_bytes);
  }
  RecentBuffers decompressed;  // of readers that live as long as this
  PageInput item_input = input;
  item_input.leaf = &leaf;
  item_input.decompressed = &decompressed;
  LANCEKIT_ASSIGN(const std::unique_ptr<PageReader> reader, OpenArray(item_input, encoding.children[1]));
  LeafSink sink(leaf, 0);
  PageScratch scratch;
  LANCEKIT_TRY(reader->Read({0, encoding.num_items}, &sink, &scratch));
  const ArrayData array = std::move(sink).Finish();
  Items items(leaf.shape);
  for (std::uint64_t i = 0; i < encoding.num_items; ++i) {
    const bool is_null = array.null_count != 0 && !GetBit(array.validity.data(), i);
    items.positions.push_back(is_null ? Items::kNull : static_cast<std::uint32_t>(items.values.length()));
    if (!is_null) LANCEKIT_TRY(AppendItems(ViewOf(array, items.values.shape()), i, 1, &items.values));
  }
  return items;
}

class DictionaryArray final : public PageReader {
 public:
  static Result<std::unique_ptr<PageReader>> Open(const PageInput& input, const ArrayEncoding& encoding) {
    auto array = std::make_unique<DictionaryArray>();
    const bool has_keys = input.leaf->is_dictionary();
    array->index_bits_ = has_keys ? input.leaf->shape.width_bits : WithoutNullable(encoding.children[0]).width;
    const std::uint64_t bits = array->index_bits_;
    if (bits != 8 && bits != 16 && bits != 32 && bits != 64) return Corrupt("dictionary: indices of {} bits", bits);
    LANCEKIT_ASSIGN(array->indices_, OpenFixedArray(input, encoding.children[0], bits));
    LANCEKIT_ASSIGN(Items items, ReadItems(input, encoding));
    if (!has_keys) array->positions_.push_back(Items::kNull);
    array->positions_.insert(array->positions_.end(), items.positions.begin(), items.positions.end());
    array->dictionary_ = Dictionary::Make(std::move(items.values), *input.leaf);
    return std::unique_ptr<PageReader>(std::move(array));
  }

  Status Read(ValueRange rows, LeafSink* sink, PageScratch* scratch) const override {
    switch (index_bits_) {
      case 8:
        return ReadAs<std::uint8_t>(rows, sink, scratch);
      case 16:
        return ReadAs<std::uint16_t>(rows, sink, scratch);
      case 32:
        return ReadAs<std::uint32_t>(rows, sink, scratch);
      default:
        return ReadAs<std::uint64_t>(rows, sink, scratch);
    }
  }

 private:
  template <class Index>
  Status ReadAs(ValueRange rows, LeafSink* sink, PageScratch* scratch) const {
    LANCEKIT_ASSIGN(const ItemBits stored, indices_->Read(rows, &scratch->decode.decompressed));
    scratch->decode.block.Resize(rows.count * sizeof(Index));
    scratch->visible.Resize(kernels::MaskWords(rows.count) * sizeof(std::uint64_t));
    auto* const indices = scratch->decode.block.template as<Index>();
    auto* const validity = scratch->visible.template as<std::uint64_t>();
    std::fill_n(validity, kernels::MaskWords(rows.count), 0);
    std::uint64_t num_valid = 0;
    for (std::uint64_t i = 0; i < rows.count; ++i) {
      const std::uint64_t index = LoadLe<Index>(stored.bytes() + i * sizeof(Index));
      if (index >= positions_.size()) return Corrupt("dictionary index {} of {}", index, positions_.size());
      const std::uint32_t position = positions_[index];
      const bool is_null = position == Items::kNull;
      validity[i / 64] |= std::uint64_t{!is_null} << (i % 64);
      indices[i] = is_null ? Index{0} : static_cast<Index>(position);
      num_valid += !is_null;
    }
    const bool any_null = num_valid != rows.count;
    LANCEKIT_TRY(dictionary_->Gather(indices, any_null ? validity : nullptr, rows.count, sink));
    if (any_null) {
      sink->validity().AppendBits(validity, rows.count, num_valid);
    } else {
      sink->AppendValid(rows.count);
    }
    sink->Fold();  // what Gather may have added already is not to be taken for values of the next rows
    return {};
  }

  std::unique_ptr<FixedArray> indices_;
  std::uint64_t index_bits_ = 0;
  std::vector<std::uint32_t> positions_;  // by stored index: the item, or kNull
  std::unique_ptr<Dictionary> dictionary_;
};

}  // namespace

Result<std::unique_ptr<PageReader>> OpenDictionaryArray(const PageInput& input, const ArrayEncoding& encoding) {
  return DictionaryArray::Open(input, encoding);
}

}  // namespace lancekit::legacy
