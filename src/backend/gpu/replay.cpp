// Which way small steps run. Both are timed on a step of one row; of every graph that is then to be
// replayed the result is compared with that of its launches, bit for bit.
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
// Stands where results are to be, before a probe.
constexpr int kNoResult = 0x5a;

std::string milliseconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f ms", seconds * 1e3);
  return text;
}

void say_launched(LogLevel level, const std::string& why) {
  log(level, "GPU steps are launched kernel by kernel" + why);
}

}  // namespace

// One token at position 0 of sequence 0, in the KV cache's first block; its likeliest successor.
void GpuExecutor::begin_probe() {
  const ir::StepLayout& layout = step_->layout();
  std::vector<std::byte> bytes(static_cast<std::size_t>(layout.bytes));
  const ir::StepView step(layout, bytes);
  step.header() = {.n_rows = 1, .n_head_rows = 1, .n_sequences = 1, .n_work = 1, .n_partials = 0};
  const std::span<float> angles = step.rope_row(0);
  for (std::size_t i = 0; i < angles.size(); i += 2) angles[i] = 1;  // cos, sin of 0
  step.work()[0] = {.n_rows = 1, .kv_end = 1, .n_splits = 1, .sequence_rows = 1};
  step.samples()[0] = {.mode = ir::SampleMode::kAll};
  context_->enter();
  end_probe();  // no memory that was never written
  step_->upload(bytes, context_->setup.get());
}

// What a probe stored: the KV cache's first block of each layer, and the results.
void GpuExecutor::end_probe() const {
  Api& api = *context_->api;
  const StreamHandle stream = context_->setup.get();
  for (std::int32_t layer = 0; bases_.kv != 0 && layer < memory_.kv_layout.n_layers; ++layer) {
    const auto at = static_cast<DeviceAddress>(layer * memory_.kv_layout.layer_bytes());
    api.fill_zero(bases_.kv + at, memory_.kv_layout.block_bytes(), stream);
  }
  api.fill_zero(bases_.arena, memory_.arena->size(), stream);
  api.wait(stream);
}

void GpuExecutor::run_probe(const Executable& e, bool replayed) const {
  const StreamHandle stream = context_->setup.get();
  if (replayed) {
    context_->api->launch(e.replay.get(), stream);
  } else {
    launch(e, e.n_rows, stream);
  }
}

// The median of a few, in seconds, the host's work included.
double GpuExecutor::time_probe(const Executable& e) const {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int i = 0; i < kTimedRuns; ++i) {
    const auto start = Clock::now();
    run_probe(e, static_cast<bool>(e.replay));
    context_->api->wait(context_->setup.get());
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + kTimedRuns / 2, times.end());
  return times[kTimedRuns / 2];
}

// Of the probe, run one way or the other.
std::vector<std::byte> GpuExecutor::results_of(const Executable& e, bool replayed) const {
  std::int64_t bytes = 0;
  for (const Result& r : e.results) bytes += r.bytes;
  Api& api = *context_->api;
  const StreamHandle stream = context_->setup.get();
  const PinnedMemory host(api, std::max<std::int64_t>(bytes, 1));
  std::memset(host.bytes().data(), kNoResult, host.bytes().size());
  for (const bool before : {true, false}) {
    if (!before) run_probe(e, replayed);
    std::byte* at = host.bytes().data();
    for (const Result& r : e.results) {
      const DeviceAddress result = bases_.arena + static_cast<DeviceAddress>(r.offset);
      if (before) {
        api.copy_to_device(result, at, r.bytes, stream);
      } else {
        api.copy_to_host(at, result, r.bytes, stream);
      }
      at += r.bytes;
    }
  }
  api.wait(stream);
  return {host.bytes().begin(), host.bytes().begin() + bytes};
}

// As record(); where replays are not asked for, a failure is said, and false returned.
bool GpuExecutor::try_to_record(Executable& e, bool measured) const {
  try {
    record(e);
    return true;
  } catch (const Error& error) {
    if (!measured) throw;
    say_launched(LogLevel::kWarn,
                 std::string(": recording them as a graph failed: ") + error.what());
    return false;
  }
}

// Whether replays of the smallest body, which is recorded for it, are faster than its launches.
bool GpuExecutor::replay_pays(std::string& times) {
  const auto smaller = [](const Executable& a, const Executable& b) {
    return a.is_head != b.is_head ? !a.is_head : a.n_rows < b.n_rows;
  };
  Executable& e = *std::min_element(executables_.begin(), executables_.end(), smaller);
  if (e.is_head) return false;  // nothing to measure on
  time_probe(e);                // the first runs load the kernels
  const double launched = time_probe(e);
  if (!try_to_record(e, /*measured=*/true)) return false;
  time_probe(e);
  const double replayed = time_probe(e);
  times = " (a step of one row: " + milliseconds(replayed) + " replayed, " +
          milliseconds(launched) + " launched)";
  if (replayed < launched) return true;
  say_launched(LogLevel::kInfo, times);
  return false;
}

// Whether all that may be replayed could be recorded, and gives the results of its launches.
bool GpuExecutor::record_all(bool measured, const std::string& times) {
  for (Executable& e : executables_) {
    if (e.n_rows > kMaxReplayRows) continue;
    if (!e.replay && !try_to_record(e, measured)) return false;
    if (results_of(e, /*replayed=*/false) == results_of(e, /*replayed=*/true)) continue;
    say_launched(LogLevel::kWarn, std::string(e.is_head ? ": the head" : ": a step") +
                                      " of up to " + std::to_string(e.n_rows) +
                                      (e.n_rows == 1 ? " row" : " rows") +
                                      ", replayed as a graph, gave another result" + times);
    return false;
  }
  log(LogLevel::kInfo, "GPU steps of up to " + std::to_string(kMaxReplayRows) +
                           " rows are replayed as a graph" + times);
  return true;
}

void GpuExecutor::choose_replay() {
  const bool measured = replay_ == ReplayChoice::kMeasure;
  begin_probe();
  std::string times;
  const bool replays = (!measured || replay_pays(times)) && record_all(measured, times);
  end_probe();
  replay_ = replays ? ReplayChoice::kAlways : ReplayChoice::kNever;
  if (replays) return;
  for (Executable& e : executables_) e.replay = {};
}

}  // namespace rocmforge::gpu
