// Writes a small dataset from Arrow C structs filled by hand: write_table PATH. A host with Arrow C++ (or nanoarrow, or any
// other Arrow library) exports its batches to these structs with one call instead.
#include <array>
#include <cstdint>
#include <cstdio>
#include <lancekit/lancekit.hpp>

namespace {

// The arrays below live on the stack of main, so releasing them frees nothing.
void release_schema(ArrowSchema* schema) { schema->release = nullptr; }
void release_array(ArrowArray* array) { array->release = nullptr; }

int fail(const lancekit::Error& error) {
  std::fprintf(stderr, "%s\n", error.describe().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_table PATH\n");
    return 2;
  }
  // Three rows: city (utf8, the last is null) and height (int64, metres).
  const std::array<std::int64_t, 3> heights = {521, 38, 2624};
  const std::array<std::int32_t, 4> text_offsets = {0, 6, 12, 12};
  const char* const text = "MunichBerlin";
  const std::uint8_t city_is_valid = 0b011;

  std::array<const void*, 3> city_buffers = {&city_is_valid, text_offsets.data(), text};
  std::array<const void*, 2> height_buffers = {nullptr, heights.data()};
  std::array<const void*, 1> row_buffers = {nullptr};
  ArrowArray city{3, 1, 0, 3, 0, city_buffers.data(), nullptr, nullptr, release_array, nullptr};
  ArrowArray height{3, 0, 0, 2, 0, height_buffers.data(), nullptr, nullptr, release_array, nullptr};
  std::array<ArrowArray*, 2> columns = {&city, &height};
  ArrowArray rows{3, 0, 0, 1, 2, row_buffers.data(), columns.data(), nullptr, release_array, nullptr};

  ArrowSchema city_field{"u", "city", nullptr, ARROW_FLAG_NULLABLE, 0, nullptr, nullptr, release_schema, nullptr};
  ArrowSchema height_field{"l", "height", nullptr, 0, 0, nullptr, nullptr, release_schema, nullptr};
  std::array<ArrowSchema*, 2> fields = {&city_field, &height_field};
  const ArrowSchema schema{"+s", "", nullptr, 0, 2, fields.data(), nullptr, release_schema, nullptr};

  const lancekit::Context context;
  lancekit::WriteOptions options;
  options.overwrite = true;
  auto writer = lancekit::create(context, argv[1], options);
  if (!writer) return fail(writer.error());
  if (auto status = writer->write(&rows, &schema); !status) return fail(status.error());
  auto summary = writer->commit();  // nothing is visible at the path before this line
  if (!summary) return fail(summary.error());
  std::printf("%llu rows, %llu bytes in %s\n", static_cast<unsigned long long>(summary->rows),
              static_cast<unsigned long long>(summary->bytes), argv[1]);
  return 0;
}
