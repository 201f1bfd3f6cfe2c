// One sequence's steps, each with a token chosen at its end: on the device where that can be, and
// then the next step may be given to it before the host knows the token.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/function_ref.h"
#include "engine/chooser.h"
#include "engine/runner.h"
#include "engine/sequence.h"

namespace rocmforge::engine {

class Decoder {
 public:
  // `params` and `breakers`: as Chooser's. `sequence`, of that runner, outlives it.
  Decoder(Runner& runner, const SamplingParams& params, std::shared_ptr<const DryBreakers> breakers,
          Sequence& sequence);

  // Runs tokens, in chunks, and has the one that follows chosen; the context has room (checked).
  // `history`: prompt and answer, these tokens included. False, with nothing chosen, when
  // `cancelled`, asked between chunks, says so. Every step before was taken.
  bool start(std::span<const text::TokenId> tokens, std::span<const text::TokenId> history,
             FunctionRef<bool()> cancelled = {});
  // Whether start_ahead() may be called: the device chooses, whatever came before.
  bool runs_ahead() const { return runs_ahead_; }
  // Runs the token that the newest step chooses, while that may be under way. One step is ahead at
  // most (checked).
  void start_ahead();
  // The token that the oldest step, not taken so far, has chosen; waits for it and for no later
  // one. kNoToken when there was no finite logit. `history`: as it was for that start().
  text::TokenId take(std::span<const text::TokenId> history);
  // Of the token taken last, where they were asked for.
  const LogProbs& log_probs() const { return chooser_.log_probs(); }
  // The newest step is as if it had never been given.
  void drop();

 private:
  struct Step {
    Ticket ticket;
    std::int32_t position = 0;  // of the token to be chosen
    bool on_device = false;     // by the device: the ticket is of it
  };
  void give(std::span<const text::TokenId> tokens, FunctionRef<bool()> cancelled);
  text::TokenId choose_on_host(const Step& step, std::span<const text::TokenId> history);

  Runner& runner_;
  Sequence& sequence_;
  Chooser chooser_;
  bool runs_ahead_;
  std::array<Step, 2> steps_;  // given and not taken, the oldest first
  std::size_t n_steps_ = 0;
};

}  // namespace rocmforge::engine
