#include "engine/perplexity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "engine/sampling/log_probs.h"
#include "engine/sequence.h"

namespace rocmforge::engine {
namespace {

// Sums of the negative log-likelihoods and of their squares.
struct Sums {
  double nll = 0, nll2 = 0;
  std::int64_t n = 0;
};

Perplexity result(const Sums& sums, std::int32_t n_chunks) {
  Perplexity out{.n_chunks = n_chunks, .n_predicted = sums.n};
  const auto n = static_cast<double>(sums.n);
  const double mean = sums.nll / n;
  out.value = std::exp(mean);
  const double variance = sums.nll2 / n - mean * mean;
  if (sums.n > 1 && variance > 0) out.error = std::sqrt(variance / (n - 1)) * out.value;
  return out;
}

}  // namespace

Perplexity perplexity(Engine& engine, std::span<const text::TokenId> tokens, std::int32_t n_ctx,
                      std::int32_t n_chunks,
                      const std::function<void(const Perplexity&)>& progress) {
  if (n_ctx < 4 || n_ctx > engine.runner().n_ctx()) {
    throw Error(ErrorCode::kInvalidArgument, "[perplexity] chunks of " + std::to_string(n_ctx) +
                                                 " tokens: must be from 4 to " +
                                                 std::to_string(engine.runner().n_ctx()));
  }
  const auto size = static_cast<std::size_t>(n_ctx);
  const auto available = static_cast<std::int32_t>(tokens.size() / size);
  if (available == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "[perplexity] the text has " + std::to_string(tokens.size()) +
                    " tokens, less than one chunk of " + std::to_string(n_ctx));
  }
  if (n_chunks <= 0 || n_chunks > available) n_chunks = available;

  Sums sums;
  Sequence sequence(engine.runner());
  std::vector<text::TokenId> chunk;
  for (std::int32_t c = 0; c < n_chunks; ++c) {
    const auto from = tokens.subspan(static_cast<std::size_t>(c) * size, size);
    chunk.assign(from.begin(), from.end());
    const text::TokenId bos = engine.tokenizer().vocab().bos;
    if (engine.tokenizer().adds_bos() && bos != text::kNoToken) chunk.front() = bos;
    sequence.truncate(0);
    // The last token predicts nothing within the chunk: it is not run.
    sequence.append(std::span(chunk).first(size - 1), n_ctx / 2,
                    [&](std::int32_t position, std::span<const float> logits) {
                      const text::TokenId next[] = {chunk[static_cast<std::size_t>(position) + 1]};
                      const double nll = -log_probabilities(logits, next).front();
                      if (!std::isfinite(nll)) {
                        throw Error(ErrorCode::kDevice,
                                    "[perplexity] " + engine.file().path() + ": chunk " +
                                        std::to_string(c + 1) +
                                        ": the model gave no finite log-probability at position " +
                                        std::to_string(position));
                      }
                      sums.nll += nll;
                      sums.nll2 += nll * nll;
                      ++sums.n;
                    });
    if (progress) progress(result(sums, c + 1));
  }
  return result(sums, n_chunks);
}

}  // namespace rocmforge::engine
