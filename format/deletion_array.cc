// Arrow IPC files with one column of row numbers: what small deletion files are.
#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/buffer.h"
#include "format/deletion.h"
#include "format/flatbuffer.h"

namespace lancekit::format {
namespace {

constexpr char kMagic[] = {'A', 'R', 'R', 'O', 'W', '1'};
constexpr std::size_t kTrailerBytes = 4 + sizeof(kMagic);  // size of the footer, magic
constexpr std::uint32_t kContinuation = 0xFFFFFFFF;        // before the size of a message
constexpr std::int64_t kStoredPlain = -1;                  // instead of a compressed buffer's size
/// Writers change to bitmaps at a few thousand rows; this many take 256 MiB.
constexpr std::uint64_t kMaxArrayRows = std::uint64_t{1} << 26;

// Members of Message.header and Type.type.
constexpr std::uint8_t kRecordBatchHeader = 3;
constexpr std::uint8_t kIntType = 2;

enum Codec : std::int8_t { kLz4Frame = 0, kZstd = 1 };

Error Malformed(const char* what) { return Corrupt("deletion array: malformed {}", what); }

/// The column must be of 32-bit integers.
Status CheckSchema(const FlatTable& footer) {
  const auto schema = footer.Table(1);
  const auto fields = schema ? schema->Vector(1, 4) : std::nullopt;
  if (!fields) return Malformed("schema");
  if (schema->Number<std::int16_t>(0, 0) != 0) return Unsupported("deletion array: big-endian numbers");
  if (fields->count != 1) return Corrupt("deletion array: {} columns instead of one", fields->count);
  const auto field = FlatTable::Element(*fields, 0);
  const auto type = field && field->Number<std::uint8_t>(2, 0) == kIntType ? field->Table(3) : std::nullopt;
  if (!type || type->Number<std::int32_t>(0, 0) != 32) return Corrupt("deletion array: the rows are not 32-bit integers");
  return {};
}

/// Expands exactly `out->size()` bytes.
Status Expand(std::int8_t codec, Bytes bytes, MutableBuffer* out) {
  if (codec == kZstd) {
    const std::size_t got = ZSTD_decompress(out->data(), out->size(), bytes.data(), bytes.size());
    if (ZSTD_isError(got) != 0) return Corrupt("deletion array: zstd: {}", ZSTD_getErrorName(got));
    if (got != out->size()) return Corrupt("deletion array: {} bytes where {} were announced", got, out->size());
    return {};
  }
  if (codec != kLz4Frame) return Unsupported("deletion array: compression {}", codec);
  LZ4F_dctx* raw = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)) != 0)
    return MakeError(ErrorCode::kResourceLimit, "out of memory");
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> frame(raw, &LZ4F_freeDecompressionContext);
  std::size_t written = out->size(), read = bytes.size();
  const std::size_t rest = LZ4F_decompress(frame.get(), out->data(), &written, bytes.data(), &read, nullptr);
  if (LZ4F_isError(rest) != 0) return Corrupt("deletion array: lz4: {}", LZ4F_getErrorName(rest));
  if (rest != 0 || written != out->size() || read != bytes.size()) return Corrupt("deletion array: a frame of another size");
  return {};
}

class ArrayParser {
 public:
  ArrayParser(Bytes file, std::uint64_t num_rows) : file_(file), num_rows_(num_rows) {}

  Result<RowRanges> Parse() {
    LANCEKIT_ASSIGN(const FlatTable footer, FindFooter());
    LANCEKIT_TRY(CheckSchema(footer));
    // Block: i64 position, i32 bytes of the message with its prefix, 4 bytes padding, i64 bytes of the body.
    const auto blocks = footer.Vector(3, 24);
    for (std::uint32_t i = 0; blocks && i < blocks->count; ++i) {
      const std::byte* block = blocks->buffer.data() + blocks->begin + std::size_t{24} * i;
      LANCEKIT_TRY(ReadBatch(LoadLe<std::uint64_t>(block), LoadLe<std::uint32_t>(block + 8), LoadLe<std::uint64_t>(block + 16)));
    }
    std::sort(rows_.begin(), rows_.end());
    RowRanges ranges;
    for (const std::uint32_t row : rows_) {
      if (!ranges.empty() && row <= ranges.back().end) {
        ranges.back().end = std::uint64_t{row} + 1;
      } else {
        ranges.push_back({row, std::uint64_t{row} + 1});
      }
    }
    return ranges;
  }

