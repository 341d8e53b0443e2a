// Finding damage: checks files and datasets down to the byte range, and reads what is sound of damaged ones.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lancekit/context.hpp"
#include "lancekit/export.h"
#include "lancekit/result.hpp"
#include "lancekit/table.hpp"

namespace lancekit {

/// How thorough a check is.
enum class VerifyLevel : std::uint8_t {
  kQuick,  ///< the tail of each file: tables, schema, metadata, statistics, and that all bytes have a purpose
  kFull,   ///< also each page: its hashes where there are any, its values, and what the zone maps say of them
};

/// What a finding means.
enum class Severity : std::uint8_t {
  kDamage,
  kUnsupported,  ///< cannot be checked by this version
  kHarmless,     ///< bytes that nobody reads are not as written
  kNote,         ///< not damage, but worth knowing: an orphan, something that no hash covers
};

/// One thing that was found, with its place. What does not apply keeps its default.
struct Finding {
  Severity severity = Severity::kDamage;
  std::string path;                         ///< file
  std::string column;                       ///< dotted
  std::int64_t page = -1;                   ///< of the column
  std::int64_t buffer = -1;                 ///< of the page, or of the file
  std::uint64_t offset = Error::kNoOffset;  ///< first byte in the file
  std::uint64_t size = 0;                   ///< bytes
  std::string message;
};

/// What is checked, and how thoroughly.
struct VerifyOptions {
  VerifyLevel level = VerifyLevel::kQuick;
  OpenOptions open;
  std::string sums;  ///< a file that write_sums() has made: all bytes that it covers are compared
};

/// One data file that was looked at.
struct VerifiedFile {
  std::string path;
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::uint64_t pages = 0;
  std::uint64_t bytes = 0;    ///< of the file
  bool is_missing = false;    ///< there is no such file
  bool has_hashes = false;    ///< it has a sound statistics buffer
  std::uint64_t damages = 0;  ///< findings of Severity::kDamage
};

/// What a check looked at, and how much it found.
struct VerifySummary {
  std::vector<VerifiedFile> files;
  std::uint64_t version = 0;         ///< dataset: the version that was checked
  std::uint64_t deletion_files = 0;  ///< dataset: of that version
  std::uint64_t damages = 0;         ///< findings of each severity
  std::uint64_t unsupported = 0;
  std::uint64_t harmless = 0;
  std::uint64_t notes = 0;
  bool stopped = false;  ///< the callback wanted no more
};

/// Returns false to end the check.
using OnFinding = std::function<bool(const Finding&)>;

/// Checks a bare file, or all that a dataset's version names, and goes on behind whatever it finds.
/// Manifests and deletion files have no hashes: what can be parsed of them passes, unless sums cover them.
/// Errors: those that keep it from looking: kIo for a path that is not there, kInvalidArgument, kCancelled.
LANCEKIT_EXPORT Result<VerifySummary> verify(const Context& context, const std::string& path, const VerifyOptions& options,
                                             const OnFinding& on_finding);

/// Writes the XXH3 hashes (64 bits) of all parts of a file, or of all files of a dataset's version, to `sums`: a line of JSON
/// each. For files that have no hashes of their own. Errors: as inspect_file(); kOutput.
LANCEKIT_EXPORT Status write_sums(const Context& context, const std::string& path, const OpenOptions& options,
                                  const std::string& sums, bool overwrite);

/// What becomes of rows with lost values.
enum class Salvage : std::uint8_t {
  kNulls,  ///< lost values are null; all columns are nullable then
  kDrop,   ///< rows with a lost value are left out
};

/// Values that cannot be read back; or, without a column, rows of which it is not known any more which ones were deleted.
struct Loss {
  std::string path;    ///< data file, or deletion file
  std::string column;  ///< dotted
  std::int64_t page = -1;
  std::uint64_t first_row = 0;  ///< row of the table, deleted rows not counted
  std::uint64_t num_rows = 0;
  std::string message;  ///< what is wrong with the page
};

/// Opens a table for salvage() alone. Data files of a dataset that cannot be opened are left out, and so are deletion files; as
/// long as they are, nothing can be read. Errors: as open(); those of a data file when there is no other one.
LANCEKIT_EXPORT Result<Table> open_damaged(const Context& context, const std::string& path, OpenOptions options = {});

/// A table that gives what is sound of the columns (all without names): pages that fit their hashes and can be decoded. Reads
/// all their pages now, and reports what is lost in row order, column by column. A data file that is damaged as a whole loses
/// its columns in the rows of its fragment; without its deletion file, a fragment's deleted rows are back.
/// Errors: kUnsupported, kIo, kInvalidArgument; kCorruption when no data file says what its columns are.
LANCEKIT_EXPORT Result<Table> salvage(const Table& table, Salvage mode, const std::vector<std::string>& columns,
                                      const std::function<void(const Loss&)>& on_loss);

}  // namespace lancekit
