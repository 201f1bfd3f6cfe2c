// Mirostat: keeps the surprise of what is chosen near a target. Basu et al., arXiv:2007.14966.
#pragma once

#include <cstdint>

#include "engine/sampling/candidates.h"
#include "engine/sampling/params.h"

namespace rocmforge::engine {

// State of one sequence: a list is cut, a token drawn of what is left, and told.
class Mirostat {
 public:
  Mirostat(const SamplingParams& params, std::int64_t n_vocab);
  // By params.mirostat: version 1 keeps as many as Zipf's law, fitted to the likeliest, says;
  // version 2 those that surprise by no more than mu bits.
  void cut(Candidates& c) const;
  // `chosen` of the list that was cut.
  void chose(Candidates& c, text::TokenId chosen);

 private:
  std::size_t zipf_count(const Candidates& c, const Weights& w) const;

  std::int32_t version_;
  double tau_, eta_;
  double n_vocab_;
  double mu_;  // bits
};

}  // namespace rocmforge::engine
