#include "lancekit/index.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <filesystem>
#include <limits>
#include <mutex>
#include <numeric>

#include "base/without_throwing.h"
#include "index/builder.h"
#include "index/column.h"
#include "index/exact.h"
#include "index/sidecar.h"

namespace lancekit {
namespace {

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
  explicit SearchScratch(std::size_t dimensions) : query(dimensions), values(dimensions) {}
  CodeQuery query;
  std::vector<float> values;  // of length 1, for the cosine
  Visited visited;
  Pool<std::int32_t> near_codes;
  Pool<float> near_vectors;
  std::vector<Near<float>> hits;
};

bool AllFinite(const float* values, std::size_t count) {
  float sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += values[i] * 0;  // 0, or no number
  return sum == 0;
}

}  // namespace

class VectorIndexImpl {
 public:
  VectorIndexImpl(Context context, index::VectorColumn column, std::shared_ptr<const Sidecar> sidecar)
      : context_(std::move(context)), column_(std::move(column)), sidecar_(std::move(sidecar)) {}

  const index::IndexFacts& facts() const { return sidecar_->facts(); }
  Status CheckOwner() const;
  Result<std::vector<VectorHit>> Search(const float* vector, const VectorQuery& query, SearchReport* report) const;
  Result<IndexStats> Stats() const;
  Status Verify() const;
  std::uint64_t num_live() const;

 private:
  template <class Distance, class Measure>
  void WalkLayers(const Measure& measure, std::size_t ef, Visited* visited, Pool<Distance>* pool) const;
  template <class Distance>
  void Compare(const Pool<Distance>& pool, const VectorQuery& query, index::ExactQuery* exact, SearchScratch* scratch,
               SearchReport* report) const;
  void CompareAll(index::ExactQuery* exact, const VectorQuery& query, SearchScratch* scratch, SearchReport* report) const;
  std::unique_ptr<SearchScratch> TakeScratch() const;

