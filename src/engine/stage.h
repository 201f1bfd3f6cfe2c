// One stage of a model, loaded: its weights, KV cache and arena on one device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/device.h"
#include "base/mapped_file.h"
#include "engine/kv_store.h"
#include "engine/runner_options.h"
#include "engine/stage_plan.h"
#include "gguf/file.h"
#include "ir/operand.h"

namespace rocmforge::engine {

// Where a stage's weights are, and how they are loaded (RunnerOptions).
struct StageSource {
  const gguf::File& file;
  std::span<const MappedFile> mappings;
  const LoadProgress& progress;
};

// A tapped value's rows of the last step, dense.
struct Tapped {
  std::string name;
  std::int64_t cols = 0;
  std::vector<float> values;  // [rows][cols]
};

class Stage {
 public:
  // Binds, allocates and compiles. The file, `device` and the stage `before` (null for the first)
  // outlive it; the executor is the one that it was planned for.
  Stage(StagePlan plan, std::unique_ptr<backend::Executor> executor, const StageSource& source,
        const ir::StepLayout& layout, backend::Device& device, Stage* before);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // Until all that it was given is done.
  void wait() { stream_->wait(); }
  // The step's rows through its layers, from those of the stage before. Every stage was waited for.
  void run_body(std::int32_t n_rows, std::span<const std::byte> step);
  // The last stage: some of its rows to logits, and a token each.
  void run_head(std::int32_t n_rows, std::span<const std::byte> step);
  // Tokens that the head run chooses, read back into `slot` (of kTokenSlots) when the mark is
  // passed; and there, once it is.
  static constexpr std::int32_t kTokenSlots = 4;
  backend::Mark read_tokens(std::int32_t n_rows, std::int32_t slot);
  std::span<const std::int32_t> tokens(std::int32_t n_rows, std::int32_t slot, backend::Mark mark);
  // The last head run's, [n_rows][n_vocab]; valid until the next.
  std::span<const float> logits(std::int32_t n_rows);
  // Some of its rows as the output matrix takes them, [n_rows][dim]; valid until the next head run.
  std::span<const float> embeddings(std::int32_t n_rows, std::span<const std::byte> step);

  // Appends what its graphs tap, as the last body run left it.
  void read_taps(std::vector<Tapped>& out);

  std::int32_t n_layers() const { return n_layers_; }
  std::int64_t arena_bytes() const { return arena_->size(); }
  std::int64_t kv_bytes() const { return kv_.layout().bytes(); }

 private:
  struct Tap {
    std::string name;
    ir::Operand place;
  };
  struct Bucket {
    std::int32_t rows;
    backend::ExecutableId executable;
    std::vector<Tap> taps;
  };
  std::vector<Bucket> compile(const std::vector<PlannedGraph>& graphs,
                              const ir::StepLayout& layout) const;
  static const Bucket& pick(const std::vector<Bucket>& buckets, std::int32_t n_rows);
  std::span<const float> results(std::size_t n);
  void receive(std::int32_t n_rows);

  std::int32_t n_layers_;
  ir::Regions regions_;
  std::shared_ptr<const ir::WeightTable> weights_;
  Stage* before_;
  std::int64_t row_bytes_ = 0;  // of the hidden and incoming rows
  std::size_t n_vocab_ = 0;     // columns of the logits
  std::size_t dim_;
  KvStore kv_;
  std::unique_ptr<backend::Buffer> arena_;
  std::unique_ptr<backend::Executor> executor_;
  std::vector<Bucket> body_, head_, embedding_;
  std::int32_t last_rows_ = 0;      // of the last body run
  std::vector<float> logits_;       // read back, where the device's memory is not the host's
  std::vector<std::byte> passing_;  // rows on their way, where neither device's memory is
  std::unique_ptr<backend::HostMemory> tokens_;  // i32 [kTokenSlots][max_head_rows]; the last stage
  std::int32_t max_head_rows_;
  // The last member: after a fault its copies may be under way until it goes.
  std::unique_ptr<backend::Stream> stream_;
};

}  // namespace rocmforge::engine
