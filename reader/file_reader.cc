#include "reader/file_reader.h"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "base/checked_math.h"
#include "base/hash.h"
#include "base/trace.h"
#include "base/without_throwing.h"
#include "format/schema.h"

namespace lancekit {

Result<std::shared_ptr<const FileReader>> FileReader::Open(std::shared_ptr<const Source> source, bool with_schema) {
  std::shared_ptr<FileReader> file(new FileReader(std::move(source)));
  LANCEKIT_TRY(At(file->Load(), {.path = file->source_->path()}));
  if (with_schema) LANCEKIT_TRY(file->LoadSchema());
  return std::shared_ptr<const FileReader>(std::move(file));
}

Result<Buffer> FileReader::ReadNearTail(std::uint64_t offset, std::uint64_t size) const {
  if (offset >= tail_offset_ && RangeFits(offset, size, source_->size())) return tail_.Slice(offset - tail_offset_, size);
  return source_->Read(offset, size);
}

Status FileReader::Load() {
  const TraceSpan span(source_->context(), "footer");
  const std::uint64_t tail_bytes = std::min(source_->size(), format::kTailBytes);
  tail_offset_ = source_->size() - tail_bytes;
  LANCEKIT_ASSIGN(tail_, source_->Read(tail_offset_, tail_bytes));
  LANCEKIT_ASSIGN(footer_, format::ParseFooter(tail_.bytes(), source_->size()));
  LANCEKIT_ASSIGN(gbo_, ReadNearTail(footer_.gbo_offset, std::uint64_t{footer_.num_global_buffers} * 16));
  if (footer_.num_global_buffers == 0) return Corrupt("the file has no schema (no global buffers)");
  LANCEKIT_ASSIGN(descriptor_, GlobalBufferRange(0));
  std::vector<format::FileRange> global_buffers;
  for (std::uint32_t i = 0; i < footer_.num_global_buffers; ++i) {
    LANCEKIT_ASSIGN(global_buffers.emplace_back(), GlobalBufferRange(i));
  }
  statistics_ = std::make_shared<const FileStatistics>(source_, std::move(global_buffers), footer_);
  constexpr std::uint64_t kHeadBytes = 16;
  LANCEKIT_ASSIGN(const Buffer head, ReadNearTail(descriptor_.offset, std::min(kHeadBytes, descriptor_.size)));
  schema_place_ = format::FindSchema(head.bytes(), descriptor_.size);
  const std::uint64_t schema_end = schema_place_.has_value() ? schema_place_->offset + schema_place_->size : 0;
  LANCEKIT_ASSIGN(const Buffer rest, ReadNearTail(descriptor_.offset + schema_end, descriptor_.size - schema_end));
  auto num_rows = format::ParseNumRows(rest.bytes());
  if (!num_rows) return At(std::move(num_rows).status(), {.offset = descriptor_.offset + schema_end});
  num_rows_ = *num_rows;
  return {};
}

Status FileReader::LoadSchema() const {
  std::call_once(schema_parsed_, [this] {
    schema_status_ =
        At(WithoutThrowing([this] { return ParseSchema(); }), {.path = source_->path(), .offset = descriptor_.offset});
  });
  if (schema_status_.ok()) return {};
  return schema_status_.error();
}

Status FileReader::ParseSchema() const {
  const TraceSpan span(source_->context(), "schema");
  LANCEKIT_ASSIGN(const Buffer bytes, ReadNearTail(descriptor_.offset, descriptor_.size));
  LANCEKIT_ASSIGN(format::FileDescriptor descriptor, format::ParseFileDescriptor(bytes.bytes()));
  schema_ = std::move(descriptor.schema);
  return {};
}

namespace {

/// Names that may be those of the top-level field that a path leads into: the path up to each of its dots, and whole.
template <class Visit>
Status ForEachPrefix(std::string_view path, Visit visit) {
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1))
    LANCEKIT_TRY(visit(path.substr(0, dot)));
  return visit(path);
}

}  // namespace

std::optional<std::pair<format::NameIndex, FileRange>> FileReader::FindNameIndex() const {
  if (!schema_place_.has_value()) return {};
  for (std::uint32_t i = 1; i < footer_.num_global_buffers; ++i) {
    const auto place = GlobalBufferRange(i);
    if (!place || place->size < format::NameIndex::kHeaderBytes) continue;
    const auto header = ReadNearTail(place->offset, format::NameIndex::kHeaderBytes);
    if (!header) continue;
    const auto index = format::NameIndex::Parse(header->bytes(), place->size);
    if (index.has_value() && index->fields_end() <= schema_place_->size) return std::pair(*index, *place);
  }
  return {};
}

