// Patterns that a file brings: they cut as the same ones of the table do, and none takes long.
#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/pre_tokenizer.h"

namespace rocmforge::text {
namespace {

constexpr std::size_t kBytes = 1'000'000;
constexpr double kSeconds = 2;

using Patterns = std::vector<std::string>;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::string repeat(const std::string& unit, std::size_t n_bytes) {
  std::string text;
  while (text.size() + unit.size() <= n_bytes) text += unit;
  return text;
}

void expect_given_up(const std::string& pattern, const std::string& text) {
  const PreTokenizer own(Patterns{pattern});
  const double start = cpu_seconds();
  try {
    own.split(text);
    ADD_FAILURE() << pattern << " went through";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    const std::string limit = pattern.find("?R") != std::string::npos ? "JIT stack limit reached"
                                                                      : "match limit exceeded";
    EXPECT_EQ(std::string(e.what()), "[text] the pre-tokenizer gave up on a stretch of " +
                                         std::to_string(text.size()) + " bytes: " + limit +
                                         " (pattern " + pattern + ")");
  }
  EXPECT_LT(cpu_seconds() - start, kSeconds) << pattern;
}

TEST(OwnPattern, NoneTakesLong) {
  const std::string text = std::string(kBytes, 'a') + "!";
  for (const char* pattern :
       {"(a+)+$", "(a+)+b", "(a|aa)+$", "a*a*[bc]", "a*a*a*[bc]", "a+[bc]", "a++[bc]", "(?>a+)[bc]",
        "(a*)*b", "(?=a+[bc])a", "a(?!a*!)", "(?:a?){30}b|(?:a?a?)*b", "(a)(?R)?[bc]", ".*?.*?b"})
    expect_given_up(pattern, text);
}

// One place after another takes a while, each match within its own limits.
TEST(OwnPattern, ManyMatchesTogetherTakeNotLongEither) {
  expect_given_up("a+b|a", std::string(kBytes, 'a'));
  expect_given_up("a(?=(a|aa){1,24}b)?", repeat(std::string(40, 'a') + "-", kBytes));
}

TEST(OwnPattern, ThoseOfTheTableCutAlike) {
  for (const PreTokenizerRow& row : pre_tokenizer_rows()) {
    SCOPED_TRACE(row.name);
    const PreTokenizer own(Patterns{row.patterns.begin(), row.patterns.end()},
                           PreTokenizer::Speed::kAsWritten);
    const PreTokenizer known(row);
    for (const std::string unit :
         {"a", " ", "7", "\n", "!", "a ", "a!", "'s", "\u4f60", "\u0928\u092e\u0938\u094d", "Ab1 ",
          "\u00e9x  \n\n", "I'm 12345 (ok) -- x_y\r\n\t", "\U0001F468\u200d"})
      for (const std::size_t n : {std::size_t{40}, std::size_t{100'000}}) {
        const std::string text = repeat(unit, n);
        EXPECT_EQ(own.split(text), known.split(text)) << unit;
      }
  }
}

TEST(OwnPattern, ALongOneIsShownInPart) {
  try {
    PreTokenizer(Patterns{std::string(300, 'a') + "("});
    FAIL();
  } catch (const Error& e) {
    EXPECT_LT(std::string(e.what()).size(), 400u) << e.what();
  }
}

}  // namespace
}  // namespace rocmforge::text
