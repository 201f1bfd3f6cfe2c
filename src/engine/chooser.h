// Who chooses one request's tokens, and how: on the device where that can be, else on the host.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/request.h"
#include "engine/runner.h"
#include "engine/sampling.h"

namespace rocmforge::engine {

class Chooser {
 public:
  Chooser(const SamplingParams& params, std::int64_t n_vocab);

  bool on_device() const { return chosen_by_ != ChosenBy::kHost; }
  // The device alone chooses, whatever came before.
  bool runs_ahead() const { return chosen_by_ == ChosenBy::kDevice && !looks_back(params_); }

  // What the device is asked for, where it is; its edits are those of the last look_back().
  // `position`: of the token to be chosen.
  Choice choice(std::int32_t row, std::int64_t position) const;
  // To be called before choice(), with prompt and answer so far.
  void look_back(std::span<const text::TokenId> history);

  // The choice of the host.
  text::TokenId choose(std::span<const float> logits, std::span<const text::TokenId> history,
                       std::int64_t position) {
    return sampler_.sample(logits, history, position);
  }

 private:
  SamplingParams params_;
  std::int64_t n_vocab_;
  ChosenBy chosen_by_;
  Sampler sampler_;
  std::vector<ir::LogitEdit> edits_;  // reserved
};

}  // namespace rocmforge::engine
