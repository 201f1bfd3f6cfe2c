#include "engine/prompt_reader.h"

#include <algorithm>
#include <numeric>

namespace rocmforge::engine {

PromptReader::PromptReader(const Request& request)
    : request_(request), n_prompt_(static_cast<std::int32_t>(request.prompt.size())) {
  if (request.n_prompt_logprobs >= 0) wanted_ = n_prompt_ - 1;
  if (request.embedding != Embedding::kNone) wanted_ = n_prompt_;
}

bool PromptReader::wants(std::int32_t first_position, std::int32_t n_rows) const {
  return next_ < wanted_ && first_position <= next_ && next_ < first_position + n_rows;
}

void PromptReader::read(Runner& runner, std::int32_t first_row, std::int32_t first_position,
                        std::int32_t n_rows, Completion& out) {
  const std::int32_t end = std::min(wanted_, first_position + n_rows);
  while (next_ < end && next_ >= first_position) {
    const std::int32_t n = std::min(end - next_, runner.max_head_rows());
    rows_.resize(static_cast<std::size_t>(n));
    std::iota(rows_.begin(), rows_.end(), first_row + (next_ - first_position));
    if (request_.n_prompt_logprobs >= 0) read_log_probs(runner, out);
    if (request_.embedding != Embedding::kNone) read_embeddings(runner, out);
    next_ += n;
  }
}

void PromptReader::read_log_probs(Runner& runner, Completion& out) {
  const auto n_vocab = static_cast<std::size_t>(runner.params().n_vocab);
  const std::span<const float> logits = runner.logits(rows_);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const std::size_t following = static_cast<std::size_t>(next_) + i + 1;
    if (following >= request_.prompt.size()) return;
    log_probs(logits.subspan(i * n_vocab, n_vocab), request_.prompt[following],
              request_.n_prompt_logprobs, log_probs_);
    out.prompt_log_probs.push_back(log_probs_);
  }
}

void PromptReader::read_embeddings(Runner& runner, Completion& out) {
  const bool mean = request_.embedding == Embedding::kMean;
  const bool has_last = next_ + std::ssize(rows_) == n_prompt_;
  if (!mean && !has_last) return;
  const auto dim = static_cast<std::size_t>(runner.params().dim);
  const std::span<const float> all =
      runner.embeddings(mean ? std::span(rows_) : std::span(rows_).last(1));
  sums_.resize(dim);
  for (std::size_t i = 0; i < all.size(); ++i) sums_[i % dim] += static_cast<double>(all[i]);
  if (!has_last) return;
  const double n = mean ? n_prompt_ : 1;
  out.embedding.resize(dim);
  for (std::size_t i = 0; i < dim; ++i) out.embedding[i] = static_cast<float>(sums_[i] / n);
}

}  // namespace rocmforge::engine
