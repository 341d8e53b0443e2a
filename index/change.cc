#include "index/change.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/trace.h"
#include "index/bits.h"
#include "index/builder.h"
#include "index/column.h"
#include "index/exact.h"
#include "index/insert_order.h"
#include "index/owner.h"
#include "index/parts.h"
#include "index/random.h"
#include "index/sidecar.h"
#include "io/uninterrupted.h"

namespace lancekit::index {
namespace {

constexpr std::uint32_t kPart = 4096;

/// Rows from `first` on whose vectors are there and whole.
Result<std::vector<std::uint32_t>> RowsToIndex(const VectorColumn& column, std::uint64_t first, ContextImpl& context) {
  const std::uint64_t num_rows = column.vectors.size();
  std::vector<std::uint8_t> good(num_rows, 0);
  LANCEKIT_TRY(ForEachPart(context, (num_rows - first + kPart - 1) / kPart, [&](std::size_t part) {
    std::vector<float> values(column.vectors.dimensions());
    for (std::uint64_t row = first + part * kPart; row < std::min(num_rows, first + (part + 1) * kPart); ++row) {
      if ((!column.absent.empty() && column.absent[row]) || column.IsDeleted(row)) continue;
      column.vectors.Load(row, values.data());
      good[row] = static_cast<std::uint8_t>(AllFinite(values.data(), values.size()));
    }
    return Status();
  }));
  std::vector<std::uint32_t> rows;
  for (std::uint64_t row = first; row < num_rows; ++row) {
    if (good[row] != 0) rows.push_back(static_cast<std::uint32_t>(row));
  }
  return rows;
}

Status CheckOptions(const BuildOptions& options) {
  if (options.m < 2 || options.m > kMaxM) return Invalid("m is {}, it may be 2 to {}", options.m, kMaxM);
  if (options.ef_construction < options.m || options.ef_construction > kMaxEfConstruction)
    return Invalid("ef_construction is {}, it may be m ({}) to {}", options.ef_construction, options.m, kMaxEfConstruction);
  return {};
}

using ReportProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// An index in memory, while it changes.
class Workshop {
 public:
  Workshop(const Context& context, VectorColumn column, IndexFacts facts)
      : context_(context.impl()), column_(std::move(column)), facts_(std::move(facts)) {}

  const VectorColumn& column() const { return column_; }
  IndexFacts& facts() { return facts_; }
  GraphBuilder& graph() { return *graph_; }
  std::vector<std::uint32_t>& rows() { return rows_; }
  std::vector<std::uint64_t>& tombstones() { return tombstones_; }

  /// Room for the codes of all rows_. Errors: kResourceLimit.
  Status Allocate(std::uint64_t memory_limit) {
    constexpr std::uint64_t kOthers = 64;  // rows, order, levels, places of lists, what is written
    const std::uint64_t num_nodes = rows_.size();
    if (num_nodes >= kMaxNodes) return Invalid("{} vectors; an index takes fewer than {}", num_nodes, kMaxNodes);
    const std::uint64_t needed =
        column_.decoded_bytes +
        num_nodes * (2 * row_bytes() + (facts_.has_bits ? bit_bytes() : 0) + 2 * sizeof(std::uint32_t) * facts_.m + kOthers) +
        ListRows::Bytes(static_cast<std::uint32_t>(num_nodes), 2 * facts_.m);
    if (memory_limit != 0 && needed > memory_limit) {
      Error error =
          MakeError(ErrorCode::kResourceLimit, "an index of {} vectors of {} dimensions is made in {} bytes, {} are allowed",
                    num_nodes, facts_.dimensions, needed, memory_limit);
      error.column = facts_.column;
      return error;
    }
    LANCEKIT_ASSIGN(codes_, HugeMemory::Make(CodeRows::Bytes(facts_.dimensions, static_cast<std::uint32_t>(num_nodes))));
    if (facts_.has_bits) {
      LANCEKIT_ASSIGN(bits_, HugeMemory::Make(num_nodes * bit_bytes()));
    }
    return {};
  }

