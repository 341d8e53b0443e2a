// Prints a text column of some rows: take_rows PATH COLUMN ROW... Rows in any order; -1 is the last one.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <lancekit/lancekit.hpp>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: take_rows PATH COLUMN ROW...\n");
    return 2;
  }
  std::vector<std::int64_t> rows;
  for (int i = 3; i < argc; ++i) rows.push_back(std::strtoll(argv[i], nullptr, 10));

  const lancekit::Context context;
  auto table = lancekit::open(context, argv[1]);
  if (!table) {
    std::fprintf(stderr, "%s\n", table.error().describe().c_str());
    return 1;
  }
  auto batch = table->take({rows.data(), rows.size()}, {argv[2]});
  if (!batch) {
    std::fprintf(stderr, "%s\n", batch.error().describe().c_str());
    return 1;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const auto text = batch->valid(argv[2], row) ? batch->text(argv[2], row) : "(null)";
    std::printf("%lld %.*s\n", static_cast<long long>(rows[i]), static_cast<int>(text.size()), text.data());
  }
  return 0;
}