Result<std::optional<std::uint32_t>> FileReader::LookUp(const format::NameIndex& index, const FileRange& place,
                                                        std::string_view name, SomeFields* found) const {
  const std::uint64_t hash = HashBytes(std::as_bytes(std::span(name)));
  std::uint64_t bucket = index.FirstBucket(hash);
  for (std::uint64_t tried = 0; tried < index.num_buckets(); ++tried) {
    const FileRange range = format::NameIndex::RangeOf(bucket);
    LANCEKIT_ASSIGN(const Buffer bytes, ReadNearTail(place.offset + range.offset, range.size));
    auto entries = format::NameIndex::ParseBucket(bytes.bytes());
    if (!entries) return At(std::move(entries).status(), {.offset = place.offset + range.offset});
    for (const format::NamedField& entry : *entries) {
      if (entry.size == 0) return std::optional<std::uint32_t>();
      if (entry.name_hash != static_cast<std::uint32_t>(hash)) continue;
      if (!RangeFits(entry.begin, entry.size, schema_place_->size)) return Corrupt("the name index leads out of the schema");
      const std::uint64_t offset = descriptor_.offset + schema_place_->offset + entry.begin;
      LANCEKIT_ASSIGN(const Buffer messages, ReadNearTail(offset, entry.size));
      if (static_cast<std::uint32_t>(HashBytes(messages.bytes())) != entry.fields_hash)
        return At(Corrupt("{} bytes of the schema differ from their hash", entry.size), {.offset = offset});
      LANCEKIT_ASSIGN(std::vector<Field> fields, format::ParseFieldMessages(messages.bytes()));
      if (fields.size() != 1 || fields[0].name != name) continue;
      found->schema.fields.push_back(std::move(fields[0]));
      found->first_columns.push_back(entry.first_column);
      return std::optional(entry.begin);
    }
    bucket = bucket + 1 == index.num_buckets() ? 0 : bucket + 1;
  }
  return std::optional<std::uint32_t>();
}

Result<SomeFields> FileReader::FindFields(const std::vector<std::string>& names) const {
  const TraceSpan span(source_->context(), "schema");
  if (const auto index = FindNameIndex()) {
    auto found = LookUpAll(index->first, index->second, names);
    // A damaged index, or one that leads to damage: the schema tells.
    if (found || found.error().code != ErrorCode::kCorruption) return found;
  }
  auto found = WalkFields(names);
  if (!found) return At(std::move(found).status(), {.path = source_->path()});
  return found;
}

Result<SomeFields> FileReader::LookUpAll(const format::NameIndex& index, const FileRange& place,
                                         const std::vector<std::string>& names) const {
  SomeFields some;
  std::vector<std::uint32_t> begins;
  for (const std::string& name : names) {
    LANCEKIT_TRY(ForEachPrefix(name, [&](std::string_view prefix) -> Status {
      const auto is_prefix = [&](const Field& field) { return field.name == prefix; };
      if (std::ranges::any_of(some.schema.fields, is_prefix)) return {};
      LANCEKIT_ASSIGN(const std::optional<std::uint32_t> begin, LookUp(index, place, prefix, &some));
      if (begin.has_value()) begins.push_back(*begin);
      return {};
    }));
  }
  // In the order of the file: of names that could be either of two fields, the first counts.
  std::vector<std::size_t> order(begins.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return begins[i]; });
  SomeFields sorted;
  for (const std::size_t i : order) {
    sorted.schema.fields.push_back(std::move(some.schema.fields[i]));
    sorted.first_columns.push_back(some.first_columns[i]);
  }
  const std::uint64_t rest = schema_place_->offset + index.fields_end();
  LANCEKIT_ASSIGN(const Buffer bytes, ReadNearTail(descriptor_.offset + rest, descriptor_.size - rest));
  if (HashBytes(bytes.bytes()) != index.rest_hash()) return Corrupt("the end of the schema differs from its hash");
  LANCEKIT_ASSIGN(sorted.schema.metadata,
                  format::ParseSchemaMetadata(bytes.bytes().first(schema_place_->size - index.fields_end())));
  return sorted;
}

Result<SomeFields> FileReader::WalkFields(const std::vector<std::string>& names) const {
  SomeFields some;
  LANCEKIT_ASSIGN(const Buffer bytes, ReadNearTail(descriptor_.offset, descriptor_.size));
  const FileRange place = schema_place_.value_or(FileRange{});
  const Bytes schema = bytes.bytes().subspan(place.offset, place.size);
  std::uint64_t fields_end = 0;
  auto list = format::ListFields(schema, &fields_end);
  if (!schema_place_.has_value() || (!list && list.error().code == ErrorCode::kUnsupported)) {
    // Parts or fields in an unusual order.
    LANCEKIT_TRY(LoadSchema());
    some.schema = schema_;
    std::uint32_t next = 0;
    for (const Field& field : schema_.fields) {
      some.first_columns.push_back(next);
      next += format::NumColumns(field);
    }
    return some;
  }
  LANCEKIT_ASSIGN(const std::vector<format::ListedField> listed, std::move(list));
  std::uint64_t column = 0;
  for (const format::ListedField& field : listed) {
    const bool wanted = std::ranges::any_of(names, [&](const std::string& name) { return format::LeadsInto(name, field.name); });
    std::uint64_t num_columns = 1;
    if (wanted || field.num_messages > 1) {
      LANCEKIT_ASSIGN(std::vector<Field> fields, format::ParseFieldMessages(schema.subspan(field.begin, field.size)));
      if (fields.size() != 1) return Corrupt("a schema whose fields do not follow their parents");
      num_columns = format::NumColumns(fields[0]);
      if (wanted) {
        some.schema.fields.push_back(std::move(fields[0]));
        some.first_columns.push_back(static_cast<std::uint32_t>(column));
      }
    }
    column += num_columns;
  }
  LANCEKIT_ASSIGN(some.schema.metadata, format::ParseSchemaMetadata(schema));
  return some;
}

