#include <memory>
#include <string>
#include <utility>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "base/endian.h"
#include "base/limits.h"
#include "base/offsets.h"
#include "types/array.h"
#include "types/arrow_format.h"

namespace lancekit {
namespace {

constexpr std::int64_t kViewBytes = 16;
constexpr std::int32_t kMaxInlineBytes = 12;

// The slots of an array that its parent uses, counted from the array's own offset.
struct Slots {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

const std::byte* BufferAt(const ArrowArray& array, std::int64_t index) {
  return static_cast<const std::byte*>(array.buffers[index]);
}

// Names and nullability may differ, e.g. of list items; what decides about the layout may not.
bool SameLayout(const DataType& a, const DataType& b) {
  if (!SameParameters(a, b) || a.children.size() != b.children.size()) return false;
  for (std::size_t i = 0; i < a.children.size(); ++i) {
    if (!SameLayout(a.children[i].type, b.children[i].type)) return false;
  }
  return true;
}

// Bits that one slot takes in the widest buffer; offsets and the like count as 64.
std::uint64_t SlotBits(const DataType& type, Storage storage) {
  if (storage == Storage::kView) return kViewBytes * 8;
  const std::uint64_t bits = type.id == TypeId::kFixedSizeList ? 0 : FixedWidthBits(type);
  return bits < 64 ? 64 : bits;
}

Status CheckBufferCount(const DataType& type, Storage storage, const ArrowArray& array) {
  std::int64_t wanted = 2;
  if (type.id == TypeId::kNull) wanted = 0;
  if (type.id == TypeId::kStruct || type.id == TypeId::kFixedSizeList) wanted = 1;
  if (IsVariableWidth(type.id)) wanted = 3;
  // Views: validity, views, any number of data buffers and their sizes.
  const bool right = storage == Storage::kView ? array.n_buffers >= 3 : array.n_buffers == wanted;
  if (!right) return Invalid("an Arrow array of {} has {} buffers instead of {}", type.to_string(), array.n_buffers, wanted);
  if (array.n_buffers > 0 && array.buffers == nullptr) return Invalid("the buffers of the Arrow array are missing");
  return {};
}

Status CheckChildren(const DataType& type, const ArrowArray& array) {
  const bool dictionary = type.id == TypeId::kDictionary;
  if (dictionary != (array.dictionary != nullptr)) {
    return Invalid("an Arrow array of {} comes {} a dictionary", type.to_string(), dictionary ? "without" : "with");
  }
  const std::size_t wanted = dictionary ? 0 : type.children.size();
  if (array.n_children < 0 || static_cast<std::size_t>(array.n_children) != wanted) {
    return Invalid("an Arrow array of {} has {} children instead of {}", type.to_string(), array.n_children, wanted);
  }
  if (wanted > 0 && array.children == nullptr) return Invalid("the children of the Arrow array are missing");
  for (std::size_t i = 0; i < wanted; ++i) {
    if (array.children[i] == nullptr) return Invalid("child {} of the Arrow array is missing", i);
  }
  return {};
}

// Numbers that later arithmetic relies on: offset + length, and the bits of all slots, fit.
Status CheckLengths(const DataType& type, Storage storage, const ArrowArray& array) {
  if (array.length < 0 || array.offset < 0) {
    return Invalid("an Arrow array has length {} and offset {}", array.length, array.offset);
  }
  std::int64_t end = 0;
  std::uint64_t bits = 0;
  if (!CheckedAdd(array.offset, array.length, &end) || static_cast<std::uint64_t>(end) >= kMaxRows ||
      (type.id != TypeId::kNull && !CheckedMul(static_cast<std::uint64_t>(end) + 1, SlotBits(type, storage), &bits))) {
    return Invalid("an Arrow array with length {} and offset {} is too long", array.length, array.offset);
  }
  if (array.null_count < -1 || array.null_count > array.length) {
    return Invalid("an Arrow array of length {} has null_count {}", array.length, array.null_count);
  }
  return {};
}

Status ImportValidity(const ArrowArray& array, ArrayView* view) {
  if (view->type->id == TypeId::kNull) {
    view->null_count = view->length;
    return {};
  }
  if (array.null_count == 0 || view->length == 0) return {};
  const std::byte* bits = BufferAt(array, 0);
  if (bits == nullptr) {
    return array.null_count > 0 ? Invalid("an Arrow array with {} nulls has no validity bitmap", array.null_count) : Status();
  }
  const auto length = static_cast<std::uint64_t>(view->length);
  const std::uint64_t num_valid = CountSetBits(bits, static_cast<std::uint64_t>(view->offset), length);
  view->null_count = static_cast<std::int64_t>(length - num_valid);
  if (view->null_count > 0) view->validity = bits;
  return {};
}

bool IsValid(const ArrayView& view, std::int64_t slot) {
  return view.validity == nullptr || GetBit(view.validity, static_cast<std::uint64_t>(slot));
}

// Checks the offsets of all slots and gives the first and the last one.
template <class T>
Status CheckOffsetsAs(const ArrayView& view, std::int64_t* first, std::int64_t* last) {
  const std::byte* offsets = view.values + view.offset * std::int64_t{sizeof(T)};
  const auto load = [offsets](std::int64_t i) { return LoadLe<T>(offsets + i * std::int64_t{sizeof(T)}); };
  if (!Ascend<T>(offsets, static_cast<std::uint64_t>(view.length)))
    return Invalid("offsets of {} are negative or descend", view.type->to_string());
  *first = load(0);
  *last = load(view.length);
  return {};
}

Status CheckOffsets(const ArrayView& view, std::int64_t* first, std::int64_t* last) {
  if (view.length == 0) return {};  // the buffer may then be absent or empty
  if (view.values == nullptr) return Invalid("the offsets of {} are missing", view.type->to_string());
  return HasLargeOffsets(view.type->id) ? CheckOffsetsAs<std::int64_t>(view, first, last)
                                        : CheckOffsetsAs<std::int32_t>(view, first, last);
}

Status ImportVariableWidth(const ArrowArray& array, ArrayView* view) {
  std::int64_t first = 0;
  std::int64_t last = 0;
  LANCEKIT_TRY(CheckOffsets(*view, &first, &last));
  view->data = BufferAt(array, 2);
  if (view->data == nullptr && last > first) return Invalid("the bytes of {} are missing", view->type->to_string());
  return {};
}

Status CheckView(const ArrayView& view, std::int64_t slot) {
  const std::byte* at = view.values + slot * kViewBytes;
  const auto size = LoadLe<std::int32_t>(at);
  if (size >= 0 && size <= kMaxInlineBytes) return {};
  const auto buffer = LoadLe<std::int32_t>(at + 8);
  const auto offset = LoadLe<std::int32_t>(at + 12);
  if (size < 0 || offset < 0 || buffer < 0 || static_cast<std::size_t>(buffer) >= view.view_data.size() ||
      std::int64_t{offset} + size > view.view_sizes[static_cast<std::size_t>(buffer)]) {
    return Invalid("view {} has {} bytes at {} of buffer {}, which lie outside it", slot - view.offset, size, offset, buffer);
  }
  return {};
}

Status ImportViews(const ArrowArray& array, ArrayView* view) {
  const std::int64_t num_data = array.n_buffers - 3;
  const std::byte* sizes = BufferAt(array, array.n_buffers - 1);
  if (num_data > 0 && sizes == nullptr) return Invalid("the sizes of the view buffers are missing");
  for (std::int64_t i = 0; i < num_data; ++i) {
    const auto size = LoadLe<std::int64_t>(sizes + i * std::int64_t{sizeof(std::int64_t)});
    const std::byte* data = BufferAt(array, 2 + i);
    if (size < 0 || (size > 0 && data == nullptr)) return Invalid("view buffer {} of {} bytes is missing", i, size);
    view->view_data.push_back(data);
    view->view_sizes.push_back(size);
  }
  if (view->length > 0 && view->values == nullptr) return Invalid("the views are missing");
  for (std::int64_t slot = view->offset; slot < view->offset + view->length; ++slot) {
    if (IsValid(*view, slot)) LANCEKIT_TRY(CheckView(*view, slot));
  }
  return {};
}

// A negative key becomes a huge unsigned one.
template <class Key>
bool KeysInRange(const ArrayView& view, std::int64_t dictionary_length) {
  const std::byte* keys = view.values;
  const auto limit = static_cast<std::uint64_t>(dictionary_length);
  bool outside = false;
  for (std::int64_t slot = view.offset; slot < view.offset + view.length; ++slot) {
    const auto key = static_cast<std::uint64_t>(LoadLe<Key>(keys + slot * std::int64_t{sizeof(Key)}));
    outside |= key >= limit && IsValid(view, slot);
  }
  return !outside;
}

bool KeysInRange(TypeId key_id, const ArrayView& view, std::int64_t dictionary_length) {
  switch (key_id) {
    case TypeId::kInt8:
      return KeysInRange<std::int8_t>(view, dictionary_length);
    case TypeId::kInt16:
      return KeysInRange<std::int16_t>(view, dictionary_length);
    case TypeId::kInt32:
      return KeysInRange<std::int32_t>(view, dictionary_length);
    case TypeId::kInt64:
      return KeysInRange<std::int64_t>(view, dictionary_length);
    case TypeId::kUInt8:
      return KeysInRange<std::uint8_t>(view, dictionary_length);
    case TypeId::kUInt16:
      return KeysInRange<std::uint16_t>(view, dictionary_length);
    case TypeId::kUInt32:
      return KeysInRange<std::uint32_t>(view, dictionary_length);
    case TypeId::kUInt64:
      return KeysInRange<std::uint64_t>(view, dictionary_length);
    default:
      return false;
  }
}

Result<ArrayView> ImportNode(const Field& field, const ArrowSchema& schema, const ArrowArray& array, const Slots* slots);

Status ImportDictionary(const ArrowSchema& schema, const ArrowArray& array, ArrayView* view) {
  const DataType& type = *view->type;
  LANCEKIT_ASSIGN(ArrayView values, ImportNode(type.children.front(), *schema.dictionary, *array.dictionary, nullptr));
  if (!KeysInRange(type.key_id, *view, values.length)) {
    return Invalid("a dictionary key is outside the {} entries of the dictionary", values.length);
  }
  view->dictionary = std::make_unique<ArrayView>(std::move(values));
  return {};
}

// Lists and maps use their child from offset to offset, so it stays whole.
Status ImportList(const ArrowSchema& schema, const ArrowArray& array, ArrayView* view) {
  std::int64_t first = 0;
  std::int64_t last = 0;
  LANCEKIT_TRY(CheckOffsets(*view, &first, &last));
  const Field& item = view->type->children.front();
  LANCEKIT_ASSIGN(ArrayView items, ImportNode(item, *schema.children[0], *array.children[0], nullptr));
  if (last > items.length) return Invalid("the last list ends at item {}, but there are {} items", last, items.length);
  view->children.push_back(std::move(items));
  return {};
}

// Structs and fixed-size lists: `width` slots of each child for one of the parent.
Status ImportCutChildren(const ArrowSchema& schema, const ArrowArray& array, std::int64_t width, ArrayView* view) {
  Slots slots;
  if (!CheckedMul(view->offset, width, &slots.first) || !CheckedMul(view->length, width, &slots.count)) {
    return Invalid("{} fixed-size lists of {} items are too many", view->length, width);
  }
  for (std::size_t i = 0; i < view->type->children.size(); ++i) {
    LANCEKIT_ASSIGN(ArrayView child, ImportNode(view->type->children[i], *schema.children[i], *array.children[i], &slots));
    view->children.push_back(std::move(child));
  }
  return {};
}

Status ImportContent(const ArrowSchema& schema, const ArrowArray& array, ArrayView* view) {
  const DataType& type = *view->type;
  switch (type.id) {
    case TypeId::kNull:
      return {};
    case TypeId::kStruct:
      return ImportCutChildren(schema, array, 1, view);
    case TypeId::kFixedSizeList:
      return ImportCutChildren(schema, array, type.size, view);
    default:
      break;
  }
  view->values = BufferAt(array, 1);
  if (type.id == TypeId::kList || type.id == TypeId::kLargeList || type.id == TypeId::kMap) {
    return ImportList(schema, array, view);
  }
  if (view->storage == Storage::kView) return ImportViews(array, view);
  if (IsVariableWidth(type.id)) return ImportVariableWidth(array, view);
  const bool no_bytes = type.id == TypeId::kFixedSizeBinary && type.size == 0;
  if (view->values == nullptr && view->length > 0 && !no_bytes) {
    return Invalid("the values of {} are missing", type.to_string());
  }
  return type.id == TypeId::kDictionary ? ImportDictionary(schema, array, view) : Status();
}

Status FillView(const ArrowSchema& schema, const ArrowArray& array, const Slots* wanted, ArrayView* view) {
  if (array.release == nullptr) return Invalid("the Arrow array is released");
  LANCEKIT_TRY(CheckBufferCount(*view->type, view->storage, array));
  LANCEKIT_TRY(CheckChildren(*view->type, array));
  LANCEKIT_TRY(CheckLengths(*view->type, view->storage, array));
  const Slots slots = wanted != nullptr ? *wanted : Slots{.count = array.length};
  if (slots.first > array.length || slots.count > array.length - slots.first) {
    return Invalid("an Arrow array of length {} is shorter than its parent, which uses {} values from {}", array.length,
                   slots.count, slots.first);
  }
  view->offset = array.offset + slots.first;
  view->length = slots.count;
  LANCEKIT_TRY(ImportValidity(array, view));
  return ImportContent(schema, array, view);
}

// `slots` nullptr = all. The schema has been compared with the field, so that both can be walked together.
Result<ArrayView> ImportNode(const Field& field, const ArrowSchema& schema, const ArrowArray& array, const Slots* slots) {
  ArrayView view{.type = &field.type, .storage = schema.format[0] == 'v' ? Storage::kView : Storage::kPlain};
  LANCEKIT_TRY(WithinField(field.name, FillView(schema, array, slots, &view)));
  return view;
}

}  // namespace

Result<ArrayView> ImportArray(const Field& field, const ArrowSchema& schema, const ArrowArray& array) {
  LANCEKIT_ASSIGN(const Field given, ImportField(schema));
  if (!SameLayout(field.type, given.type)) {
    const Status status = Invalid("the Arrow array has type {} instead of {}", given.type.to_string(), field.type.to_string());
    return WithinField(field.name, Status(status.error()));
  }
  return ImportNode(field, schema, array, nullptr);
}

}  // namespace lancekit
