#include "tools/common/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "tools/common/json.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"

namespace lancekit::tools {
namespace {

constexpr std::chrono::milliseconds kFirstDraw{500};
constexpr std::chrono::milliseconds kInterval{100};

std::string Bar(double share) {
  constexpr int kCells = 24;
  const int full = static_cast<int>(share * kCells);
  std::string bar;
  for (int i = 0; i < kCells; ++i) bar += i < full ? "█" : "░";
  return bar;
}

}  // namespace

std::string ProgressLine(const std::string& label, const ProgressState& state, double seconds, int width) {
  const double rate = seconds > 0 ? static_cast<double>(state.bytes) / seconds : 0;
  std::string tail = fmt::format("   {} rows   {}/s", GroupDigits(state.rows), FormatBytes(static_cast<std::uint64_t>(rate)));
  std::string middle;
  std::size_t middle_columns = 0;
  if (state.total > 0) {
    const double share = std::min(1.0, static_cast<double>(state.done) / static_cast<double>(state.total));
    if (share > 0) tail += fmt::format("   {} left", FormatSeconds(seconds / share - seconds));
    middle = fmt::format("   {}  {:>3.0f}%", Bar(share), share * 100);
    middle_columns = 33;
  }
  const std::size_t room = static_cast<std::size_t>(std::max(width, 20)) - 1;
  std::string line = EscapeControls(label);
  if (line.size() + middle_columns + tail.size() > room) middle.clear();
  return (line + middle + tail).substr(0, middle.empty() ? room : std::string::npos);
}

Progress::Progress(ProgressMode mode, std::string label, std::string program)
    : on_(mode == ProgressMode::kAlways || mode == ProgressMode::kJson ||
          (mode == ProgressMode::kAuto && IsTerminal(STDERR_FILENO))),
      json_(mode == ProgressMode::kJson),
      label_(std::move(label)),
      program_(std::move(program)),
      next_(start_ + kFirstDraw) {}

void Progress::Update(const ProgressState& state) {
  if (!on_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + kInterval;
  Draw(state, std::chrono::duration<double>(now - start_).count());
}

void Progress::Draw(const ProgressState& state, double seconds) {
  if (json_) {
    JsonWriter json;
    json.BeginObject().Member("schema", program_ + "/1").Key("progress").BeginObject();
    json.Member("done", state.done).Member("total", state.total).Member("rows", state.rows).Member("bytes", state.bytes);
    json.Member("seconds", seconds).EndObject().EndObject();
    fmt::print(stderr, "{}\n", json.text());
  } else {
    Erase();
    fmt::print(stderr, "{}", ProgressLine(label_, state, seconds, TerminalWidth(STDERR_FILENO)));
    drawn_ = true;
  }
  std::fflush(stderr);
}

void Progress::Erase() {
  // Blanks instead of an escape sequence: right on any terminal, and none is sent when colour is off.
  if (drawn_) fmt::print(stderr, "\r{:{}}\r", "", TerminalWidth(STDERR_FILENO) - 1);
}

void Progress::Finish() {
  Erase();
  std::fflush(stderr);
  drawn_ = false;
  on_ = false;
}

}  // namespace lancekit::tools
