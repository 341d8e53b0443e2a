// The container of a manifest: optional sections and the Manifest message, each after its u32 length, then a footer of
// i64 position of the manifest's length, i16 major, i16 minor and the magic.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_reader.h"
#include "base/status.h"

namespace lancekit::format {

inline constexpr std::size_t kManifestFooterBytes = 16;
inline constexpr char kManifestMagic[4] = {'L', 'A', 'N', 'C'};
/// Version of this container, whatever the version of the data files is.
inline constexpr std::uint16_t kManifestMajor = 0;
inline constexpr std::uint16_t kManifestMinor = 2;

/// The Manifest message inside the file. Errors: kCorruption.
Result<Bytes> FindManifest(Bytes file);

}  // namespace lancekit::format