  Context context_;
  index::VectorColumn column_;
  std::shared_ptr<const Sidecar> sidecar_;
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

std::uint64_t VectorIndexImpl::num_live() const {
  std::uint64_t live = facts().num_nodes;
  if (sidecar_->has_deleted()) {
    for (std::uint32_t node = 0; node < facts().num_nodes; ++node) live -= static_cast<std::uint64_t>(sidecar_->IsDeleted(node));
  }
  return live;
}

Status VectorIndexImpl::CheckOwner() const {
  const index::IndexFacts& own = facts();
  const auto refuse = [&](const std::string& why) {
    Error error = Invalid("the index does not belong to the data: {}; build it anew with 'lance-index build'", why);
    error.path = sidecar_->path();
    return error;
  };
  if (own.element != column_.vectors.element() || own.dimensions != column_.vectors.dimensions())
    return refuse("column '" + own.column + "' is of another type now");
  const std::size_t common = std::min(own.files.size(), column_.files.size());
  for (std::size_t i = 0; i < common; ++i) {
    const auto& indexed = own.files[i];
    const auto& found = column_.files[i];
    if (indexed.identity != found.identity || indexed.num_rows != found.num_rows)
      return refuse("file " + found.name + " is not the one that was indexed, " + indexed.name);
  }
  if (own.files.size() > common) return refuse("it lacks the file " + own.files[common].name);
  if (column_.files.size() > common) {
    Error error = Invalid("the index is of version {} of the dataset, which has {} files more in version {}; bring it up to date with 'lance-index add'",
                          own.dataset_version, column_.files.size() - common, column_.dataset_version);
    error.path = sidecar_->path();
    return error;
  }
  return {};
}

template <class Distance, class Measure>
void VectorIndexImpl::WalkLayers(const Measure& measure, std::size_t ef, Visited* visited, Pool<Distance>* pool) const {
  Near<Distance> best{{}, sidecar_->entry()};
  measure(&best.node, 1, &best.distance);
  for (std::size_t layer = sidecar_->upper().size(); layer-- > 0;) {
    const UpperLayer& upper = sidecar_->upper()[layer];
    struct Links {
      const UpperLayer& layer;
      std::size_t Get(std::uint32_t at, std::uint32_t* to) const noexcept { return layer.neighbours.Get(at, to); }
    };
    const auto measure_here = [&](const std::uint32_t* at, std::size_t count, Distance* distances) {
      std::uint32_t nodes[index::kMaxDegree];
      for (std::size_t i = 0; i < count; ++i) nodes[i] = upper.nodes[at[i]];
      measure(nodes, count, distances);
    };
    // Opening has checked that it is there.
    const Near<Distance> found = Descend(Links{upper}, measure_here, Near<Distance>{best.distance, *upper.nodes.Find(best.node)});
    best = {found.distance, upper.nodes[found.node]};
  }
  visited->Start(facts().num_nodes);
  visited->Add(best.node);
  pool->Start(ef);
  pool->Insert(best.distance, best.node);
  Walk(sidecar_->lowest(), measure, visited, pool);
}

template <class Distance>
void VectorIndexImpl::Compare(const Pool<Distance>& pool, const VectorQuery& query, index::ExactQuery* exact,
                              SearchScratch* scratch, SearchReport* report) const {
  // Codes misjudge few of the nearest.
  const std::size_t most = query.k + query.k / 2 + 8;
  for (std::size_t i = 0; i < pool.size() && scratch->hits.size() < most; ++i) {
    const std::uint32_t node = pool[i].node;
    if (sidecar_->IsDeleted(node)) continue;
    scratch->hits.push_back({exact->Distance(sidecar_->RowOf(node)), node});
    ++report->reranked;
  }
}

void VectorIndexImpl::CompareAll(index::ExactQuery* exact, const VectorQuery& query, SearchScratch* scratch,
                                 SearchReport* report) const {
  Pool<float>& pool = scratch->near_vectors;
  pool.Start(query.k);
  for (std::uint32_t node = 0; node < facts().num_nodes; ++node) {
    if (sidecar_->IsDeleted(node)) continue;
    const float distance = exact->Distance(sidecar_->RowOf(node));
    if (pool.Admits(distance)) pool.Insert(distance, node);
    ++report->compared;
  }
  for (std::size_t i = 0; i < pool.size(); ++i) scratch->hits.push_back(pool[i]);
}

Result<std::vector<VectorHit>> VectorIndexImpl::Search(const float* vector, const VectorQuery& query, SearchReport* report) const {
  const std::uint32_t dimensions = facts().dimensions;
  if (!AllFinite(vector, dimensions)) return Invalid("the vector that is searched for has a number that is none, or infinite");
  SearchReport ignored;
  if (report == nullptr) report = &ignored;
  *report = {};
  std::vector<VectorHit> hits;
  if (facts().num_nodes == 0 || query.k == 0) return hits;
  auto scratch = TakeScratch();
  scratch->hits.clear();
  index::ExactQuery exact(column_.vectors, facts().metric, vector);
  const std::size_t ef = std::max(query.k, query.ef == 0 ? kDefaultEf : query.ef);
  float scale = 0;  // of distances of codes, where they are exact
  if (query.exact) {
    CompareAll(&exact, query, scratch.get(), report);
  } else if (sidecar_->has_codes()) {
    const float* values = vector;
    if (facts().metric == Metric::kCosine) {
      const float inverse = index::InverseLength(vector, dimensions);
      for (std::uint32_t d = 0; d < dimensions; ++d) scratch->values[d] = vector[d] * inverse;
      values = scratch->values.data();
    }
    const bool is_exact = scratch->query.Set(facts().quantizer, values) && facts().codes_are_exact && facts().metric == Metric::kL2;
    const auto measure = [&](const std::uint32_t* nodes, std::size_t count, std::int32_t* distances) {
      scratch->query.Distances(sidecar_->codes(), nodes, count, distances);
      report->compared += count;
    };
    WalkLayers(measure, ef, &scratch->visited, &scratch->near_codes);
    if (is_exact) {
      scale = facts().quantizer.step * facts().quantizer.step;
      for (std::size_t i = 0; i < scratch->near_codes.size() && scratch->hits.size() < query.k; ++i) {
        const Near<std::int32_t> near = scratch->near_codes[i];
        if (!sidecar_->IsDeleted(near.node)) scratch->hits.push_back({static_cast<float>(near.distance) * scale, near.node});
      }
    } else {
      Compare(scratch->near_codes, query, &exact, scratch.get(), report);
    }
  } else {
    const auto measure = [&](const std::uint32_t* nodes, std::size_t count, float* distances) {
      for (std::size_t i = 0; i < count; ++i) __builtin_prefetch(column_.vectors.At(sidecar_->RowOf(nodes[i])));
      for (std::size_t i = 0; i < count; ++i) distances[i] = exact.Distance(sidecar_->RowOf(nodes[i]));
      report->compared += count;
    };
    WalkLayers(measure, ef, &scratch->visited, &scratch->near_vectors);
    for (std::size_t i = 0; i < scratch->near_vectors.size(); ++i) {
      if (!sidecar_->IsDeleted(scratch->near_vectors[i].node)) scratch->hits.push_back(scratch->near_vectors[i]);
    }
  }
  const auto by_distance_and_row = [](const Near<float>& a, const Near<float>& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.node < b.node;
  };
  std::sort(scratch->hits.begin(), scratch->hits.end(), by_distance_and_row);
  if (scratch->hits.size() > query.k) scratch->hits.resize(query.k);
  for (const Near<float>& hit : scratch->hits) hits.push_back({sidecar_->RowOf(hit.node), hit.distance});
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
  stats.codes = sidecar_->has_codes();
  stats.codes_are_exact = own.codes_are_exact;
  stats.file_size = sidecar_->file_size();
  if (stats.codes) stats.code_bytes = own.num_nodes * CodeRows::RowBytes(own.dimensions);
  stats.mapped = column_.mapped;
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
  if (!sidecar_->has_codes()) return {};
  index::CodeWriter writer(facts().quantizer);
  std::vector<std::byte> row(CodeRows::RowBytes(facts().dimensions));
  for (std::uint32_t node = 0; node < facts().num_nodes; ++node) {
    if (node % 1024 == 0) LANCEKIT_TRY(context_.impl().CheckCancelled());
    writer.Encode(column_.vectors, sidecar_->RowOf(node), row.data());
    if (std::memcmp(row.data(), sidecar_->codes().Row(node), row.size()) != 0) {
      Error error = Corrupt("the code of row {} is not that of its vector", sidecar_->RowOf(node));
      error.path = sidecar_->path();
      return error;
    }
  }
  return {};
}

namespace {

/// Rows whose vectors are there and whole; nothing when these are all.
std::vector<std::uint32_t> RowsToIndex(const index::VectorColumn& column, ThreadPool* pool) {
  const std::uint64_t num_rows = column.vectors.size();
  std::vector<std::uint8_t> good(num_rows, 1);
  constexpr std::uint64_t kPart = 4096;
  pool->ParallelFor((num_rows + kPart - 1) / kPart, [&](std::size_t part) {
    std::vector<float> values(column.vectors.dimensions());
    for (std::uint64_t row = part * kPart; row < std::min(num_rows, (part + 1) * kPart); ++row) {
      if (!column.absent.empty() && column.absent[row]) {
        good[row] = 0;
        continue;
      }
      column.vectors.Load(row, values.data());
      good[row] = static_cast<std::uint8_t>(AllFinite(values.data(), values.size()));
    }
  });
  std::vector<std::uint32_t> rows;
  rows.reserve(num_rows);
  for (std::uint64_t row = 0; row < num_rows; ++row) {
    if (good[row] != 0) rows.push_back(static_cast<std::uint32_t>(row));
  }
  return rows;
}

Status CheckOptions(const BuildOptions& options) {
  if (options.m < 2 || options.m > index::kMaxM) return Invalid("m is {}, it may be 2 to {}", options.m, index::kMaxM);
  constexpr std::uint32_t kMostEf = 100'000;
  if (options.ef_construction < options.m || options.ef_construction > kMostEf)
    return Invalid("ef_construction is {}, it may be m ({}) to {}", options.ef_construction, options.m, kMostEf);
  return {};
}

/// Inserts all nodes, by as many threads as the context has.
Status InsertAll(ContextImpl& context, index::GraphBuilder* graph, std::size_t dimensions, const BuildOptions& options) {
  constexpr std::uint32_t kBetweenReports = 1024;
  const std::uint32_t total = graph->num_nodes();
  std::atomic<std::uint32_t> next{0};
  std::mutex mutex;
  Status status;
  context.pool().ParallelFor(static_cast<std::size_t>(std::max(1, context.pool().threads())), [&](std::size_t) {
    index::GraphBuilder::Scratch scratch(dimensions);
    for (std::uint32_t node = next.fetch_add(1); node < total; node = next.fetch_add(1)) {
      graph->Insert(node, &scratch);
      if (node % kBetweenReports != 0) continue;
      const std::lock_guard<std::mutex> lock(mutex);
      if (status.ok()) status = context.CheckCancelled();
      if (!status.ok()) next.store(total);
      if (options.progress) options.progress(node, total);
    }
  });
  return status;
}

Status Build(const Context& context, const std::string& table, const std::string& column_name, const std::string& sidecar,
             const BuildOptions& options, const OpenOptions& open_options) {
  LANCEKIT_TRY(CheckOptions(options));
  LANCEKIT_ASSIGN(index::VectorColumn column, index::OpenVectorColumn(context, table, column_name, open_options));
  const std::size_t dimensions = column.vectors.dimensions();
  std::vector<std::uint32_t> rows = RowsToIndex(column, &context.impl().pool());
  const auto num_nodes = static_cast<std::uint32_t>(rows.size());
  const std::uint64_t row_bytes = CodeRows::RowBytes(dimensions);
  const std::uint64_t needed = num_nodes * (row_bytes + 2 * 4 * options.m + 24);
  if (options.memory_limit != 0 && needed > options.memory_limit)
    return MakeError(ErrorCode::kResourceLimit, "an index of {} vectors of {} dimensions is built in {} bytes, {} are allowed", num_nodes,
                     dimensions, needed, options.memory_limit);
  LANCEKIT_ASSIGN(const index::HugeMemory codes, index::HugeMemory::Make(num_nodes * row_bytes));
  index::IndexFacts facts;
  facts.column = column_name;
  facts.metric = static_cast<Metric>(options.metric);
  facts.element = column.vectors.element();
  facts.dimensions = static_cast<std::uint32_t>(dimensions);
  facts.num_nodes = num_nodes;
  facts.m = options.m;
  facts.ef_construction = options.ef_construction;
  facts.seed = options.seed;
  facts.dataset_version = column.dataset_version;
  facts.files = column.files;
  facts.quantizer = index::Quantizer::Train(column.vectors, facts.metric, rows);
  constexpr std::uint32_t kPart = 4096;
  std::atomic<bool> exact{true};
  context.impl().pool().ParallelFor((num_nodes + kPart - 1) / kPart, [&](std::size_t part) {
    index::CodeWriter writer(facts.quantizer);
    const auto first = static_cast<std::uint32_t>(part * kPart);
    for (std::uint32_t node = first; node < std::min<std::uint64_t>(num_nodes, std::uint64_t{first} + kPart); ++node) {
      if (!writer.Encode(column.vectors, rows[node], codes.data() + node * row_bytes)) exact.store(false, std::memory_order_relaxed);
    }
  });
  facts.codes_are_exact = exact.load();
  const CodeRows code_rows(codes.data(), dimensions);
  LANCEKIT_ASSIGN(const auto graph, index::GraphBuilder::Make({options.m, options.ef_construction, options.seed}, code_rows, dimensions,
                                                              num_nodes));
  LANCEKIT_TRY(InsertAll(context.impl(), graph.get(), dimensions, options));
  index::GraphBuilder::Scratch scratch(dimensions);
  graph->LinkOrphans(&scratch);
  if (options.progress) options.progress(num_nodes, num_nodes);

  index::SidecarContent content;
  content.facts = &facts;
  if (num_nodes != 0) {
    content.entry = graph->entry();
    content.top = graph->top();
  }
  content.level_of = [&](std::uint32_t node) { return graph->LevelOf(node); };
  content.neighbours = [&](std::uint32_t node, std::uint32_t layer) { return graph->Neighbours(node, layer); };
  if (num_nodes != column.vectors.size()) content.rows = std::move(rows);
  if (options.codes) content.codes = {codes.data(), num_nodes * row_bytes};
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(sidecar).parent_path(), error);  // or creating the file says why not
  return index::WriteSidecar(sidecar, content);
}

}  // namespace

