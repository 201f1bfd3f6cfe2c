// Times every case of tests/op, and large ones, on the CPU; with the argument `gpu`, on the first
// GPU. Reports the bytes that the case must
// read and write, a second, and their share of what the memory was measured to give. Small cases
// stay in the caches: their share says how far they are from that bound, and may pass 1.
#include <benchmark/benchmark.h>

#include <chrono>
#include <string_view>

#include "backend/cpu/device.h"
#include "backend/gpu/device.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "op/bandwidth.h"
#include "op/harness.h"
#include "op/large_cases.h"

namespace rocmforge::bench {
namespace {

constexpr int kGpuIterations = 40;

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

// Multiplications and additions of attention: each query's with the keys and values that it sees.
double attention_operations(const optest::Problem& p) {
  double out = 0;
  for (const ir::Node& node : p.graph.nodes) {
    const auto* op = std::get_if<ir::PagedAttention>(&node.op);
    if (op == nullptr) continue;
    for (const std::int32_t position : p.positions) {
      out += 4.0 * op->attention.n_heads * op->attention.head_dim * (position + 1);
    }
  }
  return out;
}

// The first GPU that there are kernels for; else this fails.
std::unique_ptr<backend::Device> make_gpu(Counters& counters) {
  for (const gpu::FoundDevice& device : gpu::find_gpus().devices) {
    if (gpu::has_kernels(device)) return gpu::make_device(device, counters);
  }
  throw Error(ErrorCode::kDevice, "[bench] there is no GPU that this program has kernels for");
}

// `bandwidth` of the memory, bytes a second; 0: not known.
void time_case(benchmark::State& state, const optest::Case& c, double bandwidth, bool on_gpu) {
  const optest::Problem problem = c.make();
  Counters counters;
  const auto device = on_gpu ? make_gpu(counters) : cpu::make_device({}, counters);
  optest::Session session(problem, *device);
  session.run();
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) session.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const std::int64_t bytes = bytes_touched(problem) * state.iterations();
  state.SetBytesProcessed(bytes);
  if (bandwidth > 0) {
    state.counters["of_memory"] = static_cast<double>(bytes) / took.count() / bandwidth;
  }
  if (const double n = attention_operations(problem); n > 0) {
    const auto rate = benchmark::Counter::kIsIterationInvariantRate;
    state.counters["attention_flops"] = benchmark::Counter(n, rate);
  }
  state.SetLabel(device->info().detail);
}

}  // namespace
}  // namespace rocmforge::bench

int main(int argc, char** argv) {
  using namespace rocmforge;
  benchmark::Initialize(&argc, argv);
  const bool on_gpu = argc == 2 && std::string_view(argv[1]) == "gpu";
  if (on_gpu) --argc;
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  double bandwidth = 0;
  if (!on_gpu) {
    bandwidth = bench::measure_read_bandwidth(ThreadPool::default_threads());
    benchmark::AddCustomContext("memory_read_bytes_per_second", std::to_string(bandwidth));
  }
  std::vector<optest::Case> all = optest::cases();
  for (const optest::Case& c : bench::large_cases()) all.push_back(c);
  for (const optest::Case& c : all) {
    auto* registered = benchmark::RegisterBenchmark(
        c.name.c_str(), [&c, bandwidth, on_gpu](benchmark::State& state) {
          bench::time_case(state, c, bandwidth, on_gpu);
        });
    registered->UseRealTime();
    // Else the problem, which may be large, is made anew for each guess of a number.
    if (on_gpu) registered->Iterations(bench::kGpuIterations);
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
