#include "lancekit/inspect.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "format/test_files.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFixtures[] = {"strings-2.1.lance", "lists-2.2.lance", "nested-2.0.lance", "blobs-2.1.lance"};

/// A file that is gone at the end of the scope.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes) : path_(fs::temp_directory_path() / "lancekit_inspect_XXXXXX") {
    std::string name = path_.string();
    const int fd = ::mkstemp(name.data());
    EXPECT_GE(fd, 0);
    if (fd >= 0) ::close(fd);
    path_ = name;
    Write(bytes);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { fs::remove(path_); }
  void Write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes; }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

void CheckMap(const std::vector<FilePart>& map, const InspectedFile& file) {
  std::uint64_t end = 0;
  for (const FilePart& part : map) {
    ASSERT_EQ(part.offset, end);
    ASSERT_GT(part.size, 0u);
    end += part.size;
    ASSERT_TRUE(part.kind != PartKind::kPadding || part.size < 64);
    ASSERT_NE(part.kind, PartKind::kUnexplained) << file.path << " at " << part.offset << ": " << part.size << " bytes";
  }
  ASSERT_EQ(end, file.size);
}

void CheckRows(const InspectedFile& file) {
  for (const InspectedColumn& column : file.columns) {
    std::uint64_t row = 0;
    for (const InspectedPage& page : column.pages) {
      ASSERT_EQ(page.first_row, row);
      row += page.num_rows;
      ASSERT_FALSE(page.encoding.name.empty());
      ASSERT_EQ(page.encoding.name.find("unknown"), std::string::npos);
    }
  }
}

TEST(ByteMap, NamesEveryByteOfTheFixtures) {
  const Context context;
  for (const char* name : kFixtures) {
    const auto file = inspect_file(context, std::string("tests/data/") + name);
    ASSERT_TRUE(file) << file.error().describe();
    ASSERT_NO_FATAL_FAILURE(CheckRows(*file)) << name;
    const auto map = byte_map(context, *file);
    ASSERT_TRUE(map) << map.error().describe();
    ASSERT_NO_FATAL_FAILURE(CheckMap(*map, *file)) << name;
  }
}

TEST(ByteMap, NamesEveryByteOfTheCorpus) {
  const auto paths = format::CorpusFiles(".lance");
  if (paths.empty()) GTEST_SKIP() << "no corpus beside the project";
  const Context context;
  std::map<std::string, int> seen;
  for (const fs::path& path : paths) {
    const auto file = inspect_file(context, path);
    if (!file) {
      // 0.1 is another container; 2.3 and later may change at any time.
      ASSERT_EQ(file.error().code, ErrorCode::kUnsupported) << file.error().describe();
      ++seen["refused"];
      continue;
    }
    ++seen[file->format_version];
    ASSERT_NO_FATAL_FAILURE(CheckRows(*file)) << path;
    const auto map = byte_map(context, *file);
    ASSERT_TRUE(map) << map.error().describe();
    ASSERT_NO_FATAL_FAILURE(CheckMap(*map, *file)) << path;
  }
  EXPECT_GT(seen["2.0"], 50);
  EXPECT_GT(seen["2.1"], 100);
  EXPECT_GT(seen["2.2"], 100);
  EXPECT_LT(seen["refused"], 20);
}

TEST(InspectFile, TellsPagesBuffersAndEncodings) {
  const Context context;
  const auto file = inspect_file(context, "tests/data/strings-2.1.lance");
  ASSERT_TRUE(file) << file.error().describe();
  EXPECT_EQ(file->format_version, "2.1");
  ASSERT_EQ(file->columns.size(), 1u);
  const InspectedColumn& column = file->columns[0];
  EXPECT_EQ(column.path, file->schema.fields[0].name);
  EXPECT_EQ(column.type, "string");
  EXPECT_FALSE(column.arrow_bytes.has_value());
  ASSERT_EQ(column.pages.size(), 1u);
  const InspectedPage& page = column.pages[0];
  EXPECT_EQ(page.num_rows, file->num_rows);
  ASSERT_EQ(page.buffers.size(), 3u);
  EXPECT_EQ(page.buffers[0].role, "chunk table");
  EXPECT_EQ(page.buffers[2].role, "dictionary");
  EXPECT_EQ(page.encoding.name, "mini_block");
  const EncodingNode& dictionary = page.encoding.children.back();
  EXPECT_EQ(dictionary.role, "dictionary");
  EXPECT_EQ(dictionary.buffer, 2);
  EXPECT_NE(dictionary.parameters.find("items"), std::string::npos);
}

TEST(InspectFile, NamesTheColumnsOf20) {
  const Context context;
  const auto file = inspect_file(context, "tests/data/nested-2.0.lance");
  ASSERT_TRUE(file) << file.error().describe();
  ASSERT_GT(file->columns.size(), 1u);
  EXPECT_EQ(file->columns[0].type.rfind("struct<", 0), 0u) << file->columns[0].type;
  EXPECT_EQ(file->columns[1].path.rfind(file->columns[0].path + ".", 0), 0u) << file->columns[1].path;
  EXPECT_EQ(file->columns[0].pages.at(0).encoding.name, "struct");
  const InspectedPage& numbers = file->columns[1].pages.at(0);
  EXPECT_EQ(numbers.encoding.name, "nullable");
  EXPECT_EQ(numbers.encoding.parameters, "some null");
  ASSERT_EQ(numbers.encoding.children.size(), 2u);
  EXPECT_EQ(numbers.encoding.children[1].parameters, "32 bit");
  ASSERT_EQ(numbers.buffers.size(), 2u);
  EXPECT_EQ(numbers.buffers[0].role, "validity");
  EXPECT_EQ(numbers.buffers[1].role, "values");
  const InspectedPage& lists = file->columns[2].pages.at(0);
  EXPECT_EQ(lists.encoding.name, "list");
  EXPECT_EQ(lists.buffers.at(0).role, "offsets");
}

