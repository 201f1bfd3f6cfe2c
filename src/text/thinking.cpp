#include "text/thinking.h"

#include <algorithm>
#include <array>
#include <utility>

namespace rocmforge::text {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

// Of Qwen, DeepSeek, GLM and SmolLM3; of Mistral; of Seed.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kKnown = {{
    {"<think>", "</think>"},
    {"[THINK]", "[/THINK]"},
    {"<seed:think>", "</seed:think>"},
}};

std::string_view without_spaces_left(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpaces);
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

std::string_view without_spaces_right(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);  // npos + 1 is 0
}

// Bytes at the end of `text` that begin, but do not complete, `marker`.
std::size_t begun_at_end(std::string_view text, std::string_view marker) {
  for (std::size_t n = std::min(text.size(), marker.size() - 1); n > 0; --n) {
    if (text.ends_with(marker.substr(0, n))) return n;
  }
  return 0;
}

}  // namespace

std::optional<ThinkingMarkers> find_thinking_markers(
    std::string_view template_source, const std::function<bool(std::string_view)>& is_token) {
  for (const auto& [open, close] : kKnown) {
    if (template_source.find(open) == std::string_view::npos &&
        template_source.find(close) == std::string_view::npos) {
      continue;
    }
    return ThinkingMarkers{std::string(open), std::string(close)};
  }
  for (const auto& [open, close] : kKnown) {
    if (is_token(open) && is_token(close)) {
      return ThinkingMarkers{std::string(open), std::string(close)};
    }
  }
  return std::nullopt;
}

bool opens_thinking(std::string_view prompt, const ThinkingMarkers& markers) {
  return without_spaces_right(prompt).ends_with(markers.open);
}

ThinkingParser::ThinkingParser(ThinkingMarkers markers, bool opened)
    : markers_(std::move(markers)), state_(opened ? State::kThinking : State::kStart) {}

ThinkingParser::Split ThinkingParser::push(std::string_view piece) {
  held_ += piece;
  Split out;
  while (!held_.empty() && step(/*at_end=*/false, out)) {
  }
  return out;
}

ThinkingParser::Split ThinkingParser::flush() {
  Split out;
  while (!held_.empty() && step(/*at_end=*/true, out)) {
  }
  held_.clear();
  return out;
}

// False when the rest of held_ has to wait, or is to be dropped at the end.
bool ThinkingParser::step(bool at_end, Split& out) {
  switch (state_) {
    case State::kStart:
      return leave_start(at_end, out);
    case State::kThinking:
      return leave_thinking(at_end, out);
    case State::kBetween:
      held_ = std::string(without_spaces_left(held_));
      if (!held_.empty()) state_ = State::kAnswer;
      return !held_.empty();
    case State::kAnswer:
      out.answer += held_;
      held_.clear();
      return false;
  }
  return false;
}

bool ThinkingParser::leave_start(bool at_end, Split&) {
  const std::string_view text = without_spaces_left(held_);
  if (text.starts_with(markers_.open)) {
    held_ = std::string(text.substr(markers_.open.size()));
    state_ = State::kThinking;
    return true;
  }
  if (!at_end && std::string_view(markers_.open).starts_with(text)) return false;
  state_ = State::kAnswer;
  return true;
}

bool ThinkingParser::leave_thinking(bool at_end, Split& out) {
  const std::size_t close = held_.find(markers_.close);
  if (close != std::string::npos) {
    think(without_spaces_right(std::string_view(held_).substr(0, close)), out);
    held_.erase(0, close + markers_.close.size());
    state_ = State::kBetween;
    return true;
  }
  const std::size_t begun = at_end ? 0 : begun_at_end(held_, markers_.close);
  const std::string_view certain =
      without_spaces_right(std::string_view(held_).substr(0, held_.size() - begun));
  const std::size_t n = certain.size();
  think(certain, out);
  held_.erase(0, n);
  return false;
}

void ThinkingParser::think(std::string_view text, Split& out) {
  if (!any_thinking_) text = without_spaces_left(text);
  if (text.empty()) return;
  any_thinking_ = true;
  out.thinking += text;
}

}  // namespace rocmforge::text
