// The file that holds an index: spec/index.md. Written whole; opened by mapping, checked, and then used as it lies there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/context_impl.h"
#include "base/status.h"
#include "index/codes.h"
#include "index/walk.h"
#include "io/source.h"

namespace lancekit::index {

inline constexpr std::uint16_t kMajorVersion = 1;
inline constexpr std::uint16_t kMinorVersion = 0;
/// More would not fit into the count of a list of neighbours.
inline constexpr std::uint32_t kMaxM = 127;
inline constexpr std::uint32_t kMaxEfConstruction = 100'000;

/// A data file that vectors are in.
struct DataFileIdentity {
  std::uint64_t fragment = 0;
  std::uint64_t num_rows = 0;
  std::string name;
  std::uint64_t identity = 0;
};

/// What an index says of itself.
struct IndexFacts {
  std::string column;
  Metric metric = Metric::kL2;
  Element element = Element::kFloat32;
  std::uint32_t dimensions = 0;
  std::uint32_t num_nodes = 0;
  std::uint32_t m = 0;
  std::uint32_t ef_construction = 0;
  std::uint64_t seed = 0;
  std::uint64_t dataset_version = 0;  ///< 0: a bare file
  std::vector<DataFileIdentity> files;
  Quantizer quantizer;
  bool codes_are_exact = false;
  std::int32_t field_id = -1;               ///< of the column
  std::vector<std::uint64_t> deleted_rows;  ///< of the table as it was written: first and count of each interval

  std::uint64_t num_rows() const noexcept;
};

/// Lists of neighbours: a count, then ids of so many bytes each, for `capacity` of them.
class ListRows {
 public:
  ListRows() = default;
  ListRows(const std::byte* rows, std::uint32_t num_lists, std::uint32_t capacity, std::uint32_t id_bytes)
      : rows_(rows), num_lists_(num_lists), capacity_(capacity), id_bytes_(id_bytes), stride_(1 + capacity * id_bytes) {}

  std::uint32_t num_lists() const noexcept { return num_lists_; }
  std::uint64_t bytes() const noexcept { return num_lists_ * stride_; }
  /// Copies the ids of a list; returns how many there are.
  std::size_t Get(std::uint32_t list, std::uint32_t* to) const noexcept;
  void Prefetch(std::uint32_t list) const noexcept {
    const std::byte* const row = rows_ + list * stride_;
    for (std::uint64_t byte = 0; byte < stride_; byte += 64) __builtin_prefetch(row + byte);
  }
  /// Errors: kCorruption when a count is above the capacity or an id no list.
  Status Check() const;

  static void Append(std::span<const std::uint32_t> ids, std::uint32_t capacity, std::uint32_t id_bytes, MutableBuffer* to);

 private:
  const std::byte* rows_ = nullptr;
  std::uint32_t num_lists_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t id_bytes_ = 0;
  std::uint64_t stride_ = 0;
};

/// Node ids, or others below 2^32, of so many bytes each.
class IdArray {
 public:
  IdArray() = default;
  IdArray(const std::byte* ids, std::uint32_t size, std::uint32_t id_bytes) : ids_(ids), size_(size), id_bytes_(id_bytes) {}
  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t operator[](std::uint32_t i) const noexcept;
  /// Where a number is; ids ascend. Nothing when it is not there.
  std::optional<std::uint32_t> Find(std::uint32_t id) const noexcept;
  /// Errors: kCorruption unless they ascend and are below `end`.
  Status Check(std::uint64_t end) const;

  static std::uint32_t BytesFor(std::uint64_t num_ids) { return num_ids <= 1 << 16 ? 2 : num_ids <= 1 << 24 ? 3 : 4; }
  static void Append(std::uint32_t id, std::uint32_t id_bytes, MutableBuffer* to) {
    const std::uint32_t bytes = id;
    to->Append({reinterpret_cast<const std::byte*>(&bytes), id_bytes});
  }

 private:
  const std::byte* ids_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t id_bytes_ = 0;
};

/// A layer above the lowest. Its lists hold positions among its nodes.
struct UpperLayer {
  IdArray nodes;
  ListRows neighbours;
};

/// An open sidecar. Immutable; thread-safe.
class Sidecar {
 public:
  /// Errors: kIo; kCorruption (magic, hash of the header, sections that do not fit, ids out of range; `path` and place are
  /// named); kUnsupported (a newer version).
  static Result<std::shared_ptr<const Sidecar>> Open(ContextImpl& context, const std::string& path);
  static Result<std::shared_ptr<const Sidecar>> Open(std::shared_ptr<const Source> source);

