// The scanners against PCRE2 with the patterns that they stand for.
#include "text/scanner.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <string>
#include <vector>

#include "support/property.h"
#include "text/char_class.h"
#include "text/pre_tokenizer.h"
#include "text/split_texts.h"

namespace rocmforge::text {
namespace {

using Ends = std::vector<std::uint32_t>;

const std::vector<std::string_view> kPatterns = {
    pattern::kGpt2,   pattern::kLlama3,     pattern::kQwen2,
    pattern::kQwen35, pattern::kSeedCoder,  pattern::kTekken,
    pattern::kGpt4o,  pattern::kEachNumber, pattern::kThreeNumbers};

Ends scan(std::string_view pattern, std::string_view text) {
  Ends ends;
  find_scanner(pattern)(text, 0, ends);
  return ends;
}

Ends match(std::string_view pattern, std::string_view text) {
  return PreTokenizer({.name = "one", .aliases = {}, .patterns = {pattern}},
                      PreTokenizer::Speed::kAsWritten)
      .split(text);
}

RC_GTEST_PROP(Scanner, CutsAsItsPatternDoes, (const std::vector<std::uint8_t>& bytes)) {
  const std::string text = test::split_text(bytes);
  for (const std::string_view pattern : kPatterns) {
    RC_ASSERT(find_scanner(pattern) != nullptr);
    if (!text.empty()) RC_ASSERT(scan(pattern, text) == match(pattern, text));
  }
}

// Short texts of few characters, all of them: every pair and triple of branches.
TEST(Scanner, CutsEveryShortTextAsItsPatternDoes) {
  const std::u32string alphabet = U" \n\t's1aA/!\u00e9\u0301";
  const std::size_t n = alphabet.size();
  for (const std::string_view pattern : kPatterns) {
    const Regex regex(pattern);
    Regex::Scratch scratch(16);
    for (std::size_t code = 0; code < n * n * n * n; ++code) {
      std::string text;
      for (std::size_t rest = code, i = 0; i < 4; ++i, rest /= n)
        test::put_utf8(text, alphabet[rest % n]);
      Ends ends;
      std::size_t done = 0;
      while (done < text.size()) {
        const auto found = regex.find(text, done, false, scratch);
        if (!found) break;
        if (found->begin > done) ends.push_back(static_cast<std::uint32_t>(found->begin));
        ends.push_back(static_cast<std::uint32_t>(found->end));
        done = found->end;
      }
      if (done < text.size()) ends.push_back(static_cast<std::uint32_t>(text.size()));
      ASSERT_EQ(scan(pattern, text), ends) << pattern << "\nof " << testing::PrintToString(text);
    }
  }
}

TEST(Scanner, NoneForAPatternThatIsNotPublished) {
  EXPECT_EQ(find_scanner("a+"), nullptr);
}

// Character by character: utf8proc's categories with what Unicode 15.1 added, and PCRE2's.
TEST(CharClasses, AreThoseOfTheWidenedPatterns) {
  if (std::string_view(utf8proc_unicode_version()) != "15.0.0")
    GTEST_SKIP() << "the libraries' own Unicode differs from 15.0";
  std::string all;
  for (char32_t code = 0; code < 0x110000; ++code)
    if (code < 0xd800 || code >= 0xe000) test::put_utf8(all, code);
  const std::vector<std::pair<const char*, std::uint8_t>> classes = {
      {"\\p{L}", kLetter},      {"\\p{M}", kMark},   {"\\p{N}", kNumber},
      {"\\p{P}", kPunctuation}, {"\\p{S}", kSymbol}, {"\\s", kSpace}};
  for (const auto& [pattern, bit] : classes) {
    const Regex regex(pattern);
    Regex::Scratch scratch(all.size());
    std::size_t next = 0;  // where the pattern matches next
    for (std::size_t pos = 0; pos < all.size(); pos += utf8_size(all[pos])) {
      if (next != std::string::npos && next < pos) next = pos;
      if (next == 0 || next == pos) {
        const auto found = regex.find(all, pos, false, scratch);
        next = found ? found->begin : std::string::npos;
      }
      ASSERT_EQ((CharClasses::get().at(all, pos) & bit) != 0, next == pos)
          << pattern << " U+" << std::hex << static_cast<std::uint32_t>(utf8_decode(all, pos));
    }
  }
}

}  // namespace
}  // namespace rocmforge::text
