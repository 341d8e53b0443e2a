#include "tools/common/completion.h"

#include <algorithm>
#include <filesystem>

#include "lancekit/table.hpp"

namespace lancekit::tools {
namespace {

void AddColumns(const std::vector<Field>& fields, const std::string& parent, std::vector<std::string>* names) {
  for (const Field& field : fields) {
    // What a terminal cannot be given, and what would be taken for two names.
    const auto is_odd = [](unsigned char c) { return c < 0x20 || c == 0x7F || c == ','; };
    if (std::ranges::any_of(field.name, is_odd)) continue;
    names->push_back(parent + field.name);
    if (field.type.id == TypeId::kStruct) AddColumns(field.type.children, parent + field.name + '.', names);
  }
}

/// Of the first word that is a Lance table.
std::vector<std::string> ColumnsOf(const std::vector<std::string>& words) {
  const Context context;
  std::vector<std::string> names;
  for (const std::string& word : words) {
    const std::string path =
        word.starts_with("~/") && std::getenv("HOME") != nullptr ? std::getenv("HOME") + word.substr(1) : word;
    std::error_code ignored;
    if (word.empty() || word[0] == '-' || !std::filesystem::exists(path, ignored)) continue;
    const auto table = open(context, path);
    if (!table) continue;
    AddColumns(table->schema().fields, "", &names);
    break;
  }
  return names;
}

bool StartsWith(const std::string& text, const std::string& start) { return text.compare(0, start.size(), start) == 0; }

class Completer {
 public:
  Completer(const ProgramFacts& facts, std::vector<std::string> words, std::size_t index)
      : facts_(facts), words_(std::move(words)), at_(index) {
    if (at_ >= words_.size()) words_.resize(at_ + 1);
    command_ = FindCommand();
  }

  Completion Run() {
    const std::string& word = words_[at_];
    const std::string before = at_ > 0 ? words_[at_ - 1] : "", second = at_ > 1 ? words_[at_ - 2] : "";
    const std::size_t equals = word.find('=');
    if (word == "=" && FindOption(before)) {
      AddValues(*FindOption(before), "", "");
    } else if (before == "=" && FindOption(second)) {
      AddValues(*FindOption(second), "", word);
    } else if (word.starts_with("--") && equals != std::string::npos) {
      const OptionFacts* const option = FindOption(word.substr(0, equals));
      if (option != nullptr) AddValues(*option, word.substr(0, equals + 1), word.substr(equals + 1));
    } else if (TakesValue(before)) {
      AddValues(*FindOption(before), "", word);
    } else if (word.starts_with("-")) {
      for (const OptionFacts& option : Options()) {
        for (const std::string& name : option.names) Add(name, option.text, word);
      }
    } else {
      AddArguments(word);
    }
    return std::move(found_);
  }

 private:
  std::vector<OptionFacts> Options() const {
    std::vector<OptionFacts> options = facts_.options;
    if (command_ != nullptr) {
      options.insert(options.end(), command_->options.begin(), command_->options.end());
    } else {
      // Those of all commands, which may still follow.
      for (const CommandFacts& command : facts_.commands) {
        for (const OptionFacts& option : command.options) {
          if (std::ranges::find(options, option.names, &OptionFacts::names) == options.end()) options.push_back(option);
        }
      }
    }
    return options;
  }

  /// Of any command: what an option means does not depend on it.
  const OptionFacts* FindOption(const std::string& name) const {
    const auto is_it = [&name](const OptionFacts& option) { return std::ranges::find(option.names, name) != option.names.end(); };
    const auto at = std::ranges::find_if(facts_.options, is_it);
    if (at != facts_.options.end()) return &*at;
    for (const CommandFacts& command : facts_.commands) {
      if (command_ != nullptr && command.name != command_->name) continue;
      const auto of_command = std::ranges::find_if(command.options, is_it);
      if (of_command != command.options.end()) return &*of_command;
    }
    return nullptr;
  }

  bool TakesValue(const std::string& name) const {
    const OptionFacts* const option = name.starts_with("-") ? FindOption(name) : nullptr;
    return option != nullptr && !option->value.empty();
  }

  /// The first argument before the word.
  const CommandFacts* FindCommand() const {
    for (std::size_t i = 0; i < at_; ++i) {
      if (words_[i].starts_with("-") || words_[i] == "=" || (i > 0 && (words_[i - 1] == "=" || TakesValue(words_[i - 1]))))
        continue;
      const auto at = std::ranges::find(facts_.commands, words_[i], &CommandFacts::name);
      has_argument_ = true;
      return at == facts_.commands.end() ? nullptr : &*at;
    }
    return nullptr;
  }

  void Add(const std::string& word, const std::string& text, const std::string& start) {
    if (StartsWith(word, start)) found_.words.emplace_back(word, text);
  }

