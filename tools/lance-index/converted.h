// Files that lance-convert reads: Parquet, Arrow, CSV and others. lance-index has no Arrow C++ in it; the converter does the
// work.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "base/status.h"
#include "lancekit/context.hpp"

namespace lancekit::tools {

/// A column of such a file as a temporary Lance file.
class ConvertedFile {
 public:
  /// By the lance-convert beside this program, else by that of the PATH. `most` rows; 0: all. Errors: those of the converter,
  /// with what it says; kIo when it cannot be run; kCancelled.
  static Result<ConvertedFile> Make(const Context& context, const std::string& path, const std::string& column,
                                    std::uint64_t most);
  ConvertedFile(ConvertedFile&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  ConvertedFile& operator=(ConvertedFile&& other) noexcept {
    std::swap(folder_, other.folder_);
    return *this;
  }
  ~ConvertedFile();

  std::string path() const { return (folder_ / "rows.lance").string(); }

 private:
  ConvertedFile() = default;
  std::filesystem::path folder_;
};

}  // namespace lancekit::tools
