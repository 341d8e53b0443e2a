#include "tools/lance-inspect/schema_forms.h"

#include <fmt/format.h>

#include <map>

#include "base/status.h"
#include "tools/common/json.h"
#include "tools/common/terminal.h"

namespace lancekit::tools {
namespace {

constexpr const char* kUnits[] = {"SECOND", "MILLISECOND", "MICROSECOND", "NANOSECOND"};

const char* UnitOf(const DataType& type) { return kUnits[static_cast<std::size_t>(type.unit)]; }

void AppendInt(int bits, bool is_signed, JsonWriter* json) {
  json->Member("name", "int").Member("bitWidth", bits).Member("isSigned", is_signed);
}

/// Of kInt8 to kUInt64.
void AppendIntOf(TypeId id, JsonWriter* json) {
  const bool is_signed = id <= TypeId::kInt64;
  const int place = static_cast<int>(id) - static_cast<int>(is_signed ? TypeId::kInt8 : TypeId::kUInt8);
  AppendInt(8 << place, is_signed, json);
}

/// What the type is called without parameters; null where it has some.
const char* PlainArrowName(TypeId id) {
  switch (id) {
    case TypeId::kNull:
      return "null";
    case TypeId::kBool:
      return "bool";
    case TypeId::kString:
      return "utf8";
    case TypeId::kLargeString:
      return "largeutf8";
    case TypeId::kBinary:
      return "binary";
    case TypeId::kLargeBinary:
      return "largebinary";
    case TypeId::kStruct:
      return "struct";
    case TypeId::kList:
      return "list";
    case TypeId::kLargeList:
      return "largelist";
    default:
      return nullptr;
  }
}

void AppendArrowType(const DataType& type, JsonWriter* json) {
  json->BeginObject();
  switch (type.id) {
    case TypeId::kFloat16:
      json->Member("name", "floatingpoint").Member("precision", "HALF");
      break;
    case TypeId::kFloat32:
      json->Member("name", "floatingpoint").Member("precision", "SINGLE");
      break;
    case TypeId::kFloat64:
      json->Member("name", "floatingpoint").Member("precision", "DOUBLE");
      break;
    case TypeId::kDecimal128:
    case TypeId::kDecimal256:
      json->Member("name", "decimal").Member("precision", type.precision).Member("scale", type.scale);
      json->Member("bitWidth", type.id == TypeId::kDecimal128 ? 128 : 256);
      break;
    case TypeId::kDate32:
    case TypeId::kDate64:
      json->Member("name", "date").Member("unit", type.id == TypeId::kDate32 ? "DAY" : "MILLISECOND");
      break;
    case TypeId::kTime32:
    case TypeId::kTime64:
      json->Member("name", "time").Member("unit", UnitOf(type)).Member("bitWidth", type.id == TypeId::kTime32 ? 32 : 64);
      break;
    case TypeId::kTimestamp:
      json->Member("name", "timestamp").Member("unit", UnitOf(type));
      if (!type.timezone.empty()) json->Member("timezone", type.timezone);
      break;
    case TypeId::kDuration:
      json->Member("name", "duration").Member("unit", UnitOf(type));
      break;
    case TypeId::kFixedSizeBinary:
      json->Member("name", "fixedsizebinary").Member("byteWidth", type.size);
      break;
    case TypeId::kFixedSizeList:
      json->Member("name", "fixedsizelist").Member("listSize", type.size);
      break;
    case TypeId::kMap:
      json->Member("name", "map").Member("keysSorted", type.ordered);
      break;
    default:
      if (const char* const name = PlainArrowName(type.id)) {
        json->Member("name", name);
      } else {
        AppendIntOf(type.id, json);
      }
  }
  json->EndObject();
}

void AppendMetadata(const Metadata& metadata, JsonWriter* json) {
  if (metadata.empty()) return;
  json->Key("metadata").BeginArray();
  for (const auto& [key, value] : metadata) json->BeginObject().Member("key", key).Member("value", value).EndObject();
  json->EndArray();
}

/// `num_dictionaries` counts those before; each has an id of its own.
void AppendArrowField(const Field& field, int* num_dictionaries, JsonWriter* json) {
  const bool is_dictionary = field.type.id == TypeId::kDictionary;
  // A dictionary has the type of its values, and says beside what the keys are.
  const DataType& type = is_dictionary ? field.type.children[0].type : field.type;
  json->BeginObject().Member("name", field.name).Member("nullable", field.nullable).Key("type");
  AppendArrowType(type, json);
  if (is_dictionary) {
    json->Key("dictionary").BeginObject().Member("id", (*num_dictionaries)++).Key("indexType").BeginObject();
    AppendIntOf(field.type.key_id, json);
    json->EndObject().Member("isOrdered", field.type.ordered).EndObject();
  }
  json->Key("children").BeginArray();
  for (const Field& child : type.children) AppendArrowField(child, num_dictionaries, json);
  json->EndArray();
  AppendMetadata(field.metadata, json);
  json->EndObject();
}

std::string Quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : EscapeControls(name)) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + '"';
}

/// Name in DuckDB, name in PostgreSQL.
struct SqlName {
  TypeId id;
  const char* names[2];
};