TEST(ByteMap, NamesBlobPayloads) {
  const Context context;
  const auto file = inspect_file(context, "tests/data/blobs-2.1.lance");
  ASSERT_TRUE(file) << file.error().describe();
  EXPECT_TRUE(file->has_blobs);
  const auto map = byte_map(context, *file);
  ASSERT_TRUE(map) << map.error().describe();
  std::uint64_t blob_bytes = 0;
  for (const FilePart& part : *map) blob_bytes += part.kind == PartKind::kBlobs ? part.size : 0;
  EXPECT_GT(blob_bytes, 0u);
}

TEST(ByteMap, CallsForeignBytesUnexplained) {
  std::string bytes = format::FileText("tests/data/strings-2.1.lance");
  const Context context;
  const auto file = inspect_file(context, "tests/data/strings-2.1.lance");
  ASSERT_TRUE(file);
  const auto map = byte_map(context, *file);
  ASSERT_TRUE(map);
  for (const FilePart& part : *map) {
    if (part.kind != PartKind::kPadding) continue;
    bytes[part.offset] = 'x';
    const TemporaryFile damaged(bytes);
    const auto again = inspect_file(context, damaged.path());
    ASSERT_TRUE(again);
    const auto changed = byte_map(context, *again);
    ASSERT_TRUE(changed);
    for (const FilePart& other : *changed) {
      EXPECT_TRUE(other.offset != part.offset || other.kind == PartKind::kUnexplained);
    }
    return;
  }
  FAIL() << "the fixture has no padding";
}

TEST(ByteMap, ReportsBothPartsOfAnOverlap) {
  const std::string bytes = format::FileText("tests/data/strings-2.1.lance");
  const Context context;
  const auto file = inspect_file(context, "tests/data/strings-2.1.lance");
  ASSERT_TRUE(file);
  InspectedFile overlapping = *file;
  overlapping.columns[0].pages[0].buffers[1].offset = overlapping.columns[0].pages[0].buffers[0].offset;
  const auto map = byte_map(context, overlapping);
  ASSERT_FALSE(map);
  EXPECT_EQ(map.error().code, ErrorCode::kCorruption);
  EXPECT_NE(map.error().message.find("page buffer 1 of page 0"), std::string::npos) << map.error().message;
  EXPECT_NE(map.error().message.find("page buffer 0 of page 0"), std::string::npos) << map.error().message;
}

TEST(InspectFile, RefusesEveryTruncation) {
  const std::string bytes = format::FileText("tests/data/lists-2.2.lance");
  const Context context;
  const TemporaryFile file(bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    file.Write(bytes.substr(0, size));
    const auto inspected = inspect_file(context, file.path());
    ASSERT_FALSE(inspected) << size;
    ASSERT_EQ(inspected.error().code, ErrorCode::kCorruption) << inspected.error().describe();
  }
}

TEST(InspectFile, SurvivesAnyChangedByte) {
  std::mt19937 random(7);
  const Context context;
  for (const char* name : kFixtures) {
    const std::string bytes = format::FileText(std::string("tests/data/") + name);
    const TemporaryFile file(bytes);
    for (int i = 0; i < 1000; ++i) {
      std::string damaged = bytes;
      // Most of it in the tail, where the structure is.
      const std::size_t from = i % 4 == 0 ? 0 : bytes.size() - std::min<std::size_t>(bytes.size(), 700);
      damaged[std::uniform_int_distribution<std::size_t>(from, bytes.size() - 1)(random)] = static_cast<char>(random());
      file.Write(damaged);
      const auto inspected = inspect_file(context, file.path());
      if (inspected) {
        const auto map = byte_map(context, *inspected);
        ASSERT_TRUE(map || map.error().code == ErrorCode::kCorruption) << map.error().describe();
      }
    }
  }
}

TEST(ListDataFiles, ListsAFileAndADataset) {
  const Context context;
  const auto file = list_data_files(context, "tests/data/strings-2.1.lance");
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->is_dataset);
  EXPECT_EQ(file->files.size(), 1u);
  const auto folder = list_data_files(context, "tests/data");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::kCorruption);
  if (!fs::exists("../shared/corpus/datasets/fragments.lance")) return;
  const auto dataset = list_data_files(context, "../shared/corpus/datasets/fragments.lance");
  ASSERT_TRUE(dataset) << dataset.error().describe();
  EXPECT_TRUE(dataset->is_dataset);
  EXPECT_GT(dataset->files.size(), 1u);
  EXPECT_GT(dataset->files.back().first_row, 0u);
}

}  // namespace
}  // namespace lancekit
