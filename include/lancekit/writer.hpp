// Writing: create a Lance file or dataset from Arrow arrays and streams.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lancekit/arrow_abi.h"
#include "lancekit/context.hpp"
#include "lancekit/export.h"
#include "lancekit/result.hpp"
#include "lancekit/types.hpp"

namespace lancekit {

/// A column whose pages get Bloom filters, by which `=` and IN leave out pages where zone maps cannot: ids, keys, hashes.
struct BloomColumn {
  std::string column;       ///< a leaf, as WriteSummary names it
  int bits_per_value = 10;  ///< of distinct values; 1 to 64. With 10 about one page in a hundred is read in vain
};

/// How a column is to be encoded, instead of by choice; kept as field metadata lance-encoding:*, so that other writers know it.
struct ColumnEncoding {
  std::string column;  ///< a leaf, as WriteSummary names it, or a column whose leaves are meant; empty: all columns
  /// All versions: "zstd", "zstd:9", "lz4", "fsst", "none", "dictionary", "rle", "miniblock", "fullzip", "packed", "blob".
  /// X1: also "frame", "delta", "patched", "alp", ... or a tree such as "delta(patched(frame))" (spec/x1.md); what cannot hold
  /// the values of a leaf is an error
  std::string encoding;
};

/// How a table is written.
struct WriteOptions {
  std::string version = "2.2";  ///< "2.1", "2.2" or "x1"
  bool single_file = false;     ///< a bare data file instead of a dataset folder
  bool overwrite = false;       ///< replace what is at the path, in one step, at commit
  bool keep_versions = false;   ///< with overwrite, a dataset: as a new version; the older ones stay
  /// A dataset at the path gets a new version, with these rows after its own. They must have its columns, and the data files
  /// become of the Lance version that it has. Without one it is created.
  bool append = false;
  std::uint64_t max_rows_per_file = 1u << 20;  ///< dataset: rows of a data file; a single file holds all rows
  std::uint64_t page_bytes = 32u << 20;        ///< input bytes of a column that make a page
  bool statistics = true;                      ///< zone maps and checksums, in a buffer that other readers pass over
  std::vector<BloomColumn> bloom;              ///< with statistics only
  /// What counts: "fast" (decoding, single rows; no general compression of values), "balanced", or "small" (bytes). Empty: "fast"
  /// for 2.1 and 2.2, "balanced" for x1
  std::string preset;
  std::vector<ColumnEncoding> encodings;  ///< later ones override earlier ones
};

/// What a commit wrote.
struct WriteSummary {
  /// What became of a leaf.
  struct Column {
    std::string name;
    std::uint64_t bytes = 0;        ///< page buffers with their padding
    std::uint64_t arrow_bytes = 0;  ///< the same values in Arrow layout
  };
  std::uint64_t version = 0;   ///< the number of the dataset's version; 0: a single file
  std::string format_version;  ///< of Lance, of the data files: "2.1", "2.2" or "x1"
  std::uint64_t rows = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  ///< all files together
  std::uint64_t arrow_bytes = 0;
  std::vector<Column> columns;
};

class WriterImpl;

/// Writes one table. Nothing is visible at the path before commit(); a Writer destroyed without it leaves nothing behind.
/// Not thread-safe.
class LANCEKIT_EXPORT Writer {
 public:
  explicit Writer(std::unique_ptr<WriterImpl> impl) noexcept;
  ~Writer();
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;

  /// Fixes the schema, for a table that may get no batches. Takes nothing over; optional before write().
  Status set_schema(const ArrowSchema* schema);
  /// Writes all batches of a stream and releases it, also on error. With a memory budget of 1 GiB and more, up to 256
  /// batches of a sixteenth of it together, 128 MiB at most, are held and then written at once, so that threads wait less for
  /// each other: all are released by the end.
  Status write(ArrowArrayStream* stream);
  /// Writes one batch (a struct array) and releases the array, also on error. The schema must be that of the first batch
  /// and stays the caller's.
  Status write(ArrowArray* array, const ArrowSchema* schema);
  /// Finishes and publishes the table. Errors: kOutput when the path exists by now and overwrite is off.
  Result<WriteSummary> commit();

 private:
  std::unique_ptr<WriterImpl> impl_;
};

/// Starts a table at `path`. Errors: kOutput when the path exists and options do not say what becomes of that, kInvalidArgument
/// for options, kUnsupported for datasets that cannot be added to.
LANCEKIT_EXPORT Result<Writer> create(const Context& context, const std::string& path, const WriteOptions& options = {});

/// What a writer makes of the first rows of a leaf, as many as fill a page, and what it weighed.
struct EncodingReport {
  /// One encoding that was weighed.
  struct Trial {
    std::string encoding;     ///< a tree of encodings, such as "delta(frame)"
    std::uint64_t bytes = 0;  ///< about what the page would take
    double cost = 1;          ///< how many times these bytes count
  };
  std::string column;  ///< as WriteSummary names it
  std::uint64_t rows = 0;
  std::uint64_t arrow_bytes = 0;  ///< the same values in Arrow layout
  std::string chosen;             ///< as a trial, or what was clear without one: "constant", "full-zip", ...; empty: nothing
  std::string reason;             ///< a few words
  std::uint64_t bytes = 0;        ///< what the page takes in a file, without padding
  std::vector<Trial> trials;      ///< in the order in which they were tried
};

/// Tells what a writer with these options would choose for the rows, and why: a report for each leaf. Nothing is written.
/// Releases the stream, also on error. Blobs have no choice; their reports say so. Errors: those of create() for options and of
/// Writer::write().
LANCEKIT_EXPORT Result<std::vector<EncodingReport>> explain_encodings(const Context& context, ArrowArrayStream* rows,
                                                                      const WriteOptions& options = {});

}  // namespace lancekit
