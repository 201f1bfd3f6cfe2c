// A file's vocabulary, checked once and completed with what follows from it.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "text/vocab.h"

namespace rocmforge::text {

// "[text] <source>: tokenizer.ggml.<key>: <what>".
std::string vocab_message(const Vocab& vocab, const std::string& key, const std::string& what);

// Text -> id, of every token that is not empty; views into the vocabulary.
using TokenIndex = std::unordered_map<std::string_view, TokenId>;

// Fills `types`, add_bos, add_eos and the special ids that the model has by default, drops padding
// and separator ids out of range (files with such ids are common, and nothing uses them), and
// checks the rest. Error{kFormat} for sizes that differ, unknown types, duplicate tokens, scores
// that are missing or no numbers, byte tokens that name no byte, special ids out of range, BOS or
// EOS to be added that are not there. Returns the index of its tokens.
TokenIndex complete_vocab(Vocab& vocab);

// The tokens that end a generation: EOS, EOT, EOM, the fill-in-the-middle tokens above, and those
// whose name means the same. Retypes tokens whose name tells what they are although the file calls
// them normal or user-defined (most to control), as llama.cpp does.
std::unordered_set<TokenId> find_end_tokens(Vocab& vocab, const TokenIndex& index);

// The byte that "<0x41>" names, or -1.
int byte_of_name(const std::string& token);

}  // namespace rocmforge::text
