// Whole kernels of kernels/machine.hip and kernels/odd.s: launches, work groups, barriers, faults.
#include "machine/machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "base/error.h"
#include "isa/decode.h"
#include "machine/card.h"
#include "machine/fault.h"
#include "machine/launch.h"
#include "machine/source_line.h"

#ifndef EMU_KERNELS
#define EMU_KERNELS ""
#define EMU_SOURCES ""
#endif

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kUntouched = 0x5a5a5a5a;

CodeObject read_object(const std::string& name) {
  std::ifstream file(std::filesystem::path(EMU_KERNELS) / (name + ".co"), std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  return read_code_object(std::as_bytes(std::span(bytes)));
}

// The arguments of a kernel, each at its own alignment.
class Arguments {
 public:
  template <class... T>
  explicit Arguments(T... values) {
    (add(values), ...);
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  template <class T>
  void add(T value) {
    const std::size_t at = (bytes_.size() + sizeof(T) - 1) / sizeof(T) * sizeof(T);
    bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }
  std::vector<std::byte> bytes_;
};

class Words {  // of the card's memory
 public:
  Words(Memory& memory, std::size_t n) : memory_(memory), n_(n), address_(memory.allocate(n * 4)) {
    std::fill_n(data(), n_, kUntouched);
  }
  ~Words() { memory_.release(address_); }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;
  std::uint64_t address() const { return address_; }
  std::uint32_t* data() const { return reinterpret_cast<std::uint32_t*>(address_); }
  std::uint32_t& operator[](std::size_t i) const { return data()[i]; }
  std::vector<std::uint32_t> copy() const { return {data(), data() + n_}; }

 private:
  Memory& memory_;
  std::size_t n_;
  std::uint64_t address_;
};

class MachineTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string(EMU_KERNELS).empty()) GTEST_SKIP() << "no clang-19 to compile kernels with";
  }
  std::shared_ptr<const Program> load(const std::string& name) {
    return std::make_shared<const Program>(read_object(name), memory_);
  }
  static Dispatch dispatch(std::shared_ptr<const Program> program, const char* kernel,
                           std::array<std::uint32_t, 3> grid, std::array<std::uint32_t, 3> block,
                           const Arguments& arguments = Arguments()) {
    Dispatch result;
    result.kernel = program->kernel(kernel);
    EXPECT_NE(result.kernel, nullptr) << kernel;
    result.program = std::move(program);
    std::copy_n(grid.data(), 3, result.grid);
    std::copy_n(block.data(), 3, result.block);
    result.arguments = arguments.bytes();
    return result;
  }
  void run(const Dispatch& what, MachineOptions options = {}) {
    Machine machine(card_, memory_, std::move(options));
    machine.run(what);
  }
  // The fault that `what` ends in.
  Fault fault_of(const Dispatch& what, MachineOptions options = {}) {
    try {
      run(what, std::move(options));
    } catch (const Fault& fault) {
      return fault;
    }
    ADD_FAILURE() << "no fault";
    return Fault(FaultKind::kUnsupported, "none");
  }
  ErrorCode refusal_of(const Dispatch& what) {
    try {
      run(what);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(what.kernel->name), std::string::npos)
          << error.what();
      return error.code();
    }
    ADD_FAILURE() << "not refused";
    return ErrorCode::kInternal;
  }

  Card card_;
  Memory memory_{std::uint64_t{1} << 30};
};

bool says(const Fault& fault, const std::string& text) {
  return std::string(fault.what()).find(text) != std::string::npos;
}

TEST_F(MachineTest, work_items_know_who_they_are) {
  for (const char* object : {"machine_v4", "machine_v5"}) {
    SCOPED_TRACE(object);
    const auto program = load(object);
    const std::uint32_t g[3] = {3, 2, 2}, b[3] = {5, 3, 3};  // 45 threads: a wave and 13 lanes
    const std::uint32_t size = b[0] * b[1] * b[2], n = g[0] * g[1] * g[2] * size;
    const Words out(memory_, n * 8 + 8);
    run(dispatch(program, "write_ids", {g[0], g[1], g[2]}, {b[0], b[1], b[2]},
                 Arguments(out.address(), g[0], g[1])));
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint32_t group = i / size, thread = i % size;
      const std::uint32_t expected[8] = {
          group % g[0],         group / g[0] % g[1],  group / g[0] / g[1], thread % b[0],
          thread / b[0] % b[1], thread / b[0] / b[1], g[0] * b[0],         size};
      for (std::uint32_t k = 0; k < 8; ++k) {
        ASSERT_EQ(out[i * 8 + k], expected[k]) << "thread " << i << ", word " << k;
      }
    }
    EXPECT_EQ(out[n * 8], kUntouched);
    const Words line(memory_, 200);
    run(dispatch(program, "write_x", {3, 1, 1}, {64, 1, 1}, Arguments(line.address())));
    for (std::uint32_t i = 0; i < 192; ++i) ASSERT_EQ(line[i], i * 3);
    EXPECT_EQ(line[192], kUntouched);
  }
}

