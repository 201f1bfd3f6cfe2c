#include "text/chat_prompt.h"

#include <algorithm>
#include <utility>

#include "text/jinja/unicode.h"

namespace rocmforge::text {
namespace {

// U+FDD0, which is no character and never will be (Unicode 15, section 23.7).
constexpr std::string_view kMark = "\xef\xb7\x90";

// Calls `visit` for each string within, but for keys and the roles of messages.
template <class Visit>
void for_each_string(Json& json, const Visit& visit) {
  if (auto* text = std::get_if<std::string>(&json.value)) {
    visit(*text);
  } else if (auto* array = std::get_if<Json::Array>(&json.value)) {
    for (Json& item : *array) for_each_string(item, visit);
  } else if (auto* object = std::get_if<Json::Object>(&json.value)) {
    for (auto& [key, value] : *object) {
      if (key != "role") for_each_string(value, visit);
    }
  }
}

template <class Visit>
void for_each_string(ChatInput& input, const Visit& visit) {
  for_each_string(input.messages, visit);
  for_each_string(input.tools, visit);
  for_each_string(input.documents, visit);
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

}  // namespace

ChatPrompt encode_chat(const ChatTemplate& chat, ChatInput input, const Tokenizer& tokenizer) {
  const auto text_of = [&](TokenId id) {
    return id == kNoToken ? std::string() : tokenizer.vocab().tokens[static_cast<std::size_t>(id)];
  };
  input.bos_token = text_of(tokenizer.vocab().bos);
  input.eos_token = text_of(tokenizer.vocab().eos);

  // One more than any text has: a run of as many is ours.
  std::size_t run = 0;
  for_each_string(input, [&](std::string& s) {
    s = jinja::to_well_formed(s);
    run = std::max(run, longest_run(s));
  });
  std::string mark;
  for (std::size_t i = 0; i <= run; ++i) mark += kMark;
  for_each_string(input, [&](std::string& s) { s = tokenizer.without_control(s, mark); });

  ChatPrompt out;
  out.text = chat.render(input);
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
