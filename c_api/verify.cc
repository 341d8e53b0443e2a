#include "lancekit/verify.hpp"

#include "c_api/handles.h"

static_assert(static_cast<int>(lancekit::Severity::kDamage) == LANCEKIT_DAMAGE);
static_assert(static_cast<int>(lancekit::Severity::kUnsupported) == LANCEKIT_NOT_CHECKED);
static_assert(static_cast<int>(lancekit::Severity::kHarmless) == LANCEKIT_HARMLESS);
static_assert(static_cast<int>(lancekit::Severity::kNote) == LANCEKIT_NOTE);

using lancekit::Status;
using lancekit::c_api::CheckGiven;

namespace lancekit::c_api {
namespace {

Result<VerifyOptions> ReadVerifyOptions(const lancekit_verify_options* given) {
  LANCEKIT_ASSIGN(const lancekit_verify_options read, ReadOptions(given));
  if (read.level != LANCEKIT_VERIFY_QUICK && read.level != LANCEKIT_VERIFY_FULL)
    return Invalid("there is no verify level {}", read.level);
  VerifyOptions options;
  options.level = read.level == LANCEKIT_VERIFY_FULL ? VerifyLevel::kFull : VerifyLevel::kQuick;
  LANCEKIT_ASSIGN(options.open, ReadOpenOptions(read.open));
  options.sums = TextOf(read.sums);
  return options;
}

lancekit_finding FindingOf(const Finding& finding) {
  return {static_cast<lancekit_severity>(finding.severity),
          finding.message.c_str(),
          finding.path.c_str(),
          finding.column.c_str(),
          finding.page,
          finding.buffer,
          finding.offset,
          finding.size};
}

}  // namespace
}  // namespace lancekit::c_api

lancekit_code lancekit_verify(lancekit_context* context, const char* path, const lancekit_verify_options* options,
                              lancekit_on_finding on_finding, void* user_data, lancekit_verify_summary* summary,
                              lancekit_error** error) {
  return lancekit::c_api::Guard(error, [&]() -> Status {
    LANCEKIT_TRY(CheckGiven("path", path));
    LANCEKIT_TRY(lancekit::c_api::WriteSummaryTo(summary, {}));
    LANCEKIT_ASSIGN(const lancekit::VerifyOptions wanted, lancekit::c_api::ReadVerifyOptions(options));
    const auto tell = [&](const lancekit::Finding& found) {
      const lancekit_finding finding = lancekit::c_api::FindingOf(found);
      return on_finding == nullptr || on_finding(user_data, &finding) == 0;
    };
    LANCEKIT_ASSIGN(const lancekit::VerifySummary found,
                    lancekit::verify(lancekit::c_api::ContextOf(context), path, wanted, tell));
    return lancekit::c_api::WriteSummaryTo(
        summary, {0, found.files.size(), found.damages, found.unsupported, found.harmless, found.notes, found.stopped ? 1 : 0});
  });
}
