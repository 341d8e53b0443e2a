// Findings on their way out: counted, given the file's path, and handed to the caller until it wants no more.
#pragma once

#include <string>
#include <utility>

#include "base/status.h"
#include "lancekit/verify.hpp"

namespace lancekit {

class Findings {
 public:
  Findings(const OnFinding& on_finding, VerifySummary* summary) : on_finding_(&on_finding), summary_(summary) {}

  /// The file that findings without a path are about.
  void set_path(std::string path) { path_ = std::move(path); }
  bool stopped() const noexcept { return summary_->stopped; }
  std::uint64_t damages() const noexcept { return summary_->damages; }

  void Add(Finding finding) {
    if (stopped()) return;
    if (finding.path.empty()) finding.path = path_;
    switch (finding.severity) {
      case Severity::kDamage:
        ++summary_->damages;
        break;
      case Severity::kUnsupported:
        ++summary_->unsupported;
        break;
      case Severity::kHarmless:
        ++summary_->harmless;
        break;
      case Severity::kNote:
        ++summary_->notes;
    }
    if (!(*on_finding_)(finding)) summary_->stopped = true;
  }

  /// An error as a finding. What `place` knows of the place counts where the error does not.
  void Add(const Error& error, Finding place = {}) {
    const bool beyond_us = error.code == ErrorCode::kUnsupported || error.code == ErrorCode::kResourceLimit;
    place.severity = beyond_us ? Severity::kUnsupported : Severity::kDamage;
    if (!error.path.empty()) place.path = error.path;
    if (!error.column.empty()) place.column = error.column;
    if (error.page >= 0) place.page = error.page;
    if (error.offset != Error::kNoOffset && (error.offset < place.offset || error.offset - place.offset >= place.size)) {
      place.offset = error.offset;
      place.size = 0;
    }
    place.message = error.message;
    Add(std::move(place));
  }

 private:
  const OnFinding* on_finding_;
  VerifySummary* summary_;
  std::string path_;
};

}  // namespace lancekit
