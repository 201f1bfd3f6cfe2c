// LLaMA 1 to 3 and what shares their shape (SmolLM2, Mistral, ...): arXiv:2302.13971, 2407.21783.
#pragma once

#include <memory>

#include "model/architecture.h"

namespace rocmforge::model {

std::unique_ptr<Architecture> make_llama(const HyperParams& params, Weights& weights);

}  // namespace rocmforge::model
