// The same for the index: what a table without vectors and without an index answers. Usage: searcher TABLE.
#include <cstdio>
#include <lancekit/index.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const lancekit::Context context;
  const auto built = lancekit::VectorIndex::build(context, argv[1], "id", std::string(argv[1]) + ".hnsw");
  const auto opened = lancekit::VectorIndex::open(context, argv[1]);
  if (built || opened) return 1;
  std::printf("%s\n%s\n", built.error().describe().c_str(), opened.error().describe().c_str());
  return built.error().code == lancekit::ErrorCode::kInvalidArgument && opened.error().code == lancekit::ErrorCode::kIo ? 0 : 1;
}
