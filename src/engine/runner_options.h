// How a model is to be run: what the runner, and the plan of its memory, are made by.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "backend/device.h"
#include "base/mapped_file.h"
#include "engine/batch.h"
#include "tensor/dtype.h"

namespace rocmforge::engine {

// Layers on the device: every one, or as many as fit its memory.
inline constexpr std::int32_t kAllLayers = -1;
inline constexpr std::int32_t kLayersThatFit = -2;

// Told now and then how many bytes of how many are loaded, by the loading thread; false gives up:
// Error{kCancelled}.
using LoadProgress = std::function<bool(std::int64_t done, std::int64_t total)>;

struct RunnerOptions {
  std::int32_t n_ctx = 0;  // positions a sequence; > 0
  // Above 0: where n_ctx positions do not fit the memory, fewer will do, but not below this.
  std::int32_t least_ctx = 0;
  std::int32_t max_sequences = 1;  // in one step
  // Above 0: where max_sequences do not fit the memory, fewer will do, but not fewer than these.
  // The context and the layers of a device are settled for these first.
  std::int32_t least_sequences = 0;
  // Above 0: positions that the KV cache holds for all sequences together, no fewer than one's
  // n_ctx and no more than all of theirs. 0: as many as that.
  std::int64_t kv_tokens = 0;
  std::int32_t max_rows = 512;  // in one step
  DType kv_dtype = DType::kF16;
  bool fuse = true;  // false: the plain graph, op by op
  WorkCut cut = {};
  // The runner takes the cut that suits its device, or `rest` where that has all layers.
  bool device_cut = false;
  // The last n_device_layers, and the head, run on the runner's device; the layers before them, and
  // the embedding, on `rest`. More than there are: all. Null: all on the one device.
  std::int32_t n_device_layers = kAllLayers;
  backend::Device* rest = nullptr;
  // Whether a step is given to the device before the last one's token is known; not set: where the
  // device works on its own.
  std::optional<bool> run_ahead = {};
  // How weights come to a device that does not use them in place: from these files, read past their
  // mappings (none: through the mapping), and who is told; see backend::WeightSource.
  std::span<const MappedFile> mappings = {};
  LoadProgress progress = {};
  // Each layer's result stays readable after a run, as "blk.N" (Runner::taps); and, of one layer,
  // the result of every op.
  bool tap_layers = false;
  std::int32_t tap_ops_of = -1;
};

}  // namespace rocmforge::engine
