#include "io/source.h"

#include <algorithm>

#include "base/checked_math.h"

namespace lancekit {
namespace {

class MemorySource final : public Source {
 public:
  MemorySource(Buffer bytes, std::string path) : Source(std::move(path), bytes.size(), nullptr), bytes_(std::move(bytes)) {}
  const std::byte* mapped_bytes() const noexcept override { return bytes_.data(); }

 protected:
  Result<Buffer> DoRead(std::uint64_t offset, std::uint64_t size) const override { return bytes_.Slice(offset, size); }

 private:
  Buffer bytes_;
};

}  // namespace

Status Source::CheckRange(std::uint64_t offset, std::uint64_t size) const {
  if (RangeFits(offset, size, size_)) return {};
  return At(Corrupt("{} bytes at {} lie outside the file of {} bytes", size, offset, size_), {.path = path_});
}

Result<Bytes> Source::View(std::uint64_t offset, std::uint64_t size, Buffer* holder) const {
  if (const std::byte* const all = mapped_bytes()) {
    LANCEKIT_TRY(CheckRange(offset, size));
    if (size != 0) CountReads(1, size);
    return Bytes(all + offset, size);
  }
  LANCEKIT_ASSIGN(*holder, Read(offset, size));
  return holder->bytes();
}

Result<Buffer> Source::Read(std::uint64_t offset, std::uint64_t size) const {
  LANCEKIT_TRY(CheckRange(offset, size));
  if (size == 0) return Buffer();
  CountReads(1, size);
  return DoRead(offset, size);
}

void Source::Prefetch(std::vector<FileRange> ranges) const {
  std::erase_if(ranges, [&](const FileRange& range) { return range.size == 0 || !RangeFits(range.offset, range.size, size_); });
  if (ranges.empty() || context_ == nullptr) return;
  std::ranges::sort(ranges, {}, &FileRange::offset);
  std::size_t last = 0;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    const std::uint64_t end = ranges[last].offset + ranges[last].size;
    if (ranges[i].offset > end) {
      ranges[++last] = ranges[i];
    } else {
      ranges[last].size = std::max(end, ranges[i].offset + ranges[i].size) - ranges[last].offset;
    }
  }
  context_->Count(Counter::kPrefetches, ranges.size());
  context_->Count(Counter::kReadsJoined, ranges.size() - 1 - last);
  ranges.resize(last + 1);
  DoPrefetch(ranges);
}

void Source::WillRead(FileRange range) const {
  if (range.offset >= size_ || context_ == nullptr) return;
  range.size = std::min(range.size, size_ - range.offset);
  if (range.size != 0 && DoWillRead(range)) context_->Count(Counter::kPrefetches);
}

std::shared_ptr<Source> MakeMemorySource(Buffer bytes, std::string path) {
  return std::make_shared<MemorySource>(std::move(bytes), std::move(path));
}

}  // namespace lancekit