  /// Encodes the vectors of the nodes from `first` on.
  Status Encode(std::uint32_t first) {
    const TraceSpan span(context_, "encode vectors");
    std::atomic<bool> exact{true};
    const auto num_nodes = static_cast<std::uint32_t>(rows_.size());
    LANCEKIT_TRY(ForEachPart(context_, (num_nodes - first + kPart - 1) / kPart, [&](std::size_t part) {
      CodeWriter writer(facts_.quantizer);
      const std::uint64_t begin = first + std::uint64_t{part} * kPart;
      for (std::uint64_t node = begin; node < std::min<std::uint64_t>(num_nodes, begin + kPart); ++node) {
        const auto number = static_cast<std::uint32_t>(node);
        if (!writer.Encode(column_.vectors, rows_[node], Writable(codes().Upper(number)), Writable(codes().Lower(number))))
          exact.store(false, std::memory_order_relaxed);
      }
      return Status();
    }));
    facts_.codes_are_exact = (first == 0 || facts_.codes_are_exact) && exact.load();
    return {};
  }
  Status EncodeBits(std::uint32_t first) {
    const auto num_nodes = static_cast<std::uint32_t>(rows_.size());
    return ForEachPart(context_, (num_nodes - first + kPart - 1) / kPart, [&](std::size_t part) {
      BitWriter writer(bit_quantizer_);
      const std::uint64_t begin = first + std::uint64_t{part} * kPart;
      for (std::uint64_t node = begin; node < std::min<std::uint64_t>(num_nodes, begin + kPart); ++node)
        writer.Encode(column_.vectors, rows_[node], bits_.data() + node * bit_bytes());
      return Status();
    });
  }

  /// Whether vectors of these rows have codes that tell them apart: few lie outside of their range.
  bool SuitCodes(const std::vector<std::uint32_t>& rows) const {
    constexpr std::uint64_t kSample = 1000;
    constexpr float kMostCut = 0.01f;
    std::vector<float> values(facts_.dimensions);
    std::size_t looked_at = 0, cut = 0;
    ForSample(rows.size(), kSample, [&](std::uint64_t i) {
      ++looked_at;
      LoadFor(facts_.metric, column_.vectors, rows[i], values.data());
      const kernels::Reach reach =
          kernels::Distances().reach(values.data(), facts_.quantizer.center.data(), values.size(), 1 / facts_.quantizer.step);
      cut += static_cast<std::size_t>(reach.cut > kMostCut * reach.square);
    });
    return cut * 20 <= looked_at;
  }

  /// Everything from the rows on. Errors: kResourceLimit, kCancelled.
  struct MakeOptions {
    std::uint64_t memory_limit = 0;
    const ReportProgress& progress;
  };
  Status MakeAll(const MakeOptions& options) {
    LANCEKIT_TRY(Allocate(options.memory_limit));
    facts_.quantizer = Quantizer::Train(column_.vectors, facts_.metric, rows_);
    facts_.by_halves = HalvesTellApart(facts_.quantizer, column_.vectors, rows_);
    LANCEKIT_TRY(Encode(0));

    if (facts_.has_bits) {
      bit_quantizer_ = BitQuantizer::Train(column_.vectors, facts_.metric, facts_.quantizer.step, rows_);
      facts_.bit_center = bit_quantizer_.center;
      LANCEKIT_TRY(EncodeBits(0));
    }
    LANCEKIT_ASSIGN(graph_, GraphBuilder::Make(GraphOptionsNow(), codes(), facts_.dimensions, num_nodes()));
    return Insert(0, options.progress);
  }
  /// The nodes of the sidecar, and room for those behind them. Their codes are copied, or made where it keeps none.
  Status Load(const Sidecar& sidecar, std::uint64_t memory_limit) {
    LANCEKIT_TRY(Allocate(memory_limit));
    const std::uint32_t num_loaded = sidecar.facts().num_nodes;
    for (std::uint32_t node = 0; facts_.has_codes && node < num_loaded; ++node) CopyCodes(sidecar.codes(), node, codes(), node);
    LANCEKIT_TRY(Encode(facts_.has_codes ? num_loaded : 0));
    if (facts_.has_bits) {
      bit_quantizer_ = facts_.bit_quantizer();
      std::memcpy(bits_.data(), sidecar.bits().Row(0), num_loaded * bit_bytes());
      LANCEKIT_TRY(EncodeBits(num_loaded));
    }
    LANCEKIT_ASSIGN(graph_, GraphBuilder::Load(GraphOptionsNow(), codes(), facts_.dimensions, sidecar, num_nodes()));
    return {};
  }

