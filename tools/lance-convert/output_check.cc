#include "tools/lance-convert/output_check.h"

#include <unistd.h>

#include <filesystem>

#include "tools/common/terminal.h"
#include "tools/lance-convert/output.h"

namespace lancekit::convert {
namespace {

Error OutputError(ErrorCode code, const std::string& path, std::string message) {
  Error error;
  error.code = code;
  error.path = path == "-" ? "<stdout>" : path;
  error.message = std::move(message);
  return error;
}

/// Options that only Lance outputs have. Errors: kInvalidArgument.
Status CheckLanceOptions(const Options& options) {
  if (options.append || options.overwrite) return Invalid("--append and --overwrite go with a Lance output only");
  if (options.single_file) return Invalid("--single-file goes with a Lance output only");
  if (!options.bloom.empty()) return Invalid("--bloom goes with a Lance output only");
  if (!options.preset.empty() || !options.encodings.empty())
    return Invalid("--preset, --compression and --encode go with a Lance output only");
  if (options.max_rows_per_file != 0) return Invalid("--max-rows-per-file goes with a Lance output only");
  if (options.checksum) return Invalid("--checksum goes with a Lance output only");
  if (options.resume) return Invalid("--resume goes with a Lance output only");
  return {};
}

}  // namespace

bool MayReplace(const Options& options) { return options.force || options.append || options.overwrite; }

Result<Format> CheckOutput(const Options& options) {
  std::optional<Format> format = options.to ? options.to : FormatOfExtension(options.output);
  const Target target = LookAt(options.output);
  const bool new_version = options.append || options.overwrite;
  if (new_version && !format && target == Target::kFolder) format = Format::kLance;
  if (!format)
    return OutputError(ErrorCode::kInvalidArgument, options.output, "the format of the output is not known; say it with --to");
  // A pipe cannot be gone back in, which the file format's readers need.
  if (format == Format::kArrowFile && target == Target::kStream) format = Format::kArrowStream;
  if (format != Format::kLance) LANCEKIT_TRY(CheckLanceOptions(options));
  if (format == Format::kLance && options.output == "-") return Invalid("Lance cannot be written to a pipe; give a path");
  if (target == Target::kStream && options.verify)
    return OutputError(ErrorCode::kInvalidArgument, options.output, "cannot be read again, which --verify does");
  if (target == Target::kStream) {
    if (format == Format::kLance) return OutputError(ErrorCode::kOutput, options.output, "is neither a file nor a folder");
    if (options.output == "-" && !IsText(*format) && tools::IsTerminal(STDOUT_FILENO) && !options.force) {
      return Invalid("{} is binary and stdout is a terminal; --force writes it all the same", NameOf(*format));
    }
    return *format;
  }
  const std::string first = options.split.any() ? PartName(options.output, 0) : options.output;
  if (options.checksum && !MayReplace(options) && LookAt(first + ".sums") != Target::kNothing)
    return OutputError(ErrorCode::kOutput, first + ".sums", "already exists");
  if (options.split.any() && !options.force && LookAt(first) != Target::kNothing)
    return OutputError(ErrorCode::kOutput, first, "already exists");
  if (target == Target::kNothing || new_version || options.split.any()) return *format;
  if (!options.force) return OutputError(ErrorCode::kOutput, options.output, "already exists");
  if (target == Target::kFolder) {
    // Only what this program makes is replaced: a Lance dataset or an empty folder, never somebody's files.
    std::error_code ignored;
    const bool dataset = std::filesystem::is_directory(options.output + "/_versions", ignored);
    if (format != Format::kLance || options.single_file || !(dataset || std::filesystem::is_empty(options.output, ignored))) {
      return OutputError(ErrorCode::kOutput, options.output, "is a folder and no Lance dataset; it is not replaced");
    }
  }
  return *format;
}

}  // namespace lancekit::convert
