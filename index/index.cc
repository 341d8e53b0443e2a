#include "lancekit/index.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <filesystem>
#include <limits>
#include <mutex>
#include <numeric>

#include "base/trace.h"
#include "base/without_throwing.h"
#include "index/bits.h"
#include "index/change.h"
#include "index/column.h"
#include "index/exact.h"
#include "index/owner.h"
#include "index/sidecar.h"

namespace lancekit {
namespace {

using index::BitQuery;
using index::CodeQuery;
using index::CodeRows;
using index::Metric;
using index::Near;
using index::Pool;
using index::Sidecar;
using index::UpperLayer;
using index::Visited;

constexpr const char* kFolder = "_lancekit";
constexpr std::uint32_t kDefaultEf = 64;

/// What a search works with; kept from one to the next.
struct SearchScratch {
  explicit SearchScratch(std::size_t dimensions) : codes(dimensions), bits(dimensions) {}
  CodeQuery codes;
  BitQuery bits;
  Visited visited;
  Pool<std::int32_t> near_codes;
  Pool<float> near_vectors;
  std::vector<std::uint32_t> nodes;
  std::vector<std::int32_t> distances;
  std::vector<Near<float>> hits;
};

}  // namespace

class VectorIndexImpl {
 public:
  VectorIndexImpl(Context context, std::string table, OpenOptions options, index::VectorColumn column,
                  std::shared_ptr<const Sidecar> sidecar)
      : context_(std::move(context)),
        table_(std::move(table)),
        options_(std::move(options)),
        column_(std::move(column)),
        sidecar_(std::move(sidecar)) {
    if (facts().has_bits) bit_quantizer_ = facts().bit_quantizer();
    num_live_ = facts().num_nodes;
    if (!sidecar_->has_deleted() && column_.deleted.empty()) return;
    live_.resize(index::WordsFor(facts().num_nodes));
    num_live_ = 0;
    for (std::uint32_t node = 0; node < facts().num_nodes; ++node) {
      if (sidecar_->IsDeleted(node) || column_.IsDeleted(sidecar_->RowOf(node))) continue;
      index::SetBit(&live_, node);
      ++num_live_;
    }
  }

  const index::IndexFacts& facts() const { return sidecar_->facts(); }
  const index::VectorColumn& column() const { return column_; }
  Result<std::vector<VectorHit>> Search(const float* vector, const VectorQuery& query, SearchReport* report) const;
  Result<IndexStats> Stats() const;
  Status Verify() const;
  std::uint64_t num_live() const { return num_live_; }
  Result<RowSet> RowsWhere(const Filter& filter) const;
  Result<RowSet> Rows(Span<const std::uint64_t> rows) const;

 private:
  template <class Distance, class Measure>
  void WalkLayers(const Measure& measure, std::size_t ef, Visited* visited, Pool<Distance>* pool) const;
  template <class Distance>
  void Compare(const Pool<Distance>& pool, std::size_t most, const VectorQuery& query, index::ExactQuery* exact,
               SearchScratch* scratch, SearchReport* report) const;
  void CompareAll(index::ExactQuery* exact, const VectorQuery& query, SearchScratch* scratch, SearchReport* report) const;
  /// The nearest of what may be given, among others perhaps.
  template <class Distance, class Measure>
  void Find(const Measure& measure, std::size_t ef, const VectorQuery& query, Visited* visited, Pool<Distance>* pool,
            SearchReport* report) const;
  /// The nearest by their whole codes of those in scratch->near_codes that may be given.
  void Refine(const VectorQuery& query, SearchScratch* scratch, SearchReport* report) const;
  std::unique_ptr<SearchScratch> TakeScratch() const;
  /// Whether a node may be given.
  bool Passes(std::uint32_t node, const VectorQuery& query) const;

