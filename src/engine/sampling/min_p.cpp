// Nguyen et al., arXiv:2407.01082.
#include <cmath>

#include "engine/sampling/samplers.h"

namespace rocmforge::engine {

void keep_min_p(Candidates& c, float p) {
  if (p <= 0) return;
  const float least = c.best() + std::log(p);  // ln of the share, as the device has it
  c.filter([least](const Candidate& candidate) { return candidate.logit >= least; });
}

}  // namespace rocmforge::engine
