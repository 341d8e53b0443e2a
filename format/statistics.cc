#include "format/statistics.h"

#include <bit>
#include <cstring>

#include "base/checked_math.h"
#include "base/hash.h"
#include "format/statistics_generated.h"
#include "types/array.h"

namespace lancekit::format {
namespace {

enum Flags : std::uint8_t { kHasMin = 1, kHasMax = 2, kMinExact = 4, kMaxExact = 8 };

// The verifier's limits; a file of that many columns and zones is beyond what is written.
constexpr flatbuffers::uoffset_t kMaxTables = 40'000'000;
constexpr flatbuffers::uoffset_t kMaxDepth = 8;

void AppendLittleEndian(std::uint64_t value, std::size_t width, std::vector<std::uint8_t>* out) {
  for (std::size_t i = 0; i < width; ++i) out->push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void AppendBound(const Scalar& value, std::size_t width, std::vector<std::uint8_t>* out) {
  switch (static_cast<Domain>(value.index())) {
    case Domain::kSigned:
      return AppendLittleEndian(static_cast<std::uint64_t>(*std::get_if<std::int64_t>(&value)), width, out);
    case Domain::kUnsigned:
      return AppendLittleEndian(*std::get_if<std::uint64_t>(&value), width, out);
    case Domain::kFloating: {
      const double number = *std::get_if<double>(&value);
      const std::uint64_t bits =
          width == 4 ? std::bit_cast<std::uint32_t>(static_cast<float>(number)) : std::bit_cast<std::uint64_t>(number);
      return AppendLittleEndian(bits, width, out);
    }
    case Domain::kDecimal: {
      std::byte bytes[32];
      std::get_if<Int256>(&value)->Store(bytes, width);
      for (std::size_t i = 0; i < width; ++i) out->push_back(static_cast<std::uint8_t>(bytes[i]));
      return;
    }
    case Domain::kBytes: {
      const std::string& text = *std::get_if<std::string>(&value);
      out->insert(out->end(), text.begin(), text.end());
      return;
    }
    case Domain::kNone:
      return;
  }
}

Scalar LoadBound(const std::uint8_t* from, std::size_t size, Domain domain) {
  std::uint64_t word = 0;
  if (size <= 8) {
    for (std::size_t i = 0; i < size; ++i) word |= std::uint64_t{from[i]} << (8 * i);
  }
  switch (domain) {
    case Domain::kSigned: {
      const auto shift = static_cast<int>(64 - 8 * size);
      return static_cast<std::int64_t>(word << shift) >> shift;
    }
    case Domain::kUnsigned:
      return word;
    case Domain::kFloating:
      return size == 4 ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(word)))
                       : std::bit_cast<double>(word);
    case Domain::kDecimal:
      return Int256::Load(reinterpret_cast<const std::byte*>(from), size);
    case Domain::kBytes:
    case Domain::kNone:
      break;
  }
  return std::string(reinterpret_cast<const char*>(from), size);
}

bool FitsDomain(Domain domain, std::size_t width) {
  switch (domain) {
    case Domain::kSigned:
    case Domain::kUnsigned:
      return width == 1 || width == 2 || width == 4 || width == 8;
    case Domain::kFloating:
      return width == 4 || width == 8;
    case Domain::kDecimal:
      return width == 16 || width == 32;
    case Domain::kBytes:
    case Domain::kNone:
      return width == 0;
  }
  return false;
}

template <class T, class Get>
flatbuffers::Offset<flatbuffers::Vector<T>> VectorOf(flatbuffers::FlatBufferBuilder* builder, const std::vector<Zone>& zones,
                                                     bool wanted, Get get) {
  if (!wanted) return 0;
  std::vector<T> values;
  values.reserve(zones.size());
  for (const Zone& zone : zones) values.push_back(get(zone));
  return builder->CreateVector(values);
}

flatbuffers::Offset<fbs::Zones> WriteZones(flatbuffers::FlatBufferBuilder* builder, const ColumnStatistics& column,
                                           const std::vector<Zone>& zones) {
  bool counts_values = false, counts_nulls = false, counts_nans = false, has_bounds = false;
  std::vector<std::uint8_t> bounds[2];
  std::vector<std::uint32_t> ends[2];
  for (const Zone& zone : zones) {
    counts_values = counts_values || zone.num_values != zone.num_rows;
    counts_nulls = counts_nulls || zone.num_nulls != 0;
    counts_nans = counts_nans || zone.num_nans != 0;
    const std::optional<Scalar>* const values[2] = {&zone.min, &zone.max};
    for (int i = 0; i < 2; ++i) {
      has_bounds = has_bounds || values[i]->has_value();
      if (values[i]->has_value()) {
        AppendBound(**values[i], column.width, &bounds[i]);
      } else {
        bounds[i].resize(bounds[i].size() + column.width);
      }
      if (column.domain == Domain::kBytes) ends[i].push_back(static_cast<std::uint32_t>(bounds[i].size()));
    }
  }
  const auto num_rows = VectorOf<std::uint64_t>(builder, zones, true, [](const Zone& zone) { return zone.num_rows; });
  const auto num_values =
      VectorOf<std::uint64_t>(builder, zones, counts_values, [](const Zone& zone) { return zone.num_values; });
  const auto num_nulls = VectorOf<std::uint64_t>(builder, zones, counts_nulls, [](const Zone& zone) { return zone.num_nulls; });
  const auto num_nans = VectorOf<std::uint64_t>(builder, zones, counts_nans, [](const Zone& zone) { return zone.num_nans; });
  if (!has_bounds) return fbs::CreateZones(*builder, num_rows, num_values, num_nulls, num_nans);
  const auto flags = VectorOf<std::uint8_t>(builder, zones, true, [](const Zone& zone) {
    return static_cast<std::uint8_t>((zone.min.has_value() ? kHasMin : 0) | (zone.max.has_value() ? kHasMax : 0) |
                                     (zone.min_is_exact ? kMinExact : 0) | (zone.max_is_exact ? kMaxExact : 0));
  });
  const bool texts = column.domain == Domain::kBytes;
  const auto min = builder->CreateVector(bounds[0]), max = builder->CreateVector(bounds[1]);
  const auto min_ends = texts ? builder->CreateVector(ends[0]) : 0;
  const auto max_ends = texts ? builder->CreateVector(ends[1]) : 0;
  return fbs::CreateZones(*builder, num_rows, num_values, num_nulls, num_nans, flags, min, max, min_ends, max_ends);
}

std::uint64_t OwnHash(Bytes message) {
  constexpr std::byte kZeros[sizeof(std::uint64_t)] = {};
  const auto* const field = flatbuffers::GetRoot<flatbuffers::Table>(message.data())->GetAddressOf(fbs::Statistics::VT_OWN_HASH);
  if (field == nullptr) return HashBytes(message);
  const auto at = static_cast<std::size_t>(reinterpret_cast<const std::byte*>(field) - message.data());
  Hasher hasher;
  hasher.Add(message.first(at));
  hasher.Add(kZeros);
  hasher.Add(message.subspan(at + sizeof(kZeros)));
  return hasher.Finish();
}

/// The verifier of FlatBuffers lets vectors of eight-byte numbers lie anywhere, but reading them needs their alignment. Empty
/// ones are written without it.
template <class T>
bool IsAligned(const flatbuffers::Vector<T>* vector) {
  return vector == nullptr || vector->size() == 0 || reinterpret_cast<std::uintptr_t>(vector->Data()) % alignof(T) == 0;
}

template <class T>
bool HasLength(const flatbuffers::Vector<T>* vector, std::uint64_t length) {
  return vector == nullptr || (vector->size() == length && IsAligned(vector));
}

bool TextsFit(const flatbuffers::Vector<std::uint8_t>* texts, const flatbuffers::Vector<std::uint32_t>* ends,
              std::uint64_t length) {
  if (texts == nullptr || ends == nullptr || ends->size() != length) return false;
  std::uint32_t last = 0;
  for (const std::uint32_t end : *ends) {
    if (end < last) return false;
    last = end;
  }
  return last <= texts->size();
}

Status CheckZones(const fbs::Zones* zones, Domain domain, std::size_t width, std::uint64_t wanted) {
  const std::uint64_t length = zones == nullptr || zones->num_rows() == nullptr ? 0 : zones->num_rows()->size();
  if (length != wanted) return Corrupt("{} zones where {} are listed", length, wanted);
  if (length == 0) return {};
  if (!IsAligned(zones->num_rows()) || !HasLength(zones->num_values(), length) || !HasLength(zones->num_nulls(), length) ||
      !HasLength(zones->num_nans(), length) || !HasLength(zones->flags(), length)) {
    return Corrupt("vectors of different lengths for {} zones", length);
  }
  if (zones->flags() == nullptr) return {};
  const bool fits = domain == Domain::kBytes
                        ? TextsFit(zones->min(), zones->min_ends(), length) && TextsFit(zones->max(), zones->max_ends(), length)
                        : width != 0 && zones->min() != nullptr && zones->max() != nullptr &&
                              zones->min()->size() == length * width && zones->max()->size() == length * width;
  if (!fits) return Corrupt("bounds that do not fit {} zones", length);
  return {};
}

Status CheckBlooms(const fbs::Column& column, std::uint64_t num_pages) {
  constexpr std::uint64_t kMaxBlocks = kMaxBloomBytes / kBloomBlockBytes;
  const auto* const ends = column.bloom_ends();
  if (ends == nullptr && column.blooms() == nullptr) return {};
  if (ends == nullptr || column.blooms() == nullptr || ends->size() != num_pages)
    return Corrupt("Bloom filters that do not fit {} pages", num_pages);
  std::uint32_t last = 0;
  for (const std::uint32_t end : *ends) {
    if (end < last || end - last > kMaxBlocks) return Corrupt("a Bloom filter from block {} to {}", last, end);
    last = end;
  }
  if (std::uint64_t{last} * kBloomBlockBytes == column.blooms()->size()) return {};
  return Corrupt("Bloom filters of {} blocks in {} bytes", last, column.blooms()->size());
}

Status CheckColumn(const fbs::Column* column) {
  if (column == nullptr) return Corrupt("an empty entry");
  const auto domain = static_cast<Domain>(column->domain());
  if (domain > Domain::kNone || !FitsDomain(domain, column->width()))
    return Corrupt("bounds of kind {} with {} bytes", column->domain(), column->width());
  if (!IsAligned(column->buffer_hashes())) return Corrupt("hashes that are not aligned");
  const auto* const run_hashes = column->blob_run_hashes();
  const std::uint64_t num_runs = run_hashes == nullptr ? 0 : run_hashes->size();
  if (!IsAligned(run_hashes) || (column->blob_run_rows() == nullptr) != (run_hashes == nullptr) ||
      !HasLength(column->blob_run_rows(), num_runs)) {
    return Corrupt("{} hashes of blobs for another number of runs", num_runs);
  }
  const auto* const per_page = column->zones_per_page();
  std::uint64_t num_zones = 0;
  for (std::uint64_t i = 0; per_page != nullptr && i < per_page->size(); ++i)
    num_zones += per_page->Get(static_cast<flatbuffers::uoffset_t>(i));
  const std::uint64_t num_pages = per_page == nullptr ? 0 : per_page->size();
  LANCEKIT_TRY(CheckZones(column->pages(), domain, column->width(), num_pages));
  LANCEKIT_TRY(CheckBlooms(*column, num_pages));
  return CheckZones(column->zones(), domain, column->width(), num_zones);
}

std::uint64_t ElementAt(const flatbuffers::Vector<std::uint64_t>* vector, std::uint64_t i, std::uint64_t otherwise) {
  return vector == nullptr ? otherwise : vector->Get(static_cast<flatbuffers::uoffset_t>(i));
}

}  // namespace

