// A table being written: rows go to column buffers, full buffers become pages, pages become data files.
#pragma once

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
#include "writer/page_zones.h"
#include "writer/plan.h"

namespace lancekit {

class WriterImpl {
 public:
  WriterImpl(Context context, WriteOptions options, format::FileVersion version, Output output);

  Status SetSchema(const ArrowSchema& schema);
  /// Passes the status on. After an error nothing can be written or committed: part of a stream is no table to publish.
  Status Note(Status status) {
    failed_ = failed_ || !status.ok();
    return status;
  }
  Status WriteStream(ArrowArrayStream* stream);
  Status WriteBatch(const ArrowArray& array, const ArrowSchema& schema);
  Result<WriteSummary> Commit();

 private:
  // A page and where it goes; pages are written in the order of their last rows, so that the bytes of a file do not depend on
  // how its rows came in.
  struct ReadyPage {
    std::uint64_t end_row = 0;
    std::size_t column = 0;
    EncodedPage page;
    PageZones zones;
    std::vector<std::uint64_t> hashes;       ///< of the pieces of the page's buffers
    std::vector<format::BlobRun> blob_runs;  ///< of the blobs that it tells the places of
  };
  struct Column {
    Column(std::size_t top, PlannedLeaf planned, std::uint64_t page_bytes, format::FileVersion version)
        : field(top),
          leaf(std::move(planned.type)),
          path(std::move(planned.path)),
          hints(std::move(planned.hints)),
          buffer(leaf, path, page_bytes, version) {}
    Column(const Column&) = delete;
    Column& operator=(const Column&) = delete;
    std::size_t field;  ///< top-level field that it belongs to
    LeafType leaf;
    LeafPath path;
    EncodingHints hints;
    int bloom_bits = 0;  ///< per distinct value; 0: no Bloom filters
    ColumnBuffer buffer;
    ColumnMemory memory;
    std::optional<BlobBuffer> blobs;  ///< instead of the buffer, for blobs
    std::uint64_t rows = 0;           ///< rows of the current file that were appended
    std::uint64_t pages = 0;          ///< pages of the current file
    std::uint64_t arrow_bytes = 0;
    std::vector<ReadyPage> ready;
    Status status;
  };

  Status AddColumn(const format::Leaf& leaf, std::size_t field, std::uint64_t page_bytes);
  /// Takes over options_.bloom. Errors: kInvalidArgument, with the column.
  Status SetBlooms();
  Status WriteRows(const std::vector<ArrayView>& views, std::uint64_t num_rows);
  Status AppendColumn(std::size_t column, const ArrayView& view, std::uint64_t first, std::uint64_t count);
  /// `at_end`: of the file.
  Status EncodeBuffer(std::size_t column, bool at_end);
  /// Runs body for every column on the context's threads, then writes the pages that became ready.
  template <class Body>
  Status ForEachColumn(Body body);
  Status WriteReadyPages();
  Status WritePage(const ReadyPage& page);
  /// Writes the values of blobs in rows before `end_row`, and the pages that these fill. Values go in the order of their rows and
  /// before all pages that end behind them.
  Status WriteBlobs(std::uint64_t end_row);
  Status OpenFile();
  Status FinishFile();

  Context context_;
  WriteOptions options_;
  format::FileVersion version_;
  Output output_;
  std::optional<Schema> schema_;
  Field root_;           // the schema as a struct, as batches come in
  Schema table_schema_;  // the same with field ids, and blobs as the table describes them
  Schema file_schema_;   // the same with blobs as data files describe them
  std::vector<std::unique_ptr<Column>> columns_;
  std::optional<FileWriter> file_;
  std::uint64_t rows_in_file_ = 0;
  WriteSummary summary_;
  bool failed_ = false;
  bool finished_ = false;
};

}  // namespace lancekit