  const std::string& path() const noexcept { return path_; }
  std::uint64_t file_size() const noexcept { return file_size_; }
  const IndexFacts& facts() const noexcept { return facts_; }
  std::uint32_t entry() const noexcept { return entry_; }  ///< a node of the highest layer
  const ListRows& lowest() const noexcept { return lowest_; }
  const std::vector<UpperLayer>& upper() const noexcept { return upper_; }  ///< layer 1 first
  bool has_codes() const noexcept { return has_codes_; }
  CodeRows codes() const noexcept { return {codes_.data(), facts_.dimensions}; }
  /// The row that a node stands for, counted through all data files.
  std::uint64_t RowOf(std::uint32_t node) const noexcept { return rows_.has_value() ? (*rows_)[node] : node; }
  std::optional<std::uint32_t> NodeOf(std::uint64_t row) const noexcept;
  bool IsDeleted(std::uint32_t node) const noexcept;
  bool has_deleted() const noexcept { return !deleted_.bytes().empty(); }

  struct SectionInfo {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint64_t hash = 0;
  };
  const std::vector<SectionInfo>& sections() const noexcept { return sections_; }
  /// Compares a section with its hash. Errors: kCorruption.
  Status CheckHash(const SectionInfo& section) const;

 private:
  Sidecar() = default;
  Status Load();
  template <class T>
  Result<Buffer> Section(const char* name, const T* section, std::uint64_t size);

  std::string path_;
  std::uint64_t file_size_ = 0;
  std::shared_ptr<const Source> source_;
  IndexFacts facts_;
  std::uint32_t entry_ = 0;
  ListRows lowest_;
  std::vector<UpperLayer> upper_;
  bool has_codes_ = false;
  std::optional<IdArray> rows_;
  Buffer codes_;
  Buffer deleted_;
  std::vector<Buffer> kept_;
  std::vector<SectionInfo> sections_;
};

/// The node of the lowest layer that a walk begins at: from the entry down through the layers above. Pre: there are nodes.
template <class Distance, class Measure>
Near<Distance> DescendLayers(const Sidecar& sidecar, const Measure& measure) {
  Near<Distance> best{{}, sidecar.entry()};
  measure(&best.node, 1, &best.distance);
  for (std::size_t layer = sidecar.upper().size(); layer-- > 0;) {
    const UpperLayer& upper = sidecar.upper()[layer];
    struct Links {
      const UpperLayer& layer;
      std::size_t Get(std::uint32_t at, std::uint32_t* to) const noexcept { return layer.neighbours.Get(at, to); }
    };
    const auto measure_here = [&](const std::uint32_t* at, std::size_t count, Distance* distances) {
      std::uint32_t nodes[kMaxDegree];
      for (std::size_t i = 0; i < count; ++i) nodes[i] = upper.nodes[at[i]];
      measure(nodes, count, distances);
    };
    // Opening has checked that it is there.
    const Near<Distance> found = Descend(Links{upper}, measure_here, Near<Distance>{best.distance, *upper.nodes.Find(best.node)});
    best = {found.distance, upper.nodes[found.node]};
  }
  return best;
}

/// What a sidecar is written from. Neighbours are those of the nodes that it gets, by their numbers there.
struct SidecarContent {
  const IndexFacts* facts = nullptr;
  std::uint32_t entry = 0;
  std::uint32_t top = 0;
  std::function<std::uint32_t(std::uint32_t node)> level_of;
  std::function<std::span<const std::uint32_t>(std::uint32_t node, std::uint32_t layer)> neighbours;
  std::vector<std::uint32_t> rows;  ///< of the nodes, ascending; empty: node i is row i
  bool has_codes = false;
  Bytes codes;
  Bytes deleted;  ///< empty: none
};

/// Writes a sidecar that appears whole or not at all, in the place of one that is there. Errors: kOutput.
Status WriteSidecar(const std::string& path, const SidecarContent& content);

}  // namespace lancekit::index
