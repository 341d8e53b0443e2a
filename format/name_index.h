// The name index of a file with many columns: a global buffer that tells by a field's name where its description and its columns
// are, so that opening a few of 100,000 columns reads a few blocks. Official readers pass over it. Layout: spec/container.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "format/file_metadata.h"

namespace lancekit::format {

/// Files with fewer top-level fields have none: walking over these takes less than looking up.
inline constexpr std::size_t kMinIndexedFields = 256;

/// A top-level field with all below it.
struct NamedField {
  std::uint32_t name_hash = 0;     ///< lower half of the hash of its name
  std::uint32_t begin = 0;         ///< in the schema message: the first message of the field, its tag included
  std::uint32_t size = 0;          ///< bytes of the messages of the field and of all below it; 0: an empty entry
  std::uint32_t first_column = 0;  ///< of its leaves, whose columns follow each other
  std::uint32_t fields_hash = 0;   ///< lower half of the hash of these messages
};

class NameIndex {
 public:
  static constexpr std::uint64_t kHeaderBytes = 40;
  static constexpr std::uint64_t kBucketBytes = 128;

  /// Reads the header at the start of a global buffer of `size` bytes. No value: it is no such index, or a damaged one.
  static std::optional<NameIndex> Parse(Bytes header, std::uint64_t size);

  /// End of the fields in the schema message; what follows is the rest of it.
  std::uint64_t fields_end() const noexcept { return fields_end_; }
  /// Of the file descriptor behind the fields.
  std::uint64_t rest_hash() const noexcept { return rest_hash_; }
  std::uint64_t num_fields() const noexcept { return num_fields_; }
  std::uint64_t num_buckets() const noexcept { return num_buckets_; }
  /// The bucket in which a name is looked for first; the next ones follow while they are full.
  std::uint64_t FirstBucket(std::uint64_t name_hash) const noexcept { return (name_hash >> 32) * num_buckets_ >> 32; }
  static FileRange RangeOf(std::uint64_t bucket) noexcept { return {kHeaderBytes + bucket * kBucketBytes, kBucketBytes}; }

  static constexpr std::size_t kEntries = 6;
  /// The entries of a bucket, empty ones last. Errors: kCorruption when it differs from its hash.
  static Result<std::array<NamedField, kEntries>> ParseBucket(Bytes bucket);

 private:
  std::uint64_t fields_end_ = 0;
  std::uint64_t rest_hash_ = 0;
  std::uint64_t num_fields_ = 0;
  std::uint64_t num_buckets_ = 0;
};

MutableBuffer SerializeNameIndex(const std::vector<NamedField>& fields, const std::vector<std::uint64_t>& name_hashes,
                                 std::uint64_t fields_end, std::uint64_t rest_hash);

/// A top-level field in a schema message.
struct ListedField {
  std::string_view name;  ///< borrowed from the message
  std::uint64_t begin = 0;
  std::uint64_t size = 0;          ///< of its messages and those of all below it, tags included
  std::uint64_t num_messages = 0;  ///< 1: nothing is below it
};
/// The top-level fields of a schema message, not looked into. `fields_end`: where the last one ends. Errors:
/// kCorruption; kUnsupported where fields do not follow their parents.
Result<std::vector<ListedField>> ListFields(Bytes schema, std::uint64_t* fields_end);
/// The fields of such messages. Errors: as ParseFields.
Result<std::vector<Field>> ParseFieldMessages(Bytes messages);

}  // namespace lancekit::format
