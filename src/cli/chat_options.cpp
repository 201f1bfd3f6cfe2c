#include "cli/chat_options.h"

#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "cli/help.h"
#include "cli/input.h"
#include "cli/json.h"
#include "cli/named_templates.h"
#include "cli/output.h"

namespace rocmforge::cli {
namespace {

constexpr const char* kChatGroup = "Conversation";
constexpr const char* kThinkName = "enable_thinking";

// --chat-template: one of the GGUF's names, else that of a well-known format, else a file.
text::ChatTemplate chosen_template(const std::string& choice, const gguf::File& file) {
  std::string names;
  for (const engine::NamedTemplate& t : engine::chat_templates(file)) {
    if (t.name == choice) return {t.source, file.path() + ": chat template " + t.name};
    names += (names.empty() ? "" : ", ") + t.name;
  }
  if (const FormatTemplate* format = find_named_template(choice)) {
    return {std::string(format->source), "chat template " + choice};
  }
  if (choice.find("{{") != std::string::npos || choice.find("{%") != std::string::npos) {
    throw Error(ErrorCode::kUsage,
                "--chat-template: this is a template itself; write it to a file and give its path");
  }
  std::error_code ignored;
  if (!std::filesystem::exists(choice, ignored)) {
    throw Error(ErrorCode::kNotFound,
                "--chat-template: " + choice +
                    ": there is no such file, nor a template of that name in " + file.path() +
                    " (it has " + (names.empty() ? "none" : names) +
                    "); formats known here: " + named_template_names());
  }
  return {read_text(choice), choice};
}

}  // namespace

void add_chat_options(CLI::App& command, ChatFlags& flags) {
  const auto add = [&command](const char* names, std::string& value, const char* type,
                              const std::string& description) {
    return command.add_option(names, value, description)->type_name(type)->group(kChatGroup);
  };
  add("--system", flags.system, "TEXT", "What the model is told before the conversation");
  add("--chat-template", flags.chat_template, "FILE|NAME",
      std::string("Jinja template instead of the GGUF's default: a file, a name in the GGUF,\n") +
          "or a format by name:\n" + wrapped(named_template_names()))
      ->check(not_empty_path());
  add("--think", flags.think, "on|off",
      "Whether a thinking model is to think (the template's enable_thinking)")
      ->check(one_of({"on", "off"}));
  command
      .add_option("--reasoning-budget", flags.reasoning_budget,
                  "End the thinking after N tokens; 0: at once, -1: never")
      ->type_name("N")
      ->transform(whole_number(-1, 1 << 24))
      ->capture_default_str()
      ->group(kChatGroup);
  command.add_flag("--hide-thinking", flags.hide_thinking, "Show the answer alone")
      ->group(kChatGroup);
  command
      .add_option("--template-arg", flags.arguments,
                  "A further name for the template, and its value; may be given several times")
      ->type_name("KEY=JSON")
      ->allow_extra_args(false)
      ->group(kChatGroup);
}

const CLI::Option* given_chat_option(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group() == kChatGroup && option->count() > 0) return option;
  }
  return nullptr;
}

std::vector<std::pair<std::string, text::Json>> template_arguments(const ChatFlags& flags) {
  std::vector<std::pair<std::string, text::Json>> out;
  if (!flags.think.empty()) out.emplace_back(kThinkName, flags.think == "on");
  for (const std::string& argument : flags.arguments) {
    const std::size_t sign = argument.find('=');
    if (sign == std::string::npos || sign == 0) {
      throw Error(ErrorCode::kUsage, "--template-arg: \"" + argument +
                                         "\" is not KEY=JSON, as in enable_thinking=false");
    }
    const auto value = parse_json(std::string_view(argument).substr(sign + 1));
    if (!value) {
      throw Error(ErrorCode::kUsage, "--template-arg: " + argument.substr(0, sign) + ": \"" +
                                         argument.substr(sign + 1) +
                                         "\" is not JSON (a text needs quotes of its own)");
    }
    out.emplace_back(argument.substr(0, sign), *value);
  }
  return out;
}

engine::ChatFormat make_chat_format(const ChatFlags& flags, const gguf::File& file,
                                    const text::Tokenizer& tokenizer) {
  engine::ChatOptions options;
  if (!flags.chat_template.empty()) {
    options.chat_template.emplace(chosen_template(flags.chat_template, file));
  }
  options.arguments = template_arguments(flags);
  options.thinking_budget = static_cast<std::int32_t>(flags.reasoning_budget);
  engine::ChatFormat format(file, tokenizer, std::move(options));
  if (!flags.think.empty() && !format.names(kThinkName)) {
    print_note("--think " + flags.think + ": the model's chat template does not ask for it" +
               (flags.think == "off" && format.thinks() ? "; --reasoning-budget 0 ends the thinking"
                                                        : ""));
  }
  return format;
}

text::Json::Array first_messages(const ChatFlags& flags, std::string prompt) {
  text::Json::Array out;
  if (!flags.system.empty()) {
    out.emplace_back(text::Json::Object{{"role", "system"}, {"content", flags.system}});
  }
  out.emplace_back(text::Json::Object{{"role", "user"}, {"content", std::move(prompt)}});
  return out;
}

}  // namespace rocmforge::cli
