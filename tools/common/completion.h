// Completion in shells: scripts that ask the program what may follow, and its answers.
#pragma once

#include <string>
#include <vector>

#include "tools/common/program_facts.h"

namespace lancekit::tools {

struct Completion {
  bool files = false;                                      ///< names of files may follow, too
  std::vector<std::pair<std::string, std::string>> words;  ///< whole words, and what they are (may be empty)
};

/// What may stand for words[index], which is complete or not or not there yet; words behind it are looked at too. Bash cuts words
/// at
/// '=', others do not. Columns are those of the first Lance table among the words.
Completion Complete(const ProgramFacts& facts, std::vector<std::string> words, std::size_t index);

/// As the scripts read it: "files" or "words", then a line for each word, its description behind a tab.
std::string CompletionText(const Completion& completion);
/// False for another shell than bash, zsh and fish.
bool CompletionScript(const std::string& program, const std::string& shell, std::string* script);

}  // namespace lancekit::tools
