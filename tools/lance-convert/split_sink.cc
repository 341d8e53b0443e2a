#include "tools/lance-convert/split_sink.h"

#include <arrow/util/byte_size.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/output.h"

namespace lancekit::convert {
namespace {

namespace fs = std::filesystem;

class SplitSink : public Sink {
 public:
  SplitSink(SinkOptions options, const Split& split, std::shared_ptr<arrow::Schema> schema, const Environment& environment)
      : options_(std::move(options)), split_(split), schema_(std::move(schema)), environment_(environment) {}

  ~SplitSink() override {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }

  Status MakeFolder() {
    const fs::path path = options_.path;
    std::string folder = (path.parent_path() / fmt::format(".{}.parts-XXXXXX", path.filename().string())).string();
    if (::mkdtemp(folder.data()) == nullptr)
      return OutputFailed(options_.path, fmt::format("cannot create: {}", std::strerror(errno)));
    folder_ = folder;
    return {};
  }

  Status Write(const ReaderPtr& rows) override {
    rows_ = rows;
    do {
      LANCEKIT_TRY(WritePart());
      LANCEKIT_TRY_ARROW(Fill(), Side::kInput, "");
    } while (rest_ != nullptr);
    return {};
  }

  Result<Written> Publish() override {
    std::error_code ignored;
    for (std::uint64_t part = 0; part < written_.outputs || fs::exists(PartName(options_.path, part), ignored); ++part)
      LANCEKIT_TRY(CheckPlace(PartName(options_.path, part)));
    for (std::uint64_t part = 0; part < written_.outputs; ++part) LANCEKIT_TRY(MoveOut(part));
    LANCEKIT_TRY(RemoveOlderParts());
    written_.format = fmt::format("{} outputs, {}", written_.outputs, written_.format);
    return std::move(written_);
  }

 private:
  Status WritePart() {
    SinkOptions part = options_;
    part.path = InFolder(written_.outputs);
    LANCEKIT_ASSIGN(const std::unique_ptr<Sink> sink, OpenSink(part, schema_, environment_));
    LANCEKIT_TRY(sink->Write(MakeReader(schema_, [this, part_rows = std::uint64_t{0}, part_bytes = std::uint64_t{0}]() mutable {
      return Next(&part_rows, &part_bytes);
    })));
    LANCEKIT_ASSIGN(const Written written, sink->Publish());
    ++written_.outputs;
    written_.format = written.format;
    written_.bytes += written.bytes;
    for (const ColumnBytes& column : written.columns) {
      const auto same = std::ranges::find(written_.columns, column.name, &ColumnBytes::name);
      if (same == written_.columns.end()) {
        written_.columns.push_back(column);
      } else {
        same->bytes += column.bytes;
      }
    }
    return {};
  }

  std::string InFolder(std::uint64_t part) const {
    return (folder_ / fs::path(PartName(options_.path, part)).filename()).string();
  }

  /// Only what this program makes is replaced.
  Status CheckPlace(const std::string& path) const {
    std::error_code ignored;
    for (const std::string& name : {path, path + ".sums"}) {
      if (name != path && !options_.sums) continue;
      if (!options_.overwrite && fs::exists(name, ignored)) return OutputFailed(name, "already exists");
    }
    if (fs::is_directory(path, ignored) && !fs::is_directory(fs::path(path) / "_versions", ignored))
      return OutputFailed(path, "is a folder and no Lance dataset; it is not replaced");
    return {};
  }

  Status MoveOut(std::uint64_t part) {
    const std::string path = PartName(options_.path, part);
    std::error_code error;
    if (fs::is_directory(path, error)) fs::remove_all(path, error);
    fs::rename(InFolder(part), path, error);
    if (error) return OutputFailed(path, fmt::format("cannot rename to it: {}", error.message()));
    return {};
  }

  arrow::Status Fill() {
    while (rest_ == nullptr || rest_->num_rows() == 0) {
      ARROW_ASSIGN_OR_RAISE(rest_, rows_->Next());
      if (rest_ == nullptr) break;
    }
    return arrow::Status::OK();
  }

  /// Rows of one part; null when it has enough.
  arrow::Result<BatchPtr> Next(std::uint64_t* part_rows, std::uint64_t* part_bytes) {
    ARROW_RETURN_NOT_OK(Fill());
    if (rest_ == nullptr) return nullptr;
    const auto num_rows = static_cast<std::uint64_t>(rest_->num_rows());
    const auto bytes =
        static_cast<std::uint64_t>(std::max<std::int64_t>(1, arrow::util::ReferencedBufferSize(*rest_).ValueOr(1)));
    std::uint64_t count = num_rows;
    if (split_.rows != 0) count = std::min(count, split_.rows - *part_rows);
    if (split_.bytes != 0) {
      const std::uint64_t left = split_.bytes - std::min(split_.bytes, *part_bytes);
      count = std::min(count, std::max<std::uint64_t>(*part_rows == 0, left / std::max<std::uint64_t>(1, bytes / num_rows)));
    }
    if (count == 0) return nullptr;
    BatchPtr batch = rest_->Slice(0, static_cast<std::int64_t>(count));
    rest_ = count == num_rows ? nullptr : rest_->Slice(static_cast<std::int64_t>(count));
    *part_rows += count;
    *part_bytes += bytes / num_rows * count;
    return batch;
  }

  /// Of an earlier and longer run, which would be taken for parts of this one.
  Status RemoveOlderParts() {
    for (std::uint64_t part = written_.outputs;; ++part) {
      const std::string path = PartName(options_.path, part);
      std::error_code error;
      if (!fs::exists(path, error)) return {};
      fs::remove_all(path, error);
      if (error) return OutputFailed(path, fmt::format("cannot be removed: {}", error.message()));
    }
  }

  SinkOptions options_;
  Split split_;
  std::shared_ptr<arrow::Schema> schema_;
  const Environment& environment_;
  ReaderPtr rows_;
  BatchPtr rest_;
  fs::path folder_;  // of the parts, until all are there
  Written written_{.outputs = 0};
};

}  // namespace

std::string PartName(const std::string& path, std::uint64_t part) {
  fs::path stem = path;
  if (CompressionOfExtension(path) != Compression::kNone) stem.replace_extension();
  if (FormatOfExtension(path)) stem.replace_extension();
  const std::size_t end = stem.string().size();
  return fmt::format("{}-{:05}{}", path.substr(0, end), part, path.substr(end));
}

Result<std::unique_ptr<Sink>> OpenSplitSink(const SinkOptions& options, const Split& split,
                                            const std::shared_ptr<arrow::Schema>& schema, const Environment& environment) {
  auto sink = std::make_unique<SplitSink>(options, split, schema, environment);
  LANCEKIT_TRY(sink->MakeFolder());
  return std::unique_ptr<Sink>(std::move(sink));
}

}  // namespace lancekit::convert
