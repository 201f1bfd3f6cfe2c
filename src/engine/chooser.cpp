#include "engine/chooser.h"

namespace rocmforge::engine {

Chooser::Chooser(const SamplingParams& params, std::int64_t n_vocab)
    : params_(params), n_vocab_(n_vocab), chosen_by_(chosen_by(params, n_vocab)), sampler_(params) {
  edits_.reserve(static_cast<std::size_t>(kMaxEdits));
}

void Chooser::look_back(std::span<const text::TokenId> history) {
  if (on_device()) penalty_edits(params_, history, edits_);
}

Choice Chooser::choice(std::int32_t row, std::int64_t position) const {
  return {.row = row, .params = device_params(params_, n_vocab_, position), .edits = edits_};
}

}  // namespace rocmforge::engine
