// The checks of one data file: its tail and the use of its bytes, then page after page, and blobs.
#pragma once

#include <memory>
#include <vector>

#include "format/schema.h"
#include "reader/blob_check.h"
#include "reader/findings.h"
#include "reader/table_impl.h"
#include "reader/value_check.h"

namespace lancekit {

class FileVerifier {
 public:
  /// `findings` must outlive this.
  FileVerifier(const Context& context, std::shared_ptr<const FileReader> file, Findings* findings);

  /// Statistics, hashes of the tail, metadata of all columns, rows, and the use of all bytes.
  void CheckTail();
  /// Pre: CheckTail() was called. All pages of columns whose metadata is sound.
  void CheckPages();
  /// What is known of the file, apart from its path.
  VerifiedFile Describe() const;

 private:
  /// A column as far as it can be trusted.
  struct Column {
    format::FileRange place;
    std::string name;
    bool differs = false;  ///< from the hash of its metadata
    bool is_sound = false;
    bool has_blobs = false;
    bool blobs_are_known = false;  ///< where all of them lie, by hashes
    format::ColumnMetadata metadata;
    std::vector<bool> damaged_pages;
  };

  const format::Statistics* statistics() const { return file_->statistics().Get(); }
  /// True when the bytes are as their hash says; else adds the finding.
  bool CheckHash(const format::FileRange& range, std::uint64_t hash, Finding place, const char* what);
  void CheckStatistics();
  void CheckUnknownBuffers();
  void FindStrayStatistics();
  /// Of tables, global buffers and footer. False when a table cannot be trusted.
  bool CheckTailHashes();
  void LoadColumn(std::uint32_t index);
  void CheckFields();
  /// That pages and zones of the statistics are those of the column.
  void CheckZones(const LeafType& leaf, std::uint32_t column);
  void CheckUseOfBytes();
  void CheckGap(std::uint64_t begin, std::uint64_t end);

  void CheckPageHashes(std::uint32_t column);
  /// Compares the blobs of sound pages with their hashes. `finder`: of the column.
  void CheckBlobs(std::uint32_t column, const BlobFinder& finder);
  void CheckBlobRun(const PlacedBlobRun& run, const BlobFinder& finder, Column* column);
  /// Fields of one leaf with descriptors of blobs.
  void CheckDescriptors(const FieldShape& shape, std::uint32_t column);
  /// Where all blobs are known, what else lies between the buffers is padding.
  void CheckBetweenBlobs();
  void DecodeField(const FieldShape& shape);
  void DecodeLeaf(const FieldShape& shape, std::size_t leaf);
  /// By rows, for fields that are no plain columns of leaves, and to compare the leaves of one field with each other.
  void DecodeRows(const FieldShape& shape, ValueRange rows);
  static Status DecodeStep(const FieldShape& shape, const FieldReader& reader, ValueRange rows);
  Status DecodePage(const FieldShape& shape, std::size_t leaf, const std::shared_ptr<const ColumnReader>& reader,
                    std::size_t page, ZoneCheck* zones);
  bool IsKnown(const Error& error) const;
  const TableFragment* fragment() const;

  std::shared_ptr<const FileReader> file_;
  std::shared_ptr<const TableImpl> table_;
  Findings* findings_;
  std::uint64_t damages_before_;
  std::vector<Column> columns_;
  std::vector<std::shared_ptr<const FieldShape>> shapes_;  // of fields that can be read
  bool schema_is_sound_ = true;                            // else nothing says of what type the columns are
  bool has_blobs_ = false;
  std::vector<format::FileRange> gaps_;   // between buffers, tables and metadata
  std::vector<format::FileRange> blobs_;  // that have hashes
};

}  // namespace lancekit
