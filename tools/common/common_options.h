// What the options that both programs share were set to.
#pragma once

#include "tools/common/progress.h"
#include "tools/common/terminal.h"

namespace lancekit::tools {

struct CommonOptions {
  bool short_help = false;
  bool full_help = false;
  bool version = false;
  bool json = false;
  bool quiet = false;
  ColorMode color = ColorMode::kAuto;
  ProgressMode progress = ProgressMode::kAuto;
};

}  // namespace lancekit::tools
