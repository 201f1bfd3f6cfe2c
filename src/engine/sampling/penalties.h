// Tokens that occurred become less likely: as edits of logits, which the device applies too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/sampling/params.h"
#include "ir/step.h"

namespace rocmforge::engine {

// The last n tokens; -1: all.
std::span<const text::TokenId> last_tokens(std::span<const text::TokenId> history, std::int32_t n);

// Whether the penalties change anything.
bool penalises(const SamplingParams& params);

class Penalties {
 public:
  Penalties(const SamplingParams& params, std::int64_t n_vocab);
  // Appends an edit for each token that occurred in the last params.repeat_last, by token. What
  // occurred is counted from call to call: linear in the tokens that differ and in those that are
  // new. `history` begins with that of the call before, or is shorter than it: then all is counted
  // anew.
  void edits(std::span<const text::TokenId> history, std::vector<ir::LogitEdit>& out);

 private:
  struct Count {
    text::TokenId token;
    std::int32_t n;
  };
  void add(text::TokenId token);
  void remove(text::TokenId token);
  void count_anew(std::span<const text::TokenId> tokens);

  bool on_;
  float repeat_, presence_, frequency_;
  std::int32_t last_;
  std::vector<Count> counts_;  // by token; none is 0
  // The part of the history that is counted, and its ends, by which it is known again.
  std::size_t begin_ = 0, end_ = 0;
  text::TokenId first_token_ = 0, last_token_ = 0;
};

}  // namespace rocmforge::engine
