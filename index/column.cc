#include "index/column.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "base/hash.h"
#include "base/limits.h"
#include "format/schema.h"
#include "index/memory.h"

namespace lancekit::index {
namespace {

/// An exported Arrow array, released with the last vector that is in it.
struct Exported {
  ArrowArray array{};
  ArrowSchema schema{};
  Exported() = default;
  Exported(const Exported&) = delete;
  Exported& operator=(const Exported&) = delete;
  ~Exported() {
    if (array.release != nullptr) array.release(&array);
    if (schema.release != nullptr) schema.release(&schema);
  }
};

}  // namespace

std::optional<Element> ElementOf(const Field& item) {
  switch (item.type.id) {
    case TypeId::kFloat32:
      return Element::kFloat32;
    case TypeId::kFloat16:
      return Element::kFloat16;
    case TypeId::kInt8:
      return Element::kInt8;
    default:
      return format::IsBFloat16(item) ? std::optional(Element::kBFloat16) : std::nullopt;
  }
}

namespace {

Result<Vectors> VectorsOf(const Field& field) {
  const DataType& type = field.type;
  if (type.id != TypeId::kFixedSizeList)
    return Invalid("column '{}' is {}, not fixed-size lists of numbers", field.name, type.to_string());
  const Field& item = type.children[0];
  const std::optional<Element> element = ElementOf(item);
  if (!element.has_value())
    return Invalid("column '{}' is {}; an index takes float32, float16, bfloat16 or int8", field.name, type.to_string());
  if (type.size <= 0 || static_cast<std::uint64_t>(type.size) > kMaxDimensions)
    return Invalid("column '{}' has {} dimensions, an index takes 1 to {}", field.name, type.size, kMaxDimensions);
  return Vectors(*element, static_cast<std::size_t>(type.size));
}

/// Adds the vectors of a batch.
Status AddBatch(const Batch& batch, VectorColumn* to) {
  auto exported = std::make_shared<Exported>();
  LANCEKIT_TRY(batch.export_array(&exported->array, &exported->schema));
  const ArrowArray& lists = *exported->array.children[0];
  const ArrowArray& items = *lists.children[0];
  const std::size_t dimensions = to->vectors.dimensions();
  const auto count = static_cast<std::uint64_t>(lists.length);
  const std::uint64_t first_item =
      static_cast<std::uint64_t>(lists.offset) * dimensions + static_cast<std::uint64_t>(items.offset);
  const auto* const values =
      static_cast<const std::byte*>(items.buffers[1]) + first_item * kernels::WidthOf(to->vectors.element());
  const auto mark = [&](const ArrowArray& array, std::uint64_t per_row) {
    const auto* const valid = static_cast<const std::byte*>(array.buffers[0]);
    if (array.null_count == 0 || valid == nullptr) return;
    to->absent.resize(to->vectors.size() + count);
    const std::uint64_t first = per_row == 1 ? static_cast<std::uint64_t>(array.offset) : first_item;
    for (std::uint64_t i = 0; i < count * per_row; ++i) {
      if (!GetBit(valid, first + i)) to->absent[to->vectors.size() + i / per_row] = true;
    }
  };
  mark(lists, 1);
  mark(items, dimensions);
  to->vectors.Add(count, values, std::shared_ptr<const void>(exported));
  return {};
}

/// What tells files apart: the size, the tail, and some of the vectors.
Result<std::uint64_t> IdentityOf(const Source& source, const Vectors& vectors, std::uint64_t first, std::uint64_t count) {
  constexpr std::uint64_t kTail = 4096;
  constexpr std::uint64_t kSamples = 16;
  const std::uint64_t tail = std::min(kTail, source.size());
  LANCEKIT_ASSIGN(const Buffer bytes, source.Read(source.size() - tail, tail));
  Hasher hasher;
  std::byte size[8];
  StoreLe(size, source.size());
  hasher.Add({size, sizeof(size)});
  hasher.Add(bytes.bytes());
  for (std::uint64_t i = 0; i < std::min(kSamples, count); ++i)
    hasher.Add({vectors.At(first + i * (count / std::min(kSamples, count))), vectors.bytes()});
  return hasher.Finish();
}

OpenOptions Unchecked() {
  OpenOptions options;
  options.checksums = Checksums::kNever;
  return options;
}

/// Adds the vectors of a data file, page by page: a page whose values are as in memory is not copied.
Status AddFile(const Context& context, const DataFileEntry& entry, const Table& file, const std::string& column,
               std::uint64_t memory_limit, VectorColumn* to) {
  LANCEKIT_ASSIGN(const InspectedFile inspected, inspect_file(context, entry.path));
  std::vector<std::uint64_t> starts;
  for (const InspectedColumn& part : inspected.columns) {
    if (part.path != column) continue;
    for (const InspectedPage& page : part.pages) {
      starts.push_back(page.first_row);
      std::uint64_t bytes = 0;
      if (!CheckedMul<std::uint64_t>(page.num_rows, to->vectors.bytes(), &bytes))
        return Corrupt("a page of {} rows", page.num_rows);
      if (page.bytes() != bytes && !CheckedAdd(to->decoded_bytes, bytes, &to->decoded_bytes)) return Corrupt("too many rows");
    }
  }
  if (memory_limit != 0 && to->decoded_bytes > memory_limit) {
    Error error =
        MakeError(ErrorCode::kResourceLimit,
                  "the vectors are not stored as they are in memory; decoding them takes {} bytes or more, {} are allowed",
                  to->decoded_bytes, memory_limit);
    error.path = entry.path;
    error.column = column;
    return error;
  }
  starts.push_back(file.row_count());
  if (starts.front() != 0 || !std::ranges::is_sorted(starts)) starts = {0, file.row_count()};
  const std::uint64_t first = to->vectors.size();
  for (std::size_t page = 0; page + 1 < starts.size(); ++page) {
    Scan scan = file.scan();
    scan.select({column}).offset(starts[page]).limit(starts[page + 1] - starts[page]);
    scan.batch_rows(starts[page + 1] - starts[page] + 1).batch_bytes(kMaxValueBytes);
    while (true) {
      LANCEKIT_ASSIGN(const std::optional<Batch> batch, scan.next());
      if (!batch.has_value()) break;
      LANCEKIT_TRY(AddBatch(*batch, to));
    }
  }
  if (to->vectors.size() - first != file.row_count())
    return MakeError(ErrorCode::kInternal, "{} vectors of {} rows", to->vectors.size() - first, file.row_count());
  LANCEKIT_ASSIGN(const auto source, OpenFileSource(context.impl(), entry.path));
  LANCEKIT_ASSIGN(const std::uint64_t identity, IdentityOf(*source, to->vectors, first, file.row_count()));
  to->files.push_back({entry.fragment, file.row_count(), std::filesystem::path(entry.path).filename().string(), identity});
  return {};
}

/// Rows of a fragment that has no file with the column: they have no vectors.
Status AddAbsent(std::uint64_t fragment, std::uint64_t count, VectorColumn* to) {
  std::uint64_t bytes = 0;
  if (!CheckedMul(count, to->vectors.bytes(), &bytes)) return Corrupt("{} rows in fragment {}", count, fragment);
  LANCEKIT_ASSIGN(HugeMemory zeros, HugeMemory::Make(bytes));
  const auto owner = std::make_shared<const HugeMemory>(std::move(zeros));
  to->absent.resize(to->vectors.size());
  to->absent.resize(to->vectors.size() + count, true);
  to->vectors.Add(count, owner->data(), owner);
  to->files.push_back({fragment, count, "", 0});
  return {};
}

/// The files of one fragment, of which one at most has the column; a field has the same id in all files, whatever it is called.
Status AddFragment(const Context& context, std::span<const DataFileEntry> entries, const Field& field, std::uint64_t memory_limit,
                   VectorColumn* to) {
  if (entries.front().first_row != to->vectors.size())
    return Unsupported("fragment {} begins at row {}, not at {}", entries.front().fragment, entries.front().first_row,
                       to->vectors.size());
  bool found = false;
  std::uint64_t num_rows = 0;
  for (const DataFileEntry& entry : entries) {
    LANCEKIT_ASSIGN(const Table file, open(context, entry.path, Unchecked()));
    num_rows = file.row_count();
    // A file may still hold a column that another one has taken over since.
    if (!entry.fields.empty() && std::ranges::find(entry.fields, field.id) == entry.fields.end()) continue;
    const auto same = std::ranges::find(file.schema().fields, field.id, &Field::id);
    if (same == file.schema().fields.end()) continue;
    if (found) return Corrupt("fragment {} has the column '{}' in several files", entry.fragment, field.name);
    found = true;
    LANCEKIT_ASSIGN(const Vectors type, VectorsOf(*same));
    if (type.element() != to->vectors.element() || type.dimensions() != to->vectors.dimensions())
      return Invalid("the column '{}' of {} is of another type than the table's", field.name, entry.path);
    LANCEKIT_TRY(AddFile(context, entry, file, same->name, memory_limit, to));
  }
  return found ? Status() : AddAbsent(entries.front().fragment, num_rows, to);
}

}  // namespace

bool VectorColumn::IsDeleted(std::uint64_t row) const {
  const auto after = std::ranges::upper_bound(deleted, row, {}, &RowInterval::first);
  return after != deleted.begin() && row < std::prev(after)->first + std::prev(after)->count;
}

std::uint64_t VectorColumn::TableRow(std::uint64_t row) const {
  const auto after = std::ranges::upper_bound(deleted, row, {}, &RowInterval::first);
  return row - deleted_before[static_cast<std::size_t>(after - deleted.begin())];
}

std::optional<std::uint64_t> VectorColumn::FileRow(std::uint64_t table_row) const {
  if (table_row >= vectors.size() - deleted_before.back()) return std::nullopt;
  // Interval i begins behind so many rows of the table.
  std::size_t first = 0, count = deleted.size();
  while (count > 0) {
    const std::size_t half = count / 2;
    const std::size_t at = first + half;
    if (deleted[at].first - deleted_before[at] <= table_row) {
      first = at + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return table_row + deleted_before[first];
}

Result<VectorColumn> OpenVectorColumn(const Context& context, const std::string& table, const std::string& column,
                                      const OpenOptions& options, std::uint64_t memory_limit) {
  OpenOptions unchecked = options;
  unchecked.checksums = Checksums::kNever;
  LANCEKIT_ASSIGN(const Table whole, open(context, table, unchecked));
  const int at = whole.schema().index_of(column);
  if (at < 0) return Invalid("there is no column '{}'", column);
  const Field& field = whole.schema().fields[static_cast<std::size_t>(at)];
  LANCEKIT_ASSIGN(Vectors vectors, VectorsOf(field));
  VectorColumn result(std::move(vectors));
  result.field_id = field.id;
  LANCEKIT_ASSIGN(const DataFiles files, list_data_files(context, table, unchecked));
  result.dataset_version = files.is_dataset ? files.version : 0;
  for (std::size_t first = 0; first < files.files.size();) {
    std::size_t end = first;
    while (end < files.files.size() && files.files[end].fragment == files.files[first].fragment) ++end;
    LANCEKIT_TRY(AddFragment(context, std::span(files.files).subspan(first, end - first), field, memory_limit, &result));
    first = end;
  }
  if (result.vectors.size() >= kMaxNodes)
    return Invalid("{} rows; an index takes fewer than {}", result.vectors.size(), kMaxNodes);
  LANCEKIT_ASSIGN(result.deleted, list_deleted_rows(context, table, unchecked));
  result.deleted_before.push_back(0);
  for (const RowInterval& interval : result.deleted)
    result.deleted_before.push_back(result.deleted_before.back() + interval.count);
  if (result.vectors.size() - result.deleted_before.back() != whole.row_count())
    return Unsupported("the files have {} rows of which {} are deleted, the table has {}", result.vectors.size(),
                       result.deleted_before.back(), whole.row_count());
  result.absent.resize(result.absent.empty() ? 0 : result.vectors.size());
  return result;
}

}  // namespace lancekit::index
