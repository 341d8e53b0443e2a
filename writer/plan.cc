#include "writer/plan.h"

#include <algorithm>

#include "writer/blob_schema.h"
#include "writer/candidates.h"
#include "writer/packed_rows.h"

namespace lancekit {
namespace {

constexpr std::uint64_t kNumberBits = 64;

/// True when pages of the leaf can have a dictionary beside or instead of their own.
bool CanHaveDictionary(const LeafType& leaf) {
  const std::uint64_t bits = leaf.shape.width_bits;
  return leaf.is_dictionary() || leaf.shape.variable() || bits == kNumberBits || bits == 2 * kNumberBits;
}

/// Errors: kInvalidArgument when the hints ask for what cannot hold values of the leaf.
Status CheckTree(const EncodingHints& hints, const LeafType& leaf, bool is_blob) {
  if (hints.tree.empty()) return {};
  const bool is_dictionary = hints.tree == "dictionary";
  if (!is_dictionary && !IsEncodingName(hints.tree)) LANCEKIT_TRY(ParseEncoderTree(hints.tree).status());
  bool holds = false;
  if (!is_blob && !leaf.shape.packed() && leaf.shape.list_sizes.empty()) {
    const bool is_float = !leaf.is_dictionary() && (leaf.type.id == TypeId::kFloat32 || leaf.type.id == TypeId::kFloat64);
    const ValueKind kind = leaf.shape.variable() ? ValueKind::kStrings : is_float ? ValueKind::kFloats : ValueKind::kNumbers;
    // Wider ones are made narrow before.
    const std::uint64_t bits = leaf.shape.width_bits == 2 * kNumberBits ? kNumberBits : leaf.shape.width_bits;
    const auto is_candidate = [&](const Candidate& candidate) { return Holds(candidate.tree, kind, bits); };
    holds = is_dictionary ? CanHaveDictionary(leaf)
                          : std::ranges::any_of(CandidatesFor(kind, format::FileVersion::kX1, hints), is_candidate);
  }
  if (holds) return {};
  return Invalid("\"{}\" is no encoding for values of type {}", hints.tree, is_blob ? "blob" : leaf.type.to_string());
}

/// The struct in a map has a name without a meaning: Parquet's is that of the column.
void NameEntries(std::vector<Field>* fields) {
  for (Field& field : *fields) {
    if (field.type.id == TypeId::kMap) std::ranges::for_each(field.type.children, [](Field& one) { one.name = "entries"; });
    NameEntries(&field.type.children);
  }
}

/// Those that the data files of a table have, to be compared.
std::vector<Field> ComparedFields(Schema table) {
  table = FileSchema(std::move(table));
  NameEntries(&table.fields);
  return std::move(table.fields);
}

}  // namespace

Result<format::FileVersion> CheckOptions(const WriteOptions& options) {
  LANCEKIT_ASSIGN(const format::FileVersion version, format::ParseWritableVersion(options.version));
  if (options.page_bytes == 0) return Invalid("pages of 0 bytes");
  LANCEKIT_TRY(ParsePreset(options.preset).status());
  if (options.append && (options.overwrite || options.single_file))
    return Invalid("append goes neither with overwrite nor with a single file");
  if (options.keep_versions && (!options.overwrite || options.single_file))
    return Invalid("older versions are kept by an overwrite of a dataset only");
  if (!options.bloom.empty() && !options.statistics) return Invalid("Bloom filters are part of the statistics, which are off");
  for (const BloomColumn& bloom : options.bloom) {
    if (bloom.bits_per_value < 1 || bloom.bits_per_value > 64)
      return At(Invalid("Bloom filters take 1 to 64 bits per value, not {}", bloom.bits_per_value), {.column = bloom.column});
  }
  return version;
}

Result<PlannedSchema> PlanSchema(const Schema& schema, const WriteOptions& options, format::FileVersion version) {
  for (const Field& field : schema.fields) {
    if (field.name.empty()) return Unsupported("a column without a name cannot be read back by Lance");
  }
  const bool is_dataset_22 = version != format::FileVersion::k2_1 && !options.single_file;
  Schema wanted = schema;
  LANCEKIT_TRY(SetEncodings(options.encodings, version, &wanted));
  PlannedSchema planned;
  LANCEKIT_ASSIGN(planned.table, TableSchema(wanted, is_dataset_22 ? BlobForm::kDescriptors : BlobForm::kPages));
  planned.file = FileSchema(planned.table);
  if (auto fields = format::SerializeFields(planned.file); !fields) return std::move(fields).status();
  return planned;
}

Status TakeColumnsOf(const Schema& table, const WriteOptions& options, format::FileVersion version, PlannedSchema* planned) {
  const auto text = [](const Schema& schema) {
    std::string columns;
    for (const Field& field : schema.fields)
      columns += fmt::format("{}{}: {}", columns.empty() ? "" : ", ", field.name, field.type.to_string());
    return columns;
  };
  // As a manifest gives it back, which does not tell all of a type; and of blobs the table may describe more than a writer does.
  LANCEKIT_ASSIGN(const std::vector<std::string> messages, format::SerializeFields(planned->table));
  std::vector<Bytes> views;
  for (const std::string& message : messages) views.push_back(std::as_bytes(std::span(message)));
  Schema stored;
  LANCEKIT_ASSIGN(stored.fields, format::ParseFields(views));
  if (ComparedFields(std::move(stored)) != ComparedFields(table))
    return Invalid("the table has the columns {}; these rows have {}", text(table), text(planned->table));
  planned->table = table;
  Schema wanted = table;
  LANCEKIT_TRY(SetEncodings(options.encodings, version, &wanted));
  planned->file = FileSchema(std::move(wanted));
  return {};
}

Result<PlannedLeaf> PlanLeaf(const format::Leaf& leaf, const WriteOptions& options, format::FileVersion version) {
  PlannedLeaf planned;
  LANCEKIT_ASSIGN(planned.path, LeafPath::Make(leaf, version));
  LANCEKIT_ASSIGN(planned.type, MakeLeafType(leaf.path.back()->type));
  // Of a table without rows too, so that it does not depend on them what can be stored.
  if (planned.type.is_empty_struct() && planned.path.has_lists())
    return Unsupported("structs without fields cannot be stored in a list");
  if (planned.type.shape.packed()) {
    LANCEKIT_ASSIGN(const ValueShape rows, PackedRowShape(planned.type.shape));
    if (rows.variable() && version == format::FileVersion::k2_1)
      return Unsupported(
          "packed structs with strings or fixed-size lists cannot be stored in Lance 2.1; write version 2.2, or remove "
          "lance-encoding:packed");
  }
  LANCEKIT_ASSIGN(planned.hints, HintsOf(leaf));
  LANCEKIT_ASSIGN(planned.hints.preset, ParsePreset(options.preset));
  if (version == format::FileVersion::kX1) {
    LANCEKIT_TRY(CheckTree(planned.hints, planned.type, format::IsBlob(*leaf.path.back())));
  } else if (planned.hints.tree != "dictionary") {
    planned.hints.tree.clear();  // of an X1 file perhaps, where the rows come from
  }
  // Only X1 has Snappy; to others the field says nothing that they know.
  if (version != format::FileVersion::kX1 && planned.hints.general.scheme == format::CompressionScheme::kSnappy) {
    planned.hints.compression = EncodingHints::Compression::kDefault;
    planned.hints.general = {};
  }
  return planned;
}

Result<ArrayView> ImportBatch(const Field& root, const ArrowSchema& schema, const ArrowArray& array) {
  // Imported as a struct, which also takes care of the batch's offset.
  LANCEKIT_ASSIGN(ArrayView batch, ImportArray(root, schema, array));
  if (batch.null_count != 0) return Invalid("a batch with null rows at the top level");
  for (std::size_t i = 0; i < root.type.children.size(); ++i) {
    const Field& field = root.type.children[i];
    if (!field.nullable && batch.children[i].null_count != 0) {
      return At(Invalid("nulls in a column that is not nullable"), {.column = field.name});
    }
  }
  return batch;
}

Status ReadStream(ArrowArrayStream* stream, const std::function<Status(const ArrowSchema&)>& take_schema,
                  const std::function<Result<bool>(ArrowArray*, const ArrowSchema&)>& take_batch) {
  const auto fail = [&](const char* what) {
    const char* const text = stream->get_last_error(stream);
    return Invalid("the input stream failed {}: {}", what, text == nullptr ? "no reason given" : text);
  };
  struct OwnedSchema {
    ArrowSchema schema{};
    ~OwnedSchema() {
      if (schema.release != nullptr) schema.release(&schema);
    }
  } owned;
  if (stream->get_schema(stream, &owned.schema) != 0) return fail("to give a schema");
  LANCEKIT_TRY(take_schema(owned.schema));
  for (bool more = true; more;) {
    ArrowArray array{};
    if (stream->get_next(stream, &array) != 0) return fail("to give a batch");
    if (array.release == nullptr) return {};
    auto taken = take_batch(&array, owned.schema);
    if (array.release != nullptr) array.release(&array);
    if (!taken) return std::move(taken).status();
    more = *taken;
  }
  return {};
}

}  // namespace lancekit
