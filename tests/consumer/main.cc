// What a program outside this project does with lancekit: writes a small table from Arrow C structs made by hand and reads
// it back. Usage: consumer OUTPUT. Exit status 0 when all values came back.
#include <cstdint>
#include <cstdio>
#include <lancekit/lancekit.hpp>
#include <string>

namespace {

int fail(const char* what, const lancekit::Error& error) {
  std::fprintf(stderr, "%s: %s\n", what, error.describe().c_str());
  return 1;
}

// All memory below is static, so releasing only marks the struct as released.
void release_schema(ArrowSchema* schema) { schema->release = nullptr; }
void release_array(ArrowArray* array) { array->release = nullptr; }

ArrowSchema make_schema(const char* format, const char* name, std::int64_t n_children = 0, ArrowSchema** children = nullptr) {
  return {format, name, nullptr, ARROW_FLAG_NULLABLE, n_children, children, nullptr, release_schema, nullptr};
}

ArrowArray make_array(std::int64_t length, std::int64_t null_count, std::int64_t n_buffers, const void** buffers,
                      std::int64_t n_children = 0, ArrowArray** children = nullptr) {
  return {length, null_count, 0, n_buffers, n_children, buffers, children, nullptr, release_array, nullptr};
}

int write(const lancekit::Context& context, const std::string& path) {
  static const std::int64_t ids[] = {7, 8, 9};
  static const std::int32_t offsets[] = {0, 3, 3, 8};
  static const char text[] = "onethree";
  static const std::uint8_t text_valid = 0b101;  // the second name is null
  static const void* id_buffers[] = {nullptr, ids};
  static const void* name_buffers[] = {&text_valid, offsets, text};
  static const void* row_buffers[] = {nullptr};

  ArrowSchema id_schema = make_schema("l", "id"), name_schema = make_schema("u", "name");
  ArrowSchema* field_schemas[] = {&id_schema, &name_schema};
  ArrowSchema schema = make_schema("+s", "", 2, field_schemas);
  ArrowArray id = make_array(3, 0, 2, id_buffers), name = make_array(3, 1, 3, name_buffers);
  ArrowArray* fields[] = {&id, &name};
  ArrowArray rows = make_array(3, 0, 1, row_buffers, 2, fields);

  auto writer = lancekit::create(context, path);
  if (!writer) return fail("create", writer.error());
  if (auto status = writer->write(&rows, &schema); !status) return fail("write", status.error());
  auto summary = writer->commit();
  if (!summary) return fail("commit", summary.error());
  return summary->rows == 3 ? 0 : 1;
}

int read(const lancekit::Context& context, const std::string& path) {
  auto table = lancekit::open(context, path);
  if (!table) return fail("open", table.error());
  std::int64_t sum = 0;
  std::string names;
  auto scan = table->scan().select({"name", "id"});
  for (auto& batch : scan) {
    if (!batch) return fail("scan", batch.error());
    for (std::int64_t id : batch->values<std::int64_t>("id")) sum += id;
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      names += batch->valid("name", row) ? std::string(batch->text("name", row)) : "null";
      names += ' ';
    }
  }
  if (sum == 24 && names == "one null three ") return 0;
  std::fprintf(stderr, "read sum %lld and names '%s'\n", static_cast<long long>(sum), names.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  static_assert(__cplusplus < 202002L, "the public headers must do with C++17");
  if (argc != 2) return 2;
  const lancekit::Context context;
  if (int status = write(context, argv[1])) return status;
  return read(context, argv[1]);
}
