#include "engine/bench.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "engine/random.h"
#include "engine/sampling.h"
#include "engine/sequence.h"

namespace rocmforge::engine {
namespace {

std::vector<text::TokenId> random_tokens(std::int32_t n, std::int32_t n_vocab) {
  std::vector<text::TokenId> out;
  for (std::int32_t i = 0; i < n; ++i) {
    const std::uint32_t draw = philox(/*seed=*/0, static_cast<std::uint64_t>(i))[0];
    out.push_back(static_cast<text::TokenId>(draw % static_cast<std::uint32_t>(n_vocab)));
  }
  return out;
}

double run_once(Engine& engine, const BenchTest& test, std::span<const text::TokenId> prompt) {
  Sequence sequence(engine.runner());
  Sampler sampler({.temperature = 0});
  text::TokenId next = 0;
  const auto choose = [&](std::int32_t position, std::span<const float> logits) {
    next = std::max(0, sampler.sample(logits, {}, position + 1));
  };
  const auto start = std::chrono::steady_clock::now();
  if (!prompt.empty()) sequence.append(prompt, test.n_prompt - 1, choose);
  for (std::int32_t i = 0; i < test.n_gen; ++i) {
    const text::TokenId token = next;
    sequence.append({&token, 1}, sequence.length(), choose);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::vector<double> bench(Engine& engine, const BenchTest& test, std::int32_t repetitions) {
  if (test.n_prompt + test.n_gen > engine.runner().n_ctx()) {
    throw Error(ErrorCode::kInvalidArgument,
                "[bench] " + std::to_string(test.n_prompt + test.n_gen) +
                    " tokens do not fit the context of " + std::to_string(engine.runner().n_ctx()) +
                    " (--ctx)");
  }
  const auto prompt = random_tokens(test.n_prompt, engine.params().n_vocab);
  std::vector<double> out;
  for (std::int32_t i = 0; i <= repetitions; ++i) {
    const double seconds = run_once(engine, test, prompt);
    if (i > 0) out.push_back(seconds);
  }
  return out;
}

}  // namespace rocmforge::engine
