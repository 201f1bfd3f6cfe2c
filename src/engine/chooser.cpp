#include "engine/chooser.h"

#include <utility>

#include "engine/constraint.h"

namespace rocmforge::engine {

Chooser::Chooser(const SamplingParams& params, std::int64_t n_vocab,
                 std::shared_ptr<const DryBreakers> breakers)
    : n_logprobs_(params.n_logprobs), chain_(params, n_vocab, std::move(breakers)) {}

Choice Chooser::choice(std::int32_t row, std::int64_t position) const {
  return {.row = row, .params = chain_.params(position), .edits = chain_.edits()};
}

text::TokenId Chooser::choose(std::span<const float> logits, std::span<const text::TokenId> history,
                              std::int64_t position, std::span<const std::uint32_t> mask) {
  if (!mask.empty()) apply_mask(logits, mask, masked_);
  const text::TokenId token =
      chain_.choose(mask.empty() ? logits : std::span<const float>(masked_), history, position);
  if (n_logprobs_ >= 0 && token != text::kNoToken) {
    engine::log_probs(logits, token, n_logprobs_, log_probs_);
  }
  return token;
}

}  // namespace rocmforge::engine
