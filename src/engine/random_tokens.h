// Tokens to run where it does not matter which, as long as they are the same every time.
#pragma once

#include <cstdint>
#include <vector>

#include "text/vocab.h"

namespace rocmforge::engine {

// n of a vocabulary of n_vocab, the same for the same seed.
std::vector<text::TokenId> random_tokens(std::uint64_t seed, std::int32_t n, std::int32_t n_vocab);

}  // namespace rocmforge::engine
