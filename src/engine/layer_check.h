// Holds a device against a reference layer by layer, on a model of the user's own, and finds the
// layer and the op at which they part.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "backend/device.h"
#include "base/counters.h"
#include "base/mapped_file.h"
#include "engine/runner_options.h"
#include "gguf/file.h"

namespace rocmforge::engine {

// How far the rows of one value are from the reference's, over some steps. Of each row the norm of
// the difference is taken as a share of the reference's norm, so that one large row hides no other.
struct Deviation {
  std::int64_t n_rows = 0;
  double rms = 0;        // of the rows' shares
  double worst_row = 0;  // the greatest share
  double max = 0;        // greatest difference of two elements
  double cosine = 1;     // the least between a row and the reference's
};

// One value: a layer's result, the logits, or the result of an op.
struct Compared {
  std::string name;
  Deviation prefill;  // the prompt's one large step
  Deviation decode;   // the small steps behind it
  double bound = 0;  // of rms; worst_row may be kWorstRow times as large, but not above kNoRelation
  bool parted = false;  // beyond it, in either
};
inline constexpr double kWorstRow = 4;
// Rows that have nothing to do with each other differ by 1.4 times their norm.
inline constexpr double kNoRelation = 0.9;

struct LayerCheckOptions {
  DType kv_dtype = DType::kF32;
  bool fuse = true;  // of both
  // Of the device under test, as in RunnerOptions.
  std::int32_t n_device_layers = kAllLayers;
  backend::Device* rest = nullptr;
  // Tokens run at once, fewer where the model's context ends before all steps; so many that a GPU
  // splits the attention of the small steps behind them.
  std::int32_t n_prompt = 160;
  std::int32_t n_decode = 8;  // then so many one by one, behind one step of 4
  // Where the files were mapped: weights are then loaded as the engine loads them; none: through
  // the mapping, or from memory.
  std::span<const MappedFile> mappings = {};
};

struct LayerCheck {
  std::vector<Compared> layers;             // "blk.0", ..., and the head's "logits"
  std::int32_t first_parted = -1;           // index of the first beyond its bound; -1: none
  std::vector<Compared> ops;                // those of the first parted layer, each result kept
  std::int32_t first_op = -1;               // index of the first beyond the bound; -1: none
  double logprob_rms = 0, logprob_max = 0;  // of all log-probabilities of all positions
  std::int64_t n_positions = 0, n_greedy_same = 0;
  std::string rule;
  bool pass() const { return first_parted < 0; }
};

// Runs the same tokens, random but always the same, on both, forced. Errors: those of the runner;
// kOutOfMemory where no layer fits the device under test; kInvalidArgument where none is to run
// there, and where the reference itself gives no numbers. `file`, its mapping, devices and
// counters outlive the call.
LayerCheck check_layers(const gguf::File& file, const LayerCheckOptions& options,
                        backend::Device& device, backend::Device& reference, Counters& counters);

}  // namespace rocmforge::engine
