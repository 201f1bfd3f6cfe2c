// Tang et al., "Top-n-sigma: not all logits are you need", arXiv:2411.07641.
#include <cmath>

#include "engine/sampling/samplers.h"

namespace rocmforge::engine {

void keep_top_n_sigma(Candidates& c, float n) {
  if (n <= 0 || c.size() < 2) return;
  const auto count = static_cast<double>(c.size());
  double mean = 0, variance = 0;
  for (const Candidate& candidate : c.list) mean += static_cast<double>(candidate.logit) / count;
  for (const Candidate& candidate : c.list) {
    const double off = static_cast<double>(candidate.logit) - mean;
    variance += off * off / count;
  }
  const double least = static_cast<double>(c.best()) - static_cast<double>(n) * std::sqrt(variance);
  c.filter([least](const Candidate& candidate) {
    return static_cast<double>(candidate.logit) >= least;
  });
}

}  // namespace rocmforge::engine
