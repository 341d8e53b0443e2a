#include "tools/lance-convert/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <limits>

#include "tools/common/defaults.h"
#include "tools/common/numbers.h"

namespace lancekit::convert {
namespace {

constexpr const char* kUsage = "Usage: lance-convert [options] INPUT... OUTPUT\n";

/// Values of options that need a second look after CLI11 has seen them.
struct Raw {
  std::string from;
  std::string to;
  std::string output;
  std::string files_from;
  std::vector<std::string> renames;
  std::vector<std::string> blooms;
  std::string compression;
  std::vector<std::string> encodings;
  std::string summary;
  std::string salvage;
  std::vector<std::string> types;
  std::vector<std::string> timestamp_formats;
  std::string infer_rows;
  std::string quote;
  std::string split;
  std::uint64_t sample = 0;
  std::uint64_t limit = 0;
};

/// Owns the raw values beside the options that CLI11 binds to.
class CommandLine : public CLI::App {
 public:
  CommandLine() : CLI::App("Converts between Lance, Parquet, Arrow IPC, CSV, TSV and JSON lines.", "lance-convert") {}
  Raw raw;
};

/// CLI11 takes "-1" for a large unsigned number.
CLI::Validator NotNegative() { return CLI::Validator(CLI::NonNegativeNumber).description(""); }

void AddColumnsAndRows(CommandLine& app, Options& options) {
  app.add_option("-c,--columns", options.columns, "Columns to keep, in this order")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B")
      ->group("Columns and rows");
  app.add_option("--exclude", options.exclude, "Columns to leave out")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B")
      ->group("Columns and rows");
  app.add_option("--rename", app.raw.renames, "New name of a column; repeatable")
      ->type_name("OLD=NEW")
      ->allow_extra_args(false)
      ->group("Columns and rows");
  app.add_option("--where", options.where_text, "Only rows that match; --skip and --limit count these")
      ->type_name("FILTER")
      ->allow_extra_args(false)
      ->group("Columns and rows");
  app.add_flag("--explain", options.explain, "Tell on stderr what the filter let the program skip")->group("Columns and rows");
  app.add_option("--skip", options.skip, "Rows to skip at the start")
      ->type_name("N")
      ->check(NotNegative())
      ->group("Columns and rows");
  app.add_option("--limit", app.raw.limit, "Rows to convert at most")
      ->type_name("N")
      ->check(NotNegative())
      ->group("Columns and rows");
  app.add_option("--sample", app.raw.sample, "Rows to take at random, in the order that they have; after the other choices")
      ->type_name("N")
      ->check(NotNegative())
      ->group("Columns and rows");
  app.add_option("--seed", options.seed, "Of --sample: the same rows for the same seed (default 0)")
      ->type_name("S")
      ->check(NotNegative())
      ->group("Columns and rows");
  app.add_option("--type", app.raw.types, "Type of a column of the input; with a ? values of other types become null; repeatable")
      ->type_name("COL=TYPE[?]")
      ->allow_extra_args(false)
      ->group("Columns and rows");
  app.add_option(
         "--on-bad-row", options.on_bad_row,
         "Values not of their --type, CSV rows of too many or few fields: fail (default), skip the row, or null the value")
      ->transform(CLI::CheckedTransformer(std::map<std::string, OnBadRow>{
                                              {"fail", OnBadRow::kFail}, {"skip", OnBadRow::kSkip}, {"null", OnBadRow::kNull}})
                      .description(""))
      ->type_name("fail|skip|null")
      ->group("Columns and rows");
}

void AddFormats(CommandLine& app, Options& options) {
  std::string names;
  for (const std::string& name : FormatNames()) names += (names.empty() ? "" : "|") + name;
  app.add_option("-o,--output", app.raw.output, "The output, instead of the last path")
      ->type_name("PATH")
      ->group("Input and output");
  app.add_option("--files-from", app.raw.files_from, "A file with more inputs, a path in each line; - is stdin")
      ->type_name("LIST")
      ->group("Input and output");
  app.add_flag("-0", options.nul_separated, "The paths in that file end with NUL, not with the line")->group("Input and output");
  app.add_option("--from", app.raw.from, "Format of the input")->type_name(names)->group("Input and output");
  app.add_option("--to", app.raw.to, "Format of the output")->type_name(names)->group("Input and output");
  app.add_option("--format-version", options.format_version, "Lance version to write (default 2.2)")
      ->type_name("2.1|2.2|x1")
      ->group("Input and output");
  app.add_option("--max-rows-per-file", options.max_rows_per_file, "Rows in a data file of a Lance dataset (default 1048576)")
      ->type_name("N")
      ->check(CLI::PositiveNumber.description(""))
      ->group("Input and output");
  app.add_option(
         "--preset", options.preset,
         "Lance: what counts; fast: decoding, single rows (default of 2.1 and 2.2), balanced (default of x1), small: bytes")
      ->check(CLI::IsMember({"fast", "balanced", "small"}).description(""))
      ->type_name("fast|balanced|small")
      ->group("Input and output");
  app.add_option("--compression", app.raw.compression, "Lance: compression of all columns: zstd[:LEVEL], lz4 or none")
      ->type_name("CODEC")
      ->group("Input and output");
  app.add_option("--encode", app.raw.encodings,
                 "Lance: encoding of a column, e.g. id=rle, text=zstd:9, img=blob, for x1 also ts=delta; repeatable")
      ->type_name("COL=ENCODING")
      ->allow_extra_args(false)
      ->group("Input and output");
  app.add_option("--bloom", app.raw.blooms,
                 "Lance: Bloom filters of a column, BITS for each distinct value (default 10); repeatable")
      ->type_name("COL[:BITS]")
      ->allow_extra_args(false)
      ->group("Input and output");
  const std::map<std::string, SchemaMode> modes{{"strict", SchemaMode::kStrict}, {"union", SchemaMode::kUnion}};
  app.add_option("--schema-mode", options.schema_mode, "Several inputs: strict (the same columns) or union (all, with nulls)")
      ->transform(CLI::CheckedTransformer(modes).description(""))
      ->type_name("strict|union")
      ->group("Input and output");
  app.add_option("--salvage", app.raw.salvage,
                 "Damaged Lance inputs: keep what is sound; lost values become nulls, or drop their rows")
      ->check(CLI::IsMember({"nulls", "drop"}).description(""))
      ->type_name("nulls|drop")
      ->group("Input and output");
  app.add_option("--split-by", app.raw.split,
                 "Many outputs, OUTPUT-00000, ...: rows=N each, or bytes=SIZE as Arrow has the values")
      ->type_name("rows=N|bytes=SIZE")
      ->group("Input and output");
  tools::AddVersionOptions(app, options.version, "Input and output");
  app.add_flag("--single-file", options.single_file, "Write a bare .lance file instead of a dataset folder")
      ->group("Input and output");
  app.add_flag("--append", options.append,
               "Lance: add the rows to the dataset that is there, as a new version; columns go by name")
      ->group("Input and output");
  app.add_flag("--overwrite", options.overwrite, "Lance: a new version of the dataset with these rows only; older versions stay")
      ->group("Input and output");
  app.add_flag("-f,--force", options.force, "Replace an existing output, versions and all; binary formats to a terminal")
      ->group("Input and output");
  app.add_option("--null", options.null_text, "Text that stands for null in CSV and TSV (default: empty, unquoted)")
      ->type_name("TEXT")
      ->group("Delimited text");
  app.add_option("--delimiter", options.delimiter, "Delimiter of CSV: one character, or tab")
      ->type_name("CHAR")
      ->group("Delimited text");
  app.add_option("--quote", app.raw.quote, "Quotation mark of CSV and TSV inputs, or none (default \")")
      ->type_name("CHAR")
      ->group("Delimited text");
  app.add_option("--infer-rows", app.raw.infer_rows,
                 "Rows of text in which types are found (default 100000); wider ones later are another try")
      ->type_name("N|all")
      ->group("Delimited text");
  app.add_option("--timestamp-format", app.raw.timestamp_formats,
                 "How timestamps are spelled in CSV and TSV inputs, as strptime has it; repeatable")
      ->type_name("FORMAT")
      ->allow_extra_args(false)
      ->group("Delimited text");
  app.add_flag("--no-header", options.no_header, "The first line holds values, not names")->group("Delimited text");
}

void AddWork(CommandLine& app, Options& options) {
  app.add_flag("--dry-run", options.dry_run, "Tell what would be done: inputs, columns and types, output; write nothing")
      ->group("Work");
  app.add_flag("--strict", options.strict, "No output (exit 1) where a type is changed, a row is left out or a value is lost")
      ->group("Work");
  app.add_flag("--verify", options.verify, "Read the output again and compare rows and values with what was written")
      ->group("Work");
  app.add_flag("--checksum", options.checksum, "Write OUTPUT.sums beside a Lance output, for lance-inspect verify --sums")
      ->group("Work");
  app.add_flag("--resume", options.resume,
               "Many inputs to a new dataset: go on after the last input that an earlier run has finished")
      ->group("Work");
  tools::AddLimitOptions(app, options.common, "Work");
  app.add_option("--summary", app.raw.summary, "Summary as JSON, to stderr or to FILE")->type_name("json[=FILE]")->group("Work");
}

Result<std::optional<char>> ParseQuote(const std::string& text) {
  if (text == "none") return std::optional<char>();
  if (text.size() != 1 || text == "\n" || text == "\r") return Invalid("--quote takes one character or none, not \"{}\"", text);
  return std::optional<char>(text[0]);
}

Result<std::int64_t> ParseInferRows(const std::string& text) {
  if (text == "all") return -1;
  std::int64_t rows = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rows);
  if (error != std::errc() || end != text.data() + text.size() || rows < 1)
    return Invalid("--infer-rows takes a number of rows or all, not \"{}\"", text);
  return rows;
}

Result<Split> ParseSplit(const std::string& text) {
  Split split;
  if (text.starts_with("rows=")) {
    const auto [end, error] = std::from_chars(text.data() + 5, text.data() + text.size(), split.rows);
    if (error != std::errc() || end != text.data() + text.size()) split.rows = 0;
  } else if (text.starts_with("bytes=")) {
    LANCEKIT_ASSIGN(split.bytes, tools::ParseBytes(text.substr(6)));
  }
  if (!split.any()) return Invalid("--split-by takes rows=N or bytes=SIZE, not \"{}\"", text);
  return split;
}

Status ParseTypes(const Raw& raw, Options& options) {
  for (const std::string& text : raw.types) {
    LANCEKIT_ASSIGN(TypeWish wish, ParseTypeWish(text));
    if (std::ranges::find(options.types, wish.column, &TypeWish::column) != options.types.end())
      return Invalid("two types for the column \"{}\"", wish.column);
    options.types.push_back(std::move(wish));
  }
  options.timestamp_formats = raw.timestamp_formats;
  if (!raw.infer_rows.empty()) {
    LANCEKIT_ASSIGN(options.infer_rows, ParseInferRows(raw.infer_rows));
  }
  if (!raw.quote.empty()) {
    LANCEKIT_ASSIGN(options.quote, ParseQuote(raw.quote));
  }
  return {};
}

/// What is decided about the output as a whole.
Status CheckTogether(const Options& options) {
  if (options.split.any() && (options.append || options.overwrite || options.output == "-"))
    return Invalid("--split-by makes new outputs beside each other; it goes neither with - nor with --append or --overwrite");
  if (options.verify && options.output == "-") return Invalid("--verify reads the output again, which stdout does not allow");
  if (!options.resume) return {};
  if (options.append || options.overwrite || options.force || options.single_file || options.split.any() || options.verify ||
      options.checksum || options.dry_run)
    return Invalid(
        "--resume makes a new dataset; it does not go with --append, --overwrite, --force, --single-file, --split-by, --verify, "
        "--checksum or --dry-run");
  if (options.skip != 0 || options.limit || options.sample || options.schema_mode == SchemaMode::kUnion)
    return Invalid("--resume takes each input by itself; it does not go with --skip, --limit, --sample or --schema-mode union");
  return {};
}

Result<char> ParseDelimiter(const std::string& text, Format format) {
  if (text.empty()) return format == Format::kTsv ? '\t' : ',';
  if (text == "tab" || text == "\\t") return '\t';
  if (text.size() != 1 || text == "\"" || text == "\n" || text == "\r") {
    return Invalid("--delimiter takes one character or tab, not \"{}\"", text);
  }
  return text[0];
}

Status ParseRenames(const std::vector<std::string>& texts, Options& options) {
  for (const std::string& text : texts) {
    const std::size_t at = text.find('=');
    if (at == 0 || at == std::string::npos || at + 1 == text.size()) return Invalid("--rename takes OLD=NEW, not \"{}\"", text);
    options.renames.emplace_back(text.substr(0, at), text.substr(at + 1));
  }
  return {};
}

/// What stands behind the last colon is BITS where it is a number, part of the name where not.
Status ParseBlooms(const std::vector<std::string>& texts, Options& options) {
  for (const std::string& text : texts) {
    BloomColumn bloom{.column = text};
    const std::size_t at = text.rfind(':');
    const std::string bits = at == std::string::npos ? "" : text.substr(at + 1);
    if (!bits.empty() && bits.find_first_not_of("0123456789") == std::string::npos) {
      bloom.column = text.substr(0, at);
      bloom.bits_per_value = bits.size() > 2 ? -1 : std::stoi(bits);
    }
    if (bloom.column.empty() || bloom.bits_per_value < 1 || bloom.bits_per_value > 64)
      return Invalid("--bloom takes a column and 1 to 64 bits, COL[:BITS], not \"{}\"", text);
    options.bloom.push_back(std::move(bloom));
  }
  return {};
}

Status ParseEncodings(const Raw& raw, Options& options) {
  if (!raw.compression.empty()) options.encodings.push_back({"", raw.compression});
  for (const std::string& text : raw.encodings) {
    const std::size_t at = text.rfind('=');
    if (at == 0 || at == std::string::npos || at + 1 == text.size())
      return Invalid("--encode takes COL=ENCODING, not \"{}\"", text);
    options.encodings.push_back({text.substr(0, at), text.substr(at + 1)});
  }
  return {};
}

Status ParseSummary(const std::string& text, Options& options) {
  if (text == "json") {
    options.summary = "";
  } else if (text.rfind("json=", 0) == 0 && text.size() > 5) {
    options.summary = text.substr(5);
  } else {
    return Invalid("--summary takes json or json=FILE, not \"{}\"", text);
  }
  return {};
}

Status TakePaths(const Raw& raw, Options& options) {
  std::vector<std::string> paths = options.paths;
  if (!raw.output.empty()) paths.push_back(raw.output);
  if (!raw.files_from.empty()) options.files_from = raw.files_from;
  if (options.nul_separated && !options.files_from) return Invalid("-0 goes with --files-from");
  if (paths.size() < (options.files_from ? 1 : 2))
    return Invalid("{} is missing", paths.empty() && !options.files_from ? "INPUT" : "OUTPUT");
  if (std::ranges::find(paths, "") != paths.end()) return Invalid("a path is empty");
  options.output = paths.back();
  while (options.output.size() > 1 && options.output.ends_with('/')) options.output.pop_back();
  paths.pop_back();
  if (std::ranges::count(paths, "-") + (options.files_from == "-") > 1) return Invalid("stdin can be one input only");
  options.inputs = std::move(paths);
  return {};
}

}  // namespace

