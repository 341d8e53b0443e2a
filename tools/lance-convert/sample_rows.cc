// Source: J. S. Vitter, Random Sampling with a Reservoir (1985), algorithm R.
#include "tools/lance-convert/sample_rows.h"

#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/table.h>

#include <algorithm>
#include <random>

namespace lancekit::convert {
namespace {

class Reservoir {
 public:
  Reservoir(ReaderPtr input, std::uint64_t count, std::uint64_t seed, arrow::MemoryPool* pool)
      : input_(std::move(input)), count_(count), random_(seed), pool_(pool) {}

  /// The chosen rows at the first call, null then.
  arrow::Result<BatchPtr> Next() {
    if (std::exchange(done_, true)) return nullptr;
    ARROW_ASSIGN_OR_RAISE(kept_, arrow::RecordBatch::MakeEmpty(input_->schema(), pool_));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const BatchPtr batch, input_->Next());
      if (batch == nullptr) break;
      ARROW_RETURN_NOT_OK(Add(batch));
    }
    std::vector<std::int64_t> order(rows_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
    std::ranges::sort(order, {}, [this](std::int64_t i) { return rows_[static_cast<std::size_t>(i)]; });
    ARROW_RETURN_NOT_OK(Keep(kept_, order));
    return kept_;
  }

 private:
  arrow::Status Add(const BatchPtr& batch) {
    std::vector<std::int64_t> slots(rows_.size());  // rows of what is kept, followed by the batch
    for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = static_cast<std::int64_t>(i);
    bool any = false;
    for (std::int64_t i = 0; i < batch->num_rows(); ++i, ++seen_) {
      std::uint64_t slot = seen_;
      if (seen_ < count_) {
        slots.emplace_back();
        rows_.emplace_back();
      } else {
        slot = static_cast<std::uint64_t>((static_cast<unsigned __int128>(random_()) * (seen_ + 1)) >> 64);
        if (slot >= count_) continue;
      }
      slots[slot] = kept_->num_rows() + i;
      rows_[slot] = seen_;
      any = true;
    }
    if (!any) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const BatchPtr all, arrow::ConcatenateRecordBatches({kept_, batch}, pool_));
    return Keep(all, slots);
  }

  arrow::Status Keep(const BatchPtr& all, const std::vector<std::int64_t>& rows) {
    arrow::Int64Builder builder(pool_);
    ARROW_RETURN_NOT_OK(builder.AppendValues(rows));
    ARROW_ASSIGN_OR_RAISE(const auto indices, builder.Finish());
    arrow::compute::ExecContext context(pool_);
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum taken,
                          arrow::compute::Take(all, indices, arrow::compute::TakeOptions::NoBoundsCheck(), &context));
    kept_ = taken.record_batch();
    return arrow::Status::OK();
  }

  ReaderPtr input_;
  std::uint64_t count_;
  std::mt19937_64 random_;
  arrow::MemoryPool* pool_;
  BatchPtr kept_;
  std::vector<std::uint64_t> rows_;  // which row of the input each of these is
  std::uint64_t seen_ = 0;
  bool done_ = false;
};

}  // namespace

ReaderPtr SampleRows(ReaderPtr input, std::uint64_t count, std::uint64_t seed, arrow::MemoryPool* pool) {
  auto schema = input->schema();
  auto reservoir = std::make_shared<Reservoir>(std::move(input), count, seed, pool);
  return CutRows(MakeReader(std::move(schema), [reservoir] { return reservoir->Next(); }), {});
}

}  // namespace lancekit::convert
