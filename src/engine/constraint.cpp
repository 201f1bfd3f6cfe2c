#include "engine/constraint.h"

#include <algorithm>
#include <utility>

namespace rocmforge::engine {
namespace {

void set(std::span<std::uint32_t> mask, text::TokenId token, bool value) {
  std::uint32_t& word = mask[static_cast<std::size_t>(token) / 32];
  const std::uint32_t bit = std::uint32_t{1} << (token % 32);
  word = value ? word | bit : word & ~bit;
}

}  // namespace

Constraint::Constraint(std::shared_ptr<const constrain::TokenGrammar> grammar, Begin begin)
    : grammar_(std::move(grammar)),
      matcher_(grammar_, begin.drops_space),
      state_(begin.thinking ? State::kThinking : State::kStart),
      opening_(begin.opening),
      mask_(grammar_->mask_words()) {}

std::span<const std::uint32_t> Constraint::mask() {
  if (std::exchange(has_mask_, true)) return mask_;
  if (stuck_) {
    std::fill(mask_.begin(), mask_.end(), 0);
  } else if (state_ == State::kThinking) {
    std::fill(mask_.begin(), mask_.end(), ~std::uint32_t{0});
    for (const text::TokenId end : grammar_->table().ends()) set(mask_, end, false);
  } else {
    stuck_ = !matcher_.mask(mask_);
    if (state_ == State::kStart && opening_ != text::kNoToken) {
      set(mask_, opening_, true);
      stuck_ = false;
    }
  }
  return mask_;
}

void Constraint::take(text::TokenId token, bool thinking, std::string_view answer) {
  has_mask_ = false;
  if (state_ == State::kStart && opening_ != text::kNoToken && token == opening_) {
    state_ = State::kThinking;
  } else if (state_ != State::kThinking) {
    state_ = State::kAnswer;
    stuck_ = !matcher_.accept(token);
  } else if (!thinking) {
    state_ = State::kAnswer;
    stuck_ = !matcher_.accept(answer);
  }
}

void apply_mask(std::span<const float> logits, std::span<const std::uint32_t> mask,
                std::vector<float>& out) {
  out.assign(logits.begin(), logits.end());
  for (std::size_t t = 0; t < out.size(); ++t) {
    if ((mask[t / 32] >> (t % 32) & 1) == 0) out[t] = -std::numeric_limits<float>::infinity();
  }
}

}  // namespace rocmforge::engine
