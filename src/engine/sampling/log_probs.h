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
// The same into `out`, whose memory is used again.
void log_probs(std::span<const float> logits, text::TokenId chosen, std::int32_t n_top,
               LogProbs& out);

// Those of an answer's tokens, in one piece of memory.
class LogProbList {
 public:
  struct View {
    TokenLogProb chosen;
    std::span<const TokenLogProb> top;
  };
  // Room for so many tokens, with the n_top likeliest of each.
  void reserve(std::size_t n_tokens, std::size_t n_top);
  void push_back(const LogProbs& token);
  std::size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  View operator[](std::size_t i) const;  // valid until the next push_back()

 private:
  std::vector<TokenLogProb> all_;  // for each token itself, then the likeliest
  std::vector<std::size_t> ends_;  // in it, of each
};

// ln of the softmax of `logits` at each of `ids`, in double precision.
std::vector<double> log_probabilities(std::span<const float> logits,
                                      std::span<const text::TokenId> ids);

}  // namespace rocmforge::engine
