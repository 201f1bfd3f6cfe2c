#include "engine/random_tokens.h"

#include "base/random.h"

namespace rocmforge::engine {

std::vector<text::TokenId> random_tokens(std::uint64_t seed, std::int32_t n, std::int32_t n_vocab) {
  std::vector<text::TokenId> out;
  for (std::int32_t i = 0; i < n; ++i) {
    const std::uint32_t draw = philox(seed, static_cast<std::uint64_t>(i)).word[0];
    out.push_back(static_cast<text::TokenId>(draw % static_cast<std::uint32_t>(n_vocab)));
  }
  return out;
}

}  // namespace rocmforge::engine
