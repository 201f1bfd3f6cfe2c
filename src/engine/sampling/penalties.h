// Tokens that occurred become less likely: as edits of logits, which the device applies too.
#pragma once

#include <span>
#include <vector>

#include "engine/sampling/params.h"
#include "ir/step.h"

namespace rocmforge::engine {

// The last n tokens; -1: all.
std::span<const text::TokenId> last_tokens(std::span<const text::TokenId> history, std::int32_t n);

// Whether the penalties change anything.
bool penalises(const SamplingParams& params);
// Appends an edit for each token that occurred in the last params.repeat_last, by token.
void penalty_edits(const SamplingParams& params, std::span<const text::TokenId> history,
                   std::vector<ir::LogitEdit>& out);

}  // namespace rocmforge::engine
