// Byte-level BPE's first step: cutting a text into the stretches within which merges may happen.
// A new pre-tokenizer is a row of the table in pre_tokenizer_table.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/regex.h"
#include "text/scanner.h"

namespace rocmforge::text {

struct PreTokenizerRow {
  std::string_view name;                  // as tokenizer.ggml.pre says
  std::vector<std::string_view> aliases;  // other names of the same behaviour
  // Applied in turn, each within the stretches that the one before left; a match is a stretch of
  // its own, and so is what lies between two matches.
  std::vector<std::string_view> patterns;
  bool ignore_merges = false;  // a stretch that is a token is that token, whatever the merges say
  bool add_bos = false;        // where the file does not say
};

// All of them; names and aliases are distinct.
const std::vector<PreTokenizerRow>& pre_tokenizer_rows();
// Null when `name` is unknown.
const PreTokenizerRow* find_pre_tokenizer(std::string_view name);
// Every name, without the aliases, sorted, separated by ", ".
std::string known_pre_tokenizers();

class PreTokenizer {
 public:
  // kAsWritten leaves every pattern to PCRE2: slower, the same stretches.
  enum class Speed { kScanners, kAsWritten };
  explicit PreTokenizer(const PreTokenizerRow& row, Speed speed = Speed::kScanners);
  // Patterns in turn, as a row has them, of a file: their steps are counted. Error{kUnsupported}
  // for one that PCRE2 does not read.
  explicit PreTokenizer(const std::vector<std::string>& patterns, Speed speed = Speed::kScanners);

  // The end of each stretch of `text` (well-formed UTF-8), ascending; the last is text.size().
  // Error{kInvalidArgument} naming the pattern where one has taken too many steps.
  std::vector<std::uint32_t> split(std::string_view text) const;

 private:
  void add(std::string_view pattern, Speed speed, Regex::Steps steps);

  std::vector<std::variant<Scanner, Regex>> steps_;
};

}  // namespace rocmforge::text
