// What a program tells about itself: the one source of its help, its man page and its completion.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace lancekit::tools {

struct OptionFacts {
  std::vector<std::string> names;  ///< with their dashes
  std::string value;               ///< "FILE", or the words that are allowed: "auto|always|never"; empty for flags
  std::string text;

  /// "-f, --format FORMAT"; what has no short name is indented as if it had.
  std::string Usage() const;
};

struct CommandFacts {
  std::string name;
  std::string arguments;  ///< "ROWS PATH"
  std::string summary;
  std::vector<OptionFacts> options;  ///< that it takes and that are not those of the program
};

struct ProgramFacts {
  std::string name;
  std::string summary;    ///< a few words, for the headline of the man page
  std::string arguments;  ///< of the usage line
  std::string description;
  std::vector<CommandFacts> commands;
  std::vector<OptionFacts> options;
  std::vector<std::pair<std::string, std::string>> examples;  ///< a command line, and what it is for (may be empty)
};

/// Commands that every program has, beside its own.
std::vector<CommandFacts> SharedCommands();

OptionFacts FactsOf(const CLI::Option& option);
/// Of all options that have a name.
std::vector<OptionFacts> OptionsOf(const CLI::App& app);
/// A line or two for each option, as --help has them.
std::string OptionLines(const std::vector<OptionFacts>& options);

/// The text of --help about a command.
std::string CommandHelp(const ProgramFacts& facts, const CommandFacts& command);

/// Answers what is the same in all programs: `completion SHELL`, the `__complete` of completion scripts, `--help-man`. False when
/// the command line is none of these.
bool AnswerAboutProgram(const ProgramFacts& facts, int argc, const char* const* argv, std::string* answer);

}  // namespace lancekit::tools
