// Names of new data files and transactions.
#pragma once

#include <string>

namespace lancekit {

/// A random UUID as the official writer names data files: the first 3 bytes as binary digits, the others in hex; without suffix.
std::string NewDataFileStem();
/// A random UUID in its usual form.
std::string NewUuid();

}  // namespace lancekit
