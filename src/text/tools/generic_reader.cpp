// {"tool_calls": [{"name": ..., "arguments": {...}}, ...]} or {"content": "..."}: the form that is
// asked for where a template knows no tools. The content comes out as the text that it says.
#include <optional>

#include "text/jinja/unicode.h"
#include "text/json_text.h"
#include "text/tools/call_object.h"

namespace rocmforge::text {
namespace {

int hex_value(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

class GenericReader final : public BlockReader {
 public:
  explicit GenericReader(const std::vector<Tool>& tools) : tools_(tools) {}

  Result read(std::string_view text, bool at_end, ToolSink& sink) override {
    if (at_ == At::kContent) return read_content(text, at_end, sink);
    if (at_ == At::kCall) return read_call(text, sink);
    const std::size_t n = count_spaces(text);
    const std::string_view rest = text.substr(n);
    if (rest.empty()) return {n, State::kMore};
    const char c = rest.front();
    switch (at_) {
      case At::kOpen:
        return c == '{' ? on(n + 1, At::kKey) : Result{n, State::kBad};
      case At::kKey: {
        const Result result = read_key(rest);
        return {n + result.used, result.state};
      }
      case At::kColon:
        return c == ':' ? on(n + 1, At::kValue) : Result{n, State::kBad};
      case At::kValue:
        if (c != (calls_ ? '[' : '"')) return {n, State::kBad};
        return on(n + 1, calls_ ? At::kCallOrEnd : At::kContent);
      case At::kCallOrEnd:
      case At::kNextCall:
        if (c == ']') return on(n + 1, At::kNext);
        if (at_ == At::kNextCall && c != ',') return {n, State::kBad};
        object_.emplace(tools_, false);
        if (at_ == At::kCallOrEnd) return on(n, At::kCall);
        at_ = At::kBeforeCall;
        return {n + 1, State::kOn};
      case At::kBeforeCall:
        return on(n, At::kCall);
      case At::kNext:
        if (c == '}') return {n + 1, State::kDone};
        return c == ',' ? on(n + 1, At::kKey) : Result{n, State::kBad};
      default:
        return {n, State::kBad};
    }
  }

 private:
  enum class At {
    kOpen,
    kKey,
    kColon,
    kValue,
    kContent,
    kCallOrEnd,
    kBeforeCall,
    kCall,
    kNextCall,
    kNext
  };

  Result on(std::size_t used, At at) {
    at_ = at;
    return {used, State::kOn};
  }

  Result read_key(std::string_view text) {
    for (const bool calls : {true, false}) {
      const std::string_view key = calls ? "\"tool_calls\"" : "\"content\"";
      const Starts starts = starts_with(text, key);
      if (starts == Starts::kNo) continue;
      if (starts == Starts::kPartly) return {0, State::kMore};
      bool& seen = calls ? seen_calls_ : seen_content_;
      if (seen) break;
      seen = true;
      calls_ = calls;
      return on(key.size(), At::kColon);
    }
    return {0, State::kBad};
  }

  Result read_call(std::string_view text, ToolSink& sink) {
    Result result = object_->read(text, sink);
    if (result.state != State::kDone) return result;
    sink.end();
    return on(result.used, At::kNextCall);
  }

  // The bytes of the escape at the beginning of `text`, and what it says; 0 where there is not
  // enough of it, npos where it is none.
  static std::size_t read_escape(std::string_view text, std::string& out) {
    constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
    if (text.size() < 2) return 0;
    if (const std::size_t i = kFrom.find(text[1]); i != std::string_view::npos) {
      out += kTo[i];
      return 2;
    }
    if (text[1] != 'u') return std::string_view::npos;
    const int first = hex_value(text.substr(2, 4));
    if (first < 0) return std::string_view::npos;
    if (text.size() < 6) return 0;
    auto code = static_cast<char32_t>(first);
    if (code < 0xd800 || code >= 0xe000) {
      jinja::append_utf8(out, code);
      return 6;
    }
    const std::string_view next = text.substr(6);
    const bool pair = code < 0xdc00 && starts_with(next.substr(0, 2), "\\u") != Starts::kNo;
    if (pair && next.size() < 6 &&
        hex_value(next.substr(std::min<std::size_t>(2, next.size()))) >= 0) {
      return 0;
    }
    const int second = pair && next.size() >= 6 ? hex_value(next.substr(2, 4)) : -1;
    if (second >= 0xdc00 && second < 0xe000) {
      jinja::append_utf8(
          out, 0x10000 + ((code - 0xd800) << 10) + (static_cast<char32_t>(second) - 0xdc00));
      return 12;
    }
    jinja::append_utf8(out, 0xfffd);  // half a pair
    return 6;
  }

  // Control characters as they stand are taken too.
  static Result finish_content(std::size_t used, State state, const std::string& out,
                               ToolSink& sink) {
    if (used > 0) sink.content(out);
    return {used, state};
  }

  Result read_content(std::string_view text, bool at_end, ToolSink& sink) {
    std::string out;
    std::size_t used = 0;
    while (used < text.size()) {
      const std::size_t end = std::min(text.find_first_of("\"\\", used), text.size());
      out += text.substr(used, end - used);
      used = end;
      if (used == text.size()) break;
      if (text[used] == '"') {
        sink.content(out);
        return on(used + 1, At::kNext);
      }
      const std::size_t n = read_escape(text.substr(used), out);
      if (n == 0 && !at_end) break;
      // Told first: the next read finds it again.
      if (n == std::string_view::npos || n == 0) {
        return finish_content(used, used > 0 ? State::kOn : State::kBad, out, sink);
      }
      used += n;
    }
    return finish_content(used, State::kMore, out, sink);
  }

  const std::vector<Tool>& tools_;
  At at_ = At::kOpen;
  bool calls_ = false;  // the member is the calls, or else the content
  bool seen_calls_ = false, seen_content_ = false;
  std::optional<CallObject> object_;
};

}  // namespace

std::unique_ptr<BlockReader> make_generic_reader(const std::vector<Tool>& tools) {
  return std::make_unique<GenericReader>(tools);
}

}  // namespace rocmforge::text
