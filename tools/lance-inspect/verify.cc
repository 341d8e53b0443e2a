// verify: looks for damage and tells it file by file. checksum: writes the sums that verify --sums compares with.
#include "lancekit/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/status.h"
#include "tools/common/exit_codes.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"
#include "tools/lance-inspect/commands.h"
#include "tools/lance-inspect/sheet.h"

namespace lancekit::tools {
namespace {

const char* NameOf(Severity severity) {
  switch (severity) {
    case Severity::kDamage:
      return "damage";
    case Severity::kUnsupported:
      return "unsupported";
    case Severity::kHarmless:
      return "harmless";
    case Severity::kNote:
      break;
  }
  return "note";
}

/// "column "name" page 3 buffer 1 at bytes 512 to 639: what"
std::string Describe(const Finding& finding) {
  std::string text;
  if (!finding.column.empty()) text += fmt::format("column \"{}\" ", EscapeControls(finding.column));
  if (finding.page >= 0) text += fmt::format("page {} ", finding.page);
  if (finding.buffer >= 0) text += fmt::format("{}buffer {} ", finding.page < 0 ? "global " : "", finding.buffer);
  if (finding.offset != Error::kNoOffset && finding.size > 1) {
    text += fmt::format("at bytes {} to {} ", GroupDigits(finding.offset), GroupDigits(finding.offset + finding.size - 1));
  } else if (finding.offset != Error::kNoOffset) {
    text += fmt::format("at byte {} ", GroupDigits(finding.offset));
  }
  if (!text.empty()) text.back() = ':';
  return text + (text.empty() ? "" : " ") + EscapeControls(finding.message);
}

/// How a path is shown: from the dataset on.
std::string Shown(const std::string& path, const std::string& root) {
  const std::string prefix = root.ends_with('/') ? root : root + '/';
  return EscapeControls(path.starts_with(prefix) ? path.substr(prefix.size()) : path);
}

class VerifyScreen {
 public:
  VerifyScreen(const VerifySummary& summary, const std::vector<Finding>& findings, const std::string& root, Session* session)
      : summary_(summary), findings_(findings), root_(root), session_(session) {}

  void Write() {
    for (const VerifiedFile& file : summary_.files) width_ = std::max(width_, Shown(file.path, root_).size());
    for (const VerifiedFile& file : summary_.files) WriteFile(file);
    const auto is_other = [&](const Finding& finding) {
      return std::ranges::find(summary_.files, finding.path, &VerifiedFile::path) == summary_.files.end();
    };
    for (const Finding& finding : findings_) {
      if (is_other(finding)) WriteFinding(finding, false);
    }
    WriteEnd();
  }

 private:
  void Line(const char* mark, Style style, const std::string& path, const std::string& text) {
    Output& output = *session_->output;
    output.Write(fmt::format(" {} {:<{}}  {}\n", Styled(fmt::format("{:<4}", mark), style, output.color()), path, width_, text));
  }
  void WriteFinding(const Finding& finding, bool is_missing) {
    const bool bad = finding.severity == Severity::kDamage;
    const char* const mark = is_missing ? "miss" : bad ? "BAD" : finding.severity == Severity::kUnsupported ? "????" : "note";
    const std::string text = finding.severity == Severity::kHarmless ? "harmless: " + Describe(finding) : Describe(finding);
    Line(mark, bad ? Style::kBold : Style::kDim, Shown(finding.path, root_), text);
  }
  void WriteFile(const VerifiedFile& file) {
    bool is_sound = true;
    for (const Finding& finding : findings_) {
      if (finding.path != file.path) continue;
      WriteFinding(finding, file.is_missing);
      is_sound = is_sound && (finding.severity == Severity::kHarmless || finding.severity == Severity::kNote);
    }
    if (!is_sound) return;
    Line("ok", Style::kDim, Shown(file.path, root_),
         fmt::format("{} columns   {} pages   {} rows   {}{}", GroupDigits(file.columns), GroupDigits(file.pages),
                     GroupDigits(file.rows), BytesText(file.bytes, *session_), file.has_hashes ? "" : "   no hashes"));
  }
  void WriteEnd() {
    const auto damaged = std::ranges::count_if(summary_.files, [](const VerifiedFile& file) { return file.damages != 0; });
    const auto unhashed =
        std::ranges::count_if(summary_.files, [](const VerifiedFile& file) { return !file.is_missing && !file.has_hashes; });
    const Options& options = session_->options;
    std::string text =
        fmt::format("{} of {} file{} damaged", damaged, summary_.files.size(), summary_.files.size() == 1 ? "" : "s");
    if (summary_.version != 0) text += fmt::format("; version {}, {} deletion files", summary_.version, summary_.deletion_files);
    text += options.full ? "." : "; only the tails were read (--full reads all).";
    if (summary_.stopped) text += " Stopped at the first damage.";
    if (unhashed != 0 && options.sums.empty()) {
      text += fmt::format(" {} file{} no hashes: changed values that still decode cannot be seen; use checksum and --sums.",
                          unhashed, unhashed == 1 ? " has" : "s have");
    } else if (summary_.version != 0 && options.sums.empty()) {
      text += " Manifests have no hashes: use checksum and --sums for those.";
    }
    session_->output->Write(text + "\n");
  }

