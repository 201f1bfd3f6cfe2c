#include "engine/sampling/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace rocmforge::engine {

float Candidates::best() const {
  check(!list.empty(), "the best of no candidates");
  if (n_sorted > 0) return list.front().logit;
  return std::min_element(list.begin(), list.end(), better)->logit;
}

void Candidates::sort(std::size_t n) {
  n = std::min(n, list.size());
  if (n <= n_sorted) return;
  const auto at = [this](std::size_t i) { return list.begin() + static_cast<std::ptrdiff_t>(i); };
  if (n < list.size()) std::nth_element(at(n_sorted), at(n), list.end(), better);
  std::sort(at(n_sorted), at(n), better);
  n_sorted = n;
}

void Candidates::keep_best(std::size_t n) {
  check(n > 0, "no candidate is kept");
  if (n >= list.size()) return;
  sort(n);
  list.resize(n);
  n_sorted = n;
}

void Candidates::changed() {
  constexpr float kMost = std::numeric_limits<float>::max();
  for (Candidate& c : list)
    c.logit = std::isnan(c.logit) ? -kMost : std::clamp(c.logit, -kMost, kMost);
  n_sorted = 0;
}

const Weights& weights_of(Candidates& c) {
  Weights& out = c.scratch.weights;
  out.weight.clear();
  out.weight.reserve(c.list.capacity());  // those of any later token
  out.total = 0;
  const float best = c.best();
  for (const Candidate& candidate : c.list) {
    out.weight.push_back(std::exp(static_cast<double>(candidate.logit - best)));
    out.total += out.weight.back();
  }
  return out;
}

double entropy_of(const Weights& w) {
  double out = 0;
  for (std::size_t i = 0; i < w.weight.size(); ++i) {
    const double p = w.share(i);
    if (p > 0) out -= p * std::log(p);
  }
  return out;
}

}  // namespace rocmforge::engine
