// Where the files of a dataset are looked for.
#include "reader/dataset.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace lancekit {
namespace {

namespace fs = std::filesystem;

class DatasetFiles : public ::testing::Test {
 protected:
  DatasetFiles()
      : folder_(fs::temp_directory_path() / ("lancekit_dataset_" + std::to_string(::getpid()))),
        root_(folder_ / "mine" / "table.lance") {
    fs::create_directories(root_ / "tree" / "work");
  }
  ~DatasetFiles() override { fs::remove_all(folder_); }

  void Touch(const fs::path& path) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "x";
  }
  /// Where the branch "work" looks for f.lance of this base path.
  Result<std::string> Find(const std::string& base_path) {
    format::Manifest manifest;
    manifest.base_paths.push_back({.id = 1, .is_dataset_root = true, .path = base_path});
    const Dataset branch = Dataset::At(root_.string(), (root_ / "tree" / "work").string(), "", std::move(manifest));
    format::DataFile file;
    file.path = "f.lance";
    file.base_id = 1;
    return branch.DataFilePath(file);
  }

  fs::path folder_;
  fs::path root_;
};

TEST_F(DatasetFiles, OfABranchLieInItsParentAfterAMove) {
  Touch(root_ / "data" / "f.lance");
  EXPECT_EQ(*Find("/not/there/table.lance"), (root_ / "data" / "f.lance").string());
}

TEST_F(DatasetFiles, OfABranchLieInAnotherAfterAMove) {
  Touch(root_ / "tree" / "other" / "data" / "f.lance");
  EXPECT_EQ(*Find("/not/there/table.lance/tree/other"), (root_ / "tree" / "other" / "data" / "f.lance").string());
}

TEST_F(DatasetFiles, LieInTheDatasetOfTheSameNameThatHasThem) {
  const fs::path source = folder_ / "theirs" / "table.lance";
  Touch(source / "data" / "f.lance");
  EXPECT_EQ(*Find(source.string()), (source / "data" / "f.lance").string());
}

// The parent was moved, and a dataset of another kind stands at its old place.
TEST_F(DatasetFiles, LieWhereTheyAre) {
  fs::create_directories(folder_ / "old" / "table.lance");
  Touch(root_ / "data" / "f.lance");
  EXPECT_EQ(*Find((folder_ / "old" / "table.lance").string()), (root_ / "data" / "f.lance").string());
}

TEST_F(DatasetFiles, MustLieSomewhere) {
  EXPECT_EQ(Find("/not/there/other.lance").error().code, ErrorCode::kIo);
  EXPECT_EQ(Find("").error().code, ErrorCode::kCorruption);
  EXPECT_EQ(Find("file://").error().code, ErrorCode::kCorruption);
  EXPECT_EQ(Find("s3://bucket/table.lance").error().code, ErrorCode::kUnsupported);
}

// Rows that no file bounds would take a scan for ever.
TEST_F(DatasetFiles, MustBeThereWhereThereAreRows) {
  format::Manifest manifest;
  manifest.version = 1;
  manifest.data_format_version = "2.1";
  manifest.schema.fields.push_back(Field{"x", DataType{.id = TypeId::kInt32}, true, 0, {}});
  format::Fragment& fragment = manifest.fragments.emplace_back();
  fragment.physical_rows = std::uint64_t{1} << 62;
  const auto bytes = format::SerializeManifestFile(manifest, "");
  ASSERT_TRUE(bytes) << bytes.error().describe();
  fs::create_directories(root_ / "_versions");
  std::ofstream(root_ / "_versions" / "1.manifest", std::ios::binary) << *bytes;
  const auto table = open(Context(), root_.string());
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::kCorruption);
  EXPECT_NE(table.error().message.find("no data file"), std::string::npos) << table.error().describe();
}

}  // namespace
}  // namespace lancekit
