// Places a model on its devices, within their memory: refused before anything is loaded where it
// does not fit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/device.h"
#include "base/counters.h"
#include "engine/stage_plan.h"
#include "model/model.h"

namespace rocmforge::engine {

// What a stage asks of its device's memory, in bytes.
struct Need {
  std::int64_t weights = 0;
  std::int64_t kv = 0;
  std::int64_t work = 0;     // the arena
  std::int64_t reserve = 0;  // DeviceInfo::memory_reserve

  std::int64_t total() const { return weights + kv + work + reserve; }
};

struct PlacedStage {
  backend::Device* device = nullptr;
  std::unique_ptr<backend::Executor> executor;
  StagePlan plan;
};

struct PlacedModel {
  RunnerOptions options;  // as asked for, but with the context that fits and the device's cut
  std::vector<PlacedStage> stages;
};

// Shares the layers out between options.rest and `device`, plans them, and holds what they need
// against what is free (a device that does not say how much memory it has is not held to it).
// Where options.least_ctx allows, a context too large shrinks; the log says so. Logs what the KV
// cache takes. SettingError{kOutOfMemory} names what is needed and free, and the context (no longer
// than the model was trained for), KV type and device layers that would fit. `name` is the model's,
// for messages.
PlacedModel place_model(const model::Model& model, const RunnerOptions& options,
                        backend::Device& device, const std::string& name, Counters& counters);

}  // namespace rocmforge::engine
