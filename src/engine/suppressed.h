// Tokens that a model's file, or a request, wants never to be chosen.
#pragma once

#include <vector>

#include "engine/sampling/params.h"
#include "gguf/file.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {

// Those of tokenizer.ggml.suppress_tokens, as biases of -inf. Error{kUnsupported} naming the key
// for too many of them.
std::vector<LogitBias> suppressed_tokens(const gguf::File& file, const text::Tokenizer& tokenizer);
// Those that end an answer.
std::vector<LogitBias> end_tokens(const text::Tokenizer& tokenizer);

}  // namespace rocmforge::engine
