// The container of a Lance file: footer, tables, column metadata, schema descriptor.
// Field numbers: rust lance protos/file2.proto and protos/file.proto; layout: lancekit spec/container.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "format/encoding.h"
#include "format/version.h"
#include "io/source.h"
#include "lancekit/types.hpp"

namespace lancekit::format {

using lancekit::FileRange;

inline constexpr std::size_t kFooterBytes = 40;
inline constexpr std::uint64_t kBufferAlignment = 64;
inline constexpr std::byte kPaddingByte{72};
/// Bytes of the tail that one speculative read fetches.
inline constexpr std::uint64_t kTailBytes = 64 << 10;

struct Footer {
  std::uint64_t column_metadata_start = 0;
  std::uint64_t cmo_offset = 0;
  std::uint64_t gbo_offset = 0;
  std::uint32_t num_global_buffers = 0;
  std::uint32_t num_columns = 0;
  FileVersion version = FileVersion::k2_2;
};

/// Parses the last 40 bytes and checks magic, version and that the tables fit between column metadata and footer.
/// Errors: kCorruption ("not a Lance file: ..."), kUnsupported.
Result<Footer> ParseFooter(Bytes last_bytes, std::uint64_t file_size);
void AppendFooter(const Footer& footer, MutableBuffer* out);

/// Entry i of a CMO or GBO table; every range is checked against the file size. Pre: i is in the table.
Result<FileRange> TableEntry(Bytes table, std::uint64_t i, std::uint64_t file_size);

/// A message in its wrapping: type_url of the Any, and the bytes.
struct TypedMessage {
  std::string type_url;
  std::vector<std::byte> value;
};

struct PageMetadata {
  std::vector<FileRange> buffers;
  std::uint64_t length = 0;    ///< top-level rows (2.1+; 2.0: entries of the column)
  std::uint64_t priority = 0;  ///< first top-level row
  TypedMessage encoding;       ///< PageLayout (2.1+) or ArrayEncoding (2.0), not parsed further
};

struct ColumnMetadata {
  TypedMessage encoding;
  std::vector<FileRange> buffers;
  std::vector<PageMetadata> pages;
};

inline constexpr const char* kColumnEncodingUrl = "/lance.encodings.ColumnEncoding";
inline constexpr const char* kPageLayoutUrl = "/lance.encodings21.PageLayout";
inline constexpr const char* kArrayEncodingUrl = "/lance.encodings.ArrayEncoding";

/// Errors: kCorruption, also for a buffer outside the file and for more buffer offsets than sizes.
Result<ColumnMetadata> ParseColumnMetadata(Bytes message, std::uint64_t file_size);
std::string SerializeColumnMetadata(const ColumnMetadata& column);

/// Field as the descriptor and the manifest store it: flattened depth-first, linked by ids.
struct FileDescriptor {
  Schema schema;
  std::uint64_t num_rows = 0;
};
Result<FileDescriptor> ParseFileDescriptor(Bytes message);

/// Where the schema message lies in a descriptor. Pre: `head` are the first bytes of the descriptor, 16 or all. No value: it does
/// not come first.
std::optional<FileRange> FindSchema(Bytes head, std::uint64_t descriptor_size);
/// The number of rows from what follows the schema in a descriptor. Errors: kCorruption.
Result<std::uint64_t> ParseNumRows(Bytes rest);
/// Metadata from what follows the fields in a schema. Errors: kCorruption.
Result<std::vector<std::pair<std::string, std::string>>> ParseSchemaMetadata(Bytes rest);
/// Errors: those of SerializeFields.
Result<std::string> SerializeFileDescriptor(const FileDescriptor& descriptor);

}  // namespace lancekit::format
