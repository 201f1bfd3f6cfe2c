#include "text/tokenizer_json_splits.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "text/pre_tokenizer.h"
#include "text/scanner.h"

namespace rocmforge::text {
namespace {

constexpr std::string_view kSpaceMark = "\u2581";

// Spellings that published files have of patterns with a name here; the models' GGUF files have the
// named one's ids.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kSpellings = {{
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))", pattern::kGpt2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     pattern::kLlama3},
    {R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     pattern::kLlama3},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     pattern::kQwen2},
    {R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     pattern::kQwen2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     pattern::kQwen35},
    {"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\r\n]+"
     "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
     pattern::kSeedCoder},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     pattern::kTekken},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     pattern::kGpt4o},

    {R"(\p{N})", pattern::kEachNumber},
}};

// What PCRE2 would read otherwise than the library that the file was made for.
void check_dialect(const JsonNode& node, std::string_view pattern) {
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
      if (i < pattern.size() && (pattern[i] == 'h' || pattern[i] == 'H'))
        node.unsupported("\\h in a pattern");
      if (i < pattern.size() && pattern[i] == 'C') node.unsupported("\\C in a pattern");
    } else if (!in_class && (pattern[i] == '^' || pattern[i] == '$')) {
      node.unsupported(std::string(1, pattern[i]) + " in a pattern");
    } else if (in_class && (pattern[i] == '[' || pattern.substr(i).starts_with("&&"))) {
      node.unsupported("a class within a class");
    } else if (pattern[i] == '[') {
      in_class = true;
    } else if (pattern[i] == ']') {
      in_class = false;
    }
  }
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view(R"(\^$.[]|()?*+{}-#&~)").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string split_pattern(const JsonNode& split) {
  const std::string behavior = split.at("behavior").string();
  if (behavior != "Isolated" && behavior != "isolated")
    split.at("behavior").unsupported("\"" + behavior + "\"");
  const JsonNode pattern = split.at("pattern");
  if (pattern.at("Regex").is_null()) {
    const std::string text = pattern.at("String").string();
    if (text.empty()) pattern.malformed("is empty");
    return escaped(text);
  }
  const std::string text = pattern.at("Regex").string();
  if (text.empty()) pattern.malformed("is empty");
  for (const auto& [spelling, name] : kSpellings)
    if (text == spelling) return std::string(name);
  check_dialect(pattern.at("Regex"), text);
  return text;
}

// What PCRE2 takes long to read, and what would go through the text too many times.
constexpr std::size_t kMaxPattern = 16384, kMaxPatterns = 64;

struct Splits {
  bool byte_level = false, metaspace = false;
};

void read_metaspace(const JsonNode& node, Vocab& vocab) {
  if (node.at("replacement").string_or(kSpaceMark) != kSpaceMark)
    node.at("replacement").unsupported("another mark than U+2581");
  const std::string scheme =
      node.at("prepend_scheme")
          .string_or(node.at("add_prefix_space").flag_or(true) ? "always" : "never");
  if (scheme != "always" && scheme != "never" && scheme != "first")
    node.at("prepend_scheme").unsupported("\"" + scheme + "\"");
  vocab.add_space_prefix = scheme != "never";
  vocab.description->space_prefix_once = scheme == "first";
  vocab.description->splits_at_spaces = node.at("split").flag_or(true);
}

