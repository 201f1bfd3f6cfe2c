#include "text/chat_template.h"

#include <algorithm>

#include "base/error.h"
#include "text/jinja/ast.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/unicode.h"
#include "text/utf8.h"

namespace rocmforge::text {
namespace {

// Far above any template in use (the largest known have 20 KiB).
constexpr std::size_t kMaxSource = std::size_t{4} << 20;
// Of a message: errors stay readable whatever the template says.
constexpr std::size_t kMaxMessage = 300;

std::string place(const std::string& name, int line) {
  return "[text] " + name + ": line " + std::to_string(line) + ": ";
}

std::string shortened(std::string message) {
  if (message.size() <= kMaxMessage) return message;
  std::size_t end = kMaxMessage;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) --end;
  return message.substr(0, end) + "...";
}

jinja::Value to_value(const Json& json, int depth) {
  using jinja::Value;
  if (depth > jinja::kMaxValueDepth) {
    jinja::fail("the input nests deeper than " + std::to_string(jinja::kMaxValueDepth) + " levels");
  }
  struct Convert {
    int depth;
    Value operator()(std::nullptr_t) const { return Value::none(); }
    Value operator()(bool b) const { return Value::boolean(b); }
    Value operator()(std::int64_t i) const { return Value::integer(i); }
    Value operator()(std::uint64_t i) const { return Value::integer(i); }
    Value operator()(double d) const { return Value::number(d); }
    Value operator()(const std::string& s) const { return Value::string(jinja::to_well_formed(s)); }
    Value operator()(const Json::Array& a) const {
      std::vector<Value> items;
      items.reserve(a.size());
      for (const Json& item : a) items.push_back(to_value(item, depth + 1));
      return Value::list(std::move(items));
    }
    Value operator()(const Json::Object& o) const {
      jinja::Dict dict;
      dict.reserve(o.size());
      for (const auto& [key, value] : o) {
        dict.set(jinja::to_well_formed(key), to_value(value, depth + 1));
      }
      return Value::dict(std::move(dict));
    }
  };
  return std::visit(Convert{depth}, json.value);
}

jinja::Dict variables(const ChatInput& input) {
  using jinja::Value;
  jinja::Dict out;
  out.set("messages", to_value(input.messages, 1));
  out.set("tools", to_value(input.tools, 1));
  out.set("documents", to_value(input.documents, 1));
  out.set("add_generation_prompt", Value::boolean(input.add_generation_prompt));
  out.set("bos_token", Value::string(jinja::to_well_formed(input.bos_token)));
  out.set("eos_token", Value::string(jinja::to_well_formed(input.eos_token)));
  for (const auto& [name, value] : input.extra) out.set(name, to_value(value, 1));
  return out;
}

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm out{};
  localtime_r(&now, &out);
  return out;
}

}  // namespace

struct ChatTemplate::Parsed {
  jinja::Block block;
};

ChatTemplate::ChatTemplate(std::string_view source, std::string name)
    : source_(source), name_(std::move(name)), parsed_(std::make_unique<Parsed>()) {
  if (source_.size() > kMaxSource) {
    throw Error(ErrorCode::kFormat, place(name_, 1) + "the template has " +
                                        std::to_string(source_.size()) + " bytes, more than " +
                                        std::to_string(kMaxSource));
  }
  if (const std::size_t bad = find_invalid_utf8(source_); bad != std::string::npos) {
    const auto lines =
        std::count(source_.begin(), source_.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
    throw Error(ErrorCode::kFormat, place(name_, static_cast<int>(lines) + 1) + "byte " +
                                        std::to_string(bad) + " is not UTF-8");
  }
  try {
    parsed_->block = jinja::parse(source_);
  } catch (const jinja::SyntaxError& e) {
    throw Error(e.unsupported ? ErrorCode::kUnsupported : ErrorCode::kFormat,
                place(name_, e.line) + shortened(e.what()));
  }
}

ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

std::string ChatTemplate::render(const ChatInput& input) const {
  const jinja::Budget budget{jinja::Limits{}};
  jinja::Interpreter interpreter(input.now ? *input.now : local_time());
  try {
    return interpreter.render(parsed_->block, variables(input));
  } catch (const jinja::Failure& e) {
    throw Error(ErrorCode::kInvalidArgument,
                place(name_, interpreter.line()) + shortened(e.what()));
  }
}

}  // namespace rocmforge::text