std::uint8_t BoundWidth(const DataType& type) noexcept {
  if (type.id == TypeId::kDictionary) return BoundWidth(type.children[0].type);
  switch (DomainOf(type)) {
    case Domain::kSigned:
    case Domain::kUnsigned:
      return type.id == TypeId::kBool ? 1 : static_cast<std::uint8_t>(FixedWidthBits(type) / 8);
    case Domain::kFloating:
      return type.id == TypeId::kFloat64 ? 8 : 4;
    case Domain::kDecimal:
      return type.id == TypeId::kDecimal128 ? 16 : 32;
    case Domain::kBytes:
    case Domain::kNone:
      break;
  }
  return 0;
}

void AppendPieceHashes(Bytes buffer, std::vector<std::uint64_t>* hashes) {
  for (std::uint64_t i = 0; i < NumHashPieces(buffer.size(), kHashPieceBytes); ++i) {
    const std::uint64_t begin = i * kHashPieceBytes;
    hashes->push_back(HashBytes(buffer.subspan(begin, std::min(kHashPieceBytes, buffer.size() - begin))));
  }
}

MutableBuffer SerializeStatistics(const std::vector<ColumnStatistics>& columns,
                                  const std::vector<std::uint64_t>& global_buffer_hashes) {
  flatbuffers::FlatBufferBuilder builder;
  builder.ForceDefaults(true);  // hashes are filled in later
  std::vector<flatbuffers::Offset<fbs::Column>> written;
  for (const ColumnStatistics& column : columns) {
    const auto pages = WriteZones(&builder, column, column.pages);
    const auto zones = WriteZones(&builder, column, column.zones);
    const auto zones_per_page = builder.CreateVector(column.zones_per_page);
    const auto buffer_hashes = builder.CreateVector(column.buffer_hashes);
    std::vector<std::uint64_t> blob_rows, blob_hashes;
    for (const BlobRun& run : column.blob_runs) {
      blob_rows.push_back(run.num_rows);
      blob_hashes.push_back(run.hash);
    }
    const auto run_rows = blob_rows.empty() ? 0 : builder.CreateVector(blob_rows);
    const auto run_hashes = blob_rows.empty() ? 0 : builder.CreateVector(blob_hashes);
    const bool has_blooms = !column.blooms.empty();
    const auto bloom_ends = has_blooms ? builder.CreateVector(column.bloom_ends) : 0;
    const auto blooms =
        has_blooms ? builder.CreateVector(reinterpret_cast<const std::uint8_t*>(column.blooms.data()), column.blooms.size()) : 0;
    written.push_back(fbs::CreateColumn(builder, static_cast<std::uint8_t>(column.domain), column.width, pages, zones,
                                        zones_per_page, buffer_hashes, column.metadata_hash, run_rows, run_hashes, bloom_ends,
                                        blooms));
  }
  const auto all = builder.CreateVector(written);
  const auto global_hashes = builder.CreateVector(global_buffer_hashes);
  fbs::FinishStatisticsBuffer(builder, fbs::CreateStatistics(builder, 0, all, global_hashes, 0, 0, 0, kHashPieceBytes));
  MutableBuffer message;
  message.Append(std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize())));
  return message;
}

