// lancekit from C (C99) and from languages that call C: open, scan, take, write and verify Lance files and datasets. A library of
// its own, liblancekit_c, on top of liblancekit. Rows go in and out as Arrow C Data and C Stream structs.
//
//   lancekit_table* table;
//   lancekit_error* error = NULL;
//   if (lancekit_open(NULL, "trips.lance", NULL, &table, &error) != LANCEKIT_OK) return fail(lancekit_error_describe(error));
//   struct ArrowArrayStream rows;
//   lancekit_scan_options options = {sizeof(options)};
//   options.where = "fare > 50";
//   if (lancekit_table_scan(table, &options, &rows, &error) != LANCEKIT_OK) ...
//
// Rules for all functions: no exception leaves them, and they end no process. Texts are UTF-8 and end with 0; those that are
// given are copied, those that come back belong to what they come from. `error` may be NULL; else it is set where the return
// value is not LANCEKIT_OK, and then the caller's (in utter lack of memory it is set to NULL). Options may be NULL, and a
// field of zeros is the default; their first field is their size, by which a library knows what its caller knows: set it to
// sizeof. What a _free function takes may be NULL. Handles do not depend on one another's life: a stream goes on without its
// table, a table without its context.
#pragma once

/// @file
/// The C interface.

#include <stddef.h>
#include <stdint.h>

#include "lancekit/arrow_abi.h"
#include "lancekit/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Of the library in use, such as "0.1.0"; static.
LANCEKIT_EXPORT const char* lancekit_version(void);

// Errors.

/// What kind of failure it was.
typedef enum lancekit_code {
  LANCEKIT_OK = 0,
  LANCEKIT_INVALID_ARGUMENT = 1,  ///< the caller asked for something impossible: an unknown column, a bad filter
  LANCEKIT_IO = 2,                ///< the input cannot be read: missing, no permission, I/O error
  LANCEKIT_CORRUPTION = 3,        ///< the input is damaged or is not what it claims to be
  LANCEKIT_UNSUPPORTED = 4,       ///< the input is valid, but this version or encoding is not supported here
  LANCEKIT_OUTPUT = 5,            ///< the output cannot be written: exists, disk full, no permission
  LANCEKIT_RESOURCE_LIMIT = 6,    ///< a memory limit would be exceeded; the message says how much would do
  LANCEKIT_CANCELLED = 7,         ///< lancekit_context_cancel was called
  LANCEKIT_INTERNAL = 8           ///< a bug in lancekit
} lancekit_code;

/// A size or a position that does not apply.
#define LANCEKIT_NONE UINT64_MAX

/// One failure with its place.
typedef struct lancekit_error lancekit_error;

/// What kind of failure it was.
LANCEKIT_EXPORT lancekit_code lancekit_error_code(const lancekit_error* error);
/// What was found and what was expected, without the place.
LANCEKIT_EXPORT const char* lancekit_error_message(const lancekit_error* error);
/// The place: a file and a dotted column path, both "" where they do not apply; a page of the column or -1; a byte of the file or
/// LANCEKIT_NONE.
LANCEKIT_EXPORT const char* lancekit_error_path(const lancekit_error* error);
/// The column of the place.
LANCEKIT_EXPORT const char* lancekit_error_column(const lancekit_error* error);
/// The page of the column.
LANCEKIT_EXPORT int64_t lancekit_error_page(const lancekit_error* error);
/// The byte of the file.
LANCEKIT_EXPORT uint64_t lancekit_error_offset(const lancekit_error* error);
/// Place and message on one line. Of NULL, as the others: that memory is out.
LANCEKIT_EXPORT const char* lancekit_error_describe(const lancekit_error* error);
/// Ends the error and the texts that came from it.
LANCEKIT_EXPORT void lancekit_error_free(lancekit_error* error);

// Contexts: threads and memory that calls share. Where a function takes NULL instead, it makes one of its own with the defaults.
// Thread-safe.

/// Threads and memory.
typedef struct lancekit_context lancekit_context;

/// What a context is made with.
typedef struct lancekit_context_options {
  size_t struct_size;
  int threads;            ///< that decode and encode at once, the caller's too; 0 = number of cores
  uint64_t memory_limit;  ///< bytes in flight; 0 = the smaller of 2 GiB and a quarter of the memory
} lancekit_context_options;

/// Makes a context.
LANCEKIT_EXPORT lancekit_code lancekit_context_create(const lancekit_context_options* options, lancekit_context** out,
                                                      lancekit_error** error);
/// Makes all running and later calls with this context end with LANCEKIT_CANCELLED, those of its tables and streams too. For
/// another thread or a signal handler.
LANCEKIT_EXPORT void lancekit_context_cancel(lancekit_context* context);
/// What was opened with it goes on.
LANCEKIT_EXPORT void lancekit_context_free(lancekit_context* context);

