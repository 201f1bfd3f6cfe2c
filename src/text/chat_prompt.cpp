#include "text/chat_prompt.h"

#include <algorithm>
#include <utility>

#include "text/control_guard.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text {
namespace {

// U+1D1DD, a symbol of old music: no letter and no space, and printable, so that no filter changes
// it, or writes it otherwise.
constexpr std::string_view kMark = "\xf0\x9d\x87\x9d";

// Names are keys, and the roles of messages: some of them a template knows.
enum class Kind { kText, kName };

// Calls visit(string, kind) for each string within.
template <class Visit>
void for_each_string(Json& json, const Visit& visit) {
  if (auto* text = std::get_if<std::string>(&json.value)) {
    visit(*text, Kind::kText);
  } else if (auto* array = std::get_if<Json::Array>(&json.value)) {
    for (Json& item : *array) for_each_string(item, visit);
  } else if (auto* object = std::get_if<Json::Object>(&json.value)) {
    for (auto& [key, value] : *object) {
      visit(key, Kind::kName);
      for_each_string(value, visit);
    }
  }
}

template <class Visit>
void for_each_string(ChatInput& input, const Visit& visit) {
  if (auto* messages = std::get_if<Json::Array>(&input.messages.value)) {
    for (Json& message : *messages) {
      auto* object = std::get_if<Json::Object>(&message.value);
      if (object == nullptr) {
        for_each_string(message, visit);
        continue;
      }
      for (auto& [key, value] : *object) {
        auto* role = key == "role" ? std::get_if<std::string>(&value.value) : nullptr;
        visit(key, Kind::kName);
        if (role != nullptr) {
          visit(*role, Kind::kName);
        } else {
          for_each_string(value, visit);
        }
      }
    }
  } else {
    for_each_string(input.messages, visit);
  }
  for_each_string(input.tools, visit);
  for_each_string(input.documents, visit);
  for (auto& [name, value] : input.extra) for_each_string(value, visit);
}

// Marks that follow one another in `text`, at most.
std::size_t longest_run(std::string_view text) {
  std::size_t longest = 0, run = 0;
  for (std::size_t pos = text.find(kMark); pos != std::string_view::npos;) {
    ++run;
    longest = std::max(longest, run);
    const std::size_t next = text.find(kMark, pos + kMark.size());
    if (next != pos + kMark.size()) run = 0;
    pos = next;
  }
  return longest;
}

// What goes on behind a prompt: "<think>\nthinking\n</think>\n\nanswer", as far as there is any.
std::string text_of(const BegunAnswer& begun, std::string_view prompt) {
  if (!begun.markers) return begun.answer;
  const bool opened = opens_thinking(prompt, *begun.markers);
  std::string out;
  if (!begun.thinking.empty() && !opened) out += begun.markers->open + "\n";
  out += begun.thinking;
  const bool thinks = opened || !begun.thinking.empty();
  if (thinks && !begun.answer.empty()) out += "\n" + begun.markers->close + "\n\n";
  return out + begun.answer;
}

}  // namespace

ChatPrompt encode_chat(const ChatTemplate& chat, ChatInput input, const Tokenizer& tokenizer,
                       BegunAnswer begun) {
  const auto token_text = [&](TokenId id) {
    return id == kNoToken ? std::string() : tokenizer.vocab().tokens[static_cast<std::size_t>(id)];
  };
  input.bos_token = token_text(tokenizer.vocab().bos);
  input.eos_token = token_text(tokenizer.vocab().eos);

  // One more than any text has: a run of as many is ours.
  std::size_t run = 0;
  const auto measure = [&](std::string& s, Kind) {
    s = jinja::to_well_formed(s);
    run = std::max(run, longest_run(s));
  };
  for_each_string(input, measure);
  measure(begun.thinking, Kind::kText);
  measure(begun.answer, Kind::kText);
  std::string mark;
  for (std::size_t i = 0; i <= run; ++i) mark += kMark;
  for_each_string(input, [&](std::string& s, Kind kind) {
    // What the template compares with, or writes a control token around.
    const bool is_known =
        kind == Kind::kName && is_plain_name(s) && chat.source().find(s) != std::string::npos;
    if (!is_known) s = tokenizer.without_control(s, mark);
  });

  ChatPrompt out;
  out.text = chat.render(input);
  begun.thinking = tokenizer.without_control(begun.thinking, mark);
  begun.answer = tokenizer.without_control(begun.answer, mark);
  out.text += text_of(begun, out.text);
  out.tokens =
      tokenizer.encode(out.text, {.add_special = false, .parse_special = true, .left_out = mark});
  const TokenId bos = tokenizer.vocab().bos;
  if (tokenizer.adds_bos() && (out.tokens.empty() || out.tokens.front() != bos)) {
    out.tokens.insert(out.tokens.begin(), bos);
  }
  for (std::size_t at = out.text.find(mark); at != std::string::npos; at = out.text.find(mark, at))
    out.text.erase(at, mark.size());
  return out;
}

}  // namespace rocmforge::text
