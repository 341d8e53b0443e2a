#include "tools/common/man_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "lancekit/version.hpp"
#include "tools/common/defaults.h"
#include "tools/common/exit_codes.h"

namespace lancekit::tools {
namespace {

/// Text that roff takes as it is: no escapes, no hyphens, no requests at the start of lines.
std::string Plain(std::string_view text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    at_start = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string Bold(std::string_view text) { return "\\fB" + Plain(text) + "\\fR"; }

std::string Item(const std::string& title, const std::string& text) { return fmt::format(".TP\n{}\n{}\n", title, Plain(text)); }

std::string OptionTitle(const OptionFacts& option) {
  std::string title;
  for (const std::string& name : option.names) title += (title.empty() ? "" : ", ") + Bold(name);
  return option.value.empty() ? title : title + " \\fI" + Plain(option.value) + "\\fR";
}

std::string Commands(const ProgramFacts& facts) {
  std::string text;
  for (const CommandFacts& command : facts.commands) {
    text += Item(Bold(command.name) + " \\fI" + Plain(command.arguments) + "\\fR", command.summary);
    std::string options;
    for (const OptionFacts& option : command.options) options += (options.empty() ? "" : ", ") + Bold(option.names.back());
    if (!options.empty()) text += ".br\nOptions: " + options + "\n";
  }
  return text;
}

/// The options of the program and those of its commands, each once.
std::vector<OptionFacts> AllOptions(const ProgramFacts& facts) {
  std::vector<OptionFacts> options = facts.options;
  for (const CommandFacts& command : facts.commands) {
    for (const OptionFacts& option : command.options) {
      const auto is_same = [&](const OptionFacts& other) { return other.names == option.names && other.text == option.text; };
      if (std::ranges::none_of(options, is_same)) options.push_back(option);
    }
  }
  return options;
}

}  // namespace

std::string ManPage(const ProgramFacts& facts) {
  std::string title = facts.name;
  std::ranges::transform(title, title.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  std::string page = fmt::format(".\\\" Made by {} --help-man.\n.TH {} 1 \"\" \"lancekit {}\" \"User Commands\"\n", facts.name,
                                 Plain(title), LANCEKIT_VERSION);
  page += fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{} {}\n.SH DESCRIPTION\n{}\n", Plain(facts.name), Plain(facts.summary),
                      Bold(facts.name), Plain(facts.arguments), Plain(facts.description));
  if (!facts.commands.empty()) page += ".SH COMMANDS\n" + Commands(facts);
  page += ".SH OPTIONS\n";
  for (const OptionFacts& option : AllOptions(facts)) page += Item(OptionTitle(option), option.text);
  page += ".SH EXIT STATUS\n";
  for (const ExitCodeText& code : ExitCodes()) page += Item(Bold(std::to_string(code.code)), code.text);
  page += ".SH ENVIRONMENT\n";
  for (const EnvironmentVariable& variable : EnvironmentVariables()) page += Item(Bold(variable.name), variable.text);
  page += ".SH FILES\n" +
          Item("\\fI$XDG_CONFIG_HOME/lancekit/config.toml\\fR, else \\fI~/.config/lancekit/config.toml\\fR", ConfigFileText());
  page += ".SH EXAMPLES\n";
  for (const auto& [command, text] : facts.examples) page += Item(Bold(command), text);
  std::string others;
  for (const char* const name : {"lance-inspect", "lance-convert", "lance-index"}) {
    if (facts.name != name) others += (others.empty() ? "" : ", ") + Bold(name) + "(1)";
  }
  return page + ".SH SEE ALSO\n" + others + "\n";
}

}  // namespace lancekit::tools
