#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/sampling/samplers.h"

namespace rocmforge::engine {

float edited(float logit, const ir::LogitEdit& edit) {
  return (logit > 0 ? logit / edit.penalty : logit * edit.penalty) + edit.bias;
}

void apply_edits(Candidates& c, std::span<const ir::LogitEdit> edits) {
  if (edits.empty()) return;
  // Most candidates are not edited: one bit for a group of tokens tells.
  constexpr std::size_t kBits = 1 << 14;
  std::array<std::uint64_t, kBits / 64> named{};
  const auto bit_of = [](text::TokenId id) { return static_cast<std::size_t>(id) % kBits; };
  for (const ir::LogitEdit& edit : edits) {
    named[bit_of(edit.token) / 64] |= std::uint64_t{1} << (bit_of(edit.token) % 64);
  }
  const auto before = [](const ir::LogitEdit& a, text::TokenId id) { return a.token < id; };
  for (Candidate& candidate : c.list) {
    const std::size_t bit = bit_of(candidate.id);
    if ((named[bit / 64] >> (bit % 64) & 1) == 0) continue;
    const auto edit = std::lower_bound(edits.begin(), edits.end(), candidate.id, before);
    if (edit == edits.end() || edit->token != candidate.id) continue;
    candidate.logit = edited(candidate.logit, *edit);
  }
  c.changed();
}

}  // namespace rocmforge::engine
