// Arrow IPC as a source: the file format by its footer, the stream format from front to back.
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>

#include <algorithm>

#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/batches.h"

namespace lancekit::convert {
namespace {

/// Offsets and lengths in an IPC file are as untrusted as the rest of it; the readers do not look at them.
ReaderPtr Validated(ReaderPtr input) {
  auto schema = input->schema();
  return MakeReader(std::move(schema), [input]() -> arrow::Result<BatchPtr> {
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, input->Next());
    if (batch != nullptr) ARROW_RETURN_NOT_OK(batch->ValidateFull());
    return batch;
  });
}

class IpcFileSource : public Source {
 public:
  explicit IpcFileSource(std::shared_ptr<arrow::ipc::RecordBatchFileReader> reader)
      : reader_(std::move(reader)), schema_(reader_->schema()) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }

  arrow::Result<ReaderPtr> Read(const std::vector<int>& columns, const RowRange& rows) override {
    ReaderPtr all = MakeReader(schema_, [reader = reader_, next = 0]() mutable -> arrow::Result<BatchPtr> {
      if (next == reader->num_record_batches()) return nullptr;
      return reader->ReadRecordBatch(next++);
    });
    return CutRows(SelectColumns(Validated(std::move(all)), columns), rows);
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
};

class IpcStreamSource : public Source {
 public:
  explicit IpcStreamSource(ReaderPtr reader) : reader_(std::move(reader)), schema_(reader_->schema()) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  arrow::Result<ReaderPtr> Read(const std::vector<int>& columns, const RowRange& rows) override {
    return CutRows(SelectColumns(Validated(reader_), columns), rows);
  }

 private:
  ReaderPtr reader_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

Result<std::unique_ptr<Source>> OpenIpc(Input& input, Format format, const Environment& environment) {
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = environment.pool;
  options.use_threads = environment.threads() > 1;
  if (format == Format::kArrowStream) {
    LANCEKIT_ASSIGN_ARROW(auto stream, input.Stream(), Side::kInput, input.name());
    LANCEKIT_ASSIGN_ARROW(auto reader, arrow::ipc::RecordBatchStreamReader::Open(stream, options), Side::kInput, input.name());
    return std::unique_ptr<Source>(std::make_unique<IpcStreamSource>(std::move(reader)));
  }
  LANCEKIT_ASSIGN_ARROW(std::shared_ptr<arrow::io::ReadableFile> file,
                        arrow::io::ReadableFile::Open(input.path(), environment.pool), Side::kInput, input.name());
  LANCEKIT_ASSIGN_ARROW(auto reader, arrow::ipc::RecordBatchFileReader::Open(file, options), Side::kInput, input.name());
  return std::unique_ptr<Source>(std::make_unique<IpcFileSource>(std::move(reader)));
}

}  // namespace lancekit::convert
