#include "tools/lance-inspect/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/status.h"
#include "tools/common/command_line.h"
#include "tools/common/defaults.h"
#include "tools/common/exit_codes.h"
#include "tools/common/program_facts.h"
#include "tools/common/suggest.h"

namespace lancekit::tools {
namespace {

constexpr const char* kProgram = "lance-inspect";

void AddOptions(CLI::App& app, Options& options) {
  AddCommonOptions(app, options.common);
  AddLimitOptions(app, options.common);
  app.add_option("arguments", options.arguments);
  app.add_option("-f,--format", options.format, "Form of the output; else table on a terminal, plain elsewhere")
      ->type_name("table|plain|json|jsonl|csv|tsv|md");
  app.add_option("-o,--output", options.output_path, "Write to this file instead of stdout")->type_name("FILE");
  app.add_option("-c,--columns", options.columns, "Only these columns, separated by commas")
      ->type_name("COL")
      ->allow_extra_args(false);
  app.add_option("--exclude", options.excluded, "All but these columns")->type_name("COL")->allow_extra_args(false);
  app.add_option("-n,--rows", options.num_rows, "Number of rows (10)")->check(CLI::NonNegativeNumber)->type_name("N");
  app.add_option("--seed", options.seed, "Another sample for another number (0)")->check(CLI::NonNegativeNumber)->type_name("S");
  app.add_option("--where", options.where, "Only rows that match, such as \"day >= '2026-01-01' AND name LIKE 'a%'\"")
      ->type_name("FILTER")
      ->allow_extra_args(false);
  app.add_flag("--explain", options.explain, "Tell on stderr what the filter let the program skip");
  app.add_option("--sort", options.sort, "Order: largest first, as in the schema, by name, or what is compressed least (bytes)")
      ->check(CLI::IsMember({"bytes", "schema", "name", "ratio"}).description(""))
      ->type_name("bytes|schema|name|ratio");
  app.add_option("--top", options.most_columns, "Only the first so many")->check(CLI::PositiveNumber)->type_name("N");
  app.add_option("--depth", options.depth, "Nested columns as one from this depth on: 1 is that of top-level columns")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  app.add_flag("--vertical", options.vertical, "Each field on a line of its own");
  app.add_option("--key", options.key, "Compare rows that have the same values in these columns, wherever they are")
      ->type_name("COL")
      ->allow_extra_args(false);
  app.add_option("--rtol", options.relative_tolerance, "Floats a and b are the same when |a - b| <= ATOL + RTOL * |b| (0)")
      ->type_name("RTOL");
  app.add_option("--atol", options.absolute_tolerance, "See --rtol (0)")->type_name("ATOL");
  app.add_option("--limit", options.most_differences, "Show at most so many differences of rows (20)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  app.add_flag("--layout", options.diff_layout, "Compare bytes and encodings of columns instead of rows");
  app.add_flag("--pages", options.each_page, "With --layout: a line per page");
  app.add_flag("--scan", options.scan, "Look at all values, also where zone maps tell something");
  AddVersionOptions(app, options.version);
  app.add_option("--page", options.page, "Only this page of each column")->check(CLI::NonNegativeNumber)->type_name("N");
  app.add_flag("--why", options.why,
               "What the writer would weigh for these rows: trials, sizes, the reason; page 0 unless --page");
  app.add_flag("--histogram", options.histogram, "How many pages and bytes are encoded in which way, in all files");
  app.add_option("--preset", options.preset, "What counts with --why (default: as lance-convert has it)")
      ->check(CLI::IsMember({"fast", "balanced", "small"}))
      ->type_name("fast|balanced|small");
  app.add_option("--as", options.schema_form, "Form of the schema")
      ->check(CLI::IsMember({"tree", "json", "arrow-json", "ddl-duckdb", "ddl-postgres"}))
      ->type_name("tree|json|arrow-json|ddl-duckdb|ddl-postgres");
  app.add_flag("--bytes", options.exact_bytes, "Exact sizes everywhere");
  app.add_flag("--raw-values", options.values.raw_values, "Dates and times as the numbers that are stored");
  app.add_option_function<std::string>(
         "--int64", [&options](const std::string& form) { options.values.int64_strings = form == "string"; },
         "JSON: how 64-bit integers are written")
      ->check(CLI::IsMember({"number", "string"}))
      ->type_name("number|string");
  app.add_option_function<std::string>(
         "--binary",
         [&options](const std::string& form) {
           options.has_binary_style = true;
           options.values.binary = form == "hex" ? BinaryStyle::kHex : form == "none" ? BinaryStyle::kNone : BinaryStyle::kBase64;
         },
         "How bytes are written; else base64 in JSON, hex in text")
      ->check(CLI::IsMember({"base64", "hex", "none"}))
      ->type_name("base64|hex|none");
  app.add_flag("--quick", options.quick, "Read the tails of the files only (the default)");
  app.add_flag("--full", options.full, "Read everything: each page's hashes and values");
  app.add_option("--sums", options.sums, "Compare with the hashes that checksum has written")->type_name("FILE");
  app.add_flag("--fail-fast", options.fail_fast, "Stop at the first damage");
  app.add_flag("--force", options.force, "Replace a file that is there: sums, pictures");
  app.add_option("--svg", options.svg, "A picture of the bytes for papers and READMEs; - is stdout")->type_name("FILE");
  app.add_option("--html", options.html, "A page to look into the bytes, columns and pages; - is stdout")->type_name("FILE");
  app.add_flag("--open", options.open_page,
               "Show the page of --html by xdg-open, else the picture of --svg, else a temporary page");
  app.add_flag("--no-pager", options.no_pager,
               "No pager on a terminal; else LANCEKIT_PAGER, PAGER or less shows what is taller than it");
  app.add_flag("-v,--verbose", options.verbose, "Tell reads, bytes read and time on stderr");
  AddDefaults(app, kProgram, {"bytes"});
}

bool IsCommon(const std::string& name) {
  constexpr const char* kCommon[] = {"-h",       "--help",    "--version",      "--json",    "-q",      "--quiet", "--color",
                                     "--format", "--output",  "--bytes",        "--verbose", "--stats", "--trace", "--no-pager",
                                     "--io",     "--threads", "--memory-limit", "--config"};
  return std::ranges::find(kCommon, name) != std::end(kCommon);
}

/// The long name if there is one.
std::string NameOf(const CLI::Option& option) {
  return option.get_lnames().empty() ? "-" + option.get_snames().front() : "--" + option.get_lnames().front();
}

bool Takes(const Command& command, const CLI::Option& option) {
  const std::string name = NameOf(option);
  if (name == "--tag" || name == "--as-of") return command.takes_version;
  if (name == "--branch") return command.takes_version || command.takes_branch;
  return IsCommon(name) || std::ranges::find(command.options, name) != command.options.end();
}

Status CheckUse(const CLI::App& app, const Command& command, const Options& options) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() || option->count() == 0) continue;
    if (!Takes(command, *option)) return Invalid("{} has no option {}", command.name, NameOf(*option));
  }
  if (options.common.dataset_version && !command.takes_version) return Invalid("{} takes no --version N", command.name);
  const std::size_t count = options.arguments.size();
  if (count < command.least_arguments) return Invalid("{} needs: {}", command.name, command.arguments);
  if (count > command.most_arguments)
    return Invalid("{} takes: {}; \"{}\" is too much", command.name, command.arguments, options.arguments.back());
  for (const std::string& argument : options.arguments) {
    if (argument == "-") return Invalid("a Lance file is read from its end, so it cannot come through a pipe; give its path");
  }
  return {};
}