  Context context_;
  std::string table_;
  OpenOptions options_;
  index::VectorColumn column_;
  std::shared_ptr<const Sidecar> sidecar_;
  index::BitQuantizer bit_quantizer_;
  std::vector<std::uint64_t> live_;  // a bit for each node that is not deleted; empty: all
  std::uint64_t num_live_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<SearchScratch>> idle_;
};

std::unique_ptr<SearchScratch> VectorIndexImpl::TakeScratch() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (idle_.empty()) return std::make_unique<SearchScratch>(facts().dimensions);
  auto scratch = std::move(idle_.back());
  idle_.pop_back();
  return scratch;
}

bool VectorIndexImpl::Passes(std::uint32_t node, const VectorQuery& query) const {
  return (live_.empty() || index::IsSet(live_, node)) && (query.rows == nullptr || index::IsSet(query.rows->words_, node));
}

Result<RowSet> VectorIndexImpl::Rows(Span<const std::uint64_t> rows) const {
  RowSet set;
  set.owner_ = sidecar_;
  set.words_.resize(index::WordsFor(facts().num_nodes));
  for (const std::uint64_t row : rows) {
    const std::optional<std::uint64_t> file_row = column_.FileRow(row);
    if (!file_row.has_value()) return Invalid("there is no row {}", row);
    const std::optional<std::uint32_t> node = sidecar_->NodeOf(*file_row);
    if (!node.has_value() || (!live_.empty() && !index::IsSet(live_, *node)) || index::IsSet(set.words_, *node)) continue;
    index::SetBit(&set.words_, *node);
    ++set.size_;
  }
  return set;
}

Result<RowSet> VectorIndexImpl::RowsWhere(const Filter& filter) const {
  OpenOptions options = options_;
  if (column_.dataset_version != 0) {  // that which was opened
    options.tag.clear();
    options.as_of.reset();
    options.version = column_.dataset_version;
  }
  LANCEKIT_ASSIGN(const Table table, open(context_, table_, options));
  Scan scan = table.scan();
  scan.where(filter).row_numbers();
  std::vector<std::uint64_t> rows;
  while (true) {
    LANCEKIT_ASSIGN(const std::optional<Batch> batch, scan.next());
    if (!batch.has_value()) break;
    const auto numbers = batch->values<std::uint64_t>("row");
    rows.insert(rows.end(), numbers.begin(), numbers.end());
  }
  return Rows({rows.data(), rows.size()});
}

template <class Distance, class Measure>
void VectorIndexImpl::WalkLayers(const Measure& measure, std::size_t ef, Visited* visited, Pool<Distance>* pool) const {
  const Near<Distance> best = index::DescendLayers<Distance>(*sidecar_, measure);
  WalkFrom(best, sidecar_->lowest(), measure, facts().num_nodes, ef, visited, pool);
}

template <class Distance>
void VectorIndexImpl::Compare(const Pool<Distance>& pool, std::size_t most, const VectorQuery& query, index::ExactQuery* exact,
                              SearchScratch* scratch, SearchReport* report) const {
  for (std::size_t i = 0; i < pool.size() && scratch->hits.size() < most; ++i) {
    const std::uint32_t node = pool[i].node;
    if (!Passes(node, query)) continue;
    scratch->hits.push_back({exact->Distance(sidecar_->RowOf(node)), node});
    ++report->vectors;
  }
}

void VectorIndexImpl::Refine(const VectorQuery& query, SearchScratch* scratch, SearchReport* report) const {
  Pool<std::int32_t>& pool = scratch->near_codes;
  scratch->nodes.clear();
  for (std::size_t i = 0; i < pool.size(); ++i) {
    if (Passes(pool[i].node, query)) scratch->nodes.push_back(pool[i].node);
  }
  scratch->distances.resize(scratch->nodes.size());
  scratch->codes.Distances(sidecar_->codes(), scratch->nodes.data(), scratch->nodes.size(), scratch->distances.data());
  report->codes += scratch->nodes.size();
  pool.Start(query.k + query.k / 2 + 8);
  for (std::size_t i = 0; i < scratch->nodes.size(); ++i) {
    if (pool.Admits(scratch->distances[i])) pool.Insert(scratch->distances[i], scratch->nodes[i]);
  }
}

