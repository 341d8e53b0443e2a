#include "writer/encoder_tree.h"

#include <gtest/gtest.h>

#include "encodings/encoding_testing.h"
#include "writer/candidates.h"

namespace lancekit {
namespace {

TEST(EncoderTree, TextComesBack) {
  for (const char* const text :
       {"flat", "delta(patched(frame))", "zstd:9(split)", "zstd", "cut(narrow(zstd:-3),frame)", "fsst(lengths)"}) {
    const auto tree = ParseEncoderTree(text);
    ASSERT_TRUE(tree) << text;
    EXPECT_EQ(tree->ToText(), text);
  }
}

TEST(EncoderTree, RefusesWhatIsNone) {
  for (const char* const text : {"", "delta", "delta()", "delta(frame", "delta(frame))", "frame(frame)", "cut(frame)", "zip",
                                 "frame:3", "zstd:", "zstd:x", "delta(frame,frame)", " flat", "zstd:99999999999"}) {
    const auto tree = ParseEncoderTree(text);
    ASSERT_FALSE(tree) << text;
    EXPECT_EQ(tree.error().code, ErrorCode::kInvalidArgument);
  }
  std::string deep = "frame";
  for (int i = 0; i < 100'000; ++i) deep.insert(0, "delta(");
  EXPECT_FALSE(ParseEncoderTree(deep));
}

TEST(EncoderTree, MakesWhatItSays) {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < 9000; ++i) numbers.push_back(5'000'000 + i * 37 % 3000);
  const auto values = testing::Numbers(numbers);
  for (const Candidate& candidate : CandidatesFor(ValueKind::kNumbers, format::FileVersion::kX1, {})) {
    const EncodingHints hints;
    const auto encoder = MakeNumberEncoder(candidate.tree, values.View(), PlanFor(format::FileVersion::kX1, hints));
    if (encoder == nullptr) continue;
    EXPECT_EQ(testing::CheckRoundTrip(values.View(), *encoder), "") << candidate.tree.ToText();
  }
  const auto tree = ParseEncoderTree("narrow(cut(narrow(zstd),frame))");
  ASSERT_TRUE(tree);
  const auto encoder = MakeNumberEncoder(*tree, values.View(), PlanFor(format::FileVersion::kX1, {}));
  ASSERT_NE(encoder, nullptr);
  const format::Encoding message = encoder->Describe();
  EXPECT_EQ(message.id, format::EncodingId::kNarrow);
  EXPECT_EQ(message.children[0].id, format::EncodingId::kCut);
  EXPECT_EQ(message.children[0].bits, 4u);
}

TEST(EncoderTree, PresetsLimitTheCandidates) {
  EncodingHints hints;
  hints.preset = Preset::kFast;
  for (const ValueKind kind : {ValueKind::kNumbers, ValueKind::kFloats, ValueKind::kStrings}) {
    for (const Candidate& candidate : CandidatesFor(kind, format::FileVersion::kX1, hints)) {
      EXPECT_EQ(candidate.tree.ToText().find("zstd"), std::string::npos);
    }
  }
  hints.preset = Preset::kSmall;
  for (const Candidate& candidate : CandidatesFor(ValueKind::kNumbers, format::FileVersion::kX1, hints)) {
    EXPECT_EQ(candidate.cost, 1);
  }
  hints.tree = "delta";
  for (const Candidate& candidate : CandidatesFor(ValueKind::kNumbers, format::FileVersion::kX1, hints)) {
    EXPECT_EQ(candidate.tree.name, "delta");
  }
  EXPECT_TRUE(CandidatesFor(ValueKind::kStrings, format::FileVersion::kX1, hints).empty());
}

}  // namespace
}  // namespace lancekit
