// How a model writes its calls of tools, as its chat template shows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/chat_template.h"
#include "text/json.h"

namespace rocmforge::text {

enum class ToolStyle {
  // {"tool_calls": [{"name": ..., "arguments": {...}}, ...]} or {"content": "..."}: for templates
  // that know no tools. A text in the system message asks for it; the answer is best constrained.
  kGeneric,
  kLlama3,    // {"name": ..., "parameters": {...}} as the whole answer, or after <|python_tag|>
  kHermes,    // <tool_call>{"name": ..., "arguments": {...}}</tool_call>
  kQwenXml,   // <tool_call><function=NAME><parameter=KEY>value</parameter></function></tool_call>
  kGlmXml,    // <tool_call>NAME<arg_key>KEY</arg_key><arg_value>value</arg_value></tool_call>
  kGlmPlain,  // NAME, a line's end, {...}; ChatGLM3: tool_call(key=value) in a block of code
  kMistral,   // [TOOL_CALLS][{"name": ..., "arguments": {...}}, ...]
};

struct ToolFormat {
  ToolStyle style = ToolStyle::kGeneric;
  // Texts of tokens that the parser must see: to be shown by the detokenizer where they are control
  // tokens of the model.
  std::vector<std::string> shown;
  // The template takes a system message (for kGeneric's instructions).
  bool system_role = true;
  // The template wants `xml_tools` (SmolLM3) or the tools as a member of a message (GLM-4,
  // ChatGLM3).
  bool xml_tools = false, tools_in_message = false;
};

// By the template's source alone; system_role is guessed.
ToolFormat find_tool_format(std::string_view template_source);
// Also renders a short conversation to see what the template can do.
ToolFormat find_tool_format(const ChatTemplate& chat);

// A function that a request offers.
struct Tool {
  std::string name, description;
  Json parameters;  // a JSON schema; null: none is known
};

// Of OpenAI's list, [{"type": "function", "function": {"name", "description", "parameters"}}, ...].
// Throws Error{kInvalidArgument} that names the place of what is no such thing. Names are 1 to 256
// letters, digits, _ - . and different.
std::vector<Tool> read_tools(const Json& tools);

// Makes `input` such that the template renders it sensibly: arguments of calls become objects,
// missing content an empty text; what a template cannot express is rewritten (several calls in a
// message for Llama 3, ids for Mistral, calls and their results as plain messages for kGeneric and
// kGlmPlain, which also get the tools from here). `input.tools` are OpenAI's, or null. Throws
// Error{kInvalidArgument} for tool calls of messages that are not of OpenAI's form.
void prepare_tools(const ToolFormat& format, ChatInput& input);

}  // namespace rocmforge::text
