// One sequence's choice of tokens between a runner and its sampler chain: on the device where that
// can be, else on the host.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/runner.h"
#include "engine/sampling/chain.h"
#include "engine/sampling/log_probs.h"

namespace rocmforge::engine {

class Chooser {
 public:
  // As SamplerChain: `params` are in range, `breakers` are dry_breakers(params, tokenizer).
  Chooser(const SamplingParams& params, std::int64_t n_vocab,
          std::shared_ptr<const DryBreakers> breakers);

  // The device alone chooses, whatever came before.
  bool runs_ahead() const { return chain_.runs_ahead(); }

  // To be called before each step whose token depends on prompt and answer so far (all but those
  // that run ahead); then on_device() and choice() are that step's.
  void look_back(std::span<const text::TokenId> history) { chain_.look_back(history); }
  bool on_device() const { return chain_.on_device(); }
  // What the device is asked for; its edits are valid until the next look_back(). `position`: of
  // the token to be chosen.
  Choice choice(std::int32_t row, std::int64_t position) const;

  // The choice of the host, among the tokens of the mask; empty: of all. The log-probabilities are
  // of all, as the head has them.
  text::TokenId choose(std::span<const float> logits, std::span<const text::TokenId> history,
                       std::int64_t position, std::span<const std::uint32_t> mask = {});
  // Of what choose() has chosen last, where they were asked for (params.n_logprobs; then the host
  // chooses all).
  const LogProbs& log_probs() const { return log_probs_; }

 private:
  std::int32_t n_logprobs_;
  SamplerChain chain_;
  LogProbs log_probs_;
  std::vector<float> masked_;
};

}  // namespace rocmforge::engine
