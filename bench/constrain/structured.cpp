// What it costs to hold an answer to a schema: compiling it, and the mask of each step, as JSON.
//   bench_constrain [VOCABULARY.gguf]
// Without a file: a made-up vocabulary of 128,000 tokens. The answers are noise that the masks let
// through, of fixed seeds. Seconds of the processor, of one thread.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/counters.h"
#include "base/mapped_file.h"
#include "constrain/schema_cases.h"
#include "constrain/token_grammar.h"
#include "engine/read_vocab.h"
#include "gguf/reader.h"
#include "text/byte_alphabet.h"
#include "text/tokenizer.h"

namespace {

using namespace rocmforge;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Words of syllables, most behind a space; numbers, runs of white space, marks as code and JSON
// have them, words of two- and three-byte characters, and pieces of characters.
std::string made_up_piece(std::mt19937& random) {
  const auto one_of = [&](const std::vector<std::string>& of) { return of[random() % of.size()]; };
  const auto some = [&](const std::vector<std::string>& of, std::size_t most) {
    std::string out;
    for (std::size_t n = 1 + random() % most; n > 0; --n) out += one_of(of);
    return out;
  };
  static const std::vector<std::string> syllables = {
      "a",  "an", "be", "con", "de", "en", "er",  "est", "i",    "in", "ing", "ion", "la", "ly",
      "me", "o",  "or", "pre", "re", "s",  "str", "t",   "tion", "un", "ver", "th",  "qu", "x"};
  static const std::vector<std::string> marks = {
      "\"", "\":", "\",", "\"}", "{", "}", "[", "]", ",", ":", ".", "\\", "\\n", "(", ")", ";",
      "=",  "-",   "_",   "/",   "<", ">", "'", "!", "?", "*", "#", "@",  "%",   "&", "|", "\n"};
  const auto kind = random() % 100;
  const std::string space = random() % 100 < 55 ? " " : "";
  if (kind < 62) {
    std::string word = some(syllables, 5);
    if (random() % 4 == 0) word[0] = static_cast<char>(word[0] - 'a' + 'A');
    return space + word;
  }
  if (kind < 65) return std::to_string(random() % 1000);
  if (kind < 67) return std::string(1 + random() % 80, random() % 4 == 0 ? '\n' : ' ');
  if (kind < 78) return space + some(marks, 3) + (random() % 3 == 0 ? one_of(syllables) : "");
  std::string out = kind < 90 ? space : "";
  for (std::size_t n = 1 + random() % 5; n > 0; --n) {
    if (kind < 90) {
      out += {static_cast<char>(0xd0 + random() % 2), static_cast<char>(0x80 + random() % 64)};
    } else {
      out += {static_cast<char>(0xe4 + random() % 5), static_cast<char>(0x80 + random() % 64),
              static_cast<char>(0x80 + random() % 64)};
    }
  }
  if (random() % 50 == 0) out.pop_back();
  return out;
}

text::Vocab made_up() {
  constexpr std::size_t kTokens = 128'000;
  std::mt19937 random(1);
  std::set<std::string> pieces;
  text::Vocab vocab;
  vocab.model = "gpt2";
  vocab.pre = "llama-bpe";
  vocab.source = "made up";
  const auto add = [&](const std::string& piece) {
    if (!pieces.insert(piece).second) return;
    std::string token;
    for (const char c : piece) token += text::byte_to_letter(static_cast<unsigned char>(c));
    vocab.tokens.push_back(token);
  };
  for (int byte = 0; byte < 256; ++byte) add(std::string(1, static_cast<char>(byte)));
  while (pieces.size() < kTokens) add(made_up_piece(random));
  vocab.types.assign(vocab.tokens.size(), text::TokenType::kNormal);
  vocab.tokens.emplace_back("<|end|>");
  vocab.types.push_back(text::TokenType::kControl);
  vocab.eos = static_cast<text::TokenId>(kTokens);
  return vocab;
}

// Microseconds.
struct Times {
  std::vector<double> all;
  void add(double seconds) { all.push_back(seconds * 1e6); }
  double at(double part) {
    if (all.empty()) return 0;
    std::sort(all.begin(), all.end());
    return all[static_cast<std::size_t>(part * static_cast<double>(all.size() - 1))];
  }
  double mean() const {
    double sum = 0;
    for (const double t : all) sum += t;
    return all.empty() ? 0 : sum / static_cast<double>(all.size());
  }
  void print(const char* name, const char* end) {
    std::printf(
        "    \"%s\": {\"n\": %zu, \"mean\": %.1f, \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}%s\n",
        name, all.size(), mean(), at(0.5), at(0.99), at(1), end);
  }
};

struct Bench {
  std::unique_ptr<text::Tokenizer> tokenizer;
  std::shared_ptr<const constrain::TokenTable> table;
  std::vector<std::uint32_t> mask;
  // Compiling; a step whose mask was not there, and one whose mask was; all of answers whose
  // grammar is new, and of later ones.
  Times compile, fresh, kept, first_answer, later;
  std::size_t most_kept_bytes = 0;
  double worst_seconds = 0;
  std::string worst;