void VectorIndexImpl::CompareAll(index::ExactQuery* exact, const VectorQuery& query, SearchScratch* scratch,
                                 SearchReport* report) const {
  Pool<float>& pool = scratch->near_vectors;
  pool.Start(query.k);
  for (std::uint32_t node = 0; node < facts().num_nodes; ++node) {
    if (!Passes(node, query)) continue;
    const float distance = exact->Distance(sidecar_->RowOf(node));
    if (pool.Admits(distance)) pool.Insert(distance, node);
    ++report->vectors;
  }
  for (std::size_t i = 0; i < pool.size(); ++i) scratch->hits.push_back(pool[i]);
}

template <class Distance, class Measure>
void VectorIndexImpl::Find(const Measure& measure, std::size_t ef, const VectorQuery& query, Visited* visited,
                           Pool<Distance>* pool, SearchReport* report) const {
  const std::uint64_t passing = query.rows == nullptr ? num_live_ : query.rows->size();
  // A walk keeps so many nodes more that enough of them pass; it compares some 14 for each, in no order. Few rows are compared
  // faster one after the other.
  constexpr double kPerNode = 28;
  const double share = static_cast<double>(passing) / static_cast<double>(facts().num_nodes);
  for (double kept = static_cast<double>(ef) / share; static_cast<double>(passing) > kept * kPerNode; kept *= 2) {
    WalkLayers(measure, static_cast<std::size_t>(std::ceil(kept)), visited, pool);
    std::size_t found = 0;
    for (std::size_t i = 0; i < pool->size() && found < query.k; ++i)
      found += static_cast<std::size_t>(Passes((*pool)[i].node, query));
    if (found == query.k) return;
  }
  report->scanned = true;
  pool->Start(ef);
  constexpr std::size_t kAtOnce = 64;
  std::uint32_t nodes[kAtOnce] = {};
  Distance distances[kAtOnce];
  std::size_t count = 0;
  const auto compare = [&] {
    measure(nodes, count, distances);
    for (std::size_t i = 0; i < count; ++i) {
      if (pool->Admits(distances[i])) pool->Insert(distances[i], nodes[i]);
    }
    count = 0;
  };
  for (std::uint32_t node = 0; node < facts().num_nodes; ++node) {
    if (query.rows != nullptr && node % 64 == 0 && query.rows->words_[node / 64] == 0) {
      node += 63;
      continue;
    }
    if (!Passes(node, query)) continue;
    nodes[count++] = node;
    if (count == kAtOnce) compare();
  }
  compare();
}

