#include "text/tools/block_reader.h"

#include <algorithm>

namespace rocmforge::text {

std::vector<std::string> block_markers(ToolStyle style) {
  switch (style) {
    case ToolStyle::kLlama3:
      return {"<|python_tag|>"};
    case ToolStyle::kHermes:
    case ToolStyle::kGlmXml:
      return {"<tool_call>"};
    case ToolStyle::kQwenXml:
      return {"<tool_call>", "<function="};
    case ToolStyle::kGlmPlain:
      return {"<|assistant|>"};
    case ToolStyle::kMistral:
      return {"[TOOL_CALLS]"};
    case ToolStyle::kGeneric:
      break;
  }
  return {};
}

bool bare_blocks(ToolStyle style) {
  return style == ToolStyle::kLlama3 || style == ToolStyle::kGlmPlain ||
         style == ToolStyle::kGeneric;
}

std::unique_ptr<BlockReader> make_block_reader(ToolStyle style, std::string_view marker,
                                               const std::vector<Tool>& tools) {
  switch (style) {
    case ToolStyle::kLlama3:
    case ToolStyle::kHermes:
    case ToolStyle::kMistral:
      return make_json_reader(style, marker, tools);
    case ToolStyle::kQwenXml:
    case ToolStyle::kGlmXml:
      return make_xml_reader(style, marker, tools);
    case ToolStyle::kGlmPlain:
      return make_plain_reader(tools);
    case ToolStyle::kGeneric:
      break;
  }
  return make_generic_reader(tools);
}

const Tool* find_tool(const std::vector<Tool>& tools, std::string_view name) {
  const auto found =
      std::find_if(tools.begin(), tools.end(), [&](const Tool& tool) { return tool.name == name; });
  return found == tools.end() ? nullptr : &*found;
}

std::size_t count_spaces(std::string_view text) {
  return std::min(text.find_first_not_of(kToolSpaces), text.size());
}

Starts starts_with(std::string_view text, std::string_view literal) {
  if (text.starts_with(literal)) return Starts::kYes;
  return literal.starts_with(text) ? Starts::kPartly : Starts::kNo;
}

}  // namespace rocmforge::text
