#include "tools/common/defaults.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace lancekit::tools {
namespace {

constexpr EnvironmentVariable kVariables[] = {
    {"LANCEKIT_THREADS", "The default of --threads."},
    {"LANCEKIT_MEMORY_LIMIT", "The default of --memory-limit."},
    {"LANCEKIT_IO", "The default of --io: map, read or uring."},
    {"NO_COLOR", "Not empty: no colour, unless --color asks for it."},
    {"CLICOLOR_FORCE", "Not 0: colour on files and pipes too, unless NO_COLOR is set."},
    {"CLICOLOR", "0: no colour."},
    {"TERM", "dumb: no colour."},
    {"TMPDIR", "Where lance-convert keeps what comes through a pipe and has to be read from its end; else /tmp."},
    {"XDG_CONFIG_HOME", "Where the folder of the configuration file is; else ~/.config."},
};

/// Options that all programs share, with the variable that has their default.
struct SharedDefault {
  const char* option;
  const char* variable;  // null: none
  bool read_by_library;  // which then also says what is wrong with it
};
constexpr SharedDefault kShared[] = {{"threads", "LANCEKIT_THREADS", false},
                                     {"memory-limit", "LANCEKIT_MEMORY_LIMIT", false},
                                     {"io", "LANCEKIT_IO", true},
                                     {"color", nullptr, false}};
constexpr std::string_view kPrograms[] = {"lance-inspect", "lance-convert", "lance-index"};

bool IsSet(const char* variable) {
  const char* const value = variable == nullptr ? nullptr : std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// The file's items that count for one program. CLI11 gives a file precedence over the environment; here it is the other way
/// round.
class ConfigFile : public CLI::ConfigTOML {
 public:
  ConfigFile(const CLI::App* app, std::string program) : app_(app), program_(std::move(program)) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> taken;
    for (CLI::ConfigItem& item : CLI::ConfigTOML::from_config(input)) {
      if (item.name == "++" || item.name == "--") continue;  // start and end of a section
      const auto* const shared =
          std::ranges::find(kShared, item.name, [](const SharedDefault& one) { return std::string(one.option); });
      const bool is_known = item.parents.empty()
                                ? shared != std::end(kShared)
                                : item.parents.size() == 1 && std::ranges::count(kPrograms, item.parents[0]) != 0;
      if (!is_known) throw NoDefault(item);
      if (!item.parents.empty() && item.parents[0] != program_) continue;
      const CLI::Option* const option = app_->get_option_no_throw("--" + item.name);
      if (option == nullptr || !option->get_configurable()) throw NoDefault(item);
      item.parents.clear();
      if (shared == std::end(kShared) || !IsSet(shared->variable)) taken.push_back(std::move(item));
    }
    // What a program's section says goes before what all have.
    std::ranges::reverse(taken);
    return taken;
  }

 private:
  static CLI::ConfigError NoDefault(const CLI::ConfigItem& item) {
    return CLI::ConfigError(item.fullname() + " is not known here");
  }

  const CLI::App* app_;
  std::string program_;
};

std::string ConfigPath() {
  if (IsSet("XDG_CONFIG_HOME")) return std::string(std::getenv("XDG_CONFIG_HOME")) + "/lancekit/config.toml";
  return IsSet("HOME") ? std::string(std::getenv("HOME")) + "/.config/lancekit/config.toml" : "";
}

}  // namespace

std::span<const EnvironmentVariable> EnvironmentVariables() { return kVariables; }

const char* ConfigFileText() {
  return "Defaults of options, such as \"threads = 4\" or \"memory-limit = 512MiB\" (threads, memory-limit, io, color). "
         "What stands in a section [lance-inspect], [lance-convert] or [lance-index] is for this program alone; there "
         "lance-inspect takes bytes too, and lance-convert progress. "
         "The command line goes before the environment, and that before the file. --config FILE reads another file, --config "
         "\"\" "
         "none.";
}

void AddDefaults(CLI::App& app, const std::string& program, const std::vector<std::string>& own) {
  for (CLI::Option* option : app.get_options()) option->configurable(false);
  for (const auto& [name, variable, read_by_library] : kShared) {
    CLI::Option* const option = app.get_option_no_throw("--" + std::string(name));
    if (option == nullptr) continue;
    option->configurable(true);
    if (variable != nullptr && !read_by_library) option->envname(variable);
  }
  for (const std::string& name : own) app.get_option("--" + name)->configurable(true);
  app.config_formatter(std::make_shared<ConfigFile>(&app, program));
  app.set_config("--config", ConfigPath(), "Defaults of options from this file")->type_name("FILE")->configurable(false);
}

}  // namespace lancekit::tools
