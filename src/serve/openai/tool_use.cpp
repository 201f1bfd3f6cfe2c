#include "serve/openai/tool_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "text/json_text.h"
#include "text/tools/schema.h"

namespace rocmforge::serve {
namespace {

using text::Json;
using text::Tool;

struct Choice {
  enum class Kind : std::uint8_t { kNone, kAuto, kRequired };
  Kind kind = Kind::kAuto;
  std::string only = {};  // the one function to call; empty: any
};

Choice read_choice(const Field& field, const std::vector<Tool>& tools) {
  if (!field) return {};
  if (field.is_text()) {
    const std::string_view name = field.text();
    if (name == "none") return {.kind = Choice::Kind::kNone};
    if (name == "auto") return {};
    if (name != "required") field.bad("is none of auto, none, required and one function");
    if (tools.empty()) field.bad("there are no tools");
    return {.kind = Choice::Kind::kRequired};
  }
  if (field.at("type").text() != "function") field.at("type").bad("must be \"function\"");
  const Field name = field.at("function").at("name");
  const std::string only(name.text());
  if (std::none_of(tools.begin(), tools.end(), [&](const Tool& t) { return t.name == only; })) {
    name.bad(fmt::format("\"{}\" is none of the tools", only));
  }
  return {.kind = Choice::Kind::kRequired, .only = only};
}

std::vector<Tool> read_functions(const Field& list) {
  if (!list) return {};
  for (const Field& item : list.items(kMostTools)) {
    const Field type = item.at("type");
    if (type.text() != "function") type.bad("must be \"function\"");
    const Field parameters = item.at("function").at("parameters");
    const Field kind = parameters ? parameters.at("type") : parameters;
    if (kind && (!kind.is_text() || kind.text() != "object")) {
      kind.bad("must be \"object\": arguments have names");
    }
  }
  try {
    return text::read_tools(list.json());
  } catch (const Error& e) {
    throw_bad_place(e.what());
  }
}

bool is_about_the_schema(const Error& e) {
  return e.code() == ErrorCode::kInvalidArgument || e.code() == ErrorCode::kUnsupported ||
         e.code() == ErrorCode::kFormat;
}

// What cannot be held to is the client's to mend where the schema is wrong, or where it wants it
// held to; else any arguments will do.
void pass_over(const Field& functions, std::vector<Tool>& tools, const std::string& only) {
  const std::vector<Field> items = functions.items();
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const bool called = only.empty() || tools[i].name == only;
    if (!called || !std::holds_alternative<Json::Object>(tools[i].parameters.value)) continue;
    try {
      constrain::grammar_of_schema(text::write_json(tools[i].parameters));
    } catch (const Error& e) {
      if (!is_about_the_schema(e)) throw;
      const Field function = items[i].at("function");
      if (e.code() != ErrorCode::kUnsupported || function.at("strict").flag_or(false)) {
        function.at("parameters").bad(e.what());
      }
      tools[i].parameters = nullptr;
    }
  }
}

std::shared_ptr<const constrain::TokenGrammar> grammar_of(Context& context, const Field& functions,
                                                          std::vector<Tool> tools,
                                                          const text::CallSchemaOptions& options) {
  constexpr auto kSchema = GrammarCache::Notation::kSchema;
  try {
    return context.grammars().get(kSchema, text::call_schema(tools, options));
  } catch (const Error& e) {
    if (!is_about_the_schema(e)) throw;
  }
  pass_over(functions, tools, options.only);
  try {
    return context.grammars().get(kSchema, text::call_schema(tools, options));
  } catch (const Error& e) {
    if (!is_about_the_schema(e)) throw;
    functions.bad(e.what());
  }
}

bool any_strict(const Field& functions) {
  bool out = false;
  for (const Field& item : functions.items()) {
    out = item.at("function").at("strict").flag_or(false) || out;
  }
  return out;
}

bool mentions_tools(const Json& message) {
  const std::string* role = text::as_string(text::find_member(message, "role"));
  return text::find_member(message, "tool_calls") != nullptr ||
         (role != nullptr && *role == "tool");
}

}  // namespace

void throw_bad_place(const std::string& error) {
  constexpr std::string_view kBefore = "[text] ";
  std::string_view rest = error;
  if (rest.starts_with(kBefore)) rest.remove_prefix(kBefore.size());
  const std::size_t end = rest.find(':');
  const std::string_view place = rest.substr(0, end == rest.npos ? 0 : end);
  const bool is_place = place.find_first_of(" \"") == place.npos;
  throw BadField(std::string(is_place ? place : ""), std::string(rest));
}

ToolUse read_tool_use(const Field& body, Context& context, const engine::ChatFormat& format) {
  ToolUse out;
  out.prompt_format = format.tool_format();
  out.parallel = body.at("parallel_tool_calls").flag_or(true);
  const Field functions = body.at("tools");
  std::vector<Tool> tools = read_functions(functions);
  const Choice choice = read_choice(body.at("tool_choice"), tools);
  if (choice.kind == Choice::Kind::kNone || tools.empty()) return out;
  out.offered = functions.json();
  const bool required = choice.kind == Choice::Kind::kRequired;
  const bool strict = any_strict(functions);
  text::ToolFormat generic;
  generic.system_role = out.prompt_format.system_role;
  if (strict && !required) out.prompt_format = generic;
  out.answer_format = required ? generic : out.prompt_format;
  if (out.answer_format.style == text::ToolStyle::kGeneric) {
    out.grammar = grammar_of(
        context, functions, tools,
        {.required = required, .parallel = out.parallel, .most = kMostCalls, .only = choice.only});
  }
  out.tools = std::move(tools);
  return out;
}

void put_tools(const ToolUse& use, engine::Conversation& conversation) {
  const bool offers = !std::holds_alternative<std::nullptr_t>(use.offered.value);
  if (!offers &&
      std::none_of(conversation.messages.begin(), conversation.messages.end(), mentions_tools)) {
    return;
  }
  text::ChatInput input;
  input.messages = std::move(conversation.messages);
  input.tools = use.offered;
  try {
    text::prepare_tools(use.prompt_format, input);
  } catch (const Error& e) {
    throw_bad_place(e.what());
  }
  conversation.messages = std::get<Json::Array>(std::move(input.messages.value));
  conversation.tools = std::move(input.tools);
  for (auto& argument : input.extra) conversation.arguments.push_back(std::move(argument));
}

}  // namespace rocmforge::serve
