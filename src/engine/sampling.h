// How a request's tokens are chosen: what the device is asked for, and the choice on the host.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "engine/request.h"
#include "ir/step.h"

namespace rocmforge::engine {

// Who chooses.
enum class ChosenBy : std::uint8_t {
  kDevice,        // the device, always
  kDeviceOrHost,  // the device where its candidates settle it (ir::kUndecided), else the host
  kHost,          // the host, from full logits
};
ChosenBy chosen_by(const SamplingParams& params, std::int64_t n_vocab);

// What the device is asked for, where it is; `position` is of the token to be chosen.
ir::SampleParams device_params(const SamplingParams& params, std::int64_t n_vocab,
                               std::int64_t position);

// Whether a choice depends on the tokens before it beyond the logits.
bool looks_back(const SamplingParams& params);
// The repetition penalty as the device's edits, into `out`: at most params.repeat_last of them.
void penalty_edits(const SamplingParams& params, std::span<const text::TokenId> history,
                   std::vector<ir::LogitEdit>& out);

// Chooses on the host, from full logits: what the device cannot settle, and what its choices are
// held to. The cuts come in llama.cpp's order: repetition penalty, top-k, top-p, min-p,
// temperature. The draw is base/random.h's, keyed by seed, position and token: given equal logits,
// the same tokens on every machine. The device's are the same too, but where its float sums and
// exponentials put a token on the other side of top-p's border, or two tokens' draws are equal to
// rounding. Buffers are kept between calls.
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
  };
  void collect(std::span<const float> logits, std::span<const text::TokenId> history);
  void keep_top_k();
  void keep_top_p_min_p();
  text::TokenId draw(std::int64_t position) const;

  SamplingParams params_;
  std::vector<Candidate> candidates_;  // best first once keep_top_k has run
};

// ln of the softmax of `logits` at each of `ids`, in double precision.
std::vector<double> log_probabilities(std::span<const float> logits,
                                      std::span<const text::TokenId> ids);

}  // namespace rocmforge::engine
