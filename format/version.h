// File versions: the pairs in the footer and their names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lancekit::format {

enum class FileVersion : std::uint8_t { k2_0, k2_1, k2_2, kX1 };

std::string_view Name(FileVersion version);
/// "2.1", "2.2" or "x1"; anything else is kInvalidArgument and lists what can be written.
Result<FileVersion> ParseWritableVersion(std::string_view name);
/// A pair of the footer. Errors: kUnsupported, naming the version and a way out ("Lance 2.9 is newer than ...").
Result<FileVersion> FromFooter(std::uint16_t major, std::uint16_t minor);
/// The pair that goes into the footer.
void ToFooter(FileVersion version, std::uint16_t* major, std::uint16_t* minor);
/// The pair that goes into a manifest's DataFile, and its text there ("2.2", "64.1").
void ToManifest(FileVersion version, std::uint32_t* major, std::uint32_t* minor);
std::string ManifestText(FileVersion version);
/// Nothing for a version that is not known.
std::optional<FileVersion> FromManifest(std::string_view text);

}  // namespace lancekit::format
