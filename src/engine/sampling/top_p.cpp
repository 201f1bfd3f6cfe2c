// Nucleus sampling: Holtzman et al., arXiv:1904.09751.
#include <cmath>

#include "engine/sampling/samplers.h"

namespace rocmforge::engine {

void keep_top_p(Candidates& c, float p) {
  if (p >= 1) return;
  // Few are wanted as a rule: sorted as far as they reach.
  constexpr std::size_t kFirst = 256;
  std::size_t sorted = c.n_sorted;
  const float best = c.best();
  const auto weight = [&](std::size_t i) {
    return std::exp(static_cast<double>(c.list[i].logit - best));
  };
  double total = 0;
  for (std::size_t i = 0; i < c.size(); ++i) total += weight(i);
  const double wanted = static_cast<double>(p) * total;
  double sum = 0;
  std::size_t kept = 0;
  while (kept < c.size() && (kept == 0 || sum < wanted)) {
    if (kept == sorted) {
      c.sort(sorted < kFirst ? kFirst : sorted * 8);
      sorted = c.n_sorted;
    }
    sum += weight(kept++);
  }
  c.keep_best(kept);
}

}  // namespace rocmforge::engine
