#include <algorithm>

#include "engine/sampling/samplers.h"

namespace rocmforge::engine {

void keep_top_k(Candidates& c, std::int32_t k) {
  if (k > 0) c.keep_best(std::min(c.size(), static_cast<std::size_t>(k)));
}

}  // namespace rocmforge::engine
