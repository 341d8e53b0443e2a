// CSV, TSV and JSON lines as outputs. In delimited text null is an empty field and an empty text is "", so that both come
// back as they were.
#include "tools/common/json.h"
#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/output.h"
#include "tools/lance-convert/sink.h"
#include "tools/lance-convert/value_text.h"

namespace lancekit::convert {
namespace {

constexpr std::size_t kGatherBytes = 1 << 20;

void AppendQuoted(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

class TextSink : public Sink {
 public:
  TextSink(const SinkOptions& options, std::shared_ptr<Output> output, std::shared_ptr<arrow::io::OutputStream> stream)
      : options_(options), output_(std::move(output)), stream_(std::move(stream)) {}

  Status Prepare(const arrow::Schema& schema);
  Status Write(const ReaderPtr& rows) override;
  Result<Written> Publish() override;

 private:
  bool json() const { return options_.format == Format::kJsonl; }
  void AppendField(std::string_view text, std::string& out) const;
  void AppendRow(const arrow::RecordBatch& batch, std::int64_t row);
  void AppendDelimited(const arrow::RecordBatch& batch, std::int64_t row);
  arrow::Status Flush(std::size_t above);

  SinkOptions options_;
  std::shared_ptr<Output> output_;
  std::shared_ptr<arrow::io::OutputStream> stream_;
  std::vector<AppendValue> values_;
  std::vector<std::string> keys_;  // JSON: `"name":`
  std::string text_;               // not written yet
  std::string field_;
};

Status TextSink::Prepare(const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    auto value = json() ? JsonText(*field->type()) : BareText(*field->type());
    if (!value) return At(std::move(value).status(), {.path = options_.path, .column = field->name()});
    values_.push_back(*std::move(value));
    keys_.emplace_back();
    tools::AppendJsonString(field->name(), keys_.back());
    keys_.back().push_back(':');
  }
  if (json() || !options_.text.header) return {};
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (i > 0) text_.push_back(options_.text.delimiter);
    AppendField(schema.field(i)->name(), text_);
  }
  text_.push_back('\n');
  return {};
}

void TextSink::AppendField(std::string_view text, std::string& out) const {
  const bool quote = text.empty() || text == options_.text.null_text || text.find_first_of("\"\r\n") != std::string_view::npos ||
                     text.find(options_.text.delimiter) != std::string_view::npos;
  if (quote) {
    AppendQuoted(text, out);
  } else {
    out += text;
  }
}

void TextSink::AppendDelimited(const arrow::RecordBatch& batch, std::int64_t row) {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (i > 0) text_.push_back(options_.text.delimiter);
    const arrow::Array& column = *batch.column(static_cast<int>(i));
    if (column.IsNull(row)) {
      text_ += options_.text.null_text;
      continue;
    }
    field_.clear();
    values_[i](column, row, field_);
    AppendField(field_, text_);
  }
}

void TextSink::AppendRow(const arrow::RecordBatch& batch, std::int64_t row) {
  if (!json()) {
    AppendDelimited(batch, row);
  } else {
    text_.push_back('{');
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (i > 0) text_.push_back(',');
      text_ += keys_[i];
      values_[i](*batch.column(static_cast<int>(i)), row, text_);
    }
    text_.push_back('}');
  }
  text_.push_back('\n');
}

arrow::Status TextSink::Flush(std::size_t above) {
  if (text_.size() <= above) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(stream_->Write(text_.data(), static_cast<std::int64_t>(text_.size())));
  text_.clear();
  return arrow::Status::OK();
}

Status TextSink::Write(const ReaderPtr& rows) {
  while (true) {
    LANCEKIT_ASSIGN_ARROW(BatchPtr batch, rows->Next(), Side::kInput, "");
    if (batch == nullptr) return {};
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      AppendRow(*batch, row);
      LANCEKIT_TRY_ARROW(Flush(kGatherBytes), Side::kOutput, options_.path);
    }
  }
}

Result<Written> TextSink::Publish() {
  LANCEKIT_TRY_ARROW(Flush(0), Side::kOutput, options_.path);
  LANCEKIT_TRY_ARROW(stream_->Close(), Side::kOutput, options_.path);
  LANCEKIT_TRY(output_->Publish());
  Written written;
  written.format = NameOf(options_.format);
  written.bytes = output_->size();
  return written;
}

}  // namespace

Result<std::unique_ptr<Sink>> OpenTextSink(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema) {
  LANCEKIT_ASSIGN(auto output, Output::Open(options.path, options.overwrite));
  LANCEKIT_ASSIGN_ARROW(auto stream, TextStream(output, CompressionOfExtension(options.path)), Side::kOutput, options.path);
  auto sink = std::make_unique<TextSink>(options, std::move(output), std::move(stream));
  LANCEKIT_TRY(sink->Prepare(*schema));
  return std::unique_ptr<Sink>(std::move(sink));
}

}  // namespace lancekit::convert