// Tables: an open file, or one version of a dataset. Thread-safe but for lancekit_table_free.

/// An open file, or one version of a dataset.
typedef struct lancekit_table lancekit_table;

/// At most one of version, tag and as_of; without any, the newest.
typedef struct lancekit_open_options {
  size_t struct_size;
  const uint64_t* version;
  const char* tag;
  const char* branch;                 ///< NULL = main
  const int64_t* as_of_microseconds;  ///< since 1970, UTC: the newest version that is not younger
} lancekit_open_options;

/// Opens a .lance file or a dataset folder; reads the tail of each file, no data.
LANCEKIT_EXPORT lancekit_code lancekit_open(lancekit_context* context, const char* path, const lancekit_open_options* options,
                                            lancekit_table** out, lancekit_error** error);
/// Deleted rows are not counted.
LANCEKIT_EXPORT uint64_t lancekit_table_num_rows(const lancekit_table* table);
/// "2.1", "2.2", ...: the version of the data files.
LANCEKIT_EXPORT const char* lancekit_table_format_version(const lancekit_table* table);
/// The columns as a struct; released by the caller.
LANCEKIT_EXPORT lancekit_code lancekit_table_schema(const lancekit_table* table, struct ArrowSchema* out, lancekit_error** error);

/// Which columns and rows a scan gives.
typedef struct lancekit_scan_options {
  size_t struct_size;
  const char* const* columns;  ///< dotted paths, in the order wanted; NULL = all
  size_t num_columns;
  const char* where;      ///< a condition as in spec/filters.md; NULL = all rows
  const uint64_t* limit;  ///< end after this many rows that match; NULL = none
  uint64_t offset;        ///< skip this many rows that match
  uint64_t batch_rows;    ///< at most, in a batch; 0 = 65,536
  uint64_t batch_bytes;   ///< about, in a batch; 0 = as Scan::batch_bytes has it
} lancekit_scan_options;

/// Starts a scan; `out` gives its batches, in row order. One thread at a time may use a stream.
LANCEKIT_EXPORT lancekit_code lancekit_table_scan(const lancekit_table* table, const lancekit_scan_options* options,
                                                  struct ArrowArrayStream* out, lancekit_error** error);
/// Reads rows by number, in any order, repeated ones too; a negative number counts from the end. `out` gives one batch, which is
/// in memory when this returns. Without columns (NULL): all.
LANCEKIT_EXPORT lancekit_code lancekit_table_take(const lancekit_table* table, const int64_t* rows, size_t num_rows,
                                                  const char* const* columns, size_t num_columns, struct ArrowArrayStream* out,
                                                  lancekit_error** error);
/// The last error of a stream that this library gave, as its get_last_error has only a text: valid until the stream is used
/// again; NULL where there was none and for streams of others.
LANCEKIT_EXPORT const lancekit_error* lancekit_stream_error(const struct ArrowArrayStream* stream);
/// Its streams go on.
LANCEKIT_EXPORT void lancekit_table_free(lancekit_table* table);

// Writing. Nothing is visible at the path before lancekit_writer_commit; a writer that is freed without it leaves nothing behind.
// One thread at a time may use a writer.

/// A table in the making.
typedef struct lancekit_writer lancekit_writer;

/// What becomes of what is at the path.
typedef enum lancekit_write_mode {
  LANCEKIT_CREATE = 0,     ///< LANCEKIT_OUTPUT where the path exists
  LANCEKIT_OVERWRITE = 1,  ///< a new version of these rows alone, older ones stay; a single file is replaced
  LANCEKIT_APPEND = 2,     ///< these rows behind those of a dataset, as a new version; without one it is created
  LANCEKIT_REPLACE = 3     ///< replace whatever is there, older versions too, in one step, at commit
} lancekit_write_mode;

/// How a column is to be encoded, or all (column NULL): "zstd:9", "lz4", "fsst", "dictionary", "none", ... or in X1 a tree.
typedef struct lancekit_column_encoding {
  const char* column;
  const char* encoding;
} lancekit_column_encoding;

/// How a table is written.
typedef struct lancekit_write_options {
  size_t struct_size;
  const char* version;                        ///< "2.1", "2.2" or "x1"; NULL = "2.2"
  const char* preset;                         ///< "fast", "balanced" or "small"; NULL = that of the version
  int mode;                                   ///< a lancekit_write_mode
  int single_file;                            ///< not 0: a bare data file instead of a dataset folder
  const lancekit_column_encoding* encodings;  ///< later ones override earlier ones
  size_t num_encodings;
  const char* const* bloom_columns;  ///< leaves whose pages get Bloom filters
  size_t num_bloom_columns;
  uint64_t max_rows_per_file;  ///< of a dataset; 0 = 1,048,576
  uint64_t page_bytes;         ///< input bytes of a column that make a page; 0 = 32 MiB
  int no_statistics;           ///< not 0: neither zone maps nor hashes
} lancekit_write_options;

