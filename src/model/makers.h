// One function an architecture, each in a file of its name: takes the tensors, checking each.
#pragma once

#include <memory>

#include "model/architecture.h"

namespace rocmforge::model {

std::unique_ptr<Architecture> make_llama(const HyperParams& params, Weights& weights);
std::unique_ptr<Architecture> make_qwen2(const HyperParams& params, Weights& weights);
std::unique_ptr<Architecture> make_qwen3(const HyperParams& params, Weights& weights);
std::unique_ptr<Architecture> make_chatglm(const HyperParams& params, Weights& weights);
std::unique_ptr<Architecture> make_glm4(const HyperParams& params, Weights& weights);

}  // namespace rocmforge::model
