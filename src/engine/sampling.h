// Logits -> token, on the host.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/request.h"

namespace rocmforge::engine {

// Chooses one token a call. The order is llama.cpp's: repetition penalty, top-k, top-p, min-p,
// temperature, draw. The draw for position p of a seed is uniform(seed, p): given equal logits, the
// same tokens on every machine. Buffers are kept between calls.
class Sampler {
 public:
  explicit Sampler(const SamplingParams& params);

  // `history`: prompt and answer so far; `position`: of the token to be chosen. Ties go to the
  // lower id. A row without one finite logit gives kNoToken.
  text::TokenId sample(std::span<const float> logits, std::span<const text::TokenId> history,
                       std::int64_t position);

 private:
  struct Candidate {
    float logit;
    text::TokenId id;
    float weight = 0;  // in the draw
  };
  void collect(std::span<const float> logits, std::span<const text::TokenId> history);
  void keep_top_k();
  void keep_top_p_min_p();

  SamplingParams params_;
  std::vector<Candidate> candidates_;  // best first once keep_top_k has run
};

// ln of the softmax of `logits` at each of `ids`, in double precision.
std::vector<double> log_probabilities(std::span<const float> logits,
                                      std::span<const text::TokenId> ids);

}  // namespace rocmforge::engine
