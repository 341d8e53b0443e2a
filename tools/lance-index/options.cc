#include "tools/lance-index/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>

#include "base/status.h"
#include "tools/common/command_line.h"
#include "tools/common/exit_codes.h"
#include "tools/common/numbers.h"
#include "tools/common/suggest.h"

namespace lancekit::tools {
namespace {

constexpr const char* kUsage =
    "Usage: lance-index COMMAND TABLE [OPTIONS]\n"
    "Vector search: an HNSW index in a file beside a Lance table.\n\n"
    "  build TABLE -c COL          Make an index of a column of vectors\n"
    "  add TABLE                   Take in rows that were appended to a dataset\n"
    "  delete TABLE                Take out rows, and those that are deleted in the dataset\n"
    "  compact TABLE               Take out what is only marked as deleted\n"
    "  search TABLE VECTOR         The rows with the nearest vectors\n"
    "  eval TABLE --queries FILE   Recall and speed for several --ef\n"
    "  stats TABLE                 What is in the index\n"
    "  verify TABLE                Compare the index with its hashes and its data\n\n"
    "  lance-index build photos.lance -c embedding --metric cosine\n"
    "  lance-index search photos.lance row:17 -k 5 --columns name,url\n\n"
    "lance-index COMMAND --help lists the options of one. Exit codes: lance-index help exit-codes\n";

struct Raw {
  std::string memory_limit;
  std::string efs;
  std::string columns;
  std::string where;
};

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

void AddTable(CLI::App* app, IndexOptions* options, Raw* raw) {
  app->add_option("table", options->table, "A Lance file or dataset")->type_name("TABLE")->required();
  app->add_option("-c,--column", options->column, "The column of vectors")->type_name("COL");
  app->add_option("--index", options->index, "The file of the index (TABLE.hnsw; in a dataset _lancekit/COL.hnsw)")
      ->type_name("FILE");
  app->add_option("-j,--threads", options->threads, "Threads (number of cores)")->check(CLI::Range(0, 4096))->type_name("N");
  app->add_option("--memory-limit", raw->memory_limit, "At most so much memory, such as 2GiB")->type_name("SIZE");
  AddVersionOptions(*app, options->version);
  AddCommonOptions(*app, options->common);
}

void AddOutput(CLI::App* app, IndexOptions* options) {
  app->add_option("-f,--format", options->format, "table (on a terminal), plain (elsewhere), json, jsonl, csv or tsv")
      ->type_name("FORMAT");
  app->add_option("-o,--output", options->output, "Write to this file instead of stdout")->type_name("FILE");
}

void AddSearch(CLI::App* app, IndexOptions* options) {
  app->add_option(
         "--queries", options->queries,
         "A file of vectors: Lance, .npy, .fvecs, or what lance-convert reads; FILE:COL for another column than the index has")
      ->type_name("FILE");
  app->add_option("-n,--queries-limit", options->most_queries, "Only the first so many")->type_name("N");
  app->add_option("-k", options->search.k, "So many rows for each vector (10)")->check(CLI::PositiveNumber)->type_name("K");
}

void AddWhere(CLI::App* app, Raw* raw) {
  app->add_option("--where", raw->where, "Only rows that match, such as \"day >= '2026-01-01' AND name LIKE 'a%'\"")
      ->type_name("FILTER");
}

std::unique_ptr<CLI::App> MakeApp(IndexOptions* options, Raw* raw) {
  auto app = std::make_unique<CLI::App>();
  AddCommonOptions(*app, options->common);
  const std::map<std::string, VectorMetric> metrics{
      {"l2", VectorMetric::kL2}, {"cosine", VectorMetric::kCosine}, {"ip", VectorMetric::kInnerProduct}};
  CLI::App* const build = app->add_subcommand("build", "Make an index of a column of vectors");
  AddTable(build, options, raw);
  AddProgressOption(*build, options->common);
  build->add_option("--metric", options->build.metric, "l2 (default), cosine or ip, the inner product")
      ->transform(CLI::CheckedTransformer(metrics).description(""))
      ->type_name("METRIC");
  build->add_option("-m,--m", options->build.m, "Neighbours that a vector seeks in each layer (16)")->type_name("M");
  build->add_option("--ef-construction", options->build.ef_construction, "Vectors among which it seeks them (200)")
      ->type_name("EF");
  build->add_option("--seed", options->build.seed, "Layers of vectors are drawn from it (1)")->type_name("S");
  const std::map<std::string, VectorCodes> codes{
      {"8bit", VectorCodes::k8Bit}, {"1bit", VectorCodes::k1Bit}, {"none", VectorCodes::kNone}};
  build
      ->add_option("--codes", options->build.codes,
                   "What the index keeps of vectors: 8bit (default) for each dimension; 1bit, an eighth, for vectors that do not "
                   "fit into the memory, searched with a larger --ef; none, the graph alone")
      ->transform(CLI::CheckedTransformer(codes).description(""))
      ->type_name("CODES");
  build->add_flag("--force", options->force, "Replace an index that is there");

  CLI::App* const add = app->add_subcommand("add", "Take in rows that were appended to a dataset");
  AddTable(add, options, raw);
  AddProgressOption(*add, options->common);
  CLI::App* const remove = app->add_subcommand("delete", "Take out rows, and those that are deleted in the dataset");
  AddTable(remove, options, raw);
  remove->add_option("--rows", options->rows, "Rows of the table, such as 3,17,100:200")->type_name("ROWS");
  AddWhere(remove, raw);
  remove->add_flag("--tombstones", options->tombstones, "Mark them only; compact takes them out");
  CLI::App* const compact = app->add_subcommand("compact", "Take out what is only marked as deleted");
  AddTable(compact, options, raw);

  CLI::App* const search = app->add_subcommand("search", "The rows with the nearest vectors");
  AddTable(search, options, raw);
  AddOutput(search, options);
  search->add_option("vector", options->query, "[0.1, 0.2, ...], or row:N for the vector of a row")->type_name("VECTOR");
  AddSearch(search, options);
  AddWhere(search, raw);
  search->add_option("--ef", options->search.ef, "Vectors that a walk keeps (64): more find better and take longer")
      ->type_name("EF");
  search->add_flag("--explain", options->explain, "Tell on stderr what was compared and read; '-f json' always does");
  search->add_flag("--exact", options->search.exact, "Compare with all vectors");
  search->add_option("--columns", raw->columns, "Columns of the table beside row and distance, separated by commas")
      ->type_name("COL");

  CLI::App* const eval = app->add_subcommand("eval", "Recall against the exact search, and speed, for several --ef");
  AddTable(eval, options, raw);
  AddOutput(eval, options);
  AddSearch(eval, options);
  AddWhere(eval, raw);
  eval->add_option("--ef", raw->efs, "Separated by commas (10,15,20,30,40,60,80,120,200,400)")->type_name("EF");

  CLI::App* const stats = app->add_subcommand("stats", "What is in the index");
  AddTable(stats, options, raw);
  AddOutput(stats, options);
  CLI::App* const verify = app->add_subcommand("verify", "Compare the index with its hashes and its data");
  AddTable(verify, options, raw);
  AddOutput(verify, options);
  app->require_subcommand(0, 1);
  return app;
}

constexpr const char* kNames[] = {"", "build", "add", "delete", "compact", "search", "eval", "stats", "verify"};

Status Check(const Raw& raw, IndexOptions* options) {
  LANCEKIT_ASSIGN(options->open, ToOpenOptions(options->common, options->version));
  options->columns = SplitAtCommas(raw.columns);
  if (!raw.memory_limit.empty()) {
    LANCEKIT_ASSIGN(options->memory_limit, ParseBytes(raw.memory_limit));
    options->build.memory_limit = options->memory_limit;
  }
  if (!raw.where.empty()) {
    LANCEKIT_ASSIGN(options->where, Filter::parse(raw.where));
  }
  for (const std::string& text : SplitAtCommas(raw.efs)) {
    if (text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos || std::stoul(text) == 0)
      return Invalid("--ef takes numbers, not \"{}\"", text);
    options->efs.push_back(static_cast<std::uint32_t>(std::stoul(text)));
  }
  if (options->efs.empty()) options->efs = {10, 15, 20, 30, 40, 60, 80, 120, 200, 400};
  if (options->command == IndexCommand::kBuild && options->column.empty()) return Invalid("build needs a column: -c COL");
  if (options->command == IndexCommand::kSearch && options->query.empty() == options->queries.empty())
    return Invalid("search needs a vector, or a file of them, --queries");
  if (options->command == IndexCommand::kEval && options->queries.empty())
    return Invalid("eval needs a file of vectors: --queries FILE");
  return {};
}

}  // namespace

Status ParseIndexOptions(int argc, const char* const* argv, IndexOptions* options) {
  if (argc == 3 && std::string(argv[1]) == "help" && std::string(argv[2]) == "exit-codes") {
    options->text = ExitCodeTable();
    return {};
  }
  options->text = kUsage;
  if (argc <= 1) {
    options->exit_code = kExitUsage;
    return {};
  }
  Raw raw;
  const auto app = MakeApp(options, &raw);
  // Help is wanted also where what is required is missing.
  for (int i = 2; i < argc; ++i) {
    if (std::string(argv[i]) != "--help" && std::string(argv[i]) != "-h") continue;
    const std::string wanted = argv[1];
    for (const CLI::App* const sub : app->get_subcommands([&](const CLI::App* one) { return one->get_name() == wanted; })) {
      options->text = sub->help();
      return {};
    }
  }
  LANCEKIT_TRY(ParseArguments(*app, argc, argv));
  const std::vector<CLI::App*> chosen = app->get_subcommands();
  if (options->common.version) {
    options->text = VersionText("lance-index", "", options->common.json);
    return {};
  }
  if (chosen.empty()) {
    if (!options->common.short_help && !options->common.full_help) options->exit_code = kExitUsage;
    return {};
  }
  for (std::size_t i = 1; i < std::size(kNames); ++i) {
    if (chosen.front()->get_name() == kNames[i]) options->command = static_cast<IndexCommand>(i);
  }
  return Check(raw, options);
}

}  // namespace lancekit::tools
