#include "text/pre_tokenizer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace rocmforge::text {
namespace {

using Parts = std::vector<std::string>;

Parts split(const std::string& name, const std::string& text) {
  const PreTokenizerRow* row = find_pre_tokenizer(name);
  EXPECT_NE(row, nullptr) << name;
  Parts parts;
  std::size_t begin = 0;
  for (const std::uint32_t end : PreTokenizer(*row).split(text)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  EXPECT_EQ(begin, text.size());
  return parts;
}

TEST(PreTokenizer, Gpt2) {
  EXPECT_EQ(split("gpt-2", "I'm  12345 cats!!\n\n x"),
            (Parts{"I", "'m", " ", " 12345", " cats", "!!", "\n\n", " x"}));
  EXPECT_EQ(split("gpt-2", "IT'S  "), (Parts{"IT", "'", "S", "  "}));  // lower case only
}

TEST(PreTokenizer, Llama3TakesThreeDigitsAndBothCases) {
  EXPECT_EQ(split("llama-bpe", "IT'S 1234567\n\n  x"),
            (Parts{"IT", "'S", " ", "123", "456", "7", "\n\n", " ", " x"}));
  EXPECT_EQ(split("llama-bpe", "a\t\tb\r\n.c"), (Parts{"a", "\t", "\tb", "\r\n", ".c"}));
  EXPECT_EQ(split("llama3", "x"), split("llama-v3", "x"));
}

TEST(PreTokenizer, Qwen2TakesOneDigit) {
  EXPECT_EQ(split("qwen2", "a12 3"), (Parts{"a", "1", "2", " ", "3"}));
}

TEST(PreTokenizer, SmollmTakesOneDigitAndGpt2sWords) {
  EXPECT_EQ(split("smollm", "a12 3 we've"), (Parts{"a", "1", "2", " ", "3", " we", "'ve"}));
}

TEST(PreTokenizer, DefaultCutsPunctuationAndThreeDigits) {
  EXPECT_EQ(split("default", "a+b, 12345"), (Parts{"a", "+", "b", ",", " ", "123", "45"}));
}

TEST(PreTokenizer, WhiteSpaceIsUnicodes) {
  EXPECT_EQ(split("gpt-2", "a\u00a0\u3000b"), (Parts{"a", "\u00a0", "\u3000", "b"}));
  // U+180E is a format character since Unicode 6.3, although PCRE2's own \s takes it.
  EXPECT_EQ(split("gpt-2", "\u180e!"), (Parts{"\u180e!"}));
}

TEST(PreTokenizer, KnowsLettersDigitsAndMarksOfUnicode15) {
  EXPECT_EQ(split("gpt-2", "\U00031350a!"), (Parts{"\U00031350a", "!"}));  // CJK extension H
  EXPECT_EQ(split("gpt-2", "\U0002EBF0a!"), (Parts{"\U0002EBF0a", "!"}));  // CJK extension I
  EXPECT_EQ(split("qwen2", "\U0001E4F0\U0001E4F1"), (Parts{"\U0001E4F0", "\U0001E4F1"}));
  EXPECT_EQ(split("default", "\U00011B00a"), (Parts{"\U00011B00", "a"}));  // punctuation
}

TEST(PreTokenizer, WidensClassesInAndOutOfBrackets) {
  EXPECT_EQ(widen_classes(R"(\s\S[^\s]\\s)"),
            R"(\p{White_Space}\P{White_Space}[^\p{White_Space}]\\s)");
  EXPECT_EQ(widen_classes(R"(\p{P}[\p{P}])"), R"([\p{P}\x{11B00}-\x{11B09}\x{11F43}-\x{11F4F}])"
                                              R"([\p{P}\x{11B00}-\x{11B09}\x{11F43}-\x{11F4F}])");
}

TEST(PreTokenizer, ALimitHitIsAnErrorAndNeverACutSplit) {
  const Regex slow("(a+)+$");  // exponential in the run of a
  Regex::Scratch scratch(40);
  try {
    slow.find(std::string(40, 'a') + "!", 0, true, scratch);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("match limit"), std::string::npos) << error.what();
  }
}

TEST(PreTokenizer, EmptyMatchesCutWithoutStanding) {
  const Regex before_b("(?=b)");
  Regex::Scratch scratch(4);
  EXPECT_EQ(before_b.find("abb", 0, true, scratch)->begin, 1u);
  EXPECT_EQ(before_b.find("abb", 1, false, scratch)->begin, 2u);
  EXPECT_FALSE(before_b.find("abb", 2, false, scratch));
}

RC_GTEST_PROP(PreTokenizer, StretchesCoverAnyText, (const std::vector<char16_t>& units)) {
  std::string text;
  for (const char16_t unit : units) {  // code points of up to three bytes, no surrogates
    const char32_t code = unit >= 0xd800 && unit < 0xe000 ? U' ' : char32_t{unit};
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else {
      if (code < 0x800) {
        text += static_cast<char>(0xc0 | code >> 6);
      } else {
        text += static_cast<char>(0xe0 | code >> 12);
        text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      }
      text += static_cast<char>(0x80 | (code & 0x3f));
    }
  }
  for (const char* name : {"default", "gpt-2", "llama-bpe", "smollm", "qwen2", "deepseek-coder"}) {
    std::uint32_t done = 0;
    for (const std::uint32_t end : PreTokenizer(*find_pre_tokenizer(name)).split(text)) {
      RC_ASSERT(end > done);
      done = end;
    }
    RC_ASSERT(done == text.size());
  }
}

}  // namespace
}  // namespace rocmforge::text
