// Streaming: tokens in, whole characters out.
#pragma once

#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace rocmforge::text {

// Holds back the bytes of a character until it is complete. Bytes that can become no character
// come out as U+FFFD, one for each maximal ill-formed part (Unicode 15, section 3.9).
class Detokenizer {
 public:
  // `at_start`: the first token opens a text (its space prefix is dropped, where the tokenizer has
  // one); false when it continues a prompt.
  // `shown`: control tokens whose text comes out even so.
  Detokenizer(const Tokenizer& tokenizer, bool at_start, bool special = false,
              std::vector<TokenId> shown = {});

  // The text that this token completes; may be empty.
  std::string push(TokenId id);
  // What is held back, at the end of the text: U+FFFD for an incomplete character.
  std::string flush();
  // Whether the last tokens end within a character.
  bool within_character() const { return !pending_.empty(); }

 private:
  const Tokenizer& tokenizer_;
  bool strip_space_;
  bool special_;
  std::vector<TokenId> shown_;
  std::string pending_;
};

}  // namespace rocmforge::text
