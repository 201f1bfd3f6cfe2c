// Times matmul on the first GPU by the shapes of an 8B Llama, through the executor: norm, SwiGLU
// and residual are where the model has them, and so many different weights follow one another that
// none is in the caches when its turn comes again.
//
//   bench_matmul_gpu [--types q4_0,f16] [--rows 1,8,512] [--shapes qkv,down] [--gbs 4240]
//     [--tops 800]
//
// A line a shape: microseconds, GB/s of the weight's bytes, TOP/s, and the share of the bound that
// the given bandwidth and rate make (the time that the slower of the two needs, over the time that
// it took). The last line of each number of rows adds up a step: 32 layers and the head.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "backend/device.h"
#include "backend/gpu/device.h"
#include "base/error.h"
#include "ir/builder.h"
#include "ir/passes/memory_plan.h"
#include "ir/passes/passes.h"
#include "ir/step.h"

namespace rocmforge::bench {
namespace {

using ir::Value;

struct Shape {
  std::string name;
  std::int64_t cols = 0, rows = 0;
  ir::Epilogue epilogue = ir::Epilogue::kNone;
  bool norm = false;
  int times = 1;  // in a step
};
const std::vector<Shape> kShapes = {
    {"qkv", 4096, 6144, ir::Epilogue::kNone, true, 32},
    {"out", 4096, 4096, ir::Epilogue::kAdd, false, 32},
    {"gate_up", 4096, 28672, ir::Epilogue::kSwiGlu, true, 32},
    {"down", 14336, 4096, ir::Epilogue::kAdd, false, 32},
    {"head", 4096, 128256, ir::Epilogue::kNone, true, 1},
};
constexpr std::int64_t kWeightBytes = 256 << 20;  // of all weights of a graph together
constexpr std::int64_t kMaxRows = 512;
constexpr double kSeconds = 0.03;  // that a measurement takes at least

struct Options {
  std::vector<std::string> types = {"q4_0", "q8_0", "q6_k", "mxfp4", "f16"};
  std::vector<std::string> rows = {"1", "2", "4", "8", "16", "32", "64", "512"};
  std::vector<std::string> shapes = {"qkv", "out", "gate_up", "down", "head"};
  double gbs = 4240, tops = 800;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) out.push_back(part);
  return out;
}

DType type_of(const std::string& name) {
  for (const DType type : kAllDTypes) {
    std::string lower(to_string(type));
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (lower == name) return type;
  }
  throw Error(ErrorCode::kInvalidArgument, "no weight type " + name);
}

// A graph of one matmul after another over `count` weights, and its weights, on a device.
class Chain {
 public:
  Chain(const Shape& shape, DType type, backend::Device& device)
      : device_(device), executor_(device.make_executor()), stream_(device.make_stream()) {
    bytes_ = bytes_of(type, shape.cols * shape.rows);
    count_ = std::max<std::int64_t>(2, kWeightBytes / bytes_);
    auto table = std::make_shared<ir::WeightTable>();
    const ir::WeightId x_rows = add(*table, "x", shape.cols, DType::kF32, kMaxRows);
    const ir::WeightId add_rows = add(*table, "residual", shape.rows, DType::kF32, kMaxRows);
    const ir::WeightId gain = add(*table, "gain", shape.cols, DType::kF32, 1);
    std::vector<ir::WeightId> weights;
    for (std::int64_t i = 0; i < count_; ++i) {
      weights.push_back(
          add(*table, std::string("w").append(std::to_string(i)), shape.cols, type, shape.rows));
    }
    table_ = table;
    ir::Builder g("chain", table_, {});
    const Value tokens = g.input(ir::Slot::kTokens);
    const Value x = g.embed(x_rows, tokens);
    Value y;
    for (const ir::WeightId w : weights) {
      ir::MatMul op{.weight = w, .norm = {}, .epilogue = shape.epilogue};
      if (shape.norm) op.norm = ir::NormSpec{gain, 1e-5F};
      std::vector<Value> operands = {x};
      if (shape.epilogue == ir::Epilogue::kAdd) operands.push_back(g.embed(add_rows, tokens));
      y = g.append(op, operands).at(0);
    }
    g.tap(y, "y");
    graph_ = g.finish();
    executor_->bind_weights(*table_, {.data = data_});
    limits_.max_rows = kMaxRows;
    arena_ = device_.allocate(plan(kMaxRows).arena_bytes);
    executor_->bind_memory({.arena = arena_.get(), .kv = nullptr, .kv_layout = {}});
  }

  // Seconds of one matmul of n rows.
  double time(std::int32_t n) {
    const ir::StepLayout layout(limits_);
    const ir::Graph graph = ir::specialise(graph_, n);
    const backend::ExecutableId id = executor_->compile(graph, plan(n), layout);
    std::vector<std::byte> step(static_cast<std::size_t>(layout.bytes));
    const ir::StepView view(layout, step);
    view.header() = {.n_rows = n};
    for (std::int32_t i = 0; i < n; ++i) view.tokens()[static_cast<std::size_t>(i)] = i;
    run(id, step, 2);
    const double once = run(id, step, 3) / 3;
    const int runs = std::max(3, static_cast<int>(kSeconds / once));
    std::vector<double> each;
    for (int i = 0; i < 3; ++i) each.push_back(run(id, step, runs) / runs);
    std::sort(each.begin(), each.end());
    return each[1] / static_cast<double>(count_);
  }
  std::int64_t bytes() const { return bytes_; }

