// One sequence on a runner: its KV blocks and how far it has come.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/function_ref.h"
#include "engine/runner.h"
#include "kv/block_table.h"
#include "text/vocab.h"

namespace rocmforge::engine {

class Sequence {
 public:
  explicit Sequence(Runner& runner)
      : runner_(runner), blocks_(runner.pool(), ir::kBlockTokens, runner.n_ctx()) {}

  std::int32_t length() const { return length_; }

  // Its blocks, those that were only reserved too.
  std::span<const kv::BlockId> blocks() const { return blocks_.blocks(); }
  // Takes the blocks of positions [0, n_tokens) beforehand, so that extend() has room for them;
  // false, with nothing taken, where there are not as many.
  bool reserve(std::int32_t n_tokens) { return blocks_.reserve(n_tokens); }
  // Goes on by a full block whose K and V another has run; its own length is full blocks (checked).
  void adopt(kv::BlockId block);
  // Holds `block`, which has the same tokens in the same place, instead of its own.
  void share(std::size_t index, kv::BlockId block) { blocks_.share(index, block); }

  // Runs tokens through the model, in chunks of at most the runner's rows. Logits are computed
  // only for positions >= `wanted`, and handed to `sink` in order; each span is valid during the
  // call. False, with nothing run, when the context or the KV blocks have no room for them all.
  using LogitsSink = FunctionRef<void(std::int32_t position, std::span<const float> logits)>;
  bool append(std::span<const text::TokenId> tokens, std::int32_t wanted, LogitsSink sink);

  // Tokens as the next rows of a step, which the caller runs: room is made for them, and they count
  // as run. nullopt, with nothing changed, when context or KV blocks have none.
  std::optional<BatchSequence> extend(std::span<const text::TokenId> tokens);

  // One token to each of several sequences of one runner, in one step, with a token chosen for each
  // as `params` say (their position is filled in), on its way by `ticket`. Tokens may be fed back
  // (Runner::fed_back): sequence i's was choice i. At most kMaxTogether of them, and the runner's
  // rows and sequences (checked). False, with nothing run, when one of them has no room.
  static constexpr std::int32_t kMaxTogether = 64;
  static bool run_each(std::span<Sequence> sequences, std::span<const text::TokenId> tokens,
                       const ir::SampleParams& params, Ticket& ticket);

  // Runs tokens through the model, in chunks, and has a token chosen for the last of them (where
  // `choice` is given; its row is filled in), on its way by `ticket`. With kNoRoom nothing was run;
  // kCancelled leaves the sequence at the chunk reached.
  enum class Ran : std::uint8_t { kNoRoom, kCancelled, kDone };
  Ran run(std::span<const text::TokenId> tokens, Choice* choice, Ticket& ticket,
          FunctionRef<bool()> cancelled = {});
  // Forgets positions from `length` on.
  void truncate(std::int32_t length);

 private:
  bool make_room(std::size_t n_tokens);

  Runner& runner_;
  kv::BlockTable blocks_;
  std::int32_t length_ = 0;
};

}  // namespace rocmforge::engine
