#include "tools/lance-convert/fit_columns.h"

#include <arrow/array/util.h>
#include <arrow/compute/cast.h>

#include <algorithm>

#include "tools/common/numbers.h"
#include "tools/common/suggest.h"
#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/lance_types.h"
#include "tools/lance-convert/value_text.h"

namespace lancekit::convert {
namespace {

/// What Arrow would cast, but not in a way that reads or prints values: numbers become other numbers, texts other texts.
bool IsOfOneKind(const arrow::DataType& a, const arrow::DataType& b) {
  if (a.Equals(b)) return true;
  if (a.id() == arrow::Type::NA) return true;
  if (a.id() == arrow::Type::DICTIONARY) return IsOfOneKind(*static_cast<const arrow::DictionaryType&>(a).value_type(), b);
  if (b.id() == arrow::Type::DICTIONARY) return IsOfOneKind(a, *static_cast<const arrow::DictionaryType&>(b).value_type());
  if (arrow::is_nested(a.id())) {
    if (a.id() != b.id() || a.num_fields() != b.num_fields()) return false;
    for (int i = 0; i < a.num_fields(); ++i) {
      if (a.field(i)->name() != b.field(i)->name() && a.id() == arrow::Type::STRUCT) return false;
      if (!IsOfOneKind(*a.field(i)->type(), *b.field(i)->type())) return false;
    }
    return true;
  }
  const auto number = [](arrow::Type::type id) {
    return arrow::is_integer(id) || arrow::is_floating(id) || arrow::is_decimal(id);
  };
  const auto text = [](arrow::Type::type id) { return arrow::is_string(id) || id == arrow::Type::STRING_VIEW; };
  const auto bytes = [](arrow::Type::type id) {
    return id == arrow::Type::BINARY || id == arrow::Type::LARGE_BINARY || id == arrow::Type::BINARY_VIEW;
  };
  const auto date = [](arrow::Type::type id) {
    return id == arrow::Type::DATE32 || id == arrow::Type::DATE64 || id == arrow::Type::TIMESTAMP;
  };
  const auto time = [](arrow::Type::type id) { return id == arrow::Type::TIME32 || id == arrow::Type::TIME64; };
  if (a.id() == arrow::Type::TIMESTAMP && b.id() == arrow::Type::TIMESTAMP) {
    return static_cast<const arrow::TimestampType&>(a).timezone() == static_cast<const arrow::TimestampType&>(b).timezone();
  }
  const auto both = [&](auto is) { return is(a.id()) && is(b.id()); };
  return both(number) || both(text) || both(bytes) || both(date) || both(time) ||
         (a.id() == arrow::Type::DURATION && b.id() == arrow::Type::DURATION);
}

/// The first value that cannot be cast.
arrow::Result<std::int64_t> FirstMisfit(std::shared_ptr<arrow::Array> values, const std::shared_ptr<arrow::DataType>& type,
                                        arrow::MemoryPool* pool) {
  std::int64_t first = 0;
  while (values->length() > 1) {
    const std::int64_t half = values->length() / 2;
    const auto cast = CastArray(values->Slice(0, half), type, pool);
    if (!cast.ok() && !cast.status().IsInvalid()) return cast.status();
    first += cast.ok() ? half : 0;
    values = cast.ok() ? values->Slice(half) : values->Slice(0, half);
  }
  return first;
}

}  // namespace

bool IsRounded(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.Equals(to)) return false;
  if (from.id() == arrow::Type::DICTIONARY) return IsRounded(*static_cast<const arrow::DictionaryType&>(from).value_type(), to);
  if (to.id() == arrow::Type::DICTIONARY) return IsRounded(from, *static_cast<const arrow::DictionaryType&>(to).value_type());
  if (arrow::is_nested(from.id())) {
    for (int i = 0; i < std::min(from.num_fields(), to.num_fields()); ++i) {
      if (IsRounded(*from.field(i)->type(), *to.field(i)->type())) return true;
    }
    return false;
  }
  if (arrow::is_floating(from.id()) && arrow::is_floating(to.id())) return from.bit_width() > to.bit_width();
  return (arrow::is_decimal(from.id()) && arrow::is_floating(to.id())) ||
         (arrow::is_floating(from.id()) && arrow::is_decimal(to.id())) ||
         (from.id() == arrow::Type::TIMESTAMP && (to.id() == arrow::Type::DATE32 || to.id() == arrow::Type::DATE64));
}

