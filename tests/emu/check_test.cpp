// The checks of a card that no card makes, over the kernels of kernels/check.hip.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "check/watches.h"
#include "machine/card.h"
#include "machine/fault.h"
#include "machine/machine.h"

#ifndef EMU_CHECK_KERNELS
#define EMU_CHECK_KERNELS ""
#endif

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kGroups = 8;  // where several matter
constexpr std::uint32_t kThreads = 64;

struct Outcome {
  std::optional<FaultKind> fault;
  int lane = kNoLane;
  std::string text;
  std::vector<std::uint32_t> out;
};

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << (outcome.fault ? outcome.text : "no fault");
}

// Every kernel takes pointers to results, to input or other room, to a counter, and a number; each
// as many of them as it has.
class EmuCheck : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string(EMU_CHECK_KERNELS).empty()) GTEST_SKIP() << "no clang-19 to compile kernels";
    std::ifstream file(EMU_CHECK_KERNELS, std::ios::binary);
    ASSERT_TRUE(file.good()) << EMU_CHECK_KERNELS;
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    program_ =
        std::make_shared<const Program>(read_code_object(std::as_bytes(std::span(bytes))), memory_);
    out_ = memory_.allocate(kBytes);
    in_ = memory_.allocate(kBytes);
    count_ = memory_.allocate(kBytes);
  }
  void TearDown() override {
    program_.reset();
    for (const std::uint64_t address : {out_, in_, count_}) {
      if (address != 0) memory_.release(address);
    }
  }

  Outcome run(const std::string& kernel, std::uint32_t groups, int threads = 1,
              std::uint64_t seed = 0) {
    std::memset(reinterpret_cast<void*>(in_), 0, kBytes);
    std::memset(reinterpret_cast<void*>(count_), 0, kBytes);
    Dispatch dispatch;
    dispatch.program = program_;
    dispatch.kernel = program_->kernel(kernel);
    if (dispatch.kernel == nullptr) return {FaultKind::kUnsupported, kNoLane, "no such kernel", {}};
    dispatch.grid[0] = groups;
    dispatch.block[0] = kThreads;
    const std::uint64_t arguments[4] = {out_, in_, count_, groups};
    dispatch.arguments.resize(dispatch.kernel->argument_bytes);
    std::memcpy(dispatch.arguments.data(), arguments,
                std::min(sizeof arguments, dispatch.arguments.size()));
    SharedChecks shared;
    MachineOptions options;
    options.n_threads = threads;
    options.seed = seed;
    options.make_watch = [&](int worker) {
      std::vector<std::unique_ptr<Watch>> watches;
      watches.push_back(make_checks(shared, worker));
      watches.push_back(make_trace(trace_, breakpoint_, file_));
      return make_chain(std::move(watches));
    };
    Machine machine(Card{}, memory_, options);
    Outcome outcome;
    try {
      machine.run(dispatch);
    } catch (const Fault& fault) {
      outcome.fault = fault.kind();
      outcome.lane = fault.lane();
      outcome.text = fault.what();
    }
    const auto* words = reinterpret_cast<const std::uint32_t*>(out_);
    outcome.out.assign(words, words + kThreads);
    return outcome;
  }

  // Which waves come first may vary: with any order it is the same.
  void expect_right(const std::string& kernel, std::uint32_t groups) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const Outcome outcome = run(kernel, groups, seed < 3 ? 1 : 3, seed);
      EXPECT_FALSE(outcome.fault) << kernel << ", seed " << seed << ": " << outcome;
    }
  }
  void expect_wrong(const std::string& kernel, std::uint32_t groups, FaultKind kind) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const Outcome outcome = run(kernel, groups, seed < 3 ? 1 : 3, seed);
      EXPECT_EQ(outcome.fault, kind) << kernel << ", seed " << seed << ": " << outcome;
    }
  }

  static constexpr std::uint64_t kBytes = 16384;
  Memory memory_{std::uint64_t{1} << 30};
  std::shared_ptr<const Program> program_;
  std::uint64_t out_ = 0, in_ = 0, count_ = 0;
  std::optional<WaveFilter> trace_;
  std::optional<Breakpoint> breakpoint_;
  std::shared_ptr<TraceFile> file_;
};