  /// Inserts the nodes from `first` on, by as many threads as the context has.
  Status Insert(std::uint32_t first, const ReportProgress& progress) {
    // Nodes that are inserted at once do not see each other, which counts while there are few.
    constexpr std::size_t kAlone = 256;
    constexpr std::size_t kTogether = 256;
    TraceSpan span(context_, "link vectors");
    span.Set("vectors", num_nodes() - first);
    LANCEKIT_ASSIGN(const InsertOrder order, OrderToInsert(codes(), facts_.dimensions, first, num_nodes(), context_));
    const std::size_t total = order.nodes.size();
    GraphBuilder::Scratch alone(facts_.dimensions);
    const std::size_t num_alone = std::min(total, kAlone - std::min<std::size_t>(first, kAlone));
    for (std::size_t i = 0; i < num_alone; ++i) graph_->Insert(order.nodes[i], &alone);
    std::size_t num_done = num_alone;
    std::mutex mutex;
    // Parts [begin, end), each by one thread. Parts that are taken at the same time lie far from each other.
    const auto insert = [&](std::size_t begin, std::size_t end) {
      const std::size_t num_parts = (end - begin + kTogether - 1) / kTogether;
      const auto threads = static_cast<std::size_t>(std::max(1, context_.pool().threads()));
      const std::size_t stride = (num_parts + threads - 1) / threads;
      return ForEachPart(context_, stride * threads, [&](std::size_t number) {
        const std::size_t part = number % threads * stride + number / threads;
        if (part >= num_parts) return Status();
        GraphBuilder::Scratch scratch(facts_.dimensions);
        const std::size_t to = std::min(end, begin + (part + 1) * kTogether);
        for (std::size_t i = begin + part * kTogether; i < to; ++i) graph_->Insert(order.nodes[i], &scratch);
        const std::lock_guard<std::mutex> lock(mutex);
        num_done += to - (begin + part * kTogether);
        if (progress) progress(num_done, total);
        return Status();
      });
    };
    LANCEKIT_TRY(insert(num_alone, std::max(num_alone, order.num_spread)));
    LANCEKIT_TRY(insert(std::max(num_alone, order.num_spread), total));
    LinkOrphans({});
    if (progress) progress(total, total);
    return {};
  }
  void LinkOrphans(const std::vector<bool>& removed) {
    GraphBuilder::Scratch scratch(facts_.dimensions);
    graph_->LinkOrphans(&scratch, removed);
  }

