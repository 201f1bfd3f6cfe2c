#include "engine/chat.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "engine/setting.h"

namespace rocmforge::engine {
namespace {

using text::Json;

constexpr std::string_view kTemplateKey = "tokenizer.chat_template";

std::string template_key(const NamedTemplate& t) {
  return std::string(kTemplateKey) + (t.name == "default" ? "" : "." + t.name);
}

text::ChatTemplate file_template(const gguf::File& file) {
  const std::vector<NamedTemplate> all = chat_templates(file);
  for (const NamedTemplate& t : all) {
    if (t.name == "default") return {t.source, file.path() + ": " + template_key(t)};
  }
  if (all.size() == 1) return {all[0].source, file.path() + ": " + template_key(all[0])};
  std::string names;
  for (const NamedTemplate& t : all) names += (names.empty() ? "" : ", ") + t.name;
  throw SettingError(
      ErrorCode::kUnsupported,
      "[engine] " + file.path() + ": " + std::string(kTemplateKey) + ": missing; " +
          (all.empty() ? "the model has no chat template: give one" : "choose one of " + names),
      {{Setting::kChatTemplate}});
}

// Empty where there is none.
std::string text_member(const Json& message, std::string_view name) {
  const auto* object = std::get_if<Json::Object>(&message.value);
  if (object == nullptr) return "";
  for (const auto& [key, value] : *object) {
    const auto* text = std::get_if<std::string>(&value.value);
    if (key == name && text != nullptr) return *text;
  }
  return "";
}

Json message(const char* role, std::string content) {
  return Json::Object{{"role", role}, {"content", std::move(content)}};
}

}  // namespace

std::vector<NamedTemplate> chat_templates(const gguf::File& file) {
  std::vector<NamedTemplate> out;
  if (const auto source = file.get_string(kTemplateKey)) out.push_back({"default", *source});
  const std::string prefix = std::string(kTemplateKey) + ".";
  for (const gguf::KeyValue& kv : file.metadata()) {
    if (!std::string_view(kv.key).starts_with(prefix)) continue;
    if (const auto source = file.get_string(kv.key)) {
      out.push_back({std::string(kv.key.substr(prefix.size())), *source});
    }
  }
  return out;
}

ChatFormat::ChatFormat(const gguf::File& file, const text::Tokenizer& tokenizer,
                       ChatOptions options)
    : tokenizer_(tokenizer), options_(std::move(options)) {
  if (!options_.chat_template) options_.chat_template.emplace(file_template(file));
  tool_format_ = text::find_tool_format(*options_.chat_template);
  markers_ = text::find_thinking_markers(options_.chat_template->source(), [&](std::string_view t) {
    return tokenizer.find_token(t) != text::kNoToken;
  });
  if (!markers_) return;
  // As models write it themselves.
  closing_ = tokenizer.encode("\n" + markers_->close + "\n\n",
                              {.add_special = false, .parse_special = true});
}

bool ChatFormat::names(std::string_view argument) const {
  return options_.chat_template->source().find(argument) != std::string::npos;
}

text::ChatPrompt ChatFormat::prompt(Conversation conversation) const {
  text::ChatInput input;
  std::string reasoning, said;
  if (conversation.continues) {
    check(!conversation.messages.empty(), "a conversation without messages goes on with none");
    reasoning = text_member(conversation.messages.back(), "reasoning_content");
    said = text_member(conversation.messages.back(), "content");
    conversation.messages.pop_back();
  }
  input.messages = std::move(conversation.messages);
  input.tools = std::move(conversation.tools);
  input.add_generation_prompt = true;
  input.extra = options_.arguments;
  for (auto& [name, value] : conversation.arguments) {
    std::erase_if(input.extra, [&](const auto& other) { return other.first == name; });
    input.extra.emplace_back(std::move(name), std::move(value));
  }
  if (!conversation.continues || !markers_) {
    return text::encode_chat(*options_.chat_template, std::move(input), tokenizer_,
                             {.answer = said});
  }
  return text::encode_chat(*options_.chat_template, std::move(input), tokenizer_,
                           {.thinking = reasoning, .answer = said, .markers = markers_});
}

Request ChatFormat::request(Conversation conversation, Request rest) const {
  const bool answer_begun = conversation.continues && !conversation.messages.empty() &&
                            !text_member(conversation.messages.back(), "content").empty();
  text::ChatPrompt made = prompt(std::move(conversation));
  rest.prompt = std::move(made.tokens);
  rest.thinking.reset();
  if (markers_ && !answer_begun) {
    rest.thinking = {.markers = *markers_,
                     .opened = text::opens_thinking(made.text, *markers_),
                     .budget = options_.thinking_budget,
                     .closing = closing_};
  }
  return rest;
}

void ChatSession::set_system(std::string text) {
  messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(first()));
  system_ = std::move(text);
  if (!system_.empty()) messages_.insert(messages_.begin(), message("system", system_));
}

void ChatSession::clear() {
  messages_.resize(first());
}

Result ChatSession::say(std::string text, const Request& how, TextSinks sinks,
                        const std::atomic<bool>* cancel) {
  messages_.push_back(message("user", std::move(text)));
  const std::size_t asked = messages_.size();
  try {
    Result result = answer(how, std::move(sinks), cancel);
    if (messages_.size() == asked) messages_.pop_back();
    return result;
  } catch (...) {
    messages_.resize(asked - 1);
    throw;
  }
}

Result ChatSession::say_again(const Request& how, TextSinks sinks,
                              const std::atomic<bool>* cancel) {
  check(!empty(), "an answer is asked for again before the first");
  const Json last = messages_.back();
  messages_.pop_back();
  const std::size_t asked = messages_.size();
  try {
    Result result = answer(how, std::move(sinks), cancel);
    if (messages_.size() == asked) messages_.push_back(last);
    return result;
  } catch (...) {
    messages_.resize(asked);
    messages_.push_back(last);
    throw;
  }
}

Result ChatSession::answer(const Request& how, TextSinks sinks, const std::atomic<bool>* cancel) {
  Request request = format_.request(messages_, how);
  const std::int32_t n_ctx = engine_.runner().n_ctx();
  if (request.max_tokens == 0) request.max_tokens = n_ctx + 1;
  if (std::ssize(request.prompt) > n_ctx) {
    return Rejected{.message = "the conversation has " + std::to_string(request.prompt.size()) +
                               " tokens, more than the context of " + std::to_string(n_ctx),
                    .context_full = true};
  }
  Result result =
      engine_.answer(request, {.sinks = std::move(sinks), .cancel = cancel, .cache = &cache_});
  const auto* done = std::get_if<Completion>(&result);
  if (done == nullptr || done->reason == FinishReason::kFailed) return result;
  const bool cut = done->reason == FinishReason::kCancelled;
  if (cut && done->text.empty() && done->thinking.empty()) return result;
  Json::Object said = {{"role", "assistant"}, {"content", done->text}};
  if (!done->thinking.empty()) said.emplace_back("reasoning_content", done->thinking);
  messages_.emplace_back(std::move(said));
  return result;
}

}  // namespace rocmforge::engine
