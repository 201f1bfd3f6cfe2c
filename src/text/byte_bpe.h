// Byte-level BPE: a pre-tokenizer cuts the text, merges join the bytes of each stretch by rank.
#pragma once

#include <memory>

#include "text/tokenizer.h"

namespace rocmforge::text {

// Error{kUnsupported} for an unknown pre-tokenizer,
// Error{kFormat} for merges that are malformed or name tokens that are not there.
std::unique_ptr<Tokenizer> make_byte_bpe(Vocab vocab);

}  // namespace rocmforge::text