ReaderPtr FitRows(ReaderPtr input, std::shared_ptr<arrow::Schema> schema, const RowsOf& rows, arrow::MemoryPool* pool) {
  std::vector<int> position;  // of each column in the input; -1 = it lacks it
  for (const auto& field : schema->fields()) position.push_back(input->schema()->GetFieldIndex(field->name()));
  return MakeReader(schema, [input, schema, position, rows, pool, rows_done = rows.skipped]() mutable -> arrow::Result<BatchPtr> {
    ARROW_ASSIGN_OR_RAISE(const BatchPtr batch, input->Next());
    if (batch == nullptr) return batch;
    arrow::ArrayVector arrays;
    for (int i = 0; i < schema->num_fields(); ++i) {
      const int from = position[static_cast<std::size_t>(i)];
      const auto& type = schema->field(i)->type();
      if (from < 0) {
        ARROW_ASSIGN_OR_RAISE(arrays.emplace_back(), arrow::MakeArrayOfNull(type, batch->num_rows(), pool));
        continue;
      }
      auto cast = CastArray(batch->column(from), type, pool);
      if (!cast.ok() && cast.status().IsInvalid()) {
        ARROW_ASSIGN_OR_RAISE(const std::int64_t row, FirstMisfit(batch->column(from), type, pool));
        Error error = Corrupt("row {}{}: \"{}\" does not fit the type {}",
                              tools::GroupDigits(rows_done + static_cast<std::uint64_t>(row) + 1),
                              rows.are_chosen ? " of those taken" : "", ShortText(*batch->column(from), row), type->ToString());
        error.path = rows.name;
        error.column = schema->field(i)->name();
        return ToArrow(std::move(error));
      }
      ARROW_ASSIGN_OR_RAISE(arrays.emplace_back(), std::move(cast));
    }
    rows_done += static_cast<std::uint64_t>(batch->num_rows());
    return arrow::RecordBatch::Make(schema, batch->num_rows(), std::move(arrays));
  });
}

Result<std::vector<TypeChange>> CheckFit(const arrow::Schema& from, const arrow::Schema& to) {
  std::vector<TypeChange> changes;
  for (const auto& field : from.fields()) {
    const std::string& name = field->name();
    const auto wanted = to.GetFieldByName(name);
    if (wanted == nullptr) {
      return Invalid("the dataset has no column \"{}\"{}; --exclude leaves it out", name,
                     tools::DidYouMean(name, to.field_names()));
    }
    if (wanted->type()->Equals(field->type())) continue;
    if (!IsOfOneKind(*field->type(), *wanted->type()) || !arrow::compute::CanCast(*field->type(), *wanted->type())) {
      return At(Invalid("is {}, but {} in the dataset", field->type()->ToString(), wanted->type()->ToString()), {.column = name});
    }
    changes.push_back({name, field->type()->ToString(), wanted->type()->ToString(), IsRounded(*field->type(), *wanted->type())});
  }
  for (const auto& field : to.fields()) {
    if (!field->nullable() && from.GetFieldByName(field->name()) == nullptr)
      return Invalid("there is no column \"{}\", which must not be null in the dataset", field->name());
  }
  return changes;
}

Status CheckSameColumns(const arrow::Schema& schema, const arrow::Schema& first, const std::string& first_name,
                        bool union_helps) {
  const auto hint = [union_helps](const char* what) {
    return union_helps ? fmt::format("; --schema-mode union {}", what) : std::string();
  };
  for (const auto& field : first.fields()) {
    const auto other = schema.GetFieldByName(field->name());
    if (other == nullptr)
      return Invalid("there is no column \"{}\", which {} has{}", field->name(), first_name, hint("fills it with nulls"));
    if (!other->type()->Equals(field->type())) {
      return Invalid("column \"{}\" is {}, but {} in {}{}", field->name(), other->type()->ToString(), field->type()->ToString(),
                     first_name, hint("widens types"));
    }
  }
  for (const std::string& name : schema.field_names()) {
    if (first.GetFieldByName(name) == nullptr) return Invalid("column \"{}\" is not in {}{}", name, first_name, hint("takes it"));
  }
  return {};
}

}  // namespace lancekit::convert
