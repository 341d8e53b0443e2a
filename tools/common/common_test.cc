// Tests of what both programs share.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>

#include "tools/common/command_line.h"
#include "tools/common/exit_codes.h"
#include "tools/common/json.h"
#include "tools/common/markup.h"
#include "tools/common/numbers.h"
#include "tools/common/report_error.h"
#include "tools/common/suggest.h"
#include "tools/common/version_options.h"

namespace lancekit::tools {
namespace {

TEST(Numbers, GroupsDigitsAndSwitchesToBinaryUnits) {
  EXPECT_EQ(GroupDigits(0), "0");
  EXPECT_EQ(GroupDigits(999), "999");
  EXPECT_EQ(GroupDigits(1234567), "1,234,567");
  EXPECT_EQ(FormatBytes(1), "1 byte");
  EXPECT_EQ(FormatBytes(9'999'999), "9,999,999 bytes");
  EXPECT_EQ(FormatBytes(16u << 20), "16.0 MiB");
  EXPECT_EQ(FormatBytes(3ull << 30), "3.00 GiB");
}

TEST(Numbers, ParsesByteSizesAndRefusesTheRest) {
  EXPECT_EQ(*ParseBytes("1000"), 1000u);
  EXPECT_EQ(*ParseBytes("512MiB"), 512u << 20);
  EXPECT_EQ(*ParseBytes("2GB"), 2'000'000'000u);
  EXPECT_EQ(*ParseBytes("1.5k"), 1536u);
  for (const char* bad : {"", "x", "-1", "0", "12 parsecs", "1e99", "5MiBs", "nan", "inf"}) {
    EXPECT_FALSE(ParseBytes(bad).has_value()) << bad;
  }
}

TEST(Markup, NamesStayText) {
  EXPECT_EQ(MarkupText("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(MarkupText(std::string_view("a\0b\x1B\n\xC2\x9B", 7)), "a\\x00b\\x1b\\n\\u009b");
  EXPECT_EQ(MarkupText("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\x9F"), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\x9F");
  EXPECT_EQ(MarkupText("\xE2\x80\xAE\xE2\x80\xAF\xE2\x81\xA6"), "\\u202e\xE2\x80\xAF\\u2066");
  EXPECT_EQ(MarkupText("\xFFz\xED\xA0\x80\xEF\xBF\xBF\xC3"),
            "\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Suggest, FindsTheNearestNameOnlyWhenItIsNear) {
  EXPECT_EQ(ClosestMatch("destinatoin", {"origin", "destination"}), "destination");
  EXPECT_EQ(ClosestMatch("--lmit", {"--limit", "--skip"}), "--limit");
  EXPECT_EQ(ClosestMatch("DELAY", {"delay", "date"}), "delay");
  EXPECT_EQ(ClosestMatch("zebra", {"origin", "destination"}), "");
}

TEST(Json, EscapesAndKeepsNumbersExact) {
  std::string out;
  AppendJsonString("a\"\\\n\x01\xC3\xA9\xFF", out);
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\u0001\xC3\xA9\xEF\xBF\xBD\"");
  out.clear();
  AppendJsonString("\x7F\xC2\x9B\xC2\xA9", out);
  EXPECT_EQ(out, "\"\\u007f\\u009b\xC2\xA9\"");
  out.clear();
  AppendJsonString("\x7F\xC2\x9B\xC2\xA0", out);
  EXPECT_EQ(out, "\"\\u007f\\u009b\xC2\xA0\"");
  out.clear();
  AppendJsonNumber(0.1, out);
  out += ' ';
  AppendJsonNumber(2.0, out);
  out += ' ';
  AppendJsonNumber(0.1f, out);
  out += ' ';
  AppendJsonNumber(-INFINITY, out);
  EXPECT_EQ(out, "0.1 2.0 0.1 \"-Infinity\"");
}

TEST(Json, WriterPutsCommas) {
  JsonWriter json;
  json.BeginObject().Member("a", 1).Key("b").BeginArray().Value(true).Null().BeginObject().EndObject().EndArray().Member("c",
                                                                                                                         "x");
  EXPECT_EQ(json.EndObject().text(), R"({"a":1,"b":[true,null,{}],"c":"x"})");
}

TEST(ReportError, NamesThePlaceAndEscapesControlCharacters) {
  Error error;
  error.code = ErrorCode::kCorruption;
  error.message = "dictionary index 126, but the dictionary has 97 entries";
  error.path = "events.lance";
  error.column = "na\x1bme";
  error.page = 3;
  error.offset = 160512;
  const ErrorStyle style{.program = "lance-inspect"};
  EXPECT_EQ(
      FormatError(error, "lance-inspect verify", style),
      "lance-inspect: events.lance: damaged\n  column \"na\\x1bme\", page 3, at byte 160,512: dictionary index 126, but the "
      "dictionary has 97 entries\n  try: lance-inspect verify\n");
  const std::string json = FormatError(error, "", {.program = "lance-inspect", .json = true});
  EXPECT_EQ(json.rfind(R"({"schema":"lance-inspect/1","error":{"code":"corruption","exit_code":4,)", 0), 0u) << json;
  EXPECT_EQ(json.find('\x1b'), std::string::npos);
}

TEST(ExitCodes, FollowTheTable) {
  EXPECT_EQ(ExitCodeOf(ErrorCode::kInvalidArgument), 2);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kIo), 3);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kCorruption), 4);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kUnsupported), 5);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kOutput), 6);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kResourceLimit), 7);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kCancelled), 130);
}

