// The file formats of lance-convert: their names, and which one a file has, by extension and by its first bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lancekit/result.hpp"

namespace lancekit::convert {

enum class Format : std::uint8_t { kLance, kParquet, kArrowFile, kArrowStream, kCsv, kTsv, kJsonl };
enum class Compression : std::uint8_t { kNone, kGzip, kZstd };

/// "Parquet", "Arrow IPC file", ...
const char* NameOf(Format format);
/// The names that --from and --to take.
const std::vector<std::string>& FormatNames();
/// A name of FormatNames(); "arrow" is the IPC file format. Errors: kInvalidArgument.
Result<Format> ParseFormat(std::string_view name);

inline bool IsText(Format format) { return format == Format::kCsv || format == Format::kTsv || format == Format::kJsonl; }
inline bool IsArrow(Format format) { return format == Format::kArrowFile || format == Format::kArrowStream; }

/// By extension, after a .gz or .zst is taken off; none when the extension says nothing.
std::optional<Format> FormatOfExtension(const std::string& path);
Compression CompressionOfExtension(const std::string& path);
/// By the first bytes.
Compression CompressionOfMagic(std::string_view head);
/// By the first bytes; none for text and for Lance, whose magic stands at the end.
std::optional<Format> FormatOfMagic(std::string_view head);

/// The first bytes that FormatOfMagic() and DetectInput() look at.
inline constexpr std::size_t kHeadBytes = 8;

struct Detection {
  std::string path;
  std::string head;         ///< the first kHeadBytes bytes, fewer for a shorter file
  bool lance_tail = false;  ///< the last four bytes are Lance's magic
  bool folder = false;
  std::optional<Format> forced;  ///< --from
};
/// Errors: kCorruption when the file is not what its name or --from says, kInvalidArgument when nothing tells.
Result<Format> DetectInput(const Detection& input);

}  // namespace lancekit::convert
