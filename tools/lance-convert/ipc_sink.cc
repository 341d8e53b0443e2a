// Arrow IPC as an output: the file format under a name, the stream format into a pipe.
#include <arrow/array/array_dict.h>
#include <arrow/ipc/writer.h>

#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/output.h"
#include "tools/lance-convert/sink.h"

namespace lancekit::convert {
namespace {

/// One dictionary per column that only grows: the file format takes additions to a dictionary, but no second one.
class GrowingDictionary {
 public:
  arrow::Result<std::shared_ptr<arrow::Array>> Rewrite(const arrow::DictionaryArray& array, arrow::MemoryPool* pool) {
    const auto& type = static_cast<const arrow::DictionaryType&>(*array.type());
    if (unifier_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(unifier_, arrow::DictionaryUnifier::Make(type.value_type(), pool));
    }
    std::shared_ptr<arrow::Buffer> transpose;
    ARROW_RETURN_NOT_OK(unifier_->Unify(*array.dictionary(), &transpose));
    std::shared_ptr<arrow::Array> dictionary;
    ARROW_RETURN_NOT_OK(unifier_->GetResultWithIndexType(type.index_type(), &dictionary));
    return array.Transpose(array.type(), dictionary, transpose->data_as<std::int32_t>(), pool);
  }

 private:
  std::unique_ptr<arrow::DictionaryUnifier> unifier_;
};

class IpcSink : public Sink {
 public:
  IpcSink(const SinkOptions& options, std::shared_ptr<Output> output, std::shared_ptr<arrow::ipc::RecordBatchWriter> writer,
          std::size_t columns, arrow::MemoryPool* pool)
      : path_(options.path),
        format_(options.format),
        output_(std::move(output)),
        writer_(std::move(writer)),
        growing_(columns),
        pool_(pool) {}

  Status Write(const ReaderPtr& rows) override {
    while (true) {
      LANCEKIT_ASSIGN_ARROW(BatchPtr batch, rows->Next(), Side::kInput, "");
      if (batch == nullptr) return {};
      if (format_ == Format::kArrowFile) {
        LANCEKIT_ASSIGN_ARROW(batch, WithGrowingDictionaries(batch), Side::kOutput, path_);
      }
      LANCEKIT_TRY_ARROW(writer_->WriteRecordBatch(*batch), Side::kOutput, path_);
    }
  }

  Result<Written> Publish() override {
    LANCEKIT_TRY_ARROW(writer_->Close(), Side::kOutput, path_);
    LANCEKIT_TRY(output_->Publish());
    Written written;
    written.format = NameOf(format_);
    written.bytes = output_->size();
    return written;
  }

 private:
  arrow::Result<BatchPtr> WithGrowingDictionaries(const BatchPtr& batch) {
    arrow::ArrayVector columns = batch->columns();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i]->type_id() != arrow::Type::DICTIONARY) continue;
      ARROW_ASSIGN_OR_RAISE(columns[i], growing_[i].Rewrite(static_cast<const arrow::DictionaryArray&>(*columns[i]), pool_));
    }
    return arrow::RecordBatch::Make(batch->schema(), batch->num_rows(), std::move(columns));
  }

  std::string path_;
  Format format_;
  std::shared_ptr<Output> output_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  std::vector<GrowingDictionary> growing_;
  arrow::MemoryPool* pool_;
};

}  // namespace

Result<std::unique_ptr<Sink>> OpenIpcSink(const SinkOptions& options, const std::shared_ptr<arrow::Schema>& schema,
                                          const Environment& environment) {
  LANCEKIT_ASSIGN(auto output, Output::Open(options.path, options.overwrite));
  arrow::ipc::IpcWriteOptions write = arrow::ipc::IpcWriteOptions::Defaults();
  write.memory_pool = environment.pool;
  write.use_threads = environment.threads() > 1;
  write.emit_dictionary_deltas = options.format == Format::kArrowFile;
  auto made = options.format == Format::kArrowFile ? arrow::ipc::MakeFileWriter(output, schema, write)
                                                   : arrow::ipc::MakeStreamWriter(output, schema, write);
  LANCEKIT_ASSIGN_ARROW(auto writer, std::move(made), Side::kOutput, options.path);
  return std::unique_ptr<Sink>(std::make_unique<IpcSink>(options, std::move(output), std::move(writer),
                                                         static_cast<std::size_t>(schema->num_fields()), environment.pool));
}

}  // namespace lancekit::convert