/// The options of the app that the command takes, or those that all take.
std::vector<OptionFacts> OptionsFor(const CLI::App& app, const Command* command) {
  std::vector<OptionFacts> facts;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) continue;
    const bool is_common = IsCommon(NameOf(*option));
    if (command == nullptr ? is_common : !is_common && Takes(*command, *option)) facts.push_back(FactsOf(*option));
  }
  return facts;
}

ProgramFacts FactsAbout(const CLI::App& app) {
  ProgramFacts facts{
      .name = kProgram,
      .summary = "look into Lance files and datasets",
      .arguments = "[COMMAND] PATH [OPTIONS]",
      .description =
          "Shows what is in a Lance file or dataset: its schema and rows, what every byte is for, which encodings are "
          "in use; finds damage and differences. Without a command it is info.",
      .commands = {},
      .options = OptionsFor(app, nullptr),
      .examples = {{"lance-inspect trips.lance", "What is it? The same as info."},
                   {"lance-inspect columns trips.lance", "Where do the bytes go?"},
                   {"lance-inspect head -n 5 -c id,name trips.lance", "The first rows."},
                   {"lance-inspect cat -f csv trips.lance > trips.csv", "All rows as CSV."},
                   {"lance-inspect diff --key id trips.lance@3 trips.lance", "What has changed since version 3?"},
                   {"lance-inspect layout --html trips.html trips.lance", "What every byte is for, to look at."},
                   {"lance-inspect layout --json part.lance | jq '.parts[0]'", "The same for programs."}}};
  for (const Command& command : AllCommands())
    facts.commands.push_back({command.name, command.arguments, command.summary, OptionsFor(app, &command)});
  for (CommandFacts& command : SharedCommands()) facts.commands.push_back(std::move(command));
  facts.commands.back() = {"help", "[COMMAND]|exit-codes", "this text, that of a command, or the exit codes", {}};
  return facts;
}

