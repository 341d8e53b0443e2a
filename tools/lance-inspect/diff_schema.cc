#include "tools/lance-inspect/diff_schema.h"

#include <algorithm>
#include <map>

namespace lancekit::tools {
namespace {

using Found = std::vector<SchemaDifference>;

void CompareMetadata(const Metadata& a, const Metadata& b, const std::string& path, Found* found) {
  std::map<std::string, std::pair<std::string, std::string>> values;
  for (const auto& [key, value] : a) values[key].first = key + '=' + value;
  for (const auto& [key, value] : b) values[key].second = key + '=' + value;
  for (const auto& [key, both] : values) {
    if (both.first != both.second && !key.starts_with("lance-encoding:"))
      found->push_back({"metadata", path, both.first, both.second});
  }
}

const Field* Find(const std::vector<Field>& fields, const std::string& name) {
  const auto at = std::ranges::find(fields, name, &Field::name);
  return at == fields.end() ? nullptr : &*at;
}

/// The names that are in the other list too, in their order.
std::string CommonNames(const std::vector<Field>& fields, const std::vector<Field>& others) {
  std::string names;
  for (const Field& field : fields) {
    if (Find(others, field.name) != nullptr) names += (names.empty() ? "" : ", ") + field.name;
  }
  return names;
}

void CompareField(const Field& a, const Field& b, const std::string& path, Found* found);

void CompareFields(const std::vector<Field>& a, const std::vector<Field>& b, const std::string& parent, Found* found) {
  const std::string prefix = parent.empty() ? "" : parent + '.';
  for (const Field& field : a) {
    if (const Field* other = Find(b, field.name)) {
      CompareField(field, *other, prefix + field.name, found);
    } else {
      found->push_back({"column only in A", prefix + field.name, field.type.to_string(), ""});
    }
  }
  for (const Field& field : b) {
    if (Find(a, field.name) == nullptr) found->push_back({"column only in B", prefix + field.name, "", field.type.to_string()});
  }
  const std::string names_a = CommonNames(a, b), names_b = CommonNames(b, a);
  if (names_a != names_b) found->push_back({"order of columns", parent, names_a, names_b});
}

void CompareField(const Field& a, const Field& b, const std::string& path, Found* found) {
  const DataType &x = a.type, &y = b.type;
  const bool is_nested = x.id == y.id && x.size == y.size && x.id != TypeId::kDictionary && !x.children.empty();
  if (is_nested && x.id == TypeId::kStruct) {
    CompareFields(x.children, y.children, path, found);
  } else if (is_nested && y.children.size() == 1) {
    CompareField(x.children[0], y.children[0], path + '.' + x.children[0].name, found);
  } else if (x.to_string() != y.to_string()) {
    found->push_back({"type", path, x.to_string(), y.to_string()});
  }
  if (a.nullable != b.nullable) {
    found->push_back({"nullability", path, a.nullable ? "nullable" : "not null", b.nullable ? "nullable" : "not null"});
  }
  CompareMetadata(a.metadata, b.metadata, path, found);
}

}  // namespace

std::vector<SchemaDifference> CompareSchemas(const Schema& a, const Schema& b) {
  Found found;
  CompareFields(a.fields, b.fields, "", &found);
  CompareMetadata(a.metadata, b.metadata, "", &found);
  return found;
}

}  // namespace lancekit::tools
