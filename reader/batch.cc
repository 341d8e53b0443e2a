#include "base/bitmap.h"
#include "base/endian.h"
#include "lancekit/table.hpp"
#include "reader/batch_impl.h"

namespace lancekit {
namespace {

const Schema kNoSchema;

const ArrayData* FindColumn(const std::shared_ptr<const BatchImpl>& impl, const std::string& name, const DataType** type) {
  if (impl == nullptr) return nullptr;
  const int index = impl->schema->index_of(name);
  if (index < 0) return nullptr;
  *type = &impl->schema->fields[static_cast<std::size_t>(index)].type;
  return &impl->columns[static_cast<std::size_t>(index)];
}

bool IsValid(const ArrayData& array, std::int64_t row) {
  if (row < 0 || row >= array.length) return false;
  return array.validity.empty() ? array.null_count == 0 : GetBit(array.validity.data(), static_cast<std::uint64_t>(row));
}

std::string_view TextAt(const DataType& type, const ArrayData& array, std::int64_t row) {
  if (!IsValid(array, row)) return {};
  const auto i = static_cast<std::size_t>(row);
  if (type.id == TypeId::kDictionary) {
    const std::byte* const keys = array.values.data();
    std::int64_t key = 0;
    switch (type.key_id) {
      case TypeId::kInt8:
        key = LoadLe<std::int8_t>(keys + i);
        break;
      case TypeId::kUInt8:
        key = LoadLe<std::uint8_t>(keys + i);
        break;
      case TypeId::kInt16:
        key = LoadLe<std::int16_t>(keys + 2 * i);
        break;
      case TypeId::kUInt16:
        key = LoadLe<std::uint16_t>(keys + 2 * i);
        break;
      case TypeId::kInt32:
        key = LoadLe<std::int32_t>(keys + 4 * i);
        break;
      case TypeId::kUInt32:
        key = LoadLe<std::uint32_t>(keys + 4 * i);
        break;
      default:
        key = LoadLe<std::int64_t>(keys + 8 * i);
    }
    return TextAt(type.children[0].type, *array.dictionary, key);
  }
  const auto* const text = reinterpret_cast<const char*>(array.data.data());
  if (type.id == TypeId::kFixedSizeBinary) {
    const auto size = static_cast<std::size_t>(type.size);
    return {reinterpret_cast<const char*>(array.values.data()) + i * size, size};
  }
  if (!IsVariableWidth(type.id)) return {};
  const std::byte* const offsets = array.values.data();
  const auto start = HasLargeOffsets(type.id) ? LoadLe<std::int64_t>(offsets + 8 * i) : LoadLe<std::int32_t>(offsets + 4 * i);
  const auto end =
      HasLargeOffsets(type.id) ? LoadLe<std::int64_t>(offsets + 8 * i + 8) : LoadLe<std::int32_t>(offsets + 4 * i + 4);
  return {text + start, static_cast<std::size_t>(end - start)};
}

}  // namespace

Batch::Batch() noexcept = default;
Batch::Batch(std::shared_ptr<const BatchImpl> impl) noexcept : impl_(std::move(impl)) {}
Batch::~Batch() = default;
Batch::Batch(const Batch&) = default;
Batch& Batch::operator=(const Batch&) = default;
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;

std::int64_t Batch::num_rows() const noexcept { return impl_ == nullptr ? 0 : impl_->num_rows; }
const Schema& Batch::schema() const noexcept { return impl_ == nullptr ? kNoSchema : *impl_->schema; }

const void* Batch::raw_values(const std::string& column, std::size_t width) const noexcept {
  const DataType* type = nullptr;
  const ArrayData* array = FindColumn(impl_, column, &type);
  return array != nullptr && FixedWidthBits(*type) == width * 8 ? array->values.data() : nullptr;
}

std::size_t Batch::raw_length(const std::string& column, std::size_t width) const noexcept {
  return raw_values(column, width) == nullptr ? 0 : static_cast<std::size_t>(num_rows());
}

bool Batch::valid(const std::string& column, std::int64_t row) const noexcept {
  const DataType* type = nullptr;
  const ArrayData* array = FindColumn(impl_, column, &type);
  return array != nullptr && IsValid(*array, row);
}

std::string_view Batch::text(const std::string& column, std::int64_t row) const noexcept {
  const DataType* type = nullptr;
  const ArrayData* array = FindColumn(impl_, column, &type);
  return array == nullptr ? std::string_view() : TextAt(*type, *array, row);
}

Status Batch::export_array(ArrowArray* array, ArrowSchema* schema) const {
  if (array != nullptr)
    ExportColumns(this->schema(), impl_ == nullptr ? std::vector<ArrayData>() : impl_->columns, num_rows(), array);
  if (schema != nullptr) ExportSchema(this->schema(), schema);
  return {};
}

}  // namespace lancekit
