// Any bytes as a chat template: parsed, and rendered over one conversation with small limits.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "text/jinja/ast.h"
#include "text/jinja/interpreter.h"
#include "text/utf8.h"

namespace {

using namespace rocmforge::text;
using jinja::Value;

jinja::Dict message(const char* role, const char* content) {
  jinja::Dict out;
  out.set("role", Value::string(role));
  out.set("content", Value::string(content));
  return out;
}

jinja::Dict conversation() {
  jinja::Dict call = message("assistant", "<think>x</think>\n\nyes \xc3\xa9");
  call.set("tool_calls", Value::list({Value::dict(message("name", "arguments"))}));
  jinja::Dict out;
  out.set("messages", Value::list({Value::dict(message("system", "Be brief.")),
                                   Value::dict(message("user", " Hi ")), Value::dict(call)}));
  out.set("tools", Value::list({Value::dict(message("a", "b"))}));
  out.set("x", Value::number(2.5));
  out.set("i", Value::integer(7));
  out.set("add_generation_prompt", Value::boolean(true));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  if (find_invalid_utf8(source) != std::string_view::npos) return 0;
  try {
    const jinja::Block block = jinja::parse(source);
    const jinja::Budget budget(
        {.steps = 20000, .memory_bytes = 8u << 20, .string_bytes = 1u << 20});
    jinja::Interpreter interpreter(std::tm{});
    const std::string out = interpreter.render(block, conversation());
    rocmforge::check(find_invalid_utf8(out) == std::string::npos, "the output is UTF-8");
  } catch (const jinja::SyntaxError&) {
  } catch (const jinja::Failure&) {
  }
  return 0;
}