/// What a commit wrote. struct_size is set by the caller.
typedef struct lancekit_write_summary {
  size_t struct_size;
  uint64_t rows;
  uint64_t files;        ///< data files
  uint64_t bytes;        ///< all files together
  uint64_t arrow_bytes;  ///< the same values in Arrow layout
} lancekit_write_summary;

/// Starts a table at the path. Nothing is there before lancekit_writer_commit.
LANCEKIT_EXPORT lancekit_code lancekit_create(lancekit_context* context, const char* path, const lancekit_write_options* options,
                                              lancekit_writer** out, lancekit_error** error);
/// Fixes the schema, for a table that may get no batches; stays the caller's. Optional before rows.
LANCEKIT_EXPORT lancekit_code lancekit_writer_set_schema(lancekit_writer* writer, const struct ArrowSchema* schema,
                                                         lancekit_error** error);
/// Writes all batches of a stream and releases it, also on error.
LANCEKIT_EXPORT lancekit_code lancekit_writer_write_stream(lancekit_writer* writer, struct ArrowArrayStream* stream,
                                                           lancekit_error** error);
/// Writes one batch (a struct array) and releases it, also on error; the schema stays the caller's.
LANCEKIT_EXPORT lancekit_code lancekit_writer_write_batch(lancekit_writer* writer, struct ArrowArray* batch,
                                                          const struct ArrowSchema* schema, lancekit_error** error);
/// Finishes and publishes the table. `summary` may be NULL.
LANCEKIT_EXPORT lancekit_code lancekit_writer_commit(lancekit_writer* writer, lancekit_write_summary* summary,
                                                     lancekit_error** error);
/// Without a commit before, nothing is left of what was written.
LANCEKIT_EXPORT void lancekit_writer_free(lancekit_writer* writer);

// Verifying.

/// How thorough a check is.
typedef enum lancekit_verify_level {
  LANCEKIT_VERIFY_QUICK = 0,  ///< the tail of each file: tables, schema, metadata, statistics
  LANCEKIT_VERIFY_FULL = 1    ///< also each page: its hashes where there are any, and its values
} lancekit_verify_level;

/// What a finding means.
typedef enum lancekit_severity {
  LANCEKIT_DAMAGE = 0,
  LANCEKIT_NOT_CHECKED = 1,  ///< this version does not know how
  LANCEKIT_HARMLESS = 2,     ///< bytes that nobody reads are not as written
  LANCEKIT_NOTE = 3          ///< not damage, but worth knowing
} lancekit_severity;

/// One thing that was found, with its place. Fields may be added at the end.
typedef struct lancekit_finding {
  lancekit_severity severity;
  const char* message;
  const char* path;    ///< file
  const char* column;  ///< dotted; "" = none
  int64_t page;        ///< of the column; -1 = none
  int64_t buffer;      ///< of the page, or of the file; -1 = none
  uint64_t offset;     ///< first byte in the file, or LANCEKIT_NONE
  uint64_t size;       ///< bytes
} lancekit_finding;

/// Called for each finding, by one thread at a time; the finding lives as long as the call. Not 0 ends the check.
typedef int (*lancekit_on_finding)(void* user_data, const lancekit_finding* finding);

/// What is checked, and how thoroughly.
typedef struct lancekit_verify_options {
  size_t struct_size;
  int level;  ///< a lancekit_verify_level
  const lancekit_open_options* open;
  const char* sums;  ///< a file that `lance-inspect checksum` has made; NULL = none
} lancekit_verify_options;

/// How many findings of each severity there were. struct_size is set by the caller.
typedef struct lancekit_verify_summary {
  size_t struct_size;
  uint64_t files;
  uint64_t damages;
  uint64_t not_checked;
  uint64_t harmless;
  uint64_t notes;
  int stopped;  ///< not 0: the callback wanted no more
} lancekit_verify_summary;

/// Checks a file, or all that a dataset's version names, and goes on behind whatever it finds. LANCEKIT_OK says that it looked,
/// not that all is sound. The callback and the summary may be NULL.
LANCEKIT_EXPORT lancekit_code lancekit_verify(lancekit_context* context, const char* path, const lancekit_verify_options* options,
                                              lancekit_on_finding on_finding, void* user_data, lancekit_verify_summary* summary,
                                              lancekit_error** error);

#ifdef __cplusplus
}
#endif