  /// Words of the value with `prefix` in front, such as "--color=".
  void AddValues(const OptionFacts& option, const std::string& prefix, const std::string& start) {
    const std::string& value = option.value;
    if (value.find('|') != std::string::npos) {
      AddChoices(value, prefix, start);
    } else if (value.starts_with("COL") || value == "A,B") {
      const std::size_t comma = start.rfind(',');
      const std::string done = comma == std::string::npos ? "" : start.substr(0, comma + 1);
      for (const std::string& name : ColumnsOf(words_)) {
        // Parts of a struct only where they are asked for.
        const std::string typed = start.substr(done.size());
        if (StartsWith(name, typed) && name.find('.', typed.size()) == std::string::npos)
          found_.words.emplace_back(prefix + done + name, "");
      }
    } else {
      found_.files = value == "FILE" || value == "PATH";
    }
  }

  void AddChoices(const std::string& choices, const std::string& prefix, const std::string& start) {
    for (std::size_t begin = 0; begin <= choices.size();) {
      const std::size_t end = std::min(choices.find('|', begin), choices.size());
      const std::string choice = choices.substr(begin, end - begin);
      if (StartsWith(choice, start)) found_.words.emplace_back(prefix + choice, "");
      begin = end + 1;
    }
  }

  void AddArguments(const std::string& start) {
    if (command_ != nullptr && command_->name == "help") {
      const bool knows_commands = command_->arguments != "exit-codes";
      for (const CommandFacts& command : facts_.commands) {
        if (knows_commands) Add(command.name, command.summary, start);
      }
      Add("exit-codes", "", start);
    } else if (command_ != nullptr && command_->arguments.find('|') != std::string::npos) {
      AddChoices(command_->arguments, "", start);
    } else {
      found_.files = true;
      if (has_argument_) return;
      for (const CommandFacts& command : facts_.commands) Add(command.name, command.summary, start);
    }
  }

  const ProgramFacts& facts_;
  std::vector<std::string> words_;
  std::size_t at_;
  mutable bool has_argument_ = false;
  const CommandFacts* command_ = nullptr;
  Completion found_;
};

constexpr std::string_view kBash = R"(# bash completion of PROGRAM
FUNCTION() {
  local -a answer
  local word=${COMP_WORDS[COMP_CWORD]} line
  mapfile -t answer < <("${COMP_WORDS[0]}" __complete $((COMP_CWORD - 1)) "${COMP_WORDS[@]:1}" 2> /dev/null)
  COMPREPLY=()
  if [[ ${answer[0]} == files ]]; then
    [[ $word == "=" ]] && word=
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
  for line in "${answer[@]:1}"; do
    line=${line%%$'\t'*}
    [[ ${answer[0]} == files ]] || printf -v line %q "$line"
    COMPREPLY+=("$line")
  done
}
complete -F FUNCTION PROGRAM
)";

constexpr std::string_view kZsh = R"(#compdef PROGRAM
FUNCTION() {
  local -a answer items
  local line
  answer=("${(@f)$("${words[1]}" __complete $((CURRENT - 2)) "${(@)words[2,-1]}" 2> /dev/null)}")
  for line in "${(@)answer[2,-1]}"; do
    items+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  (( $#items )) && _describe PROGRAM items
  [[ $answer[1] == files ]] && _files
}
if [[ $funcstack[1] == FUNCTION ]]; then FUNCTION "$@"; else compdef FUNCTION PROGRAM; fi
)";

constexpr std::string_view kFish = R"(# fish completion of PROGRAM
function FUNCTION
  set -l words (commandline -opc) (commandline -ct)
  set -l answer (PROGRAM __complete (math (count $words) - 2) $words[2..-1] 2> /dev/null)
  string join -- \n $answer[2..-1]
  test "$answer[1]" = files; and __fish_complete_path (commandline -ct)
end
complete -c PROGRAM -f -a '(FUNCTION)'
)";

void ReplaceAll(std::string_view what, const std::string& by, std::string* text) {
  for (std::size_t at = 0; (at = text->find(what, at)) != std::string::npos; at += by.size()) text->replace(at, what.size(), by);
}

}  // namespace

Completion Complete(const ProgramFacts& facts, std::vector<std::string> words, std::size_t index) {
  constexpr std::size_t kMostWords = 10'000;
  if (index > kMostWords) return {};
  return Completer(facts, std::move(words), index).Run();
}

std::string CompletionText(const Completion& completion) {
  std::string text = completion.files ? "files\n" : "words\n";
  for (const auto& [word, description] : completion.words) text += word + '\t' + description + '\n';
  return text;
}

bool CompletionScript(const std::string& program, const std::string& shell, std::string* script) {
  constexpr std::pair<const char*, std::string_view> kScripts[] = {{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};
  for (const auto& [name, text] : kScripts) {
    if (shell != name) continue;
    *script = text;
    std::string function = '_' + program;
    std::ranges::replace(function, '-', '_');
    ReplaceAll("FUNCTION", function, script);
    ReplaceAll("PROGRAM", program, script);
    return true;
  }
  return false;
}

}  // namespace lancekit::tools
