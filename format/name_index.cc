#include "format/name_index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "base/checked_math.h"
#include "base/hash.h"
#include "format/proto.h"
#include "format/schema.h"

namespace lancekit::format {
namespace {

constexpr std::array<char, 4> kIdentifier{'L', 'K', 'N', 'I'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHashedHeaderBytes = 32;
constexpr std::size_t kEntryBytes = 20;
constexpr std::size_t kEntriesBytes = NameIndex::kEntries * kEntryBytes;
static_assert(kEntriesBytes + 8 == NameIndex::kBucketBytes && kHashedHeaderBytes + 8 == NameIndex::kHeaderBytes);
// Of the entries that there is room for, in percent: then buckets overflow rarely.
constexpr std::uint64_t kFill = 70;

}  // namespace

std::optional<NameIndex> NameIndex::Parse(Bytes header, std::uint64_t size) {
  if (header.size() < kHeaderBytes || std::memcmp(header.data(), kIdentifier.data(), kIdentifier.size()) != 0) return {};
  if (HashBytes(header.first(kHashedHeaderBytes)) != LoadLe<std::uint64_t>(header.data() + kHashedHeaderBytes)) return {};
  if (LoadLe<std::uint32_t>(header.data() + 4) != kVersion) return {};
  NameIndex index;
  index.num_buckets_ = LoadLe<std::uint32_t>(header.data() + 8);
  index.num_fields_ = LoadLe<std::uint32_t>(header.data() + 12);
  index.fields_end_ = LoadLe<std::uint64_t>(header.data() + 16);
  index.rest_hash_ = LoadLe<std::uint64_t>(header.data() + 24);
  if (index.num_buckets_ == 0 || (size - kHeaderBytes) / kBucketBytes < index.num_buckets_) return {};
  return index;
}

Result<std::array<NamedField, NameIndex::kEntries>> NameIndex::ParseBucket(Bytes bucket) {
  if (bucket.size() != kBucketBytes ||
      HashBytes(bucket.first(kEntriesBytes)) != LoadLe<std::uint64_t>(bucket.data() + kEntriesBytes))
    return Corrupt("a bucket of the name index differs from its hash");
  std::array<NamedField, kEntries> entries;
  for (std::size_t i = 0; i < kEntries; ++i) {
    const std::byte* const at = bucket.data() + i * kEntryBytes;
    const auto word = [&](std::size_t number) { return LoadLe<std::uint32_t>(at + 4 * number); };
    entries[i] = {word(0), word(1), word(2), word(3), word(4)};
  }
  return entries;
}

MutableBuffer SerializeNameIndex(const std::vector<NamedField>& fields, const std::vector<std::uint64_t>& name_hashes,
                                 std::uint64_t fields_end, std::uint64_t rest_hash) {
  const std::uint64_t num_buckets = CeilDiv(fields.size() * 100, NameIndex::kEntries * kFill);
  MutableBuffer out;
  out.Append(std::as_bytes(std::span(kIdentifier)));
  out.AppendLe(kVersion);
  out.AppendLe(static_cast<std::uint32_t>(num_buckets));
  out.AppendLe(static_cast<std::uint32_t>(fields.size()));
  out.AppendLe(fields_end);
  out.AppendLe(rest_hash);
  out.AppendLe(HashBytes(out.bytes()));
  out.AppendFill(num_buckets * NameIndex::kBucketBytes, std::byte{0});
  const NameIndex index = *NameIndex::Parse(out.bytes(), out.size());
  std::vector<std::uint8_t> used(num_buckets);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::uint64_t bucket = index.FirstBucket(name_hashes[i]);
    while (used[bucket] == NameIndex::kEntries) bucket = bucket + 1 == num_buckets ? 0 : bucket + 1;
    std::byte* const to = out.data() + NameIndex::RangeOf(bucket).offset + used[bucket]++ * kEntryBytes;
    const NamedField& field = fields[i];
    const std::uint32_t words[] = {field.name_hash, field.begin, field.size, field.first_column, field.fields_hash};
    for (std::size_t word = 0; word < std::size(words); ++word) StoreLe(to + 4 * word, words[word]);
  }
  for (std::uint64_t bucket = 0; bucket < num_buckets; ++bucket) {
    std::byte* const at = out.data() + NameIndex::RangeOf(bucket).offset;
    StoreLe(at + kEntriesBytes, HashBytes({at, kEntriesBytes}));
  }
  return out;
}

Result<std::vector<ListedField>> ListFields(Bytes schema, std::uint64_t* fields_end) {
  return CatchMalformed("schema", [&]() -> Result<std::vector<ListedField>> {
    std::vector<ListedField> fields;
    FieldOrder order;
    const auto position = [&](const pbf_reader& at) { return schema.size() - at.length(); };
    pbf_reader message = ReaderOf(schema);
    *fields_end = 0;
    for (;;) {
      const std::uint64_t begin = position(message);
      if (!message.next()) break;
      if (message.tag_and_type() != BytesField(1)) {
        message.skip();
        continue;
      }
      const Bytes bytes = BytesOf(message.get_view());
      *fields_end = position(message);
      const FieldHead head = PeekField(bytes);
      if (!order.Add(head)) return Unsupported("a schema in which fields do not follow their parents");
      if (head.is_top_level()) fields.push_back({head.name, begin, 0, 0});
      fields.back().size = *fields_end - fields.back().begin;
      ++fields.back().num_messages;
    }
    return fields;
  });
}

Result<std::vector<Field>> ParseFieldMessages(Bytes messages) {
  return CatchMalformed("field", [&]() -> Result<std::vector<Field>> {
    std::vector<Bytes> fields;
    pbf_reader reader = ReaderOf(messages);
    while (reader.next()) {
      if (reader.tag_and_type() == BytesField(1)) {
        fields.push_back(BytesOf(reader.get_view()));
      } else {
        reader.skip();
      }
    }
    return ParseFields(fields);
  });
}

}  // namespace lancekit::format
