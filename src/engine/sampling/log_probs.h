// How likely tokens were to the model: of its logits as they are, before any bias, penalty or cut.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "text/vocab.h"

namespace rocmforge::engine {

struct TokenLogProb {
  text::TokenId token = 0;
  double log_prob = 0;  // natural logarithm; -inf: impossible
};
// Of a chosen token and of the likeliest, best first, of equal ones the lower id.
struct LogProbs {
  TokenLogProb chosen;
  std::vector<TokenLogProb> top;
};
LogProbs log_probs(std::span<const float> logits, text::TokenId chosen, std::int32_t n_top);

// ln of the softmax of `logits` at each of `ids`, in double precision.
std::vector<double> log_probabilities(std::span<const float> logits,
                                      std::span<const text::TokenId> ids);

}  // namespace rocmforge::engine
