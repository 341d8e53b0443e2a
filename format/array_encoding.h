// Page encodings of Lance 2.0 as plain structs: the message ArrayEncoding of package lance.encodings without protobuf.
// Field numbers and meanings: lance protos/encodings.proto.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_reader.h"
#include "base/status.h"

namespace lancekit::format {

/// Number of the ArrayEncoding oneof; other numbers are kept as they are (unknown encodings).
enum class ArrayEncodingId : std::uint32_t {
  kNone = 0,
  kFlat = 1,
  kNullable = 2,
  kFixedSizeList = 3,
  kList = 4,
  kStruct = 5,
  kBinary = 6,
  kDictionary = 7,
  kFsst = 8,
  kPackedStruct = 9,
  kBitpacked = 10,
  kFixedSizeBinary = 11,
  kBitpackedForNonNeg = 12,
  kConstant = 13,
};

/// Number of the oneof in Nullable.
enum class Nullability : std::uint32_t { kNone = 0, kNoNulls = 1, kSomeNulls = 2, kAllNulls = 3 };

enum class BufferOwner : std::uint32_t { kPage = 0, kColumn = 1, kFile = 2 };

struct BufferReference {
  std::uint32_t index = 0;
  BufferOwner owner = BufferOwner::kPage;
};

/// One node of an encoding tree. Only the fields that the id calls for are meaningful.
struct ArrayEncoding {
  ArrayEncodingId id = ArrayEncodingId::kNone;
  Nullability nullability = Nullability::kNone;  ///< nullable
  /// flat: bits per value; both bit-packings: bits per value when unpacked; fixed-size list: items per value; fixed-size binary:
  /// bytes per value.
  std::uint64_t width = 0;
  std::uint64_t packed_bits = 0;      ///< both bit-packings
  bool is_signed = false;             ///< bit-packing
  bool has_validity = false;          ///< fixed-size list
  BufferReference buffer;             ///< flat, both bit-packings, packed struct
  std::string compression;            ///< flat: of the whole buffer; empty or "none" when there is none
  std::uint64_t null_adjustment = 0;  ///< binary, list: added to the numbers of null values
  std::uint64_t num_items = 0;        ///< list: items of all lists of the page; dictionary: items
  std::vector<std::byte> bytes;       ///< fsst: symbol table; constant: the value
  /// nullable: values, behind the validity when some are null; fixed-size list, fixed-size binary, fsst: what they are made of;
  /// list: offsets; binary: indices, bytes; dictionary: indices, items; packed struct: one per field.
  std::vector<ArrayEncoding> children;
};

/// Every encoding may stand in a nullable, so trees are deeper than those of kMaxEncodingDepth.
inline constexpr int kMaxArrayEncodingDepth = 32;

/// Parses the bytes of an ArrayEncoding message. Errors: kCorruption, also for a missing inner encoding; unknown fields are
/// skipped, unknown oneof members become the id of that number.
Result<ArrayEncoding> ParseArrayEncoding(Bytes message);

/// "flat", "nullable", ...; "unknown encoding 20" for other numbers.
std::string ArrayEncodingName(ArrayEncodingId id);
/// What child `i` is to its parent: "validity", "indices", "items", ...
std::string ArrayEncodingChildRole(const ArrayEncoding& parent, std::size_t i);

/// True when a ColumnEncoding message says that the column's values are positions and sizes of blobs.
/// Errors: kCorruption, kUnsupported for an encoding other than plain values and blobs.
Result<bool> IsBlobColumn(Bytes column_encoding);

}  // namespace lancekit::format