void SealStatistics(const TailHashes& hashes, std::span<std::byte> message) {
  auto* const root = flatbuffers::GetMutableRoot<fbs::Statistics>(message.data());
  root->mutate_column_table_hash(hashes.column_table);
  root->mutate_global_buffer_table_hash(hashes.global_buffer_table);
  root->mutate_tail_hash(hashes.tail);
  root->mutate_own_hash(0);
  root->mutate_own_hash(HashBytes(message));
}

std::uint64_t ZoneList::size() const noexcept {
  return zones_ == nullptr || zones_->num_rows() == nullptr ? 0 : zones_->num_rows()->size();
}

std::uint64_t ZoneList::NumRows(std::uint64_t i) const noexcept { return ElementAt(zones_->num_rows(), i, 0); }

bool ZoneList::CoverRows(std::uint64_t num_rows) const noexcept {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < size(); ++i) {
    if (NumRows(i) == 0 || !CheckedAdd(sum, NumRows(i), &sum)) return false;
  }
  return sum == num_rows;
}

Zone ZoneList::operator[](std::uint64_t i) const {
  Zone zone;
  zone.num_rows = NumRows(i);
  zone.num_values = ElementAt(zones_->num_values(), i, zone.num_rows);
  zone.num_nulls = ElementAt(zones_->num_nulls(), i, 0);
  zone.num_nans = ElementAt(zones_->num_nans(), i, 0);
  const auto index = static_cast<flatbuffers::uoffset_t>(i);
  const std::uint8_t flags = zones_->flags() == nullptr ? 0 : zones_->flags()->Get(index);
  const auto load = [&](const flatbuffers::Vector<std::uint8_t>& bytes, const flatbuffers::Vector<std::uint32_t>* ends) {
    if (domain_ != Domain::kBytes) return LoadBound(bytes.data() + i * width_, width_, domain_);
    const std::uint32_t begin = i == 0 ? 0 : ends->Get(index - 1);
    return LoadBound(bytes.data() + begin, ends->Get(index) - begin, domain_);
  };
  if ((flags & kHasMin) != 0) zone.min = load(*zones_->min(), zones_->min_ends());
  if ((flags & kHasMax) != 0) zone.max = load(*zones_->max(), zones_->max_ends());
  zone.min_is_exact = (flags & kMinExact) != 0;
  zone.max_is_exact = (flags & kMaxExact) != 0;
  return zone;
}

