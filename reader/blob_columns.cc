// Blob v2: a packed struct (kind, position, size, blob_id, blob_uri) per row says where the bytes are.
//
//   kind 0: in this file; 1: in a sidecar with others; 2: a sidecar of its own; 3: at a URI
//   sidecar: the folder named like the data file without ".lance"; the name is the 32 bits of blob_id, lowest first, as
//   '0' and '1', and ".blob"
//
// Source: lance rust lance-encoding logical/blob.rs, lance-core utils/blob.rs.
#include "reader/blob_columns.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/checked_math.h"
#include "format/schema.h"
#include "structural/levels.h"

namespace lancekit {
namespace {

constexpr const char* kBlobKey = "lance-encoding:blob";
constexpr std::uint64_t kInline = 0, kPacked = 1, kDedicated = 2;

struct Descriptor {
  std::uint64_t kind = 0;
  std::uint64_t position = 0;
  std::uint64_t size = 0;
  std::uint64_t id = 0;
};

/// The fields of the descriptor that say where the bytes are, by name.
struct DescriptorFields {
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::size_t kind = kNone, position = kNone, size = kNone, id = kNone;

  static Result<DescriptorFields> Find(const DataType& type) {
    DescriptorFields found;
    for (std::size_t i = 0; i < type.children.size(); ++i) {
      const Field& field = type.children[i];
      if (field.name == "kind" && field.type.id == TypeId::kUInt8) found.kind = i;
      if (field.name == "position" && field.type.id == TypeId::kUInt64) found.position = i;
      if (field.name == "size" && field.type.id == TypeId::kUInt64) found.size = i;
      if (field.name == "blob_id" && field.type.id == TypeId::kUInt32) found.id = i;
    }
    if (std::max({found.kind, found.position, found.size, found.id}) == kNone)
      return Unsupported("blob descriptors of type {}", type.to_string());
    return found;
  }
};

std::string SidecarPath(const std::string& data_file, std::uint64_t id) {
  std::string name;
  for (unsigned bit = 0; bit < 32; ++bit) name += (id >> bit & 1) != 0 ? '1' : '0';
  return (std::filesystem::path(data_file).replace_extension() / (name + ".blob")).string();
}

class BlobColumn final : public FieldReader {
  /// By blob_id, opened once for the rows of one call.
  using Sidecars = std::map<std::uint64_t, std::shared_ptr<const Source>>;

 public:
  BlobColumn(std::shared_ptr<const FileReader> file, std::shared_ptr<const ColumnReader> column, DescriptorFields fields,
             ContextImpl& context)
      : file_(std::move(file)), column_(std::move(column)), fields_(fields), context_(context) {}

  Status Read(std::span<const ValueRange> rows, FieldSink* sink, PageScratch* scratch) const override {
    LANCEKIT_ASSIGN(const ArrayData array, ReadDescriptors(rows, scratch));
    sink->SetPresent({true});
    LeafSink& leaf = sink->leaf(0);
    const std::uint64_t count = CountRows(rows);
    LANCEKIT_TRY(CheckBudget(SizesOf(array)));
    Sidecars sidecars;
    for (std::uint64_t i = 0; i < count; ++i) {
      LANCEKIT_ASSIGN(const BlobBytes blob, Locate(array, i, &sidecars));
      LANCEKIT_ASSIGN(const Buffer bytes, blob.Read(0, blob.size));
      if (!leaf.values().HasRoom(bytes.size()))
        return MakeError(ErrorCode::kResourceLimit, "{} bytes of blobs do not fit into one batch", bytes.size());
      const std::uint64_t offsets[] = {0, bytes.size()};
      LANCEKIT_TRY(leaf.values().AppendStrings(offsets, bytes.data(), 1));
      blob.is_null ? leaf.AppendNull(1) : leaf.AppendValid(1);
    }
    leaf.CountEntries(count);
    sink->FillAbsent(count);
    return {};
  }

  Result<std::vector<BlobBytes>> FindBlobs(std::span<const ValueRange> rows) const override {
    PageScratch scratch;
    LANCEKIT_ASSIGN(const ArrayData array, ReadDescriptors(rows, &scratch));
    Sidecars sidecars;
    std::vector<BlobBytes> blobs(static_cast<std::size_t>(array.length));
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      LANCEKIT_ASSIGN(blobs[i], Locate(array, i, &sidecars));
    }
    return blobs;
  }

  Result<std::vector<std::uint64_t>> BlobSizes(std::span<const ValueRange> rows) const override {
    PageScratch scratch;
    LANCEKIT_ASSIGN(const ArrayData array, ReadDescriptors(rows, &scratch));
    return SizesOf(array);
  }

  std::uint64_t PageEnd(std::uint64_t row) const override { return column_->PageEnd(row); }
  // Blobs are large; batches stay small.
  std::uint64_t EstimateRowBytes() const override { return std::uint64_t{1} << 16; }

 private:
  Result<ArrayData> ReadDescriptors(std::span<const ValueRange> rows, PageScratch* scratch) const {
    LeafSink sink(column_->leaf(), CountRows(rows));
    LANCEKIT_TRY(column_->Read(rows, &sink, scratch));
    return std::move(sink).Finish();
  }