void read_pre_tokenizer(const JsonNode& node, Vocab& vocab, Splits& splits) {
  if (node.is_null()) return;
  std::vector<std::string>& patterns = vocab.description->patterns;
  const std::string type = node.at("type").string();
  if (splits.byte_level || splits.metaspace)
    node.unsupported("\"" + type + "\" behind the last step");
  if (type == "Sequence") {
    for (const JsonNode& step : node.at("pretokenizers").items())
      read_pre_tokenizer(step, vocab, splits);
  } else if (type == "Split") {
    patterns.push_back(split_pattern(node));
  } else if (type == "Digits") {
    patterns.emplace_back(node.at("individual_digits").flag_or(false) ? pattern::kEachNumber
                                                                      : R"(\p{N}+)");
  } else if (type == "Punctuation") {
    const std::string behavior = node.at("behavior").string_or("Isolated");
    const bool together = behavior == "Contiguous" || behavior == "contiguous";
    if (!together && behavior != "Isolated" && behavior != "isolated")
      node.at("behavior").unsupported("\"" + behavior + "\"");
    patterns.emplace_back(together ? R"([\p{P}$+<=>^~|`]+)" : R"([\p{P}$+<=>^~|`])");
  } else if (type == "ByteLevel") {
    if (node.at("add_prefix_space").flag_or(false)) node.at("add_prefix_space").unsupported("true");
    if (node.at("use_regex").flag_or(true)) patterns.emplace_back(pattern::kGpt2);
    splits.byte_level = true;
  } else if (type == "Metaspace") {
    if (!patterns.empty()) node.unsupported("Metaspace behind another step");
    read_metaspace(node, vocab);
    splits.metaspace = true;
  } else {
    node.unsupported("\"" + type + "\"");
  }
}

struct Normalizer {
  bool prepends = false, replaces = false;
};

void read_normalizer(const JsonNode& node, Vocab& vocab, Normalizer& out) {
  if (node.is_null()) return;
  const std::string type = node.at("type").string();
  if (type == "Sequence") {
    for (const JsonNode& step : node.at("normalizers").items()) read_normalizer(step, vocab, out);
  } else if (type == "NFC") {  // left out: a GGUF of the model cannot say it
  } else if (type == "Prepend") {
    if (node.at("prepend").string() != kSpaceMark || out.replaces)
      node.unsupported("another prefix than U+2581 before Replace");
    out.prepends = true;
  } else if (type == "Replace") {
    const JsonNode pattern = node.at("pattern");
    if (pattern.at("String").string() != " " || node.at("content").string() != kSpaceMark)
      node.unsupported("to replace anything but a space by U+2581");
    out.replaces = true;
  } else {
    node.unsupported("\"" + type + "\"");
  }
}

}  // namespace

void read_splits(const JsonNode& root, Vocab& vocab) {
  vocab.description.emplace();
  Normalizer normalizer;
  read_normalizer(root.at("normalizer"), vocab, normalizer);
  Splits splits;
  read_pre_tokenizer(root.at("pre_tokenizer"), vocab, splits);
  if (normalizer.prepends && !normalizer.replaces)
    root.at("normalizer").unsupported("Prepend without Replace");
  if (splits.byte_level) {
    if (normalizer.replaces) root.at("normalizer").unsupported("Replace before ByteLevel");
    const std::vector<std::string>& patterns = vocab.description->patterns;
    if (patterns.size() > kMaxPatterns)
      root.at("pre_tokenizer").unsupported("more than " + std::to_string(kMaxPatterns) + " steps");
    for (const std::string& pattern : patterns)
      if (pattern.size() > kMaxPattern)
        root.at("pre_tokenizer")
            .unsupported("a pattern of more than " + std::to_string(kMaxPattern) + " bytes");
    try {
      PreTokenizer check(patterns);  // which may be of any kind
    } catch (const Error& e) {
      const std::string_view what = e.what();
      throw Error(e.code(), "[text] " + root.source() +
                                ": pre_tokenizer: " + std::string(what.substr(what.find(' ') + 1)));
    }
    vocab.model = "gpt2";
    return;
  }
  if (splits.metaspace == normalizer.replaces || !vocab.description->patterns.empty())
    root.at("pre_tokenizer")
        .unsupported(splits.metaspace ? "Metaspace behind Replace"
                                      : "what is neither ByteLevel nor Metaspace");
  vocab.model = "llama";
  if (normalizer.replaces) vocab.add_space_prefix = normalizer.prepends;
}

}  // namespace rocmforge::text
