// Which way small steps run: both are tried on a step of one row, their results compared.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "backend/device.h"
#include "backend/gpu/executor.h"
#include "base/error.h"
#include "base/log.h"

namespace rocmforge::gpu {
namespace {

constexpr int kTimedRuns = 8;

std::string milliseconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f ms", seconds * 1e3);
  return text;
}

}  // namespace

// One token at position 0 of sequence 0, in the KV cache's first block.
void GpuExecutor::fill_probe(std::span<std::byte> bytes) const {
  const ir::StepLayout& layout = step_->layout();
  const ir::StepView step(layout, bytes);
  step.header() = {.n_rows = 1, .n_head_rows = 1, .n_sequences = 1, .n_work = 1, .n_partials = 0};
  const std::span<float> angles = step.rope_row(0);
  for (std::size_t i = 0; i < angles.size(); i += 2) angles[i] = 1;  // cos, sin of 0
  step.work()[0] = {.n_rows = 1, .kv_end = 1, .n_splits = 1};
}

// The median of a few, in seconds, the host's work included.
double GpuExecutor::time_probe(const Executable& e) const {
  using Clock = std::chrono::steady_clock;
  Api& api = *context_->api;
  const StreamHandle stream = context_->setup.get();
  std::vector<double> times;
  for (int i = 0; i < kTimedRuns; ++i) {
    const auto start = Clock::now();
    if (e.replay) {
      api.launch(e.replay.get(), stream);
    } else {
      launch(e, e.n_rows, stream);
    }
    api.wait(stream);
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + kTimedRuns / 2, times.end());
  return times[kTimedRuns / 2];
}

std::vector<std::byte> GpuExecutor::results_of(const Executable& e) const {
  std::int64_t bytes = 0;
  for (const Result& r : e.results) bytes += r.bytes;
  Api& api = *context_->api;
  const PinnedMemory host(api, std::max<std::int64_t>(bytes, 1));
  std::byte* to = host.bytes().data();
  for (const Result& r : e.results) {
    api.copy_to_host(to, bases_.arena + static_cast<DeviceAddress>(r.offset), r.bytes,
                     context_->setup.get());
    to += r.bytes;
  }
  api.wait(context_->setup.get());
  return {host.bytes().begin(), host.bytes().begin() + bytes};
}

// What the probe stored: the KV cache's first block of each layer, and the results.
void GpuExecutor::clear_probe() const {
  Api& api = *context_->api;
  const StreamHandle stream = context_->setup.get();
  for (std::int32_t layer = 0; bases_.kv != 0 && layer < memory_.kv_layout.n_layers; ++layer) {
    const auto at = static_cast<DeviceAddress>(layer * memory_.kv_layout.layer_bytes());
    api.fill_zero(bases_.kv + at, memory_.kv_layout.block_bytes(), stream);
  }
  api.fill_zero(bases_.arena, memory_.arena->size(), stream);
  api.wait(stream);
}

bool GpuExecutor::replay_pays() {
  const auto smaller = [](const Executable& a, const Executable& b) {
    return a.is_head != b.is_head ? !a.is_head : a.n_rows < b.n_rows;
  };
  Executable& e = *std::min_element(executables_.begin(), executables_.end(), smaller);
  if (e.is_head) return false;  // nothing to measure on
  context_->enter();
  std::vector<std::byte> step(static_cast<std::size_t>(step_->layout().bytes));
  fill_probe(step);
  step_->upload(step, context_->setup.get());
  time_probe(e);  // the first runs load the kernels
  const double launched = time_probe(e);
  const std::vector<std::byte> want = results_of(e);
  try {
    record(e);
  } catch (const Error& error) {
    log(LogLevel::kWarn, std::string("GPU steps are launched kernel by kernel: recording them as a "
                                     "graph failed: ") +
                             error.what());
    clear_probe();
    return false;
  }
  time_probe(e);
  const double replayed = time_probe(e);
  const bool same = results_of(e) == want;
  clear_probe();
  const std::string times =
      milliseconds(replayed) + " replayed, " + milliseconds(launched) + " launched";
  if (!same) {
    log(LogLevel::kWarn,
        "GPU steps are launched kernel by kernel: a replayed graph gave another "
        "result (a step of one row: " +
            times + ")");
  } else {
    log(LogLevel::kInfo,
        "GPU steps of up to 64 rows are " +
            std::string(replayed < launched ? "replayed as a graph" : "launched kernel by kernel") +
            " (a step of one row: " + times + ")");
  }
  const bool pays = same && replayed < launched;
  if (!pays) e.replay = {};
  return pays;
}

}  // namespace rocmforge::gpu
