// Seconds of the processor for 10 MB of one thing, by pre-tokenizer, as lines of a table: encoded,
// and decoded again.
#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "text/pre_tokenizer.h"
#include "text/small_vocabs.h"
#include "text/tokenizer.h"

namespace {

using namespace rocmforge;

constexpr std::size_t kBytes = 10'000'000;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Words, numbers, marks and line ends, of a fixed seed.
std::string mixed() {
  const std::vector<std::string> parts = {
      "the",           " of", " a",   "\n",   ", ",    "12", " (x)", "\u00e9t\u00e9",
      " \u4f60\u597d", "'s",  "    ", "Word", ".\n\n", "_",  "7"};
  std::mt19937 random(1);
  std::string text;
  while (text.size() < kBytes) text += parts[random() % parts.size()];
  return text;
}

// Tokens for runs of each letter of 2, 4, 8 and 16, of either spelling of a space.
std::vector<std::string> runs(bool pieces) {
  std::vector<std::string> out;
  for (const std::string letter :
       {"a", "7", pieces ? "\u2581" : "\u0120", pieces ? "\n" : "\u010a"}) {
    if (pieces) out.push_back(letter);
    for (std::string run = letter; run.size() < 16 * letter.size(); run += run)
      out.push_back(pieces ? run + run : run + " " + run);
  }
  return out;
}

void print_row(const char* name, const text::Tokenizer& tokenizer,
               const std::vector<std::string>& texts) {
  std::printf("| `%s` |", name);
  for (const std::string& text : texts) {
    const double start = cpu_seconds();
    const auto ids = tokenizer.encode(text, {.add_special = false});
    const double encoded = cpu_seconds();
    const std::string back = tokenizer.decode(ids, false);
    if (back != text) std::printf(" WRONG");
    std::printf(" %.2f, %.2f |", encoded - start, cpu_seconds() - encoded);
  }
  std::printf("\n");
}

}  // namespace

int main() {
  const std::vector<std::string> texts = {std::string(kBytes, 'a'), std::string(kBytes, ' '),
                                          std::string(kBytes, '7'), std::string(kBytes, '\n'),
                                          mixed()};
  std::printf(
      "| | a letter | a space | a digit | a newline | mixed |\n|---|---|---|---|---|---|\n");
  for (const text::PreTokenizerRow& row : text::pre_tokenizer_rows()) {
    const std::string name(row.name);
    print_row(name.c_str(), *text::make_tokenizer(test::bpe_vocab(name, runs(false))), texts);
  }
  print_row("llama", *text::make_tokenizer(test::spm_vocab(runs(true))), texts);
  return 0;
}
