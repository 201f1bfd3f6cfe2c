// What a chat's body says of tools: which there are, and whether they may or must be called.
#pragma once

#include <memory>
#include <vector>

#include "engine/chat.h"
#include "serve/context.h"
#include "serve/json/field.h"
#include "text/tools/format.h"

namespace rocmforge::serve {

inline constexpr std::size_t kMostTools = 128;  // OpenAI's
// Of an answer that is held to calls: small models would go on calling.
inline constexpr std::int64_t kMostCalls = 8;

struct ToolUse {
  // OpenAI's list, for the prompt; null: none are offered.
  text::Json offered = nullptr;
  // How the prompt writes tools, calls and their results.
  text::ToolFormat prompt_format;
  // How the answer writes its calls; `tools` empty: it is read as words alone.
  text::ToolFormat answer_format;
  std::vector<text::Tool> tools = {};
  bool parallel = true;  // more than one call
  // What the answer is held to; null: nothing.
  std::shared_ptr<const constrain::TokenGrammar> grammar = {};
};

// Of tools, tool_choice and parallel_tool_calls. An answer that must be a call, or may be one of a
// function that is `strict`, or is of a model whose template knows no tools, is held to the schemas
// of the functions, and has the generic form. BadField names the tool that is none, or whose schema
// cannot be held to; where the function is not strict, such a schema is passed over.
ToolUse read_tool_use(const Field& body, Context& context, const engine::ChatFormat& format);

// Writes tools, calls and results in the messages as the template takes them. BadField for calls
// that are not of OpenAI's form.
void put_tools(const ToolUse& use, engine::Conversation& conversation);

// The library's error about "[text] PLACE: WHAT", told as a field's.
[[noreturn]] void throw_bad_place(const std::string& error);

}  // namespace rocmforge::serve
