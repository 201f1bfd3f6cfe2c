#include <algorithm>

#include "engine/sampling/samplers.h"

namespace rocmforge::engine {

float edited(float logit, const ir::LogitEdit& edit) {
  return (logit > 0 ? logit / edit.penalty : logit * edit.penalty) + edit.bias;
}

void apply_edits(Candidates& c, std::span<const ir::LogitEdit> edits) {
  if (edits.empty()) return;
  const auto before = [](const ir::LogitEdit& a, text::TokenId id) { return a.token < id; };
  for (Candidate& candidate : c.list) {
    const auto edit = std::lower_bound(edits.begin(), edits.end(), candidate.id, before);
    if (edit == edits.end() || edit->token != candidate.id) continue;
    candidate.logit = edited(candidate.logit, *edit);
  }
  c.changed();
}

}  // namespace rocmforge::engine
