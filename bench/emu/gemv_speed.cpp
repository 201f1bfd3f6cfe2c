// How fast one thread emulates: the kernel of gemv.hip, in wave-instructions a second, without the
// checks. 20 million are the target.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "machine/card.h"
#include "machine/machine.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kRows = 256, kWords = 1024;  // 4096 columns
constexpr std::uint32_t kRowsOfGroup = 4;            // a wave each

class Room {  // of the card's memory
 public:
  Room(Memory& memory, std::uint64_t bytes) : memory_(memory), address_(memory.allocate(bytes)) {}
  ~Room() { memory_.release(address_); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  std::uint64_t address() const { return address_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(address_);
  }

 private:
  Memory& memory_;
  std::uint64_t address_;
};

std::uint32_t word(std::uint32_t i) {  // of four numbers, some negative
  return i * 0x9e3779b1U;
}

int dot4(std::uint32_t a, std::uint32_t b) {
  int sum = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    sum += static_cast<std::int8_t>(a >> shift) * static_cast<std::int8_t>(b >> shift);
  }
  return sum;
}

void gemv_speed(benchmark::State& state) {
  std::ifstream file(EMU_BENCH_KERNEL, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  Memory memory(std::uint64_t{1} << 30);
  auto program =
      std::make_shared<const Program>(read_code_object(std::as_bytes(std::span(bytes))), memory);
  {
    const Room y(memory, kRows * 4), a(memory, kRows * kWords * 4),
        scales(memory, kRows * kWords / 8 * 4), x(memory, kWords * 4);
    for (std::uint32_t i = 0; i < kRows * kWords; ++i) a.as<std::uint32_t>()[i] = word(i);
    for (std::uint32_t i = 0; i < kWords; ++i) x.as<std::uint32_t>()[i] = word(i + 77);
    std::fill_n(scales.as<float>(), kRows * kWords / 8, 0.5F);

    Dispatch dispatch;
    dispatch.kernel = program->kernel("gemv");
    dispatch.program = program;
    dispatch.grid[0] = kRows / kRowsOfGroup;
    dispatch.block[0] = kRowsOfGroup * 32;
    const std::uint64_t arguments[] = {y.address(), a.address(), scales.address(), x.address(),
                                       kWords};
    dispatch.arguments.resize(dispatch.kernel->argument_bytes);
    std::memcpy(dispatch.arguments.data(), arguments,
                std::min(sizeof arguments, dispatch.arguments.size()));
    std::uint64_t executed = 0;
    MachineOptions options;
    options.n_threads = 1;
    options.on_done = [&](const Dispatch&, const Counters& counters) {
      for (const std::uint64_t n : counters.executed) executed += n;
    };
    Machine machine(Card{}, memory, options);
    for (auto _ : state) machine.run(dispatch);
    state.counters["wave-instructions/s"] =
        benchmark::Counter(static_cast<double>(executed), benchmark::Counter::kIsRate);

    // Halves of whole numbers this small are exact in f32, in any order.
    for (std::uint32_t row = 0; row < kRows; ++row) {
      std::int64_t sum = 0;
      for (std::uint32_t i = 0; i < kWords; ++i) {
        sum += dot4(word(row * kWords + i), word(i + 77));
      }
      if (y.as<float>()[row] != static_cast<float>(sum) * 0.5F) {
        state.SkipWithError("a wrong result");
        break;
      }
    }
  }
}
BENCHMARK(gemv_speed)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rocmforge::emu

BENCHMARK_MAIN();
