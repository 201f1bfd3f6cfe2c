// The spread; by entropy, after the "dynamic temperature" that llama.cpp has.
#include <algorithm>
#include <cmath>

#include "engine/sampling/samplers.h"

namespace rocmforge::engine {

void scale(Candidates& c, float temperature) {
  if (temperature <= 0) {
    c.keep_best(1);
    return;
  }
  for (Candidate& candidate : c.list) candidate.logit /= temperature;
  c.changed();
}

float dynamic_temperature(Candidates& c, float temperature, float range, float exponent) {
  if (range <= 0) return temperature;
  if (c.size() < 2) return 1;  // there is nothing to spread
  const double least = std::max(0.0, static_cast<double>(temperature) - static_cast<double>(range));
  const double most = static_cast<double>(temperature) + static_cast<double>(range);
  const double share = entropy_of(weights_of(c)) / std::log(static_cast<double>(c.size()));
  const double at = std::pow(std::clamp(share, 0.0, 1.0), static_cast<double>(exponent));
  return static_cast<float>(least + (most - least) * at);
}

}  // namespace rocmforge::engine
