#include "engine/runner.h"

#include <algorithm>

#include "base/check.h"
#include "engine/loader.h"
#include "ir/passes/passes.h"

namespace rocmforge::engine {
namespace {

// Score matrices of the plain graph hold a whole context for each row and head: fewer rows then.
constexpr std::int32_t kPlainRows = 32;

RunnerOptions checked(RunnerOptions options) {
  check(options.n_ctx > 0 && options.max_sequences > 0 && options.max_rows > 0,
        "a runner needs room for a row");
  if (!options.fuse) options.max_rows = std::min(options.max_rows, kPlainRows);
  return options;
}

RopeRows make_rope(const gguf::File& file, const model::RopeParams& params) {
  if (params.factors.empty()) return {params, {}};
  return {params, read_floats(file, params.factors)};
}

backend::KvLayout kv_layout(const model::HyperParams& p, const RunnerOptions& o) {
  const std::int32_t blocks = (o.n_ctx + ir::kBlockTokens - 1) / ir::kBlockTokens;
  return {.dtype = o.kv_dtype,
          .n_layers = p.n_layers,
          .n_blocks = blocks * o.max_sequences,
          .n_kv_heads = p.n_kv_heads,
          .head_dim = p.head_dim};
}

}  // namespace

Runner::Runner(const gguf::File& file, const RunnerOptions& options, backend::Device& device,
               Counters& counters)
    : options_(checked(options)),
      counters_(counters),
      model_(model::build_model(
          file, {.kv_dtype = options_.kv_dtype, .max_rows = options_.max_rows}, counters)),
      rope_(make_rope(file, model_.params.rope)),
      layout_(step_limits(options_.max_rows, options_.max_sequences, options_.n_ctx,
                          model_.params.rope.n_rot, options_.cut)),
      regions_(ir::plan_regions(layout_.limits, model_.params.dim, model_.params.n_vocab)),
      executor_(device.make_executor()),
      kv_(device, kv_layout(model_.params, options_)),
      stream_(device.make_stream()) {
  const std::vector<backend::WeightData> data = weight_data(file, *model_.weights);
  executor_->bind_weights(*model_.weights, {.data = data});
  prepare(model_.body, options_.max_rows, body_);
  prepare(model_.head, layout_.limits.max_head_rows, head_);
  arena_ = device.allocate(arena_bytes_);
  executor_->bind_memory({.arena = arena_.get(), .kv = &kv_.buffer(), .kv_layout = kv_.layout()});

  step_.resize(static_cast<std::size_t>(layout_.bytes));
  work_.reserve(static_cast<std::size_t>(layout_.limits.max_work));
  if (arena_->host() == nullptr) {
    logits_.resize(static_cast<std::size_t>(layout_.limits.max_head_rows) *
                   static_cast<std::size_t>(model_.params.n_vocab));
  }
}

// Runs the passes, then specialises, plans and compiles the graph for 1, 2, 4, ... rows.
void Runner::prepare(const ir::Graph& graph, std::int32_t max_rows, std::vector<Bucket>& buckets) {
  const std::int32_t columns = layout_.limits.max_blocks * ir::kBlockTokens;
  const ir::Graph passed =
      ir::remove_dead(options_.fuse ? ir::fuse(graph) : ir::expand_attention(graph, columns));
  const auto scratch = [&](const ir::Graph& g, const ir::Node& node) {
    return executor_->scratch_bytes(g, node, layout_.limits);
  };
  for (std::int32_t rows = 1;; rows = std::min(2 * rows, max_rows)) {
    const ir::Graph fixed = ir::specialise(passed, rows);
    const ir::MemoryPlan plan = ir::plan_memory(fixed, layout_, regions_, scratch);
    arena_bytes_ = std::max(arena_bytes_, plan.arena_bytes);
    counters_.graph_builds += 2;  // specialised and planned; compile counts itself
    buckets.push_back({rows, executor_->compile(fixed, plan, layout_)});
    if (rows == max_rows) break;
  }
}

backend::ExecutableId Runner::pick(const std::vector<Bucket>& buckets, std::size_t n_rows) {
  const auto bucket = std::find_if(buckets.begin(), buckets.end(), [&](const Bucket& b) {
    return static_cast<std::size_t>(b.rows) >= n_rows;
  });
  check(bucket != buckets.end(), "more rows than the largest bucket");
  return bucket->executable;
}

void Runner::run(Batch batch) {
  work_.clear();
  const std::int32_t n_partials = plan_work(batch, options_.cut, work_);
  const ir::StepView step(layout_, step_);
  stream_->wait();  // the last step may still read the buffer
  write_step(batch, rope_, work_, n_partials, step);
  executor_->run(pick(body_, static_cast<std::size_t>(step.header().n_rows)), step_, *stream_);
}

std::span<const float> Runner::logits(std::span<const std::int32_t> rows) {
  const ir::StepView step(layout_, step_);
  check(!rows.empty() && rows.size() <= static_cast<std::size_t>(max_head_rows()),
        "rows of the head");
  stream_->wait();
  step.header().n_head_rows = static_cast<std::int32_t>(rows.size());
  std::copy(rows.begin(), rows.end(), step.head_rows().begin());
  executor_->run(pick(head_, rows.size()), step_, *stream_);

  const std::size_t n = rows.size() * static_cast<std::size_t>(params().n_vocab);
  counters_.logit_readbacks += rows.size();
  if (std::byte* host = arena_->host(); host != nullptr) {
    stream_->wait();
    return {reinterpret_cast<const float*>(host + regions_.logits), n};
  }
  const std::span<float> out(logits_.data(), n);
  stream_->read(*arena_, regions_.logits, std::as_writable_bytes(out));
  stream_->wait();
  return out;
}

}  // namespace rocmforge::engine
