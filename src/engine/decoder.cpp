#include "engine/decoder.h"

#include <utility>

#include "base/check.h"

namespace rocmforge::engine {

Decoder::Decoder(Runner& runner, const SamplingParams& params,
                 std::shared_ptr<const DryBreakers> breakers, Sequence& sequence)
    : runner_(runner),
      sequence_(sequence),
      chooser_(params, runner.params().n_vocab, std::move(breakers)),
      runs_ahead_(runner.runs_ahead() && chooser_.runs_ahead()) {}

bool Decoder::start(std::span<const text::TokenId> tokens, std::span<const text::TokenId> history,
                    FunctionRef<bool()> cancelled) {
  check(n_steps_ == 0, "a step is started before the last one's token was taken");
  chooser_.look_back(history);
  give(tokens, cancelled);
  return n_steps_ == 1;
}

void Decoder::start_ahead() {
  check(runs_ahead_ && n_steps_ == 1, "a step ahead of no other, or of two");
  const text::TokenId chosen = Runner::fed_back(0);
  give({&chosen, 1}, {});
}

void Decoder::give(std::span<const text::TokenId> tokens, FunctionRef<bool()> cancelled) {
  const std::int32_t position = sequence_.length() + static_cast<std::int32_t>(tokens.size());
  Step step{.ticket = {}, .position = position, .on_device = chooser_.on_device()};
  Choice choice;
  if (step.on_device) choice = chooser_.choice(0, position);
  const Sequence::Ran ran =
      sequence_.run(tokens, step.on_device ? &choice : nullptr, step.ticket, cancelled);
  check(ran != Sequence::Ran::kNoRoom, "a step was checked to have room");
  if (ran == Sequence::Ran::kDone) steps_[n_steps_++] = step;
}

text::TokenId Decoder::take(std::span<const text::TokenId> history) {
  check(n_steps_ > 0, "no step was given");
  const Step step = steps_[0];
  if (!step.on_device) {
    steps_[0] = steps_[--n_steps_];
    return choose_on_host(step, history);
  }
  const std::int32_t token = runner_.tokens(step.ticket)[0];
  steps_[0] = steps_[--n_steps_];
  if (token == ir::kUndecided) return choose_on_host(step, history);
  return token == ir::kNoSample ? text::kNoToken : token;
}

// No step is ahead: the last one's rows are still there.
text::TokenId Decoder::choose_on_host(const Step& step, std::span<const text::TokenId> history) {
  check(n_steps_ == 0, "the host chooses behind a step ahead");
  const std::int32_t row = sequence_.last_row();
  return chooser_.choose(runner_.logits({&row, 1}), history, step.position);
}

void Decoder::drop() {
  check(n_steps_ > 0, "no step was given");
  --n_steps_;
  sequence_.truncate(sequence_.length() - 1);
}

}  // namespace rocmforge::engine
