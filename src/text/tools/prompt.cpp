// Messages with tools and their results, as a template can take them.
#include <array>
#include <utility>

#include "base/error.h"
#include "text/json_text.h"
#include "text/tools/format.h"

namespace rocmforge::text {
namespace {

using Object = Json::Object;
using Array = Json::Array;

struct Call {
  std::string id, name;
  Json arguments;  // an object
};

[[noreturn]] void refuse(std::size_t message, const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument,
              std::string("[text] messages[").append(std::to_string(message)).append("]") + what);
}

void set(Json& object, std::string_view key, Json value) {
  auto& members = std::get<Object>(object.value);
  for (auto& [name, member] : members) {
    if (name == key) {
      member = std::move(value);
      return;
    }
  }
  members.emplace_back(std::string(key), std::move(value));
}

void erase(Json& object, std::string_view key) {
  std::erase_if(std::get<Object>(object.value),
                [&](const auto& member) { return member.first == key; });
}

bool is_null(const Json* value) {
  return value == nullptr || std::holds_alternative<std::nullptr_t>(value->value);
}

std::string role_of(const Json& message) {
  const std::string* role = as_string(find_member(message, "role"));
  return role == nullptr ? "" : *role;
}

// A string, or the texts of a list of parts.
std::string content_text(const Json& message) {
  const Json* content = find_member(message, "content");
  if (is_null(content)) return "";
  if (const std::string* text = as_string(content)) return *text;
  const auto* parts = std::get_if<Array>(&content->value);
  if (parts == nullptr) return write_json(*content);
  std::string out;
  for (const Json& part : *parts) {
    const std::string* text = as_string(find_member(part, "text"));
    if (text != nullptr) out += *text;
  }
  return out;
}

Json read_arguments(const Json* arguments, std::size_t message, const std::string& place) {
  if (is_null(arguments)) return Object{};
  if (std::holds_alternative<Object>(arguments->value)) return *arguments;
  const std::string* text = as_string(arguments);
  if (text == nullptr) refuse(message, place + ": is neither a string nor an object");
  if (text->empty()) return Object{};
  try {
    Json out = read_json(*text, "arguments");
    if (std::holds_alternative<Object>(out.value)) return out;
  } catch (const Error&) {
    // Told below.
  }
  refuse(message, place + ": is not the text of a JSON object");
}

std::vector<Call> read_calls(const Json& message, std::size_t index) {
  std::vector<Call> out;
  const Json* calls = find_member(message, "tool_calls");
  if (is_null(calls)) return out;
  const auto* items = std::get_if<Array>(&calls->value);
  if (items == nullptr) refuse(index, ".tool_calls: is not a list");
  for (std::size_t i = 0; i < items->size(); ++i) {
    const std::string place = ".tool_calls[" + std::to_string(i) + "].function";
    const Json* function = find_member((*items)[i], "function");
    if (function == nullptr) refuse(index, place + ": is missing");
    const std::string* name = as_string(find_member(*function, "name"));
    if (name == nullptr) refuse(index, place + ".name: is missing or not a string");
    const std::string* id = as_string(find_member((*items)[i], "id"));
    out.push_back(
        {id == nullptr ? "" : *id, *name,
         read_arguments(find_member(*function, "arguments"), index, place + ".arguments")});
  }
  return out;
}

// Mistral's templates want ids of nine letters and digits.
std::string mistral_id(const std::string& id) {
  constexpr std::string_view kDigits =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const bool plain = id.size() == 9 && id.find_first_not_of(kDigits) == std::string::npos;
  if (plain) return id;
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::string out;
  for (int i = 0; i < 9; ++i, hash /= kDigits.size()) out += kDigits[hash % kDigits.size()];
  return out;
}

Json call_json(const ToolFormat& format, const Call& call) {
  const std::string id = format.style == ToolStyle::kMistral ? mistral_id(call.id) : call.id;
  return Object{{"id", id},
                {"type", "function"},
                {"function", Object{{"name", call.name}, {"arguments", call.arguments}}}};
}

class Preparer {
 public:
  Preparer(const ToolFormat& format, ChatInput& input) : format_(format), input_(input) {}

  void run() {
    auto* messages = std::get_if<Array>(&input_.messages.value);
    if (messages == nullptr) return;
    for (std::size_t i = 0; i < messages->size(); ++i) {
      Json& message = (*messages)[i];
      if (!std::holds_alternative<Object>(message.value)) {
        out_.push_back(std::move(message));
        continue;
      }
      const std::vector<Call> calls = read_calls(message, i);
      if (calls.empty()) {
        erase(message, "tool_calls");
        plain(std::move(message));
      } else if (format_.style == ToolStyle::kLlama3) {
        i = interleave(*messages, i, calls);
      } else {
        called(std::move(message), calls);
      }
    }
    input_.messages = std::move(out_);
    if (!is_null(&input_.tools)) offer();
  }

 private:
  bool generic() const { return format_.style == ToolStyle::kGeneric; }

