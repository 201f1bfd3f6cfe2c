// Vocabularies that are missing, that contradict themselves, or that the model has no rows for.
#include <limits>

#include "gguf/reader.h"
#include "hostile/cases.h"

namespace rocmforge::test {
namespace {

const std::string kModel = "tokenizer.ggml.model", kTokens = "tokenizer.ggml.tokens",
                  kScores = "tokenizer.ggml.scores", kTypes = "tokenizer.ggml.token_type",
                  kMerges = "tokenizer.ggml.merges", kPre = "tokenizer.ggml.pre";

std::vector<std::string> tokens() {
  Counters ignored;
  const Bytes bytes = valid_bytes();
  const auto views = *gguf::parse(bytes, "valid", ignored).get_strings(kTokens);
  return {views.begin(), views.end()};
}

// With tokens, scores and types for `n` tokens more or fewer.
std::function<Bytes()> with_tokens(std::ptrdiff_t more) {
  return [=] {
    const auto add = [=](gguf::Writer& w) {
      std::vector<std::string> all = tokens();
      const auto n = static_cast<std::size_t>(std::ssize(all) + more);
      while (all.size() < n) all.push_back("extra" + std::to_string(all.size()));
      all.resize(n);
      w.add_strings(kTokens, all);
      w.add_f32s(kScores, std::vector<float>(n, 0));
      std::vector<std::int32_t> types(n, 1);
      types[0] = 2;
      for (std::size_t i = 3; i < 259 && i < n; ++i) types[i] = 6;
      w.add_i32s(kTypes, types);
    };
    return changed({kTokens, kScores, kTypes}, add)();
  };
}

std::function<Bytes()> with_token(std::size_t id, const std::string& token) {
  return [=] {
    std::vector<std::string> all = tokens();
    all[id] = token;
    return changed({kTokens}, [=](gguf::Writer& w) { w.add_strings(kTokens, all); })();
  };
}

std::function<Bytes()> with_scores(std::size_t n, float value) {
  return changed({kScores},
                 [=](gguf::Writer& w) { w.add_f32s(kScores, std::vector<float>(n, value)); });
}

std::function<Bytes()> with_types(std::size_t n, std::int32_t value) {
  return changed({kTypes},
                 [=](gguf::Writer& w) { w.add_i32s(kTypes, std::vector<std::int32_t>(n, value)); });
}

std::function<Bytes()> with_id(const char* name, std::uint32_t id) {
  return with_u32(std::string("tokenizer.ggml.") + name, id);
}

// Byte-level BPE.
std::function<Bytes()> bpe(const std::string& pre, const std::vector<std::string>& merges) {
  return changed({kModel}, [=](gguf::Writer& w) {
    w.add_string(kModel, "gpt2");
    w.add_string(kPre, pre);
    w.add_strings(kMerges, merges);
  });
}

constexpr std::size_t kAll = static_cast<std::size_t>(kTinyVocab);

}  // namespace

Cases vocabulary_cases() {
  return {
      {"kind_missing", changed({kModel}),
       "[engine] @: tokenizer.ggml.model: missing; the file has no whole vocabulary"},
      {"kind_unknown", with_string(kModel, "unigram9"),
       "[text] @: tokenizer.ggml.model: \"unigram9\" is not supported; known: gpt2, llama"},
      {"kind_of_100000_letters", with_string(kModel, std::string(100'000, 'u')),
       "[text] @: tokenizer.ggml.model: \"uuuuuuuuuuuuuuuuuuuu~uuuuu\" is not supported; known: "
       "gpt2, llama"},
      {"kind_of_type_u32", with_u32(kModel, 1),
       "[gguf] @: tokenizer.ggml.model: is of type u32, a string is wanted"},
      {"none", with_string(kModel, "none"),
       "[engine] @: tokenizer.ggml.model: is \"none\"; without a vocabulary there is no text: "
       "lay a tokenizer.json beside the file, or give one (--tokenizer)"},
      {"tokens_missing", changed({kTokens}),
       "[engine] @: tokenizer.ggml.tokens: missing; the file has no whole vocabulary"},
      {"tokens_of_type_u32", with_u32(kTokens, 290),
       "[gguf] @: tokenizer.ggml.tokens: is of type u32, an array of strings is wanted"},
      {"tokens_of_numbers",
       changed({kTokens}, [](auto& w) { w.add_i32s(kTokens, std::vector<std::int32_t>(290, 1)); }),
       "[gguf] @: tokenizer.ggml.tokens: is of type array of i32, an array of strings is wanted"},
      {"tokens_empty", changed({kTokens}, [](auto& w) { w.add_strings(kTokens, {}); }),
       "[text] @: tokenizer.ggml.tokens: there are none"},
      {"tokens_more_than_rows", with_tokens(1),
       "[model] @: tokenizer.ggml.tokens: has 291 tokens, but token_embd.weight only 290 rows"},
      {"tokens_twice", with_token(289, "a"),
       "[text] @: tokenizer.ggml.tokens: tokens 260 and 289 are both \"a\""},
      {"byte_token_of_no_byte", with_token(258, "<0xZZ>"),
       "[text] @: tokenizer.ggml.tokens: token 258 \"<0xZZ>\" is of type byte, but not named "
       "<0x00> to <0xFF>"},
      {"scores_missing", changed({kScores}),
       "[text] @: tokenizer.ggml.scores: has 0 entries for 290 tokens"},
      {"scores_too_few", with_scores(kAll - 1, 0),
       "[text] @: tokenizer.ggml.scores: has 289 entries for 290 tokens"},
      {"scores_too_many", with_scores(kAll + 1, 0),
       "[text] @: tokenizer.ggml.scores: has 291 entries for 290 tokens"},
      {"scores_nan", with_scores(kAll, std::numeric_limits<float>::quiet_NaN()),
       "[text] @: tokenizer.ggml.scores: entry 0 is not a number"},
      {"scores_of_strings",
       changed({kScores},
               [](auto& w) { w.add_strings(kScores, std::vector<std::string>(kAll, "0")); }),
       "[gguf] @: tokenizer.ggml.scores: is of type array of string, an array of f32 or f64 is "
       "wanted"},
      {"types_too_few", with_types(1, 1),
       "[text] @: tokenizer.ggml.token_type: has 1 entries for 290 tokens"},
      {"types_of_99", with_types(kAll, 99),
       "[text] @: tokenizer.ggml.token_type: entry 0 is 99, which is no type"},
      {"bos_out_of_range", with_id("bos_token_id", 290),
       "[text] @: tokenizer.ggml.bos_token_id: 290 is not an id of the 290 tokens"},
      {"eos_huge", with_id("eos_token_id", 0xfffffffe),
       "[engine] @: tokenizer.ggml.eos_token_id: 4294967294 is no id"},
      {"eos_of_type_string", with_string("tokenizer.ggml.eos_token_id", "2"),
       "[gguf] @: tokenizer.ggml.eos_token_id: is of type string, a non-negative integer is "
       "wanted"},
      {"unknown_out_of_range", with_id("unknown_token_id", 1 << 20),
       "[text] @: tokenizer.ggml.unknown_token_id: 1048576 is not an id of the 290 tokens"},
      {"bos_to_add_that_is_not_there",
       changed({"tokenizer.ggml.bos_token_id", kModel},
               [](gguf::Writer& w) {
                 w.add_string(kModel, "gpt2");
                 w.add_string(kPre, "gpt-2");
                 w.add_strings(kMerges, {"h e"});
                 w.add_bool("tokenizer.ggml.add_bos_token", true);
               }),
       "[text] @: tokenizer.ggml.add_bos_token: is set, but there is no bos_token_id"},
      {"merge_without_space", bpe("gpt-2", {"he"}),
       "[text] @: tokenizer.ggml.merges: entry 0 \"he\": not two tokens separated by a space"},
      {"merge_empty", bpe("gpt-2", {"h e", ""}),
       "[text] @: tokenizer.ggml.merges: entry 1 \"\": not two tokens separated by a space"},
      {"merge_of_no_token", bpe("gpt-2", {"zz y"}),
       "[text] @: tokenizer.ggml.merges: entry 0 \"zz y\": \"zz\" is not a token"},
      {"merge_that_makes_no_token", bpe("gpt-2", {"z y"}),
       "[text] @: tokenizer.ggml.merges: entry 0 \"z y\": \"zy\" is not a token"},
      {"merge_of_100000_letters", bpe("gpt-2", {std::string(100'000, 'm')}),
       "[text] @: tokenizer.ggml.merges: entry 0 \"mmmmmmmmmmmmmmmmmmmm~mmmmm\": not two tokens "
       "separated by a space"},
      {"merges_of_numbers",
       changed({kModel},
               [](gguf::Writer& w) {
                 w.add_string(kModel, "gpt2");
                 w.add_string(kPre, "gpt-2");
                 w.add_i32s(kMerges, {1, 2});
               }),
       "[gguf] @: tokenizer.ggml.merges: is of type array of i32, an array of strings is wanted"},
      {"splits_unknown", bpe("martian", {"h e"}),
       "[text] @: tokenizer.ggml.pre: pre-tokenizer \"martian\" is not supported; known: ~"},
      {"splits_of_100000_letters", bpe(std::string(100'000, 'p'), {"h e"}),
       "[text] @: tokenizer.ggml.pre: pre-tokenizer \"pppppppppppppppppppppppppppppppppp~"},
  };
}

}  // namespace rocmforge::test