bool Statistics::Matches(Bytes message) noexcept {
  constexpr std::size_t kIdentifierEnd = 8;
  return message.size() >= kIdentifierEnd && flatbuffers::BufferHasIdentifier(message.data(), fbs::StatisticsIdentifier());
}

bool Statistics::MatchesButForIdentifier(Bytes message) {
  constexpr std::size_t kIdentifierStart = 4;
  if (message.size() < 2 * kIdentifierStart || Matches(message)) return false;
  MutableBuffer completed;
  completed.Append(message);
  std::memcpy(completed.data() + kIdentifierStart, fbs::StatisticsIdentifier(), kIdentifierStart);
  return Parse(std::move(completed).Freeze()).has_value();
}

Statistics::Statistics(Buffer message) : message_(std::move(message)), root_(fbs::GetStatistics(message_.data())) {}

Result<Statistics> Statistics::Parse(Buffer message) {
  // FlatBuffers reads numbers where they lie.
  if (reinterpret_cast<std::uintptr_t>(message.data()) % alignof(std::uint64_t) != 0) {
    MutableBuffer aligned;
    aligned.Append(message.bytes());
    message = std::move(aligned).Freeze();
  }
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(message.data()), message.size(), kMaxDepth, kMaxTables);
  if (!fbs::VerifyStatisticsBuffer(verifier)) return Corrupt("the statistics buffer is no sound FlatBuffers message");
  Statistics statistics(std::move(message));
  if (statistics.root_->own_hash() != OwnHash(statistics.message_.bytes()))
    return Corrupt("the statistics buffer differs from its hash");
  if (!IsAligned(statistics.root_->global_buffer_hashes())) return Corrupt("statistics: hashes that are not aligned");
  for (std::uint64_t i = 0; i < statistics.num_columns(); ++i) {
    if (Status status = CheckColumn(statistics.ColumnAt(i)); !status.ok())
      return Corrupt("statistics of column {}: {}", i, status.error().message);
  }
  return statistics;
}