 private:
  ir::WeightId add(ir::WeightTable& table, const std::string& name, std::int64_t cols, DType type,
                   std::int64_t rows) {
    const ir::WeightId id =
        table.add({.name = name,
                   .cols = cols,
                   .segments = {{.tensor = name, .dtype = type, .rows = rows, .bias = ""}}});
    // Weights of the same size share their bytes on the host; on the device each has its own.
    std::vector<std::byte>& bytes = bytes_by_size_[bytes_of(type, cols * rows)];
    if (bytes.empty()) {
      bytes.resize(static_cast<std::size_t>(bytes_of(type, cols * rows)));
      std::uint64_t state = 1;
      for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        // No exponent of all ones in any half of 16 bits: no weight is infinite or no number.
        const std::uint64_t word = (state ^ state >> 29) & 0xbfffbfffbfffbfffU;
        std::memcpy(bytes.data() + i, &word, 8);
      }
    }
    data_.push_back({.id = id, .segments = {{.rows = bytes, .bias = {}, .random = {}}}});
    return id;
  }
  ir::MemoryPlan plan(std::int64_t n) {
    const ir::StepLayout layout(limits_);
    return ir::plan_memory(ir::specialise(graph_, n), layout, ir::plan_regions(limits_, 1, 1),
                           [&](const ir::Graph& g, const ir::Node& node) {
                             return executor_->scratch_bytes(g, node, limits_);
                           });
  }
  double run(backend::ExecutableId id, std::span<const std::byte> step, int times) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i) executor_->run(id, step, *stream_);
    stream_->wait();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  backend::Device& device_;
  std::shared_ptr<const ir::WeightTable> table_;
  std::map<std::int64_t, std::vector<std::byte>> bytes_by_size_;
  std::vector<backend::WeightData> data_;
  ir::Graph graph_;
  ir::StepLimits limits_;
  std::unique_ptr<backend::Executor> executor_;
  std::unique_ptr<backend::Stream> stream_;
  std::unique_ptr<backend::Buffer> arena_;
  std::int64_t bytes_ = 0, count_ = 0;
};

void time_type(const Options& options, const std::string& type, backend::Device& device) {
  std::map<std::int32_t, double> step;  // seconds by rows
  for (const Shape& shape : kShapes) {
    if (std::find(options.shapes.begin(), options.shapes.end(), shape.name) ==
        options.shapes.end()) {
      continue;
    }
    Chain chain(shape, type_of(type), device);
    for (const std::string& rows : options.rows) {
      const std::int32_t n = std::stoi(rows);
      const double seconds = chain.time(n);
      const double ops = 2e-12 * n * static_cast<double>(shape.rows * shape.cols);
      const double gigabytes = 1e-9 * static_cast<double>(chain.bytes());
      const double bound = std::max(gigabytes / options.gbs, ops / options.tops);
      std::printf("%-6s %-8s n %-4d %9.2f us %8.0f GB/s %8.1f TOP/s %5.1f %%\n", type.c_str(),
                  shape.name.c_str(), n, 1e6 * seconds, gigabytes / seconds, ops / seconds,
                  100 * bound / seconds);
      std::fflush(stdout);
      step[n] += shape.times * seconds;
    }
  }
  for (const auto& [n, seconds] : step) {
    std::printf("%-6s step     n %-4d %9.1f us %8.0f token/s\n", type.c_str(), n, 1e6 * seconds,
                n / seconds);
  }
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string key = argv[i], value = argv[i + 1];
    if (key == "--types") {
      options.types = split(value);
    } else if (key == "--rows") {
      options.rows = split(value);
    } else if (key == "--shapes") {
      options.shapes = split(value);
    } else if (key == "--gbs") {
      options.gbs = std::stod(value);
    } else if (key == "--tops") {
      options.tops = std::stod(value);
    } else {
      throw Error(ErrorCode::kInvalidArgument, "no option " + key);
    }
  }
  return options;
}

int run(int argc, char** argv) {
  const Options options = parse(argc, argv);
  for (const gpu::FoundDevice& found : gpu::find_gpus().devices) {
    if (!gpu::has_kernels(found)) continue;
    Counters counters;
    const std::unique_ptr<backend::Device> device = gpu::make_device(found, counters);
    std::printf("%s\n", device->info().detail.c_str());
    for (const std::string& type : options.types) time_type(options, type, *device);
    return 0;
  }
  std::fprintf(stderr, "no GPU that this program has kernels for\n");
  return 1;
}

}  // namespace
}  // namespace rocmforge::bench

int main(int argc, char** argv) {
  try {
    return rocmforge::bench::run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
