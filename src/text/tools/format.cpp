#include "text/tools/format.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "text/json_text.h"

namespace rocmforge::text {
namespace {

bool holds(std::string_view source, std::string_view text) {
  return source.find(text) != std::string_view::npos;
}

ToolStyle find_style(std::string_view source) {
  if (!holds(source, "tools")) return ToolStyle::kGeneric;
  if (holds(source, "<arg_key>") && holds(source, "<tool_call>")) return ToolStyle::kGlmXml;
  if (holds(source, "<function=") && holds(source, "<parameter=")) return ToolStyle::kQwenXml;
  if (holds(source, "<tool_call>")) return ToolStyle::kHermes;
  if (holds(source, "[TOOL_CALLS]") && holds(source, "[AVAILABLE_TOOLS]")) {
    // Later ones write [TOOL_CALLS]name[ARGS]{...}, which is not read here.
    return holds(source, "[ARGS]") ? ToolStyle::kGeneric : ToolStyle::kMistral;
  }
  if (holds(source, "<|start_header_id|>") && holds(source, "parameters")) {
    return ToolStyle::kLlama3;
  }
  if (holds(source, "metadata") && holds(source, "observation")) return ToolStyle::kGlmPlain;
  if (holds(source, "metadata") && holds(source, "ChatGLM")) return ToolStyle::kGlmPlain;
  return ToolStyle::kGeneric;
}

std::vector<std::string> shown_tokens(ToolStyle style) {
  switch (style) {
    case ToolStyle::kLlama3:
      return {"<|python_tag|>"};
    case ToolStyle::kHermes:
    case ToolStyle::kQwenXml:
      return {"<tool_call>", "</tool_call>"};
    case ToolStyle::kGlmXml:
      return {"<tool_call>", "</tool_call>", "<arg_key>",
              "</arg_key>",  "<arg_value>",  "</arg_value>"};
    case ToolStyle::kGlmPlain:
      return {"<|assistant|>"};
    case ToolStyle::kMistral:
      return {"[TOOL_CALLS]"};
    case ToolStyle::kGeneric:
      break;
  }
  return {};
}

// Whether what a system message says gets into the prompt.
bool takes_system(const ChatTemplate& chat) {
  constexpr const char* kProbe = "d41c8e5b";
  ChatInput input;
  input.messages = Json::Array{Json::Object{{"role", "system"}, {"content", kProbe}},
                               Json::Object{{"role", "user"}, {"content", "a"}}};
  input.add_generation_prompt = true;
  try {
    return holds(chat.render(input), kProbe);
  } catch (const Error&) {
    return false;
  }
}

[[noreturn]] void refuse(std::size_t i, const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument,
              std::string("[text] tools[").append(std::to_string(i)).append("]") + what);
}

bool is_function_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= 256 && std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

ToolFormat find_tool_format(std::string_view source) {
  ToolFormat out;
  out.style = find_style(source);
  out.shown = shown_tokens(out.style);
  out.system_role = holds(source, "system") && !holds(source, "System role not supported");
  out.xml_tools = holds(source, "xml_tools");
  out.tools_in_message = holds(source, "item['tools']") || holds(source, "message['tools']") ||
                         holds(source, "item[\"tools\"]") || holds(source, "message.tools");
  return out;
}

ToolFormat find_tool_format(const ChatTemplate& chat) {
  ToolFormat out = find_tool_format(chat.source());
  out.system_role = takes_system(chat);
  return out;
}

std::vector<Tool> read_tools(const Json& tools) {
  std::vector<Tool> out;
  if (std::holds_alternative<std::nullptr_t>(tools.value)) return out;
  const auto* items = std::get_if<Json::Array>(&tools.value);
  if (items == nullptr) throw Error(ErrorCode::kInvalidArgument, "[text] tools: is not a list");
  std::set<std::string> names;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Json& item = (*items)[i];
    const Json* function = find_member(item, "function");
    if (function == nullptr) refuse(i, ".function: is missing");
    const std::string* name = as_string(find_member(*function, "name"));
    if (name == nullptr) refuse(i, ".function.name: is missing or not a string");
    if (!is_function_name(*name)) {
      refuse(i, ".function.name: wants 1 to 256 letters, digits, underscores, dashes and dots");
    }
    if (!names.insert(*name).second) refuse(i, ".function.name: " + *name + " is there twice");
    Tool tool{.name = *name, .description = {}, .parameters = nullptr};
    const Json* description = find_member(*function, "description");
    if (as_string(description) != nullptr) tool.description = *as_string(description);
    const Json* parameters = find_member(*function, "parameters");
    if (parameters != nullptr) tool.parameters = *parameters;
    const bool schema = std::holds_alternative<Json::Object>(tool.parameters.value) ||
                        std::holds_alternative<std::nullptr_t>(tool.parameters.value);
    if (!schema) refuse(i, ".function.parameters: is not an object");
    out.push_back(std::move(tool));
  }
  return out;
}

}  // namespace rocmforge::text