std::uint64_t Statistics::num_columns() const noexcept { return root_->columns() == nullptr ? 0 : root_->columns()->size(); }

const fbs::Column* Statistics::ColumnAt(std::uint64_t column) const noexcept {
  return root_->columns()->Get(static_cast<flatbuffers::uoffset_t>(column));
}

Domain Statistics::domain(std::uint64_t column) const noexcept { return static_cast<Domain>(ColumnAt(column)->domain()); }

ZoneList Statistics::Pages(std::uint64_t column) const noexcept {
  const fbs::Column& at = *ColumnAt(column);
  return {at.pages(), static_cast<Domain>(at.domain()), at.width()};
}

ZoneList Statistics::Zones(std::uint64_t column) const noexcept {
  const fbs::Column& at = *ColumnAt(column);
  return {at.zones(), static_cast<Domain>(at.domain()), at.width()};
}

std::uint32_t Statistics::ZonesInPage(std::uint64_t column, std::uint64_t page) const noexcept {
  return ColumnAt(column)->zones_per_page()->Get(static_cast<flatbuffers::uoffset_t>(page));
}

std::uint64_t Statistics::BloomBytes(std::uint64_t column) const noexcept {
  const auto* const blooms = ColumnAt(column)->blooms();
  return blooms == nullptr ? 0 : blooms->size();
}

