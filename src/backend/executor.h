// Runs specialised graphs on one device: bind once, compile each graph once, then run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/function_ref.h"
#include "base/mapped_file.h"
#include "ir/graph.h"
#include "ir/passes/memory_plan.h"
#include "ir/step.h"

namespace rocmforge::backend {

class Buffer;
class Stream;

// The bytes of a weight's segments, in their order, as the model file holds them. They stay
// readable until the executor is destroyed; an executor may use them in place or repack them.
struct SegmentData {
  std::span<const std::byte> rows = {};  // bytes_of(dtype, rows * cols)
  std::span<const std::byte> bias = {};  // F32 [rows], perhaps unaligned; empty when there is none
  // Set: there are no bytes, and the executor makes them up (tensor/random.h), the same for
  // the same seed on every device; `rows` is empty, and there is no bias.
  std::optional<std::uint64_t> random = {};
};
struct WeightData {
  ir::WeightId id{};
  std::vector<SegmentData> segments;
};

// What weights are bound from.
struct WeightSource {
  std::span<const WeightData> data = {};
  // The files that segments lie in, which may be read instead of touching their mappings; none:
  // they lie in memory.
  std::span<const MappedFile> files = {};
  // Told now and then, by the calling thread, how many bytes of how many are done. False gives up:
  // bind_weights throws Error{kCancelled}.
  FunctionRef<bool(std::int64_t done, std::int64_t total)> progress = {};
};

// KV buffers: [layer][block][K, V][head][token][dim] of `dtype`.
struct KvLayout {
  DType dtype = DType::kF16;
  std::int32_t n_layers = 0;
  std::int32_t n_blocks = 0;
  std::int32_t n_kv_heads = 0;
  std::int32_t head_dim = 0;

  std::int64_t side_bytes() const {  // K or V of one block
    return bytes_of(dtype, std::int64_t{n_kv_heads} * ir::kBlockTokens * head_dim);
  }
  std::int64_t block_bytes() const { return 2 * side_bytes(); }
  std::int64_t layer_bytes() const { return block_bytes() * n_blocks; }
  std::int64_t bytes() const { return layer_bytes() * n_layers; }
};

// Memory that every run uses; outlives the executor.
struct Memory {
  Buffer* arena = nullptr;
  Buffer* kv = nullptr;
  KvLayout kv_layout;
};

enum class ExecutableId : std::int32_t {};

class Executor {
 public:
  virtual ~Executor() = default;

  // Arena bytes that this node of a specialised graph wants beside its operands and results, for
  // any step within the limits.
  virtual std::int64_t scratch_bytes(const ir::Graph& graph, const ir::Node& node,
                                     const ir::StepLimits& limits) const = 0;

  // Bytes of device memory that bind_weights takes for these weights; 0 where they are used in
  // place.
  virtual std::int64_t weight_bytes(const ir::WeightTable& table) const = 0;
  // Once, before compile. `table` outlives the executor. Counts weight_binds. When it throws,
  // everything it took is free again.
  virtual void bind_weights(const ir::WeightTable& table, const WeightSource& source) = 0;
  // Once, before run.
  virtual void bind_memory(const Memory& memory) = 0;

  // Prepares a specialised graph; counts graph_builds. Nothing that depends on the step is kept.
  virtual ExecutableId compile(const ir::Graph& graph, const ir::MemoryPlan& plan,
                               const ir::StepLayout& step) = 0;

  // Gives one run over the step's rows (at most the bucket's) to the stream, and may return before
  // it is done; `step` is the caller's again at once. Allocates nothing.
  virtual void run(ExecutableId executable, std::span<const std::byte> step, Stream& stream) = 0;
};

}  // namespace rocmforge::backend
