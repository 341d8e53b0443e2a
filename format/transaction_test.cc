#include "format/transaction.h"

#include <gtest/gtest.h>

#include "format/test_files.h"

namespace lancekit::format {
namespace {

TEST(TransactionTest, IsFoundInWhatIsWritten) {
  Manifest manifest;
  manifest.version = 1;
  const auto transaction = SerializeTransaction(manifest, Change::kOverwrite, "one-two");
  ASSERT_TRUE(transaction.has_value());
  const auto file = SerializeManifestFile(manifest, *transaction);
  ASSERT_TRUE(file.has_value());
  const auto parsed = ParseManifestFile(BytesOf(*file));
  ASSERT_TRUE(parsed.has_value());
  const auto found = FindTransaction(BytesOf(*file), *parsed);
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->uuid, "one-two");
  EXPECT_EQ(OperationName((*found)->operation), "overwrite");
}

TEST(TransactionTest, PositionsOutsideTheFileAreDamage) {
  const std::string file = FromHex("ff000000 0800");
  for (const std::uint64_t position : {std::uint64_t{0}, std::uint64_t{3}, ~std::uint64_t{0}}) {
    Manifest manifest;
    manifest.transaction_section = position;
    EXPECT_FALSE(FindTransaction(BytesOf(file), manifest).has_value()) << position;
  }
  const auto none = FindTransaction(BytesOf(file), Manifest());
  EXPECT_TRUE(none.has_value() && !none->has_value());
}

TEST(TransactionTest, NamesOperations) {
  EXPECT_EQ(OperationName(0), "");
  EXPECT_EQ(OperationName(100), "append");
  EXPECT_EQ(OperationName(106), "restore");
  EXPECT_EQ(OperationName(113), "clone");
  EXPECT_EQ(OperationName(140), "operation 140");
  // read_version 3, operation 104 of 0 bytes.
  const std::string message = FromHex("08 03 c206 00");
  const auto rewrite = ParseTransaction(BytesOf(message));
  ASSERT_TRUE(rewrite.has_value());
  EXPECT_EQ(rewrite->read_version, 3u);
  EXPECT_EQ(OperationName(rewrite->operation), "rewrite");
  EXPECT_FALSE(ParseTransaction(BytesOf(message).first(4)).has_value());
}

}  // namespace
}  // namespace lancekit::format
