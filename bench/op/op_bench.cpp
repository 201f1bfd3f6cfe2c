// Times every case of tests/op, and large ones, on the CPU. Reports the bytes that the case must
// read and write, a second, and their share of what the memory was measured to give. Small cases
// stay in the caches: their share says how far they are from that bound, and may pass 1.
#include <benchmark/benchmark.h>

#include <chrono>

#include "backend/cpu/device.h"
#include "base/thread_pool.h"
#include "op/bandwidth.h"
#include "op/harness.h"
#include "op/large_cases.h"

namespace rocmforge::bench {
namespace {

std::int64_t weight_bytes(const optest::Problem& p, ir::WeightId id) {
  std::int64_t bytes = 0;
  for (const auto& s : p.weights[static_cast<std::size_t>(id)].segments)
    bytes += std::ssize(s.rows);
  return bytes;
}

// What one run reads and writes at least: each weight once, each operand and result once, the
// positions of the KV state that the work list names.
std::int64_t bytes_touched(const optest::Problem& p) {
  std::int64_t bytes = 0;
  for (const ir::Node& node : p.graph.nodes) {
    if (ir::is_free(node.op)) continue;
    for (const auto* values : {&node.inputs, &node.outputs}) {
      for (const ir::Value v : *values) {
        if (p.graph.info(v).is_state) continue;
        bytes += bytes_of(p.graph.desc(v).dtype,
                          p.graph.desc(v).shape.with_rows(p.run_rows()).n_elems());
      }
    }
    if (const auto* matmul = std::get_if<ir::MatMul>(&node.op)) {
      bytes += weight_bytes(p, matmul->weight);
    }
    if (std::holds_alternative<ir::Embed>(node.op)) {  // as much as it writes
      bytes += bytes_of(DType::kF32,
                        p.graph.desc(node.outputs[0]).shape.with_rows(p.run_rows()).n_elems());
    }
    if (std::holds_alternative<ir::PagedAttention>(node.op)) {
      for (const ir::WorkItem& item : p.work) {
        bytes += (item.kv_end - item.kv_begin) * p.kv_layout.block_bytes() / ir::kBlockTokens;
      }
    }
  }
  return bytes;
}

void time_case(benchmark::State& state, const optest::Case& c, double bandwidth) {
  const optest::Problem problem = c.make();
  Counters counters;
  const auto device = cpu::make_device({}, counters);
  optest::Session session(problem, *device);
  session.run();
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) session.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const std::int64_t bytes = bytes_touched(problem) * state.iterations();
  state.SetBytesProcessed(bytes);
  state.counters["of_memory"] = static_cast<double>(bytes) / took.count() / bandwidth;
  state.SetLabel(device->info().detail);
}

}  // namespace
}  // namespace rocmforge::bench

int main(int argc, char** argv) {
  using namespace rocmforge;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const double bandwidth = bench::measure_read_bandwidth(ThreadPool::default_threads());
  benchmark::AddCustomContext("memory_read_bytes_per_second", std::to_string(bandwidth));
  std::vector<optest::Case> all = optest::cases();
  for (const optest::Case& c : bench::large_cases()) all.push_back(c);
  for (const optest::Case& c : all) {
    benchmark::RegisterBenchmark(c.name.c_str(), [&c, bandwidth](benchmark::State& state) {
      bench::time_case(state, c, bandwidth);
    })->UseRealTime();
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
