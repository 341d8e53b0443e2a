// Laying out one page: structural encodings on the writing side.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "encodings/encoding.h"
#include "format/encoding.h"
#include "format/version.h"

namespace lancekit {

/// A page ready to be written: its buffers in order, and the layout that describes them.
struct EncodedPage {
  std::vector<MutableBuffer> buffers;
  format::PageLayout layout;
  std::uint64_t num_rows = 0;
};

/// Rows of one flat leaf on their way into a page. Borrowed.
struct PageValues {
  ValuesView values;
  const std::byte* validity = nullptr;  ///< bitmap from bit 0; nullptr: no nulls
  std::uint64_t num_rows = 0;
};

/// A dictionary in its block encoding.
struct EncodedDictionary {
  format::Encoding encoding;
  MutableBuffer bytes;
  std::uint64_t num_items = 0;
};

/// Values by chunks. The encoder must have been made for values.values, or for the indices into the dictionary.
EncodedPage WriteMiniBlockPage(const PageValues& page, const ChunkEncoder& encoder, std::optional<EncodedDictionary> dictionary,
                               format::FileVersion version);

/// How the values of a full-zip page are stored one by one.
struct ValueEncoding {
  format::Encoding encoding;
  /// Bytes of each value back to back with their offsets (num_rows + 1); unused for fixed width.
  const std::byte* data = nullptr;
  std::span<const std::uint64_t> offsets;
};
/// Fixed width: whole bytes, taken from values.values. Variable width: taken from `stored`.
EncodedPage WriteFixedFullZipPage(const PageValues& page);
EncodedPage WriteVariableFullZipPage(const PageValues& page, const ValueEncoding& stored);

/// All rows null.
EncodedPage WriteAllNullPage(std::uint64_t num_rows);
/// All valid rows equal to value 0 ... of the page's first valid row `row`. 2.2 and newer.
EncodedPage WriteConstantPage(const PageValues& page, std::uint64_t row);

/// Definition levels from a validity bitmap: 0 valid, 1 null.
std::vector<std::uint16_t> LevelsOf(const std::byte* validity, std::uint64_t num_rows);

}  // namespace lancekit
