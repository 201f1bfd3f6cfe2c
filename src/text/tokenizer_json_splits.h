// How a tokenizer.json writes and cuts text: its normalizer and its pre_tokenizer.
#pragma once

#include "text/json_node.h"
#include "text/vocab.h"

namespace rocmforge::text {

// Fills vocab.model, add_space_prefix and description from the document's two members. Errors as
// parse_tokenizer_json's.
void read_splits(const JsonNode& root, Vocab& vocab);

}  // namespace rocmforge::text
