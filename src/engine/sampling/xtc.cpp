// "Exclude top choices", by P. E. Weidmann: github.com/oobabooga/text-generation-webui/pull/6335.
#include "engine/sampling/samplers.h"

namespace rocmforge::engine {

void drop_likely(Candidates& c, float threshold) {
  if (c.size() < 2) return;
  const Weights& w = weights_of(c);
  // The least likely of the likely ones; all before it in the order go.
  const Candidate* last = nullptr;
  for (std::size_t i = 0; i < c.size(); ++i) {
    if (w.share(i) < static_cast<double>(threshold)) continue;
    if (last == nullptr || better(*last, c.list[i])) last = &c.list[i];
  }
  if (last == nullptr) return;
  const Candidate least = *last;
  c.filter([&](const Candidate& candidate) { return !better(candidate, least); });
}

}  // namespace rocmforge::engine