std::unique_ptr<CLI::App> MakeCommandLine(Options& options) {
  auto app = std::make_unique<CommandLine>();
  app->add_option("paths", options.paths, "INPUT and OUTPUT; - is stdin or stdout")->type_name("")->group("");
  AddFormats(*app, options);
  AddColumnsAndRows(*app, options);
  AddWork(*app, options);
  tools::AddCommonOptions(*app, options.common);
  tools::AddProgressOption(*app, options.common);
  tools::AddDefaults(*app, "lance-convert", {"progress"});
  return app;
}

Status ParseOptions(CLI::App& app, int argc, const char* const* argv, Options& options) {
  LANCEKIT_TRY(tools::ParseArguments(app, argc, argv));
  if (options.common.short_help || options.common.full_help || options.common.version) return {};
  const Raw& raw = static_cast<const CommandLine&>(app).raw;
  LANCEKIT_TRY(TakePaths(raw, options));
  LANCEKIT_ASSIGN(options.open, tools::ToOpenOptions(options.common, options.version));
  if (!raw.from.empty()) {
    LANCEKIT_ASSIGN(options.from, ParseFormat(raw.from));
  }
  if (!raw.to.empty()) {
    LANCEKIT_ASSIGN(options.to, ParseFormat(raw.to));
  }
  if (!raw.salvage.empty()) options.salvage = raw.salvage == "nulls" ? Salvage::kNulls : Salvage::kDrop;
  if (app.count("--limit") > 0) options.limit = raw.limit;
  if (app.count("--where") > 0) {
    LANCEKIT_ASSIGN(options.where, Filter::parse(options.where_text));
  }
  LANCEKIT_TRY(ParseTypes(raw, options));
  if (app.count("--sample") > 0) options.sample = raw.sample;
  if (app.count("--seed") > 0 && !options.sample) return Invalid("--seed goes with --sample");
  if (!raw.split.empty()) {
    LANCEKIT_ASSIGN(options.split, ParseSplit(raw.split));
  }
  LANCEKIT_TRY(CheckTogether(options));
  if (options.explain && !options.where) return Invalid("--explain goes with --where");
  LANCEKIT_TRY(ParseRenames(raw.renames, options));
  LANCEKIT_TRY(ParseBlooms(raw.blooms, options));
  LANCEKIT_TRY(ParseEncodings(raw, options));
  if (!raw.summary.empty()) LANCEKIT_TRY(ParseSummary(raw.summary, options));
  if (options.single_file && options.max_rows_per_file != 0)
    return Invalid("--single-file and --max-rows-per-file exclude each other");
  if (options.append + options.overwrite + options.force > 1)
    return Invalid("--append, --overwrite and --force exclude each other");
  if ((options.append || options.overwrite) && options.single_file)
    return Invalid("--append and --overwrite make new versions, which a --single-file does not have");
  if (!options.format_version.empty() && options.format_version != "2.1" && options.format_version != "2.2" &&
      options.format_version != "x1") {
    return Invalid("--format-version takes 2.1, 2.2 or x1, not \"{}\"", options.format_version);
  }
  LANCEKIT_ASSIGN(const char delimiter, ParseDelimiter(options.delimiter, Format::kCsv));
  static_cast<void>(delimiter);
  return {};
}

