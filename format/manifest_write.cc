#include <algorithm>
#include <limits>

#include "base/checked_math.h"
#include "format/manifest.h"
#include "format/manifest_file.h"
#include "format/proto.h"
#include "format/schema.h"

namespace lancekit::format {

namespace {

/// Operations of a Transaction.
constexpr std::uint32_t kAppend = 100;
constexpr std::uint32_t kOverwrite = 102;

// Fields of a Manifest that say where in the file something lies.
constexpr std::uint32_t kAuxiliaryData = 4;
constexpr std::uint32_t kIndexSection = 6;
constexpr std::uint32_t kOldTransactionSection = 21;
constexpr std::uint32_t kTransactionSection = 23;
// Those that every version has its own of, and those that an overwrite replaces.
constexpr std::uint32_t kOwn[] = {3, 7, 11, 12, 13, kAuxiliaryData, kOldTransactionSection, kTransactionSection};
constexpr std::uint32_t kReplaced[] = {1, 2, 5, 15, kIndexSection};

std::string WriteDataFile(const DataFile& file) {
  std::string bytes;
  pbf_writer writer(bytes);
  WriteText(&writer, 1, file.path);
  writer.add_packed_int32(2, file.fields.begin(), file.fields.end());
  writer.add_packed_int32(3, file.column_indices.begin(), file.column_indices.end());
  WriteNumber(&writer, 4, file.major_version);
  WriteNumber(&writer, 5, file.minor_version);
  WriteNumber(&writer, 6, file.size_bytes);
  if (file.base_id) writer.add_uint32(7, *file.base_id);
  return bytes;
}

std::string WriteDeletionFile(const DeletionFile& file) {
  std::string bytes;
  pbf_writer writer(bytes);
  WriteNumber(&writer, 1, static_cast<std::uint32_t>(file.kind));
  WriteNumber(&writer, 2, file.read_version);
  WriteNumber(&writer, 3, file.id);
  WriteNumber(&writer, 4, file.num_deleted_rows);
  if (file.base_id) writer.add_uint32(7, *file.base_id);
  return bytes;
}

std::string WriteFragment(const Fragment& fragment) {
  std::string bytes;
  pbf_writer writer(bytes);
  WriteNumber(&writer, 1, fragment.id);
  for (const DataFile& file : fragment.files) writer.add_message(2, WriteDataFile(file));
  if (fragment.deletion_file) writer.add_message(3, WriteDeletionFile(*fragment.deletion_file));
  WriteNumber(&writer, 4, fragment.physical_rows);
  return bytes;
}

std::string WriteBasePath(const BasePath& base) {
  std::string bytes;
  pbf_writer writer(bytes);
  WriteNumber(&writer, 1, base.id);
  WriteText(&writer, 2, base.name);
  WriteNumber(&writer, 3, base.is_dataset_root);
  WriteText(&writer, 4, base.path);
  return bytes;
}

std::string WriteTexts(const std::string& first, const std::string& second) {
  std::string bytes;
  pbf_writer writer(bytes);
  WriteText(&writer, 1, first);
  WriteText(&writer, 2, second);
  return bytes;
}

std::string WriteTimestamp(const Manifest& manifest) {
  std::string bytes;
  pbf_writer writer(bytes);
  if (manifest.timestamp_seconds != 0) writer.add_int64(1, manifest.timestamp_seconds);
  if (manifest.timestamp_nanos != 0) writer.add_int32(2, manifest.timestamp_nanos);
  return bytes;
}

Result<std::string> WriteManifest(const Manifest& manifest, bool has_transaction) {
  LANCEKIT_ASSIGN(const std::vector<std::string> fields, SerializeFields(manifest.schema));
  std::string bytes;
  pbf_writer writer(bytes);
  for (const std::string& field : fields) writer.add_message(1, field);
  for (const Fragment& fragment : manifest.fragments) writer.add_message(2, WriteFragment(fragment));
  WriteNumber(&writer, 3, manifest.version);
  WriteMap(&writer, 5, manifest.schema.metadata);
  writer.add_message(7, WriteTimestamp(manifest));
  WriteNumber(&writer, 9, manifest.reader_flags);
  WriteNumber(&writer, 10, manifest.writer_flags);
  if (manifest.max_fragment_id) writer.add_uint32(11, *manifest.max_fragment_id);
  WriteText(&writer, 12, manifest.transaction_file);
  if (!manifest.writer_library.empty()) writer.add_message(13, WriteTexts(manifest.writer_library, manifest.writer_version));
  if (!manifest.data_format_version.empty()) writer.add_message(15, WriteTexts("lance", manifest.data_format_version));
  WriteMap(&writer, 16, manifest.config);
  for (const BasePath& base : manifest.base_paths) writer.add_message(18, WriteBasePath(base));
  WriteMap(&writer, 19, manifest.table_metadata);
  WriteText(&writer, 20, manifest.branch);
  if (has_transaction) writer.add_uint64(kTransactionSection, 0);  // the section is the first thing in the file
  return bytes;
}

template <class T>
void AppendNumber(T value, std::string* out) {
  std::byte bytes[sizeof(T)];
  StoreLe(bytes, value);
  for (const std::byte byte : bytes) out->push_back(static_cast<char>(byte));
}

void AppendSection(const std::string& message, std::string* out) {
  AppendNumber(static_cast<std::uint32_t>(message.size()), out);
  *out += message;
}

Result<std::string> MakeFile(const std::string& transaction, const std::string& indices, const std::string& message) {
  if (std::max({message.size(), transaction.size(), indices.size()}) > std::numeric_limits<std::uint32_t>::max())
    return Unsupported("a manifest of {} bytes with a transaction of {} bytes is too large", message.size(), transaction.size());
  std::string file;
  if (!transaction.empty()) AppendSection(transaction, &file);
  if (!indices.empty()) AppendSection(indices, &file);
  const std::uint64_t position = file.size();
  AppendSection(message, &file);
  AppendNumber(position, &file);
  AppendNumber(kManifestMajor, &file);
  AppendNumber(kManifestMinor, &file);
  file.append(kManifestMagic, sizeof(kManifestMagic));
  return file;
}

/// The bytes of the section at a position of a manifest file.
Result<std::string> SectionAt(Bytes file, std::uint64_t position) {
  if (RangeFits(position, sizeof(std::uint32_t), file.size())) {
    const auto length = LoadLe<std::uint32_t>(file.data() + position);
    const std::uint64_t begin = position + sizeof(std::uint32_t);
    if (RangeFits(begin, length, file.size())) return std::string(ReaderOf(file.subspan(begin, length)).data());
  }
  return Corrupt("manifest: a section at byte {} lies outside the file", position);
}

}  // namespace

Result<std::string> SerializeManifestFile(const Manifest& manifest, const std::string& transaction) {
  LANCEKIT_ASSIGN(const std::string message, WriteManifest(manifest, !transaction.empty()));
  return MakeFile(transaction, {}, message);
}

Result<std::string> SerializeNextManifestFile(Bytes previous, const Manifest& next, Change change,
                                              const std::string& transaction) {
  return CatchMalformed("manifest", [&]() -> Result<std::string> {
    LANCEKIT_ASSIGN(const Bytes old, FindManifest(previous));
    std::string message, indices;
    pbf_reader reader = ReaderOf(old);
    for (const char* begin = reader.data().data(); reader.next(); begin = reader.data().data()) {
      const std::uint32_t tag = reader.tag();
      const bool is_index_section = reader.tag_and_type() == VarintField(kIndexSection);
      const std::uint64_t position = is_index_section ? reader.get_uint64() : (reader.skip(), 0);
      if (std::ranges::count(kOwn, tag) > 0) continue;
      if (change == Change::kOverwrite && std::ranges::count(kReplaced, tag) > 0) continue;
      if (is_index_section) {
        LANCEKIT_ASSIGN(indices, SectionAt(previous, position));
      } else {
        message.append(begin, reader.data().data());
      }
    }
    if (!indices.empty()) pbf_writer(message).add_uint64(kIndexSection, transaction.size() + sizeof(std::uint32_t));
    Manifest changes = next;
    if (change == Change::kAppend) {
      changes.schema = {};
      changes.data_format_version.clear();
    }
    LANCEKIT_ASSIGN(const std::string written, WriteManifest(changes, true));
    return MakeFile(transaction, indices, message + written);
  });
}

Result<std::string> SerializeTransaction(const Manifest& manifest, Change change, const std::string& uuid) {
  LANCEKIT_ASSIGN(const std::vector<std::string> fields, SerializeFields(manifest.schema));
  std::string message, transaction;
  pbf_writer operation(message);
  for (Fragment fragment : manifest.fragments) {
    fragment.id = 0;  // ids are assigned by the commit
    operation.add_message(1, WriteFragment(fragment));
  }
  if (change == Change::kOverwrite) {
    for (const std::string& field : fields) operation.add_message(2, field);
    WriteMap(&operation, 3, manifest.schema.metadata);
  }
  pbf_writer writer(transaction);
  WriteNumber(&writer, 1, manifest.version - 1);
  writer.add_string(2, uuid);
  writer.add_message(change == Change::kAppend ? kAppend : kOverwrite, message);
  return transaction;
}

}  // namespace lancekit::format