BloomFilter Statistics::Bloom(std::uint64_t column, std::uint64_t page) const noexcept {
  const fbs::Column& at = *ColumnAt(column);
  if (at.blooms() == nullptr) return {};
  const auto index = static_cast<flatbuffers::uoffset_t>(page);
  const std::uint64_t begin = page == 0 ? 0 : at.bloom_ends()->Get(index - 1);
  const Bytes all(reinterpret_cast<const std::byte*>(at.blooms()->data()), at.blooms()->size());
  return BloomFilter(all.subspan(begin * kBloomBlockBytes, (at.bloom_ends()->Get(index) - begin) * kBloomBlockBytes));
}

Bytes Statistics::BufferHashes(std::uint64_t column) const noexcept {
  static_assert(
      fbs::Statistics::VT_COLUMNS == 4 + 2 * kColumnsField && fbs::Statistics::VT_PIECE_BYTES == 4 + 2 * kPieceBytesField &&
      fbs::Column::VT_BUFFER_HASHES == 4 + 2 * kBufferHashesField && fbs::Column::VT_METADATA_HASH == 4 + 2 * kMetadataHashField);
  const auto* const hashes = ColumnAt(column)->buffer_hashes();
  if (hashes == nullptr) return {};
  return {reinterpret_cast<const std::byte*>(hashes->Data()), hashes->size() * sizeof(std::uint64_t)};
}

std::uint64_t Statistics::piece_bytes() const noexcept {
  return root_->piece_bytes() == 0 ? ~std::uint64_t{0} : root_->piece_bytes();
}

std::uint64_t Statistics::MetadataHash(std::uint64_t column) const noexcept { return ColumnAt(column)->metadata_hash(); }

std::vector<BlobRun> Statistics::BlobRuns(std::uint64_t column) const {
  const fbs::Column& at = *ColumnAt(column);
  std::vector<BlobRun> runs(at.blob_run_rows() == nullptr ? 0 : at.blob_run_rows()->size());
  for (std::size_t i = 0; i < runs.size(); ++i)
    runs[i] = {ElementAt(at.blob_run_rows(), i, 0), ElementAt(at.blob_run_hashes(), i, 0)};
  return runs;
}

std::vector<std::uint64_t> Statistics::GlobalBufferHashes() const {
  const auto* const hashes = root_->global_buffer_hashes();
  return hashes == nullptr ? std::vector<std::uint64_t>() : std::vector<std::uint64_t>(hashes->begin(), hashes->end());
}

TailHashes Statistics::tail_hashes() const noexcept {
  return {root_->column_table_hash(), root_->global_buffer_table_hash(), root_->tail_hash()};
}

}  // namespace lancekit::format
