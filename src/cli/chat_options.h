// What `generate --chat` and `chat` have in common: the template, its arguments, thinking.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/chat.h"

namespace rocmforge::cli {

struct ChatFlags {
  std::string chat_template;           // a file, or a name of the GGUF's; empty: its default
  std::string system;                  // empty: no system message
  std::string think;                   // "on", "off"; empty: as the template has it
  std::vector<std::string> arguments;  // KEY=JSON
  std::int64_t reasoning_budget = -1;
  bool hide_thinking = false;
};

void add_chat_options(CLI::App& command, ChatFlags& flags);
// The first of these options that was given; null: none was.
const CLI::Option* given_chat_option(const CLI::App& command);

// Of --template-arg and --think; before a model is loaded. Error{kUsage} naming the argument.
std::vector<std::pair<std::string, text::Json>> template_arguments(const ChatFlags& flags);
// Errors name --chat-template, or the model's file where that has none. `tokenizer` outlives it.
// Says on stderr where --think has no effect.
engine::ChatFormat make_chat_format(const ChatFlags& flags, const gguf::File& file,
                                    const text::Tokenizer& tokenizer);
// The system's message, if any, and the user's.
text::Json::Array first_messages(const ChatFlags& flags, std::string prompt);

}  // namespace rocmforge::cli
