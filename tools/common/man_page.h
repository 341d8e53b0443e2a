// Man pages in roff's man macros.
#pragma once

#include <string>

#include "tools/common/program_facts.h"

namespace lancekit::tools {

std::string ManPage(const ProgramFacts& facts);

}  // namespace lancekit::tools
