// How well a model predicts a text, computed as llama.cpp's perplexity tool does.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "engine/engine.h"

namespace rocmforge::engine {

struct Perplexity {
  std::int32_t n_chunks = 0;
  std::int64_t n_predicted = 0;
  double value = 0;  // exp(mean negative log-likelihood)
  double error = 0;  // its standard error
};

// Cuts the tokens of a whole text into chunks of n_ctx (at least 4, at most the engine's context).
// Each chunk starts afresh, its first token replaced by BOS where the model adds one; positions
// n_ctx/2 to n_ctx-2 predict their successors. `n_chunks` <= 0: all. `progress` is called after
// each chunk. Error{kInvalidArgument} for a text of less than one chunk,
// Error{kDevice} for a log-probability that is not finite.
Perplexity perplexity(Engine& engine, std::span<const text::TokenId> tokens, std::int32_t n_ctx,
                      std::int32_t n_chunks,
                      const std::function<void(const Perplexity&)>& progress = {});

}  // namespace rocmforge::engine
