#include "backend/gpu/device.h"

#include <memory>
#include <utility>

#include "backend/gpu/code_objects.h"
#include "backend/gpu/executor.h"
#include "backend/gpu/kernels.h"
#include "backend/gpu/memory.h"
#include "backend/gpu/ops/paged_attention_args.h"
#include "backend/gpu/probe.h"

namespace rocmforge::gpu {
namespace {

// Two blocks of 16 positions for each wave of a workgroup. On an H200, 8 KV heads of 128 dimensions
// at 512 positions: one sequence took 10, 11 and 12 us in splits of 64, 128 and 256, 32 sequences
// 76, 49 and 35 us.
constexpr std::int32_t kAttentionSplit = 128;
// One workgroup a unit reads nearly as fast as two, and for many sequences each split costs more
// than it brings: there 32 sequences at 4096 positions took 377, 250 and 176 us in splits of 128,
// 256 and 512, one sequence 16 us in splits of 128 and of 256.
constexpr std::int32_t kAttentionTasksPerUnit = 1;

// What the driver takes after start-up: kernels' code as it is first used, recorded graphs, stacks,
// whole 2 MiB pages for each small buffer (step, tickets); and what a desktop on the same card may
// take meanwhile.
constexpr std::int64_t kReserve = 256 << 20;

ContextPtr make_context(const FoundDevice& found, Counters& counters) {
  found.api->set_device(found.properties.ordinal);
  return std::make_shared<Context>(Context{.api = found.api,
                                           .properties = found.properties,
                                           .counters = counters,
                                           .setup = gpu::make_stream(*found.api)});
}

class GpuDevice final : public backend::Device {
 public:
  GpuDevice(const FoundDevice& found, Counters& counters)
      : replay_(replay_choice()),
        context_(make_context(found, counters)),
        kernels_(std::make_shared<Kernels>(context_)) {}

  backend::DeviceInfo info() const override {
    const DeviceProperties& p = context_->properties;
    backend::DeviceInfo out{.name = p.target.starts_with("sm_") ? "cuda" : "hip",
                            .detail = p.name + " (" + p.target + ")",
                            .memory_total = p.memory_total,
                            .memory_free = p.memory_free,
                            .memory_reserve = kReserve,
                            .runs_ahead = true,
                            .n_units = p.n_units,
                            .attention_split = kAttentionSplit,
                            .attention_tasks = kAttentionTasksPerUnit * p.n_units,
                            .attention_queries = kManyQueries};
    context_->enter().memory_info(out.memory_free, out.memory_total);
    return out;
  }
  std::unique_ptr<backend::Buffer> allocate(std::int64_t bytes) override {
    return std::make_unique<DeviceBuffer>(context_, bytes);
  }
  std::unique_ptr<backend::HostMemory> allocate_host(std::int64_t bytes) override {
    return std::make_unique<PinnedHostMemory>(context_, bytes);
  }
  std::unique_ptr<backend::Stream> make_stream() override {
    return std::make_unique<DeviceStream>(context_);
  }
  std::unique_ptr<backend::Executor> make_executor() override {
    return std::make_unique<GpuExecutor>(context_, kernels_, replay_);
  }

  std::string report() override { return context_->api->report(); }

 private:
  ReplayChoice replay_;
  ContextPtr context_;
  std::shared_ptr<Kernels> kernels_;
};

}  // namespace

Found find_gpus(bool lenient) {
  SearchOptions options = default_search();
  options.lenient = lenient;
  options.probe = [](Api& api, std::int32_t device) {
    return probe_target(api, device, embedded_probes());
  };
  return find_devices(options);
}

std::unique_ptr<backend::Device> make_device(const FoundDevice& found, Counters& counters) {
  return std::make_unique<GpuDevice>(found, counters);
}

bool has_kernels(const FoundDevice& found) {
  return !usable_targets(found.properties.target, built_targets()).empty();
}

std::string explain_missing_kernels(const FoundDevice& found) {
  return explain_missing(found.properties.target, built_targets());
}

}  // namespace rocmforge::gpu
