// A look inside: the structure of data files as plain data, down to the purpose of every byte. Reads no values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lancekit/context.hpp"
#include "lancekit/export.h"
#include "lancekit/result.hpp"
#include "lancekit/table.hpp"
#include "lancekit/types.hpp"

namespace lancekit {

/// Bytes of a file that the format gives a place: a page, column or global buffer, a table, a message.
struct InspectedBuffer {
  std::string role;          ///< "chunk table", "chunks", "dictionary", "repetition index", "schema", ...
  std::uint64_t offset = 0;  ///< position in the file
  std::uint64_t size = 0;    ///< without padding
};

/// One node of a page's encoding: a structural encoding at the root, what it stores and with which compressive encoding below.
struct EncodingNode {
  std::string role;          ///< "values", "definition levels", "dictionary", "chunk table", ...; empty at the root
  std::string name;          ///< "mini_block", "inline_bitpacking", ...; empty for tables that are not encoded
  std::string parameters;    ///< for people, such as "32 bit"; may be empty
  std::int32_t buffer = -1;  ///< page buffer that holds it, alone or with others; -1 = none of its own
  std::vector<EncodingNode> children;
};

/// One page of a column.
struct LANCEKIT_EXPORT InspectedPage {
  std::uint64_t first_row = 0;
  std::uint64_t num_rows = 0;  ///< Lance 2.0 below lists: items instead of rows, as for first_row
  bool may_have_nulls = true;  ///< false: the page says that all values are valid
  std::vector<InspectedBuffer> buffers;
  EncodingNode encoding;

  std::uint64_t bytes() const;  ///< of all buffers, without padding
};

/// One column of a file: a leaf of its schema.
struct LANCEKIT_EXPORT InspectedColumn {
  std::string path;                          ///< dotted, such as "trip.stops.item"
  std::string type;                          ///< as DataType::to_string() has it
  std::optional<std::uint64_t> arrow_bytes;  ///< size in Arrow layout, where it is known without reading values
  std::vector<InspectedBuffer> buffers;      ///< column buffers (rare)
  std::vector<InspectedPage> pages;
  InspectedBuffer metadata;  ///< the column's message

  std::uint64_t bytes() const;  ///< of all page and column buffers, without padding
};

/// One data file.
struct InspectedFile {
  std::string path;
  std::string format_version;  ///< "2.1"
  std::uint64_t num_rows = 0;
  std::uint64_t size = 0;
  Schema schema;           ///< as this file has it
  bool has_blobs = false;  ///< values of blob columns lie between the buffers, listed nowhere
  std::vector<InspectedBuffer> global_buffers;
  std::vector<InspectedColumn> columns;
  InspectedBuffer column_table;
  InspectedBuffer global_buffer_table;
  InspectedBuffer footer;
};

/// What a range of bytes of a file is.
enum class PartKind : std::uint8_t {
  kPageBuffer,
  kColumnBuffer,
  kGlobalBuffer,
  kColumnMetadata,
  kColumnTable,
  kGlobalBufferTable,
  kFooter,
  kPadding,  ///< up to 63 bytes 'H' (or 0) before the next multiple of 64
  kBlobs,    ///< between the buffers of a file with blob columns: their values and padding
  kUnexplained,
};

/// "page buffer", "column metadata", "padding", ...
LANCEKIT_EXPORT const char* part_kind_name(PartKind kind) noexcept;

/// A range of bytes with its purpose. Numbers that do not apply are -1.
struct FilePart {
  PartKind kind = PartKind::kUnexplained;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string role;  ///< of a buffer
  std::int64_t column = -1;
  std::int64_t page = -1;
  std::int64_t buffer = -1;  ///< of the page, the column or the file
};

/// One data file of a table.
struct DataFileEntry {
  std::string path;
  std::uint64_t fragment = 0;
  std::uint64_t first_row = 0;  ///< row of the table that is row 0 of the file, deleted rows counted
  /// Ids of the fields that the table takes from the file; it may hold others that were replaced. Empty for a bare file.
  std::vector<std::int32_t> fields;
};

/// The data files behind a path.
struct DataFiles {
  bool is_dataset = false;
  std::uint64_t version = 0;  ///< dataset: the version that is listed
  std::uint64_t num_deleted_rows = 0;
  std::vector<DataFileEntry> files;
};

/// A bare file, or the files of a dataset's version. Errors: as open().
LANCEKIT_EXPORT Result<DataFiles> list_data_files(const Context& context, const std::string& path,
                                                  const OpenOptions& options = {});

/// Rows [first, first + count).
struct RowInterval {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// The deleted rows of a dataset's version, ascending; rows are counted as DataFileEntry::first_row does. None for a bare file.
/// Errors: as open().
LANCEKIT_EXPORT Result<std::vector<RowInterval>> list_deleted_rows(const Context& context, const std::string& path,
                                                                   const OpenOptions& options = {});

/// The structure of one data file; its tail and all column metadata are read, no values.
/// Errors: kIo, kCorruption, kUnsupported (the version is named).
LANCEKIT_EXPORT Result<InspectedFile> inspect_file(const Context& context, const std::string& path);

/// Names every byte of the file once: ascending parts without gaps that end at its size. Reads only the gaps between buffers.
/// Errors: those of inspect_file(); kCorruption naming both parts when two overlap.
LANCEKIT_EXPORT Result<std::vector<FilePart>> byte_map(const Context& context, const InspectedFile& file);

}  // namespace lancekit
