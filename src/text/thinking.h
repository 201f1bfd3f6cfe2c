// Thinking told apart from the answer, as the text of a model streams.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::text {

// What stands around a model's thinking: <think> and </think>, or what else its file says.
struct ThinkingMarkers {
  std::string open, close;
};

// The pair of which the template's source has one or both or, failing that, the pair that are both
// tokens.
std::optional<ThinkingMarkers> find_thinking_markers(
    std::string_view template_source, const std::function<bool(std::string_view)>& is_token);

// Whether a prompt ends within a block of thinking that it has opened itself.
bool opens_thinking(std::string_view prompt, const ThinkingMarkers& markers);

// A block of thinking stands at the beginning of the text, if anywhere: a marker later on is part
// of the answer. The white space around the thinking belongs to neither. However the text is cut
// into pieces, what comes out adds up to the same.
class ThinkingParser {
 public:
  struct Split {
    std::string thinking, answer;  // the answer's part comes after the other's
  };
  // `opened`: the prompt has opened the block.
  ThinkingParser(ThinkingMarkers markers, bool opened);

  // What has become certain; what may be part of a marker is held back.
  Split push(std::string_view piece);
  // What was held back, at the end of the text. A block that was never closed is all thinking.
  Split flush();
  // Within a block.
  bool thinking() const { return state_ == State::kThinking; }

 private:
  enum class State { kStart, kThinking, kBetween, kAnswer };
  bool step(bool at_end, Split& out);
  bool leave_start(bool at_end, Split& out);
  bool leave_thinking(bool at_end, Split& out);
  void think(std::string_view text, Split& out);

  ThinkingMarkers markers_;
  State state_;
  bool any_thinking_ = false;  // some of it has come out
  std::string held_;
};

}  // namespace rocmforge::text
