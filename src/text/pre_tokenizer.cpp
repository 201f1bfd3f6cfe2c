#include "text/pre_tokenizer.h"

#include <algorithm>

namespace rocmforge::text {
namespace {

// The published patterns of the models' tokenizers, in the spelling that llama.cpp gives them:
// contractions of llama3 and qwen2 are ASCII in both cases.
constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3 =
    R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2 =
    R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// U+0800 to U+9FA5 and the Hangul syllables, less white space, which llama.cpp keeps out of it.
constexpr std::string_view kDeepseekHan =
    R"([\x{800}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e})"
    R"(\x{2060}-\x{2fff}\x{3001}-\x{9fa5}\x{ac00}-\x{d7ff}]+)";
constexpr std::string_view kDigit = R"(\p{N})";

const std::vector<PreTokenizerRow>& table() {
  static const std::vector<PreTokenizerRow> rows = {
      {.name = "default",
       .aliases = {},
       .patterns = {R"([\p{P}$+<=>^~|]+)", kGpt2, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
      {.name = "gpt-2",
       .aliases = {"phi-2", "olmo", "mpt", "jais", "trillion", "granite-docling", "exaone4",
                   "gigachat", "mellum", "a.x-4.0"},
       .patterns = {kGpt2}},
      {.name = "llama-bpe",
       .aliases = {"llama-v3", "llama3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"},
       .patterns = {kLlama3},
       .ignore_merges = true,
       .add_bos = true},
      {.name = "dbrx", .aliases = {"smaug-bpe"}, .patterns = {kLlama3}},
      {.name = "smollm",
       .aliases = {"starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b",
                   "mellum2"},
       .patterns = {kDigit, kGpt2}},
      {.name = "qwen2",
       .aliases = {"deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan",
                   "grok-2", "solar-open"},
       .patterns = {kQwen2}},
      {.name = "deepseek-coder",
       .aliases = {},
       .patterns = {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", kDeepseekHan, kDigit}},
  };
  return rows;
}

// Cuts each stretch of `ends` at the matches of `pattern`.
std::vector<std::uint32_t> cut(std::string_view text, const std::vector<std::uint32_t>& ends,
                               const Regex& pattern, Regex::Scratch& scratch) {
  std::vector<std::uint32_t> out;
  out.reserve(ends.size());
  std::size_t base = 0;
  for (const std::uint32_t end : ends) {
    const std::string_view stretch = text.substr(base, end - base);
    std::size_t done = 0, from = 0;  // cut up to here; searched up to here
    bool allow_empty = true;
    while (from < stretch.size()) {
      const auto match = pattern.find(stretch, from, allow_empty, scratch);
      if (!match) break;
      if (match->begin > done) out.push_back(static_cast<std::uint32_t>(base + match->begin));
      if (match->end > match->begin) out.push_back(static_cast<std::uint32_t>(base + match->end));
      done = from = match->end;
      allow_empty = match->end > match->begin;
    }
    if (done < stretch.size()) out.push_back(end);
    base = end;
  }
  return out;
}

}  // namespace

const PreTokenizerRow* find_pre_tokenizer(std::string_view name) {
  for (const PreTokenizerRow& row : table())
    if (row.name == name ||
        std::find(row.aliases.begin(), row.aliases.end(), name) != row.aliases.end())
      return &row;
  return nullptr;
}

std::string known_pre_tokenizers() {
  std::vector<std::string_view> names;
  for (const PreTokenizerRow& row : table()) {
    names.push_back(row.name);
    names.insert(names.end(), row.aliases.begin(), row.aliases.end());
  }
  std::sort(names.begin(), names.end());
  std::string list;
  for (const std::string_view name : names) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list;
}

PreTokenizer::PreTokenizer(const PreTokenizerRow& row) {
  for (const std::string_view pattern : row.patterns) patterns_.emplace_back(pattern);
}

std::vector<std::uint32_t> PreTokenizer::split(std::string_view text) const {
  if (text.empty()) return {};
  Regex::Scratch scratch(text.size());
  std::vector<std::uint32_t> ends = {static_cast<std::uint32_t>(text.size())};
  for (const Regex& pattern : patterns_) ends = cut(text, ends, pattern, scratch);
  return ends;
}

}  // namespace rocmforge::text
