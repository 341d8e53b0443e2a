// Laying out one page: structural encodings on the writing side.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "encodings/encoding.h"
#include "encodings/level_bits.h"
#include "encodings/value_facts.h"
#include "format/encoding.h"
#include "format/version.h"
#include "structural/blob.h"

namespace lancekit {

/// A page ready to be written: its buffers in order, and the layout that describes them.
struct EncodedPage {
  std::vector<MutableBuffer> buffers;
  format::PageLayout layout;
  std::uint64_t num_rows = 0;
};

/// What is asked of the entries of a page again and again.
struct EntryBits {
  LevelBits row_starts;     ///< empty without lists
  LevelBits without_value;  ///< empty where all have one
  LevelBits rep_changes;
  LevelBits def_changes;
};

/// Levels of the entries of a page, numbered as its layers say. Borrowed.
struct PageEntries {
  std::vector<format::RepDefLayer> layers;  ///< innermost first
  std::span<const std::uint16_t> rep;       ///< empty: no lists
  std::span<const std::uint16_t> def;       ///< empty: nothing is null or empty
  std::uint64_t count = 0;
  std::uint16_t max_rep = 0;      ///< starts a row
  std::uint16_t max_def = 0;      ///< the largest that occurs
  std::uint16_t max_visible = 0;  ///< entries of higher definition levels have no value
  bool sparse = false;            ///< runs of entries without values are too long for mini-block chunks

  /// Set by SetBits. Where there are entries without values it says which.
  std::shared_ptr<const EntryBits> bits;
  void SetBits();

  bool IsVisible(std::uint64_t entry) const noexcept { return def.empty() || def[entry] <= max_visible; }
};

/// Rows of one leaf on their way into a page. Borrowed.
struct PageValues {
  ValuesView values;                    ///< of the visible entries
  const std::byte* validity = nullptr;  ///< of the values: bitmap from bit 0; nullptr: no nulls
  std::uint64_t num_rows = 0;
  const ValueFacts* facts = nullptr;     ///< of `values`, where they are known
  const PageEntries* entries = nullptr;  ///< nullptr: a flat leaf, whose entries are its rows
};

/// The entries of a page, with their bits. Those of a flat leaf are made from its validity; their levels are kept in `def`.
PageEntries EntriesOf(const PageValues& page, PooledVector<std::uint16_t>* def);

/// A dictionary in its block encoding.
struct EncodedDictionary {
  format::Encoding encoding;
  MutableBuffer bytes;
  std::uint64_t num_items = 0;
};

/// Gives a mini-block page of indices what they point into. Pre: it has none.
void AddDictionary(EncodedDictionary dictionary, EncodedPage* page);

/// Values by chunks. The encoder must have been made for values.values, or for the indices into the dictionary. Pre: the entries
/// are not sparse.
/// Errors: kUnsupported when two values with their levels do not fit into a chunk.
Result<EncodedPage> WriteMiniBlockPage(const PageValues& page, const ChunkEncoder& encoder,
                                       std::optional<EncodedDictionary> dictionary, format::FileVersion version);

/// Bytes of the levels of such a page, padded.
std::uint64_t MiniBlockLevelBytes(const PageValues& page, const ChunkEncoder& encoder, format::FileVersion version);

/// A block encoding of levels, applied to each chunk of a page.
class LevelEncoding {
 public:
  /// What levels are stored by: their number in each chunk, the largest of them, the bytes that they may take in a chunk and the
  /// multiple of bytes that they are padded to.
  struct Wanted {
    const LevelBits& changes;
    std::span<const std::uint64_t> chunks;
    std::uint16_t max = 0;
    std::uint64_t max_chunk_bytes = ~std::uint64_t{0};
    std::uint64_t alignment = 1;
    format::FileVersion version = format::FileVersion::k2_2;
  };
  /// Bit-packing, in line where each chunk is a block at most, and RLE (2.2); the smallest first, message included.
  static std::vector<LevelEncoding> All(const Wanted& wanted);
  static LevelEncoding Choose(const Wanted& wanted) { return All(wanted)[0]; }

  format::Encoding Message() const;
  /// Of all chunks.
  std::uint64_t num_bytes() const noexcept { return num_bytes_; }
  /// Whether a chunk may have so many levels.
  bool Holds(std::uint64_t count) const noexcept;
  /// Bits per level; 0 for RLE.
  int packed_width() const noexcept { return form_ == Form::kRunLengths ? 0 : width_; }
  /// Pre: it holds so many.
  void Append(std::span<const std::uint16_t> levels, MutableBuffer* out) const;

 private:
  enum class Form : std::uint8_t { kBlocks, kOneBlock, kRunLengths };

  Form form_ = Form::kBlocks;
  std::uint64_t num_bytes_ = 0;
  int width_ = 0;
};

/// How the values of a full-zip page are stored one by one.
struct ValueEncoding {
  format::Encoding encoding;
  /// Bytes of each value back to back with their offsets (one more than values); unused for fixed width.
  const std::byte* data = nullptr;
  std::span<const std::uint64_t> offsets;
};
/// Fixed width: whole bytes, or booleans, taken from values.values. Variable width: taken from `stored`.
/// Errors: kUnsupported for values of fixed width of 512 MiB and more, whose bits the layout cannot count.
Result<EncodedPage> WriteFixedFullZipPage(const PageValues& page);
EncodedPage WriteVariableFullZipPage(const PageValues& page, const ValueEncoding& stored);

/// No valid value. Also for structs without fields.
EncodedPage WriteAllNullPage(std::uint64_t num_rows);
/// The same of a nested leaf.
EncodedPage WriteAllNullPage(const PageValues& page, format::FileVersion version);
/// All valid rows equal to value 0 ... of the page's first valid row `row`. 2.2 and newer.
EncodedPage WriteConstantPage(const PageValues& page, std::uint64_t row);

/// Descriptors of blobs whose bytes are in the file. Layers innermost first; levels of nulls as they number them.
/// Errors: those of WriteMiniBlockPage.
Result<EncodedPage> WriteBlobPage(std::span<const BlobPlace> places, std::vector<format::RepDefLayer> layers,
                                  format::FileVersion version);

}  // namespace lancekit
