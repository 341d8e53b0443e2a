// Tags and branches of a dataset: small JSON files below _refs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/context_impl.h"
#include "base/status.h"

namespace lancekit {

struct Tag {
  std::string name;
  std::string branch;  ///< that the version belongs to; empty = main
  std::uint64_t version = 0;
};

struct Branch {
  std::string name;
  std::string parent;  ///< empty = main
  std::uint64_t parent_version = 0;
};

/// In the order of their names; none for a dataset without any. Errors: kIo, kCorruption.
Result<std::vector<Tag>> ListTags(ContextImpl& context, const std::string& dataset);
Result<std::vector<Branch>> ListBranches(ContextImpl& context, const std::string& dataset);

}  // namespace lancekit
