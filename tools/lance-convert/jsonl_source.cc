// JSON lines as a source. Arrow C++ parses; the schema is found over the first rows, and when a later row does not fit,
// over all rows in another try.
#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/memory.h>
#include <arrow/json/api.h>

#include <algorithm>
#include <cstring>

#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/batches.h"

namespace lancekit::convert {
namespace {

constexpr std::int64_t kFirstBlockBytes = 8 << 20;
constexpr std::int64_t kLargestBlockBytes = 1 << 30;

using InputStreamPtr = std::shared_ptr<arrow::io::InputStream>;

/// Strings that look like times stay strings: JSON says what is a string.
std::shared_ptr<arrow::DataType> WithoutGuesses(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == arrow::Type::TIMESTAMP) return arrow::utf8();
  if (type->id() == arrow::Type::LIST) {
    const auto& item = static_cast<const arrow::ListType&>(*type).value_field();
    return arrow::list(item->WithType(WithoutGuesses(item->type())));
  }
  if (type->id() == arrow::Type::STRUCT) {
    arrow::FieldVector fields;
    for (const auto& field : type->fields()) fields.push_back(field->WithType(WithoutGuesses(field->type())));
    return arrow::struct_(std::move(fields));
  }
  return type;
}

/// Whole lines off a stream, one block at a time.
class LineBlocks {
 public:
  LineBlocks(InputStreamPtr stream, std::int64_t block_bytes) : stream_(std::move(stream)), block_bytes_(block_bytes) {}

  /// Null at the end. What follows the last line break is kept for the next block.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Next() {
    std::string text = std::move(rest_);
    rest_.clear();
    while (!ended_) {
      const std::size_t before = text.size();
      if (before > static_cast<std::size_t>(kLargestBlockBytes))
        return arrow::Status::CapacityError("a line is longer than 1 GiB");
      text.resize(before + static_cast<std::size_t>(block_bytes_));
      ARROW_ASSIGN_OR_RAISE(const std::int64_t got, stream_->Read(block_bytes_, text.data() + before));
      text.resize(before + static_cast<std::size_t>(got));
      ended_ = got < block_bytes_;
      const std::size_t last = text.rfind('\n');
      if (ended_ || last == std::string::npos) continue;
      rest_ = text.substr(last + 1);
      text.resize(last + 1);
      return arrow::Buffer::FromString(std::move(text));
    }
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) return nullptr;
    return arrow::Buffer::FromString(std::move(text));
  }

 private:
  InputStreamPtr stream_;
  std::int64_t block_bytes_;
  std::string rest_;
  bool ended_ = false;
};

class JsonlSource : public Source {
 public:
  JsonlSource(Input& input, const TextOptions& text, const Environment& environment)
      : input_(input),
        environment_(environment),
        infer_all_(text.infer_all && input.rereadable()),
        keep_sample_(text.keep_sample),
        infer_rows_(text.infer_rows) {}

  Status Open();
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  arrow::Result<ReaderPtr> Read(const std::vector<int>& columns, const RowRange& rows) override;
  Result<bool> Retry(const Error& error) override;

 private:
  bool keeps_sample() const { return !infer_all_ && (keep_sample_ || !input_.rereadable()); }
  arrow::Status OpenLines();
  arrow::Status InferSchema();
  arrow::Result<BatchPtr> NextBatch();

  Input& input_;
  const Environment& environment_;
  bool infer_all_;
  bool keep_sample_;
  std::int64_t infer_rows_;
  std::unique_ptr<LineBlocks> lines_;
  std::vector<std::shared_ptr<arrow::Buffer>> sample_;  // lines that the schema was found in, not converted yet
  std::size_t sample_next_ = 0;
  std::shared_ptr<arrow::Schema> schema_;
};

arrow::Status JsonlSource::InferSchema() {
  auto options = arrow::json::ParseOptions::Defaults();
  const auto most_bytes = static_cast<std::int64_t>(environment_.memory_limit / 8);
  const auto merge = arrow::Field::MergeOptions::Permissive();
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  arrow::FieldVector no_fields;
  schema_ = arrow::schema(no_fields);
  while (infer_all_ || (rows < infer_rows_ && bytes < most_bytes)) {
    ARROW_ASSIGN_OR_RAISE(auto block, lines_->Next());
    if (block == nullptr) break;
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, arrow::json::ParseOne(options, block));
    arrow::FieldVector fields;
    for (const auto& field : batch->schema()->fields()) fields.push_back(field->WithType(WithoutGuesses(field->type())));
    ARROW_ASSIGN_OR_RAISE(schema_, arrow::UnifySchemas({schema_, arrow::schema(std::move(fields))}, merge));
    rows += batch->num_rows();
    bytes += block->size();
    if (keeps_sample()) sample_.push_back(std::move(block));
  }
  return arrow::Status::OK();
}

arrow::Status JsonlSource::OpenLines() {
  const std::int64_t block_bytes =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(environment_.memory_limit / 32), 1 << 20, kFirstBlockBytes);
  ARROW_ASSIGN_OR_RAISE(auto stream, input_.Stream());
  lines_ = std::make_unique<LineBlocks>(std::move(stream), block_bytes);
  return arrow::Status::OK();
}

Status JsonlSource::Open() {
  LANCEKIT_TRY_ARROW(OpenLines(), Side::kInput, input_.name());
  sample_.clear();
  sample_next_ = 0;
  LANCEKIT_TRY_ARROW(InferSchema(), Side::kInput, input_.name());
  if (!keeps_sample()) lines_ = nullptr;
  return {};
}

arrow::Result<BatchPtr> JsonlSource::NextBatch() {
  std::shared_ptr<arrow::Buffer> block;
  if (sample_next_ < sample_.size()) {
    block = std::move(sample_[sample_next_++]);
  } else if (lines_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(block, lines_->Next());
  }
  if (block == nullptr) {
    lines_ = nullptr;  // and the file is closed: there may be many
    return nullptr;
  }
  auto options = arrow::json::ParseOptions::Defaults();
  options.explicit_schema = schema_;
  options.unexpected_field_behavior = arrow::json::UnexpectedFieldBehavior::Error;
  return arrow::json::ParseOne(options, block);
}

arrow::Result<ReaderPtr> JsonlSource::Read(const std::vector<int>& columns, const RowRange& rows) {
  if (lines_ == nullptr) ARROW_RETURN_NOT_OK(OpenLines());
  return CutRows(SelectColumns(MakeReader(schema_, [this] { return NextBatch(); }), columns), rows);
}

Result<bool> JsonlSource::Retry(const Error& error) {
  if (error.code != ErrorCode::kCorruption || infer_all_ || !input_.rereadable()) return false;
  infer_all_ = true;
  LANCEKIT_TRY(Open());
  return true;
}

}  // namespace

Result<std::unique_ptr<Source>> OpenJsonl(Input& input, const TextOptions& text, const Environment& environment) {
  if (!input.head().empty() && input.head()[0] == '[') {
    Error error = Corrupt("is one JSON array, not one object per line; jq -c '.[]' makes lines of it");
    error.path = input.name();
    return error;
  }
  auto source = std::make_unique<JsonlSource>(input, text, environment);
  LANCEKIT_TRY(source->Open());
  return std::unique_ptr<Source>(std::move(source));
}

}  // namespace lancekit::convert