TEST_F(EmuCheck, UndefinedValuesMayBeCopied) {
  expect_right("right_registers", 1);
  expect_right("right_masks", 1);
  expect_right("right_halves", 1);
  const Outcome outcome = run("right_registers", 1);
  for (std::uint32_t i = 0; i < kThreads; ++i) EXPECT_EQ(outcome.out[i], 2 * (i % 32)) << i;
}

TEST_F(EmuCheck, UndefinedRegistersDecideNothing) {
  for (const char* kernel : {"wrong_store", "wrong_store_of_lane", "wrong_address",
                             "wrong_scalar_address", "wrong_scc", "wrong_vcc", "wrong_exec"}) {
    expect_wrong(kernel, 1, FaultKind::kUninitialised);
  }
  EXPECT_EQ(run("wrong_store_of_lane", 1).lane, 5);
}

TEST_F(EmuCheck, SwapMovesBothWays) {
  expect_right("right_swap", 1);
  expect_wrong("wrong_swap", 1, FaultKind::kUninitialised);
  EXPECT_EQ(run("right_swap", 1).out[7], 7U);
}

TEST_F(EmuCheck, LanesByDpp) {
  expect_right("right_dpp", 1);
  EXPECT_EQ(run("right_dpp", 1).out[18], 17U + 21U);
  EXPECT_EQ(run("right_dpp", 1).out[16], 0U + 23U);
  expect_wrong("wrong_dpp", 1, FaultKind::kUninitialised);
  EXPECT_EQ(run("wrong_dpp", 1).lane, 0);
  expect_wrong("wrong_dpp8", 1, FaultKind::kUnsupported);  // a lane that is not active
}

TEST_F(EmuCheck, UnwrittenLds) {
  expect_right("right_lds", 2);
  expect_wrong("wrong_lds", 2, FaultKind::kUninitialised);
}

TEST_F(EmuCheck, Waits) {
  expect_right("right_waits", 1);
  expect_right("right_flat", 1);
  for (const char* kernel :
       {"wrong_no_wait", "wrong_short_wait", "wrong_overwrite", "wrong_lds_wait",
        "wrong_scalar_wait", "wrong_flat_vmcnt", "wrong_flat_lgkmcnt", "wrong_flat_overwrite"}) {
    expect_wrong(kernel, 1, FaultKind::kMissingWait);
  }
  const Outcome outcome = run("wrong_no_wait", 1);
  EXPECT_NE(outcome.text.find("v100 is read before a wait for what fills it, global_load_b32 at"),
            std::string::npos)
      << outcome;
}

TEST_F(EmuCheck, RacesInTheLds) {
  for (const char* kernel : {"right_lds", "right_atomics", "right_bytes"}) {
    expect_right(kernel, kGroups);
  }
  // Of a read that comes first and one that comes too late one shows at least.
  for (const char* kernel : {"wrong_both_write", "wrong_store_under_way"}) {
    expect_wrong(kernel, 1, FaultKind::kLdsRace);
  }
  const Outcome outcome = run("wrong_both_write", 1);
  EXPECT_NE(outcome.text.find("wave 0 lane 0 writes (ds_store_b32 at "), std::string::npos)
      << outcome;
  EXPECT_NE(outcome.text.find("wave 1 lane 0 writes (ds_store_b32 at "), std::string::npos)
      << outcome;
}

// Whichever wave comes first reads what no one has written, or the other's writes unordered.
TEST_F(EmuCheck, NoBarrier) {
  const Outcome outcome = run("wrong_no_barrier", 1);
  ASSERT_TRUE(outcome.fault);
  EXPECT_TRUE(outcome.fault == FaultKind::kLdsRace || outcome.fault == FaultKind::kUninitialised)
      << outcome;
}

TEST_F(EmuCheck, TicketWithReleaseAndAcquire) {
  expect_right("right_ticket", kGroups);
  const Outcome outcome = run("right_ticket", kGroups, 3, 5);
  for (std::uint32_t i = 0; i < kThreads; ++i) {
    EXPECT_EQ(outcome.out[i], 28 + 8 * (63 - i)) << i;
  }
  for (const char* kernel :
       {"wrong_ticket_release", "wrong_ticket_acquire", "wrong_ticket_barrier"}) {
    expect_wrong(kernel, kGroups, FaultKind::kGlobalRace);
  }
}

