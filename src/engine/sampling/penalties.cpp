// Repetition: Keskar et al., arXiv:1909.05858, where what is negative is multiplied, or it would
// become likelier. Presence and frequency: as the completions of OpenAI's interface define them.
#include "engine/sampling/penalties.h"

#include <algorithm>

namespace rocmforge::engine {

std::span<const text::TokenId> last_tokens(std::span<const text::TokenId> history, std::int32_t n) {
  if (n < 0 || history.size() <= static_cast<std::size_t>(n)) return history;
  return history.last(static_cast<std::size_t>(n));
}

bool penalises(const SamplingParams& p) {
  return p.repeat_last != 0 &&
         (p.repeat_penalty != 1 || p.presence_penalty != 0 || p.frequency_penalty != 0);
}

void penalty_edits(const SamplingParams& p, std::span<const text::TokenId> history,
                   std::vector<ir::LogitEdit>& out) {
  if (!penalises(p)) return;
  const auto first = static_cast<std::ptrdiff_t>(out.size());
  for (const text::TokenId id : last_tokens(history, p.repeat_last)) {
    out.push_back({.token = id, .penalty = p.repeat_penalty, .bias = 0});
  }
  const auto begin = out.begin() + first;
  std::sort(begin, out.end(),
            [](const ir::LogitEdit& a, const ir::LogitEdit& b) { return a.token < b.token; });
  auto to = begin;
  for (auto at = begin; at != out.end();) {
    const auto end =
        std::find_if(at, out.end(), [at](const auto& e) { return e.token != at->token; });
    *to = *at;
    const auto count = static_cast<float>(end - at);
    to->bias = 0 - (count * p.frequency_penalty + p.presence_penalty);
    ++to;
    at = end;
  }
  out.erase(to, out.end());
}

}  // namespace rocmforge::engine
