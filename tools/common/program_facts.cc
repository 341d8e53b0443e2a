#include "tools/common/program_facts.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "tools/common/completion.h"
#include "tools/common/man_page.h"

namespace lancekit::tools {

std::string OptionFacts::Usage() const {
  std::string usage = names.front().starts_with("--") ? "    " : "";
  for (const std::string& name : names) usage += (name == names.front() ? "" : ", ") + name;
  return value.empty() ? usage : usage + ' ' + value;
}

std::vector<CommandFacts> SharedCommands() {
  return {{"completion", "bash|zsh|fish", "a script for the shell that completes commands, options and columns", {}},
          {"help", "exit-codes", "the exit codes", {}}};
}

OptionFacts FactsOf(const CLI::Option& option) {
  OptionFacts facts{.names = {}, .value = {}, .text = option.get_description()};
  for (const std::string& name : option.get_snames()) facts.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) facts.names.push_back("--" + name);
  // Behind a colon CLI11 tells how the value is checked, which the description says in better words.
  if (option.get_type_size() != 0) facts.value = option.get_type_name().substr(0, option.get_type_name().find(':'));
  return facts;
}

std::vector<OptionFacts> OptionsOf(const CLI::App& app) {
  std::vector<OptionFacts> facts;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) facts.push_back(FactsOf(*option));
  }
  return facts;
}

std::string OptionLines(const std::vector<OptionFacts>& options) {
  constexpr std::size_t kWidth = 26;
  std::string text;
  for (const OptionFacts& option : options) {
    const std::string usage = option.Usage();
    text += usage.size() > kWidth ? fmt::format("  {}\n  {:<{}} ", usage, "", kWidth) : fmt::format("  {:<{}} ", usage, kWidth);
    text += option.text + '\n';
  }
  return text;
}

std::string CommandHelp(const ProgramFacts& facts, const CommandFacts& command) {
  std::vector<OptionFacts> options = command.options;
  options.insert(options.end(), facts.options.begin(), facts.options.end());
  return fmt::format("{}: {}\n\nUsage: {} {} {} [OPTIONS]\n\nOptions:\n{}", command.name, command.summary, facts.name,
                     command.name, command.arguments, OptionLines(options));
}

bool AnswerAboutProgram(const ProgramFacts& facts, int argc, const char* const* argv, std::string* answer) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.size() == 1 && words[0] == "--help-man") {
    *answer = ManPage(facts);
    return true;
  }
  if (words.size() == 2 && words[0] == "completion") return CompletionScript(facts.name, words[1], answer);
  if (words.size() >= 2 && words[0] == "__complete") {
    std::size_t index = 0;
    std::from_chars(words[1].data(), words[1].data() + words[1].size(), index);
    *answer = CompletionText(Complete(facts, {words.begin() + 2, words.end()}, index));
    return true;
  }
  return false;
}

}  // namespace lancekit::tools
