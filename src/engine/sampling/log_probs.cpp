#include "engine/sampling/log_probs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace rocmforge::engine {
namespace {

constexpr double kImpossible = -std::numeric_limits<double>::infinity();

}  // namespace

LogProbs log_probs(std::span<const float> logits, text::TokenId chosen, std::int32_t n_top) {
  LogProbs out;
  log_probs(logits, chosen, n_top, out);
  return out;
}

void log_probs(std::span<const float> logits, text::TokenId chosen, std::int32_t n_top,
               LogProbs& out) {
  check(chosen >= 0 && static_cast<std::size_t>(chosen) < logits.size(),
        "token outside the vocabulary");
  float best = -std::numeric_limits<float>::infinity();
  for (const float logit : logits) best = std::max(best, logit);  // no NaN is greater
  double sum = 0;
  for (const float logit : logits) {
    if (!std::isnan(logit)) sum += std::exp(static_cast<double>(logit - best));
  }
  const double log_sum = std::log(sum);
  const auto of = [&](double logit) {
    const double p = logit - static_cast<double>(best) - log_sum;
    return std::isnan(p) ? (logit == static_cast<double>(best) ? 0 : kImpossible) : p;
  };
  out.chosen = {chosen, of(static_cast<double>(logits[static_cast<std::size_t>(chosen)]))};
  // A heap, the worst first, of logits at first.
  std::vector<TokenLogProb>& top = out.top;
  top.clear();
  const auto likelier = [](const TokenLogProb& a, const TokenLogProb& b) {
    return a.log_prob != b.log_prob ? a.log_prob > b.log_prob : a.token < b.token;
  };
  const auto most = static_cast<std::size_t>(n_top);
  for (std::size_t i = 0; most > 0 && i < logits.size(); ++i) {
    if (std::isnan(logits[i])) continue;
    const TokenLogProb c{static_cast<text::TokenId>(i), static_cast<double>(logits[i])};
    if (top.size() == most) {
      if (!likelier(c, top.front())) continue;
      std::pop_heap(top.begin(), top.end(), likelier);
      top.pop_back();
    }
    top.push_back(c);
    std::push_heap(top.begin(), top.end(), likelier);
  }
  std::sort_heap(top.begin(), top.end(), likelier);
  for (TokenLogProb& c : top) c.log_prob = of(c.log_prob);
}

void LogProbList::reserve(std::size_t n_tokens, std::size_t n_top) {
  all_.reserve(n_tokens * (1 + n_top));
  ends_.reserve(n_tokens);
}

void LogProbList::push_back(const LogProbs& token) {
  all_.push_back(token.chosen);
  all_.insert(all_.end(), token.top.begin(), token.top.end());
  ends_.push_back(all_.size());
}

LogProbList::View LogProbList::operator[](std::size_t i) const {
  const std::size_t begin = i == 0 ? 0 : ends_.at(i - 1);
  const std::span<const TokenLogProb> of = std::span(all_).subspan(begin, ends_.at(i) - begin);
  return {of.front(), of.subspan(1)};
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