// What `reverse` makes of 256 numbers a group.
std::vector<std::uint32_t> reversed(std::vector<std::uint32_t> data, std::uint32_t rounds) {
  for (std::uint32_t r = 0; r < rounds; ++r) {
    for (std::size_t begin = 0; begin < data.size(); begin += 256) {
      const std::vector<std::uint32_t> old(data.begin() + static_cast<std::ptrdiff_t>(begin),
                                           data.begin() + static_cast<std::ptrdiff_t>(begin) + 256);
      for (std::uint32_t i = 0; i < 256; ++i) data[begin + i] = old[255 - i] + r + 255 - i;
    }
  }
  return data;
}

TEST_F(MachineTest, barriers_hold_for_any_threads_and_any_order) {
  const auto program = load("machine_v5");
  constexpr std::uint32_t kGroups = 37, kRounds = 5;
  std::vector<std::uint32_t> start(kGroups * 256);
  for (std::uint32_t i = 0; i < start.size(); ++i) start[i] = i * 2654435761U;
  const std::vector<std::uint32_t> expected = reversed(start, kRounds);
  std::uint64_t instructions = 0;
  for (const int n_threads : {1, 2, 4}) {
    for (const std::uint64_t seed : {0U, 1U, 2U, 3U}) {
      SCOPED_TRACE(testing::Message() << n_threads << " threads, seed " << seed);
      const Words data(memory_, start.size());
      std::copy(start.begin(), start.end(), data.data());
      Dispatch what = dispatch(program, "reverse", {kGroups, 1, 1}, {256, 1, 1},
                               Arguments(data.address(), kRounds));
      what.dynamic_lds = 1024;
      Machine machine(card_, memory_, {.n_threads = n_threads, .seed = seed});
      machine.run(what);
      EXPECT_EQ(data.copy(), expected);

      const auto counted = machine.counted();
      ASSERT_EQ(counted.size(), 1U);
      const Counters& counters = counted[0].counters;
      EXPECT_EQ(counters.dispatches, 1U);
      EXPECT_EQ(counters.groups, kGroups);
      EXPECT_EQ(counters.waves, kGroups * 8U);
      EXPECT_EQ(counters.barriers, kGroups * kRounds * 2U);
      EXPECT_EQ(counted[0].lds_bytes, 2048U);
      std::uint64_t sum = 0;
      for (const std::uint64_t n : counters.executed) sum += n;
      if (instructions == 0) instructions = sum;
      EXPECT_EQ(sum, instructions);
    }
  }
}

TEST_F(MachineTest, waves_that_ended_are_not_waited_for) {
  const Words out(memory_, 128);
  run(dispatch(load("machine_v5"), "leave_early", {1, 1, 1}, {128, 1, 1},
               Arguments(out.address())));
  for (std::uint32_t i = 0; i < 128; ++i) EXPECT_EQ(out[i], i < 32 ? kUntouched : i);
}

TEST_F(MachineTest, waves_that_spin_let_others_run) {
  const auto program = load("machine_v5");
  for (const std::uint64_t seed : {0U, 1U, 2U}) {
    const Words out(memory_, 64);
    run(dispatch(program, "spin", {1, 1, 1}, {64, 1, 1}, Arguments(out.address())),
        {.seed = seed, .limit = 1000000});
    for (std::uint32_t i = 0; i < 64; ++i) EXPECT_EQ(out[i], 7U);
  }
}

TEST_F(MachineTest, what_does_not_end_is_stopped) {
  const auto program = load("machine_v5");
  const Words out(memory_, 64);
  const auto hang = [&](std::uint32_t threads) {
    return fault_of(dispatch(program, "hang", {1, 1, 1}, {threads, 1, 1}, Arguments(out.address())),
                    {.limit = 100000});
  };
  const Fault alone = hang(32);
  EXPECT_EQ(alone.kind(), FaultKind::kLimit) << alone.what();
  EXPECT_TRUE(says(alone, "100000 wave-instructions")) << alone.what();
  EXPECT_TRUE(says(alone, "kernel hang, at 0x")) << alone.what();
  const Fault waited_for = hang(64);
  EXPECT_EQ(waited_for.kind(), FaultKind::kBarrier) << waited_for.what();
  EXPECT_TRUE(says(waited_for, "wave 0")) << waited_for.what();
}

