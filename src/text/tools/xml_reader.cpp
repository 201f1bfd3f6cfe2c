// Calls with a tag an argument: Qwen3-Coder and GLM-4.5 on. The values are plain texts.
#include <algorithm>
#include <set>

#include "text/json_text.h"
#include "text/tools/argument_value.h"
#include "text/tools/block_reader.h"

namespace rocmforge::text {
namespace {

struct Shape {
  std::string_view name_open;  // before the function's name, after <tool_call>
  std::string_view name_end;   // characters one of which ends it
  bool name_end_used;          // it is part of the name's tag
  std::string_view key_open, key_close;
  std::string_view value_open;  // after white space; may be empty
  std::string_view value_close;
  std::string_view finish;  // after the last argument
  std::string_view last;    // after finish; may be empty
  bool lines;               // the value's text stands between two line ends that are none of it
};

constexpr Shape kQwen = {.name_open = "<function=",
                         .name_end = ">",
                         .name_end_used = true,
                         .key_open = "<parameter=",
                         .key_close = ">",
                         .value_open = "",
                         .value_close = "</parameter>",
                         .finish = "</function>",
                         .last = "</tool_call>",
                         .lines = true};
constexpr Shape kGlm = {.name_open = "",
                        .name_end = "<\n",
                        .name_end_used = false,
                        .key_open = "<arg_key>",
                        .key_close = "</arg_key>",
                        .value_open = "<arg_value>",
                        .value_close = "</arg_value>",
                        .finish = "</tool_call>",
                        .last = "",
                        .lines = false};

// Names of functions and arguments are short: beyond this it is no call.
constexpr std::size_t kMaxName = 1024;
// Between the end of a value and the next tag: what is looked at again with every piece.
constexpr std::size_t kMaxSpaces = 256;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = count_spaces(text);
  return text.substr(begin, text.find_last_not_of(kToolSpaces) + 1 - std::min(begin, text.size()));
}

class XmlReader final : public BlockReader {
 public:
  // `in_tag`: name_open is used already.
  XmlReader(const Shape& shape, bool in_tag, const std::vector<Tool>& tools)
      : shape_(shape), tools_(tools), at_(in_tag ? At::kName : At::kBefore) {}

  Result read(std::string_view text, bool at_end, ToolSink& sink) override {
    switch (at_) {
      case At::kBefore:
        return expect(text, shape_.name_open, At::kName);
      case At::kName:
        return read_name(text, sink);
      case At::kNext:
        return read_next(text, sink);
      case At::kKey:
        return read_key(text);
      case At::kBeforeValue:
        return expect(text, shape_.value_open, At::kValue);
      case At::kValue:
        return read_value(text, sink);
      case At::kLast:
        break;
    }
    return read_last(text, at_end, sink);
  }

 private:
  enum class At { kBefore, kName, kNext, kKey, kBeforeValue, kValue, kLast };

  Result on(std::size_t used, At at) {
    at_ = at;
    return {used, State::kOn};
  }

  Result expect(std::string_view text, std::string_view literal, At then) {
    if (literal.empty()) return on(0, then);
    const std::size_t n = count_spaces(text);
    switch (starts_with(text.substr(n), literal)) {
      case Starts::kYes:
        return on(n + literal.size(), then);
      case Starts::kPartly:
        return {n, State::kMore};
      case Starts::kNo:
        break;
    }
    return {n, State::kBad};
  }

  Result read_name(std::string_view text, ToolSink& sink) {
    // Before GLM's name there may be a line's end.
    if (const std::size_t n = count_spaces(text); n > 0) return {n, State::kOn};
    const std::size_t end = text.find_first_of(shape_.name_end);
    if (end == std::string_view::npos) {
      return {0, text.size() > kMaxName ? State::kBad : State::kMore};
    }
    tool_ = find_tool(tools_, trimmed(text.substr(0, end)));
    if (tool_ == nullptr) return {end, State::kBad};
    sink.begin(tool_->name);
    return on(end + (shape_.name_end_used ? 1 : 0), At::kNext);
  }

  // Another argument, or the end.
  Result read_next(std::string_view text, ToolSink& sink) {
    const std::size_t n = count_spaces(text);
    const std::string_view rest = text.substr(n);
    const Starts key = starts_with(rest, shape_.key_open);
    if (key == Starts::kYes) return on(n + shape_.key_open.size(), At::kKey);
    const Starts finish = starts_with(rest, shape_.finish);
    if (finish == Starts::kYes) {
      sink.arguments(keys_.empty() ? "{}" : "}");
      return on(n + shape_.finish.size(), At::kLast);
    }
    const bool partly = key == Starts::kPartly || finish == Starts::kPartly;
    return {n, partly ? State::kMore : State::kBad};
  }

