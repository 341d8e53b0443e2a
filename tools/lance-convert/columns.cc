#include "tools/lance-convert/columns.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "tools/common/suggest.h"

namespace lancekit::convert {
namespace {

Result<int> Find(const arrow::Schema& schema, const std::string& name) {
  const std::vector<int> found = schema.GetAllFieldIndices(name);
  if (found.size() == 1) return found[0];
  if (found.size() > 1) return Invalid("the input has {} columns named \"{}\"", found.size(), name);
  return Invalid("the input has no column \"{}\"{}", name, tools::DidYouMean(name, schema.field_names()));
}

}  // namespace

Result<ColumnPlan> PlanColumns(const arrow::Schema& schema, const Options& options) {
  ColumnPlan plan;
  if (options.columns.empty()) {
    plan.columns.resize(static_cast<std::size_t>(schema.num_fields()));
    std::iota(plan.columns.begin(), plan.columns.end(), 0);
  }
  for (const std::string& name : options.columns) {
    LANCEKIT_ASSIGN(const int column, Find(schema, name));
    plan.columns.push_back(column);
  }
  for (const std::string& name : options.exclude) {
    LANCEKIT_ASSIGN(const int column, Find(schema, name));
    std::erase(plan.columns, column);
  }
  std::vector<std::string> names = schema.field_names();
  for (const auto& [from, to] : options.renames) {
    LANCEKIT_ASSIGN(const int column, Find(schema, from));
    names[static_cast<std::size_t>(column)] = to;
  }
  arrow::FieldVector fields;
  std::set<std::string> seen;
  for (const int column : plan.columns) {
    const std::string& name = names[static_cast<std::size_t>(column)];
    if (!seen.insert(name).second) return Invalid("the output would have two columns named \"{}\"; see --rename and -c", name);
    fields.push_back(schema.field(column)->WithName(name));
  }
  if (fields.empty()) return Invalid("no column is left to convert");
  plan.schema = arrow::schema(std::move(fields), schema.metadata());
  return plan;
}

}  // namespace lancekit::convert