TEST_F(MachineTest, seeds_change_the_order_of_groups_and_repeat_it) {
  const auto program = load("machine_v5");
  constexpr std::uint32_t kGroups = 50;
  const auto order = [&](std::uint64_t seed, std::uint64_t number) {
    const Words counter(memory_, 1), ticket(memory_, kGroups);
    counter[0] = 0;
    Dispatch what = dispatch(program, "take_ticket", {kGroups, 1, 1}, {32, 1, 1},
                             Arguments(counter.address(), ticket.address()));
    what.number = number;
    run(what, {.seed = seed});
    return ticket.copy();
  };
  const auto plain = order(0, 0);
  EXPECT_TRUE(std::is_sorted(plain.begin(), plain.end()));
  const auto first = order(1, 0);
  EXPECT_NE(first, plain);
  EXPECT_EQ(order(1, 0), first);
  EXPECT_NE(order(2, 0), first);
  EXPECT_NE(order(1, 1), first);
  for (auto tickets : {plain, first}) {  // each group once
    std::sort(tickets.begin(), tickets.end());
    for (std::uint32_t i = 0; i < kGroups; ++i) ASSERT_EQ(tickets[i], i);
  }
}

TEST_F(MachineTest, functions_are_called_with_a_stack) {
  for (const char* object : {"machine_v4", "machine_v5"}) {
    const Words out(memory_, 40);
    run(dispatch(load(object), "call", {1, 1, 1}, {40, 1, 1}, Arguments(out.address(), 10U)));
    for (std::uint32_t i = 0; i < 40; ++i) EXPECT_EQ(out[i], i % 2 == 0 ? 55U : 89U);
  }
}

TEST_F(MachineTest, the_loader_relocates_and_clears) {
  for (const char* object : {"machine_v4", "machine_v5"}) {
    const auto program = load(object);
    EXPECT_FALSE(program->object().relocations.empty());
    const Words out(memory_, 64);
    run(dispatch(program, "call_by_table", {1, 1, 1}, {64, 1, 1}, Arguments(out.address())));
    for (std::uint32_t i = 0; i < 64; ++i) EXPECT_EQ(out[i], i < 32 ? i * 2 : i * 3);
  }
}

TEST_F(MachineTest, the_lds_is_poisoned_group_after_group) {
  const auto program = load("machine_v5");
  Machine machine(card_, memory_, {});
  const Words data(memory_, 256), out(memory_, 512);
  Dispatch first =
      dispatch(program, "reverse", {1, 1, 1}, {256, 1, 1}, Arguments(data.address(), 1U));
  first.dynamic_lds = 1024;
  machine.run(first);
  Dispatch second = dispatch(program, "read_lds", {1, 1, 1}, {512, 1, 1}, Arguments(out.address()));
  second.dynamic_lds = 2048;
  machine.run(second);
  for (std::uint32_t i = 0; i < 512; ++i) ASSERT_EQ(out[i], kPoison);
  second.dynamic_lds = 2044;  // one thread reads past it
  EXPECT_THROW(machine.run(second), Fault);
}

TEST_F(MachineTest, programs_are_gone_when_they_are_unloaded) {
  const std::int64_t before = memory_.n_live();
  Machine machine(card_, memory_, {});
  {
    const Words out(memory_, 64);
    machine.run(
        dispatch(load("machine_v5"), "write_x", {1, 1, 1}, {64, 1, 1}, Arguments(out.address())));
  }
  EXPECT_EQ(memory_.n_live(), before);
  EXPECT_TRUE(machine.counted().empty());
}