Result<std::vector<VectorHit>> VectorIndexImpl::Search(const float* vector, const VectorQuery& wanted,
                                                       SearchReport* report) const {
  const TraceSpan span(context_.impl(), "search");
  VectorQuery query = wanted;
  query.k = std::min(query.k, facts().num_nodes);
  const std::uint32_t dimensions = facts().dimensions;
  if (!index::AllFinite(vector, dimensions))
    return Invalid("the vector that is searched for has a number that is none, or infinite");
  SearchReport ignored;
  if (report == nullptr) report = &ignored;
  *report = {};
  std::vector<VectorHit> hits;
  if (query.rows != nullptr && query.rows->owner_ != sidecar_) return Invalid("the set of rows belongs to another index");
  const std::uint64_t passing = query.rows == nullptr ? num_live_ : query.rows->size();
  if (passing == 0 || query.k == 0) return hits;
  auto scratch = TakeScratch();
  scratch->hits.clear();
  index::ExactQuery exact(column_.vectors, facts().metric, vector);
  const std::size_t ef = std::min<std::size_t>(std::max(query.k, query.ef == 0 ? kDefaultEf : query.ef), facts().num_nodes);
  if (query.exact) {
    CompareAll(&exact, query, scratch.get(), report);
  } else if (facts().has_bits) {
    scratch->bits.Set(bit_quantizer_, exact.values());
    const auto measure = [&](const std::uint32_t* nodes, std::size_t count, float* distances) {
      scratch->bits.Distances(sidecar_->bits(), nodes, count, distances);
      report->codes += count;
    };
    Find(measure, ef, query, &scratch->visited, &scratch->near_vectors, report);
    Compare(scratch->near_vectors, ef, query, &exact, scratch.get(), report);
  } else if (!facts().has_codes) {
    const auto measure = [&](const std::uint32_t* nodes, std::size_t count, float* distances) {
      for (std::size_t i = 0; i < count; ++i) __builtin_prefetch(column_.vectors.At(sidecar_->RowOf(nodes[i])));
      for (std::size_t i = 0; i < count; ++i) distances[i] = exact.Distance(sidecar_->RowOf(nodes[i]));
      report->vectors += count;
    };
    Find(measure, ef, query, &scratch->visited, &scratch->near_vectors, report);
    for (std::size_t i = 0; i < scratch->near_vectors.size(); ++i) {
      if (Passes(scratch->near_vectors[i].node, query)) scratch->hits.push_back(scratch->near_vectors[i]);
    }
  } else {
    const auto measure = [&](const std::uint32_t* nodes, std::size_t count, std::int32_t* distances) {
      scratch->codes.Measure(sidecar_->codes(), nodes, count, distances);
      report->codes += count;
    };
    // Codes that stand for the values exactly leave nothing to look at in the vectors.
    const bool codes_do =
        scratch->codes.Set(facts().quantizer, exact.values()) && facts().codes_are_exact && facts().metric == Metric::kL2;
    // Halves of codes misjudge more of them than whole codes do.
    Find(measure, std::max<std::size_t>(ef, query.k + query.k / 2), query, &scratch->visited, &scratch->near_codes, report);
    Refine(query, scratch.get(), report);
    if (codes_do) {
      const double scale = static_cast<double>(facts().quantizer.step) * static_cast<double>(facts().quantizer.step);
      for (std::size_t i = 0; i < std::min<std::size_t>(scratch->near_codes.size(), query.k); ++i)
        scratch->hits.push_back({static_cast<float>(scratch->near_codes[i].distance * scale), scratch->near_codes[i].node});
    } else {
      // Codes misjudge few of the nearest.
      Compare(scratch->near_codes, query.k + query.k / 2 + 8, query, &exact, scratch.get(), report);
    }
  }
  const auto by_distance_and_row = [](const Near<float>& a, const Near<float>& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.node < b.node;
  };
  std::sort(scratch->hits.begin(), scratch->hits.end(), by_distance_and_row);
  if (scratch->hits.size() > query.k) scratch->hits.resize(query.k);
  for (const Near<float>& hit : scratch->hits) hits.push_back({column_.TableRow(sidecar_->RowOf(hit.node)), hit.distance});
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(scratch));
  return hits;
}

Result<IndexStats> VectorIndexImpl::Stats() const {
  constexpr const char* kNames[] = {"float32", "float16", "bfloat16", "int8"};
  const index::IndexFacts& own = facts();
  IndexStats stats;
  stats.column = own.column;
  stats.metric = static_cast<VectorMetric>(own.metric);
  stats.element = kNames[static_cast<std::size_t>(own.element)];
  stats.dimensions = own.dimensions;
  stats.vectors = own.num_nodes;
  stats.deleted = own.num_nodes - num_live();
  stats.rows = own.num_rows();
  stats.m = own.m;
  stats.ef_construction = own.ef_construction;
  stats.codes = own.has_codes ? VectorCodes::k8Bit : own.has_bits ? VectorCodes::k1Bit : VectorCodes::kNone;
  stats.codes_are_exact = own.codes_are_exact;
  stats.file_size = sidecar_->file_size();
  if (own.has_codes) stats.code_bytes += 2 * own.num_nodes * CodeRows::RowBytes(own.dimensions);
  if (own.has_bits) stats.code_bytes += own.num_nodes * index::BitRows::RowBytes(own.dimensions);
  stats.decoded_bytes = column_.decoded_bytes;
  stats.layers.push_back(own.num_nodes);
  for (const UpperLayer& layer : sidecar_->upper()) stats.layers.push_back(layer.nodes.size());
  // All that walks can reach in the lowest layer, from where they begin.
  std::uint32_t neighbours[index::kMaxDegree];
  std::vector<bool> reached(own.num_nodes);
  std::deque<std::uint32_t> waiting;
  const auto reach = [&](std::uint32_t node) {
    if (!reached[node]) waiting.push_back(node);
    reached[node] = true;
  };
  if (own.num_nodes != 0) reach(sidecar_->entry());
  std::uint64_t num_reached = 0;
  while (!waiting.empty()) {
    const std::uint32_t node = waiting.front();
    waiting.pop_front();
    if (++num_reached % 1024 == 0) LANCEKIT_TRY(context_.impl().CheckCancelled());
    const std::size_t degree = sidecar_->lowest().Get(node, neighbours);
    stats.links += degree;
    stats.largest_degree = std::max(stats.largest_degree, static_cast<std::uint32_t>(degree));
    for (std::size_t i = 0; i < degree; ++i) reach(neighbours[i]);
  }
  stats.orphans = own.num_nodes - num_reached;
  return stats;
}

