#include "engine/sampling/log_probs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "engine/sampling/candidates.h"

namespace rocmforge::engine {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();

}  // namespace

LogProbs log_probs(std::span<const float> logits, text::TokenId chosen, std::int32_t n_top) {
  check(chosen >= 0 && static_cast<std::size_t>(chosen) < logits.size(),
        "token outside the vocabulary");
  float best = -std::numeric_limits<float>::infinity();
  for (const float logit : logits) best = std::max(best, logit);  // no NaN is greater
  double sum = 0;
  for (const float logit : logits) {
    if (!std::isnan(logit)) sum += std::exp(static_cast<double>(logit - best));
  }
  const auto of = [&](float logit) {
    const double p = static_cast<double>(logit) - static_cast<double>(best) - std::log(sum);
    return std::isnan(p) ? (logit == best ? 0 : kImpossible) : p;
  };
  LogProbs out{.chosen = {chosen, of(logits[static_cast<std::size_t>(chosen)])}, .top = {}};
  std::vector<Candidate> top;  // a heap, the worst first
  const auto most = static_cast<std::size_t>(n_top);
  for (std::size_t i = 0; most > 0 && i < logits.size(); ++i) {
    if (std::isnan(logits[i])) continue;
    const Candidate c{logits[i], static_cast<text::TokenId>(i)};
    if (top.size() == most) {
      if (!better(c, top.front())) continue;
      std::pop_heap(top.begin(), top.end(), better);
      top.pop_back();
    }
    top.push_back(c);
    std::push_heap(top.begin(), top.end(), better);
  }
  std::sort_heap(top.begin(), top.end(), better);
  for (const Candidate& c : top) out.top.push_back({c.id, of(c.logit)});
  return out;
}

std::vector<double> log_probabilities(std::span<const float> logits,
                                      std::span<const text::TokenId> ids) {
  check(!logits.empty(), "log-probabilities of no logits");
  const float best = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit - best));
  const double log_sum = std::log(sum) + static_cast<double>(best);
  std::vector<double> out;
  out.reserve(ids.size());
  for (const text::TokenId id : ids) {
    check(id >= 0 && static_cast<std::size_t>(id) < logits.size(), "token outside the vocabulary");
    out.push_back(static_cast<double>(logits[static_cast<std::size_t>(id)]) - log_sum);
  }
  return out;
}

}  // namespace rocmforge::engine
