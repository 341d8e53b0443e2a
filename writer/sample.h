// Stretches of the values of a page, on which candidates are tried.
#pragma once

#include <vector>

#include "base/buffer.h"
#include "encodings/values.h"

namespace lancekit {

/// Numbers from all over the page; all of it when it is small.
class NumberSample {
 public:
  explicit NumberSample(const ValuesView& values);
  const ValuesView& view() const { return view_; }
  /// The stretches by themselves, for what depends on neighbours.
  std::vector<ValuesView> stretches() const;

 private:
  MutableBuffer memory_;
  ValuesView view_;
  std::uint64_t stretch_;  // values of each
};

/// Strings from all over the page.
class StringSample {
 public:
  explicit StringSample(const ValuesView& values);
  ValuesView view() const;

 private:
  MutableBuffer data_;
  std::vector<std::int32_t> offsets_;
};

}  // namespace lancekit