Status VectorIndexImpl::Verify() const {
  for (const Sidecar::SectionInfo& section : sidecar_->sections()) LANCEKIT_TRY(sidecar_->CheckHash(section));
  index::CodeWriter code_writer(facts().quantizer);
  index::BitWriter bit_writer(bit_quantizer_);
  std::vector<std::byte> upper(CodeRows::RowBytes(facts().dimensions)), lower(upper.size());
  std::vector<std::byte> bits(index::BitRows::RowBytes(facts().dimensions));
  const auto same = [](const std::vector<std::byte>& made, const std::byte* kept) {
    return std::memcmp(made.data(), kept, made.size()) == 0;
  };
  for (std::uint32_t node = 0; node < facts().num_nodes; ++node) {
    if (node % 1024 == 0) LANCEKIT_TRY(context_.impl().CheckCancelled());
    const std::uint64_t row = sidecar_->RowOf(node);
    bool is_same = true;
    if (facts().has_codes) {
      code_writer.Encode(column_.vectors, row, upper.data(), lower.data());
      is_same = same(upper, sidecar_->codes().Upper(node)) && same(lower, sidecar_->codes().Lower(node));
    }
    if (facts().has_bits) {
      bit_writer.Encode(column_.vectors, row, bits.data());
      is_same = is_same && same(bits, sidecar_->bits().Row(node));
    }
    if (is_same) continue;
    Error error = Corrupt("the code of row {} is not that of its vector", row);
    error.path = sidecar_->path();
    return error;
  }
  return {};
}

std::string VectorIndex::default_sidecar(const std::string& table, const std::string& column) {
  const std::filesystem::path path(table);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return (path / kFolder / (column + ".hnsw")).string();
  std::filesystem::path beside = path;
  return beside.replace_extension(".hnsw").string();
}

namespace {

Result<std::string> SidecarOf(const std::string& table, const IndexOpenOptions& options) {
  if (!options.sidecar.empty()) return options.sidecar;
  std::error_code error;
  if (!options.column.empty() || !std::filesystem::is_directory(table, error))
    return VectorIndex::default_sidecar(table, options.column);
  const std::filesystem::path folder = std::filesystem::path(table) / kFolder;
  std::vector<std::string> found;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".hnsw") found.push_back(at->path().string());
  }
  if (found.size() == 1) return found.front();
  Error none = found.empty() ? MakeError(ErrorCode::kIo, "the table has no index; 'lance-index build' makes one")
                             : Invalid("the table has {} indexes; name the column or the file", found.size());
  none.path = folder.string();
  return none;
}

}  // namespace

Status VectorIndex::build(const Context& context, const std::string& table, const std::string& column, const std::string& sidecar,
                          const BuildOptions& options, const OpenOptions& open_options) {
  return WithoutThrowing([&] { return index::Build(context, table, column, sidecar, options, open_options); });
}

