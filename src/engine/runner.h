// Runs batches through a model on one device. Everything is built, bound and allocated when it is
// made; a step only writes the step buffer and launches.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/device.h"
#include "base/counters.h"
#include "engine/batch.h"
#include "engine/kv_store.h"
#include "gguf/file.h"
#include "ir/passes/memory_plan.h"
#include "ir/step.h"
#include "model/model.h"

namespace rocmforge::engine {

struct RunnerOptions {
  std::int32_t n_ctx = 0;          // positions a sequence; > 0
  std::int32_t max_sequences = 1;  // in one step
  std::int32_t max_rows = 512;     // in one step
  DType kv_dtype = DType::kF16;
  bool fuse = true;  // false: the plain graph, op by op
  WorkCut cut = {};
};

class Runner {
 public:
  // `file` and `device` outlive the runner.
  Runner(const gguf::File& file, const RunnerOptions& options, backend::Device& device,
         Counters& counters);
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  const model::HyperParams& params() const { return model_.params; }
  std::int32_t n_ctx() const { return options_.n_ctx; }
  std::int32_t max_rows() const { return options_.max_rows; }
  std::int32_t max_head_rows() const { return layout_.limits.max_head_rows; }
  kv::BlockPool& pool() { return kv_.pool(); }

  // One step: every row of the batch through the layers. At most max_rows rows (checked).
  void run(Batch batch);
  // Logits of some rows of the last step, [rows.size()][n_vocab]; at most max_head_rows of them.
  // Valid until the next call of either.
  std::span<const float> logits(std::span<const std::int32_t> rows);

  // Bytes on the device beside the weights: arena and KV cache.
  std::int64_t arena_bytes() const { return arena_->size(); }
  std::int64_t kv_bytes() const { return kv_.layout().bytes(); }

 private:
  struct Bucket {
    std::int32_t rows;
    backend::ExecutableId executable;
  };
  void prepare(const ir::Graph& graph, std::int32_t max_rows, std::vector<Bucket>& buckets);
  static backend::ExecutableId pick(const std::vector<Bucket>& buckets, std::size_t n_rows);

  RunnerOptions options_;
  Counters& counters_;
  model::Model model_;
  RopeRows rope_;
  ir::StepLayout layout_;
  ir::Regions regions_;
  std::unique_ptr<backend::Executor> executor_;
  KvStore kv_;
  std::int64_t arena_bytes_ = 0;
  std::unique_ptr<backend::Buffer> arena_;
  std::vector<Bucket> body_, head_;

  std::vector<std::byte> step_;     // the step buffer
  std::vector<ir::WorkItem> work_;  // reserved at load
  std::vector<float> logits_;       // read back, where the device's memory is not the host's
  // The last member: after a fault its copies may be under way until it goes.
  std::unique_ptr<backend::Stream> stream_;
};

}  // namespace rocmforge::engine
