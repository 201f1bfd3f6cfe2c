// Holds a model against recorded log-probabilities of another implementation.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace rocmforge::engine {

// A prompt, then for each greedy step the token taken and some tokens' log-probabilities.
struct GoldenStep {
  text::TokenId id = text::kNoToken;
  std::vector<text::TokenId> top_ids;
  std::vector<double> top_logprobs;  // as many
};
struct GoldenPrompt {
  std::vector<text::TokenId> prompt;
  std::vector<GoldenStep> steps;
};
using Golden = std::vector<GoldenPrompt>;

struct Differences {
  double rms = 0, max = 0;
  std::int64_t n = 0;  // log-probabilities compared
  std::int64_t n_steps = 0;
  std::int64_t n_greedy_same = 0;  // steps whose likeliest token is the golden's
};

// Forces the golden's tokens through the engine: the prompt at once, then token by token, and
// compares the log-probabilities of each step. Errors: kInvalidArgument naming prompt and step for
// tokens outside the vocabulary or more than the context holds.
Differences compare(Engine& engine, const Golden& golden);

// The same between two recordings, of the same steps (checked: kInvalidArgument where they differ).
Differences compare(const Golden& other, const Golden& golden);

// The rule by which a model passes.
struct Verdict {
  bool known = false;  // false: no rule applies without a reference
  bool pass = false;
  std::string rule;  // in words, with the bounds
};
// Differences that are no finite numbers fail. F32 files: each difference within 1e-3 and every
// greedy token the same; with an F16 KV cache within 0.03 each and 0.004 rms. Others, where
// `reference` (another implementation on the same file) is given: rms at most 1.1 times its rms,
// plus 0.002.
Verdict judge(const Differences& ours, bool all_f32, DType kv_dtype, const Differences* reference);

}  // namespace rocmforge::engine
