#include "index/sidecar.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "base/endian.h"
#include "base/hash.h"
#include "index/sidecar_generated.h"
#include "io/atomic_file.h"

namespace lancekit::index {
namespace {

constexpr char kMagic[8] = {'L', 'K', 'H', 'N', 'S', 'W', '\r', '\n'};
// Magic, versions of 2 bytes, size of the header in 4, its hash in 8.
constexpr std::uint64_t kPrologBytes = 24;
constexpr std::uint64_t kMaxHeaderBytes = 64 << 20;
constexpr std::uint64_t kAlignment = 64;
constexpr std::uint32_t kMaxLayers = 64;

}  // namespace

std::uint64_t IndexFacts::num_rows() const noexcept {
  std::uint64_t rows = 0;
  for (const DataFileIdentity& file : files) rows += file.num_rows;
  return rows;
}

std::optional<std::uint32_t> Sidecar::NodeOf(std::uint64_t row) const noexcept {
  if (rows_.has_value()) return rows_->Find(static_cast<std::uint32_t>(row));
  return row < facts_.num_nodes ? std::optional(static_cast<std::uint32_t>(row)) : std::nullopt;
}

bool Sidecar::IsDeleted(std::uint32_t node) const noexcept { return has_deleted() && GetBit(deleted_.data(), node); }

Result<std::shared_ptr<const Sidecar>> Sidecar::Open(ContextImpl& context, const std::string& path) {
  LANCEKIT_ASSIGN(std::shared_ptr<const Source> source, OpenFileSource(context, path));
  return Open(std::move(source));
}

Result<std::shared_ptr<const Sidecar>> Sidecar::Open(std::shared_ptr<const Source> source) {
  std::shared_ptr<Sidecar> sidecar(new Sidecar());
  sidecar->path_ = source->path();
  sidecar->file_size_ = source->size();
  sidecar->source_ = std::move(source);
  Status status = sidecar->Load();
  if (!status.ok()) {
    if (status.error().path.empty()) status.error().path = sidecar->path_;
    return status;
  }
  return std::shared_ptr<const Sidecar>(std::move(sidecar));
}

template <class T>
Result<Buffer> Sidecar::Section(const char* name, const T* section, std::uint64_t size) {
  if (section == nullptr) return Corrupt("the header has no section '{}'", name);
  if (!RangeFits(section->offset(), section->size(), file_size_))
    return Corrupt("section '{}': bytes {} + {} in a file of {}", name, section->offset(), section->size(), file_size_);
  if (section->size() != size) return Corrupt("section '{}' has {} bytes instead of {}", name, section->size(), size);
  if (section->offset() % kAlignment != 0) return Corrupt("section '{}' lies at byte {}", name, section->offset());
  sections_.push_back({name, section->offset(), section->size(), section->hash()});
  return source_->Read(section->offset(), section->size());
}

Status Sidecar::CheckHash(const SectionInfo& section) const {
  LANCEKIT_ASSIGN(const Buffer bytes, source_->Read(section.offset, section.size));
  if (HashBytes(bytes.bytes()) == section.hash) return {};
  Error error = Corrupt("section '{}' is not as its hash says", section.name);
  error.path = path_;
  error.offset = section.offset;
  return error;
}

Status Sidecar::Load() {
  if (file_size_ < kPrologBytes) return Corrupt("{} bytes are no index", file_size_);
  LANCEKIT_ASSIGN(const Buffer prolog, source_->Read(0, kPrologBytes));
  if (std::memcmp(prolog.data(), kMagic, sizeof(kMagic)) != 0) return Corrupt("no index: it begins otherwise");
  const auto major = LoadLe<std::uint16_t>(prolog.data() + 8);
  if (major != kMajorVersion)
    return Unsupported("an index of version {}.{}; this program knows {}", major, LoadLe<std::uint16_t>(prolog.data() + 10),
                       kMajorVersion);
  const auto header_size = LoadLe<std::uint32_t>(prolog.data() + 12);
  if (header_size > kMaxHeaderBytes || !RangeFits(kPrologBytes, header_size, file_size_))
    return Corrupt("a header of {} bytes in a file of {}", header_size, file_size_);
  LANCEKIT_ASSIGN(const Buffer header_bytes, source_->Read(kPrologBytes, header_size));
  if (HashBytes(header_bytes.bytes()) != LoadLe<std::uint64_t>(prolog.data() + 16))
    return Corrupt("the header is not as its hash says");
  // FlatBuffers wants alignment, which a file does not promise.
  const std::vector<std::uint8_t> header(reinterpret_cast<const std::uint8_t*>(header_bytes.data()),
                                         reinterpret_cast<const std::uint8_t*>(header_bytes.data()) + header_size);
  flatbuffers::Verifier verifier(header.data(), header.size());
  if (!fbs::VerifyHeaderBuffer(verifier)) return Corrupt("the header is no FlatBuffers message");
  const fbs::Header& read = *fbs::GetHeader(header.data());

  if (read.metric() > static_cast<std::uint8_t>(Metric::kInnerProduct)) return Unsupported("metric {}", read.metric());
  if (read.element() >= kernels::kNumElements) return Unsupported("elements of kind {}", read.element());
  facts_.metric = static_cast<Metric>(read.metric());
  facts_.element = static_cast<Element>(read.element());
  facts_.column = read.column() == nullptr ? std::string() : read.column()->str();
  facts_.dimensions = read.dimensions();
  facts_.num_nodes = read.num_nodes();
  facts_.m = read.m();
  facts_.ef_construction = read.ef_construction();
  facts_.seed = read.seed();
  facts_.dataset_version = read.dataset_version();
  if (facts_.dimensions == 0 || facts_.dimensions > kMaxDimensions) return Corrupt("vectors of {} dimensions", facts_.dimensions);
  if (facts_.num_nodes >= kMaxNodes) return Corrupt("{} nodes", facts_.num_nodes);
  if (facts_.m < 2 || facts_.m > kMaxM) return Corrupt("m is {}", facts_.m);
  if (facts_.ef_construction == 0 || facts_.ef_construction > kMaxEfConstruction)
    return Corrupt("ef_construction is {}", facts_.ef_construction);
  facts_.field_id = read.field_id();
  if (const auto* const numbers = read.deleted_rows(); numbers != nullptr && numbers->size() != 0) {
    // Its numbers may lie at any multiple of 4, which FlatBuffers does not check.
    facts_.deleted_rows.resize(numbers->size());
    std::memcpy(facts_.deleted_rows.data(), numbers->Data(), numbers->size() * sizeof(std::uint64_t));
  }
  if (facts_.deleted_rows.size() % 2 != 0) return Corrupt("half an interval of deleted rows");
  if (read.files() != nullptr) {
    std::uint64_t num_rows = 0, name_bytes = 0;
    for (const fbs::DataFile* const file : *read.files()) {
      // Entries may share what they name.
      if (file->name() != nullptr) name_bytes += file->name()->size();
      if (name_bytes > header_size) return Corrupt("names of files overlap");
      facts_.files.push_back(
          {file->fragment(), file->num_rows(), file->name() == nullptr ? std::string() : file->name()->str(), file->identity()});
      if (!CheckedAdd(num_rows, file->num_rows(), &num_rows) || num_rows >= kMaxNodes) return Corrupt("too many rows");
    }
  }
  for (std::size_t i = 0, end = 0; i < facts_.deleted_rows.size(); i += 2) {
    const std::uint64_t first = facts_.deleted_rows[i], count = facts_.deleted_rows[i + 1];
    if (first < end || count == 0 || !RangeFits(first, count, facts_.num_rows()))
      return Corrupt("rows {} + {} are deleted", first, count);
    end = first + count;
  }
  facts_.quantizer = {facts_.metric, read.step(), {}};
  if (!(read.step() > 0) || !std::isfinite(read.step()) || !std::isfinite(1 / read.step()))
    return Corrupt("codes are steps of {}", read.step());
  const auto read_center = [&](const flatbuffers::Vector<float>* from, std::vector<float>* to) -> Status {
    to->assign(facts_.dimensions, 0.0f);
    if (from == nullptr) return {};
    if (from->size() != facts_.dimensions)
      return Corrupt("a center of {} numbers for {} dimensions", from->size(), facts_.dimensions);
    to->assign(from->begin(), from->end());
    return {};
  };
  LANCEKIT_TRY(read_center(read.center(), &facts_.quantizer.center));
  LANCEKIT_TRY(read_center(read.bit_center(), &facts_.bit_center));
  facts_.codes_are_exact = read.codes_are_exact();
  facts_.by_halves = read.by_halves();

  const std::uint32_t num_nodes = facts_.num_nodes;
  const auto lists = [&](const char* name, const fbs::Section* section, std::uint32_t count,
                         std::uint32_t capacity) -> Result<ListRows> {
    LANCEKIT_ASSIGN(Buffer bytes, Section(name, section, ListRows::Bytes(count, capacity)));
    const ListRows rows(bytes.data(), count, capacity);
    kept_.push_back(std::move(bytes));
    LANCEKIT_TRY(rows.Check());
    return rows;
  };
  const auto ids = [&](const char* name, const fbs::Section* section, std::uint32_t count, std::uint64_t end) -> Result<IdArray> {
    LANCEKIT_ASSIGN(Buffer bytes, Section(name, section, IdArray::Bytes(count, end)));
    const IdArray array(bytes.data(), count, end);
    kept_.push_back(std::move(bytes));
    LANCEKIT_TRY(array.Check(end));
    return array;
  };
  LANCEKIT_ASSIGN(lowest_, lists("neighbours", read.neighbours(), num_nodes, 2 * facts_.m));
  if (read.layers() != nullptr) {
    if (read.layers()->size() > kMaxLayers) return Corrupt("{} layers", read.layers()->size());
    for (const fbs::Layer* const layer : *read.layers()) {
      UpperLayer& upper = upper_.emplace_back();
      if (layer->num_nodes() == 0) return Corrupt("layer {} is empty", upper_.size());
      LANCEKIT_ASSIGN(upper.nodes, ids("nodes of a layer", layer->nodes(), layer->num_nodes(), num_nodes));
      LANCEKIT_ASSIGN(upper.neighbours, lists("neighbours in a layer", layer->neighbours(), layer->num_nodes(), facts_.m));
    }
  }
  entry_ = read.entry();
  if (num_nodes != 0 && entry_ >= num_nodes) return Corrupt("the walk begins at node {} of {}", entry_, num_nodes);
  // Walks go down from a layer to the same node of the one below.
  for (std::size_t layer = upper_.size(); layer-- > 0;) {
    if (layer + 1 == upper_.size() && !upper_[layer].nodes.Find(entry_).has_value())
      return Corrupt("node {}, where the walk begins, is not in the highest layer", entry_);
    for (std::uint32_t i = 0; layer != 0 && i < upper_[layer].nodes.size(); ++i) {
      if (!upper_[layer - 1].nodes.Find(upper_[layer].nodes[i]).has_value())
        return Corrupt("node {} is in layer {}, not in the one below", upper_[layer].nodes[i], layer + 1);
    }
  }
  if (read.rows() != nullptr) {
    LANCEKIT_ASSIGN(rows_, ids("rows", read.rows(), num_nodes, facts_.num_rows()));
  } else if (num_nodes > facts_.num_rows()) {
    return Corrupt("{} nodes for {} rows", num_nodes, facts_.num_rows());
  }
  if (read.codes() != nullptr) {
    LANCEKIT_ASSIGN(codes_, Section("codes", read.codes(), CodeRows::Bytes(facts_.dimensions, num_nodes)));
    facts_.has_codes = true;
  }
  if (read.bits() != nullptr) {
    LANCEKIT_ASSIGN(bits_, Section("bits", read.bits(), num_nodes * BitRows::RowBytes(facts_.dimensions)));
    facts_.has_bits = true;
  }
  if (read.deleted() != nullptr) {
    LANCEKIT_ASSIGN(deleted_, Section("deleted", read.deleted(), BitmapBytes(num_nodes)));
  }
  return {};
}

Status WriteSidecar(const std::string& path, const SidecarContent& content) {
  const IndexFacts& facts = *content.facts;
  const std::uint32_t num_nodes = facts.num_nodes;
  // All but the codes, which are large and lie somewhere already.
  std::vector<MutableBuffer> own;
  std::vector<Bytes> sections;
  const auto add = [&](MutableBuffer&& bytes) {
    constexpr std::byte kNothing[kPackedPadding] = {};
    bytes.Append({kNothing, kPackedPadding});
    own.push_back(std::move(bytes));
  };

  MutableBuffer lowest;
  for (std::uint32_t node = 0; node < num_nodes; ++node)
    ListRows::Append(content.neighbours(node, 0), num_nodes, 2 * facts.m, &lowest);
  add(std::move(lowest));
  std::vector<std::uint32_t> layer_sizes;
  std::vector<std::uint32_t> position(content.top == 0 ? 0 : num_nodes);
  for (std::uint32_t layer = 1; layer <= content.top; ++layer) {
    MutableBuffer nodes, lists;
    std::vector<std::uint32_t> members, positions;
    for (std::uint32_t node = 0; node < num_nodes; ++node) {
      if (content.level_of(node) < layer) continue;
      position[node] = static_cast<std::uint32_t>(members.size());
      members.push_back(node);
    }
    const auto count = static_cast<std::uint32_t>(members.size());
    AppendPacked(members, BitsFor(num_nodes), &nodes);
    for (const std::uint32_t node : members) {
      positions.clear();
      for (const std::uint32_t neighbour : content.neighbours(node, layer)) positions.push_back(position[neighbour]);
      ListRows::Append(positions, count, facts.m, &lists);
    }
    layer_sizes.push_back(count);
    add(std::move(nodes));
    add(std::move(lists));
  }
  const bool has_rows = !content.rows.empty();
  if (has_rows) {
    MutableBuffer rows;
    AppendPacked(content.rows, BitsFor(facts.num_rows()), &rows);
    add(std::move(rows));
  }
  for (const MutableBuffer& bytes : own) sections.push_back(bytes.bytes());
  if (facts.has_codes) sections.push_back(content.codes);
  if (facts.has_bits) sections.push_back(content.bits);
  if (!content.deleted.empty()) sections.push_back(content.deleted);

  std::vector<std::uint64_t> hashes;
  for (const Bytes bytes : sections) hashes.push_back(HashBytes(bytes));
  // Offsets are behind the header, whose size does not depend on them.
  const auto make_header = [&](std::uint64_t header_size) {
    flatbuffers::FlatBufferBuilder builder;
    builder.ForceDefaults(true);
    std::uint64_t offset = AlignUp(kPrologBytes + header_size, kAlignment);
    std::size_t next = 0;
    const auto section = [&] {
      const std::size_t i = next++;
      const auto written = fbs::CreateSection(builder, offset, sections[i].size(), hashes[i]);
      offset = AlignUp(offset + sections[i].size(), kAlignment);
      return written;
    };
    std::vector<flatbuffers::Offset<fbs::DataFile>> files;
    for (const DataFileIdentity& file : facts.files)
      files.push_back(fbs::CreateDataFile(builder, file.fragment, file.num_rows, builder.CreateString(file.name), file.identity));
    const auto neighbours = section();
    std::vector<flatbuffers::Offset<fbs::Layer>> layers;
    for (const std::uint32_t size : layer_sizes) {
      const auto nodes = section();
      const auto lists = section();
      layers.push_back(fbs::CreateLayer(builder, size, nodes, lists));
    }
    const auto rows = has_rows ? section() : flatbuffers::Offset<fbs::Section>();
    const auto codes = facts.has_codes ? section() : flatbuffers::Offset<fbs::Section>();
    const auto bits = facts.has_bits ? section() : flatbuffers::Offset<fbs::Section>();
    const auto deleted = content.deleted.empty() ? flatbuffers::Offset<fbs::Section>() : section();
    const auto column = builder.CreateString(facts.column);
    const auto file_vector = builder.CreateVector(files);
    const auto layer_vector = builder.CreateVector(layers);
    const auto center = builder.CreateVector(facts.quantizer.center);
    const auto bit_center = !facts.has_bits ? 0 : builder.CreateVector(facts.bit_center);
    const auto deleted_rows = builder.CreateVector(facts.deleted_rows);
    fbs::HeaderBuilder header(builder);
    header.add_column(column);
    header.add_metric(static_cast<std::uint8_t>(facts.metric));
    header.add_element(static_cast<std::uint8_t>(facts.element));
    header.add_dimensions(facts.dimensions);
    header.add_num_nodes(num_nodes);
    header.add_m(facts.m);
    header.add_ef_construction(facts.ef_construction);
    header.add_seed(facts.seed);
    header.add_entry(content.entry);
    header.add_dataset_version(facts.dataset_version);
    header.add_files(file_vector);
    header.add_neighbours(neighbours);
    header.add_layers(layer_vector);
    if (has_rows) header.add_rows(rows);
    if (facts.has_codes) header.add_codes(codes);
    if (facts.has_bits) header.add_bits(bits);
    header.add_step(facts.quantizer.step);
    header.add_center(center);
    header.add_codes_are_exact(facts.codes_are_exact);
    header.add_by_halves(facts.by_halves);
    if (!content.deleted.empty()) header.add_deleted(deleted);
    header.add_field_id(facts.field_id);
    header.add_deleted_rows(deleted_rows);
    if (facts.has_bits) header.add_bit_center(bit_center);
    fbs::FinishHeaderBuffer(builder, header.Finish());
    return std::vector<std::uint8_t>(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  };
  const std::size_t header_size = make_header(0).size();
  const std::vector<std::uint8_t> header = make_header(header_size);

  const Bytes header_bytes{reinterpret_cast<const std::byte*>(header.data()), header.size()};
  MutableBuffer prolog;
  prolog.Append({reinterpret_cast<const std::byte*>(kMagic), sizeof(kMagic)});
  const auto append = [&](auto number) {
    std::byte bytes[sizeof(number)];
    StoreLe(bytes, number);
    prolog.Append({bytes, sizeof(bytes)});
  };
  append(kMajorVersion);
  append(kMinorVersion);
  append(static_cast<std::uint32_t>(header.size()));
  append(HashBytes(header_bytes));

  LANCEKIT_ASSIGN(AtomicFile file, AtomicFile::Create(path));
  LANCEKIT_TRY(file.Append(prolog.bytes()));
  LANCEKIT_TRY(file.Append(header_bytes));
  constexpr std::byte kZeros[kAlignment] = {};
  for (const Bytes bytes : sections) {
    LANCEKIT_TRY(file.Append({kZeros, AlignUp(file.size(), kAlignment) - file.size()}));
    LANCEKIT_TRY(file.Append(bytes));
  }
  return file.Publish(true);
}

}  // namespace lancekit::index