Result<format::FileRange> FileReader::ColumnMetadataRange(std::uint32_t column) const {
  if (column >= footer_.num_columns) {
    return Status(At(Corrupt("column {} of {}", column, footer_.num_columns), {.path = source_->path()}));
  }
  constexpr std::uint64_t kEntryBytes = 16;
  LANCEKIT_ASSIGN(const Buffer entry, ReadNearTail(footer_.cmo_offset + column * kEntryBytes, kEntryBytes));
  auto range = format::TableEntry(entry.bytes(), 0, source_->size());
  if (!range) return At(Corrupt("column {}: {}", column, range.error().message), {.path = source_->path()});
  return range;
}

Result<format::FileRange> FileReader::GlobalBufferRange(std::uint32_t buffer) const {
  if (buffer >= footer_.num_global_buffers) return Invalid("global buffer {} of {}", buffer, footer_.num_global_buffers);
  return format::TableEntry(gbo_.bytes(), buffer, source_->size());
}

Result<format::ColumnMetadata> FileReader::ReadColumnMetadata(std::uint32_t column) const {
  LANCEKIT_ASSIGN(const format::FileRange range, ColumnMetadataRange(column));
  LANCEKIT_ASSIGN(const Buffer bytes, ReadNearTail(range.offset, range.size));
  LANCEKIT_TRY(At(statistics_->CheckMetadata(column, bytes.bytes()), {.path = source_->path(), .offset = range.offset}));
  auto metadata = format::ParseColumnMetadata(bytes.bytes(), source_->size());
  if (!metadata) return At(std::move(metadata).status(), {.path = source_->path(), .offset = range.offset});
  return metadata;
}

Result<std::shared_ptr<const ColumnReader>> FileReader::Column(std::uint32_t column, const FieldLeaf& leaf) const {
  const Place place{.path = source_->path(), .column = leaf.name};
  {
    std::shared_lock lock(mutex_);
    if (const auto it = columns_.find(column); it != columns_.end()) {
      // A manifest can give one column to two fields; reading it as another type would break out of its buffers.
      const LeafType& known = it->second->leaf();
      if (known.type != leaf.type.type || known.parents != leaf.type.parents) {
        return At(Corrupt("column {} is claimed with two types", column), place);
      }
      return it->second;
    }
  }
  TraceSpan span(source_->context(), "column metadata");
  span.SetPlace(leaf.name);
  auto metadata = ReadColumnMetadata(column);
  if (!metadata) return At(std::move(metadata).status(), place);
  PageHashes hashes = HashesOf(column, *metadata);
  LANCEKIT_ASSIGN(auto reader,
                  ColumnReader::Open(source_, *std::move(metadata), leaf.type, leaf.name, num_rows_, std::move(hashes)));
  span.End();
  {
    std::unique_lock lock(mutex_);
    const auto [kept, is_first] = columns_.emplace(column, std::move(reader));
    if (is_first) return kept->second;
  }
  return Column(column, leaf);  // another thread was faster, maybe with another type
}

Result<std::shared_ptr<const legacy::Column>> FileReader::LegacyColumn(std::uint32_t column, const LeafType* leaf,
                                                                       const std::string& name) const {
  const Place place{.path = source_->path(), .column = name};
  {
    std::shared_lock lock(mutex_);
    if (const auto it = legacy_columns_.find(column); it != legacy_columns_.end()) {
      const std::optional<LeafType>& known = it->second->leaf();
      if (known.has_value() != (leaf != nullptr) ||
          (leaf != nullptr && (known->type != leaf->type || known->parents != leaf->parents))) {
        return At(Corrupt("column {} is claimed with two types", column), place);
      }
      return it->second;
    }
  }
  auto metadata = ReadColumnMetadata(column);
  if (!metadata) return At(std::move(metadata).status(), place);
  std::optional<LeafType> type;
  if (leaf != nullptr) type = *leaf;
  LANCEKIT_ASSIGN(auto reader, legacy::Column::Open(source_, *std::move(metadata), std::move(type), name));
  {
    std::unique_lock lock(mutex_);
    const auto [kept, is_first] = legacy_columns_.emplace(column, std::move(reader));
    if (is_first) return kept->second;
  }
  return LegacyColumn(column, leaf, name);
}

}  // namespace lancekit
