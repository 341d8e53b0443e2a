// For tests of damage: a table in a folder of its own, what verify says of it, and bytes that are changed for a while.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "format/statistics.h"
#include "format/statistics_generated.h"
#include "lancekit/lancekit.hpp"
#include "types/array_testing.h"

namespace lancekit::testing {

/// Rows of each column as text.
using Rows = std::vector<std::vector<std::string>>;

inline Rows ReadTable(const Table& table) {
  Rows rows(table.schema().fields.size());
  Scan scan = table.scan();
  for (auto& batch : scan) {
    if (!batch) {
      ADD_FAILURE() << batch.error().describe();
      break;
    }
    ArrowArray array{};
    ArrowSchema schema{};
    if (!batch->export_array(&array, &schema)) break;
    for (std::size_t c = 0; c < rows.size(); ++c) {
      auto view = ImportArray(batch->schema().fields[c], *schema.children[c], *array.children[c]);
      for (std::int64_t i = 0; view && i < view->length; ++i) rows[c].push_back(Render(*view, i));
    }
    array.release(&array);
    schema.release(&schema);
  }
  return rows;
}

/// What salvage makes of a table when rows [first, first + count) of a column (dotted) are lost.
inline void ExpectSalvaged(const Rows& sound, const Table& table, Salvage mode, const std::string& column, std::uint64_t first,
                           std::uint64_t count) {
  const auto begin = static_cast<std::ptrdiff_t>(first), end = static_cast<std::ptrdiff_t>(first + count);
  const Rows rows = ReadTable(table);
  const std::string top = column.substr(0, column.find('.'));
  ASSERT_EQ(rows.size(), sound.size());
  for (std::size_t c = 0; c < rows.size(); ++c) {
    std::vector<std::string> wanted = sound[c], got = rows[c];
    if (mode == Salvage::kDrop) {
      wanted.erase(wanted.begin() + begin, wanted.begin() + end);
    } else if (table.schema().fields[c].name == top) {
      ASSERT_EQ(got.size(), wanted.size());
      const auto is_null = [](const std::string& text) { return text == "null"; };
      if (column == top) {
        EXPECT_TRUE(std::all_of(got.begin() + begin, got.begin() + end, is_null));
      }
      std::copy(wanted.begin() + begin, wanted.begin() + end, got.begin() + begin);
    }
    ASSERT_EQ(got, wanted) << column << " rows " << first << " to " << first + count << ", seen in "
                           << table.schema().fields[c].name;
  }
}

/// Changes the statistics of a data file, which lie in this buffer, and sets their own hash anew.
template <class Change>
void ChangeStatistics(const std::string& path, const InspectedBuffer& place, Change change) {
  std::vector<std::byte> message(place.size);
  std::fstream stream(path, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekg(static_cast<std::streamoff>(place.offset))
      .read(reinterpret_cast<char*>(message.data()), static_cast<std::streamsize>(message.size()));
  auto* const root = flatbuffers::GetMutableRoot<format::fbs::Statistics>(message.data());
  const format::TailHashes hashes{root->column_table_hash(), root->global_buffer_table_hash(), root->tail_hash()};
  change(root, &message);
  format::SealStatistics(hashes, message);
  stream.seekp(static_cast<std::streamoff>(place.offset))
      .write(reinterpret_cast<const char*>(message.data()), static_cast<std::streamsize>(message.size()));
}

class DamageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::ranges::replace(name, '/', '-');
    folder_ = std::filesystem::temp_directory_path() / fmt::format("lancekit-damage-test-{}-{}", ::getpid(), name);
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "a.lance").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::vector<Finding> Verify(VerifyLevel level = VerifyLevel::kFull, const std::string& sums = "") {
    std::vector<Finding> findings;
    const auto summary = verify(context_, path_, {level, {}, sums}, [&](const Finding& finding) {
      findings.push_back(finding);
      return true;
    });
    EXPECT_TRUE(summary) << summary.error().describe();
    return findings;
  }
  /// The data files of the dataset, sorted.
  std::vector<std::string> DataFiles() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(path_) / "data"))
      files.push_back(entry.path().string());
    std::ranges::sort(files);
    return files;
  }

  std::filesystem::path folder_;
  std::string path_;
  Context context_{ContextOptions{.threads = 1}};
};

/// Changes one byte of a file until the end of the scope.
class Flip {
 public:
  Flip(const std::string& path, std::uint64_t offset, unsigned char mask)
      : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)), offset_(static_cast<off_t>(offset)), mask_(mask) {
    Apply();
  }
  ~Flip() {
    Apply();
    ::close(fd_);
  }
  Flip(const Flip&) = delete;
  Flip& operator=(const Flip&) = delete;

 private:
  void Apply() {
    unsigned char byte = 0;
    EXPECT_EQ(::pread(fd_, &byte, 1, offset_), 1);
    byte = static_cast<unsigned char>(byte ^ mask_);
    EXPECT_EQ(::pwrite(fd_, &byte, 1, offset_), 1);
  }
  int fd_;
  off_t offset_;
  unsigned char mask_;
};

inline bool Covers(const Finding& finding, std::uint64_t byte) {
  return byte >= finding.offset && byte - finding.offset < finding.size;
}

}  // namespace lancekit::testing
