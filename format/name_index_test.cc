#include "format/name_index.h"

#include <gtest/gtest.h>

#include <string>

#include "base/hash.h"
#include "format/schema.h"

namespace lancekit::format {
namespace {

std::uint64_t HashOf(const std::string& name) { return HashBytes(std::as_bytes(std::span(name))); }

struct Made {
  std::vector<NamedField> fields;
  MutableBuffer bytes;
  NameIndex index;
};

Made MakeIndex(std::uint32_t count) {
  Made made;
  std::vector<std::uint64_t> hashes;
  for (std::uint32_t i = 0; i < count; ++i) {
    hashes.push_back(HashOf("column " + std::to_string(i)));
    made.fields.push_back({static_cast<std::uint32_t>(hashes.back()), 100 * i, 90, 2 * i, 7 * i});
  }
  made.bytes = SerializeNameIndex(made.fields, hashes, 12'345, 99);
  made.index = NameIndex::Parse(made.bytes.bytes(), made.bytes.size()).value_or(NameIndex());
  return made;
}

TEST(NameIndex, FindsEveryFieldInAFewBuckets) {
  const Made made = MakeIndex(5000);
  ASSERT_EQ(made.index.num_fields(), 5000);
  EXPECT_EQ(made.index.fields_end(), 12'345);
  EXPECT_EQ(made.index.rest_hash(), 99);
  std::uint64_t looked_at = 0;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const std::uint64_t hash = HashOf("column " + std::to_string(i));
    bool found = false;
    for (std::uint64_t bucket = made.index.FirstBucket(hash); !found; bucket = (bucket + 1) % made.index.num_buckets()) {
      const FileRange range = NameIndex::RangeOf(bucket);
      const auto entries = NameIndex::ParseBucket(made.bytes.bytes().subspan(range.offset, range.size));
      ASSERT_TRUE(entries) << entries.error().message;
      ++looked_at;
      for (const NamedField& entry : *entries) {
        ASSERT_NE(entry.size, 0) << "the search ends before field " << i;
        found = entry.name_hash == static_cast<std::uint32_t>(hash) && entry.begin == 100 * i;
        if (!found) continue;
        EXPECT_EQ(entry.first_column, 2 * i);
        EXPECT_EQ(entry.fields_hash, 7 * i);
        break;
      }
    }
  }
  EXPECT_LT(looked_at, 5000 * 2);
}

TEST(NameIndex, DamageIsFound) {
  Made made = MakeIndex(1000);
  for (std::size_t at = 0; at < made.bytes.size(); at += 7) {
    made.bytes.data()[at] ^= std::byte{0x10};
    if (at < NameIndex::kHeaderBytes) {
      EXPECT_FALSE(NameIndex::Parse(made.bytes.bytes(), made.bytes.size()).has_value()) << at;
    } else {
      const FileRange range = NameIndex::RangeOf((at - NameIndex::kHeaderBytes) / NameIndex::kBucketBytes);
      EXPECT_FALSE(NameIndex::ParseBucket(made.bytes.bytes().subspan(range.offset, range.size))) << at;
    }
    made.bytes.data()[at] ^= std::byte{0x10};
  }
  EXPECT_FALSE(NameIndex::Parse(made.bytes.bytes().first(20), 20).has_value());
  EXPECT_FALSE(NameIndex::Parse(made.bytes.bytes(), made.bytes.size() - 1).has_value()) << "a bucket is missing";
}

TEST(ListFields, GivesTopLevelFieldsWithWhatIsBelow) {
  Schema schema;
  const Field number{.name = "x", .type = {.id = TypeId::kInt32}};
  schema.fields = {
      {.name = "a.b", .type = {.id = TypeId::kInt64}},
      {.name = "s",
       .type = {.id = TypeId::kStruct, .children = {number, {.name = "l", .type = {.id = TypeId::kList, .children = {number}}}}}},
      {.name = "last", .type = {.id = TypeId::kString}}};
  schema.metadata = {{"key", "value"}};
  AssignFieldIds(&schema);
  const auto descriptor = SerializeFileDescriptor({schema, 99});
  ASSERT_TRUE(descriptor);
  const Bytes bytes = std::as_bytes(std::span(*descriptor));
  const auto place = FindSchema(bytes.first(16), bytes.size());
  ASSERT_TRUE(place.has_value());
  const Bytes message = bytes.subspan(place->offset, place->size);
  std::uint64_t fields_end = 0;
  const auto listed = ListFields(message, &fields_end);
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const ListedField& field = (*listed)[i];
    EXPECT_EQ(field.name, schema.fields[i].name);
    const auto parsed = ParseFieldMessages(message.subspan(field.begin, field.size));
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(*parsed, std::vector{schema.fields[i]});
    EXPECT_EQ(field.num_messages, i == 1 ? 4 : 1);
  }
  EXPECT_EQ(NumColumns(schema.fields[1]), 2);
  const auto metadata = ParseSchemaMetadata(message.subspan(fields_end));
  ASSERT_TRUE(metadata);
  EXPECT_EQ(*metadata, schema.metadata);
  const auto num_rows = ParseNumRows(bytes.subspan(place->offset + place->size));
  ASSERT_TRUE(num_rows);
  EXPECT_EQ(*num_rows, 99);
}

TEST(FindSchema, RefusesWhatDoesNotFit) {
  const std::byte other_field[] = {std::byte{0x12}, std::byte{0}};
  const std::byte too_long[] = {std::byte{0x0A}, std::byte{0x05}, std::byte{0}};
  std::byte endless[16];
  std::fill(std::begin(endless), std::end(endless), std::byte{0xFF});
  endless[0] = std::byte{0x0A};
  EXPECT_FALSE(FindSchema(other_field, 2).has_value());
  EXPECT_FALSE(FindSchema(too_long, 3).has_value());
  EXPECT_FALSE(FindSchema(endless, 1000).has_value());
  EXPECT_FALSE(FindSchema({}, 0).has_value());
}

}  // namespace
}  // namespace lancekit::format