  const VerifySummary& summary_;
  const std::vector<Finding>& findings_;
  const std::string& root_;
  Session* session_;
  std::size_t width_ = 0;
};

Sheet FindingsSheet(const VerifySummary& summary, const std::vector<Finding>& findings, const Session& session) {
  Sheet sheet{.name = "findings"};
  for (const char* key : {"severity", "file", "column", "page", "buffer", "offset", "size", "message"})
    sheet.columns.push_back({key, key});
  for (const Finding& finding : findings) {
    const bool has_offset = finding.offset != Error::kNoOffset;
    sheet.rows.push_back({Fact::Text(NameOf(finding.severity)), Fact::Text(finding.path),
                          finding.column.empty() ? Fact::None() : Fact::Text(finding.column), Fact::Number(finding.page),
                          Fact::Number(finding.buffer), has_offset ? Fact::Count(finding.offset) : Fact::None(),
                          has_offset ? Fact::Count(finding.size) : Fact::None(), Fact::Text(finding.message)});
  }
  JsonWriter files;
  files.BeginArray();
  for (const VerifiedFile& file : summary.files) {
    files.BeginObject().Member("path", file.path).Member("rows", file.rows).Member("columns", file.columns);
    files.Member("pages", file.pages).Member("bytes", file.bytes).Member("missing", file.is_missing);
    files.Member("has_hashes", file.has_hashes).Member("damages", file.damages).EndObject();
  }
  sheet.members = {{"path", JsonText(session.options.arguments[0])},
                   {"level", JsonText(session.options.full ? "full" : "quick")},
                   {"sound", summary.damages == 0 ? "true" : "false"},
                   {"damages", std::to_string(summary.damages)},
                   {"unsupported", std::to_string(summary.unsupported)},
                   {"harmless", std::to_string(summary.harmless)},
                   {"notes", std::to_string(summary.notes)},
                   {"stopped", summary.stopped ? "true" : "false"},
                   {"files", files.EndArray().text()}};
  return sheet;
}

}  // namespace

Status RunVerify(Session& session) {
  const Options& options = session.options;
  if (options.full && options.quick) return Invalid("--quick and --full exclude each other");
  std::vector<Finding> findings;
  VerifyOptions verify_options{options.full ? VerifyLevel::kFull : VerifyLevel::kQuick, options.open, options.sums};
  LANCEKIT_ASSIGN(const VerifySummary summary,
                  verify(session.context, options.arguments[0], verify_options, [&](const Finding& finding) {
                    findings.push_back(finding);
                    return !options.fail_fast || finding.severity != Severity::kDamage;
                  }));
  if (session.format == Format::kTable || session.format == Format::kPlain) {
    VerifyScreen(summary, findings, options.arguments[0], &session).Write();
  } else {
    WriteSheet(FindingsSheet(summary, findings, session), &session);
  }
  session.exit_code = summary.damages != 0 ? kExitAnswerIsNo : summary.unsupported != 0 ? kExitUnsupported : kExitDone;
  return {};
}

Status RunChecksum(Session& session) {
  const Options& options = session.options;
  std::string sums = options.output_path;
  if (sums.empty()) {
    sums = options.arguments[0];
    while (sums.size() > 1 && sums.ends_with('/')) sums.pop_back();
    sums += ".sums";
  }
  LANCEKIT_TRY(write_sums(session.context, options.arguments[0], options.open, sums, options.force));
  if (session.format == Format::kJson || session.format == Format::kJsonLines) {
    session.output->Write(BeginDocument().Member("path", options.arguments[0]).Member("sums", sums).EndObject().text() + '\n');
  } else {
    session.output->Write(sums + "\n");
  }
  return {};
}

}  // namespace lancekit::tools
