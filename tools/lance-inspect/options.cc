#include "tools/lance-inspect/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/status.h"
#include "tools/common/command_line.h"
#include "tools/common/exit_codes.h"
#include "tools/common/suggest.h"

namespace lancekit::tools {
namespace {

constexpr const char* kProgram = "lance-inspect";

void AddOptions(CLI::App& app, Options& options) {
  AddCommonOptions(app, options.common);
  app.add_option("arguments", options.arguments);
  app.add_option("-f,--format", options.format, "table (on a terminal), plain (elsewhere), json, jsonl, csv or tsv")
      ->type_name("FORMAT");
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
  app.add_flag("--scan", options.scan, "Look at all values, also where zone maps tell something");
  AddVersionOptions(app, options.version);
  app.add_option("--page", options.page, "Only this page of each column")->check(CLI::NonNegativeNumber)->type_name("N");
  app.add_flag("--why", options.why,
               "What the writer would weigh for these rows: trials, sizes, the reason; page 0 unless --page");
  app.add_option("--preset", options.preset, "What counts with --why: fast, balanced or small (default: as lance-convert has it)")
      ->check(CLI::IsMember({"fast", "balanced", "small"}))
      ->type_name("PRESET");
  app.add_option("--as", options.schema_form, "Form of the schema: tree or json")
      ->check(CLI::IsMember({"tree", "json"}))
      ->type_name("FORM");
  app.add_flag("--bytes", options.exact_bytes, "Exact sizes everywhere");
  app.add_flag("--raw-values", options.values.raw_values, "Dates and times as the numbers that are stored");
  app.add_option_function<std::string>(
         "--int64", [&options](const std::string& form) { options.values.int64_strings = form == "string"; },
         "JSON: 64-bit integers as number or string")
      ->check(CLI::IsMember({"number", "string"}))
      ->type_name("FORM");
  app.add_option_function<std::string>(
         "--binary",
         [&options](const std::string& form) {
           options.has_binary_style = true;
           options.values.binary = form == "hex" ? BinaryStyle::kHex : form == "none" ? BinaryStyle::kNone : BinaryStyle::kBase64;
         },
         "Bytes as base64 (JSON), hex (text) or none")
      ->check(CLI::IsMember({"base64", "hex", "none"}))
      ->type_name("FORM");
  app.add_flag("--quick", options.quick, "Read the tails of the files only (the default)");
  app.add_flag("--full", options.full, "Read everything: each page's hashes and values");
  app.add_option("--sums", options.sums, "Compare with the hashes that checksum has written")->type_name("FILE");
  app.add_flag("--fail-fast", options.fail_fast, "Stop at the first damage");
  app.add_flag("--force", options.force, "Replace a file that is there: sums, pictures");
  app.add_option("--svg", options.svg, "A picture of the bytes for papers and READMEs; - is stdout")->type_name("FILE");
  app.add_option("--html", options.html, "A page to look into the bytes, columns and pages; - is stdout")->type_name("FILE");
  app.add_flag("-v,--verbose", options.verbose, "Tell reads, bytes read and time on stderr");
}

bool IsCommon(const std::string& name) {
  constexpr const char* kCommon[] = {"-h",       "--help",   "--version", "--json",    "-q",      "--quiet", "--color",
                                     "--format", "--output", "--bytes",   "--verbose", "--stats", "--io"};
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

std::string OptionLines(const CLI::App& app, const Command* command) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() || (command != nullptr && !Takes(*command, *option))) continue;
    std::string names;
    for (const std::string& name : option->get_snames()) names += "-" + name;
    for (const std::string& name : option->get_lnames()) names += (names.empty() ? "    --" : ", --") + name;
    if (option->get_type_size() != 0) names += " " + option->get_type_name();
    // The allowed values are in the description.
    names = names.substr(0, names.find(":{"));
    text += fmt::format("  {:<26} {}\n", names, option->get_description());
  }
  return text;
}

std::string CommandLines() {
  std::string text;
  for (const Command& command : AllCommands()) text += fmt::format("  {:<9} {}\n", command.name, command.summary);
  return text;
}

std::string FullHelp(const CLI::App& app, const Command* command) {
  if (command != nullptr) {
    return fmt::format("{}: {}\n\nUsage: {} {} {} [OPTIONS]\n\nOptions:\n{}", command->name, command->summary, kProgram,
                       command->name, command->arguments, OptionLines(app, command));
  }
  return fmt::format(
      "Examples:\n"
      "  {0} trips.lance                         what is it? (the same as info)\n"
      "  {0} columns trips.lance                 where do the bytes go?\n"
      "  {0} head -n 5 -c id,name trips.lance    the first rows\n"
      "  {0} cat -f csv trips.lance > trips.csv\n"
      "  {0} layout --html trips.html trips.lance   what every byte is for, to look at\n"
      "  {0} layout --json part.lance | jq '.parts[0]'\n\n"
      "Usage: {0} [COMMAND] PATH [OPTIONS]\n\nCommands:\n{1}  {2:<9} {3}\n\nOptions:\n{4}\nExit codes:\n{5}",
      kProgram, CommandLines(), "help", "this text; help COMMAND; help exit-codes", OptionLines(app, nullptr), ExitCodeTable());
}

/// Answers help, --help and --version. False when the request is none of these.
Result<bool> Answer(const CLI::App& app, Request* request) {
  Options& options = request->options;
  std::vector<std::string>& arguments = options.arguments;
  const bool help_command = !arguments.empty() && arguments[0] == "help";
  if (options.common.version) {
    request->text = VersionText(kProgram, "", options.common.json);
  } else if (help_command || options.common.full_help) {
    const std::size_t at = help_command ? 1 : 0;
    const std::string topic = arguments.size() > at ? arguments[at] : "";
    const Command* command = FindCommand(topic);
    if (help_command && command == nullptr && !topic.empty() && topic != "exit-codes")
      return Invalid("there is no help about \"{}\"", topic);
    request->text = topic == "exit-codes" ? ExitCodeTable() : FullHelp(app, command);
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