  /// Writes what was not removed.
  Status Write(const std::string& path, const std::vector<bool>& removed = {}) {
    const TraceSpan span(context_, "write index");
    std::vector<std::uint32_t> kept, new_number(num_nodes());
    for (std::uint32_t node = 0; node < num_nodes(); ++node) {
      if (!removed.empty() && removed[node]) continue;
      new_number[node] = static_cast<std::uint32_t>(kept.size());
      kept.push_back(node);
    }
    SidecarContent content;
    facts_.num_nodes = static_cast<std::uint32_t>(kept.size());
    facts_.codes_are_exact = facts_.codes_are_exact && facts_.has_codes;
    facts_.dataset_version = column_.dataset_version;
    facts_.files = column_.files;
    facts_.field_id = column_.field_id;
    facts_.deleted_rows.clear();
    for (const RowInterval& interval : column_.deleted) {
      facts_.deleted_rows.push_back(interval.first);
      facts_.deleted_rows.push_back(interval.count);
    }
    content.facts = &facts_;
    if (!kept.empty()) {
      content.entry = new_number[graph_->entry()];
      content.top = graph_->top();
    }
    std::vector<std::uint32_t> neighbours;
    content.level_of = [&](std::uint32_t node) { return graph_->LevelOf(kept[node]); };
    content.neighbours = [&](std::uint32_t node, std::uint32_t layer) {
      neighbours.clear();
      for (const std::uint32_t other : graph_->Neighbours(kept[node], layer)) neighbours.push_back(new_number[other]);
      return std::span<const std::uint32_t>(neighbours);
    };
    for (const std::uint32_t node : kept) content.rows.push_back(rows_[node]);
    HugeMemory kept_codes, kept_bits;
    if (facts_.has_codes && kept.size() == num_nodes()) {
      content.codes = {codes_.data(), CodeRows::Bytes(facts_.dimensions, num_nodes())};
    } else if (facts_.has_codes) {
      const std::uint64_t bytes = CodeRows::Bytes(facts_.dimensions, facts_.num_nodes);
      LANCEKIT_ASSIGN(kept_codes, HugeMemory::Make(bytes));
      const CodeRows to(kept_codes.data(), facts_.dimensions, facts_.num_nodes, facts_.by_halves);
      for (std::uint32_t i = 0; i < kept.size(); ++i) CopyCodes(codes(), kept[i], to, i);
      content.codes = {kept_codes.data(), bytes};
    }
    if (facts_.has_bits) {
      LANCEKIT_ASSIGN(content.bits, KeepRows(bits_, bit_bytes(), kept, &kept_bits));
    }
    if (kept.size() == column_.vectors.size()) content.rows.clear();  // all of them
    if (!tombstones_.empty()) content.deleted = {reinterpret_cast<const std::byte*>(tombstones_.data()), (kept.size() + 7) / 8};
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);  // or creating the file says why not
    return WriteSidecar(path, content);
  }

 private:
  /// The rows of the nodes that are kept: where they are when all are, else in `memory`.
  static Result<Bytes> KeepRows(const HugeMemory& all, std::uint64_t bytes, const std::vector<std::uint32_t>& kept,
                                HugeMemory* memory) {
    if (kept.empty() || kept.back() + 1 == kept.size()) return Bytes(all.data(), kept.size() * bytes);
    LANCEKIT_ASSIGN(*memory, HugeMemory::Make(kept.size() * bytes));
    for (std::size_t i = 0; i < kept.size(); ++i) std::memcpy(memory->data() + i * bytes, all.data() + kept[i] * bytes, bytes);
    return Bytes(memory->data(), kept.size() * bytes);
  }
  GraphOptions GraphOptionsNow() const { return {facts_.m, facts_.ef_construction, facts_.seed}; }
  std::uint32_t num_nodes() const { return static_cast<std::uint32_t>(rows_.size()); }
  std::uint64_t row_bytes() const { return CodeRows::RowBytes(facts_.dimensions); }
  std::uint64_t bit_bytes() const { return BitRows::RowBytes(facts_.dimensions); }
  CodeRows codes() const { return {codes_.data(), facts_.dimensions, num_nodes(), facts_.by_halves}; }
  /// Of memory that is the workshop's own.
  static std::byte* Writable(const std::byte* bytes) { return const_cast<std::byte*>(bytes); }
  static void CopyCodes(const CodeRows& from, std::uint32_t node, const CodeRows& to, std::uint32_t as) {
    std::memcpy(Writable(to.Upper(as)), from.Upper(node), from.row_bytes());
    std::memcpy(Writable(to.Lower(as)), from.Lower(node), from.row_bytes());
  }

  ContextImpl& context_;
  VectorColumn column_;
  IndexFacts facts_;
  std::vector<std::uint32_t> rows_;        // of each node
  std::vector<std::uint64_t> tombstones_;  // a bit for each node; empty: none
  HugeMemory codes_;
  HugeMemory bits_;
  BitQuantizer bit_quantizer_;
  std::unique_ptr<GraphBuilder> graph_;
};

/// A lock of the file that is at a path, so that of two changes the second one begins with what the first has made.
class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  /// Waits. Errors: kIo.
  static Result<FileLock> Take(const std::string& path) {
    while (true) {
      FileLock lock;
      lock.fd_ = Uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
      struct stat locked{}, there{};
      if (lock.fd_ < 0 || Uninterrupted([&] { return ::flock(lock.fd_, LOCK_EX); }) != 0 || ::fstat(lock.fd_, &locked) != 0) {
        Error error = MakeError(ErrorCode::kIo, "cannot be locked: {}", std::generic_category().message(errno));
        error.path = path;
        return error;
      }
      // Another change may have put a new file in its place meanwhile.
      if (::stat(path.c_str(), &there) == 0 && there.st_ino == locked.st_ino && there.st_dev == locked.st_dev) return lock;
    }
  }

