// Conversations: how a model's file says that they are written, and one that goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "text/chat_prompt.h"
#include "text/chat_template.h"
#include "text/json.h"
#include "text/thinking.h"
#include "text/tools/format.h"

namespace rocmforge::engine {

// tokenizer.chat_template, whose name is "default", and tokenizer.chat_template.NAME.
struct NamedTemplate {
  std::string name;
  std::string_view source;  // of the file
};
std::vector<NamedTemplate> chat_templates(const gguf::File& file);

struct ChatOptions {
  std::optional<text::ChatTemplate> chat_template = {};  // not set: the file's default
  // Further names for the template, such as enable_thinking.
  std::vector<std::pair<std::string, text::Json>> arguments = {};
  std::int32_t thinking_budget = -1;  // tokens; 0: none, below 0: any number
};

// What a model is to answer.
struct Conversation {
  text::Json::Array messages;
  text::Json tools = nullptr;  // a list of tools; null: none
  // Further names for the template; they win over those of ChatOptions.
  std::vector<std::pair<std::string, text::Json>> arguments = {};
  // The last message is the beginning of the answer, with "content", a text, and perhaps
  // "reasoning_content".
  bool continues = false;
};

// Immutable after construction, but for what is given by value.
class ChatFormat {
 public:
  // Error{kUnsupported} for a file without a template, where none is given; those of ChatTemplate.
  // The tokenizer outlives it.
  ChatFormat(const gguf::File& file, const text::Tokenizer& tokenizer, ChatOptions options);

  // `rest` with the prompt, and what is known of the thinking, that these messages make. Throws as
  // ChatTemplate::render does.
  Request request(const text::Json::Array& messages, Request rest) const {
    return request(Conversation{.messages = messages}, std::move(rest));
  }
  Request request(Conversation conversation, Request rest) const;
  // The prompt alone.
  text::ChatPrompt prompt(Conversation conversation) const;
  const std::string& source() const { return options_.chat_template->source(); }  // of the template
  // How the template has calls of tools written.
  const text::ToolFormat& tool_format() const { return tool_format_; }
  bool thinks() const { return markers_.has_value(); }
  // Whether the template's source has this name in it.
  bool names(std::string_view argument) const;

 private:
  const text::Tokenizer& tokenizer_;
  ChatOptions options_;
  text::ToolFormat tool_format_;
  std::optional<text::ThinkingMarkers> markers_;
  std::vector<text::TokenId> closing_;
};

// One conversation. What the KV cache holds of a turn's prompt, as rendered anew, is not run again.
class ChatSession {
 public:
  // Both outlive it. No other request runs on the engine where that has place for only one.
  ChatSession(Engine& engine, const ChatFormat& format)
      : engine_(engine), format_(format), cache_(engine.runner()) {}

  // Messages so far: {"role", "content"} each, and "reasoning_content" where there was thinking.
  const text::Json::Array& messages() const { return messages_; }
  // The first message; empty: none. It holds for the next answer on.
  void set_system(std::string text);
  const std::string& system() const { return system_; }
  // Forgets all but the system's message.
  void clear();
  bool empty() const { return messages_.size() == first(); }

  // What the user says, and the answer, which both become messages unless nothing came of it: the
  // request was rejected, failed, or was cancelled before the first text. `how`: a request without
  // a prompt. A max_tokens of 0 allows as many as the context holds.
  Result say(std::string text, const Request& how, TextSinks sinks,
             const std::atomic<bool>* cancel = nullptr);
  // Another answer in place of the last one; there must be one (checked).
  Result say_again(const Request& how, TextSinks sinks, const std::atomic<bool>* cancel = nullptr);

 private:
  std::size_t first() const { return system_.empty() ? 0 : 1; }
  Result answer(const Request& how, TextSinks sinks, const std::atomic<bool>* cancel);

  Engine& engine_;
  const ChatFormat& format_;
  KvCache cache_;
  std::string system_;
  text::Json::Array messages_;
};

}  // namespace rocmforge::engine
