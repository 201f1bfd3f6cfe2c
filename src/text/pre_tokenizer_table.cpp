// Which pre-tokenizer cuts how. The patterns are those of the models' own tokenizer.json, in the
// spelling that llama.cpp gives them (src/llama-vocab.cpp, src/unicode.cpp), names and aliases too.
#include <algorithm>

#include "text/pre_tokenizer.h"
#include "text/scanner.h"

namespace rocmforge::text {
namespace {

// Code points without white space, which llama.cpp keeps out of a written-out range. First: U+0800
// to U+9FA5 and the Hangul syllables, which DeepSeek LLM and Coder take for Han.
constexpr std::string_view kDeepseekHan =
    R"([\x{800}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e})"
    R"(\x{2060}-\x{2fff}\x{3001}-\x{9fa5}\x{ac00}-\x{d7ff}]+)";
// Letters that have a case, as an older Unicode knew them.
constexpr std::string_view kDeepseekLlmWord =
    R"(\s?[A-Za-z\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293})"
    R"(\x{295}-\x{2af}\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386}\x{388}-\x{38a})"
    R"(\x{38c}\x{38e}-\x{3a1}\x{3a3}-\x{3f5}\x{3f7}-\x{481}\x{48a}-\x{52f}\x{531}-\x{556})"
    R"(\x{10a0}-\x{10c5}\x{13a0}-\x{13f5}\x{13f8}-\x{13fd}\x{1c90}-\x{1cba}\x{1cbd}-\x{1cbf})"
    R"(\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77}\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d})"
    R"(\x{1f20}-\x{1f45}\x{1f48}-\x{1f4d}\x{1f50}-\x{1f57}\x{1f59}\x{1f5b}\x{1f5d})"
    R"(\x{1f5f}-\x{1f7d}\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{1fbe}\x{1fc2}-\x{1fc4})"
    R"(\x{1fc6}-\x{1fcc}\x{1fd0}-\x{1fd3}\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec}\x{1ff2}-\x{1ff4})"
    R"(\x{1ff6}-\x{1ffc}\x{2102}\x{2107}\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}\x{2124}\x{2126})"
    R"(\x{2128}\x{212a}-\x{212d}\x{212f}-\x{2134}\x{2139}\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e})"
    R"(\x{2183}\x{2184}\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4}\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3})"
    R"(\x{a640}-\x{a66d}\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787}\x{a78b}-\x{a78e})"
    R"(\x{ab70}-\x{abbf}\x{fb00}-\x{fb06}\x{fb13}-\x{fb17}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a})"
    R"(\x{10400}-\x{1044f}\x{104b0}-\x{104d3}\x{104d8}-\x{104fb}\x{10c80}-\x{10cb2})"
    R"(\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df}\x{1e900}-\x{1e943}]+)";
constexpr std::string_view kDeepseekLlmPunctuation =
    R"(\s?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3001}\x{3002}]+)";
// Published as \s+$, which tries every character of a run; this begins where a run does.
constexpr std::string_view kTrailingSpace = R"((?<!\s)\s++$)";
constexpr std::string_view kDeepseek3Han =
    R"([\x{4e00}-\x{9fa5}\x{3040}-\x{309f}\x{30a0}-\x{30ff}]+)";
constexpr std::string_view kDeepseek3 =
    R"([!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
// Words up to a space or one of ( | . , ! ? ... and the stops of Chinese, Hindi, Urdu, Arabic.
constexpr std::string_view kBloom =
    R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{ff0c}\x{3001}\x{964}\x{6d4}\x{60c})]+)";

std::vector<PreTokenizerRow> make_rows() {
  return {
      {.name = "default",
       .aliases = {},
       .patterns = {R"([\p{P}$+<=>^~|]+)", pattern::kGpt2, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
      {.name = "gpt-2",
       .aliases = {"a.x-4.0", "exaone4", "gigachat", "granite-docling", "jais", "mellum", "mpt",
                   "olmo", "phi-2", "trillion"},
       .patterns = {pattern::kGpt2}},
      {.name = "llama-bpe",
       .aliases = {"falcon-h1", "falcon3", "lfm2", "llama-v3", "llama3", "midm-2.0", "pixtral"},
       .patterns = {pattern::kLlama3},
       .ignore_merges = true,
       .add_bos = true},
      {.name = "smaug-bpe",
       .aliases = {"chatglm-bpe", "dbrx", "glm4"},
       .patterns = {pattern::kLlama3}},
      {.name = "minicpm5",
       .aliases = {},
       .patterns = {pattern::kThreeNumbers, pattern::kLlama3},
       .ignore_merges = true},
      {.name = "qwen2",
       .aliases = {"bailingmoe", "bailingmoe2", "deepseek-r1-qwen", "f2llmv2", "grok-2", "hunyuan",
                   "kormo", "llada-moe", "megrez", "solar-open", "stablelm2"},
       .patterns = {pattern::kQwen2}},
      {.name = "qwen35", .aliases = {}, .patterns = {pattern::kQwen35}},
      {.name = "seed-coder", .aliases = {}, .patterns = {pattern::kSeedCoder}},
      {.name = "tekken",
       .aliases = {},
       .patterns = {pattern::kTekken},
       .ignore_merges = true,
       .add_bos = true},
      {.name = "gpt-4o",
       .aliases = {"kanana2", "llama4", "minimax-m2", "talkie"},
       .patterns = {pattern::kGpt4o}},
      {.name = "starcoder",
       .aliases = {"codeshell", "command-r", "exaone", "mellum2", "minerva-7b", "refact", "smollm"},
       .patterns = {pattern::kEachNumber, pattern::kGpt2}},
      {.name = "falcon",
       .aliases = {},
       .patterns = {R"([\p{P}$+<=>^~|`]+)", pattern::kGpt2, "[0-9][0-9][0-9]"}},
      {.name = "deepseek-llm",
       .aliases = {},
       .patterns = {R"([\r\n])", kDeepseekLlmWord, kDeepseekLlmPunctuation, kTrailingSpace,
                    kDeepseekHan, R"(\p{N}+)"}},
      {.name = "deepseek-coder",
       .aliases = {},
       .patterns = {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", kDeepseekHan,
                    pattern::kEachNumber}},
      {.name = "deepseek-v3",
       .aliases = {"hunyuan-dense", "joyai-llm"},
       .patterns = {pattern::kThreeNumbers, kDeepseek3Han, kDeepseek3}},
      {.name = "bloom", .aliases = {"gpt3-finnish", "poro-chat"}, .patterns = {kBloom}},
      {.name = "viking", .aliases = {}, .patterns = {kBloom, pattern::kEachNumber}},
  };
}

}  // namespace

const std::vector<PreTokenizerRow>& pre_tokenizer_rows() {
  static const std::vector<PreTokenizerRow> rows = make_rows();
  return rows;
}

const PreTokenizerRow* find_pre_tokenizer(std::string_view name) {
  for (const PreTokenizerRow& row : pre_tokenizer_rows())
    if (row.name == name ||
        std::find(row.aliases.begin(), row.aliases.end(), name) != row.aliases.end())
      return &row;
  return nullptr;
}

std::string known_pre_tokenizers() {
  std::vector<std::string_view> names;
  for (const PreTokenizerRow& row : pre_tokenizer_rows()) names.push_back(row.name);
  std::sort(names.begin(), names.end());
  std::string list;
  for (const std::string_view name : names) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list;
}

}  // namespace rocmforge::text
