// Calls of tools in any text, in any format, however it is cut: nothing thrown, the same from any
// pieces, and arguments of a complete call are a JSON object.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "text/json_text.h"
#include "text/tools/parser.h"

namespace {

using rocmforge::text::Json;
using rocmforge::text::Tool;
using rocmforge::text::ToolCallParser;
using rocmforge::text::ToolEvent;
using rocmforge::text::ToolStyle;

constexpr ToolStyle kStyles[] = {ToolStyle::kGeneric, ToolStyle::kLlama3, ToolStyle::kHermes,
                                 ToolStyle::kQwenXml, ToolStyle::kGlmXml, ToolStyle::kGlmPlain,
                                 ToolStyle::kMistral};

std::string outcome(const std::string& text, std::size_t piece, ToolStyle style, bool streamed) {
  ToolCallParser parser(
      {.style = style, .shown = {}},
      {{.name = "f",
        .description = {},
        .parameters =
            Json::Object{{"properties", Json::Object{{"s", Json::Object{{"type", "string"}}},
                                                     {"n", Json::Object{{"type", "integer"}}}}}}}},
      streamed ? ToolCallParser::Delivery::kStreamed : ToolCallParser::Delivery::kWhole);
  std::string out;
  ToolEvent::Kind last = ToolEvent::Kind::kEnd;
  const auto add = [&](const std::vector<ToolEvent>& events) {
    for (const ToolEvent& event : events) {
      if (event.kind != last) out += static_cast<char>(event.kind);
      last = event.kind;
      out += event.text;
      out += event.kind == ToolEvent::Kind::kEnd ? "\n" : "";
    }
  };
  for (std::size_t at = 0; at < text.size(); at += piece) add(parser.push(text.substr(at, piece)));
  add(parser.flush());
  if (parser.completed() > parser.begun()) std::abort();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ToolStyle style = kStyles[data[0] % std::size(kStyles)];
  const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  for (const bool streamed : {false, true}) {
    const std::string whole = outcome(text, text.size() + 1, style, streamed);
    if (outcome(text, 1, style, streamed) != whole) std::abort();
    if (outcome(text, 2 + data[1] % 16, style, streamed) != whole) std::abort();
  }
  return 0;
}
