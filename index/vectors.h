// The vectors of a column where they lie: in mapped files, or in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "index/kernels/distance.h"

namespace lancekit::index {

using kernels::Element;

enum class Metric : std::uint8_t { kL2, kCosine, kInnerProduct };

/// Vectors of one size, by number. Thread-safe to read.
class Vectors {
 public:
  /// Vectors [first, first + count), one behind the other.
  struct Run {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    const std::byte* values = nullptr;
    std::shared_ptr<const void> owner;
  };

  Vectors(Element element, std::size_t dimensions) : element_(element), dimensions_(dimensions) {}
  /// Pre: runs are added in order.
  void Add(std::uint64_t count, const std::byte* values, std::shared_ptr<const void> owner) {
    runs_.push_back({size_, count, values, std::move(owner)});
    size_ += count;
  }

  Element element() const noexcept { return element_; }
  std::size_t dimensions() const noexcept { return dimensions_; }
  std::size_t bytes() const noexcept { return dimensions_ * kernels::WidthOf(element_); }
  std::uint64_t size() const noexcept { return size_; }
  /// Pre: i < size().
  const std::byte* At(std::uint64_t i) const noexcept {
    const Run* run = &runs_.front();
    if (runs_.size() > 1) {
      run = &*std::prev(std::upper_bound(runs_.begin(), runs_.end(), i,
                                         [](std::uint64_t wanted, const Run& other) { return wanted < other.first; }));
    }
    return run->values + (i - run->first) * bytes();
  }
  /// As numbers to calculate with; `to` has room for all dimensions.
  void Load(std::uint64_t i, float* to) const noexcept;

 private:
  Element element_;
  std::size_t dimensions_;
  std::uint64_t size_ = 0;
  std::vector<Run> runs_;
};

}  // namespace lancekit::index
