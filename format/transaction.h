// What the commit of a version did. Source: lance protos/transaction.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/byte_reader.h"
#include "base/status.h"
#include "format/manifest.h"

namespace lancekit::format {

struct Transaction {
  std::uint64_t read_version = 0;
  std::string uuid;
  std::uint32_t operation = 0;  ///< field number; 0 = none found
};

/// "append", "delete", ...; "operation 117" for one that is not known here; empty for 0.
std::string OperationName(std::uint32_t operation);

/// A whole transaction file, or the section of a manifest. Errors: kCorruption.
Result<Transaction> ParseTransaction(Bytes message);

/// The transaction inside a manifest file; nothing when the manifest has none. Errors: kCorruption.
Result<std::optional<Transaction>> FindTransaction(Bytes manifest_file, const Manifest& manifest);

}  // namespace lancekit::format
