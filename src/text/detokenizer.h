// Streaming: tokens in, whole characters out.
#pragma once

#include <string>

#include "text/tokenizer.h"

namespace rocmforge::text {

// Holds back the bytes of a character until it is complete. Bytes that can become no character
// come out as U+FFFD, one for each maximal ill-formed part (Unicode 15, section 3.9).
class Detokenizer {
 public:
  // `at_start`: the first token opens a text (its space prefix is dropped, where the tokenizer has
  // one); false when it continues a prompt.
  Detokenizer(const Tokenizer& tokenizer, bool at_start, bool special = false);

  // The text that this token completes; may be empty.
  std::string push(TokenId id);
  // What is held back, at the end of the text: U+FFFD for an incomplete character.
  std::string flush();

 private:
  const Tokenizer& tokenizer_;
  bool strip_space_;
  bool special_;
  std::string pending_;
};

}  // namespace rocmforge::text
