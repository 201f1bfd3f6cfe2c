// Locally typical sampling: Meister et al., arXiv:2202.00666.
#include <algorithm>
#include <cmath>

#include "engine/sampling/samplers.h"

namespace rocmforge::engine {

void keep_typical(Candidates& c, float p) {
  if (p >= 1) return;
  c.sort();
  const Weights& w = weights_of(c);
  const double entropy = entropy_of(w);
  using Typical = Candidates::Ranked;  // by the distance of the surprise from the entropy
  std::vector<Typical>& order = c.scratch.order;
  order.clear();
  order.reserve(c.list.capacity());
  for (std::size_t i = 0; i < c.size(); ++i) {
    order.push_back({std::abs(-std::log(w.share(i)) - entropy), i});
  }
  std::sort(order.begin(), order.end(), [](const Typical& a, const Typical& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.at < b.at;
  });
  double sum = 0;
  std::size_t kept = 0;
  while (kept < order.size() && sum <= static_cast<double>(p)) sum += w.share(order[kept++].at);
  order.resize(kept);
  std::sort(order.begin(), order.end(),
            [](const Typical& a, const Typical& b) { return a.at < b.at; });
  for (std::size_t i = 0; i < kept; ++i) c.list[i] = c.list[order[i].at];
  c.list.resize(kept);
  c.n_sorted = kept;
}

}  // namespace rocmforge::engine
