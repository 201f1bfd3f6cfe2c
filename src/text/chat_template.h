// Chat templates: Jinja as model files carry it, rendered as transformers does (a sandbox in which
// nothing can be changed, trim_blocks, lstrip_blocks, loop controls, tojson, raise_exception and
// strftime_now; the `generation` block is rendered as it stands).
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/json.h"

namespace rocmforge::text {

struct ChatInput {
  // Objects with "role", "content" (a string, null, or a list of parts) and what else the template
  // knows: "tool_calls", "tool_call_id", "reasoning_content", ...
  Json messages = Json::Array{};
  Json tools;      // a list of tools; null: none
  Json documents;  // null: none
  bool add_generation_prompt = false;
  std::string bos_token, eos_token;
  // Further names, such as enable_thinking; they win over those above.
  std::vector<std::pair<std::string, Json>> extra;
  // What strftime_now tells; without it the local time.
  std::optional<std::tm> now;
};

class ChatTemplate {
 public:
  // Parses. Throws Error{kFormat} that names `name` and the line where the source is wrong, or
  // Error{kUnsupported} for tags that it does not know what to do with (include, import, ...).
  ChatTemplate(std::string_view source, std::string name);
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  // Throws Error{kInvalidArgument} with name, line and message where the template fails: by
  // raise_exception, by what python would refuse, or by a limit (steps, recursion, memory, output).
  // Ill-formed UTF-8 in the input is read as U+FFFD. Safe from several threads at once.
  std::string render(const ChatInput& input) const;

  const std::string& source() const { return source_; }

 private:
  struct Parsed;
  std::string source_, name_;
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace rocmforge::text
