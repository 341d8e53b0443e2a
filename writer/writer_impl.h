// A table being written: rows go to column buffers, full buffers become pages, pages become data files.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context_impl.h"
#include "format/manifest.h"
#include "format/schema.h"
#include "lancekit/writer.hpp"
#include "writer/blob_buffer.h"
#include "writer/column_buffer.h"
#include "writer/column_memory.h"
#include "writer/file_writer.h"
#include "writer/output.h"
#include "writer/page_job.h"
#include "writer/plan.h"

namespace lancekit {

class WriterImpl {
 public:
  WriterImpl(Context context, WriteOptions options, format::FileVersion version, Output output);
  WriterImpl(const WriterImpl&) = delete;
  WriterImpl& operator=(const WriterImpl&) = delete;
  ~WriterImpl();

  Status SetSchema(const ArrowSchema& schema);
  /// Passes the status on. After an error nothing can be written or committed: part of a stream is no table to publish.
  Status Note(Status status) {
    failed_ = failed_ || !status.ok();
    return status;
  }
  Status WriteStream(ArrowArrayStream* stream);
  /// After an error what is held is of no use; the arrays go back.
  void DropHeld() noexcept { held_ = {}; }
  /// Takes the array over, unless there is an error, and releases it.
  Status WriteBatch(ArrowArray* array, const ArrowSchema& schema);
  Result<WriteSummary> Commit();

 private:
  struct Column {
    Column(std::size_t top, PlannedLeaf planned)
        : field(top), leaf(std::move(planned.type)), path(std::move(planned.path)), hints(std::move(planned.hints)) {}
    Column(const Column&) = delete;
    Column& operator=(const Column&) = delete;
    std::size_t field;  ///< top-level field that it belongs to
    LeafType leaf;
    LeafPath path;
    EncodingHints hints;
    int bloom_bits = 0;  ///< per distinct value; 0: no Bloom filters
    std::shared_ptr<ColumnBuffer> buffer;
    ColumnMemory memory;              ///< of its pages, which are encoded one after another
    std::optional<BlobBuffer> blobs;  ///< instead of the buffer, for blobs
    std::uint64_t rows = 0;           ///< rows of the current file that were appended
    std::uint64_t pages = 0;          ///< pages of the current file
    std::uint64_t arrow_bytes = 0;
    std::vector<std::shared_ptr<PageJob>> jobs;  ///< of this step
    std::shared_ptr<PageJob> last_job;           ///< the only one that may not be finished
    Status status;
  };

  struct ReleaseArray {
    void operator()(ArrowArray* array) const noexcept {
      if (array->release != nullptr) array->release(array);
      delete array;
    }
  };
  using HeldArray = std::unique_ptr<ArrowArray, ReleaseArray>;
  /// Batches one after another, whose rows are not in the columns' buffers yet.
  struct HeldRows {
    std::vector<std::pair<HeldArray, ArrayView>> batches;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;  ///< in Arrow layout
  };

  struct DataFile {
    std::string path;
    FileWriter writer;
    std::uint64_t rows = 0;
    std::vector<std::shared_ptr<PageJob>> pages;  // to be written, in this order
  };

  Status AddColumn(const format::Leaf& leaf, std::size_t field);
  /// Takes over options_.bloom. Errors: kInvalidArgument, with the column.
  Status SetBlooms();
  /// Takes over the array, whose rows are to be written.
  Status Hold(ArrowArray* array, const ArrowSchema& schema);
  /// Writes what is held and releases it.
  Status WriteHeld();
  std::uint64_t RowsPerFile() const;
  std::shared_ptr<ColumnBuffer> MakeBuffer(const Column& column) const;
  /// Appends rows [first, first + count) of those held.
  Status AppendColumn(std::size_t column, const HeldRows& held, std::uint64_t first, std::uint64_t count);
  Status AppendRows(std::size_t column, const ArrayView& view, std::uint64_t first, std::uint64_t count);
  /// Makes a page of the rows that wait, on another thread where one is free. `at_end`: of the file.
  Status EncodeBuffer(std::size_t column, bool at_end);
  /// The same at once. `rows`: of a column without blobs; `number`: of the page in its column.
  Status MakePage(Column* column, const ColumnBuffer& rows, std::uint64_t number, bool only_page, ReadyPage* ready);
  /// Runs body for every column on the context's threads. The pages that these began are the file's then.
  template <class Body>
  Status ForEachColumn(Body body);
  /// Whether threads have so little to do that pages had better wait until more rows are in, and may, too.
  bool RowsComeFirst() const;
  /// Writes the first `due` pages of the file, and those after them that are finished, too. `rows_follow`: unless rows come
  /// first.
  Status WritePages(DataFile* file, std::size_t due, bool rows_follow);
  Status WritePage(const ReadyPage& page, FileWriter* writer);
  /// Writes the values of blobs in rows before `end_row`, and the pages that these fill. Values go in the order of their rows and
  /// before all pages that end behind them.
  Status WriteBlobs(std::uint64_t end_row, DataFile* file);
  Status OpenFile();
  /// No more rows come to the file. Its pages may be made still, while the next one begins.
  Status EndFile();
  /// Writes what is left of the file that has ended, if there is one; without `wait` only once all its pages are made.
  Status CompleteFile(bool wait);
  /// Whether pages are made and written where their rows end: blobs lie between them, or there is one thread.
  bool is_serial() const;

  Context context_;
  WriteOptions options_;
  format::FileVersion version_;
  Output output_;
  std::optional<Schema> schema_;
  Field root_;                    // the schema as a struct, as batches come in
  Schema table_schema_;           // the same with field ids, and blobs as the table describes them
  Schema file_schema_;            // the same with blobs as data files describe them
  std::uint64_t page_bytes_ = 0;  // a page's rows are this much
  bool has_blobs_ = false;        // which lie between the pages, so that none may be late
  std::vector<std::unique_ptr<Column>> columns_;
  HeldRows held_;
  std::atomic<std::uint64_t> bytes_in_jobs_{0};
  std::atomic<int> num_jobs_{0};  // not finished
  std::optional<DataFile> file_;
  std::optional<DataFile> ended_;  // before file_
  WriteSummary summary_;
  bool failed_ = false;
  bool finished_ = false;
};

}  // namespace lancekit
