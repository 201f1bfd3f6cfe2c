// Repetition: Keskar et al., arXiv:1909.05858, where what is negative is multiplied, or it would
// become likelier. Presence and frequency: as the completions of OpenAI's interface define them.
#include "engine/sampling/penalties.h"

#include <algorithm>

#include "base/check.h"

namespace rocmforge::engine {

std::span<const text::TokenId> last_tokens(std::span<const text::TokenId> history, std::int32_t n) {
  if (n < 0 || history.size() <= static_cast<std::size_t>(n)) return history;
  return history.last(static_cast<std::size_t>(n));
}

bool penalises(const SamplingParams& p) {
  return p.repeat_last != 0 &&
         (p.repeat_penalty != 1 || p.presence_penalty != 0 || p.frequency_penalty != 0);
}

Penalties::Penalties(const SamplingParams& p, std::int64_t n_vocab)
    : on_(penalises(p)),
      repeat_(p.repeat_penalty),
      presence_(p.presence_penalty),
      frequency_(p.frequency_penalty),
      last_(p.repeat_last) {
  constexpr std::int64_t kMostRoom = 1 << 16;
  if (!on_) return;
  const std::int64_t most = last_ < 0 ? n_vocab : std::min<std::int64_t>(last_, n_vocab);
  counts_.reserve(static_cast<std::size_t>(std::min(most, kMostRoom)));
}

void Penalties::edits(std::span<const text::TokenId> history, std::vector<ir::LogitEdit>& out) {
  if (!on_) return;
  // So many new tokens are counted sooner by sorting all.
  constexpr std::size_t kMany = 64;
  const std::size_t begin = history.size() - last_tokens(history, last_).size();
  const bool goes_on = end_ > begin_ && end_ <= history.size() && begin >= begin_ && begin < end_ &&
                       history.size() - end_ < kMany && history[begin_] == first_token_ &&
                       history[end_ - 1] == last_token_;
  if (goes_on) {
    for (const text::TokenId token : history.subspan(end_)) add(token);
    for (std::size_t i = begin_; i < begin; ++i) remove(history[i]);
  } else {
    count_anew(history.subspan(begin));
  }
  begin_ = begin;
  end_ = history.size();
  if (begin_ < end_) {
    first_token_ = history[begin_];
    last_token_ = history[end_ - 1];
  }
  for (const Count& c : counts_) {
    const float bias = 0 - (static_cast<float>(c.n) * frequency_ + presence_);
    out.push_back({.token = c.token, .penalty = repeat_, .bias = bias});
  }
}

void Penalties::count_anew(std::span<const text::TokenId> tokens) {
  counts_.clear();
  for (const text::TokenId token : tokens) counts_.push_back({token, 1});
  std::sort(counts_.begin(), counts_.end(),
            [](const Count& a, const Count& b) { return a.token < b.token; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (kept > 0 && counts_[kept - 1].token == counts_[i].token) {
      ++counts_[kept - 1].n;
    } else {
      counts_[kept++] = counts_[i];
    }
  }
  counts_.resize(kept);
}

void Penalties::add(text::TokenId token) {
  const auto at = std::lower_bound(counts_.begin(), counts_.end(), token,
                                   [](const Count& c, text::TokenId id) { return c.token < id; });
  if (at != counts_.end() && at->token == token) {
    ++at->n;
  } else {
    counts_.insert(at, {token, 1});
  }
}

void Penalties::remove(text::TokenId token) {
  const auto at = std::lower_bound(counts_.begin(), counts_.end(), token,
                                   [](const Count& c, text::TokenId id) { return c.token < id; });
  check(at != counts_.end() && at->token == token, "a history goes on as it began");
  if (--at->n == 0) counts_.erase(at);
}

}  // namespace rocmforge::engine
