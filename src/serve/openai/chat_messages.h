// A chat's messages, as the model's template takes them.
#pragma once

#include "engine/chat.h"
#include "serve/json/field.h"
#include "serve/openai/tool_use.h"

namespace rocmforge::serve {

// Of messages, chat_template_kwargs, reasoning_effort and whether the last message is gone on with,
// with what is known of tools. BadField names what is wrong: a role that is not known, an image,
// ...
engine::Conversation read_conversation(const Field& body, const Context& context,
                                       const ToolUse& tools);
// ApiError as Context::check_length, for what the messages hold.
void check_lengths(const engine::Conversation& conversation, const Context& context);

}  // namespace rocmforge::serve