 private:
  int fd_ = -1;
};

/// A sidecar with the data it belongs to, to be changed.
struct Opened {
  FileLock lock;
  std::shared_ptr<const Sidecar> sidecar;
  std::unique_ptr<Workshop> workshop;
  Owner owner = Owner::kSame;
};

Result<Opened> OpenToChange(const Context& context, const std::string& table, const std::string& path,
                            const ChangeOptions& options) {
  Opened opened;
  LANCEKIT_ASSIGN(opened.lock, FileLock::Take(path));
  LANCEKIT_ASSIGN(opened.sidecar, Sidecar::Open(context.impl(), path));
  for (const Sidecar::SectionInfo& section : opened.sidecar->sections()) LANCEKIT_TRY(opened.sidecar->CheckHash(section));
  LANCEKIT_ASSIGN(VectorColumn column,
                  OpenVectorColumn(context, table, opened.sidecar->facts().column, options.open.table, options.memory_limit));
  LANCEKIT_ASSIGN(opened.owner, CheckOwner(*opened.sidecar, column));
  opened.workshop = std::make_unique<Workshop>(context, std::move(column), opened.sidecar->facts());
  for (std::uint32_t node = 0; node < opened.sidecar->facts().num_nodes; ++node)
    opened.workshop->rows().push_back(static_cast<std::uint32_t>(opened.sidecar->RowOf(node)));
  return opened;
}

/// The tombstones of a sidecar with room for more nodes.
std::vector<std::uint64_t> TombstonesOf(const Sidecar& sidecar, std::size_t num_nodes) {
  std::vector<std::uint64_t> words(sidecar.has_deleted() ? WordsFor(num_nodes) : 0);
  for (std::uint32_t node = 0; sidecar.has_deleted() && node < sidecar.facts().num_nodes; ++node) {
    if (sidecar.IsDeleted(node)) SetBit(&words, node);
  }
  return words;
}

}  // namespace

bool AllFinite(const float* values, std::size_t count) {
  // By their bits: sums of floats are not made of vectors.
  constexpr std::uint32_t kExponent = 0x7f800000;
  std::uint32_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, values + i, sizeof(bits));
    found |= static_cast<std::uint32_t>((bits & kExponent) == kExponent);
  }
  return found == 0;
}

Status Build(const Context& context, const std::string& table, const std::string& column_name, const std::string& sidecar,
             const BuildOptions& options, const OpenOptions& open_options) {
  LANCEKIT_TRY(CheckOptions(options));
  LANCEKIT_ASSIGN(VectorColumn column, OpenVectorColumn(context, table, column_name, open_options, options.memory_limit));
  IndexFacts facts;
  facts.column = column_name;
  facts.metric = static_cast<Metric>(options.metric);
  facts.element = column.vectors.element();
  facts.dimensions = static_cast<std::uint32_t>(column.vectors.dimensions());
  facts.m = options.m;
  facts.ef_construction = options.ef_construction;
  facts.seed = options.seed;
  facts.has_codes = options.codes == VectorCodes::k8Bit;
  facts.has_bits = options.codes == VectorCodes::k1Bit;
  Workshop workshop(context, std::move(column), std::move(facts));
  LANCEKIT_ASSIGN(workshop.rows(), RowsToIndex(workshop.column(), 0, context.impl()));
  LANCEKIT_TRY(workshop.MakeAll({options.memory_limit, options.progress}));
  return workshop.Write(sidecar);
}

