// A tokenizer's raw material: what a GGUF's tokenizer.ggml.* keys hold, as plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rocmforge::text {

using TokenId = std::int32_t;
inline constexpr TokenId kNoToken = -1;

// Numbers of tokenizer.ggml.token_type.
enum class TokenType : std::int32_t {
  kUndefined = 0,  // treated as unused
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

// What a tokenizer.json says beyond the rest of a Vocab.
struct TokenizerDescription {
  std::vector<std::string> patterns;  // "gpt2": in place of a pre-tokenizer's name
  bool ignore_merges = false;         // as PreTokenizerRow has it
  // "llama": the merges say what joins, and not the scores.
  bool splits_at_spaces = false;   // nothing joins across the beginning of a word
  bool space_prefix_once = false;  // none behind a special token
  // Special tokens that swallow the white space before, or behind them.
  std::vector<TokenId> strips_left, strips_right;
};

struct Vocab {
  // tokenizer.ggml.model: "llama" (SentencePiece-BPE) or "gpt2" (byte-level BPE).
  std::string model;
  std::string pre;                  // tokenizer.ggml.pre; empty when absent
  std::vector<std::string> tokens;  // distinct; an empty one stands for nothing
  std::vector<float> scores;        // as many as tokens, or empty (byte-level BPE)
  std::vector<TokenType> types;     // as many as tokens, or empty: all normal
  std::vector<std::string> merges;  // "left right", best first; byte-level BPE only
  TokenId bos = kNoToken, eos = kNoToken, eot = kNoToken, eom = kNoToken, unk = kNoToken,
          sep = kNoToken, pad = kNoToken;
  // Fill-in-the-middle: padding, repository and file separator end a generation too.
  TokenId fim_prefix = kNoToken, fim_suffix = kNoToken, fim_middle = kNoToken, fim_pad = kNoToken,
          fim_repo = kNoToken, fim_sep = kNoToken;
  // nullopt-like: -1 = not in the file (the tokenizer's own default), 0 = false, 1 = true.
  int add_bos = -1, add_eos = -1, add_space_prefix = -1, remove_extra_whitespaces = -1;
  std::string model_name;  // general.name: phi-3's tells that its special tokens swallow spaces
  std::string source;      // the file's path, for messages
  std::optional<TokenizerDescription> description;  // of a tokenizer.json alone
};

}  // namespace rocmforge::text
