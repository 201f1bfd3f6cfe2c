// Calls that are JSON objects: Llama 3, Hermes, Mistral.
#include <optional>

#include "text/tools/call_object.h"

namespace rocmforge::text {
namespace {

class JsonReader final : public BlockReader {
 public:
  JsonReader(ToolStyle style, bool bare, const std::vector<Tool>& tools)
      : tools_(tools), style_(style), bare_(bare) {}

  Result read(std::string_view text, bool at_end, ToolSink& sink) override {
    switch (at_) {
      case At::kBefore:
        return read_before(text, at_end);
      case At::kObject:
        return read_object(text, sink);
      case At::kAfter:
        break;
    }
    return style_ == ToolStyle::kHermes ? read_close(text, at_end, sink)
                                        : read_next(text, at_end, sink);
  }

 private:
  enum class At { kBefore, kObject, kAfter };

  Result begin_object(std::size_t used) {
    object_.emplace(tools_, bare_);
    at_ = At::kObject;
    return {used, State::kOn};
  }

  // What stands before the first object: white space, the bracket of Mistral's list, the semicolon
  // that Llama has between calls.
  Result read_before(std::string_view text, bool at_end) {
    const std::size_t used = count_spaces(text);
    if (used == text.size()) {
      return {used,
              at_end && separated_ && style_ == ToolStyle::kLlama3 ? State::kDone : State::kMore};
    }
    if (text[used] == '{' && (style_ != ToolStyle::kMistral || separated_)) {
      return begin_object(used);
    }
    const bool separator = (style_ == ToolStyle::kMistral && text[used] == '[') ||
                           (style_ == ToolStyle::kLlama3 && bare_ && text[used] == ';');
    if (!separator || separated_) return {used, State::kBad};
    separated_ = true;
    return {used + 1, State::kOn};
  }

  Result read_object(std::string_view text, ToolSink& sink) {
    Result result = object_->read(text, sink);
    if (result.state != State::kDone) return result;
    at_ = At::kAfter;
    result.state = State::kOn;
    if (style_ != ToolStyle::kLlama3) return result;
    sink.end();
    result.state = State::kDone;
    return result;
  }

  // </tool_call>; a model that ends its answer before it has said all.
  Result read_close(std::string_view text, bool at_end, ToolSink& sink) {
    const std::size_t n_spaces = count_spaces(text);
    const std::string_view rest = text.substr(n_spaces);
    const Starts starts = starts_with(rest, kClose);
    if (starts == Starts::kNo) return {n_spaces, State::kBad};
    if (starts == Starts::kPartly && !at_end) return {n_spaces, State::kMore};
    sink.end();
    return {n_spaces + (starts == Starts::kYes ? kClose.size() : rest.size()), State::kDone};
  }

  // A comma and another object, or the end of Mistral's list.
  Result read_next(std::string_view text, bool at_end, ToolSink& sink) {
    if (!ended_) {
      ended_ = true;
      sink.end();
      return {0, State::kOn};
    }
    const std::size_t n_spaces = count_spaces(text);
    if (n_spaces == text.size()) return {n_spaces, at_end ? State::kDone : State::kMore};
    const char c = text[n_spaces];
    if (c == ']') return {n_spaces + 1, State::kDone};
    if (c != ',') return {n_spaces, State::kBad};
    at_ = At::kBefore;
    ended_ = false;
    return {n_spaces + 1, State::kOn};
  }

  static constexpr std::string_view kClose = "</tool_call>";
  const std::vector<Tool>& tools_;
  ToolStyle style_;
  bool bare_;
  At at_ = At::kBefore;
  bool separated_ = false, ended_ = false;
  std::optional<CallObject> object_;
};

}  // namespace

std::unique_ptr<BlockReader> make_json_reader(ToolStyle style, std::string_view marker,
                                              const std::vector<Tool>& tools) {
  return std::make_unique<JsonReader>(style, marker.empty(), tools);
}

}  // namespace rocmforge::text
