// GLM-4: the function's name on a line of its own, then its arguments as JSON. ChatGLM3: then a
// block of code with a call in Python.
#include <algorithm>

#include "text/tools/block_reader.h"
#include "text/tools/json_scanner.h"
#include "text/tools/python_call.h"

namespace rocmforge::text {
namespace {

constexpr std::string_view kFence = "```";
constexpr std::string_view kBlanks = " \t\r";

class PlainReader final : public BlockReader {
 public:
  explicit PlainReader(const std::vector<Tool>& tools) : tools_(tools) {}

  Result read(std::string_view text, bool at_end, ToolSink& sink) override {
    switch (at_) {
      case At::kName:
        return read_name(text);
      case At::kBefore:
        return read_before(text, sink);
      case At::kObject:
        return read_object(text, sink);
      case At::kCode:
        break;
    }
    return read_code(text, at_end, sink);
  }

 private:
  enum class At { kName, kBefore, kObject, kCode };

  Result on(std::size_t used, At at) {
    at_ = at;
    return {used, State::kOn};
  }

  Result read_name(std::string_view text) {
    if (const std::size_t n = count_spaces(text); n > 0) return {n, State::kOn};
    const std::size_t line = text.find('\n');
    const std::string_view said = text.substr(0, line);
    const std::string_view name = said.substr(0, said.find_last_not_of(kBlanks) + 1);
    if (said.size() > name.size() + kMaxLine) return {0, State::kBad};
    if (line == std::string_view::npos) {
      const bool possible = std::any_of(tools_.begin(), tools_.end(), [&](const Tool& tool) {
        return tool.name.starts_with(said) || tool.name == name;
      });
      return {0, possible ? State::kMore : State::kBad};
    }
    tool_ = find_tool(tools_, name);
    if (tool_ == nullptr) return {0, State::kBad};
    return on(line + 1, At::kBefore);
  }

  Result read_before(std::string_view text, ToolSink& sink) {
    const std::size_t n = count_spaces(text);
    const std::string_view rest = text.substr(n);
    if (rest.starts_with('{')) {
      sink.begin(tool_->name);
      return on(n, At::kObject);
    }
    switch (starts_with(rest, kFence)) {
      case Starts::kYes:
        break;
      case Starts::kPartly:
        return {n, State::kMore};
      case Starts::kNo:
        return {n, State::kBad};
    }
    // The language's name ends with its line.
    const std::size_t line = rest.find('\n');
    if (std::min(line, rest.size()) > kMaxLine) return {n, State::kBad};
    if (line == std::string_view::npos) return {n, State::kMore};
    return on(n + line + 1, At::kCode);
  }

  Result read_object(std::string_view text, ToolSink& sink) {
    if (ended_) {
      sink.end();
      return {0, State::kDone};
    }
    std::size_t used = 0;
    auto state = JsonScanner::State::kMore;
    while (used < text.size() && state == JsonScanner::State::kMore) {
      state = scanner_.push(text[used]);
      if (state != JsonScanner::State::kBad) ++used;
    }
    if (used == 0) return {0, text.empty() ? State::kMore : State::kBad};
    sink.arguments(text.substr(0, used));
    ended_ = state == JsonScanner::State::kDone;
    // A bad byte is found again by the next read.
    return {used, state == JsonScanner::State::kMore ? State::kMore : State::kOn};
  }

  Result read_code(std::string_view text, bool at_end, ToolSink& sink) {
    // A fence may begin in what was read before.
    std::size_t used = 0;
    bool closed = false;
    while (used < text.size() && !closed) {
      code_ += text[used++];
      closed = code_.ends_with(kFence);
    }
    if (!closed && !at_end) return {used, State::kMore};
    const std::string_view code(code_.data(), code_.size() - (closed ? kFence.size() : 0));
    const auto arguments = python_call_arguments(code);
    if (!arguments) return {used, State::kBad};
    sink.begin(tool_->name);
    sink.arguments(*arguments);
    sink.end();
    return {used, State::kDone};
  }

  // Blanks after a name; what opens a block of code. Of a line that is still open and of one that
  // came whole.
  static constexpr std::size_t kMaxLine = 64;
  const std::vector<Tool>& tools_;
  At at_ = At::kName;
  const Tool* tool_ = nullptr;
  JsonScanner scanner_;
  bool ended_ = false;
  std::string code_;
};

}  // namespace

std::unique_ptr<BlockReader> make_plain_reader(const std::vector<Tool>& tools) {
  return std::make_unique<PlainReader>(tools);
}

}  // namespace rocmforge::text
