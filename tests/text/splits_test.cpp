// What each pre-tokenizer makes of one text with something for every branch of every pattern. The
// stretches are those that llama.cpp of August 2026 cuts (its unicode_regex_split, run by hand).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "text/pre_tokenizer.h"

namespace rocmforge::text {
namespace {

const std::string kText =
    "I'VE we've 1234567\u00b2 XML\u00e9 \u00c9a  cafe\u0301s?!/\n\n \t x = (a+b);\r\n"
    "# \u4f60\u597d\uff0c\u4e16\u754c\uff01\uc548 \u041f\u0440\u0438 don\u2019T\u3000`$5.00`  ";

struct Expected {
  const char* name;
  const char* stretches;  // with | between
};

const std::vector<Expected> kExpected = {
    {"default",
     "I|'|VE| we|'|ve| |123|456|7\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301|s|?!/|\n\n \t| "
     "x| |=| |(|a|+|b|);|\r\n|#| \u4f60\u597d|\uff0c|\u4e16\u754c|\uff01|\uc548| \u041f"
     "\u0440\u0438| don|\u2019|T|\u3000|`|$|5|.|00|`|  "},
    {"gpt-2",
     "I|'|VE| we|'ve| 1234567\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301|s|?!/|\n\n \t| x| ="
     "| (|a|+|b|);|\r|\n|#| \u4f60\u597d|\uff0c|\u4e16\u754c|\uff01|\uc548| \u041f\u0440"
     "\u0438| don|\u2019|T|\u3000|`$|5|.|00|`|  "},
    {"llama-bpe",
     "I|'VE| we|'ve| |123|456|7\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301s|?!/\n\n| \t| x| "
     "=| (|a|+b|);\r\n|#| \u4f60\u597d|\uff0c\u4e16\u754c|\uff01\uc548| \u041f\u0440\u0438"
     "| don|\u2019T|\u3000|`$|5|.|00|`|  "},
    {"smaug-bpe",
     "I|'VE| we|'ve| |123|456|7\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301s|?!/\n\n| \t| x| "
     "=| (|a|+b|);\r\n|#| \u4f60\u597d|\uff0c\u4e16\u754c|\uff01\uc548| \u041f\u0440\u0438"
     "| don|\u2019T|\u3000|`$|5|.|00|`|  "},
    {"minicpm5",
     "I|'VE| we|'ve| |123|456|7\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301s|?!/\n\n| \t| x| "
     "=| (|a|+b|);\r\n|#| \u4f60\u597d|\uff0c\u4e16\u754c|\uff01\uc548| \u041f\u0440\u0438"
     "| don|\u2019T|\u3000|`$|5|.|00|`|  "},
    {"qwen2",
     "I|'VE| we|'ve| |1|2|3|4|5|6|7|\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301s|?!/\n\n| \t"
     "| x| =| (|a|+b|);\r\n|#| \u4f60\u597d|\uff0c\u4e16\u754c|\uff01\uc548| \u041f\u0440"
     "\u0438| don|\u2019T|\u3000|`$|5|.|0|0|`|  "},
    {"qwen35",
     "I|'VE| we|'ve| |1|2|3|4|5|6|7|\u00b2| XML\u00e9| \u00c9a| | cafe\u0301s|?!/\n\n| \t|"
     " x| =| (|a|+b|);\r\n|#| \u4f60\u597d|\uff0c\u4e16\u754c|\uff01\uc548| \u041f\u0440"
     "\u0438| don|\u2019T|\u3000|`$|5|.|0|0|`|  "},
    {"seed-coder",
     "I|'VE| we|'ve| |1|2|3|4|5|6|7|\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301s|?!/|\n\n| "
     "\t| x| =| (|a|+b|);|\r\n|#| \u4f60\u597d|\uff0c\u4e16\u754c|\uff01\uc548| \u041f"
     "\u0440\u0438| don|\u2019T|\u3000|`$|5|.|0|0|`|  "},
    {"tekken",
     "I|'VE| we|'ve| |1|2|3|4|5|6|7|\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301s|?!/\n\n| \t"
     "| x| =| (|a|+b|);\r\n|#| \u4f60\u597d|\uff0c\u4e16\u754c|\uff01\uc548| \u041f\u0440"
     "\u0438| don|\u2019T|\u3000|`$|5|.|0|0|`|  "},
    {"gpt-4o",
     "I'VE| we've| |123|456|7\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301s|?!/\n\n| \t| x| =|"
     " (|a|+b|);\r\n|#| \u4f60\u597d|\uff0c\u4e16\u754c|\uff01\uc548| \u041f\u0440\u0438| "
     "don|\u2019T|\u3000|`$|5|.|00|`|  "},
    {"starcoder",
     "I|'|VE| we|'ve| |1|2|3|4|5|6|7|\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301|s|?!/|\n\n "
     "\t| x| =| (|a|+|b|);|\r|\n|#| \u4f60\u597d|\uff0c|\u4e16\u754c|\uff01|\uc548| \u041f"
     "\u0440\u0438| don|\u2019|T|\u3000|`$|5|.|0|0|`|  "},
    {"falcon",
     "I|'|VE| we|'|ve| |123|456|7\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301|s|?!/|\n\n \t| "
     "x| |=| |(|a|+|b|);|\r\n|#| \u4f60\u597d|\uff0c|\u4e16\u754c|\uff01|\uc548| \u041f"
     "\u0440\u0438| don|\u2019|T|\u3000|`$|5|.|00|`|  "},
    {"deepseek-llm",
     "I|'|VE| we|'|ve| |1234567\u00b2| XML|\u00e9| \u00c9|a| | cafe|\u0301|s|?!/|\n|\n| \t"
     "| x| =| (|a|+|b|);|\r|\n|#| |\u4f60\u597d|\uff0c|\u4e16\u754c|\uff01|\uc548| \u041f"
     "\u0440\u0438| don|\u2019|T|\u3000`$|5|.|00|`|  "},
    {"deepseek-coder",
     "I|'|VE| we|'|ve| |1|2|3|4|5|6|7|\u00b2| XML\u00e9| \u00c9a| | cafe|\u0301|s|?!/|\n|"
     "\n| \t| x| =| (|a|+|b|);|\r|\n|#| |\u4f60\u597d|\uff0c|\u4e16\u754c|\uff01|\uc548| "
     "\u041f\u0440\u0438| don|\u2019|T|\u3000`$|5|.|0|0|`  "},
    {"deepseek-v3",
     "I|'VE| we|'ve| |123|456|7\u00b2| XML\u00e9| \u00c9a| | cafe\u0301s|?!/\n\n| \t| x| ="
     "| (|a|+b|);\r\n|#| |\u4f60\u597d|\uff0c|\u4e16\u754c|\uff01|\uc548| \u041f\u0440"
     "\u0438| don|\u2019|T|\u3000|`$|5|.|00|`|  "},
    {"bloom",
     "I'VE| we've| 1234567\u00b2| XML\u00e9| \u00c9a| | cafe\u0301s|?!|/|\n\n \t| x| =| (|"
     "a+b|)|;|\r\n|#| \u4f60\u597d|\uff0c|\u4e16\u754c\uff01\uc548| \u041f\u0440\u0438| do"
     "n\u2019T|\u3000|`$5|.|00`|  "},
    {"viking",
     "I'VE| we've| |1|2|3|4|5|6|7|\u00b2| XML\u00e9| \u00c9a| | cafe\u0301s|?!|/|\n\n \t| "
     "x| =| (|a+b|)|;|\r\n|#| \u4f60\u597d|\uff0c|\u4e16\u754c\uff01\uc548| \u041f\u0440"
     "\u0438| don\u2019T|\u3000|`$|5|.|0|0|`|  "},
};

TEST(Splits, AreThoseOfLlamaCpp) {
  ASSERT_EQ(kExpected.size(), pre_tokenizer_rows().size()) << "a row without an expectation";
  for (const Expected& e : kExpected) {
    const PreTokenizerRow* row = find_pre_tokenizer(e.name);
    ASSERT_NE(row, nullptr) << e.name;
    for (const auto speed : {PreTokenizer::Speed::kScanners, PreTokenizer::Speed::kAsWritten}) {
      std::string stretches;
      std::size_t begin = 0;
      for (const std::uint32_t end : PreTokenizer(*row, speed).split(kText)) {
        if (begin > 0) stretches += '|';
        stretches += kText.substr(begin, end - begin);
        begin = end;
      }
      EXPECT_EQ(stretches, e.stretches) << e.name;
    }
  }
}

}  // namespace
}  // namespace rocmforge::text
