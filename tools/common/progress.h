// The progress bar on stderr: a terminal only, after half a second, at most ten updates a second, erased at the end.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lancekit::tools {

enum class ProgressMode : std::uint8_t { kAuto, kAlways, kNever, kJson };

/// What is known while the work goes on. `total` 0 = unknown.
struct ProgressState {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

class Progress {
 public:
  /// `label` stands left of the bar.
  Progress(ProgressMode mode, std::string label, std::string program);
  ~Progress() { Finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Cheap; draws only when it is time.
  void Update(const ProgressState& state);
  /// Erases the bar.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;
  void Draw(const ProgressState& state, double seconds);
  void Erase();

  bool on_;
  bool json_;
  bool drawn_ = false;
  std::string label_;
  std::string program_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_;
};

/// The line without escape sequences, at most `width` columns.
std::string ProgressLine(const std::string& label, const ProgressState& state, double seconds, int width);

}  // namespace lancekit::tools
