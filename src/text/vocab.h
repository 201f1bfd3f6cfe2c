// A tokenizer's raw material: what a GGUF's tokenizer.ggml.* keys hold, as plain data.
#pragma once

#include <cstdint>
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
};

}  // namespace rocmforge::text