  // A message without calls.
  void plain(Json message) {
    const std::string role = role_of(message);
    if (role != "tool") {
      if (role == "user" && after_result_) return append_user(content_text(message));
      if (role == "assistant" && is_null(find_member(message, "content"))) {
        set(message, "content", "");
      }
      after_result_ = false;
      out_.push_back(std::move(message));
      return;
    }
    if (generic()) return append_user("Result of a tool:\n" + content_text(message));
    if (format_.style == ToolStyle::kGlmPlain) {
      out_.push_back(Object{{"role", "observation"}, {"content", content_text(message)}});
      return;
    }
    if (format_.style == ToolStyle::kMistral) {
      const std::string* id = as_string(find_member(message, "tool_call_id"));
      set(message, "tool_call_id", mistral_id(id == nullptr ? "" : *id));
    }
    set(message, "content", content_text(message));
    out_.push_back(std::move(message));
  }

  // Results are told as the user's words; templates that want turns get one message of them.
  void append_user(const std::string& text) {
    if (after_result_) {
      Json& last = out_.back();
      set(last, "content", content_text(last) + "\n\n" + text);
    } else {
      out_.push_back(Object{{"role", "user"}, {"content", text}});
    }
    after_result_ = generic();
  }

  void called(Json message, const std::vector<Call>& calls) {
    after_result_ = false;
    if (generic()) {
      Array list;
      for (const Call& call : calls) {
        list.push_back(Object{{"name", call.name}, {"arguments", call.arguments}});
      }
      set(message, "content", write_json(Object{{"tool_calls", std::move(list)}}));
      erase(message, "tool_calls");
      out_.push_back(std::move(message));
      return;
    }
    if (format_.style == ToolStyle::kGlmPlain) {
      const std::string said = content_text(message);
      if (!said.empty()) out_.push_back(Object{{"role", "assistant"}, {"content", said}});
      for (const Call& call : calls) {
        out_.push_back(Object{{"role", "assistant"},
                              {"metadata", call.name},
                              {"content", write_json(call.arguments)}});
      }
      return;
    }
    Array list;
    for (const Call& call : calls) list.push_back(call_json(format_, call));
    set(message, "tool_calls", std::move(list));
    if (is_null(find_member(message, "content"))) set(message, "content", "");
    out_.push_back(std::move(message));
  }

  // Each call in a message of its own, followed by its results. Gives the last message used.
  std::size_t interleave(Array& messages, std::size_t at, const std::vector<Call>& calls) {
    std::size_t end = at + 1;
    while (end < messages.size() && role_of(messages[end]) == "tool") ++end;
    std::vector<bool> used(end - at, false);
    for (std::size_t i = 0; i < calls.size(); ++i) {
      Json message = messages[at];
      if (i > 0) set(message, "content", "");
      called(std::move(message), {calls[i]});
      for (std::size_t j = at + 1; j < end; ++j) {
        const std::string* id = as_string(find_member(messages[j], "tool_call_id"));
        const bool belongs = id != nullptr ? *id == calls[i].id : j - at - 1 == i;
        if (used[j - at] || !belongs) continue;
        used[j - at] = true;
        plain(messages[j]);
      }
    }
    for (std::size_t j = at + 1; j < end; ++j) {
      if (!used[j - at]) plain(std::move(messages[j]));
    }
    return end - 1;
  }

  // The tools themselves, where the template does not write them from `tools`.
  void offer() {
    if (format_.xml_tools) input_.extra.emplace_back("xml_tools", input_.tools);
    if (generic()) {
      instruct();
      input_.tools = nullptr;
    } else if (format_.tools_in_message) {
      auto& messages = std::get<Array>(input_.messages.value);
      if (messages.empty() || role_of(messages.front()) != "system") {
        messages.insert(messages.begin(), Object{{"role", "system"}, {"content", ""}});
      }
      set(messages.front(), "tools", input_.tools);
    }
  }

  void instruct() {
    std::string text = "You can call these tools, given with the JSON schema of their arguments:\n";
    for (const Tool& tool : read_tools(input_.tools)) {
      text += write_json(Object{
          {"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}});
      text += '\n';
    }
    text +=
        "Answer with one JSON object and nothing else. To call tools: "
        R"({"tool_calls": [{"name": "the tool's name", "arguments": {}}]}. )"
        R"(To answer the user: {"content": "your answer"}.)";
    auto& messages = std::get<Array>(input_.messages.value);
    const std::string role = format_.system_role ? "system" : "user";
    if (messages.empty() || role_of(messages.front()) != role) {
      messages.insert(messages.begin(), Object{{"role", role}, {"content", text}});
      return;
    }
    const std::string said = content_text(messages.front());
    set(messages.front(), "content",
        format_.system_role ? said + "\n\n" + text : text + "\n\n" + said);
  }

  const ToolFormat& format_;
  ChatInput& input_;
  Array out_;
  bool after_result_ = false;  // the last message is a result told as the user's
};

}  // namespace

void prepare_tools(const ToolFormat& format, ChatInput& input) {
  Preparer(format, input).run();
}

}  // namespace rocmforge::text
