// A GGUF's vocabulary as the tokenizer.json that Hugging Face's library has of such a model.
#pragma once

#include <string>

#include "text/vocab.h"

namespace rocmforge::test {

// Byte-level BPE with the published pattern of vocab.pre, or SentencePiece-BPE with the merges that
// follow from the scores, as transformers converts it. `pairs`: merges as arrays of two, as newer
// versions write them.
std::string write_tokenizer_json(const text::Vocab& vocab, bool pairs = false);

}  // namespace rocmforge::test
