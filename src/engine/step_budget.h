// How many rows a step has in which tokens are generated: they bound the time between tokens.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace rocmforge::engine {

struct StepBudget {
  std::int32_t wanted = 0;         // rows, tokens and prompts together; 0: what suits most
  std::int32_t max_rows = 0;       // the runner's
  std::int32_t max_sequences = 0;  // the runner's
  // Each row costs (on the host); where it does not, some dozens of prompts' rows cost about what
  // the tokens of a small batch do, and share its weights.
  bool pays_by_row = false;

  // `n_decoding`: sequences that generate. Where each row costs, prompts have a few rows for each
  // token: with few sequences tokens come evenly, with many prompts keep up.
  std::size_t rows(std::size_t n_decoding) const {
    std::size_t out = static_cast<std::size_t>(wanted);
    if (wanted == 0 && pays_by_row) out = n_decoding + kRows + kRowsOfAToken * n_decoding;
    if (wanted == 0 && !pays_by_row) {
      out = static_cast<std::size_t>(std::max(kManyRows, max_sequences + kManyRows / 2));
    }
    return std::min(out, static_cast<std::size_t>(max_rows));
  }

  static constexpr std::size_t kRows = 24, kRowsOfAToken = 4;
  static constexpr std::int32_t kManyRows = 128;
};

}  // namespace rocmforge::engine
