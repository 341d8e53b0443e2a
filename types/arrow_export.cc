#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/endian.h"
#include "types/array.h"
#include "types/arrow_format.h"

namespace lancekit {
namespace {

// Stands in for buffers that are empty: consumers may read the first offset of an empty string array, and some refuse a
// null pointer. Validity alone may be null.
alignas(MutableBuffer::kAlignment) constexpr std::byte kEmptyBuffer[MutableBuffer::kAlignment] = {};

// Children stay in the parent's private data. A consumer may move a child out, which clears the child's release pointer
// here, or release the parent with the children in place; both leave each child released exactly once.
template <class Node>
void ReleaseNode(Node* node) noexcept {
  if (node->release != nullptr) node->release(node);
}

struct ExportedArray {
  std::vector<Buffer> owners;
  std::array<const void*, 3> buffers{};
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  ArrowArray dictionary{};

  ExportedArray() = default;
  ExportedArray(const ExportedArray&) = delete;
  ExportedArray& operator=(const ExportedArray&) = delete;
  ~ExportedArray() {
    for (ArrowArray& child : children) ReleaseNode(&child);
    ReleaseNode(&dictionary);
  }
  void AddChildren(std::size_t count) {
    children.resize(count);
    for (ArrowArray& child : children) child_pointers.push_back(&child);
  }
  void AddBuffer(std::size_t index, const Buffer& buffer) {
    buffers[index] = buffer.empty() ? kEmptyBuffer : buffer.data();
    owners.push_back(buffer);
  }
};

struct ExportedSchema {
  std::string format;
  std::string name;
  std::string metadata;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;
  ArrowSchema dictionary{};

  ExportedSchema() = default;
  ExportedSchema(const ExportedSchema&) = delete;
  ExportedSchema& operator=(const ExportedSchema&) = delete;
  ~ExportedSchema() {
    for (ArrowSchema& child : children) ReleaseNode(&child);
    ReleaseNode(&dictionary);
  }
};

template <class Exported, class Node>
void Release(Node* node) {
  delete static_cast<Exported*>(node->private_data);
  node->release = nullptr;
}

// Hands the private data to the struct. Fields that the caller does not know better are set here.
void Publish(std::unique_ptr<ExportedArray> exported, std::int64_t length, std::int64_t null_count, std::int64_t n_buffers,
             ArrowArray* out) {
  out->length = length;
  out->null_count = null_count;
  out->offset = 0;
  out->n_buffers = n_buffers;
  out->n_children = static_cast<std::int64_t>(exported->children.size());
  out->buffers = exported->buffers.data();
  out->children = exported->child_pointers.empty() ? nullptr : exported->child_pointers.data();
  out->dictionary = exported->dictionary.release != nullptr ? &exported->dictionary : nullptr;
  out->release = &Release<ExportedArray, ArrowArray>;
  out->private_data = exported.release();
}

int NumBuffers(TypeId id) {
  if (id == TypeId::kNull) return 0;
  if (id == TypeId::kStruct || id == TypeId::kFixedSizeList) return 1;
  return IsVariableWidth(id) ? 3 : 2;
}

// int32 count, then per pair: int32 length and bytes of the key, the same of the value; native byte order.
std::string EncodeMetadata(const Metadata& metadata) {
  constexpr std::size_t kMaxText = std::numeric_limits<std::int32_t>::max();
  std::string text;
  const auto add_number = [&text](std::size_t at, std::size_t value) {
    const auto number = static_cast<std::int32_t>(value);
    text.resize(std::max(text.size(), at + sizeof(number)));
    std::memcpy(text.data() + at, &number, sizeof(number));
  };
  std::size_t count = 0;
  for (const auto& [key, value] : metadata) {
    if (key.size() > kMaxText || value.size() > kMaxText) continue;  // the C encoding has no way to say it
    if (count++ == 0) add_number(0, 0);
    for (const std::string* part : {&key, &value}) {
      add_number(text.size(), part->size());
      text += *part;
    }
  }
  if (count != 0) add_number(0, count);
  return text;
}

void ExportNode(const DataType& type, const std::string& name, std::int64_t flags, const Metadata& metadata, ArrowSchema* out) {
  auto exported = std::make_unique<ExportedSchema>();
  exported->name = name;
  exported->metadata = EncodeMetadata(metadata);
  if (type.id == TypeId::kDictionary) {
    exported->format = ArrowFormat(DataType{.id = type.key_id});
    ExportField(type.children.front(), &exported->dictionary);
    if (type.ordered) flags |= ARROW_FLAG_DICTIONARY_ORDERED;
  } else {
    exported->format = ArrowFormat(type);
    exported->children.resize(type.children.size());
    for (std::size_t i = 0; i < type.children.size(); ++i) {
      ExportField(type.children[i], &exported->children[i]);
      exported->child_pointers.push_back(&exported->children[i]);
    }
    if (type.id == TypeId::kMap && type.ordered) flags |= ARROW_FLAG_MAP_KEYS_SORTED;
  }
  out->format = exported->format.c_str();
  out->name = exported->name.c_str();
  out->metadata = exported->metadata.empty() ? nullptr : exported->metadata.data();
  out->flags = flags;
  out->n_children = static_cast<std::int64_t>(exported->children.size());
  out->children = exported->child_pointers.empty() ? nullptr : exported->child_pointers.data();
  out->dictionary = exported->dictionary.release != nullptr ? &exported->dictionary : nullptr;
  out->release = &Release<ExportedSchema, ArrowSchema>;
  out->private_data = exported.release();
}

}  // namespace

void ExportArray(const DataType& type, const ArrayData& array, ArrowArray* out) {
  auto exported = std::make_unique<ExportedArray>();
  const int num_buffers = NumBuffers(type.id);
  if (num_buffers > 0 && array.null_count != 0) exported->AddBuffer(0, array.validity);
  if (num_buffers > 1) exported->AddBuffer(1, array.values);
  if (num_buffers > 2) exported->AddBuffer(2, array.data);
  if (type.id == TypeId::kDictionary) {
    ExportArray(type.children.front().type, *array.dictionary, &exported->dictionary);
  } else {
    exported->AddChildren(type.children.size());
    for (std::size_t i = 0; i < type.children.size(); ++i) {
      ExportArray(type.children[i].type, array.children[i], exported->child_pointers[i]);
    }
  }
  const std::int64_t null_count = type.id == TypeId::kNull ? array.length : array.null_count;
  Publish(std::move(exported), array.length, null_count, num_buffers, out);
}

void ExportColumns(const Schema& schema, const std::vector<ArrayData>& columns, std::int64_t num_rows, ArrowArray* out) {
  auto exported = std::make_unique<ExportedArray>();
  exported->AddChildren(schema.fields.size());
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    ExportArray(schema.fields[i].type, columns[i], exported->child_pointers[i]);
  }
  Publish(std::move(exported), num_rows, 0, NumBuffers(TypeId::kStruct), out);
}

void ExportSchema(const Schema& schema, ArrowSchema* out) {
  ExportNode(DataType{.id = TypeId::kStruct, .children = schema.fields}, "", 0, schema.metadata, out);
}

void ExportField(const Field& field, ArrowSchema* out) {
  ExportNode(field.type, field.name, field.nullable ? ARROW_FLAG_NULLABLE : 0, field.metadata, out);
}

}  // namespace lancekit
