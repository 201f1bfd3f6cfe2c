// The samplers that cut or change a list of candidates: pure functions, a file each. Where a value
// cuts nothing the list stays as it is; none leaves it empty.
#pragma once

#include <cstdint>
#include <span>

#include "engine/sampling/candidates.h"
#include "ir/step.h"

namespace rocmforge::engine {

// The k likeliest; 0: all.
void keep_top_k(Candidates& c, std::int32_t k);
// The fewest of the likeliest whose probabilities reach p.
void keep_top_p(Candidates& c, float p);
// Those of at least p times the likeliest one's probability.
void keep_min_p(Candidates& c, float p);
// Those whose surprise is nearest to the entropy, until their probabilities exceed p.
void keep_typical(Candidates& c, float p);
// Those at most n standard deviations of all logits below the best.
void keep_top_n_sigma(Candidates& c, float n);
// Of those with a probability of at least `threshold`, the likely ones, only the least likely.
void drop_likely(Candidates& c, float threshold);

// logit / temperature, or, at 0, the likeliest alone.
void scale(Candidates& c, float temperature);
// From temperature - range (not below 0) to temperature + range, by how near the entropy is to that
// of the uniform distribution.
float dynamic_temperature(Candidates& c, float temperature, float range, float exponent);

// What an edit (ir/step.h) makes of a logit; the device does the same.
float edited(float logit, const ir::LogitEdit& edit);
// The candidates that `edits`, sorted by token, name.
void apply_edits(Candidates& c, std::span<const ir::LogitEdit> edits);

}  // namespace rocmforge::engine