std::string VectorIndex::default_sidecar(const std::string& table, const std::string& column) {
  const std::filesystem::path path(table);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return (path / kFolder / (column + ".hnsw")).string();
  std::filesystem::path beside = path;
  return beside.replace_extension(".hnsw").string();
}

Status VectorIndex::build(const Context& context, const std::string& table, const std::string& column, const std::string& sidecar,
                          const BuildOptions& options, const OpenOptions& open_options) {
  return WithoutThrowing([&] { return Build(context, table, column, sidecar, options, open_options); });
}

Result<VectorIndex> VectorIndex::open(const Context& context, const std::string& table, const IndexOpenOptions& options) {
  return WithoutThrowing([&]() -> Result<VectorIndex> {
    const std::string path = options.sidecar.empty() ? default_sidecar(table, options.column) : options.sidecar;
    LANCEKIT_ASSIGN(auto sidecar, Sidecar::Open(context.impl(), path));
    LANCEKIT_ASSIGN(auto column, index::OpenVectorColumn(context, table, sidecar->facts().column, options.table));
    auto impl = std::make_shared<VectorIndexImpl>(context, std::move(column), std::move(sidecar));
    LANCEKIT_TRY(impl->CheckOwner());
    return VectorIndex(std::move(impl));
  });
}

VectorIndex::VectorIndex(std::shared_ptr<const VectorIndexImpl> impl) noexcept : impl_(std::move(impl)) {}
VectorIndex::~VectorIndex() = default;
VectorIndex::VectorIndex(const VectorIndex&) = default;
VectorIndex& VectorIndex::operator=(const VectorIndex&) = default;
VectorIndex::VectorIndex(VectorIndex&&) noexcept = default;
VectorIndex& VectorIndex::operator=(VectorIndex&&) noexcept = default;

std::uint32_t VectorIndex::dimensions() const noexcept { return impl_->facts().dimensions; }
std::uint64_t VectorIndex::size() const noexcept { return impl_->num_live(); }

Result<std::vector<VectorHit>> VectorIndex::search(Span<const float> vector, const VectorQuery& query, SearchReport* report) const {
  return WithoutThrowing([&]() -> Result<std::vector<VectorHit>> {
    if (vector.size() != dimensions())
      return Invalid("the vector that is searched for has {} dimensions, those of column '{}' have {}", vector.size(),
                     impl_->facts().column, dimensions());
    return impl_->Search(vector.data(), query, report);
  });
}

Result<IndexStats> VectorIndex::stats() const {
  return WithoutThrowing([&] { return impl_->Stats(); });
}

Status VectorIndex::verify() const {
  return WithoutThrowing([&] { return impl_->Verify(); });
}

}  // namespace lancekit
