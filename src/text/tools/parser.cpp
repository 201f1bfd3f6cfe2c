#include "text/tools/parser.h"

#include <algorithm>
#include <utility>

#include "text/tools/block_reader.h"

namespace rocmforge::text {
namespace {

using Kind = ToolEvent::Kind;

// Where in `text`, from `from` on, the first marker stands, or what may begin one at the end unless
// the text ends there; its size when there is none.
std::size_t find_marker(std::string_view text, std::size_t from, bool at_end,
                        const std::vector<std::string>& markers) {
  for (; from < text.size(); ++from) {
    from = std::min(text.find_first_of("<[", from), text.size());  // every marker begins so
    for (const std::string& marker : markers) {
      const Starts starts = starts_with(text.substr(from), marker);
      if (starts == Starts::kYes || (starts == Starts::kPartly && !at_end)) return from;
    }
  }
  return text.size();
}

// Gathers events; parts of the same text become one.
class Events {
 public:
  void add(Kind kind, std::size_t index, std::string_view text) {
    const bool joins = kind == Kind::kContent || kind == Kind::kArguments;
    if (joins && text.empty()) return;
    if (joins && !all.empty() && all.back().kind == kind && all.back().index == index) {
      all.back().text += text;
    } else {
      all.push_back({kind, index, std::string(text)});
    }
  }
  std::vector<ToolEvent> all;
};

}  // namespace

struct ToolCallParser::State final : ToolSink {
  ToolStyle style;
  std::vector<Tool> tools;
  bool streamed;
  std::vector<std::string> markers;

  std::string held;  // not yet looked at, from `at` on
  std::size_t at = 0;
  std::size_t spaces = 0;  // of `held`, before `at`: neither content nor dropped yet
  std::string raw;         // what the block has used since its last event
  std::unique_ptr<BlockReader> reader;
  bool bare_allowed;        // a block may begin here without a marker
  bool after_call = false;  // nothing but white space since a call
  std::size_t n_begun = 0, n_completed = 0;
  Events out;
  std::vector<ToolEvent> pending;  // of the call that is not complete yet (kWhole)
  bool told = false;               // the last read() had events that came out

  void content(std::string_view text) override {
    told = true;
    if (text.empty()) return;
    out.add(Kind::kContent, 0, text);
  }
  void begin(std::string_view name) override {
    pending.clear();
    emit(Kind::kBegin, name);
    if (streamed) ++n_begun;
  }
  void arguments(std::string_view text) override { emit(Kind::kArguments, text); }
  void end() override {
    if (!streamed) {
      ++n_begun;
      for (const ToolEvent& event : pending) out.add(event.kind, n_begun - 1, event.text);
      pending.clear();
    }
    ++n_completed;
    out.add(Kind::kEnd, n_begun - 1, "");
    told = true;
  }
  void emit(Kind kind, std::string_view text) {
    if (streamed) {
      out.add(kind, kind == Kind::kBegin ? n_begun : n_begun - 1, text);
      told = true;
    } else if (kind == Kind::kArguments && !pending.empty() &&
               pending.back().kind == Kind::kArguments) {
      pending.back().text += text;
    } else {
      pending.push_back({kind, 0, std::string(text)});
    }
  }

  std::string_view rest() const { return std::string_view(held).substr(at); }
  void run(bool at_end);
  bool read_block(bool at_end);
  bool scan(bool at_end);
  void open(std::string_view marker);
};

// The white space before a block, and its marker, are content again if it is none.
void ToolCallParser::State::open(std::string_view marker) {
  if (after_call) spaces = 0;
  raw.assign(held, at - spaces, spaces + marker.size());
  at += marker.size();
  spaces = 0;
  reader = make_block_reader(style, marker, tools);
}

bool ToolCallParser::State::read_block(bool at_end) {
  told = false;
  const BlockReader::Result result = reader->read(rest(), at_end, *this);
  raw.append(held, at, result.used);
  at += result.used;
  if (told) raw.clear();
  using Reader = BlockReader::State;
  if (result.state == Reader::kOn) return true;
  if (result.state == Reader::kMore && !at_end) return false;
  const bool done = result.state == Reader::kDone;
  reader.reset();
  pending.clear();
  after_call = done;
  bare_allowed = done && bare_blocks(style) && style != ToolStyle::kGeneric;
  if (!done) out.add(Kind::kContent, 0, raw);
  raw.clear();
  return true;
}

// Between blocks: up to the next marker the text is content, but for the white space at its end.
bool ToolCallParser::State::scan(bool at_end) {
  const std::size_t n_spaces = count_spaces(rest());
  at += n_spaces;
  spaces += n_spaces;
  const std::string_view text = rest();
  if (text.empty()) {
    if (at_end && !after_call) out.add(Kind::kContent, 0, held.substr(at - spaces, spaces));
    if (at_end) spaces = 0;
    return false;
  }
  for (const std::string& marker : markers) {
    const Starts starts = starts_with(text, marker);
    if (starts == Starts::kPartly && !at_end) return false;
    if (starts == Starts::kYes) {
      open(marker);
      return true;
    }
  }
  // A semicolon stands between calls of Llama 3, not before the first.
  if (bare_allowed && (after_call || text.front() != ';')) {
    bare_allowed = false;
    open("");
    return true;
  }
  // Content, without the white space at its end: that may stand before a call.
  std::size_t n = find_marker(text, 1, at_end, markers);
  if (!markers.empty()) n = text.substr(0, n).find_last_not_of(kToolSpaces) + 1;
  if (after_call) spaces = 0;
  after_call = false;
  if (n > 0) bare_allowed = false;
  out.add(Kind::kContent, 0, held.substr(at - spaces, spaces + n));
  at += n;
  spaces = 0;
  return n > 0;
}

void ToolCallParser::State::run(bool at_end) {
  while (reader != nullptr ? read_block(at_end) : scan(at_end)) {
  }
  held.erase(0, at - spaces);
  at = spaces;
}

ToolCallParser::ToolCallParser(const ToolFormat& format, std::vector<Tool> tools, Delivery delivery)
    : state_(std::make_unique<State>()) {
  state_->style = format.style;
  state_->tools = std::move(tools);
  state_->streamed = delivery == Delivery::kStreamed;
  state_->markers = block_markers(format.style);
  state_->bare_allowed = bare_blocks(format.style);
}

ToolCallParser::~ToolCallParser() = default;
ToolCallParser::ToolCallParser(ToolCallParser&&) noexcept = default;
ToolCallParser& ToolCallParser::operator=(ToolCallParser&&) noexcept = default;

std::vector<ToolEvent> ToolCallParser::push(std::string_view piece) {
  state_->held += piece;
  state_->run(false);
  return std::exchange(state_->out.all, {});
}

std::vector<ToolEvent> ToolCallParser::flush() {
  state_->run(true);
  return std::exchange(state_->out.all, {});
}

std::size_t ToolCallParser::begun() const {
  return state_->n_begun;
}
std::size_t ToolCallParser::completed() const {
  return state_->n_completed;
}

}  // namespace rocmforge::text
