// One sequence's choice of tokens: what the device is asked for, and the choice on the host, from
// full logits, where the device cannot or need not choose.
//
// The chain comes in llama.cpp's order: logit biases, then params.samplers, then the draw; mirostat
// takes the place of all but the temperature. The draw is base/random.h's, keyed by seed, position
// and token: given equal logits, the same tokens on every machine, for any number of threads and
// whatever else runs. The device's are the same too, but where its float sums and exponentials put
// a token on the other side of top-p's border, or two tokens' draws are equal to rounding.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/sampling/candidates.h"
#include "engine/sampling/dry.h"
#include "engine/sampling/mirostat.h"
#include "engine/sampling/params.h"
#include "engine/sampling/penalties.h"
#include "engine/sampling/plan.h"
#include "ir/step.h"

namespace rocmforge::engine {

class SamplerChain {
 public:
  // `params` are in range (range_error). `breakers`: dry_breakers(params, tokenizer); null: none.
  SamplerChain(const SamplingParams& params, std::int64_t n_vocab,
               std::shared_ptr<const DryBreakers> breakers = nullptr);

  ChosenBy chosen_by() const { return plan_.by; }
  // Whether the device alone chooses, whatever the tokens before are: the next step may be given to
  // it before this one's token is known.
  bool runs_ahead() const;

  // Works out the edits of the next token; `history` is the prompt and the answer so far, and
  // begins with that of the call before. Not
  // needed where it runs ahead.
  void look_back(std::span<const text::TokenId> history);
  // Whether the device is to choose this token: not where the host does, always or because there
  // are more edits than the device takes.
  bool on_device() const;
  // What it is asked for, with edits(), valid until the next look_back(). `position`: of the token
  // to be chosen.
  ir::SampleParams params(std::int64_t position) const;
  std::span<const ir::LogitEdit> edits() const { return edits_; }

  // Chooses on the host, by the logits as the head has them. Ties go to the lower id. A row without
  // one finite logit gives kNoToken. Once for each token: mirostat learns from it.
  text::TokenId choose(std::span<const float> logits, std::span<const text::TokenId> history,
                       std::int64_t position);

 private:
  void find_edits(std::span<const text::TokenId> history);
  void merge_edits(std::size_t first);
  void collect(std::span<const float> logits);
  void apply(SamplerKind kind, bool is_last, std::span<const text::TokenId> history,
             std::int64_t position);
  text::TokenId draw(std::int64_t position) const;

  SamplingParams params_;
  SamplingPlan plan_;
  Penalties penalties_;
  Dry dry_;
  std::optional<Mirostat> mirostat_;
  std::vector<ir::LogitEdit> biases_;       // of params.logit_bias, by token
  std::vector<ir::LogitEdit> edits_;        // these and the leading samplers', by token
  std::vector<ir::LogitEdit> stage_edits_;  // a later sampler's
  std::size_t most_edits_;                  // that the device takes
  Candidates candidates_;
  float temperature_ = 1;  // of the draw
};

}  // namespace rocmforge::engine
