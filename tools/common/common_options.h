// What the options that both programs share were set to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lancekit/context.hpp"
#include "tools/common/progress.h"
#include "tools/common/terminal.h"

namespace lancekit::tools {

struct CommonOptions {
  bool short_help = false;
  bool full_help = false;
  bool version = false;
  std::optional<std::uint64_t> dataset_version;  ///< --version N
  bool json = false;
  bool quiet = false;
  ColorMode color = ColorMode::kAuto;
  ProgressMode progress = ProgressMode::kAuto;
  bool stats = false;
  std::string stats_file;  ///< empty: stderr
  std::string trace_file;  ///< empty: no trace
  IoMode io_mode = IoMode::kDefault;
  int threads = 0;                 ///< 0: as many as there are cores
  std::uint64_t memory_limit = 0;  ///< 0: the library's default
};

}  // namespace lancekit::tools
