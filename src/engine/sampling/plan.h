// Which samplers of a request do anything, and who chooses its tokens.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/sampling/params.h"
#include "ir/step.h"

namespace rocmforge::engine {

// Who chooses.
enum class ChosenBy : std::uint8_t {
  kDevice,        // the device, always
  kDeviceOrHost,  // the device where its candidates settle it (ir::kUndecided), else the host
  kHost,          // the host, from full logits
};

struct SamplingPlan {
  ChosenBy by = ChosenBy::kHost;
  // Samplers at the beginning of the chain that, with the logit biases, are edits of logits (one a
  // token at most), and those after them. Those that change nothing are in neither. Order is
  // changed only where that changes no choice.
  std::vector<SamplerKind> leading;
  std::vector<SamplerKind> stages;
  bool greedy = false;      // the likeliest after the edits: `stages` is empty
  bool looks_back = false;  // the edits depend on the tokens before
};

SamplingPlan plan_sampling(const SamplingParams& params, std::int64_t n_vocab);

// What the device is asked for, where it may be; `position` is of the token to be chosen.
ir::SampleParams device_params(const SamplingPlan& plan, const SamplingParams& params,
                               std::int64_t position);

}  // namespace rocmforge::engine
