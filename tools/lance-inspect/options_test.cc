#include "tools/lance-inspect/options.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tools/common/exit_codes.h"

namespace lancekit::tools {
namespace {

Status Parse(std::vector<const char*> arguments, Request* request) {
  arguments.insert(arguments.begin(), "lance-inspect");
  return ParseRequest(static_cast<int>(arguments.size()), arguments.data(), request);
}

std::string Refusal(const std::vector<const char*>& arguments) {
  Request request;
  const Status status = Parse(arguments, &request);
  if (status.ok()) return "accepted";
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  return status.error().message;
}

TEST(Options, ABarePathMeansInfo) {
  Request request;
  ASSERT_TRUE(Parse({"trips.lance"}, &request).ok());
  EXPECT_STREQ(request.command->name, "info");
  EXPECT_EQ(request.options.arguments, std::vector<std::string>{"trips.lance"});
  Request file_called_pages;
  ASSERT_TRUE(Parse({"./pages"}, &file_called_pages).ok());
  EXPECT_STREQ(file_called_pages.command->name, "info");
}

TEST(Options, FlagsStandAnywhere) {
  Request request;
  ASSERT_TRUE(Parse({"-n", "3", "head", "--json", "a.lance", "-c", "x,y", "-c", "z"}, &request).ok());
  EXPECT_STREQ(request.command->name, "head");
  EXPECT_EQ(request.options.num_rows, 3u);
  EXPECT_TRUE(request.options.common.json);
  EXPECT_EQ(request.options.columns, (std::vector<std::string>{"x,y", "z"}));
  EXPECT_EQ(request.options.arguments, std::vector<std::string>{"a.lance"});
  Request after_dashes;
  ASSERT_TRUE(Parse({"info", "--", "-odd.lance"}, &after_dashes).ok());
  EXPECT_EQ(after_dashes.options.arguments, std::vector<std::string>{"-odd.lance"});
}

TEST(Options, VersionsAndRows) {
  Request request;
  ASSERT_TRUE(Parse({"take", "-1,0:2", "a.lance", "--version", "3", "--branch", "b"}, &request).ok());
  EXPECT_EQ(request.options.arguments, (std::vector<std::string>{" -1,0:2", "a.lance"}));
  EXPECT_EQ(request.options.open.version, 3u);
  EXPECT_EQ(request.options.open.branch, "b");
  EXPECT_EQ(Refusal({"versions", "a.lance", "--tag", "x"}), "versions has no option --tag");
  EXPECT_EQ(Refusal({"versions", "a.lance", "--version", "2"}), "versions takes no --version N");
  EXPECT_NE(Refusal({"head", "a.lance", "--as-of", "now"}).find("is no time"), std::string::npos);
}

TEST(Options, RefusalsSayWhatWasMeant) {
  EXPECT_NE(Refusal({"colums", "a.lance"}).find("did you mean \"columns\""), std::string::npos);
  EXPECT_NE(Refusal({"head", "a.lance", "--colums", "x"}).find("did you mean \"--columns\""), std::string::npos);
  EXPECT_EQ(Refusal({"count", "a.lance", "-n", "3"}), "count has no option --rows");
  EXPECT_NE(Refusal({"pages"}).find("needs: PATH"), std::string::npos);
  EXPECT_NE(Refusal({"pages", "a.lance", "b.lance"}).find("too much"), std::string::npos);
  EXPECT_NE(Refusal({"head", "-"}).find("pipe"), std::string::npos);
  EXPECT_NE(Refusal({"head", "a.lance", "-n", "many"}), "accepted");
  EXPECT_NE(Refusal({"head", "a.lance", "-n", "-1"}), "accepted");
}

TEST(Options, NoArgumentsGiveAShortUsage) {
  Request request;
  ASSERT_TRUE(Parse({}, &request).ok());
  EXPECT_EQ(request.command, nullptr);
  EXPECT_EQ(request.exit_code, kExitUsage);
  EXPECT_LE(std::ranges::count(request.text, '\n'), 20);
  EXPECT_NE(request.text.find("Examples:"), std::string::npos);
}

TEST(Options, HelpKnowsCommandsAndExitCodes) {
  Request request;
  ASSERT_TRUE(Parse({"help", "exit-codes"}, &request).ok());
  EXPECT_EQ(request.text, ExitCodeTable());
  Request head;
  ASSERT_TRUE(Parse({"head", "--help"}, &head).ok());
  EXPECT_NE(head.text.find("--rows"), std::string::npos);
  EXPECT_EQ(head.text.find("--page"), std::string::npos);
  EXPECT_NE(Refusal({"help", "nothing"}), "accepted");
}

TEST(ChooseColumns, TakesChildrenAndSuggests) {
  const std::vector<std::string> paths = {"a", "b.x", "b.y", "c,d"};
  Options options;
  options.columns = {"b", "c,d"};
  options.excluded = {"b.y"};
  const auto chosen = ChooseColumns(options, paths);
  ASSERT_TRUE(chosen) << chosen.error().message;
  EXPECT_EQ(*chosen, (std::vector<bool>{false, true, false, true}));
  options.columns = {"b.xx"};
  const auto wrong = ChooseColumns(options, paths);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("did you mean \"b.x\""), std::string::npos);
}

}  // namespace
}  // namespace lancekit::tools
