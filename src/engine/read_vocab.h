// The tokenizer.ggml.* keys of a file, as the tokenizers' raw material.
#pragma once

#include "gguf/file.h"
#include "text/vocab.h"

namespace rocmforge::engine {

// Error{kNotFound} for a file without tokens or model, kFormat for a key of the wrong type, both
// naming file and key. Ids of 2^32 - 1 or below 0 mean "none", as writers put them. Nothing is
// checked beyond the types: text::make_tokenizer does that.
text::Vocab read_vocab(const gguf::File& file);

}  // namespace rocmforge::engine