Result<ChangeReport> Add(const Context& context, const std::string& table, const std::string& sidecar,
                         const ChangeOptions& options) {
  LANCEKIT_ASSIGN(Opened opened, OpenToChange(context, table, sidecar, options));
  Workshop& workshop = *opened.workshop;
  const std::uint32_t num_old = opened.sidecar->facts().num_nodes;
  LANCEKIT_ASSIGN(const std::vector<std::uint32_t> added,
                  RowsToIndex(workshop.column(), opened.sidecar->facts().num_rows(), context.impl()));
  ChangeReport report{.added = added.size()};
  if (added.size() > num_old || !workshop.SuitCodes(added)) {
    // Codes of what was there before do not fit what comes: all of it is made anew.
    std::vector<std::uint32_t> kept;
    for (std::uint32_t node = 0; node < num_old; ++node) {
      if (!opened.sidecar->IsDeleted(node) && !workshop.column().IsDeleted(workshop.rows()[node]))
        kept.push_back(workshop.rows()[node]);
    }
    kept.insert(kept.end(), added.begin(), added.end());
    workshop.rows() = std::move(kept);
    LANCEKIT_TRY(workshop.MakeAll({options.memory_limit, options.progress}));
    report.vectors = workshop.rows().size();
  } else {
    workshop.rows().insert(workshop.rows().end(), added.begin(), added.end());
    LANCEKIT_TRY(workshop.Load(*opened.sidecar, options.memory_limit));
    workshop.tombstones() = TombstonesOf(*opened.sidecar, workshop.rows().size());
    LANCEKIT_TRY(workshop.Insert(num_old, options.progress));
    for (std::uint32_t node = 0; node < workshop.rows().size(); ++node) {
      const bool hidden =
          (node < num_old && opened.sidecar->IsDeleted(node)) || workshop.column().IsDeleted(workshop.rows()[node]);
      report.vectors += static_cast<std::uint64_t>(!hidden);
    }
  }
  LANCEKIT_TRY(workshop.Write(sidecar));
  return report;
}

Result<ChangeReport> Remove(const Context& context, const std::string& table, const std::string& sidecar,
                            Span<const std::uint64_t> rows, bool tombstones, const ChangeOptions& options) {
  LANCEKIT_ASSIGN(Opened opened, OpenToChange(context, table, sidecar, options));
  if (opened.owner == Owner::kAppended)
    return Invalid("the dataset has files that are not in the index; 'lance-index add' first");
  Workshop& workshop = *opened.workshop;
  std::vector<std::uint64_t> wanted;
  for (const std::uint64_t row : rows) {
    const std::optional<std::uint64_t> file_row = workshop.column().FileRow(row);
    if (!file_row.has_value()) return Invalid("there is no row {}", row);
    wanted.push_back(*file_row);
  }
  std::ranges::sort(wanted);
  const std::size_t num_nodes = workshop.rows().size();
  std::vector<bool> removed(num_nodes);
  ChangeReport report;
  for (std::uint32_t node = 0; node < num_nodes; ++node) {
    const bool was_marked = opened.sidecar->IsDeleted(node);
    const bool goes =
        std::ranges::binary_search(wanted, workshop.rows()[node]) || workshop.column().IsDeleted(workshop.rows()[node]);
    removed[node] = was_marked || goes;
    report.removed += static_cast<std::uint64_t>(tombstones ? goes && !was_marked : goes || was_marked);
    report.vectors += static_cast<std::uint64_t>(!removed[node]);
  }
  LANCEKIT_TRY(workshop.Load(*opened.sidecar, options.memory_limit));
  if (tombstones) {
    workshop.tombstones().assign(WordsFor(num_nodes), 0);
    for (std::uint32_t node = 0; node < num_nodes; ++node) {
      if (removed[node]) SetBit(&workshop.tombstones(), node);
    }
    LANCEKIT_TRY(workshop.Write(sidecar));
    return report;
  }
  workshop.graph().Remove(removed, &context.impl().pool());
  LANCEKIT_TRY(context.impl().CheckCancelled());
  workshop.LinkOrphans(removed);
  LANCEKIT_TRY(workshop.Write(sidecar, removed));
  return report;
}

}  // namespace lancekit::index
