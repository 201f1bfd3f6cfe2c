// Any bytes as a text, as they are where they are UTF-8 and as the characters that splits turn on:
// the scanners cut as PCRE2 does, and every pre-tokenizer covers the text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "text/pre_tokenizer.h"
#include "text/split_texts.h"
#include "text/utf8.h"

namespace {

using namespace rocmforge::text;

struct Pair {
  PreTokenizer scanner, pattern;
};

const std::vector<Pair>& all() {
  static const std::vector<Pair> pairs = [] {
    std::vector<Pair> out;
    for (const PreTokenizerRow& row : pre_tokenizer_rows())
      out.push_back({PreTokenizer(row), PreTokenizer(row, PreTokenizer::Speed::kAsWritten)});
    return out;
  }();
  return pairs;
}

void compare(const std::string& text) {
  for (const Pair& pair : all()) {
    const std::vector<std::uint32_t> ends = pair.scanner.split(text);
    rocmforge::check(ends == pair.pattern.split(text), "scanner and pattern cut alike");
    std::uint32_t done = 0;
    for (const std::uint32_t end : ends) {
      rocmforge::check(end > done, "no stretch is empty");
      done = end;
    }
    rocmforge::check(done == text.size(), "the stretches cover the text");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (find_invalid_utf8(text) == std::string::npos) compare(text);
  compare(rocmforge::test::split_text({data, size}));
  return 0;
}
