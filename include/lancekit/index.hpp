// Vector search: an HNSW index in a sidecar file beside a table, which keeps the vectors. A library of its own,
// liblancekit_index.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lancekit/context.hpp"
#include "lancekit/export.h"
#include "lancekit/result.hpp"
#include "lancekit/table.hpp"

namespace lancekit {

/// What a small distance means. kL2: the square of the Euclidean distance; kCosine: 1 - cosine, 1 where a vector has no length;
/// kInnerProduct: 1 - inner product.
enum class VectorMetric : std::uint8_t { kL2, kCosine, kInnerProduct };

/// What a sidecar keeps of the vectors. Searches compare that on their way, and vectors themselves in the end.
/// k8Bit: 8 bits for each dimension, of which walks read four where that tells vectors apart; some k + k / 2 vectors are
/// compared. k1Bit: one bit for each dimension; all vectors that a walk keeps are compared, and it should keep more, say 20 k.
/// Building takes the memory of 8-bit codes all the same. kNone: vectors are compared all the way.
enum class VectorCodes : std::uint8_t { kNone, k8Bit, k1Bit };

/// How an index is built.
struct BuildOptions {
  VectorMetric metric = VectorMetric::kL2;
  std::uint32_t m = 16;                 ///< neighbours that a vector seeks, 2 to 127; twice as many in the lowest layer
  std::uint32_t ef_construction = 200;  ///< vectors among which it seeks them
  std::uint64_t seed = 1;               ///< same seed, one thread: same index
  VectorCodes codes = VectorCodes::k8Bit;
  std::uint64_t memory_limit = 0;  ///< in bytes; 0 = none
  /// Called now and then, by one thread at a time.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

/// Which index of which version of a table.
struct IndexOpenOptions {
  OpenOptions table;    ///< the version that is searched; checksums do not count
  std::string sidecar;  ///< empty: default_sidecar()
  std::string column;   ///< for default_sidecar() of a dataset; empty: the only index that is there
  /// Of vectors that have to be decoded, in bytes; 0 = none. Those that lie in the files as they are in memory are mapped.
  std::uint64_t memory_limit = 0;
};

/// One row that was found.
struct VectorHit {
  std::uint64_t row = 0;  ///< of the table, as Table::take wants it
  float distance = 0;
};

/// Rows of a table that a search may give.
class LANCEKIT_EXPORT RowSet {
 public:
  std::uint64_t size() const noexcept { return size_; }  ///< those that have a vector

 private:
  friend class VectorIndexImpl;
  std::shared_ptr<const void> owner_;  // the index that it is of
  std::vector<std::uint64_t> words_;   // by node
  std::uint64_t size_ = 0;
};

/// What a search is asked for.
struct VectorQuery {
  std::uint32_t k = 10;
  std::uint32_t ef = 0;          ///< vectors that a walk keeps: more find better and take longer; 0: max(k, 64)
  bool exact = false;            ///< compare with all vectors
  const RowSet* rows = nullptr;  ///< null: all
};

/// What a search did.
struct SearchReport {
  std::uint64_t codes = 0;    ///< that were compared, by some or all of their bits
  std::uint64_t vectors = 0;  ///< that were compared
  bool scanned = false;       ///< all rows that may be given were compared, as they are few
};

/// How an index is changed.
struct ChangeOptions {
  IndexOpenOptions open;
  std::uint64_t memory_limit = 0;  ///< as BuildOptions has it
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

/// What a change did.
struct ChangeReport {
  std::uint64_t added = 0;
  std::uint64_t removed = 0;  ///< or marked as deleted
  std::uint64_t vectors = 0;  ///< that are searched now
};

/// Facts about an index.
struct IndexStats {
  std::string column;
  VectorMetric metric = VectorMetric::kL2;
  std::string element;  ///< "float32", "float16", "bfloat16" or "int8"
  std::uint32_t dimensions = 0;
  std::uint64_t vectors = 0;
  std::uint64_t deleted = 0;  ///< of these, that searches leave out
  std::uint64_t orphans = 0;  ///< that no walk reaches
  std::uint64_t rows = 0;     ///< of the data files
  std::uint32_t m = 0;
  std::uint32_t ef_construction = 0;
  std::uint64_t links = 0;  ///< in the lowest layer
  std::uint32_t largest_degree = 0;
  std::vector<std::uint64_t> layers;  ///< vectors in each, the lowest first
  VectorCodes codes = VectorCodes::kNone;
  bool codes_are_exact = false;
  std::uint64_t file_size = 0;
  std::uint64_t code_bytes = 0;
  std::uint64_t decoded_bytes = 0;  ///< as VectorIndex has it
};

class VectorIndexImpl;

/// An open index with the vectors it belongs to. Cheap to copy; thread-safe.
class LANCEKIT_EXPORT VectorIndex {
 public:
  /// Where an index of a column of this table is by default: TABLE.hnsw beside a file, in the dataset's folder _lancekit, which
  /// other readers pass over, else.
  static std::string default_sidecar(const std::string& table, const std::string& column);

