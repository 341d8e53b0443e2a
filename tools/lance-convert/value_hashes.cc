#include "tools/lance-convert/value_hashes.h"

#include <span>

#include "base/hash.h"
#include "tools/common/numbers.h"
#include "tools/lance-convert/value_text.h"

namespace lancekit::convert {
namespace {

/// A null is no text, not even an empty one.
std::uint64_t Extend(std::uint64_t hash, const std::string* text) {
  const std::uint64_t own = text == nullptr ? 0 : HashBytes(std::as_bytes(std::span(*text)));
  const std::uint64_t all[] = {hash, own, text == nullptr};
  return HashBytes(std::as_bytes(std::span(all)));
}

}  // namespace

Result<ReaderPtr> HashValues(ReaderPtr input, ValueHashes* hashes) {
  *hashes = {};
  std::vector<AppendValue> texts;
  for (const auto& field : input->schema()->fields()) {
    auto text = BareText(*field->type());
    if (!text) return At(std::move(text).status(), {.column = field->name()});
    texts.push_back(*std::move(text));
    hashes->columns.push_back({field->name(), 0});
  }
  auto schema = input->schema();
  return MakeReader(std::move(schema), [input, hashes, texts]() -> arrow::Result<BatchPtr> {
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, input->Next());
    if (batch == nullptr) return batch;
    std::string text;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const arrow::Array& values = *batch->column(static_cast<int>(i));
      std::uint64_t& hash = hashes->columns[i].hash;
      for (std::int64_t row = 0; row < values.length(); ++row) {
        text.clear();
        const bool is_null = values.IsNull(row);
        if (!is_null) texts[i](values, row, text);
        hash = Extend(hash, is_null ? nullptr : &text);
      }
    }
    hashes->rows += static_cast<std::uint64_t>(batch->num_rows());
    return batch;
  });
}

Status CompareHashes(const ValueHashes& written, const ValueHashes& read) {
  if (written.rows != read.rows)
    return Corrupt("{} rows were written, but {} are read back", tools::GroupDigits(written.rows), tools::GroupDigits(read.rows));
  if (written.columns.size() != read.columns.size())
    return Corrupt("{} columns were written, but {} are read back", written.columns.size(), read.columns.size());
  for (std::size_t i = 0; i < written.columns.size(); ++i) {
    if (written.columns[i].hash != read.columns[i].hash)
      return At(Corrupt("other values are read back than were written"), {.column = written.columns[i].name});
  }
  return {};
}

}  // namespace lancekit::convert