TEST(Color, FollowsTheOrderOfPrecedence) {
  ::setenv("NO_COLOR", "1", 1);
  ::setenv("CLICOLOR_FORCE", "1", 1);
  EXPECT_TRUE(UseColor(1, ColorMode::kAlways));
  EXPECT_FALSE(UseColor(1, ColorMode::kAuto));
  ::unsetenv("NO_COLOR");
  EXPECT_TRUE(UseColor(1, ColorMode::kAuto));
  EXPECT_FALSE(UseColor(1, ColorMode::kNever));
  ::unsetenv("CLICOLOR_FORCE");
}

TEST(CommandLine, SuggestsTheOptionThatWasMeant) {
  CLI::App app;
  CommonOptions options;
  AddCommonOptions(app, options);
  const char* wrong[] = {"program", "--quite"};
  const Status status = ParseArguments(app, 2, wrong);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(status.error().message, "unknown option --quite (did you mean \"--quiet\"?)");
  const char* right[] = {"program", "-q", "--color", "never"};
  ASSERT_TRUE(ParseArguments(app, 4, right).ok());
  EXPECT_TRUE(options.quiet);
  EXPECT_EQ(options.color, ColorMode::kNever);
}

TEST(CommandLine, VersionTakesANumber) {
  const auto parse = [](std::vector<const char*> arguments, CommonOptions* options) {
    CLI::App app;
    AddCommonOptions(app, *options);
    std::vector<std::string> paths;
    app.add_option("paths", paths);
    arguments.insert(arguments.begin(), "program");
    const Status status = ParseArguments(app, static_cast<int>(arguments.size()), arguments.data());
    return status ? std::to_string(paths.size()) + " paths" : status.error().message;
  };
  CommonOptions alone, number, joined, path, wrong;
  EXPECT_EQ(parse({"--version"}, &alone), "0 paths");
  EXPECT_TRUE(alone.version);
  EXPECT_EQ(parse({"a", "--version", "18446744073709551615", "b"}, &number), "2 paths");
  EXPECT_FALSE(number.version);
  EXPECT_EQ(number.dataset_version, ~std::uint64_t{0});
  EXPECT_EQ(parse({"--version=7", "a"}, &joined), "1 paths");
  EXPECT_EQ(joined.dataset_version, 7u);
  EXPECT_EQ(parse({"--version", "a"}, &path), "1 paths");
  EXPECT_TRUE(path.version);
  EXPECT_NE(parse({"--version=x"}, &wrong).find("a number"), std::string::npos);
}

TEST(Time, IsReadInManyForms) {
  using namespace std::chrono;
  const auto nanos = [](const char* text) {
    const auto time = ParseTime(text);
    return time ? duration_cast<nanoseconds>(time->time_since_epoch()).count() : -1;
  };
  EXPECT_EQ(nanos("1970-01-02"), 86'400'000'000'000);
  EXPECT_EQ(nanos("1970-01-01T00:01"), 60'000'000'000);
  EXPECT_EQ(nanos("1970-01-01 00:00:01.5Z"), 1'500'000'000);
  EXPECT_EQ(nanos("1970-01-01T02:00:00.000000001+01:30"), 1'800'000'000'001);
  EXPECT_EQ(nanos("1970-01-01T00:00:00-0100"), 3'600'000'000'000);
  EXPECT_EQ(nanos("1969-12-31T23:00:00-01"), 0);
  EXPECT_EQ(nanos("2000-02-29"), 951'782'400'000'000'000);
  for (const char* text :
       {"", "2026", "2026-13-01", "2026-02-30", "2026-01-01T", "2026-01-01T24:00", "2026-01-01T10", "2026-01-01T10:00:00.",
        "2026-01-01T10:00x", "2026-01-01T10:00+", "2026-01-01T10:00+25", "1600-01-01", "9999-01-01", "yesterday"}) {
    EXPECT_FALSE(ParseTime(text).has_value()) << text;
  }
}

TEST(Progress, LineFitsTheTerminal) {
  const ProgressState state{.done = 66, .total = 100, .rows = 1'980'000, .bytes = 2'000'000'000};
  const std::string line = ProgressLine("trips.lance", state, 4.0, 120);
  EXPECT_NE(line.find("66%"), std::string::npos) << line;
  EXPECT_NE(line.find("1,980,000 rows"), std::string::npos) << line;
  EXPECT_LT(ProgressLine("trips.lance", state, 4.0, 40).size(), 40u);
}

}  // namespace
}  // namespace lancekit::tools