std::string ShortHelp() {
  return std::string(kUsage) +
         "       lance-convert [options] INPUT... -o OUTPUT\n"
         "Converts between Lance, Parquet, Arrow IPC, CSV, TSV and JSON lines.\n\n"
         "  lance-convert trips.parquet trips.lance\n"
         "  zstdcat x.csv.zst | lance-convert --from csv - x.lance\n\n"
         "The names tell the formats; --from and --to override them. - is stdin or stdout.\n"
         "Inputs may be globs in quotes and folders too; text may be compressed, .gz or .zst.\n"
         "A Lance output is a dataset folder; --single-file makes it a bare file.\n"
         "lance-convert --help lists all options.\n";
}

tools::ProgramFacts FactsAbout(const CLI::App& app) {
  tools::ProgramFacts facts{
      .name = "lance-convert",
      .summary = "convert between Lance, Parquet, Arrow IPC, CSV, TSV and JSON lines",
      .arguments = "[OPTIONS] INPUT... OUTPUT",
      .description =
          "The names tell the formats; --from and --to override them. - is stdin or stdout. A Lance output is a dataset "
          "folder; --single-file makes it a bare file.",
      .commands = tools::SharedCommands(),
      .options = tools::OptionsOf(app),
      .examples = {{"lance-convert a.csv a.lance", ""},
                   {"lance-convert a.lance -c id,vec -o a.parquet", ""},
                   {"zstdcat x.csv.zst | lance-convert --from csv - x.lance", ""},
                   {"lance-convert 'logs/2026-*.csv.gz' new/ logs.lance", ""},
                   {"lance-convert --append today.parquet db.lance", ""},
                   {"lance-convert db.lance --where \"day >= '2026-01-01'\" --to jsonl - | jq .", ""}}};
  return facts;
}

std::string FullHelp(const CLI::App& app) {
  std::string help = "Examples\n";
  for (const auto& [line, text] : FactsAbout(app).examples) help += "  " + line + '\n';
  help += '\n';
  std::string options = app.help();
  options.erase(0, std::min(options.size(), options.find("\n\n") + 1));
  for (std::size_t at; (at = options.find("\n\n\n")) != std::string::npos;) options.erase(at, 1);
  return help + kUsage + options + "\nExit codes: lance-convert help exit-codes\n";
}

}  // namespace lancekit::convert