  static bool IsNull(const ArrayData& array, std::uint64_t row) {
    return array.null_count != 0 && !GetBit(array.validity.data(), row);
  }
  std::uint64_t SizeOf(const ArrayData& array, std::uint64_t row) const {
    return LoadLe<std::uint64_t>(array.children[fields_.size].values.data() + 8 * row);
  }
  std::vector<std::uint64_t> SizesOf(const ArrayData& array) const {
    std::vector<std::uint64_t> sizes(static_cast<std::size_t>(array.length));
    for (std::uint64_t i = 0; i < sizes.size(); ++i) sizes[i] = IsNull(array, i) ? 0 : SizeOf(array, i);
    return sizes;
  }

  // One blob is read whatever its size: nothing smaller could be.
  Status CheckBudget(const std::vector<std::uint64_t>& sizes) const {
    const std::uint64_t budget = context_.options().memory_budget;
    std::uint64_t left = budget;
    for (const std::uint64_t size : sizes) {
      if (sizes.size() > 1 && size > left)
        return MakeError(ErrorCode::kResourceLimit, "{} blobs of more than {} bytes in all", sizes.size(), budget);
      left -= std::min(size, left);
    }
    return {};
  }

  Result<BlobBytes> Locate(const ArrayData& array, std::uint64_t row, Sidecars* sidecars) const {
    BlobBytes blob;
    if (IsNull(array, row)) {
      blob.is_null = true;
      return blob;
    }
    Descriptor descriptor;
    descriptor.kind = LoadLe<std::uint8_t>(array.children[fields_.kind].values.data() + row);
    descriptor.position = LoadLe<std::uint64_t>(array.children[fields_.position].values.data() + 8 * row);
    descriptor.size = SizeOf(array, row);
    descriptor.id = LoadLe<std::uint32_t>(array.children[fields_.id].values.data() + 4 * row);
    auto located = Open(descriptor, sidecars);
    if (!located) return At(std::move(located).status(), {.path = file_->source().path(), .column = column_->name()});
    return located;
  }

  Result<BlobBytes> Open(const Descriptor& descriptor, Sidecars* sidecars) const {
    BlobBytes blob;
    blob.size = descriptor.size;
    if (descriptor.size == 0 && descriptor.kind <= kDedicated) return blob;
    switch (descriptor.kind) {
      case kInline:
        blob.source = file_->shared_source();
        blob.offset = descriptor.position;
        break;
      case kPacked:
      case kDedicated: {
        std::shared_ptr<const Source>& sidecar = (*sidecars)[descriptor.id];
        if (sidecar == nullptr) {
          LANCEKIT_ASSIGN(sidecar, OpenFileSource(context_, SidecarPath(file_->source().path(), descriptor.id)));
        }
        blob.source = sidecar;
        blob.offset = descriptor.kind == kPacked ? descriptor.position : 0;
        break;
      }
      default:
        return Unsupported("a blob of kind {}, which lies outside the dataset", descriptor.kind);
    }
    if (!RangeFits(blob.offset, blob.size, blob.source->size())) {
      return Corrupt("a blob at [{}, +{}) of {}, which has {} bytes", blob.offset, blob.size, blob.source->path(),
                     blob.source->size());
    }
    return blob;
  }

  std::shared_ptr<const FileReader> file_;
  std::shared_ptr<const ColumnReader> column_;
  DescriptorFields fields_;
  ContextImpl& context_;
};

bool HasKey(const Field& field, std::string_view key) {
  return std::ranges::any_of(field.metadata, [&](const auto& entry) { return entry.first == key; });
}

/// The field that owns the column; null when there is no such column.
const Field* OwnerOf(const FileReader& file, std::uint32_t column) {
  if (!file.LoadSchema().ok()) return nullptr;
  const std::vector<format::Leaf> leaves = format::Leaves(file.schema());
  return column < leaves.size() ? leaves[column].path.back() : nullptr;
}

}  // namespace

void ShowBlobsAsBytes(std::vector<Field>* fields) {
  for (Field& field : *fields) {
    if (!format::IsBlobV2(field)) {
      ShowBlobsAsBytes(&field.type.children);
      continue;
    }
    field.type = DataType{.id = TypeId::kLargeBinary};
    std::erase_if(field.metadata, [](const auto& entry) { return entry.first.starts_with("ARROW:extension:"); });
    if (!HasKey(field, kBlobKey)) field.metadata.emplace_back(kBlobKey, "true");
  }
}

bool MayHoldBlobs(const Field& field) { return HasKey(field, kBlobKey); }

bool HoldsBlobDescriptors(const FileReader& file, std::uint32_t column, const Field& field) {
  if (!MayHoldBlobs(field)) return false;
  const Field* const owner = OwnerOf(file, column);
  return owner != nullptr && owner->type.id == TypeId::kStruct;
}

Result<std::shared_ptr<const FieldReader>> OpenBlobColumn(std::shared_ptr<const FileReader> file, std::uint32_t column,
                                                          ContextImpl& context) {
  FieldLeaf leaf;
  leaf.field = OwnerOf(*file, column);
  leaf.name = leaf.field->name;
  LANCEKIT_ASSIGN(leaf.type, MakeLeafType(leaf.field->type));
  LANCEKIT_ASSIGN(const DescriptorFields fields, DescriptorFields::Find(leaf.type.type));
  LANCEKIT_ASSIGN(auto reader, file->Column(column, leaf));
  return std::shared_ptr<const FieldReader>(std::make_shared<BlobColumn>(std::move(file), std::move(reader), fields, context));
}

}  // namespace lancekit