  Result read_key(std::string_view text) {
    const std::size_t end = text.find(shape_.key_close);
    if (end == std::string_view::npos) {
      return {0, text.size() > kMaxName ? State::kBad : State::kMore};
    }
    key_ = trimmed(text.substr(0, end));
    if (!keys_.insert(key_).second) return {end, State::kBad};
    string_only_ = is_string_only(tool_->parameters, key_);
    value_.clear();
    value_begun_ = head_written_ = false;
    return on(end + shape_.key_close.size(), At::kBeforeValue);
  }

  // Of `text`, how much is certain to be of the value. `closed`: the value ends there, and
  // `close_bytes` follow that are none of it. A closing tag counts as one only where another
  // argument or the end follows it, so that a value may hold such a tag.
  struct Extent {
    std::size_t n = 0;
    bool closed = false;
    std::size_t close_bytes = 0;
  };
  Extent find_end(std::string_view text) const {
    std::size_t from = 0;
    while (true) {
      from = std::min(text.find('<', from), text.size());
      const std::string_view rest = text.substr(from);
      Starts starts = starts_with(rest, shape_.value_close);
      if (starts == Starts::kYes) {
        const std::string_view after = rest.substr(shape_.value_close.size());
        const std::size_t n_spaces = count_spaces(after);
        const std::string_view next = after.substr(n_spaces);
        starts = n_spaces > kMaxSpaces ? Starts::kNo
                                       : std::min(starts_with(next, shape_.key_open),  // yes first
                                                  starts_with(next, shape_.finish));
      }
      if (starts == Starts::kNo) {
        ++from;
        continue;
      }
      // A line's end before the tag is none of the value.
      const std::size_t line = shape_.lines && from > 0 && text[from - 1] == '\n' ? 1 : 0;
      if (starts == Starts::kYes) {
        return {from - line, true, line + shape_.value_close.size()};
      }
      return {from - line};
    }
  }

  Result read_value(std::string_view text, ToolSink& sink) {
    if (!value_begun_) {
      if (text.empty()) return {0, State::kMore};
      value_begun_ = true;
      if (shape_.lines && text.front() == '\n') return on(1, At::kValue);
    }
    const Extent extent = find_end(text);
    const std::string_view part = text.substr(0, extent.n);
    if (string_only_) {
      if (!part.empty() || extent.closed) write(head() + escape_json(part), sink);
      if (extent.closed) write("\"", sink);
    } else {
      value_ += part;
      if (extent.closed) write(head() + argument_json(tool_->parameters, key_, value_), sink);
    }
    if (!extent.closed) return {extent.n, State::kMore};
    return on(extent.n + extent.close_bytes, At::kNext);
  }

  // What stands before the value, once.
  std::string head() {
    if (head_written_) return "";
    head_written_ = true;
    std::string out = keys_.size() == 1 ? "{" : ", ";
    out += quote_json(key_);
    out += string_only_ ? ": \"" : ": ";
    return out;
  }

  static void write(std::string_view text, ToolSink& sink) { sink.arguments(text); }

  Result read_last(std::string_view text, bool at_end, ToolSink& sink) {
    const std::size_t n = count_spaces(text);
    const std::string_view rest = text.substr(n);
    const Starts starts = starts_with(rest, shape_.last);
    if (starts == Starts::kPartly && !at_end) return {n, State::kMore};
    // The tag that some models leave out tells nothing more.
    sink.end();
    const std::size_t used = starts == Starts::kYes      ? shape_.last.size()
                             : starts == Starts::kPartly ? rest.size()
                                                         : 0;
    return {n + used, State::kDone};
  }

  const Shape& shape_;
  const std::vector<Tool>& tools_;
  At at_;
  const Tool* tool_ = nullptr;
  std::set<std::string, std::less<>> keys_;
  std::string key_, value_;
  bool string_only_ = false, value_begun_ = false, head_written_ = false;
};

}  // namespace

std::unique_ptr<BlockReader> make_xml_reader(ToolStyle style, std::string_view marker,
                                             const std::vector<Tool>& tools) {
  const Shape& shape = style == ToolStyle::kQwenXml ? kQwen : kGlm;
  const bool in_tag = !shape.name_open.empty() && marker == shape.name_open;
  return std::make_unique<XmlReader>(shape, in_tag, tools);
}

}  // namespace rocmforge::text
