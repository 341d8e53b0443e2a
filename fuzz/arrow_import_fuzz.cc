// Arrow arrays from outside: a random type of a random schema is exported and imported; a random array of it is imported,
// damaged (which may only be refused or harmless), and written to pages and read again. Parameters: seed, type, rows, damage.
#include "fuzz/page_fuzz.h"
#include "types/arrow_format.h"
#include "writer/page_round_trip.h"

namespace lancekit::fuzz {
namespace {

/// Schemas with any text as format.
void ImportFormat(FuzzInput* input) {
  const auto flags = input->Number<std::uint16_t>();
  const std::string format = testing::TextOf(input->Take(input->Byte())).c_str();
  ArrowSchema item{};
  testing::OwnedSchema inner(TakeShape(input)->field());
  ArrowSchema* children[] = {&*inner, &*inner};
  item.format = format.c_str();
  item.name = "x";
  item.flags = flags;
  item.n_children = input->Byte() % 4 - 1;
  item.children = input->Flag() ? children : nullptr;
  if (item.n_children > 2) item.n_children = 2;
  item.dictionary = input->Flag() ? &*inner : nullptr;
  item.release = [](ArrowSchema*) {};
  const auto field = ImportField(item);
  if (!field) return;
  testing::OwnedSchema exported(*field);
  const auto again = ImportField(*exported);
  Require(again.has_value() && *again == *field, "a schema changes when it is exported and imported");
}

/// Counts and pointers that no producer may hand in; sizes are never raised, as the interface has no sizes of buffers.
void Damage(FuzzInput* input, ArrowArray* array) {
  switch (input->Byte() % 7) {
    case 0:
      array->length = -1 - array->length;
      break;
    case 1:
      array->offset = -1 - array->offset;
      break;
    case 2:
      array->n_buffers -= 1;
      break;
    case 3:
      array->null_count = input->Number<std::int64_t>();
      break;
    case 4:
      array->n_children = input->Byte() - 128;
      break;
    case 5:
      array->length /= 2;
      break;
    default:
      if (array->n_buffers > 0) array->buffers[input->Byte() % array->n_buffers] = nullptr;
  }
}

void Run(FuzzInput input) {
  const std::uint8_t mode = input.Byte();
  if (mode % 3 == 0) return ImportFormat(&input);
  std::mt19937 random(input.Number<std::uint32_t>());
  const std::vector<DataType> all = testing::AllTypes();
  const Field field = testing::MakeField("x", all[input.Byte() % all.size()]);
  const bool view = IsVariableWidth(field.type.id) && !HasLargeOffsets(field.type.id) && input.Flag();
  testing::MakeOptions options;
  options.nulls = input.Flag();
  options.storage = view ? Storage::kView : Storage::kPlain;
  const auto rows = static_cast<std::int64_t>(input.Below(600));
  const testing::MadeArray made = testing::MakeArray(field.type, rows, options, &random);
  testing::OwnedSchema schema(field);
  const std::string format = field.type.id == TypeId::kString ? "vu" : "vz";
  if (view) schema->format = format.c_str();
  if (mode % 3 == 1) {
    Damage(&input, &made.array->c());
    static_cast<void>(ImportArray(field, *schema, made.array->c()).has_value());
    return;
  }
  const auto imported = ImportArray(field, *schema, made.array->c());
  if (!imported) Require("an array is refused: " + imported.error().describe());
  for (std::int64_t i = 0; i < rows; ++i) {
    Require(testing::Render(*imported, i) == made.expected[static_cast<std::size_t>(i)], "a slot is different");
  }
  const auto version = input.Flag() ? format::FileVersion::k2_2 : format::FileVersion::k2_1;
  const std::string wrong = testing::RoundTrip(field, *imported, version, 1 + input.Below(1 << 16));
  if (!wrong.empty()) Require("pages hold something else: " + wrong);
}

}  // namespace
}  // namespace lancekit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lancekit::fuzz::Run({data, size});
  return 0;
}
