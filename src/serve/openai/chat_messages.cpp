#include "serve/openai/chat_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "text/json_text.h"

namespace rocmforge::serve {
namespace {

using text::Json;

constexpr std::array<std::string_view, 6> kRoles = {"system",    "developer", "user",
                                                    "assistant", "tool",      "function"};

std::string read_parts(const Field& parts) {
  std::string out;
  bool first = true;
  for (const Field& part : parts.items()) {
    const std::string_view type = part.at("type").text();
    if (type != "text" && type != "refusal") {
      part.at("type").bad(fmt::format("is \"{}\": this model takes text alone", type));
    }
    if (!first) out += '\n';
    first = false;
    out += part.at(type).text();
  }
  return out;
}

// A string; of a template's `tool_calls` the arguments are what the string holds.
Json read_call(const Field& call) {
  const Field function = call.at("function");
  Json::Object inner = {{"name", std::string(function.at("name").text())}};
  Json arguments = Json::Object{};
  if (const Field given = function.at("arguments"); given.is_text()) {
    const std::string_view text = given.text();
    try {
      const Body parsed(text);
      arguments = parsed.root().json();
    } catch (const BadField&) {
      if (!text.empty()) arguments = std::string(text);  // what a model has said
    }
  } else if (given) {
    arguments = given.json();
  }
  inner.emplace_back("arguments", std::move(arguments));
  Json::Object out;
  if (const auto id = call.at("id").maybe_text()) out.emplace_back("id", *id);
  out.emplace_back("type", "function");
  out.emplace_back("function", std::move(inner));
  return out;
}

Json read_message(const Field& message, const engine::ChatFormat& format) {
  const Field role = message.at("role");
  std::string name(role.text());
  if (std::find(kRoles.begin(), kRoles.end(), name) == kRoles.end()) {
    role.bad(fmt::format("\"{}\" is not a role: system, developer, user, assistant, tool", name));
  }
  if (name == "developer" && !format.names("developer")) name = "system";
  const Field content = message.at("content"), calls = message.at("tool_calls");
  Json::Object out = {{"role", name}};
  if (content.is_list()) {
    out.emplace_back("content", read_parts(content));
  } else if (content) {
    out.emplace_back("content", std::string(content.text()));
  } else if (name == "assistant") {
    out.emplace_back("content", "");
  } else {
    content.text();  // which says that it is missing
  }
  for (const auto& [key, value] : message.members()) {
    if (key == "role" || key == "content" || !value) continue;
    if (key == "tool_calls") {
      Json::Array list;
      for (const Field& call : calls.items()) list.push_back(read_call(call));
      if (!list.empty()) out.emplace_back("tool_calls", std::move(list));
    } else {
      out.emplace_back(std::string(key), value.json());
    }
  }
  return out;
}

bool has_system(const Json::Array& messages) {
  return std::any_of(messages.begin(), messages.end(), [](const Json& message) {
    const std::string* role = text::as_string(text::find_member(message, "role"));
    return role != nullptr && (*role == "system" || *role == "developer");
  });
}

// The last message is an assistant's, and an answer to it is not asked for otherwise.
bool continues(const Field& body, const Field& last) {
  const Field adds = body.at("add_generation_prompt"), goes_on = body.at("continue_final_message");
  const bool own = last.at("role").text() == "assistant" && !last.at("tool_calls");
  if (goes_on) {
    if (goes_on.flag() && !own) goes_on.bad("the last message is not an assistant's");
    if (goes_on.flag() && adds && adds.flag()) goes_on.bad("goes against add_generation_prompt");
    return goes_on.flag();
  }
  return own && !(adds && adds.flag());
}

}  // namespace

engine::Conversation read_conversation(const Field& body, const Context& context,
                                       const ToolUse& tools) {
  const engine::ChatFormat& format = context.chat();
  engine::Conversation out;
  const std::vector<Field> messages = body.at("messages").items();
  if (messages.empty()) body.at("messages").bad("is empty");
  for (const Field& message : messages) out.messages.push_back(read_message(message, format));
  out.continues = continues(body, messages.back());
  if (!context.options().system.empty() && !has_system(out.messages)) {
    out.messages.insert(out.messages.begin(),
                        Json::Object{{"role", "system"}, {"content", context.options().system}});
  }
  put_tools(tools, out);
  if (const Field arguments = body.at("chat_template_kwargs")) {
    for (const auto& [name, value] : arguments.members()) {
      out.arguments.emplace_back(std::string(name), value.json());
    }
  }
  if (const Field effort = body.at("reasoning_effort")) {
    out.arguments.emplace_back("reasoning_effort", std::string(effort.text()));
  }
  return out;
}

void check_lengths(const engine::Conversation& conversation, const Context& context) {
  std::size_t n_bytes = 0;
  for (const Json& message : conversation.messages) {
    const std::string* content = text::as_string(text::find_member(message, "content"));
    if (content == nullptr) continue;
    context.check_length(*content);
    n_bytes += content->size();
  }
  context.check_bytes(n_bytes);
}

}  // namespace rocmforge::serve