  /// Builds an index of a column of vectors and writes it; an existing one is replaced once the new one is complete. Rows without
  /// a vector, and with one that has a number that is none (NaN) or infinite, are left out. Errors: those of open();
  /// kInvalidArgument (no such column, not a column of vectors, an option out of range); kResourceLimit; kOutput; kCancelled.
  static Status build(const Context& context, const std::string& table, const std::string& column, const std::string& sidecar,
                      const BuildOptions& options = {}, const OpenOptions& open_options = {});

  /// Adds the rows that were appended to a dataset since. Errors: as open() and build(); kInvalidArgument when the data files
  /// that were indexed are not there any more.
  static Result<ChangeReport> add(const Context& context, const std::string& table, const ChangeOptions& options = {});
  /// Takes rows out of the graph, and those that are deleted in the table; `tombstones`: only marks them, which is quicker.
  /// Rows that are not in the index are passed over.
  static Result<ChangeReport> remove(const Context& context, const std::string& table, Span<const std::uint64_t> rows,
                                     bool tombstones = false, const ChangeOptions& options = {});
  /// Takes out what is marked as deleted, and what is deleted in the table.
  static Result<ChangeReport> compact(const Context& context, const std::string& table, const ChangeOptions& options = {});

  /// Maps the sidecar and its data and checks that one belongs to the other. Errors: those of open(); kCorruption for a damaged
  /// sidecar; kInvalidArgument when it belongs to other data or to another version, with what to do about it.
  static Result<VectorIndex> open(const Context& context, const std::string& table, const IndexOpenOptions& options = {});

  explicit VectorIndex(std::shared_ptr<const VectorIndexImpl> impl) noexcept;
  ~VectorIndex();
  VectorIndex(const VectorIndex&);
  VectorIndex& operator=(const VectorIndex&);
  VectorIndex(VectorIndex&&) noexcept;
  VectorIndex& operator=(VectorIndex&&) noexcept;

  const std::string& column() const noexcept;
  std::uint32_t dimensions() const noexcept;
  std::uint64_t size() const noexcept;           ///< vectors that are searched
  std::uint32_t vector_bytes() const noexcept;   ///< of each, as it is stored
  std::uint64_t decoded_bytes() const noexcept;  ///< of vectors that are not read where they lie in mapped files
  /// The rows for which a filter is true, to be given by many searches. Errors: those of a scan.
  Result<RowSet> rows_where(const Filter& filter) const;
  /// These rows. Errors: kInvalidArgument for one that the table does not have.
  Result<RowSet> rows(Span<const std::uint64_t> rows) const;
  /// The vectors nearest to `vector`, nearest first; fewer than k when there are not as many.
  /// Errors: kInvalidArgument (wrong number of dimensions, a number that is none).
  Result<std::vector<VectorHit>> search(Span<const float> vector, const VectorQuery& query = {},
                                        SearchReport* report = nullptr) const;
  /// Looks at all links. Errors: none but kCancelled.
  Result<IndexStats> stats() const;
  /// Compares every section with its hash, and every code with its vector. Errors: kCorruption.
  Status verify() const;

 private:
  std::shared_ptr<const VectorIndexImpl> impl_;
};

}  // namespace lancekit
