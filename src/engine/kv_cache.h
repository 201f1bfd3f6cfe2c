// The KV of one conversation, kept from one request to the next.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "engine/sequence.h"

namespace rocmforge::engine {

struct KvCache {
  explicit KvCache(Runner& runner) : sequence(runner) {}

  // Keeps the tokens that `prompt` begins with as well, but for its last one, which is run again so
  // that there is a choice of what follows; returns how many.
  std::int32_t keep(std::span<const text::TokenId> prompt) {
    const std::size_t most = std::min(prompt.size() - 1, tokens.size());
    const auto differs = std::mismatch(
        tokens.begin(), tokens.begin() + std::ssize(prompt.first(most)), prompt.begin());
    tokens.erase(differs.first, tokens.end());
    const auto n = static_cast<std::int32_t>(tokens.size());
    sequence.truncate(n);
    return n;
  }
  // What has been run is the beginning of `history`.
  void follow(std::span<const text::TokenId> history) {
    const auto ran = history.first(static_cast<std::size_t>(sequence.length()));
    tokens.assign(ran.begin(), ran.end());
  }
  void clear() {
    tokens.clear();
    sequence.truncate(0);
  }

  Sequence sequence;
  std::vector<text::TokenId> tokens;  // at its positions
};

}  // namespace rocmforge::engine
