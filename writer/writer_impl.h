// A table being written: rows go to column buffers, full buffers become pages, pages become data files.
#pragma once

#include <array>
#include <atomic>
#include <deque>
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
#include "writer/page_queue.h"
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
  /// Pages of a column that are encoded one after another, each with what was learnt from those before it.
  struct PageChain {
    ColumnMemory memory;
    std::shared_ptr<PageJob> last;  ///< of those before it some may not be finished either
  };
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
    std::array<PageChain, 2> chains;  ///< pages take turns
    std::size_t all_pages = 0;        ///< of all files
    std::optional<BlobBuffer> blobs;  ///< instead of the buffer, for blobs
    std::uint64_t rows = 0;           ///< rows of the current file that were appended
    std::uint64_t pages = 0;          ///< pages of the current file
    std::uint64_t arrow_bytes = 0;
    std::vector<std::shared_ptr<PageJob>> jobs;  ///< of this step
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
    DataFile(WriterImpl* impl, std::string its_path, FileWriter its_writer)
        : path(std::move(its_path)),
          writer(std::move(its_writer)),
          column_bytes(impl->columns_.size()),
          pages([this, impl](const ReadyPage& page) -> Status {
            LANCEKIT_TRY(impl->WriteBlobs(page.end_row, this));
            return impl->WritePage(page, this);
          }) {}
    /// Nothing is written any more, and nothing is left of the file, whoever holds this.
    void GiveUp() noexcept {
      pages.Close();
      writer.reset();
    }
    std::string path;
    std::optional<FileWriter> writer;  // none: the file is given up
    std::uint64_t rows = 0;
    std::vector<std::uint64_t> column_bytes;  // that were written
    PageQueue pages;
  };

  Status AddColumn(const format::Leaf& leaf, std::size_t field);
  /// Takes over options_.bloom. Errors: kInvalidArgument, with the column.
  Status SetBlooms();
  /// Errors: kInvalidArgument when nothing can be written any more.
  Status CheckOpen() const;
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
  Status MakePage(Column* column, ColumnMemory* memory, const ColumnBuffer& rows, std::uint64_t number, bool only_page,
                  ReadyPage* ready);
  /// Runs body for every column on the context's threads. The pages that these began are the file's then.
  template <class Body>
  Status ForEachColumn(Body body);
  /// Sees to it that not too many pages wait to be written, and tells what failed. `all`: that none does.
  Status WritePages(DataFile* file, bool all);
  Status WritePage(const ReadyPage& page, DataFile* file);
  /// Writes the values of blobs in rows before `end_row`, and the pages that these fill. Values go in the order of their rows and
  /// before all pages that end behind them.
  Status WriteBlobs(std::uint64_t end_row, DataFile* file);
  Status OpenFile();
  /// No more rows come to the file. Its pages may be made still, while the next one begins.
  Status EndFile();
  /// Publishes files that have ended, in their order: those whose pages are written, and all but the last `most`.
  Status CompleteFiles(std::size_t most);
  /// Whether pages are made and written where their rows end: blobs lie between them, or there is one thread.
  bool is_serial() const;
  /// Whether the budget allows more memory than pages need.
  bool has_room() const;

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
  // Shared with tasks of the pool, which may outlive the writer.
  std::shared_ptr<DataFile> file_;
  std::deque<std::shared_ptr<DataFile>> ended_;  // before file_
  WriteSummary summary_;
  bool failed_ = false;
  bool finished_ = false;
};

}  // namespace lancekit