TEST_F(MachineTest, faults_name_their_place) {
  const auto program = load("machine_v5");
  const Words out(memory_, 64);
  const Fault fault = fault_of(
      dispatch(program, "write_past", {1, 1, 1}, {64, 1, 1}, Arguments(out.address(), 1U << 20)));
  EXPECT_EQ(fault.kind(), FaultKind::kOutOfBounds) << fault.what();
  EXPECT_EQ(fault.lane(), 5);
  for (const char* part : {"[emu] out of bounds: ", "kernel write_past, at 0x", "`global_store_b32",
                           "work group (0, 0, 0)", "wave 0, lane 5"}) {
    EXPECT_TRUE(says(fault, part)) << fault.what() << "\nlacks " << part;
  }
  if (std::system("llvm-symbolizer-19 --version > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "no llvm-symbolizer-19: source lines are not looked at";
  }
  std::ifstream source(std::string(EMU_SOURCES) + "/machine.hip");
  std::string line;
  int number = 1;
  while (std::getline(source, line) && line.find("the line of the fault") == std::string::npos) {
    ++number;
  }
  EXPECT_TRUE(says(fault, "(machine.hip:" + std::to_string(number) + ")")) << fault.what();
}

TEST_F(MachineTest, the_first_fault_is_told_whatever_the_threads) {
  const auto program = load("odd");
  for (const int n_threads : {1, 4}) {
    const Fault fault = fault_of(dispatch(program, "unknown_word", {64, 1, 1}, {32, 1, 1}),
                                 {.n_threads = n_threads});
    EXPECT_EQ(fault.kind(), FaultKind::kUnknownInstruction);
    EXPECT_TRUE(says(fault, "work group (1, 0, 0)")) << fault.what();
    EXPECT_TRUE(says(fault, "bfff0000")) << fault.what();
    EXPECT_TRUE(says(fault, "kernel unknown_word, at 0x")) << fault.what();
  }
}

TEST_F(MachineTest, unknown_words_do_no_harm_until_they_are_reached) {
  run(dispatch(load("odd"), "unknown_word", {1, 1, 1}, {32, 1, 1}));
}

TEST_F(MachineTest, registers_beyond_the_kernels_own_fault) {
  const auto program = load("odd");
  run(dispatch(program, "ninth_register", {1, 1, 1}, {32, 1, 1}));
  const Fault fault = fault_of(dispatch(program, "ninth_register", {2, 1, 1}, {32, 1, 1}));
  EXPECT_EQ(fault.kind(), FaultKind::kOutOfBounds) << fault.what();
  EXPECT_TRUE(says(fault, "v8 of a kernel with 8 vector registers")) << fault.what();
}

TEST_F(MachineTest, leaving_the_code_faults) {
  const auto program = load("odd");
  const Fault no_end = fault_of(dispatch(program, "no_end", {1, 1, 1}, {32, 1, 1}));
  EXPECT_EQ(no_end.kind(), FaultKind::kUnknownInstruction) << no_end.what();
  EXPECT_TRUE(says(no_end, "s_code_end")) << no_end.what();
  const Fault nowhere = fault_of(dispatch(program, "into_nowhere", {1, 1, 1}, {32, 1, 1}));
  EXPECT_EQ(nowhere.kind(), FaultKind::kUnknownInstruction) << nowhere.what();
  EXPECT_TRUE(says(nowhere, "a jump to 0x1000")) << nowhere.what();
  run(dispatch(program, "behind_data", {1, 1, 1}, {32, 1, 1}));
}

TEST_F(MachineTest, traps_fault) {
  const Words out(memory_, 1);
  const auto program = load("machine_v5");
  out[0] = 1;
  run(dispatch(program, "trap", {1, 1, 1}, {1, 1, 1}, Arguments(out.address())));
  out[0] = 0;
  const Fault fault =
      fault_of(dispatch(program, "trap", {1, 1, 1}, {1, 1, 1}, Arguments(out.address())));
  EXPECT_EQ(fault.kind(), FaultKind::kUnsupported);
  EXPECT_TRUE(says(fault, "trap 2")) << fault.what();
}

TEST_F(MachineTest, launches_that_the_card_would_refuse_are_refused) {
  const auto program = load("machine_v5");
  const Words out(memory_, 64);
  const Arguments good(out.address());
  const auto x = [&](std::array<std::uint32_t, 3> grid, std::array<std::uint32_t, 3> block,
                     const Arguments& arguments) {
    return dispatch(program, "write_x", grid, block, arguments);
  };
  run(x({1, 1, 1}, {64, 1, 1}, good));
  EXPECT_EQ(refusal_of(x({0, 1, 1}, {64, 1, 1}, good)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal_of(x({1, 1, 1}, {64, 0, 1}, good)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal_of(x({1, 1, 1}, {1025, 1, 1}, good)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal_of(x({1, 1, 1}, {64, 32, 1}, good)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal_of(x({1U << 31, 1, 1}, {2, 1, 1}, good)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal_of(x({1, 1, 1}, {64, 1, 1}, Arguments())), ErrorCode::kInvalidArgument);
  Dispatch lds = x({1, 1, 1}, {64, 1, 1}, good);
  lds.dynamic_lds = 65536;
  run(lds);
  lds.dynamic_lds = 65537;
  EXPECT_EQ(refusal_of(lds), ErrorCode::kInvalidArgument);
}

TEST_F(MachineTest, what_is_not_set_up_is_poisoned) {
  // Registers as a kernel finds them, by a watch that looks before the first instruction.
  struct Look : Watch {
    void begin_wave(Wave& wave) override { seen = &wave, look(wave); }
    Wave* seen = nullptr;
    std::function<void(Wave&)> look;
  };
  const auto program = load("machine_v5");
  const Words out(memory_, 64);
  int waves = 0;
  MachineOptions options;
  options.make_watch = [&](int) {
    auto watch = std::make_unique<Look>();
    watch->look = [&](Wave& wave) {
      ++waves;
      const float v1 = std::bit_cast<float>(wave.v[1][0]);
      EXPECT_TRUE(std::isnan(v1));
      EXPECT_TRUE(std::isnan(std::bit_cast<float>(wave.s[20])));
      EXPECT_EQ(wave.v[0][31], wave.index * 32 + 31);
      EXPECT_EQ(wave.s[kNull], 0U);
      EXPECT_EQ(wave.exec(), ~0U);
      EXPECT_EQ(wave.mode, 0x3f0U);
    };
    return watch;
  };
  run(dispatch(program, "write_x", {1, 1, 1}, {64, 1, 1}, Arguments(out.address())), options);
  EXPECT_EQ(waves, 2);
}

TEST_F(MachineTest, watches_see_each_instruction_and_barrier) {
  struct Tally : Watch {
    void before(Wave&, const Step&) override { ++n_before; }
    void after(Wave&, const Step&) override { ++n_after; }
    void barrier(Group&) override { ++n_barriers; }
    void begin_group(Group&) override { ++n_groups; }
    void end_group(Group&) override { --n_groups; }
    void begin_dispatch(const Dispatch&) override { ++n_dispatches; }
    void end_dispatch(const Dispatch&) override { --n_dispatches; }
    std::uint64_t n_before = 0, n_after = 0, n_barriers = 0;
    int n_groups = 0, n_dispatches = 0;
  };
  std::vector<Tally*> tallies;
  MachineOptions options;
  options.n_threads = 2;
  options.make_watch = [&](int) {
    auto watch = std::make_unique<Tally>();
    tallies.push_back(watch.get());
    return watch;
  };
  std::uint64_t executed = 0;
  options.on_done = [&](const Dispatch&, const Counters& counters) {
    for (const std::uint64_t n : counters.executed) executed += n;
  };
  Machine machine(card_, memory_, options);
  const Words data(memory_, 4 * 256);
  Dispatch what = dispatch(load("machine_v5"), "reverse", {4, 1, 1}, {256, 1, 1},
                           Arguments(data.address(), 3U));
  what.dynamic_lds = 1024;
  machine.run(what);
  Tally sum;
  for (const Tally* tally : tallies) {
    sum.n_before += tally->n_before;
    sum.n_after += tally->n_after;
    sum.n_barriers += tally->n_barriers;
    EXPECT_EQ(tally->n_groups, 0);
    EXPECT_EQ(tally->n_dispatches, 0);
  }
  EXPECT_EQ(tallies.size(), 2U);
  EXPECT_EQ(sum.n_before, executed);
  EXPECT_EQ(sum.n_after, executed);
  EXPECT_EQ(sum.n_barriers, 4U * 3 * 2);
}

TEST_F(MachineTest, instructions_are_counted_where_they_stand) {
  const auto program = load("odd");
  Machine machine(card_, memory_, {});
  machine.run(dispatch(program, "scalar_loop", {3, 1, 1}, {64, 1, 1}));
  const auto counted = machine.counted();
  ASSERT_EQ(counted.size(), 1U);
  const Step* const entry = program->at_object_address(counted[0].kernel->entry);
  ASSERT_NE(entry, nullptr);
  const auto executed = [&](std::size_t i) {
    return counted[0].counters.executed[entry->index + i];
  };
  EXPECT_EQ(executed(0), 6U);  // 3 groups of 2 waves
  for (std::size_t i = 1; i <= 6; ++i) EXPECT_EQ(executed(i), 6000U);
  EXPECT_EQ(executed(7), 6U);
  machine.reset_counters();
  EXPECT_TRUE(machine.counted().empty());
}

}  // namespace
}  // namespace rocmforge::emu