TEST_F(EmuCheck, RacesOnGlobalMemory) {
  expect_right("right_same_value", kGroups);
  expect_right("right_halves_of_word", kGroups);
  expect_right("right_dead_read", 1);
  expect_wrong("wrong_two_write", kGroups, FaultKind::kGlobalRace);
  expect_wrong("wrong_read", kGroups, FaultKind::kGlobalRace);
  expect_wrong("wrong_within_group", 1, FaultKind::kGlobalRace);
  EXPECT_FALSE(run("wrong_two_write", 1).fault);  // alone it is right
}

TEST_F(EmuCheck, DispatchesFollowOneAnother) {
  SharedChecks shared;
  MachineOptions options;
  options.make_watch = [&](int worker) { return make_checks(shared, worker); };
  Machine machine(Card{}, memory_, options);
  for (int i = 0; i < 3; ++i) {
    Dispatch dispatch;
    dispatch.program = program_;
    dispatch.kernel = program_->kernel("wrong_two_write");
    dispatch.block[0] = kThreads;
    dispatch.arguments.resize(dispatch.kernel->argument_bytes);
    std::memcpy(dispatch.arguments.data(), &out_, sizeof out_);
    EXPECT_NO_THROW(machine.run(dispatch));
  }
}

TEST_F(EmuCheck, LanesThatMustAgree) {
  for (const char* kernel : {"right_uniform", "right_broadcast", "right_waterfall"}) {
    expect_right(kernel, 1);
  }
  expect_wrong("wrong_divergent", 1, FaultKind::kDivergentScalar);
  expect_wrong("wrong_divergent_branch", 1, FaultKind::kDivergentScalar);
}

TEST_F(EmuCheck, Fragments) {
  expect_right("right_wmma", 1);
  expect_wrong("wrong_fragment", 1, FaultKind::kFragment);
  expect_wrong("wrong_wmma_lanes", 1, FaultKind::kFragment);
  EXPECT_EQ(run("wrong_fragment", 1).lane, 16);
}

TEST_F(EmuCheck, TraceAndBreakpoint) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / "rocmforge_emu_trace.txt";
  trace_ = parse_filter("right_lds:1:0");
  breakpoint_ = parse_breakpoint("right_lds+0x0:0:1/lds");
  file_ = std::make_shared<TraceFile>(path.string());
  EXPECT_FALSE(run("right_lds", 2).fault);
  file_.reset();
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove(path);
  EXPECT_NE(text.find("right_lds group 1,0,0 wave 0 0x"), std::string::npos);
  EXPECT_EQ(text.find("\nright_lds group 1,0,0 wave 1 0x"), std::string::npos);
  EXPECT_EQ(text.find("\nright_lds group 0,0,0"), std::string::npos);
  EXPECT_NE(text.find("breakpoint: right_lds group 0,0,0 wave 1 0x"), std::string::npos);
  EXPECT_NE(text.find("ds_store_b32"), std::string::npos);
  EXPECT_NE(text.find("    lds 0x0: "), std::string::npos);
}

TEST(EmuTraceFilter, Parses) {
  const WaveFilter filter = parse_filter("kernel:2,3:4");
  EXPECT_EQ(filter.kernel, "kernel");
  EXPECT_EQ(filter.group[0], 2U);
  EXPECT_EQ(filter.group[1], 3U);
  EXPECT_FALSE(filter.group[2]);
  EXPECT_EQ(filter.wave, 4U);
  EXPECT_FALSE(parse_filter("kernel").wave);
  EXPECT_EQ(parse_breakpoint("kernel+0x1c0").offset, 0x1c0U);
  EXPECT_TRUE(parse_breakpoint("kernel+16:0/lds").with_lds);
  for (const char* bad : {"", ":1", "k:x", "k:1:y", "k:1,2,3,4", "k:1:-2"}) {
    EXPECT_THROW(parse_filter(bad), Error) << bad;
  }
  for (const char* bad : {"", "k", "k+", "k+0xg", "+0x10", "k+0x10:z"}) {
    EXPECT_THROW(parse_breakpoint(bad), Error) << bad;
  }
}

}  // namespace
}  // namespace rocmforge::emu
