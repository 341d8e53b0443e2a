// Descriptors of blob v2, all of kind 0: the bytes are in the data file itself. Sidecars, which the reference writes for large
// values, are no more than a choice; readers take either.
#include "writer/blob_buffer.h"

#include <algorithm>

#include "base/bitmap.h"
#include "writer/packed_rows.h"

namespace lancekit {
namespace {

// A descriptor in a blob page: position, size.
constexpr std::uint64_t kPlaceBytes = 16;
// A descriptor of blob v2: kind u8, position u64, size u64, blob_id u32, length of blob_uri u32.
constexpr std::uint64_t kDescriptorBytes = 25;
// Blobs of so many bytes, or so many rows, have a hash together: few enough to be lost together.
constexpr std::uint64_t kBlobRunBytes = 64 << 10;
constexpr std::uint64_t kBlobRunRows = format::kZoneRows;

/// The bytes of a blob that is given as large_binary, or as the extension type's struct.
Result<Bytes> BytesAt(const ArrayView& blobs, std::uint64_t slot) {
  const ArrayView* data = &blobs;
  if (blobs.type->id == TypeId::kStruct) {
    for (std::size_t i = 0; i < blobs.children.size(); ++i) {
      const std::string& name = blobs.type->children[i].name;
      if (name == "data") data = &blobs.children[i];
      if (name == "uri" && !IsNullAt(blobs.children[i], slot)) return Unsupported("blobs at a URI cannot be written, only bytes");
    }
    if (IsNullAt(*data, slot)) return Invalid("a blob without data that is not null");
  }
  const std::uint64_t position = SlotOf(*data, slot);
  const std::uint64_t start = OffsetAt(*data, true, position);
  return Bytes(data->data + start, static_cast<std::size_t>(OffsetAt(*data, true, position + 1) - start));
}

}  // namespace

Result<BlobBuffer> BlobBuffer::Make(const LeafType& leaf, const LeafPath& path, std::uint64_t page_bytes,
                                    format::FileVersion version, bool with_hashes) {
  if (path.has_lists() || path.stride() != 1)
    return Unsupported("blobs in lists cannot be read back by Lance; remove lance-encoding:blob");
  return BlobBuffer(leaf, path, page_bytes, version, with_hashes);
}

Status BlobBuffer::Append(const ArrayView& top, std::uint64_t first, std::uint64_t count) {
  LANCEKIT_TRY(shredder_.Shred(top, first, count));
  const ArrayView& blobs = path_->LeafView(top);
  waiting_.clear();
  waiting_.resize(count);
  next_ = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    waiting_[i].level = shredder_.def().empty() ? std::uint16_t{0} : shredder_.def()[i];
    if (waiting_[i].level != 0) continue;
    LANCEKIT_ASSIGN(waiting_[i].bytes, BytesAt(blobs, first + i));
  }
  return {};
}

Result<std::uint64_t> BlobBuffer::WriteNext(FileWriter* file) {
  const Value& value = waiting_[next_++];
  BlobPlace place{.bytes = {}, .level = value.level};
  if (!value.bytes.empty()) {
    LANCEKIT_ASSIGN(place.bytes, file->WriteBlob(value.bytes));
  }
  places_.push_back(place);
  if (hasher_.has_value()) AddToRun(value.bytes);
  return value.bytes.size();
}

void BlobBuffer::AddToRun(Bytes bytes) {
  hasher_->Add(bytes);
  run_bytes_ += bytes.size();
  if (++run_rows_ == kBlobRunRows || run_bytes_ >= kBlobRunBytes) EndRun();
}

void BlobBuffer::EndRun() {
  if (run_rows_ != 0) runs_.push_back({run_rows_, hasher_->Finish()});
  run_rows_ = run_bytes_ = 0;
}

std::vector<format::BlobRun> BlobBuffer::TakeRuns() {
  EndRun();
  return std::exchange(runs_, {});
}

bool BlobBuffer::full() const noexcept {
  return places_.size() * (leaf_->shape.packed() ? kDescriptorBytes : kPlaceBytes) >= page_bytes_;
}

PageZones BlobBuffer::Zones() const {
  const bool has_values = std::ranges::any_of(places_, [](const BlobPlace& place) { return place.level == 0; });
  const std::size_t zone_rows = has_values ? std::size_t{format::kZoneRows} : places_.size();
  PageZones result;
  for (std::size_t row = 0; row < places_.size(); row += zone_rows) {
    const auto rows = std::span(places_).subspan(row, std::min(zone_rows, places_.size() - row));
    format::Zone zone;
    zone.num_rows = zone.num_values = rows.size();
    zone.num_nulls =
        static_cast<std::uint64_t>(std::ranges::count_if(rows, [](const BlobPlace& place) { return place.level != 0; }));
    result.Add(std::move(zone));
  }
  return result;
}

Result<EncodedPage> BlobBuffer::TakePage(bool only_page) {
  EncodedPage page;
  if (leaf_->shape.packed()) {
    page = DescriptorPage();
  } else {
    std::vector<bool> occurs(path_->max_def() + 1u, false);
    for (const BlobPlace& place : places_) occurs[place.level] = true;
    std::vector<std::uint16_t> numbers;
    std::vector<format::RepDefLayer> layers = path_->Layers(std::move(occurs), only_page, &numbers);
    for (BlobPlace& place : places_) place.level = numbers[place.level];
    LANCEKIT_ASSIGN(page, WriteBlobPage(places_, std::move(layers), version_));
  }
  places_.clear();
  return page;
}

EncodedPage BlobBuffer::DescriptorPage() const {
  MutableBuffer data;
  MutableBuffer validity;
  validity.AppendFill(BitmapBytes(places_.size()), std::byte{0});
  std::vector<std::uint64_t> offsets{0};
  for (const BlobPlace& place : places_) {
    const bool valid = place.level == 0;
    SetBitTo(validity.data(), offsets.size() - 1, valid);
    if (valid) {
      data.AppendLe<std::uint8_t>(0);
      data.AppendLe<std::uint64_t>(place.bytes.offset);
      data.AppendLe<std::uint64_t>(place.bytes.size);
      data.AppendLe<std::uint32_t>(0);
      data.AppendLe<std::uint32_t>(0);
    }
    offsets.push_back(data.size());
  }
  if (data.size() == 0) return WriteAllNullPage(places_.size());
  PageValues page;
  page.num_rows = page.values.length = places_.size();
  page.validity = data.size() == places_.size() * kDescriptorBytes ? nullptr : validity.data();
  page.values.shape.kind = ValueShape::Kind::kVariable;
  return WriteVariableFullZipPage(page, {DescribePackedStruct(leaf_->shape), data.data(), offsets});
}

}  // namespace lancekit