std::string FullHelp(const ProgramFacts& facts) {
  std::string examples, commands;
  for (const auto& [line, text] : facts.examples) examples += fmt::format("  {:<56} {}\n", line, text);
  std::vector<OptionFacts> options = facts.options;
  for (const CommandFacts& command : facts.commands) {
    commands += fmt::format("  {:<11} {}\n", command.name, command.summary);
    for (const OptionFacts& option : command.options) {
      if (std::ranges::find(options, option.names, &OptionFacts::names) == options.end()) options.push_back(option);
    }
  }
  return fmt::format("Examples:\n{}\nUsage: {} {}\n\nCommands:\n{}\nOptions:\n{}\nExit codes:\n{}", examples, kProgram,
                     facts.arguments, commands, OptionLines(options), ExitCodeTable());
}

/// The text of help, of help TOPIC. Errors: kInvalidArgument.
Result<std::string> Help(const ProgramFacts& facts, const std::string& topic) {
  if (topic.empty()) return FullHelp(facts);
  if (topic == "exit-codes") return ExitCodeTable();
  const auto command = std::ranges::find(facts.commands, topic, &CommandFacts::name);
  if (command == facts.commands.end()) return Invalid("there is no help about \"{}\"", topic);
  return CommandHelp(facts, *command);
}

/// Answers help, --help and --version. False when the request is none of these.
Result<bool> Answer(const CLI::App& app, Request* request) {
  Options& options = request->options;
  std::vector<std::string>& arguments = options.arguments;
  const bool help_command = !arguments.empty() && arguments[0] == "help";
  if (options.common.version) {
    request->text = VersionText(kProgram, "", options.common.json);
  } else if (help_command) {
    LANCEKIT_ASSIGN(request->text, Help(FactsAbout(app), arguments.size() > 1 ? arguments[1] : ""));
  } else if (options.common.full_help) {
    const bool has_command = !arguments.empty() && FindCommand(arguments[0]) != nullptr;
    LANCEKIT_ASSIGN(request->text, Help(FactsAbout(app), has_command ? arguments[0] : ""));
  } else if (options.common.short_help) {
    request->text = UsageText();
  } else if (arguments.empty()) {
    request->text = UsageText();
    request->exit_code = kExitUsage;
  } else {
    return false;
  }
  return true;
}

/// A first argument without '/' and '.' is a command; anything else is a path for info.
Status TakeCommand(Request* request) {
  std::vector<std::string>& arguments = request->options.arguments;
  const std::string& first = arguments[0];
  if (const Command* command = FindCommand(first)) {
    request->command = command;
    arguments.erase(arguments.begin());
    return {};
  }
  if (first.find_first_of("/.") == std::string::npos && first != "-") {
    std::vector<std::string> names{"help"};
    for (const Command& command : AllCommands()) names.emplace_back(command.name);
    const std::string meant = DidYouMean(first, names);
    return Invalid("unknown command \"{}\"{}", first,
                   meant.empty() ? fmt::format("; a file of this name is ./{}", first) : meant);
  }
  request->command = FindCommand("info");
  return {};
}

}  // namespace

Status ParseRequest(int argc, const char* const* argv, Request* request) {
  CLI::App app("Look into Lance files and datasets", kProgram);
  AddOptions(app, request->options);
  if (AnswerAboutProgram(FactsAbout(app), argc, argv, &request->text)) return {};
  // Rows that count from the end are no options; their parser passes over blanks.
  std::vector<std::string> arguments(argv, argv + argc);
  std::vector<const char*> pointers;
  for (std::string& argument : arguments) {
    if (argument.size() > 1 && argument[0] == '-' && argument[1] >= '0' && argument[1] <= '9') argument.insert(0, " ");
    pointers.push_back(argument.c_str());
  }
  LANCEKIT_TRY(ParseArguments(app, argc, pointers.data()));
  LANCEKIT_ASSIGN(const bool answered, Answer(app, request));
  if (answered) return {};
  LANCEKIT_TRY(TakeCommand(request));
  LANCEKIT_ASSIGN(request->options.open, ToOpenOptions(request->options.common, request->options.version));
  return CheckUse(app, *request->command, request->options);
}

Result<Format> ChooseFormat(const Options& options, const Output& output) {
  return ParseFormat(options.format, options.common.json, output.is_terminal());
}

std::string UsageText() {
  std::string commands;
  std::string_view group;
  for (const Command& command : AllCommands()) {
    if (group != command.group) {
      group = command.group;
      commands += fmt::format("{}  {:<9}", commands.empty() ? "" : "\n", group);
    }
    commands += fmt::format(" {}", command.name);
  }
  return fmt::format(
      "Usage: {0} [COMMAND] PATH [OPTIONS]\n\n{1}\n"
      "Examples:\n"
      "  {0} trips.lance\n"
      "  {0} head -n 5 -c id,name trips.lance\n\n"
      "{0} --help tells more.\n",
      kProgram, commands + "\n");
}

}  // namespace lancekit::tools
