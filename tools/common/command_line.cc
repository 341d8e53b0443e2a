#include "tools/common/command_line.h"

#include <fmt/format.h>
#include <lz4.h>
#include <zstd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "base/status.h"
#include "lancekit/version.hpp"
#include "tools/common/json.h"
#include "tools/common/numbers.h"
#include "tools/common/suggest.h"

namespace lancekit::tools {
namespace {

constexpr const char* kReads = "2.0–2.2";
constexpr const char* kWrites = "2.1–2.2";

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    for (std::string& name : OptionNames(*sub)) names.push_back(std::move(name));
  }
  return names;
}

/// "true" stands for the flag without a number.
void TakeVersion(const std::string& text, CommonOptions* options) {
  if (text == "true") {
    options->version = true;
    return;
  }
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) throw CLI::ValidationError("--version takes a number, not \"" + text + "\"");
  options->dataset_version = number;
}

bool IsNumber(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos; }

Error UnknownArgument(const CLI::App& app) {
  for (const std::string& extra : app.remaining(true)) {
    if (extra.size() < 2 || extra[0] != '-') continue;
    const std::string name = extra.substr(0, extra.find('='));
    return Invalid("unknown option {}{}", name, DidYouMean(name, OptionNames(app)));
  }
  const std::vector<std::string> extras = app.remaining(true);
  return Invalid("argument \"{}\" was not expected", extras.empty() ? "" : extras.front());
}

}  // namespace

void AddCommonOptions(CLI::App& app, CommonOptions& options) {
  const std::map<std::string, ColorMode> colors{
      {"auto", ColorMode::kAuto}, {"always", ColorMode::kAlways}, {"never", ColorMode::kNever}};
  app.set_help_flag();
  app.add_flag("-h", options.short_help, "Short help");
  app.add_flag("--help", options.full_help, "This help");
  app.add_flag("--version")
      ->description("Version of the program, its libraries and the formats; with a number: of the dataset")
      ->each([&options](const std::string& text) { TakeVersion(text, &options); });
  app.add_flag("--json", options.json, "Machine-readable messages, one JSON document per line");
  app.add_flag("-q,--quiet", options.quiet, "No progress, no summary; errors only");
  app.add_option("--color", options.color, "When to use colour")
      ->transform(CLI::CheckedTransformer(colors).description(""))
      ->type_name("auto|always|never");
  app.add_flag("--stats")
      ->description("What was read and written, as Prometheus text on stderr; --stats=FILE: in a file")
      ->each([&options](const std::string& text) {
        options.stats = true;
        options.stats_file = text == "true" ? "" : text;
      });
  app.add_option("--trace", options.trace_file, "What was done when by which thread, as trace-event JSON, which Perfetto opens")
      ->type_name("FILE");
  const std::map<std::string, IoMode> modes{{"map", IoMode::kMap}, {"read", IoMode::kRead}, {"uring", IoMode::kUring}};
  app.add_option("--io", options.io_mode, "How files are read (uring: io_uring); else LANCEKIT_IO says")
      ->transform(CLI::CheckedTransformer(modes).description(""))
      ->type_name("map|read|uring");
}

void AddLimitOptions(CLI::App& app, CommonOptions& options, const std::string& group) {
  CLI::Option* const threads = app.add_option("-j,--threads", options.threads, "Threads (default: cores)")
                                   ->check(CLI::Range(0, 4096).description(""))
                                   ->type_name("N");
  CLI::Option* const limit = app.add_option_function<std::string>(
                                    "--memory-limit",
                                    [&options](const std::string& text) {
                                      const Result<std::uint64_t> bytes = ParseBytes(text);
                                      if (!bytes) throw CLI::ValidationError("--memory-limit: " + bytes.error().message);
                                      options.memory_limit = *bytes;
                                    },
                                    "Bytes in flight, e.g. 512MiB (default: 2 GiB or a quarter of the memory)")
                                 ->type_name("SIZE");
  if (group.empty()) return;
  threads->group(group);
  limit->group(group);
}

void AddProgressOption(CLI::App& app, CommonOptions& options) {
  const std::map<std::string, ProgressMode> modes{{"auto", ProgressMode::kAuto},
                                                  {"always", ProgressMode::kAlways},
                                                  {"never", ProgressMode::kNever},
                                                  {"json", ProgressMode::kJson}};
  app.add_option("--progress", options.progress, "Progress on stderr; auto: on a terminal")
      ->transform(CLI::CheckedTransformer(modes).description(""))
      ->type_name("auto|always|never|json");
}

Status ParseArguments(CLI::App& app, int argc, const char* const* argv) {
  try {
    // A number behind --version belongs to it, which a flag cannot say.
    std::vector<std::string> arguments;
    for (int i = 1; i < argc; ++i) {
      arguments.emplace_back(argv[i]);
      if (arguments.back() == "--version" && i + 1 < argc && IsNumber(argv[i + 1]))
        arguments.back() += std::string("=") + argv[++i];
    }
    std::reverse(arguments.begin(), arguments.end());
    app.parse(std::move(arguments));
  } catch (const CLI::ExtrasError&) {
    return UnknownArgument(app);
  } catch (const CLI::ConfigError& error) {
    return Invalid("{}: {}", app.get_config_ptr()->as<std::string>(), error.what());
  } catch (const CLI::ParseError& error) {
    return Invalid("{}", error.what());
  }
  return {};
}

std::string VersionText(const std::string& program, const std::string& extra, bool json) {
  if (!json) {
    return fmt::format("{} {} (lancekit {}; reads Lance {}; writes {}; zstd {}, lz4 {}{}{})\n", program, LANCEKIT_VERSION,
                       LANCEKIT_VERSION, kReads, kWrites, ZSTD_versionString(), LZ4_versionString(), extra.empty() ? "" : ", ",
                       extra);
  }
  JsonWriter writer;
  writer.BeginObject().Member("schema", program + "/1").Member("program", program).Member("version", LANCEKIT_VERSION);
  writer.Member("lancekit", LANCEKIT_VERSION).Key("reads").BeginArray().Value("2.0").Value("2.1").Value("2.2").EndArray();
  writer.Key("writes").BeginArray().Value("2.1").Value("2.2").EndArray();
  writer.Member("zstd", ZSTD_versionString()).Member("lz4", LZ4_versionString());
  if (!extra.empty()) writer.Member("other", extra);
  return writer.EndObject().text() + "\n";
}

}  // namespace lancekit::tools
