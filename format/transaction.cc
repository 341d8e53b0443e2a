#include "format/transaction.h"

#include "base/checked_math.h"
#include "format/proto.h"

namespace lancekit::format {
namespace {

/// Smaller numbers are fields of the transaction itself.
constexpr std::uint32_t kFirstOperation = 100;
/// Reserved numbers, no operations.
constexpr std::uint32_t kFirstOther = 200;

constexpr const char* kNames[] = {"append",
                                  "delete",
                                  "overwrite",
                                  "create index",
                                  "rewrite",
                                  "merge",
                                  "restore",
                                  "reserve fragments",
                                  "update",
                                  "project",
                                  "update config",
                                  "data replacement",
                                  "update mem-wal state",
                                  "clone",
                                  "update bases",
                                  "data overlay",
                                  "composite"};

}  // namespace

std::string OperationName(std::uint32_t operation) {
  if (operation < kFirstOperation) return {};
  const std::uint32_t index = operation - kFirstOperation;
  return index < std::size(kNames) ? kNames[index] : fmt::format("operation {}", operation);
}

Result<Transaction> ParseTransaction(Bytes message) {
  return CatchMalformed("transaction", [&]() -> Result<Transaction> {
    Transaction transaction;
    pbf_reader reader = ReaderOf(message);
    while (reader.next()) {
      if (reader.tag_and_type() == VarintField(1)) {
        transaction.read_version = reader.get_uint64();
      } else if (reader.tag_and_type() == BytesField(2)) {
        transaction.uuid = reader.get_string();
      } else {
        if (reader.tag() >= kFirstOperation && reader.tag() < kFirstOther) transaction.operation = reader.tag();
        reader.skip();
      }
    }
    return transaction;
  });
}

Result<std::optional<Transaction>> FindTransaction(Bytes manifest_file, const Manifest& manifest) {
  if (!manifest.transaction_section.has_value()) return std::optional<Transaction>();
  const std::uint64_t position = *manifest.transaction_section;
  if (!RangeFits(position, 4, manifest_file.size())) return Corrupt("manifest: the transaction lies outside the file");
  const auto length = LoadLe<std::uint32_t>(manifest_file.data() + position);
  if (!RangeFits(position + 4, length, manifest_file.size())) return Corrupt("manifest: the transaction lies outside the file");
  LANCEKIT_ASSIGN(Transaction transaction, ParseTransaction(manifest_file.subspan(position + 4, length)));
  return std::optional<Transaction>(std::move(transaction));
}

}  // namespace lancekit::format
