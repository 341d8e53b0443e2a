#include "format/version.h"

#include <gtest/gtest.h>

namespace lancekit::format {
namespace {

TEST(FromFooter, KnowsBothPairsOf20) {
  EXPECT_EQ(*FromFooter(0, 3), FileVersion::k2_0);
  EXPECT_EQ(*FromFooter(2, 0), FileVersion::k2_0);
  EXPECT_EQ(*FromFooter(2, 1), FileVersion::k2_1);
  EXPECT_EQ(*FromFooter(2, 2), FileVersion::k2_2);
}

void ExpectRefused(std::uint16_t major, std::uint16_t minor, const std::string& part) {
  const auto version = FromFooter(major, minor);
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(version.error().message.find(part), std::string::npos) << version.error().message;
}

TEST(FromFooter, RefusesOthersByName) {
  for (std::uint16_t minor = 0; minor <= 2; ++minor) {
    ExpectRefused(0, minor, "Lance 0.1");
    ExpectRefused(0, minor, "convert it with pylance");
  }
  ExpectRefused(2, 3, "Lance 2.3 is unstable");
  ExpectRefused(2, 9, "Lance 2.9 is newer than");
  ExpectRefused(3, 0, "Lance 3.0 is newer than");
  ExpectRefused(0, 4, "Lance 0.4 is not a known version");
  ExpectRefused(64, 2, "lancekit X1 of revision 2");
}

TEST(Version, NamesAndPairsAgree) {
  for (const FileVersion version : {FileVersion::k2_0, FileVersion::k2_1, FileVersion::k2_2, FileVersion::kX1}) {
    std::uint16_t major = 9, minor = 9;
    ToFooter(version, &major, &minor);
    EXPECT_EQ(*FromFooter(major, minor), version);
    EXPECT_EQ(FromManifest(ManifestText(version)), version);
    EXPECT_EQ(ManifestText(version), version == FileVersion::kX1 ? "64.1" : Name(version));
  }
  std::uint16_t major = 9, minor = 9;
  ToFooter(FileVersion::k2_0, &major, &minor);
  EXPECT_EQ(major, 0);
  EXPECT_EQ(minor, 3);
}

TEST(ParseWritableVersion, TakesOnlyWhatIsWritten) {
  EXPECT_EQ(*ParseWritableVersion("2.1"), FileVersion::k2_1);
  EXPECT_EQ(*ParseWritableVersion("2.2"), FileVersion::k2_2);
  for (const char* name : {"2.0", "2.3", "", "2.2 ", "stable"}) {
    const auto version = ParseWritableVersion(name);
    ASSERT_FALSE(version) << name;
    EXPECT_EQ(version.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(version.error().message.find("2.1, 2.2 or x1"), std::string::npos);
  }
}

}  // namespace
}  // namespace lancekit::format