Result<ChangeReport> VectorIndex::add(const Context& context, const std::string& table, const ChangeOptions& options) {
  return WithoutThrowing([&]() -> Result<ChangeReport> {
    LANCEKIT_ASSIGN(const std::string sidecar, SidecarOf(table, options.open));
    return index::Add(context, table, sidecar, options);
  });
}

Result<ChangeReport> VectorIndex::remove(const Context& context, const std::string& table, Span<const std::uint64_t> rows,
                                         bool tombstones, const ChangeOptions& options) {
  return WithoutThrowing([&]() -> Result<ChangeReport> {
    LANCEKIT_ASSIGN(const std::string sidecar, SidecarOf(table, options.open));
    return index::Remove(context, table, sidecar, rows, tombstones, options);
  });
}

Result<ChangeReport> VectorIndex::compact(const Context& context, const std::string& table, const ChangeOptions& options) {
  return remove(context, table, {}, false, options);
}

Result<VectorIndex> VectorIndex::open(const Context& context, const std::string& table, const IndexOpenOptions& options) {
  return WithoutThrowing([&]() -> Result<VectorIndex> {
    LANCEKIT_ASSIGN(const std::string path, SidecarOf(table, options));
    LANCEKIT_ASSIGN(auto sidecar, Sidecar::Open(context.impl(), path));
    LANCEKIT_ASSIGN(auto column,
                    index::OpenVectorColumn(context, table, sidecar->facts().column, options.table, options.memory_limit));
    LANCEKIT_ASSIGN(const index::Owner owner, index::CheckOwner(*sidecar, column));
    if (owner == index::Owner::kAppended) {
      Error error = Invalid(
          "the index is of version {} of the dataset; version {} has more files: bring it up to date with 'lance-index add'",
          sidecar->facts().dataset_version, column.dataset_version);
      error.path = sidecar->path();
      return error;
    }
    return VectorIndex(std::make_shared<VectorIndexImpl>(context, table, options.table, std::move(column), std::move(sidecar)));
  });
}

VectorIndex::VectorIndex(std::shared_ptr<const VectorIndexImpl> impl) noexcept : impl_(std::move(impl)) {}
VectorIndex::~VectorIndex() = default;
VectorIndex::VectorIndex(const VectorIndex&) = default;
VectorIndex& VectorIndex::operator=(const VectorIndex&) = default;
VectorIndex::VectorIndex(VectorIndex&&) noexcept = default;
VectorIndex& VectorIndex::operator=(VectorIndex&&) noexcept = default;

const std::string& VectorIndex::column() const noexcept { return impl_->facts().column; }
std::uint32_t VectorIndex::dimensions() const noexcept { return impl_->facts().dimensions; }
std::uint32_t VectorIndex::vector_bytes() const noexcept { return static_cast<std::uint32_t>(impl_->column().vectors.bytes()); }
std::uint64_t VectorIndex::decoded_bytes() const noexcept { return impl_->column().decoded_bytes; }
std::uint64_t VectorIndex::size() const noexcept { return impl_->num_live(); }

Result<std::vector<VectorHit>> VectorIndex::search(Span<const float> vector, const VectorQuery& query,
                                                   SearchReport* report) const {
  return WithoutThrowing([&]() -> Result<std::vector<VectorHit>> {
    if (vector.size() != dimensions())
      return Invalid("the vector that is searched for has {} dimensions, those of column '{}' have {}", vector.size(),
                     impl_->facts().column, dimensions());
    return impl_->Search(vector.data(), query, report);
  });
}

Result<RowSet> VectorIndex::rows_where(const Filter& filter) const {
  return WithoutThrowing([&] { return impl_->RowsWhere(filter); });
}

Result<RowSet> VectorIndex::rows(Span<const std::uint64_t> rows) const {
  return WithoutThrowing([&] { return impl_->Rows(rows); });
}

Result<IndexStats> VectorIndex::stats() const {
  return WithoutThrowing([&] { return impl_->Stats(); });
}

Status VectorIndex::verify() const {
  return WithoutThrowing([&] { return impl_->Verify(); });
}

}  // namespace lancekit
