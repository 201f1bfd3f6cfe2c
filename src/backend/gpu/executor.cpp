#include "backend/gpu/executor.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "backend/gpu/memory.h"
#include "backend/gpu/ops/ops.h"
#include "base/check.h"
#include "base/error.h"

namespace rocmforge::gpu {
ReplayChoice replay_choice() {
  const char* text = std::getenv("ROCMFORGE_GPU_GRAPH");
  if (text == nullptr || *text == '\0') return ReplayChoice::kMeasure;
  if (std::string_view(text) == "0") return ReplayChoice::kNever;
  if (std::string_view(text) == "1") return ReplayChoice::kAlways;
  throw Error(ErrorCode::kUsage,
              "ROCMFORGE_GPU_GRAPH: \"" + std::string(text) + "\" is neither 0 nor 1");
}

GpuExecutor::GpuExecutor(ContextPtr context, std::shared_ptr<Kernels> kernels, ReplayChoice replay)
    : context_(std::move(context)),
      kernels_(std::move(kernels)),
      replay_(replay),
      arch_(arch_info(context_->properties.target, context_->properties.n_units)),
      tickets_(context_) {}

std::int64_t GpuExecutor::scratch_bytes(const ir::Graph& graph, const ir::Node& node,
                                        const ir::StepLimits& limits) const {
  const ScratchSite site{graph, node, limits, arch_};
  return std::visit([&](const auto& op) { return gpu::scratch_bytes(op, site); }, node.op);
}

std::int64_t GpuExecutor::weight_bytes(const ir::WeightTable& table) const {
  return BoundWeights::bytes(table);
}

void GpuExecutor::bind_weights(const ir::WeightTable& table, const backend::WeightSource& source) {
  weights_.bind(*context_, *kernels_, arch_, table, source);
  context_->counters.weight_binds += source.data.size();
}

void GpuExecutor::bind_memory(const backend::Memory& memory) {
  check(memory_.arena == nullptr, "[gpu] memory is bound once");
  check(memory.arena != nullptr, "[gpu] there is no arena");
  check(memory.kv == nullptr || memory.kv->size() >= memory.kv_layout.bytes(),
        "[gpu] the KV buffer is smaller than its layout");
  memory_ = memory;
  bases_.arena = address_of(*memory.arena);
  bases_.kv = memory.kv != nullptr ? address_of(*memory.kv) : 0;
  bases_.kv_layer_bytes = memory.kv_layout.layer_bytes();
  for (Executable& e : executables_) bind(e);
  if (!executables_.empty() && replay_ != ReplayChoice::kNever) choose_replay();
}

backend::ExecutableId GpuExecutor::compile(const ir::Graph& graph, const ir::MemoryPlan& plan,
                                           const ir::StepLayout& step) {
  if (!step_) {
    step_.emplace(context_, step);
    bases_.step = step_->address();
  }
  check(step_->layout().limits == step.limits, "[gpu] " + graph.name + ": another step layout");
  const ir::StepRows rows(graph);
  Executable e;
  e.n_rows = rows.n_rows();
  e.arena_bytes = plan.arena_bytes;
  e.is_head = rows.is_head();
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Site site{.graph = graph,
                    .node = graph.nodes[i],
                    .plan = plan,
                    .weights = weights_,
                    .step = step,
                    .step_base = step_->address(),
                    .step_rows = rows,
                    .arch = arch_,
                    .scratch = plan.scratch.at(i),
                    .kernels = *kernels_,
                    .tickets = tickets_,
                    .calls = e.calls};
    std::visit([&](const auto& op) { prepare(op, site); }, site.node.op);
  }
  for (const ir::Output& output : graph.outputs) {
    const Operand o = rows.operand(graph, plan, output.value);
    if (o.space != ir::Space::kArena) continue;
    e.results.push_back({.offset = o.offset, .bytes = bytes_of(o.dtype, o.cols)});  // one row
  }
  if (memory_.arena != nullptr) {
    bind(e);
    if (may_replay(e)) record(e);
  }
  executables_.push_back(std::move(e));
  ++context_->counters.graph_builds;
  return static_cast<backend::ExecutableId>(executables_.size() - 1);
}

void GpuExecutor::bind(Executable& e) const {
  check(memory_.arena->size() >= e.arena_bytes, "[gpu] the arena is smaller than the plan's");
  for (Call& call : e.calls) {
    call.function = kernels_->find(call.kernel);
    if (call.shape.shared_bytes > kSharedForAll) {
      context_->api->allow_shared(call.function, arch_.lds_bytes - kStaticShared);
    }
    call.bind(bases_);
  }
}

bool GpuExecutor::may_replay(const Executable& e) const {
  return replay_ == ReplayChoice::kAlways && e.n_rows <= kMaxReplayRows;
}

void GpuExecutor::launch(const Executable& e, std::int64_t n, StreamHandle stream) const {
  for (const Call& call : e.calls) {
    context_->api->launch(call.function, call.shape_for(n), call.args, stream);
  }
}

void GpuExecutor::record(Executable& e) const {
  const StreamHandle stream = context_->setup.get();
  context_->enter();
  Capture capture(*context_->api, stream);
  launch(e, e.n_rows, stream);  // it serves steps of fewer rows too
  e.replay = instantiate(capture.end());
}

void GpuExecutor::run(backend::ExecutableId executable, std::span<const std::byte> step,
                      backend::Stream& stream) {
  const auto id = static_cast<std::size_t>(executable);
  check(id < executables_.size(), "[gpu] no such executable");
  const Executable& e = executables_[id];
  check(memory_.arena != nullptr, "[gpu] no memory is bound");
  auto* own = dynamic_cast<DeviceStream*>(&stream);
  check(own != nullptr, "[gpu] a stream of another device");
  check(step.size() >= sizeof(ir::StepHeader), "[gpu] a step without a header");
  ir::StepHeader header;
  std::memcpy(&header, step.data() + step_->layout().header, sizeof(header));
  const std::int64_t n = e.is_head ? header.n_head_rows : header.n_rows;
  check(n >= 0 && n <= e.n_rows, "[gpu] the step has more rows than the graph's bucket");

  Api& api = context_->enter();
  step_->upload(step, own->handle());
  if (e.replay) {
    api.launch(e.replay.get(), own->handle());
  } else {
    launch(e, n, own->handle());
  }
  Counters& counters = context_->counters;
  counters.dispatches += e.calls.size();
  if (e.is_head) {
    ++counters.head_runs;
  } else {
    ++counters.steps;
    counters.rows += static_cast<std::uint64_t>(n);
  }
}

}  // namespace rocmforge::gpu
