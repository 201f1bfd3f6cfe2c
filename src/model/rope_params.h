// The rotary embedding's keys.
#pragma once

#include "model/hyper_params.h"
#include "model/key_reader.h"

namespace rocmforge::model {

// `n_ctx_train`: the original context where yarn's keys do not say.
RopeParams read_rope_params(const KeyReader& read, ir::RopeKind kind, std::int32_t head_dim,
                            std::int32_t n_ctx_train);

}  // namespace rocmforge::model