  text::TokenId choose(std::mt19937& random, std::size_t length) const {
    std::vector<text::TokenId> all, closing;
    for (text::TokenId t = 0; t < tokenizer->size(); ++t) {
      if ((mask[static_cast<std::size_t>(t) / 32] >> (t % 32) & 1) == 0) continue;
      all.push_back(t);
      const std::string_view piece = tokenizer->piece_view(t, false);
      if (tokenizer->is_end_of_generation(t) || piece == "\"" || piece == "]" || piece == "}") {
        closing.push_back(t);
      }
    }
    const bool close = !closing.empty() && random() % 100 < 5 + length;
    const auto& from = close ? closing : all;
    return from.empty() ? text::kNoToken : from[random() % from.size()];
  }

  void answer(const std::shared_ptr<const constrain::TokenGrammar>& grammar, unsigned seed,
              Times& all, std::string_view name) {
    std::mt19937 random(seed);
    constrain::Matcher matcher(grammar, false);
    double accepted = 0;
    for (std::size_t i = 0; i < 200; ++i) {
      const std::size_t before = grammar->kept_bytes();
      const double start = cpu_seconds();
      matcher.mask(mask);
      const double seconds = cpu_seconds() - start + accepted;
      (grammar->kept_bytes() != before ? fresh : kept).add(seconds);
      all.add(seconds);
      if (seconds > worst_seconds) {
        worst_seconds = seconds;
        worst = name;
      }
      const text::TokenId token = choose(random, i / 2);
      if (token == text::kNoToken || tokenizer->is_end_of_generation(token)) break;
      const double accept = cpu_seconds();
      matcher.accept(token);
      accepted = cpu_seconds() - accept;
    }
    most_kept_bytes = std::max(most_kept_bytes, grammar->kept_bytes());
  }

  void schema(std::string_view text) {
    const double start = cpu_seconds();
    const auto grammar =
        std::make_shared<const constrain::TokenGrammar>(constrain::grammar_of_schema(text), table);
    compile.add(cpu_seconds() - start);
    for (unsigned seed = 0; seed < 8; ++seed)
      answer(grammar, seed, seed == 0 ? first_answer : later, text);
  }
};

}  // namespace

int main(int argc, char** argv) {
  Bench bench;
  std::string name = "made up";
  if (argc > 1) {
    name = argv[1];
    name = name.substr(name.rfind('/') + 1);
    const MappedFile file(argv[1]);
    Counters counters;
    bench.tokenizer =
        text::make_tokenizer(engine::read_vocab(gguf::parse(file.bytes(), argv[1], counters)));
  } else {
    bench.tokenizer = text::make_tokenizer(made_up());
  }
  const double start = cpu_seconds();
  bench.table =
      std::make_shared<const constrain::TokenTable>(*bench.tokenizer, bench.tokenizer->size());
  const double table = cpu_seconds() - start;
  bench.mask.resize(bench.table->mask_words());
  for (const std::string_view schema : test::schema_cases()) bench.schema(schema);
  std::printf(
      "{\n  \"vocabulary\": {\"name\": \"%s\", \"tokens\": %d, \"once_for_a_model_ms\": %.1f},\n",
      name.c_str(), bench.tokenizer->size(), 1e3 * table);
  std::printf("  \"schemas\": %zu,\n  \"microseconds\": {\n", test::schema_cases().size());
  bench.compile.print("compile", ",");
  bench.fresh.print("step, mask not kept", ",");
  bench.kept.print("step, mask kept", ",");
  bench.first_answer.print("step of a grammar's first answer", ",");
  bench.later.print("step of its later answers", "");
  std::printf("  },\n  \"most_kept_MiB\": %.1f\n}\n",
              static_cast<double>(bench.most_kept_bytes) / 1048576);
  std::fprintf(stderr, "slowest step: %.0f us, of %s\n", 1e6 * bench.worst_seconds,
               bench.worst.c_str());
  return 0;
}