// Smaller numbers and unsigned ones of PostgreSQL have the next larger type.
constexpr SqlName kSqlNames[] = {
    {TypeId::kNull, {"INTEGER", "integer"}},
    {TypeId::kBool, {"BOOLEAN", "boolean"}},
    {TypeId::kInt8, {"TINYINT", "smallint"}},
    {TypeId::kInt16, {"SMALLINT", "smallint"}},
    {TypeId::kInt32, {"INTEGER", "integer"}},
    {TypeId::kInt64, {"BIGINT", "bigint"}},
    {TypeId::kUInt8, {"UTINYINT", "smallint"}},
    {TypeId::kUInt16, {"USMALLINT", "integer"}},
    {TypeId::kUInt32, {"UINTEGER", "bigint"}},
    {TypeId::kUInt64, {"UBIGINT", "numeric(20, 0)"}},
    {TypeId::kFloat16, {"FLOAT", "real"}},
    {TypeId::kFloat32, {"FLOAT", "real"}},
    {TypeId::kFloat64, {"DOUBLE", "double precision"}},
    {TypeId::kDate32, {"DATE", "date"}},
    {TypeId::kDate64, {"DATE", "date"}},
    {TypeId::kTime32, {"TIME", "time"}},
    {TypeId::kTime64, {"TIME", "time"}},
    {TypeId::kDuration, {"INTERVAL", "interval"}},
    {TypeId::kString, {"VARCHAR", "text"}},
    {TypeId::kLargeString, {"VARCHAR", "text"}},
    {TypeId::kBinary, {"BLOB", "bytea"}},
    {TypeId::kLargeBinary, {"BLOB", "bytea"}},
    {TypeId::kFixedSizeBinary, {"BLOB", "bytea"}},
};

std::string TimestampName(const DataType& type, SqlDialect dialect) {
  const bool has_zone = !type.timezone.empty();
  if (dialect == SqlDialect::kPostgres) return has_zone ? "timestamptz" : "timestamp";
  constexpr const char* kNames[] = {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS"};
  return has_zone ? "TIMESTAMPTZ" : kNames[static_cast<std::size_t>(type.unit)];
}

/// DuckDB takes names that are equal apart from the case of ASCII letters for the same.
Status CheckNames(const std::vector<Field>& fields, SqlDialect dialect) {
  if (dialect != SqlDialect::kDuckDb) return {};
  std::map<std::string, const std::string*> by_lower;
  for (const Field& field : fields) {
    std::string lower = field.name;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto [at, is_new] = by_lower.emplace(std::move(lower), &field.name);
    if (!is_new) return Unsupported("DuckDB takes {} and {} for one name", Quoted(*at->second), Quoted(field.name));
  }
  return {};
}

Result<std::string> SqlType(const DataType& type, SqlDialect dialect) {
  const bool is_duckdb = dialect == SqlDialect::kDuckDb;
  for (const SqlName& name : kSqlNames) {
    if (name.id == type.id) return std::string(name.names[is_duckdb ? 0 : 1]);
  }
  constexpr int kMostDuckDbDigits = 38, kMostDuckDbItems = 100'000;
  switch (type.id) {
    case TypeId::kDecimal128:
    case TypeId::kDecimal256:
      if (is_duckdb && (type.precision > kMostDuckDbDigits || type.scale < 0 || type.scale > type.precision))
        return Unsupported("DuckDB has no type for {}", type.to_string());
      return fmt::format("{}({}, {})", is_duckdb ? "DECIMAL" : "numeric", type.precision, type.scale);
    case TypeId::kTimestamp:
      return TimestampName(type, dialect);
    case TypeId::kDictionary:
      return SqlType(type.children[0].type, dialect);
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kFixedSizeList: {
      if (type.id == TypeId::kFixedSizeList && is_duckdb && (type.size < 1 || type.size > kMostDuckDbItems))
        return Unsupported("DuckDB has no type for {}", type.to_string());
      LANCEKIT_ASSIGN(const std::string item, SqlType(type.children[0].type, dialect));
      return type.id == TypeId::kFixedSizeList ? fmt::format("{}[{}]", item, type.size) : item + "[]";
    }
    default:
      break;
  }
  if (!is_duckdb) return std::string("jsonb");
  const std::vector<Field>& fields = type.id == TypeId::kMap ? type.children[0].type.children : type.children;
  LANCEKIT_TRY(CheckNames(fields, dialect));
  std::string text;
  for (const Field& field : fields) {
    LANCEKIT_ASSIGN(const std::string inner, SqlType(field.type, dialect));
    text += (text.empty() ? "" : ", ") + (type.id == TypeId::kMap ? inner : Quoted(field.name) + ' ' + inner);
  }
  if (text.empty()) return Unsupported("DuckDB has no structs without fields");
  return fmt::format("{}({})", type.id == TypeId::kMap ? "MAP" : "STRUCT", text);
}

}  // namespace

std::string ArrowJson(const Schema& schema) {
  JsonWriter json;
  int num_dictionaries = 0;
  json.BeginObject().Key("fields").BeginArray();
  for (const Field& field : schema.fields) AppendArrowField(field, &num_dictionaries, &json);
  json.EndArray();
  AppendMetadata(schema.metadata, &json);
  return json.EndObject().text() + '\n';
}

Result<std::string> CreateTable(const Schema& schema, const std::string& table, SqlDialect dialect) {
  LANCEKIT_TRY(CheckNames(schema.fields, dialect));
  std::string text;
  for (const Field& field : schema.fields) {
    auto type = SqlType(field.type, dialect);
    if (!type) return At(std::move(type).status(), {.column = field.name});
    text += fmt::format("{}\n  {} {}{}", text.empty() ? "" : ",", Quoted(field.name), *type, field.nullable ? "" : " NOT NULL");
  }
  return fmt::format("CREATE TABLE {} ({}\n);\n", Quoted(table), text);
}

}  // namespace lancekit::tools