 private:
  Result<FlatTable> FindFooter() const {
    if (file_.size() < sizeof(kMagic) + kTrailerBytes || std::memcmp(file_.data(), kMagic, sizeof(kMagic)) != 0 ||
        std::memcmp(file_.data() + file_.size() - sizeof(kMagic), kMagic, sizeof(kMagic)) != 0) {
      return Corrupt("not a deletion array: it does not begin and end with \"ARROW1\"");
    }
    const std::size_t end = file_.size() - kTrailerBytes;
    const auto size = LoadLe<std::uint32_t>(file_.data() + end);
    if (size > end) return Malformed("footer");
    const auto footer = FlatTable::Root(file_.subspan(end - size, size));
    if (!footer) return Malformed("footer");
    return *footer;
  }

  Status ReadBatch(std::uint64_t position, std::uint32_t message_bytes, std::uint64_t body_bytes) {
    if (!RangeFits(position, message_bytes, file_.size())) return Malformed("block");
    const std::uint64_t body_position = position + message_bytes;
    if (!RangeFits(body_position, body_bytes, file_.size())) return Malformed("block");
    Bytes prefix = file_.subspan(position, message_bytes);
    // Before Arrow 0.15 a message began with its size alone.
    const bool marked = prefix.size() >= 4 && LoadLe<std::uint32_t>(prefix.data()) == kContinuation;
    const std::size_t prefix_bytes = marked ? 8 : 4;
    if (prefix.size() < prefix_bytes) return Malformed("block");
    const auto message = FlatTable::Root(prefix.subspan(prefix_bytes));
    if (!message || message->Number<std::uint8_t>(1, 0) != kRecordBatchHeader) return Malformed("message");
    const auto batch = message->Table(2);
    const auto nodes = batch ? batch->Vector(1, 16) : std::nullopt;
    const auto buffers = batch ? batch->Vector(2, 16) : std::nullopt;
    if (!nodes || !buffers || nodes->count != 1 || buffers->count != 2) return Malformed("record batch");
    const std::byte* node = nodes->buffer.data() + nodes->begin;
    const auto length = LoadLe<std::uint64_t>(node);
    if (LoadLe<std::uint64_t>(node + 8) != 0) return Corrupt("deletion array: {} nulls", LoadLe<std::uint64_t>(node + 8));
    if (length > num_rows_ - rows_.size()) return Corrupt("deletion array: {} rows of {}", length, num_rows_);
    if (length > kMaxArrayRows - rows_.size())
      return MakeError(ErrorCode::kResourceLimit, "deletion array: {} rows, more than {}", length, kMaxArrayRows);
    // Buffer: i64 position in the body, i64 size. The first one is the validity bitmap.
    const std::byte* values = buffers->buffer.data() + buffers->begin + 16;
    const auto offset = LoadLe<std::uint64_t>(values), size = LoadLe<std::uint64_t>(values + 8);
    if (!RangeFits(offset, size, body_bytes)) return Malformed("record batch");
    return ReadRows(file_.subspan(body_position + offset, size), length, batch->Table(3));
  }

  Status ReadRows(Bytes stored, std::uint64_t length, const std::optional<FlatTable>& compression) {
    if (length == 0) return {};
    MutableBuffer expanded;
    if (compression) {
      if (stored.size() < 8) return Malformed("compressed buffer");
      const auto size = LoadLe<std::int64_t>(stored.data());
      stored = stored.subspan(8);
      if (size != kStoredPlain) {
        // Writers may count padding.
        if (size < 0 || static_cast<std::uint64_t>(size) < length * 4 || static_cast<std::uint64_t>(size) > length * 4 + 64)
          return Corrupt("deletion array: {} bytes for {} rows", size, length);
        expanded.Resize(static_cast<std::size_t>(size));
        LANCEKIT_TRY(Expand(compression->Number<std::int8_t>(0, kLz4Frame), stored, &expanded));
        stored = expanded.bytes();
      }
    }
    if (stored.size() / 4 < length) return Corrupt("deletion array: {} bytes for {} rows", stored.size(), length);
    for (std::uint64_t i = 0; i < length; ++i) {
      const auto row = LoadLe<std::uint32_t>(stored.data() + i * 4);
      if (row >= num_rows_) return Corrupt("deletion array: row {} of {}", row, num_rows_);
      rows_.push_back(row);
    }
    return {};
  }

  Bytes file_;
  std::uint64_t num_rows_;
  std::vector<std::uint32_t> rows_;
};

}  // namespace

Result<RowRanges> ParseDeletionArray(Bytes file, std::uint64_t num_rows) { return ArrayParser(file, num_rows).Parse(); }

}  // namespace lancekit::format
