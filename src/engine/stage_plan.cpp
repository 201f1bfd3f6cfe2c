#include "engine/stage_plan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "ir/passes/passes.h"

namespace rocmforge::engine {
namespace {

// Plans graphs of one stage, and remembers what the largest wants of the arena.
class GraphPlanner {
 public:
  GraphPlanner(const RunnerOptions& options, const ir::StepLayout& layout,
               const backend::Executor& executor, Counters& counters)
      : options_(options), layout_(layout), executor_(executor), counters_(counters) {}

  std::vector<PlannedGraph> plan(const ir::Graph& graph, std::int32_t max_rows, StagePlan& stage,
                                 std::int32_t least_rows = 1) {
    const std::int32_t columns = layout_.limits.max_blocks * ir::kBlockTokens;
    ir::Graph passed =
        ir::remove_dead(options_.fuse ? ir::fuse(graph) : ir::expand_attention(graph, columns));
    if (const std::int32_t layer = options_.tap_ops_of; layer >= 0) {
      passed =
          ir::tap_ops(passed, "blk." + std::to_string(layer - 1), "blk." + std::to_string(layer));
    }
    const auto scratch = [&](const ir::Graph& g, const ir::Node& node) {
      return executor_.scratch_bytes(g, node, layout_.limits);
    };
    std::vector<PlannedGraph> out;
    for (std::int32_t rows = least_rows;; rows = std::min(2 * rows, max_rows)) {
      ir::Graph fixed = ir::specialise(passed, rows);
      ir::MemoryPlan memory = ir::plan_memory(fixed, layout_, stage.regions, scratch);
      stage.arena_bytes = std::max(stage.arena_bytes, memory.arena_bytes);
      counters_.graph_builds += 2;
      out.push_back({rows, std::move(fixed), std::move(memory)});
      if (rows == max_rows) return out;
    }
  }

 private:
  const RunnerOptions& options_;
  const ir::StepLayout& layout_;
  const backend::Executor& executor_;
  Counters& counters_;
};

std::int32_t n_states(const ir::Graph& graph) {
  return static_cast<std::int32_t>(std::count_if(
      graph.nodes.begin(), graph.nodes.end(),
      [](const ir::Node& node) { return std::holds_alternative<ir::KvState>(node.op); }));
}

backend::KvLayout kv_layout(const model::HyperParams& p, const RunnerOptions& o,
                            const ir::Graph& body) {
  const std::int64_t one = (o.n_ctx + ir::kBlockTokens - 1) / ir::kBlockTokens;
  const std::int64_t all = one * o.max_sequences;
  const std::int64_t wanted = (o.kv_tokens + ir::kBlockTokens - 1) / ir::kBlockTokens;
  return {
      .dtype = o.kv_dtype,
      .n_layers = n_states(body),
      .n_blocks = static_cast<std::int32_t>(o.kv_tokens > 0 ? std::clamp(wanted, one, all) : all),
      .n_kv_heads = p.n_kv_heads,
      .head_dim = p.head_dim};
}

// Where the layers of each stage but the first begin.
std::vector<std::int32_t> cuts_of(std::span<const StageSpec> specs) {
  std::vector<std::int32_t> out;
  std::int32_t layer = 0;
  for (const StageSpec& spec : specs.first(specs.size() - 1)) {
    layer += spec.n_layers;
    out.push_back(layer);
  }
  return out;
}

}  // namespace

ir::StepLayout step_layout(const model::Model& model, const RunnerOptions& options) {
  ir::StepLimits limits = step_limits(options.max_rows, options.max_sequences, options.n_ctx,
                                      model.params.rope.n_rot, options.cut);
  limits.mask_words = (model.params.n_vocab + 31) / 32;
  return ir::StepLayout(limits);
}

std::vector<StagePlan> plan_stages(const model::Model& model, const RunnerOptions& options,
                                   std::span<const StageSpec> specs, Counters& counters) {
  check(!specs.empty(), "a model in no stages");
  const ir::StepLayout layout = step_layout(model, options);
  std::vector<ir::Segment> segments = ir::partition(model.body, cuts_of(specs));
  std::vector<StagePlan> out(specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    ir::Segment& segment = segments[i];
    StagePlan& stage = out[i];
    check(segment.n_layers == specs[i].n_layers, "the stages have other layers than the model");
    stage.first_layer = segment.first_layer;
    stage.n_layers = segment.n_layers;
    stage.is_first = i == 0;
    if (specs[i].executor == nullptr) continue;

    const bool is_last = i + 1 == specs.size();
    ir::Graph head = model.head, embedding = model.embedding;
    stage.weights = segment.graph.weights;
    if (is_last && segments.size() > 1) {
      segment.graph.weights = model.weights;  // the head's are not in the segment's table
      const ir::Graph* graphs[] = {&segment.graph, &head};
      stage.weights = std::make_shared<const ir::WeightTable>(ir::weights_in_use(graphs));
      segment.graph.weights = head.weights = embedding.weights = stage.weights;
    }
    stage.kv = kv_layout(model.params, options, segment.graph);
    // The logits' place takes embeddings too.
    const std::int32_t columns = is_last ? std::max(model.params.n_vocab, model.params.dim) : 0;
    stage.regions = ir::plan_regions(layout.limits, model.params.dim, columns, !stage.is_first);
    stage.weight_bytes = specs[i].executor->weight_bytes(*stage.weights);
    GraphPlanner planner(options, layout, *specs[i].executor, counters);
    stage.body = planner.plan(segment.graph, options.max_rows, stage);
    if (!is_last) continue;
    const std::int32_t most = layout.limits.max_head_rows;
    stage.head = planner.plan(head, most, stage);
    stage.embedding = planner.plan(embedding, most, stage, most);
  }
  return out;
}

}  // namespace rocmforge::engine
