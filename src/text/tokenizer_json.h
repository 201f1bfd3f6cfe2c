// Hugging Face's tokenizer.json (of their library `tokenizers`) as a vocabulary.
#pragma once

#include <string>
#include <string_view>

#include "text/vocab.h"

namespace rocmforge::text {

// What `json` describes, BPE with one of two ways of writing text: bytes as letters
// (pre_tokenizer ByteLevel, after Split, Digits or Punctuation), or characters with U+2581 for the
// space (normalizer Prepend and Replace, or pre_tokenizer Metaspace) and byte_fallback. Patterns of
// known pre-tokenizers become those, so that the ids are those of a GGUF of the same model.
// Error{kUnsupported} naming a component that is not read, kFormat for what is malformed; both name
// `source`.
Vocab parse_tokenizer_json(std::string_view json, const std::string& source);

// The special tokens that a tokenizer_config.json beside it names, where `vocab` has none.
void add_tokenizer_config(std::string_view json, const std::string& source, Vocab& vocab);

// `path` is the file or a folder that holds tokenizer.json; a tokenizer_config.json beside it is
// read too. Error{kNotFound} when there is none.
Vocab read_tokenizer_json(const std::string& path);

}  // namespace rocmforge::text
