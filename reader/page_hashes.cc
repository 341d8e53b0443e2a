#include "reader/page_hashes.h"

#include <algorithm>

#include "base/checked_math.h"
#include "base/hash.h"
#include "base/trace.h"

namespace lancekit {

PageHashes::PageHashes(std::shared_ptr<const Source> source, std::shared_ptr<const FileStatistics> statistics,
                       std::uint32_t column, const format::ColumnMetadata& metadata)
    : source_(std::move(source)), statistics_(std::move(statistics)), column_(column), pieces_(std::make_unique<Pieces>()) {
  first_buffers_.push_back(0);
  for (const format::PageMetadata& page : metadata.pages) {
    buffers_.insert(buffers_.end(), page.buffers.begin(), page.buffers.end());
    first_buffers_.push_back(buffers_.size());
  }
}

Result<PageHashes::Pieces*> PageHashes::Load() const {
  std::call_once(pieces_->once, [&] {
    const auto hashes = statistics_->HashesOf(column_);
    if (!hashes.has_value()) return;
    pieces_->hashes = *hashes;
    pieces_->status = CountPieces();
    // Unverified ones that do not fit are damage of the column only if they are what was written.
    if (!pieces_->status.ok() && statistics_->Get() == nullptr)
      pieces_->status = {};
    else
      pieces_->known = true;
  });
  if (!pieces_->status.ok()) return pieces_->status.error();
  return pieces_->known ? pieces_.get() : nullptr;
}

Status PageHashes::CountPieces() const {
  const std::uint64_t num_hashes = pieces_->hashes.count;
  std::uint64_t num_pieces = 0;
  std::vector<std::uint64_t> first;
  bool fits = true;
  for (const format::FileRange& buffer : buffers_) {
    first.push_back(num_pieces);
    fits = fits && CheckedAdd(num_pieces, format::NumHashPieces(buffer.size, pieces_->hashes.piece_bytes), &num_pieces);
  }
  if (!fits || num_pieces != num_hashes)
    return Corrupt("the statistics list {} hashes for the {} buffers of the column", num_hashes, buffers_.size());
  pieces_->first = std::move(first);
  pieces_->opened = std::vector<std::atomic<bool>>(first_buffers_.size() - 1);
  pieces_->are_sound = std::vector<std::atomic<bool>>(num_pieces);
  return {};
}

format::FileRange PageHashes::PieceAt(std::size_t buffer, std::uint64_t index) const {
  const format::FileRange& all = buffers_[buffer];
  const std::uint64_t begin = index * pieces_->hashes.piece_bytes;
  return {all.offset + begin, std::min(pieces_->hashes.piece_bytes, all.size - begin)};
}

Result<std::vector<PageHashes::DamagedBytes>> PageHashes::FindDamage(std::size_t page) const {
  std::vector<DamagedBytes> damage;
  LANCEKIT_ASSIGN(const Pieces* const pieces, Load());
  if (pieces == nullptr) return damage;
  for (std::size_t buffer = first_buffers_[page]; buffer < first_buffers_[page + 1]; ++buffer) {
    bool follows = false;  // a piece that differs
    for (std::uint64_t i = 0; i < format::NumHashPieces(buffers_[buffer].size, pieces->hashes.piece_bytes); ++i) {
      const format::FileRange piece = PieceAt(buffer, i);
      LANCEKIT_ASSIGN(const bool matches, MatchesHash(*source_, piece, pieces->hashes[pieces->first[buffer] + i]));
      if (!matches && follows) {
        damage.back().bytes.size += piece.size;
      } else if (!matches) {
        damage.push_back({buffer - first_buffers_[page], piece});
      }
      follows = !matches;
    }
  }
  return damage;
}

Status PageHashes::CheckPiece(std::size_t buffer, std::uint64_t index, const ReadBytes& read) const {
  const std::uint64_t number = pieces_->first[buffer] + index;
  if (pieces_->are_sound[number].load(std::memory_order_relaxed)) return {};
  const format::FileRange piece = PieceAt(buffer, index);
  const std::uint64_t hash = pieces_->hashes[number];
  bool matches = false;
  if (piece.offset >= read.offset && RangeFits(piece.offset - read.offset, piece.size, read.bytes.size())) {
    matches = HashBytes(read.bytes.subspan(piece.offset - read.offset, piece.size)) == hash;
  } else {
    LANCEKIT_ASSIGN(matches, MatchesHash(*source_, piece, hash));
  }
  if (!matches && statistics_->Get() != nullptr) {
    const std::size_t page =
        static_cast<std::size_t>(std::ranges::upper_bound(first_buffers_, buffer) - first_buffers_.begin()) - 1;
    return At(Corrupt("{} bytes of buffer {} differ from their hash", piece.size, buffer - first_buffers_[page]),
              {.offset = piece.offset});
  }
  pieces_->are_sound[number].store(true, std::memory_order_relaxed);
  return {};
}

Status PageHashes::CheckBuffers(std::size_t page, std::optional<std::size_t> except) const {
  LANCEKIT_ASSIGN(const Pieces* const pieces, Load());
  if (pieces == nullptr) return {};
  for (std::size_t buffer = first_buffers_[page]; buffer < first_buffers_[page + 1]; ++buffer) {
    if (buffer - first_buffers_[page] == except) continue;
    for (std::uint64_t i = 0; i < format::NumHashPieces(buffers_[buffer].size, pieces->hashes.piece_bytes); ++i)
      LANCEKIT_TRY(CheckPiece(buffer, i, {}));
  }
  return {};
}

Status PageHashes::CheckOpened(std::size_t page, std::optional<std::size_t> data_buffer) const {
  LANCEKIT_ASSIGN(Pieces* const pieces, Load());
  if (pieces == nullptr || pieces->opened[page].load(std::memory_order_relaxed)) return {};
  const TraceSpan span(source_->context(), "check hashes");
  LANCEKIT_TRY(CheckBuffers(page, data_buffer));
  pieces->opened[page].store(true, std::memory_order_relaxed);
  return {};
}

Status PageHashes::CheckPart(std::size_t page, std::size_t buffer, const format::FileRange& part, const ReadBytes& read) const {
  LANCEKIT_ASSIGN(const Pieces* const pieces, Load());
  if (pieces == nullptr || part.size == 0) return {};
  const std::size_t index = first_buffers_[page] + buffer;
  const format::FileRange& all = buffers_[index];
  const std::uint64_t begin = part.offset - all.offset;
  if (part.offset < all.offset || !RangeFits(begin, part.size, all.size))
    return At(Corrupt("{} bytes that are not in buffer {}", part.size, buffer), {.offset = part.offset});
  const std::uint64_t last = (begin + part.size - 1) / pieces->hashes.piece_bytes;
  for (std::uint64_t i = begin / pieces->hashes.piece_bytes; i <= last; ++i) LANCEKIT_TRY(CheckPiece(index, i, read));
  return {};
}

std::uint64_t PageHashes::PieceEnd(std::size_t page, std::size_t buffer, std::uint64_t offset) const {
  const Result<Pieces*> pieces = Load();
  if (!pieces || *pieces == nullptr) return ~std::uint64_t{0};
  const std::uint64_t start = buffers_[first_buffers_[page] + buffer].offset;
  const std::uint64_t before = (offset - start) / (*pieces)->hashes.piece_bytes * (*pieces)->hashes.piece_bytes;
  std::uint64_t end = 0;
  return CheckedAdd(start + before, (*pieces)->hashes.piece_bytes, &end) ? end : ~std::uint64_t{0};
}

Status BufferCheck::Compare(const ReadBytes& read, bool is_end) {
  for (;;) {
    next_ = hashes_.PieceEnd(page_, buffer_, begin_);
    if (end_ < next_) break;
    LANCEKIT_TRY(hashes_.CheckPart(page_, buffer_, {begin_, next_ - begin_}, read));
    begin_ = next_;
  }
  if (!is_end) return {};
  const format::FileRange rest{begin_, end_ - begin_};
  begin_ = end_;
  next_ = 0;
  return hashes_.CheckPart(page_, buffer_, rest, read);
}

}  // namespace lancekit
