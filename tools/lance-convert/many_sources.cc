#include "tools/lance-convert/many_sources.h"

#include <algorithm>
#include <set>

#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/batches.h"
#include "tools/lance-convert/filter_rows.h"
#include "tools/lance-convert/fit_columns.h"

namespace lancekit::convert {
namespace {

using SchemaPtr = std::shared_ptr<arrow::Schema>;

Status CheckNames(const NamedSource& source) {
  std::set<std::string> seen;
  for (const std::string& name : source.source->schema()->field_names()) {
    if (!seen.insert(name).second) return At(Invalid("two columns are named \"{}\"", name), {.path = source.name});
  }
  return {};
}

Result<SchemaPtr> MergeSchemas(const std::vector<NamedSource>& sources, SchemaMode mode) {
  SchemaPtr merged = sources[0].source->schema();
  LANCEKIT_TRY(CheckNames(sources[0]));
  for (std::size_t i = 1; i < sources.size(); ++i) {
    const NamedSource& source = sources[i];
    LANCEKIT_TRY(CheckNames(source));
    if (mode == SchemaMode::kStrict)
      LANCEKIT_TRY(At(CheckSameColumns(*source.source->schema(), *sources[0].source->schema(), sources[0].name, true),
                      {.path = source.name}));
    arrow::FieldVector fields = merged->fields();
    for (const auto& field : source.source->schema()->fields()) {
      const auto same = std::ranges::find(fields, field->name(), &arrow::Field::name);
      if (same == fields.end()) {
        fields.push_back(field);
        continue;
      }
      auto wider = (*same)->MergeWith(*field, arrow::Field::MergeOptions::Permissive());
      if (!wider.ok()) {
        return Status(At(Invalid("column \"{}\" is {}, but {} before; no type holds both", field->name(),
                                 field->type()->ToString(), (*same)->type()->ToString()),
                         {.path = source.name}));
      }
      *same = *wider;
    }
    merged = arrow::schema(std::move(fields), merged->metadata());
  }
  // A column that an input lacks is null there.
  arrow::FieldVector fields = merged->fields();
  for (auto& field : fields) {
    const bool everywhere = std::ranges::all_of(
        sources, [&](const NamedSource& s) { return s.source->schema()->GetFieldByName(field->name()) != nullptr; });
    if (!everywhere) field = field->WithNullable(true);
  }
  return arrow::schema(std::move(fields), merged->metadata());
}

void Add(const ScanReport& report, ScanReport* sum) {
  sum->fragments += report.fragments;
  sum->fragments_skipped += report.fragments_skipped;
  sum->pages += report.pages;
  sum->pages_kept += report.pages_kept;
  sum->pages_skipped_by_bloom += report.pages_skipped_by_bloom;
  sum->zones += report.zones;
  sum->zones_kept += report.zones_kept;
  sum->rows_filtered += report.rows_filtered;
  sum->rows_encoded += report.rows_encoded;
  sum->rows_matched += report.rows_matched;
}

class JoinedSource : public Source {
 public:
  JoinedSource(std::vector<NamedSource> sources, SchemaMode mode, SchemaPtr schema, arrow::MemoryPool* pool)
      : sources_(std::move(sources)), mode_(mode), schema_(std::move(schema)), pool_(pool) {}

  const SchemaPtr& schema() const override { return schema_; }

  std::optional<std::uint64_t> row_count() const override {
    std::uint64_t rows = 0;
    for (const NamedSource& source : sources_) {
      const auto count = source.source->row_count();
      if (!count) return std::nullopt;
      rows += *count;
    }
    return rows;
  }

  arrow::Result<ReaderPtr> Read(const std::vector<int>& columns, const RowRange& rows) override {
    arrow::FieldVector fields;
    for (const int column : columns) fields.push_back(schema_->field(column));
    wanted_ = arrow::schema(std::move(fields), schema_->metadata());
    where_ = rows.where;
    at_ = 0;
    current_ = nullptr;
    ReaderPtr all = MakeReader(wanted_, [this]() { return Next(); });
    return CutRows(std::move(all), rows);
  }

  ScanReport report() const override {
    ScanReport sum;
    for (std::size_t i = 0; i < std::min(at_ + 1, sources_.size()); ++i) Add(sources_[i].source->report(), &sum);
    return sum;
  }

  void AddBadRows(BadRows* sum) const override {
    for (const NamedSource& source : sources_) source.source->AddBadRows(sum);
  }

  Result<bool> Retry(const Error& error) override {
    LANCEKIT_ASSIGN(const bool again, sources_[std::min(at_, sources_.size() - 1)].source->Retry(error));
    if (!again) return false;
    LANCEKIT_ASSIGN(schema_, MergeSchemas(sources_, mode_));
    return true;
  }

 private:
  arrow::Result<BatchPtr> Next() {
    for (; at_ < sources_.size(); ++at_) {
      auto batch = NextOfCurrent();
      if (!batch.ok()) return ToArrow(FromArrow(batch.status(), Side::kInput, sources_[at_].name));
      if (*batch != nullptr) return batch;
      current_ = nullptr;
    }
    return BatchPtr();
  }

  arrow::Result<BatchPtr> NextOfCurrent() {
    if (current_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(current_, Open(sources_[at_]));
    }
    return current_->Next();
  }

  /// The wanted columns of one input, in the types wanted.
  arrow::Result<ReaderPtr> Open(const NamedSource& input) {
    Source& source = *input.source;
    std::vector<int> columns;
    for (const auto& field : wanted_->fields()) {
      const int column = source.schema()->GetFieldIndex(field->name());
      if (column >= 0) columns.push_back(column);
    }
    // An input with none of the columns still has its rows.
    if (columns.empty()) columns.push_back(0);
    ARROW_ASSIGN_OR_RAISE(ReaderPtr rows, source.Read(columns, {.where = where_}));
    return FitRows(std::move(rows), wanted_, {.name = input.name, .are_chosen = where_.has_value()}, pool_);
  }

  std::vector<NamedSource> sources_;
  SchemaMode mode_;
  SchemaPtr schema_;
  arrow::MemoryPool* pool_;
  SchemaPtr wanted_;
  std::optional<Filter> where_;
  std::size_t at_ = 0;  // the input that is being read
  ReaderPtr current_;
};

}  // namespace

Result<std::unique_ptr<Source>> JoinSources(std::vector<NamedSource> sources, SchemaMode mode, const Environment& environment) {
  if (sources.size() == 1) return std::move(sources[0].source);
  LANCEKIT_ASSIGN(SchemaPtr schema, MergeSchemas(sources, mode));
  auto joined = std::make_unique<JoinedSource>(std::move(sources), mode, std::move(schema), environment.pool);
  // With a union, inputs may lack columns of a filter, or have them in narrower types.
  if (mode == SchemaMode::kUnion) return FilterRows(std::move(joined), environment.pool);
  return std::unique_ptr<Source>(std::move(joined));
}

}  // namespace lancekit::convert
