// CSV and TSV as a source. Arrow C++ splits the text; types are found here: over the first rows, and when a later value
// does not fit, over all rows in another try.
#include <arrow/csv/api.h>
#include <arrow/io/interfaces.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <set>

#include "tools/common/numbers.h"
#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/batches.h"
#include "tools/lance-convert/text_lines.h"
#include "tools/lance-convert/text_types.h"

namespace lancekit::convert {
namespace {

// Arrow reads up to 32 blocks ahead, so they are small against the memory limit.
constexpr std::int64_t kBlocksInLimit = 256;
constexpr std::int64_t kLeastBlockBytes = 64 << 10;
constexpr std::int64_t kMostBlockBytes = 1 << 20;

/// Whether a row was longer than a block.
bool IsLongRow(const std::string& message) { return message.find("straddling object") != std::string::npos; }

class CsvSource : public Source {
 public:
  CsvSource(Input& input, const TextOptions& text, const Environment& environment)
      : input_(input),
        text_(text),
        environment_(environment),
        infer_all_(text.infer_all && input.rereadable()),
        block_bytes_(std::clamp(static_cast<std::int64_t>(environment.memory_limit) / kBlocksInLimit, kLeastBlockBytes,
                                kMostBlockBytes)) {}

  Status Open();
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  arrow::Result<ReaderPtr> Read(const std::vector<int>& columns, const RowRange& rows) override;
  Result<bool> Retry(const Error& error) override;
  void AddBadRows(BadRows* sum) const override;
  std::vector<std::uint64_t> LinesOf(const std::vector<std::uint64_t>& rows) const override;

 private:
  FoundLines Find(const std::vector<std::uint64_t>& rows, std::size_t most_bad) const;
  bool keeps_sample() const { return !infer_all_ && (text_.keep_sample || !input_.rereadable()); }
  bool CanDoBetter(const Error& error);
  std::int64_t LargestBlock() const;
  arrow::Status Explained(const arrow::Status& status) const;
  arrow::Result<ReaderPtr> OpenText();
  arrow::Status LookAtRows();
  arrow::Status InferTypes();
  arrow::Result<BatchPtr> NextText();
  arrow::Result<BatchPtr> NextBatch(const std::vector<int>& columns, const std::shared_ptr<arrow::Schema>& schema);
  arrow::Status Misfit(int column, std::string_view value, std::int64_t row);

