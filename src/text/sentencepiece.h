// SentencePiece-BPE: merges by score over the whole text, spaces as U+2581, bytes as a last resort.
#pragma once

#include <memory>

#include "text/tokenizer.h"

namespace rocmforge::text {

// Error{kFormat} as complete_vocab() (vocab_check.h).
std::unique_ptr<Tokenizer> make_sentencepiece(Vocab vocab);

}  // namespace rocmforge::text
