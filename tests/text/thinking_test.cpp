#include "text/thinking.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rocmforge::text {
namespace {

const ThinkingMarkers kThink{"<think>", "</think>"};

using Split = ThinkingParser::Split;

void add(Split& all, const Split& more) {
  all.thinking += more.thinking;
  all.answer += more.answer;
}

Split parse(const std::vector<std::string>& pieces, bool opened) {
  ThinkingParser parser(kThink, opened);
  Split all;
  for (const std::string& piece : pieces) {
    const Split more = parser.push(piece);
    // Nothing that was answered is followed by thinking.
    EXPECT_TRUE(all.answer.empty() || more.thinking.empty());
    add(all, more);
  }
  add(all, parser.flush());
  return all;
}

struct Case {
  std::string text;
  bool opened;
  std::string thinking, answer;
};

// Each holds for every way to cut the text in three, and byte by byte.
TEST(Thinking, EveryCutGivesTheSame) {
  const std::vector<Case> cases = {
      {"<think>\nFirst, a.\n\nThen b.\n</think>\n\nThe answer.\n", false, "First, a.\n\nThen b.",
       "The answer.\n"},
      {"\nFirst.\n</think>\n\nYes", true, "First.", "Yes"},  // R1, QwQ
      {"<think>\n\n</think>\n\nHello", false, "", "Hello"},  // an empty block
      {"</think>Hello", true, "", "Hello"},                  // GLM
      {" \n<think>a</think>b", false, "a", "b"},             // white space before
      {"<think>never closed <thi </thinking> \n", false, "never closed <thi </thinking>", ""},
      {"a < b </thin", true, "a < b </thin", ""},  // the end of a marker
      {"a </think", false, "", "a </think"},
      {"No thinking, but <think>a mention</think>.", false, "",
       "No thinking, but <think>a mention</think>."},
      {"<think>a</think>b <think>c</think> d", false, "a", "b <think>c</think> d"},
      {"<think>a <think> b</think>c", false, "a <think> b", "c"},
      {"<thinking> it is", false, "", "<thinking> it is"},
      {" \n  plain", false, "", " \n  plain"},
      {"  ", false, "", "  "},
      {"<thi", false, "", "<thi"},
      {"<think>a</think> \n", false, "a", ""},
      {"<think>x<</think>y", false, "x<", "y"},
      {"<think>x </ </t</think>y", false, "x </ </t", "y"},
      {"<think>d\xc3\xa9j\xc3\xa0</think>vu", false, "d\xc3\xa9j\xc3\xa0", "vu"},
      {"", false, "", ""},
      {"", true, "", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    std::vector<std::string> bytes;
    for (const char byte : c.text) bytes.emplace_back(1, byte);
    std::vector<std::vector<std::string>> ways = {bytes};
    for (std::size_t i = 0; i <= c.text.size(); ++i) {
      for (std::size_t j = i; j <= c.text.size(); ++j) {
        ways.push_back({c.text.substr(0, i), c.text.substr(i, j - i), c.text.substr(j)});
      }
    }
    for (const auto& pieces : ways) {
      const Split all = parse(pieces, c.opened);
      ASSERT_EQ(all.thinking, c.thinking) << pieces[0] << "|" << pieces[1];
      ASSERT_EQ(all.answer, c.answer) << pieces[0] << "|" << pieces[1];
    }
  }
}

TEST(Thinking, NothingCertainIsHeldBack) {
  ThinkingParser parser(kThink, false);
  EXPECT_EQ(parser.push("<thi").answer, "");
  EXPECT_FALSE(parser.thinking());
  EXPECT_EQ(parser.push("nk>so").thinking, "so");
  EXPECT_TRUE(parser.thinking());
  EXPECT_EQ(parser.push(" far ").thinking, " far");
  EXPECT_EQ(parser.push("</x").thinking, " </x");
  EXPECT_EQ(parser.push("</think>").thinking, "");
  EXPECT_FALSE(parser.thinking());
  EXPECT_EQ(parser.push("\n\n").answer, "");
  EXPECT_EQ(parser.push("Yes").answer, "Yes");
  EXPECT_EQ(parser.push(" </think>").answer, " </think>");
}

TEST(Thinking, MarkersAreToldFromTheTemplateThenFromTheVocabulary) {
  const auto none = [](std::string_view) { return false; };
  const auto mistral = [](std::string_view t) { return t == "[THINK]" || t == "[/THINK]"; };
  const auto half = [](std::string_view t) { return t == "<think>"; };
  ASSERT_TRUE(find_thinking_markers("{{ x.split('</think>') }}", mistral));
  EXPECT_EQ(find_thinking_markers("{{ x.split('</think>') }}", mistral)->open, "<think>");
  ASSERT_TRUE(find_thinking_markers("{{ x }}", mistral));
  EXPECT_EQ(find_thinking_markers("{{ x }}", mistral)->close, "[/THINK]");
  EXPECT_TRUE(find_thinking_markers("{{ '<think>' }}", none));
  EXPECT_FALSE(find_thinking_markers("{{ x }}", none));
  EXPECT_FALSE(find_thinking_markers("{{ x }}", half));
  // The names of arguments are no markers.
  EXPECT_FALSE(find_thinking_markers("{% if enable_thinking %}", none));
}

TEST(Thinking, APromptMayOpenTheBlock) {
  EXPECT_TRUE(opens_thinking("<|im_start|>assistant\n<think>\n", kThink));
  EXPECT_TRUE(opens_thinking("<|Assistant|><think>", kThink));
  EXPECT_FALSE(opens_thinking("<|im_start|>assistant\n<think>\n\n</think>\n\n", kThink));
  EXPECT_FALSE(opens_thinking("<|im_start|>assistant\n", kThink));
  EXPECT_FALSE(opens_thinking("", kThink));
}

}  // namespace
}  // namespace rocmforge::text
