// Stretches of the values of a page, on which candidates are tried.
#pragma once

#include <vector>

#include "base/buffer.h"
#include "encodings/values.h"

namespace lancekit {

inline constexpr std::uint64_t kStretches = 8;

/// Numbers from all over the page; all of it when it is small. Borrows the view.
class NumberSample {
 public:
  explicit NumberSample(const ValuesView& values);
  const ValuesView& view() const { return view_; }
  /// Whether it is not all of the page.
  bool is_part() const { return view_.length != all_.length; }
  /// As many values in so many stretches, for what depends on neighbours.
  std::vector<ValuesView> Stretches(std::uint64_t count) const;

 private:
  const ValuesView& all_;
  MutableBuffer memory_;
  ValuesView view_;
};

/// Strings from all over the page.
class StringSample {
 public:
  /// With so many bytes of each stretch.
  explicit StringSample(const ValuesView& values, std::uint64_t stretch_bytes = 32 << 10);
  ValuesView view() const;
  /// Whether strings share enough with those before them for front coding to be worth a try.
  bool SharesPrefixes() const;

 private:
  MutableBuffer data_;
  std::vector<std::int32_t> offsets_;
};

}  // namespace lancekit
