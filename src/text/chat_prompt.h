// A conversation as the tokens that a model is given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "text/chat_template.h"
#include "text/thinking.h"
#include "text/tokenizer.h"

namespace rocmforge::text {

struct ChatPrompt {
  std::vector<TokenId> tokens;
  std::string text;  // as rendered
};

// What is put behind the rendered text: an answer that is to go on. Its thinking stands between the
// markers, of which the template may have written the first.
struct BegunAnswer {
  std::string thinking = {}, answer = {};
  std::optional<ThinkingMarkers> markers = {};
};

// Renders and encodes. Control tokens come of the template's own text alone: where a string of
// messages, tools, documents or further values holds the text of one, or part of one at an end, it
// stays text; so do keys and the roles of messages, unless they are plain names (letters, digits, _
// and -) that the template has in its text. BOS
// is put before the rest where the tokenizer adds one and the template has not written it. The
// tokens' texts that `input` has for the template are filled in. Throws as render() and encode()
// do.
//
// The texts are marked with characters that no text has, which are taken out again between
// rendering and encoding; a template that takes the length of such a string, or looks into the
// token's text, sees them.
ChatPrompt encode_chat(const ChatTemplate& chat, ChatInput input, const Tokenizer& tokenizer,
                       BegunAnswer begun = {});

}  // namespace rocmforge::text
