// FSST encoding: trains a symbol table on a sample of the strings, then replaces symbols by one-byte codes. The same strings
// always give the same bytes. An encoder is immutable after Train; any thread may use it. Source: Boncz, Neumann, Leis, "FSST:
// Fast Random Access String Compression", VLDB 2020; table layout: fsst.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "encodings/kernels/dispatch.h"
#include "encodings/kernels/fsst.h"
#include "encodings/kernels/fsst_lanes.h"

namespace lancekit::kernels {

struct FsstCandidate;

struct FsstSymbol {
  std::uint64_t bytes;  // the first byte is the lowest; zeros above the length
  int length;
};

/// Finds the symbol that a text starts with. At most one symbol of 3 or more bytes per hash of the first 3 bytes is kept, so a
/// look-up takes two loads and no loop.
class FsstMatcher {
 public:
  FsstMatcher();

  /// False when the hash slot of the symbol is taken. Pre: the symbol is new; `code` is below 255.
  bool Insert(FsstSymbol symbol, int code);

  /// The match at the start of `word`, of which `available` bytes (at least 1) belong to the string.
  FsstMatch Find(std::uint64_t word, std::size_t available) const;

  FsstTables tables() const noexcept { return {short_.data(), slots_.data()}; }

 private:
  std::vector<FsstMatch> short_;
  std::vector<FsstSlot> slots_;
};

class FsstEncoder {
 public:
  /// Trains on a sample of string i = bytes [offsets[i], offsets[i + 1]) of `data`, i < num_strings. Allocates.
  template <class Offset>
  static FsstEncoder Train(const std::byte* data, const Offset* offsets, std::size_t num_strings);

  /// Room in bytes that encoding `size` bytes may write to.
  static constexpr std::size_t Room(std::size_t size) noexcept { return 2 * size + 8; }

  /// Encodes one string to `out`, which has Room(size) bytes. Returns the encoded size.
  std::size_t Compress(const std::byte* in, std::size_t size, std::byte* out) const noexcept;

  /// Encodes the strings one after the other; `out` has Room(size of all of them) bytes. out_ends[i] becomes the position of the
  /// end of string i in `out`, plus `base`. Returns the encoded size of all of them. All kernels write the same.
  template <class InOffset, class OutOffset>
  std::size_t CompressRun(const std::byte* in, const InOffset* in_offsets, std::size_t num_strings, std::byte* out,
                          OutOffset base, OutOffset* out_ends, const KernelTable& kernels = ActiveTable()) const noexcept;

  /// Writes the kFsstTableSize bytes of the symbol table.
  void SerializeTable(std::byte* out) const noexcept;

 private:
  // Of the best symbols first, all that there is room for.
  explicit FsstEncoder(std::vector<FsstCandidate> candidates);

  /// Encodes the strings of four lanes.
  void CompressLanes(const FsstShare& share) const noexcept;
  std::byte* CompressString(const std::byte* in, const std::byte* end, const std::byte* readable_end,
                            std::byte* out) const noexcept;

  std::vector<FsstSymbol> symbols_;
  FsstMatcher matcher_;
};

}  // namespace lancekit::kernels
