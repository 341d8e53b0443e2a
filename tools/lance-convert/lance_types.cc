#include "tools/lance-convert/lance_types.h"

#include <arrow/builder.h>
#include <arrow/c/bridge.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/extension_type.h>

#include "tools/lance-convert/arrow_error.h"

namespace lancekit::convert {
namespace {

using arrow::Type;
using TypePtr = std::shared_ptr<arrow::DataType>;

/// The type that Lance holds the values in; null when there is none.
TypePtr LanceType(const TypePtr& type) {
  switch (type->id()) {
    case Type::STRING_VIEW:
      return arrow::utf8();
    case Type::BINARY_VIEW:
      return arrow::binary();
    case Type::DECIMAL32:
    case Type::DECIMAL64: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(*type);
      return arrow::decimal128(decimal.precision(), decimal.scale());
    }
    case Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(*type);
      const TypePtr values = LanceType(dictionary.value_type());
      if (values == nullptr || values->Equals(dictionary.value_type())) return values == nullptr ? nullptr : type;
      return arrow::dictionary(dictionary.index_type(), values, dictionary.ordered());
    }
    case Type::EXTENSION:
      return LanceType(static_cast<const arrow::ExtensionType&>(*type).storage_type()) == nullptr ? nullptr : type;
    case Type::INTERVAL_MONTHS:
    case Type::INTERVAL_DAY_TIME:
    case Type::INTERVAL_MONTH_DAY_NANO:
    case Type::SPARSE_UNION:
    case Type::DENSE_UNION:
    case Type::RUN_END_ENCODED:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW:
      return nullptr;
    default:
      return type;
  }
}

template <class Builder, class ViewArray>
arrow::Result<std::shared_ptr<arrow::Array>> Flatten(const arrow::Array& array, arrow::MemoryPool* pool) {
  const auto& views = static_cast<const ViewArray&>(array);
  Builder builder(pool);
  std::int64_t bytes = 0;
  for (std::int64_t i = 0; i < views.length(); ++i)
    bytes += views.IsValid(i) ? static_cast<std::int64_t>(views.GetView(i).size()) : 0;
  ARROW_RETURN_NOT_OK(builder.Reserve(views.length()));
  ARROW_RETURN_NOT_OK(builder.ReserveData(bytes));
  for (std::int64_t i = 0; i < views.length(); ++i) {
    if (views.IsNull(i)) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(views.GetView(i));
    }
  }
  return builder.Finish();
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> CastArray(const std::shared_ptr<arrow::Array>& array, const TypePtr& type,
                                                       arrow::MemoryPool* pool) {
  if (array->type()->Equals(type)) return array;
  switch (array->type_id()) {
    case Type::STRING_VIEW:
      if (type->id() != Type::STRING) break;
      return Flatten<arrow::StringBuilder, arrow::StringViewArray>(*array, pool);
    case Type::BINARY_VIEW:
      if (type->id() != Type::BINARY) break;
      return Flatten<arrow::BinaryBuilder, arrow::BinaryViewArray>(*array, pool);
    case Type::DICTIONARY: {
      const auto& keyed = static_cast<const arrow::DictionaryArray&>(*array);
      if (type->id() != Type::DICTIONARY ||
          !keyed.indices()->type()->Equals(static_cast<const arrow::DictionaryType&>(*type).index_type()))
        break;
      const auto& values = static_cast<const arrow::DictionaryType&>(*type).value_type();
      ARROW_ASSIGN_OR_RAISE(auto dictionary, CastArray(keyed.dictionary(), values, pool));
      return arrow::DictionaryArray::FromArrays(type, keyed.indices(), dictionary);
    }
    default:
      break;
  }
  arrow::compute::ExecContext context(pool);
  return arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Safe(), &context);
}

Result<SinkSchema> ForLance(const arrow::Schema& schema) {
  SinkSchema result;
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    const TypePtr type = LanceType(field->type());
    if (type == nullptr) {
      Error error = Unsupported("Lance has no type {}", field->type()->ToString());
      error.column = field->name();
      return error;
    }
    if (!type->Equals(field->type())) result.changes.push_back({field->name(), field->type()->ToString(), type->ToString()});
    fields.push_back(field->WithType(type));
  }
  result.schema = arrow::schema(std::move(fields), schema.metadata());
  return result;
}

arrow::Result<BatchPtr> CastBatch(const BatchPtr& batch, const std::shared_ptr<arrow::Schema>& schema, arrow::MemoryPool* pool) {
  arrow::ArrayVector columns = batch->columns();
  for (int i = 0; i < schema->num_fields(); ++i) {
    auto& column = columns[static_cast<std::size_t>(i)];
    ARROW_ASSIGN_OR_RAISE(column, CastArray(column, schema->field(i)->type(), pool));
  }
  return arrow::RecordBatch::Make(schema, batch->num_rows(), std::move(columns));
}

Result<std::shared_ptr<arrow::Schema>> ArrowSchemaOf(const Table& table, const std::string& name) {
  Scan scan = table.scan().limit(0);
  ArrowArrayStream stream;
  LANCEKIT_TRY(scan.export_stream(&stream));
  LANCEKIT_ASSIGN_ARROW(auto reader, arrow::ImportRecordBatchReader(&stream), Side::kInput, name);
  return reader->schema();
}

}  // namespace lancekit::convert
