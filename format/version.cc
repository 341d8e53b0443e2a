#include "format/version.h"

namespace lancekit::format {

namespace {

constexpr std::uint16_t kX1Major = 64;
constexpr std::uint16_t kX1Minor = 1;

}  // namespace

std::string_view Name(FileVersion version) {
  switch (version) {
    case FileVersion::k2_0:
      return "2.0";
    case FileVersion::k2_1:
      return "2.1";
    case FileVersion::k2_2:
      return "2.2";
    case FileVersion::kX1:
      return "x1";
  }
  return "unknown";
}

Result<FileVersion> ParseWritableVersion(std::string_view name) {
  if (name == "2.1") return FileVersion::k2_1;
  if (name == "2.2") return FileVersion::k2_2;
  if (name == "x1") return FileVersion::kX1;
  return Invalid("cannot write Lance version \"{}\"; choose 2.1, 2.2 or x1", name);
}

Result<FileVersion> FromFooter(std::uint16_t major, std::uint16_t minor) {
  // 2.0 files carry (0,3) for history; the pair (2,0) is written by Lance's in-memory writer.
  if ((major == 0 && minor == 3) || (major == 2 && minor == 0)) return FileVersion::k2_0;
  if (major == 2 && minor == 1) return FileVersion::k2_1;
  if (major == 2 && minor == 2) return FileVersion::k2_2;
  if (major == 0 && minor <= 2) {
    return Unsupported("Lance 0.1 (legacy, footer {}.{}) is not supported; convert it with pylance to 2.1 or 2.2", major, minor);
  }
  if (major == 2 && minor == 3) {
    return Unsupported("Lance 2.3 is unstable and not supported; write the data with pylance as 2.1 or 2.2");
  }
  if (major == kX1Major && minor == kX1Minor) return FileVersion::kX1;
  if (major == kX1Major) return Unsupported("lancekit X1 of revision {} is not known; use a newer lancekit", minor);
  if (major < 2) return Unsupported("Lance {}.{} is not a known version; lancekit reads 2.0, 2.1 and 2.2", major, minor);
  return Unsupported("Lance {}.{} is newer than this lancekit, which reads 2.0, 2.1 and 2.2; use a newer lancekit", major, minor);
}

void ToFooter(FileVersion version, std::uint16_t* major, std::uint16_t* minor) {
  std::uint32_t manifest_major = 0, manifest_minor = 0;
  ToManifest(version, &manifest_major, &manifest_minor);
  *major = version == FileVersion::k2_0 ? 0 : static_cast<std::uint16_t>(manifest_major);
  *minor = version == FileVersion::k2_0 ? 3 : static_cast<std::uint16_t>(manifest_minor);
}

void ToManifest(FileVersion version, std::uint32_t* major, std::uint32_t* minor) {
  *major = version == FileVersion::kX1 ? kX1Major : 2;
  *minor = version == FileVersion::kX1 ? kX1Minor : static_cast<std::uint32_t>(version);
}

std::string ManifestText(FileVersion version) {
  std::uint32_t major = 0, minor = 0;
  ToManifest(version, &major, &minor);
  return fmt::format("{}.{}", major, minor);
}

std::optional<FileVersion> FromManifest(std::string_view text) {
  for (const FileVersion version : {FileVersion::k2_0, FileVersion::k2_1, FileVersion::k2_2, FileVersion::kX1}) {
    if (ManifestText(version) == text) return version;
  }
  return std::nullopt;
}

}  // namespace lancekit::format
