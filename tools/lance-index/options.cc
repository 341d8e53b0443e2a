#include "tools/lance-index/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "base/status.h"
#include "tools/common/command_line.h"
#include "tools/common/defaults.h"
#include "tools/common/exit_codes.h"
#include "tools/common/numbers.h"
#include "tools/common/program_facts.h"
#include "tools/common/suggest.h"

namespace lancekit::tools {
namespace {

struct Raw {
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

void AddTable(CLI::App* app, IndexOptions* options) {
  app->add_option("table", options->table, "A Lance file or dataset")->type_name("TABLE")->required();
  app->add_option("-c,--column", options->column, "The column of vectors")->type_name("COL");
  app->add_option("--index", options->index, "The file of the index (TABLE.hnsw; in a dataset _lancekit/COL.hnsw)")
      ->type_name("FILE");
  AddVersionOptions(*app, options->version);
  // Those of the program may stand behind the command.
  app->fallthrough();
}

void AddOutput(CLI::App* app, IndexOptions* options) {
  app->add_option("-f,--format", options->format, "Form of the output; else table on a terminal, plain elsewhere")
      ->type_name("table|plain|json|jsonl|csv|tsv|md");
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
  AddLimitOptions(*app, options->common);
  AddDefaults(*app, "lance-index", {});
  const std::map<std::string, VectorMetric> metrics{
      {"l2", VectorMetric::kL2}, {"cosine", VectorMetric::kCosine}, {"ip", VectorMetric::kInnerProduct}};
  CLI::App* const build = app->add_subcommand("build", "Make an index of a column of vectors");
  AddTable(build, options);
  AddProgressOption(*build, options->common);
  build->add_option("--metric", options->build.metric, "How far vectors are from each other; ip is the inner product (l2)")
      ->transform(CLI::CheckedTransformer(metrics).description(""))
      ->type_name("l2|cosine|ip");
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
      ->type_name("8bit|1bit|none");
  build->add_flag("--force", options->force, "Replace an index that is there");

  CLI::App* const add = app->add_subcommand("add", "Take in rows that were appended to a dataset");
  AddTable(add, options);
  AddProgressOption(*add, options->common);
  CLI::App* const remove = app->add_subcommand("delete", "Take out rows, and those that are deleted in the dataset");
  AddTable(remove, options);
  remove->add_option("--rows", options->rows, "Rows of the table, such as 3,17,100:200")->type_name("ROWS");
  AddWhere(remove, raw);
  remove->add_flag("--tombstones", options->tombstones, "Mark them only; compact takes them out");
  CLI::App* const compact = app->add_subcommand("compact", "Take out what is only marked as deleted");
  AddTable(compact, options);

  CLI::App* const search = app->add_subcommand("search", "The rows with the nearest vectors");
  AddTable(search, options);
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
  AddTable(eval, options);
  AddOutput(eval, options);
  AddSearch(eval, options);
  AddWhere(eval, raw);
  eval->add_option("--ef", raw->efs, "Separated by commas (10,15,20,30,40,60,80,120,200,400)")->type_name("EF");

  CLI::App* const stats = app->add_subcommand("stats", "What is in the index");
  AddTable(stats, options);
  AddOutput(stats, options);
  CLI::App* const verify = app->add_subcommand("verify", "Compare the index with its hashes and its data");
  AddTable(verify, options);
  AddOutput(verify, options);
  app->require_subcommand(0, 1);
  return app;
}

/// What stands behind TABLE in the commands' usage.
constexpr std::pair<const char*, const char*> kArguments[] = {
    {"build", "-c COL"}, {"search", "VECTOR"}, {"eval", "--queries FILE"}};

ProgramFacts FactsAbout(const CLI::App& app) {
  ProgramFacts facts{.name = "lance-index",
                     .summary = "search vectors in Lance tables",
                     .arguments = "COMMAND TABLE [OPTIONS]",
                     .description = "Vector search: an HNSW index in a file beside a Lance table.",
                     .commands = {},
                     .options = OptionsOf(app),
                     .examples = {{"lance-index build photos.lance -c embedding --metric cosine", "Makes the index."},
                                  {"lance-index search photos.lance row:17 -k 5 --columns name,url", "The five nearest rows."}}};
  for (const CLI::App* const sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    CommandFacts command{.name = sub->get_name(), .arguments = "TABLE", .summary = sub->get_description(), .options = {}};
    for (const auto& [name, arguments] : kArguments) {
      if (command.name == name) command.arguments += std::string(" ") + arguments;
    }
    for (OptionFacts& option : OptionsOf(*sub)) {
      if (std::ranges::find(facts.options, option.names, &OptionFacts::names) == facts.options.end())
        command.options.push_back(std::move(option));
    }
    facts.commands.push_back(std::move(command));
  }
  for (CommandFacts& command : SharedCommands()) facts.commands.push_back(std::move(command));
  return facts;
}

std::string Usage(const ProgramFacts& facts) {
  std::string commands, examples;
  for (const CommandFacts& command : facts.commands)
    commands += fmt::format("  {:<27} {}\n", command.name + ' ' + command.arguments, command.summary);
  for (const auto& [line, text] : facts.examples) examples += fmt::format("  {}\n", line);
  return fmt::format("Usage: {} {}\n{}\n\n{}\n{}\n{} COMMAND --help lists the options of one. Exit codes: {} help exit-codes\n",
                     facts.name, facts.arguments, facts.description, commands, examples, facts.name, facts.name);
}

constexpr const char* kNames[] = {"", "build", "add", "delete", "compact", "search", "eval", "stats", "verify"};

Status Check(const Raw& raw, IndexOptions* options) {
  LANCEKIT_ASSIGN(options->open, ToOpenOptions(options->common, options->version));
  options->columns = SplitAtCommas(raw.columns);
  options->build.memory_limit = options->common.memory_limit;
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
  Raw raw;
  const auto app = MakeApp(options, &raw);
  const ProgramFacts facts = FactsAbout(*app);
  if (AnswerAboutProgram(facts, argc, argv, &options->text)) return {};
  options->text = Usage(facts);
  if (argc <= 1) {
    options->exit_code = kExitUsage;
    return {};
  }
  // Help is wanted also where what is required is missing.
  const auto command = std::ranges::find(facts.commands, std::string(argv[1]), &CommandFacts::name);
  for (int i = 2; i < argc && command != facts.commands.end(); ++i) {
    if (std::string(argv[i]) != "--help" && std::string(argv[i]) != "-h") continue;
    options->text = CommandHelp(facts, *command);
    return {};
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
