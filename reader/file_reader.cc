#include "reader/file_reader.h"

#include <algorithm>
#include <mutex>

#include "base/checked_math.h"

namespace lancekit {

Result<std::shared_ptr<const FileReader>> FileReader::Open(std::shared_ptr<const Source> source) {
  std::shared_ptr<FileReader> file(new FileReader(std::move(source)));
  LANCEKIT_TRY(At(file->Load(), {.path = file->source_->path()}));
  return std::shared_ptr<const FileReader>(std::move(file));
}

Result<Buffer> FileReader::ReadNearTail(std::uint64_t offset, std::uint64_t size) const {
  if (offset >= tail_offset_ && RangeFits(offset, size, source_->size())) return tail_.Slice(offset - tail_offset_, size);
  return source_->Read(offset, size);
}

Status FileReader::Load() {
  const std::uint64_t tail_bytes = std::min(source_->size(), format::kTailBytes);
  tail_offset_ = source_->size() - tail_bytes;
  LANCEKIT_ASSIGN(tail_, source_->Read(tail_offset_, tail_bytes));
  LANCEKIT_ASSIGN(footer_, format::ParseFooter(tail_.bytes(), source_->size()));
  LANCEKIT_ASSIGN(cmo_, ReadNearTail(footer_.cmo_offset, std::uint64_t{footer_.num_columns} * 16));
  LANCEKIT_ASSIGN(gbo_, ReadNearTail(footer_.gbo_offset, std::uint64_t{footer_.num_global_buffers} * 16));
  if (footer_.num_global_buffers == 0) return Corrupt("the file has no schema (no global buffers)");
  LANCEKIT_ASSIGN(const format::FileRange range, GlobalBufferRange(0));
  LANCEKIT_ASSIGN(const Buffer bytes, ReadNearTail(range.offset, range.size));
  auto descriptor = format::ParseFileDescriptor(bytes.bytes());
  if (!descriptor) return At(std::move(descriptor).status(), {.offset = range.offset});
  descriptor_ = *std::move(descriptor);
  std::vector<format::FileRange> global_buffers;
  for (std::uint32_t i = 0; i < footer_.num_global_buffers; ++i) {
    LANCEKIT_ASSIGN(global_buffers.emplace_back(), GlobalBufferRange(i));
  }
  statistics_ = std::make_shared<const FileStatistics>(source_, std::move(global_buffers), footer_);
  return {};
}

Result<format::FileRange> FileReader::ColumnMetadataRange(std::uint32_t column) const {
  if (column >= footer_.num_columns) {
    return Status(At(Corrupt("column {} of {}", column, footer_.num_columns), {.path = source_->path()}));
  }
  return format::TableEntry(cmo_.bytes(), column, source_->size());
}

Result<format::FileRange> FileReader::GlobalBufferRange(std::uint32_t buffer) const {
  if (buffer >= footer_.num_global_buffers) return Invalid("global buffer {} of {}", buffer, footer_.num_global_buffers);
  return format::TableEntry(gbo_.bytes(), buffer, source_->size());
}

Result<format::ColumnMetadata> FileReader::ReadColumnMetadata(std::uint32_t column) const {
  LANCEKIT_ASSIGN(const format::FileRange range, ColumnMetadataRange(column));
  LANCEKIT_ASSIGN(const Buffer bytes, ReadNearTail(range.offset, range.size));
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
  auto metadata = ReadColumnMetadata(column);
  if (!metadata) return At(std::move(metadata).status(), place);
  PageHashes hashes = HashesOf(column, *metadata);
  LANCEKIT_ASSIGN(auto reader, ColumnReader::Open(source_, *std::move(metadata), leaf.type, leaf.name, descriptor_.num_rows,
                                                  std::move(hashes)));
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
