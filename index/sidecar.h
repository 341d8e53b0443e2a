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
#include "index/bit_codes.h"
#include "index/codes.h"
#include "index/packed_ids.h"
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
  bool has_codes = false;
  Quantizer quantizer;
  bool codes_are_exact = false;
  bool by_halves = false;  ///< walks can go by the upper halves of codes alone
  bool has_bits = false;
  std::vector<float> bit_center;
  std::int32_t field_id = -1;               ///< of the column
  std::vector<std::uint64_t> deleted_rows;  ///< of the table as it was written: first and count of each interval

  std::uint64_t num_rows() const noexcept;
  BitQuantizer bit_quantizer() const { return {metric, quantizer.step, bit_center}; }
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
  /// Pre: the facts say that it has them.
  CodeRows codes() const noexcept { return {codes_.data(), facts_.dimensions, facts_.num_nodes, facts_.by_halves}; }
  BitRows bits() const noexcept { return {bits_.data(), facts_.dimensions}; }
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
  std::optional<IdArray> rows_;
  Buffer codes_;
  Buffer bits_;
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
  Bytes codes;                      ///< where the facts say that it has them
  Bytes bits;                       ///< the same
  Bytes deleted;                    ///< empty: none
};

/// Writes a sidecar that appears whole or not at all, in the place of one that is there. Errors: kOutput.
Status WriteSidecar(const std::string& path, const SidecarContent& content);

}  // namespace lancekit::index
