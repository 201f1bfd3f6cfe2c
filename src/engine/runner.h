// Runs batches through a model, in stages on one or more devices. Everything is built, bound and
// allocated when it is made; a step only writes the step buffer and launches.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/device.h"
#include "base/counters.h"
#include "base/function_ref.h"
#include "engine/batch.h"
#include "engine/fit.h"
#include "engine/stage.h"
#include "gguf/file.h"
#include "ir/step.h"
#include "kv/block_pool.h"
#include "model/model.h"

namespace rocmforge::engine {

// A row of a step that a token is wanted for.
struct Choice {
  std::int32_t row = 0;
  ir::SampleParams params;  // but for its edits and mask
  std::span<const ir::LogitEdit> edits;
  bool is_masked = false;  // not all tokens may be chosen: see MaskSource
};

// The mask of choices[i], a bit for each token that may be chosen; valid until the next call.
using MaskSource = FunctionRef<std::span<const std::uint32_t>(std::size_t i)>;

// Tokens on their way from the device.
struct Ticket {
  std::int32_t n = 0;  // of tokens
  std::int32_t slot = 0;
  backend::Mark mark = 0;
};

class Runner {
 public:
  // `file`, `device` and the options' devices outlive the runner. Errors: those of build_model,
  // place_model and the devices.
  Runner(const gguf::File& file, const RunnerOptions& options, backend::Device& device,
         Counters& counters);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  const model::HyperParams& params() const { return params_; }
  std::int32_t n_ctx() const { return options_.n_ctx; }
  std::int32_t max_rows() const { return options_.max_rows; }
  std::int32_t max_sequences() const { return options_.max_sequences; }
  std::int32_t max_head_rows() const { return layout_.limits.max_head_rows; }
  kv::BlockPool& pool() { return pool_; }

  // One step: every row of the batch through the layers. At most max_rows rows (checked).
  void run(Batch batch);
  // The same, and a token for each of 1 to max_head_rows of its rows, chosen on the device. `masks`
  // is asked for those of masked choices when the device has been given the layers, so that they
  // are made while it runs them.
  Ticket run(Batch batch, std::span<const Choice> choices, MaskSource masks = {});
  // In a batch's tokens, the token of choices[i] of the step before, which the host need not know
  // yet. Only where runs_ahead() says so; where none was chosen the row's results mean nothing.
  static constexpr text::TokenId fed_back(std::int32_t i) { return -1 - i; }
  bool runs_ahead() const { return runs_ahead_; }
  // A stage runs on the host, where each row of a step costs.
  bool pays_by_row() const { return pays_by_row_; }
  // One for each choice: the token, ir::kNoSample or ir::kUndecided. Waits for that step, and for
  // no later one. Of the last Stage::kTokenSlots such steps; valid as long.
  std::span<const std::int32_t> tokens(const Ticket& ticket);
  // Logits of some rows of the last step, [rows.size()][n_vocab]; at most max_head_rows of them.
  // Valid until the next call of either.
  std::span<const float> logits(std::span<const std::int32_t> rows);
  // The same of what the output matrix takes, [rows.size()][dim].
  std::span<const float> embeddings(std::span<const std::int32_t> rows);

  // What the options had tapped, as the last step left it, in the order of the graph. To be asked
  // for before its logits: the head's temporaries may lie over it.
  std::vector<Tapped> taps();

  // Bytes on the devices beside the weights: arenas and KV caches.
  std::int64_t arena_bytes() const;
  std::int64_t kv_bytes() const;
  // Layers on the runner's device; the others are on the options' `rest`.
  std::int32_t n_device_layers() const { return n_device_layers_; }

 private:
  struct Placed {
    model::Model model;
    PlacedModel where;
  };
  static Placed place(const gguf::File& file, RunnerOptions options, backend::Device& device,
                      Counters& counters);
  Runner(const gguf::File& file, Placed placed, backend::Device& device, Counters& counters);

  RunnerOptions options_;
  Counters& counters_;
  model::HyperParams params_;
  RopeRows rope_;
  ir::StepLayout layout_;
  kv::BlockPool pool_;
  std::int32_t n_device_layers_ = 0;

  void want_rows(std::span<const std::int32_t> rows);
  void give(Batch batch, std::span<const Choice> choices);

  bool runs_ahead_ = false;
  bool pays_by_row_ = false;
  std::int32_t next_slot_ = 0;      // of tokens
  std::vector<std::byte> step_;     // the step buffer
  std::vector<ir::WorkItem> work_;  // reserved at load
  // In the order that they run.
  std::vector<std::unique_ptr<Stage>> stages_;
};

}  // namespace rocmforge::engine