  Input& input_;
  TextOptions text_;
  const Environment& environment_;
  bool infer_all_;
  int misfit_ = -1;             // the column whose value did not fit the type found for it
  std::set<int> text_columns_;  // columns that no narrower type fits
  std::int64_t block_bytes_;
  ReaderPtr reader_;             // all columns as text
  std::deque<BatchPtr> sample_;  // read from it to find the types, not converted yet
  std::vector<TextKind> kinds_;
  std::int64_t rows_done_ = 0;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<std::atomic<std::uint64_t>> skipped_;  // rows with the wrong number of fields; shared with Arrow's threads
};

arrow::Result<ReaderPtr> CsvSource::OpenText() {
  auto read = arrow::csv::ReadOptions::Defaults();
  read.use_threads = environment_.threads() > 1;
  read.block_size = static_cast<std::int32_t>(block_bytes_);
  read.autogenerate_column_names = !text_.header;
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.delimiter = text_.delimiter;
  parse.newlines_in_values = true;
  parse.ignore_empty_lines = true;
  parse.quoting = text_.quote.has_value();
  parse.quote_char = text_.quote.value_or('"');
  skipped_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  if (text_.on_bad_row != OnBadRow::kFail) {
    parse.invalid_row_handler = [skipped = skipped_](const arrow::csv::InvalidRow&) {
      ++*skipped;
      return arrow::csv::InvalidRowResult::Skip;
    };
  }
  auto convert = arrow::csv::ConvertOptions::Defaults();
  convert.default_column_type = arrow::utf8();
  convert.null_values = {text_.null_text};
  convert.strings_can_be_null = true;
  convert.quoted_strings_can_be_null = false;
  ARROW_ASSIGN_OR_RAISE(auto stream, input_.Stream());
  // Not with the limited pool: Arrow's parser ends the process where that refuses memory. Blocks are kept small instead.
  auto reader = arrow::csv::StreamingReader::Make(arrow::io::IOContext(), stream, read, parse, convert);
  return reader.ok() ? reader : Explained(reader.status());
}

arrow::Status CsvSource::LookAtRows() {
  ARROW_ASSIGN_OR_RAISE(reader_, OpenText());
  sample_.clear();
  rows_done_ = 0;
  return InferTypes();
}

Status CsvSource::Open() {
  arrow::Status looked = LookAtRows();
  while (!looked.ok() && CanDoBetter(FromArrow(looked, Side::kInput, input_.name()))) looked = LookAtRows();
  LANCEKIT_TRY_ARROW(looked, Side::kInput, input_.name());
  arrow::FieldVector fields;
  for (int i = 0; i < reader_->schema()->num_fields(); ++i) {
    fields.push_back(arrow::field(reader_->schema()->field(i)->name(), TypeOf(kinds_[static_cast<std::size_t>(i)])));
  }
  schema_ = arrow::schema(std::move(fields));
  if (!keeps_sample()) reader_ = nullptr;
  return {};
}

std::int64_t CsvSource::LargestBlock() const {
  constexpr std::int64_t kMost = 1 << 30;
  return std::min(kMost, static_cast<std::int64_t>(environment_.memory_limit / 2));
}

/// A row that is longer than a block may be tells what it needs.
arrow::Status CsvSource::Explained(const arrow::Status& status) const {
  const bool is_too_long = IsLongRow(status.message()) && block_bytes_ >= LargestBlock();
  if (!is_too_long) return status;
  Error error = OverLimit(static_cast<std::uint64_t>(block_bytes_) * 2, environment_.memory_limit);
  error.message =
      fmt::format("a row of more than {} bytes {}", tools::GroupDigits(static_cast<std::uint64_t>(block_bytes_)), error.message);
  return ToArrow(std::move(error));
}

arrow::Status CsvSource::InferTypes() {
  kinds_.assign(static_cast<std::size_t>(reader_->schema()->num_fields()), TextKind::kNull);
  for (const TypeWish& wish : text_.types) {
    const int column = reader_->schema()->GetFieldIndex(wish.column);
    if (column >= 0) kinds_[static_cast<std::size_t>(column)] = TextKind::kText;
  }
  for (const int column : text_columns_) kinds_[static_cast<std::size_t>(column)] = TextKind::kText;
  const auto most_bytes = static_cast<std::int64_t>(environment_.memory_limit / 8);
  std::int64_t rows = 0;
  for (std::int64_t bytes = 0; infer_all_ || (rows < text_.infer_rows && bytes < most_bytes);) {
    BatchPtr batch;
    if (const arrow::Status status = reader_->ReadNext(&batch); !status.ok()) return Explained(status);
    if (batch == nullptr) break;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      kinds_[i] =
          Join(kinds_[i], static_cast<const arrow::StringArray&>(*batch->column(static_cast<int>(i))), text_.timestamp_formats);
    }
    rows += batch->num_rows();
    bytes += block_bytes_;
    if (keeps_sample()) sample_.push_back(std::move(batch));
  }
  return arrow::Status::OK();
}

arrow::Result<BatchPtr> CsvSource::NextText() {
  if (sample_.empty()) {
    if (reader_ == nullptr) return nullptr;
    auto next = reader_->Next();
    if (!next.ok()) return Explained(next.status());
    if (*next == nullptr) reader_ = nullptr;  // and the file is closed: there may be many
    return next;
  }
  BatchPtr batch = std::move(sample_.front());
  sample_.pop_front();
  return batch;
}

arrow::Status CsvSource::Misfit(int column, std::string_view value, std::int64_t row) {
  misfit_ = column;
  constexpr std::size_t kShown = 40;
  const TextKind kind = kinds_[static_cast<std::size_t>(column)];
  Error error = Corrupt("row {} holds \"{}\", but the rows before it made this a {} column",
                        tools::GroupDigits(static_cast<std::uint64_t>(row) + 1), value.substr(0, kShown), NameOf(kind));
  if (!input_.rereadable()) error.message += "; a pipe cannot be read again with a wider type, a file can";
  error.column = schema_->field(column)->name();
  return ToArrow(std::move(error));
}

arrow::Result<BatchPtr> CsvSource::NextBatch(const std::vector<int>& columns, const std::shared_ptr<arrow::Schema>& schema) {
  ARROW_ASSIGN_OR_RAISE(BatchPtr text, NextText());
  if (text == nullptr) return nullptr;
  arrow::ArrayVector arrays;
  for (const int column : columns) {
    const auto& values = static_cast<const arrow::StringArray&>(*text->column(column));
    ARROW_ASSIGN_OR_RAISE(TextColumn converted, ConvertText(values, kinds_[static_cast<std::size_t>(column)], environment_.pool,
                                                            text_.timestamp_formats));
    if (converted.misfit >= 0) return Misfit(column, values.GetView(converted.misfit), rows_done_ + converted.misfit);
    arrays.push_back(std::move(converted.array));
  }
  rows_done_ += text->num_rows();
  return arrow::RecordBatch::Make(schema, text->num_rows(), std::move(arrays));
}

arrow::Result<ReaderPtr> CsvSource::Read(const std::vector<int>& columns, const RowRange& rows) {
  if (reader_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(reader_, OpenText());  // from the start again
  }
  arrow::FieldVector fields;
  for (const int column : columns) fields.push_back(schema_->field(column));
  auto schema = arrow::schema(std::move(fields));
  return CutRows(MakeReader(schema, [this, columns, schema] { return NextBatch(columns, schema); }), rows);
}

bool CsvSource::CanDoBetter(const Error& error) {
  if (!input_.rereadable()) return false;
  if (IsLongRow(error.message) && block_bytes_ < LargestBlock()) {
    block_bytes_ = std::min(block_bytes_ * 8, LargestBlock());
    return true;
  }
  if (misfit_ < 0) return false;
  // After a look at all rows only a year that nanoseconds do not reach is left to misfit.
  if (infer_all_) text_columns_.insert(misfit_);
  infer_all_ = true;
  misfit_ = -1;
  return true;
}

Result<bool> CsvSource::Retry(const Error& error) {
  if (!CanDoBetter(error)) return false;
  LANCEKIT_TRY(Open());
  return true;
}

FoundLines CsvSource::Find(const std::vector<std::uint64_t>& rows, std::size_t most_bad) const {
  if (!input_.rereadable()) return {};
  const auto stream = input_.Stream();
  if (!stream.ok()) return {};
  return FindLines(**stream, {text_.delimiter, text_.quote, text_.header, schema_->num_fields(), rows, most_bad})
      .ValueOr(FoundLines());
}

void CsvSource::AddBadRows(BadRows* sum) const {
  if (*skipped_ == 0) return;
  sum->skipped += *skipped_;
  for (const FoundLines::Bad& bad : Find({}, BadRows::kMostTold).bad)
    sum->Tell({input_.name(), bad.line, 0, "", fmt::format("{} fields instead of {}", bad.num_fields, schema_->num_fields())});
}

std::vector<std::uint64_t> CsvSource::LinesOf(const std::vector<std::uint64_t>& rows) const {
  return rows.empty() ? std::vector<std::uint64_t>() : Find(rows, 0).rows;
}

}  // namespace

Result<std::unique_ptr<Source>> OpenCsv(Input& input, const TextOptions& text, const Environment& environment) {
  auto source = std::make_unique<CsvSource>(input, text, environment);
  LANCEKIT_TRY(source->Open());
  return std::unique_ptr<Source>(std::move(source));
}

}  // namespace lancekit::convert
