// Making an index, and changing one: what is kept is loaded, changed in memory, and written anew as a whole.
#pragma once

#include <string>

#include "lancekit/index.hpp"

namespace lancekit::index {

Status Build(const Context& context, const std::string& table, const std::string& column, const std::string& sidecar,
             const BuildOptions& options, const OpenOptions& open_options);
Result<ChangeReport> Add(const Context& context, const std::string& table, const std::string& sidecar,
                         const ChangeOptions& options);
/// `rows`: of the table.
Result<ChangeReport> Remove(const Context& context, const std::string& table, const std::string& sidecar,
                            Span<const std::uint64_t> rows, bool tombstones, const ChangeOptions& options);

/// Whether all are numbers, and none is infinite.
bool AllFinite(const float* values, std::size_t count);

}  // namespace lancekit::index
