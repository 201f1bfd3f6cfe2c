// The card's memory, and what handlers do at its edges: bounds, alignment, counters, watches,
// atomics between threads. What each instruction moves: memory_forms_test.cpp.
#include "machine/memory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include "base/error.h"
#include "machine/fault.h"
#include "wave_rig.h"

namespace rocmforge::emu {
namespace {

struct Caught {
  FaultKind kind;
  int lane;
  std::string text;
};

template <class F>
std::optional<Caught> fault_of(F f) {
  try {
    f();
  } catch (const Fault& fault) {
    return Caught{fault.kind(), fault.lane(), fault.what()};
  }
  return std::nullopt;
}

template <class F>
void expect_fault(FaultKind kind, int lane, std::string_view text, F f) {
  const std::optional<Caught> caught = fault_of(f);
  ASSERT_TRUE(caught.has_value()) << "no fault: " << text;
  EXPECT_EQ(to_string(caught->kind), to_string(kind)) << caught->text;
  EXPECT_EQ(caught->lane, lane) << caught->text;
  EXPECT_NE(caught->text.find(text), std::string::npos) << caught->text;
}

std::uint32_t word_at(std::uint64_t address) {
  std::uint32_t value;
  std::memcpy(&value, reinterpret_cast<const void*>(address), 4);
  return value;
}

TEST(Memory, HonoursItsSize) {
  Memory memory(1 << 20);
  EXPECT_EQ(memory.allocate(0), 0U);
  EXPECT_EQ(memory.allocate((1 << 20) + 1), 0U);
  const std::uint64_t most = memory.allocate((1 << 20) - 256);
  ASSERT_NE(most, 0U);
  EXPECT_EQ(memory.free_bytes(), 256U);
  EXPECT_EQ(memory.allocate(257), 0U);
  const std::uint64_t last = memory.allocate(1);
  ASSERT_NE(last, 0U);
  EXPECT_EQ(memory.free_bytes(), 0U);
  EXPECT_EQ(memory.n_live(), 2);
  EXPECT_EQ(memory.allocate(1), 0U);
  EXPECT_TRUE(memory.release(most));
  EXPECT_FALSE(memory.release(most));
  EXPECT_FALSE(memory.release(last + 1));
  EXPECT_TRUE(memory.release(last));
  EXPECT_EQ(memory.free_bytes(), std::uint64_t{1} << 20);
  EXPECT_EQ(memory.n_live(), 0);
}

TEST(Memory, IsPoisonedAlignedAndApart) {
  Memory memory(std::uint64_t{1} << 30);
  const std::uint64_t a = memory.allocate(1000), b = memory.allocate(100 << 20);
  EXPECT_EQ(a % 256, 0U);
  EXPECT_GE(b > a ? b - a : a - b, 1U << 20);
  EXPECT_EQ(word_at(a), 0x7fff7fffU);
  EXPECT_EQ(word_at(a + 996), 0x7fff7fffU);
  EXPECT_EQ(word_at(b + (64 << 20) - 4), 0x7fff7fffU);
  EXPECT_EQ(word_at(b + (64 << 20)), 0U);  // the host's pages: no time is spent on huge weights
}

TEST(Memory, AddressesAreNotUsedAgain) {
  Memory memory(1 << 20);
  std::vector<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.push_back(memory.allocate(5000));
    ASSERT_NE(seen.back(), 0U);
    ASSERT_TRUE(memory.release(seen.back()));
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  for (const std::uint64_t address : seen) {
    expect_fault(FaultKind::kUseAfterFree, 3, "5000 bytes at",
                 [&] { memory.require(address + 4999, 1, false, 3); });
  }
}

// More address space than is kept in reserve: the oldest is given back, and allocation goes on.
TEST(Memory, GivesAddressSpaceBack) {
  Memory memory(1 << 20, {.arena_bytes = 4 << 20, .idle_bytes = 16 << 20});
  const std::uint64_t kept = memory.allocate(64);
  std::uint64_t last = 0;
  std::vector<std::uint64_t> all;
  for (int i = 0; i < 100; ++i) {  // two an arena
    last = memory.allocate(100000);
    ASSERT_NE(last, 0U);
    all.push_back(last);
    ASSERT_EQ(word_at(last), 0x7fff7fffU);
    ASSERT_TRUE(memory.release(last));
    expect_fault(FaultKind::kUseAfterFree, 0, "freed", [&] { memory.require(last, 4, true, 0); });
  }
  // What is still reserved is still known as freed; the host may have lent the rest again.
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  int known = 0;
  for (const std::uint64_t address : all) {
    known +=
        fault_of([&] { memory.require(address, 4, true, 0); })->kind == FaultKind::kUseAfterFree;
  }
  EXPECT_GE(known, 6);
  EXPECT_LE(known, 12);
  EXPECT_EQ(word_at(kept), 0x7fff7fffU);
  EXPECT_TRUE(memory.release(kept));
}

TEST(Memory, FaultsSayWhere) {
  Memory memory(1 << 20);
  expect_fault(FaultKind::kOutOfBounds, 1, "no memory", [&] { memory.require(64, 4, false, 1); });
  const std::uint64_t a = memory.allocate(100);
  EXPECT_EQ(memory.require(a + 96, 4, true, 0).end, a + 100);
  expect_fault(FaultKind::kOutOfBounds, 2, "write of 4 bytes at " + hex(a + 97) + ": 1 of them",
               [&] { memory.require(a + 97, 4, true, 2); });
  expect_fault(FaultKind::kOutOfBounds, 2, "0 bytes past the end of 100 bytes at " + hex(a),
               [&] { memory.require(a + 100, 1, false, 2); });
  expect_fault(FaultKind::kOutOfBounds, 2, "1 bytes before 100 bytes",
               [&] { memory.require(a - 1, 1, false, 2); });
  expect_fault(FaultKind::kOutOfBounds, 2, "past the end",
               [&] { memory.require(~0ULL - 1, 16, false, 2); });
  EXPECT_FALSE(memory.find(a - 1).has_value());
  EXPECT_FALSE(memory.find(a + 100).has_value());
  EXPECT_EQ(memory.find(a + 99)->begin, a);
}

TEST(Memory, AdmitsWhatIsTheHosts) {
  Memory memory(1 << 20);
  alignas(64) std::byte host[256] = {};
  const auto at = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(host));
  memory.admit(at, 128, false);
  EXPECT_EQ(memory.free_bytes(), std::uint64_t{1} << 20);
  EXPECT_EQ(memory.n_live(), 0);
  EXPECT_EQ(memory.require(at + 124, 4, false, 0).begin, at);
  expect_fault(FaultKind::kReadOnly, 5, "128 bytes", [&] { memory.require(at, 4, true, 5); });
  EXPECT_FALSE(memory.release(at));
  EXPECT_THROW(memory.admit(at + 64, 128, true), Error);
  memory.dismiss(at);
  expect_fault(FaultKind::kUseAfterFree, 0, "freed", [&] { memory.require(at, 4, false, 0); });
  memory.admit(at + 64, 128, true);  // over what was dismissed
  EXPECT_EQ(memory.require(at + 64, 128, true, 0).end, at + 192);
  memory.dismiss(at + 64);
}

TEST(Memory, ServesThreads) {
  Memory memory(64 << 20);
  std::vector<std::thread> threads;
  std::atomic<int> bad{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const std::uint64_t a = memory.allocate(4096);
        if (a == 0 || memory.require(a, 4096, true, 0).begin != a || !memory.release(a)) ++bad;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad, 0);
  EXPECT_EQ(memory.n_live(), 0);
}

class MemoryAccess : public ::testing::Test {
 protected:
  Memory memory{16 << 20};
  WaveRig rig{memory};
  static constexpr auto kEnd = static_cast<std::int64_t>(WaveRig::kArea);

  // Lane 9 alone is at `offset`, others well inside; then all are there, one after another.
  void expect_bounds(std::string_view text, std::int64_t bytes) {
    SCOPED_TRACE(text);
    const auto lane9 = [&](std::int64_t offset) {
      rig.wave().extents = {};
      rig.address([&](int lane) { return lane == 9 ? offset : 64 * lane; });
      rig.run(text);
    };
    lane9(0);
    lane9(kEnd - bytes);
    expect_fault(FaultKind::kOutOfBounds, 9, "past the end", [&] { lane9(kEnd - bytes + 1); });
    expect_fault(FaultKind::kOutOfBounds, 9, "past the end", [&] { lane9(kEnd); });
    expect_fault(FaultKind::kOutOfBounds, 9, "before", [&] { lane9(-1); });
    const auto contiguous = [&](std::int64_t offset) {
      rig.address([&](int lane) { return offset + lane * bytes; });
      rig.run(text);
    };
    contiguous(kEnd - 32 * bytes);
    expect_fault(FaultKind::kOutOfBounds, 31, "past the end",
                 [&] { contiguous(kEnd - 32 * bytes + 1); });
    expect_fault(FaultKind::kOutOfBounds, 0, "before", [&] { contiguous(-1); });
    // A lane that is off may be anywhere.
    rig.set_exec(~(1U << 9));
    lane9(-1000);
    rig.set_exec(0);
    contiguous(-100000);
    rig.set_exec(~0U);
  }
};

TEST_F(MemoryAccess, GlobalMemoryIsBoundedToTheByte) {
  expect_bounds("global_load_u8 v8, v[2:3], off", 1);
  expect_bounds("global_load_u16 v8, v[2:3], off", 2);
  expect_bounds("global_load_b32 v8, v[2:3], off", 4);
  expect_bounds("global_load_b64 v[8:9], v[2:3], off", 8);
  expect_bounds("global_load_b96 v[8:10], v[2:3], off", 12);
  expect_bounds("global_load_b128 v[8:11], v[2:3], off", 16);
  expect_bounds("global_store_b8 v[2:3], v12, off", 1);
  expect_bounds("global_store_b32 v[2:3], v12, off", 4);
  expect_bounds("global_store_b64 v[2:3], v[12:13], off", 8);
  expect_bounds("global_store_b128 v[2:3], v[12:15], off", 16);
}

TEST_F(MemoryAccess, AFaultLeavesMemoryAsItWas) {
  std::memset(rig.at(0), 0x11, WaveRig::kArea);
  for (int lane = 0; lane < kLanes; ++lane) rig.wave().v[12].x[lane] = 0xabababab;
  rig.address([&](int lane) { return lane == 31 ? kEnd : 4 * lane; });
  EXPECT_TRUE(fault_of([&] { rig.run("global_store_b32 v[2:3], v12, off"); }));
  EXPECT_EQ(word_at(rig.area()), 0x11111111U);
  EXPECT_TRUE(fault_of([&] { rig.run("global_atomic_add_u32 v8, v[2:3], v12, off glc"); }));
  EXPECT_EQ(word_at(rig.area()), 0x11111111U);
}

TEST_F(MemoryAccess, OffsetsReachBothEnds) {
  std::memset(rig.at(0), 0, WaveRig::kArea);
  rig.set_exec(1);
  const std::uint32_t value = 77;
  std::memcpy(rig.at(4095 + 100), &value, 4);
  rig.address([](int) { return 100; });
  rig.run("global_load_b32 v8, v[2:3], off offset:4095");
  EXPECT_EQ(rig.wave().v[8].x[0], 77U);
  rig.wave().v[8].x[0] = 0;
  rig.address([](int) { return 4195 + 4096; });
  rig.run("global_load_b32 v8, v[2:3], off offset:-4096");
  EXPECT_EQ(rig.wave().v[8].x[0], 77U);
}

TEST_F(MemoryAccess, LoadsMayOverwriteTheirAddresses) {
  for (std::uint32_t i = 0; i < 1024; ++i) std::memcpy(rig.at(4 * i), &i, 4);
  for (const bool strided : {false, true}) {
    const int step = strided ? 48 : 16;
    rig.address([&](int lane) { return step * lane; });
    rig.run("global_load_b128 v[1:4], v[2:3], off");
    for (int lane = 0; lane < kLanes; ++lane) {
      for (int n = 0; n < 4; ++n) {
        EXPECT_EQ(rig.wave().v[static_cast<std::size_t>(1 + n)].x[lane],
                  static_cast<std::uint32_t>(step / 4 * lane + n));
      }
    }
    rig.address([&](int lane) { return step * lane; });
    rig.run("global_load_b32 v2, v[2:3], off");
    EXPECT_EQ(rig.wave().v[2].x[31], static_cast<std::uint32_t>(step / 4 * 31));
  }
  for (std::uint32_t i = 0; i < 1024; ++i) std::memcpy(rig.group.lds.data() + 4 * i, &i, 4);
  rig.offset([](int lane) { return 32 * lane; });
  rig.run("ds_load_b128 v[2:5], v2");
  EXPECT_EQ(rig.wave().v[5].x[31], 8U * 31 + 3);
}

TEST_F(MemoryAccess, FreedAndReadOnlyMemoryFaults) {
  const std::uint64_t freed = memory.allocate(4096);
  memory.release(freed);
  for (int lane = 0; lane < kLanes; ++lane) rig.set_pair(2, lane, rig.area());
  rig.set_pair(2, 7, freed + 8);
  expect_fault(FaultKind::kUseAfterFree, 7, "read of 4 bytes",
               [&] { rig.run("global_load_b32 v8, v[2:3], off"); });

  alignas(64) static std::byte host[64] = {};
  const auto at = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(host));
  memory.admit(at, sizeof host, false);
  rig.set_pair(2, 7, at);
  rig.run("global_load_b32 v8, v[2:3], off");  // and keeps the extent
  expect_fault(FaultKind::kReadOnly, 7, "write of 4 bytes",
               [&] { rig.run("global_store_b32 v[2:3], v12, off"); });
  expect_fault(FaultKind::kReadOnly, 7, "write of 4 bytes",
               [&] { rig.run("global_atomic_add_u32 v8, v[2:3], v12, off glc"); });
  memory.dismiss(at);
}

// More extents at once than a wave keeps.
TEST_F(MemoryAccess, LanesMayReachManyAllocations) {
  std::vector<std::uint64_t> blocks;
  for (std::uint32_t i = 0; i < kLanes; ++i) {
    blocks.push_back(memory.allocate(256));
    std::memcpy(reinterpret_cast<void*>(blocks.back() + 4), &i, 4);
    rig.set_pair(2, static_cast<int>(i), blocks.back() + 4);
  }
  for (int pass = 0; pass < 2; ++pass) {
    rig.run("global_load_b32 v8, v[2:3], off");
    for (std::uint32_t i = 0; i < kLanes; ++i) EXPECT_EQ(rig.wave().v[8].x[i], i);
  }
  rig.set_pair(2, 20, blocks[20] + 253);
  expect_fault(FaultKind::kOutOfBounds, 20, "1 of them past",
               [&] { rig.run("global_load_b32 v8, v[2:3], off"); });
}

TEST_F(MemoryAccess, PlainAccessesMayBeMisalignedAtomicsMayNot) {
  for (std::uint32_t i = 0; i < 256; ++i) *rig.at(i) = static_cast<std::byte>(i);
  rig.set_exec(2);
  rig.address([](int) { return 1; });
  rig.run("global_load_b32 v8, v[2:3], off");
  EXPECT_EQ(rig.wave().v[8].x[1], 0x04030201U);
  rig.wave().v[12].x[1] = 0xaabbccdd;
  rig.run("global_store_b32 v[2:3], v12, off");
  EXPECT_EQ(word_at(rig.area() + 1), 0xaabbccddU);
  expect_fault(FaultKind::kMisaligned, 1, "atomic of 4 bytes",
               [&] { rig.run("global_atomic_add_u32 v8, v[2:3], v12, off glc"); });
  rig.address([](int) { return 4; });
  rig.run("global_atomic_add_u32 v8, v[2:3], v12, off glc");
  expect_fault(FaultKind::kMisaligned, 1, "atomic of 8 bytes",
               [&] { rig.run("global_atomic_add_u64 v[2:3], v[12:13], off"); });
}

TEST_F(MemoryAccess, LdsIsBoundedAndAligned) {
  const auto at = [&](std::string_view text, std::int64_t offset, std::int64_t step) {
    rig.offset([&](int lane) { return offset + lane * step; });
    rig.run(text);
  };
  const struct {
    std::string_view text;
    std::int64_t bytes, align;
  } kCases[] = {
      {"ds_load_u8 v8, v2", 1, 1},
      {"ds_load_u16 v8, v2", 2, 2},
      {"ds_load_b32 v8, v2", 4, 4},
      {"ds_load_b64 v[8:9], v2", 8, 8},
      {"ds_load_b96 v[8:10], v2", 12, 16},
      {"ds_load_b128 v[8:11], v2", 16, 16},
      {"ds_store_b16 v2, v12", 2, 2},
      {"ds_store_b32 v2, v12", 4, 4},
      {"ds_store_b128 v2, v[12:15]", 16, 16},
      {"ds_add_u32 v2, v12", 4, 4},
  };
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.text);
    const std::int64_t a = each.align;
    at(each.text, 0, a);
    at(each.text, kEnd - 32 * a, a);
    rig.group.lds.resize(WaveRig::kArea - static_cast<std::size_t>(a - each.bytes));  // b96
    at(each.text, kEnd - 32 * a, a);
    rig.group.lds.resize(rig.group.lds.size() - 1);
    expect_fault(FaultKind::kOutOfBounds, 31, "the group has 32",
                 [&] { at(each.text, kEnd - 32 * a, a); });
    rig.group.lds.resize(WaveRig::kArea);
    expect_fault(FaultKind::kOutOfBounds, 0, "LDS", [&] { at(each.text, -a, a); });
    if (a == 1) continue;
    expect_fault(FaultKind::kMisaligned, 0, "not a multiple", [&] { at(each.text, a / 2, a); });
    expect_fault(FaultKind::kMisaligned, 1, "not a multiple", [&] { at(each.text, 0, a / 2); });
  }
  // The second address of two.
  rig.group.lds.resize(WaveRig::kArea - 4);
  expect_fault(FaultKind::kOutOfBounds, 31, "LDS",
               [&] { at("ds_load_2addr_b32 v[8:9], v2 offset1:1", kEnd - 132, 4); });
  expect_fault(FaultKind::kMisaligned, 0, "multiple of 8",
               [&] { at("ds_load_2addr_b64 v[8:11], v2 offset1:1", 4, 8); });
  rig.set_exec(0);
  at("ds_load_b128 v[8:11], v2", -5, 3);  // nobody looks
}

TEST_F(MemoryAccess, ScratchIsEachLanesOwn) {
  const auto end = static_cast<std::int64_t>(WaveRig::kScratch);
  rig.offset([](int lane) { return 8 * lane; });
  for (int lane = 0; lane < kLanes; ++lane) {
    rig.wave().v[12].x[lane] = static_cast<std::uint32_t>(lane);
    rig.wave().v[13].x[lane] = 5;
  }
  rig.run("scratch_store_b64 v2, v[12:13], off");
  rig.run("scratch_load_b32 v8, v2, off");
  for (int lane = 0; lane < kLanes; ++lane) {
    EXPECT_EQ(rig.wave().v[8].x[lane], static_cast<std::uint32_t>(lane));
  }
  rig.offset([&](int) { return end - 8; });
  rig.run("scratch_store_b64 v2, v[12:13], off");
  rig.offset([&](int lane) { return lane == 6 ? end - 7 : 0; });
  expect_fault(FaultKind::kOutOfBounds, 6, "a lane has 3200",
               [&] { rig.run("scratch_store_b64 v2, v[12:13], off"); });
  rig.set_exec(~(1U << 6));
  rig.run("scratch_store_b64 v2, v[12:13], off");
  rig.wave().scratch.clear();
  expect_fault(FaultKind::kOutOfBounds, 0, "a lane has 0",
               [&] { rig.run("scratch_load_b32 v8, off, off offset:12"); });
}

// Threads with waves of their own, adding to the same words.
TEST_F(MemoryAccess, AtomicsAreWholeBetweenThreads) {
  constexpr int kThreads = 4, kRounds = 500;
  std::memset(rig.at(0), 0, 64);
  const Step add = assembled("global_atomic_add_u32 v8, v[2:3], v12, off glc");
  const Step add_float = assembled("global_atomic_add_f32 v[2:3], v12, off");
  const Step add_wide = assembled("global_atomic_add_u64 v[2:3], v[12:13], off");
  const Step inc = assembled("global_atomic_inc_u32 v8, v[2:3], v12, off glc");
  const Step exchange = assembled("global_atomic_cmpswap_b32 v8, v[2:3], v[12:13], off glc");
  const Step load = assembled("global_load_b32 v8, v[2:3], off offset:-8 glc");
  std::vector<std::vector<std::uint32_t>> tickets(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      WaveRig mine(memory);
      Wave& wave = mine.wave();
      const auto run = [&](const Step& step, std::uint64_t offset, std::uint32_t data) {
        for (int lane = 0; lane < kLanes; ++lane) {
          mine.set_pair(2, lane, rig.area() + offset);
          mine.set_pair(12, lane, data);
        }
        mine.run(step);
      };
      for (int i = 0; i < kRounds; ++i) {
        run(add, 0, 1);
        tickets[static_cast<std::size_t>(t)].insert(tickets[static_cast<std::size_t>(t)].end(),
                                                    wave.v[8].x, wave.v[8].x + kLanes);
        run(add_wide, 8, 0x90000000U);
        run(add_float, 16, 0x3f800000U);
        run(inc, 20, 99);
      }
      // A lock of compare and swap around a plain word: one lane a wave.
      mine.set_exec(1);
      for (int i = 0; i < 50; ++i) {
        do {
          mine.set_pair(2, 0, rig.area() + 24);
          mine.set_pair(12, 0, 1);  // 1 where it was 0
          mine.run(exchange);
        } while (wave.v[8].x[0] != 0);
        mine.set_pair(2, 0, rig.area() + 28 + 8);
        mine.run(load);
        ++wave.v[8].x[0];
        const std::uint32_t next = wave.v[8].x[0];
        std::memcpy(rig.at(28), &next, 4);
        mine.set_pair(2, 0, rig.area() + 24);
        mine.set_pair(12, 0, 0);
        mine.run(assembled("global_store_b32 v[2:3], v12, off"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  constexpr std::uint32_t kAll = kThreads * kRounds * kLanes;
  EXPECT_EQ(word_at(rig.area()), kAll);
  std::vector<std::uint32_t> all;
  for (const auto& some : tickets) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  for (std::uint32_t i = 0; i < kAll; ++i) ASSERT_EQ(all[i], i);
  std::uint64_t wide;
  std::memcpy(&wide, rig.at(8), 8);
  EXPECT_EQ(wide, std::uint64_t{kAll} * 0x90000000U);
  float sum;
  std::memcpy(&sum, rig.at(16), 4);
  EXPECT_EQ(sum, static_cast<float>(kAll));
  EXPECT_EQ(word_at(rig.area() + 20), kAll % 100);
  EXPECT_EQ(word_at(rig.area() + 28), kThreads * 50U);
}

TEST_F(MemoryAccess, AWatchIsToldBeforeMemoryChanges) {
  struct Looks : Told {
    std::uint64_t area = 0;
    std::uint32_t seen = 0;
    void global(Wave& wave, const Step& step, const Access& access) override {
      seen = word_at(area);
      Told::global(wave, step, access);
    }
  } watch;
  watch.area = rig.area();
  rig.group.watch = &watch;
  const std::uint32_t old = 5;
  std::memcpy(rig.at(0), &old, 4);
  rig.set_exec(0x80000001U);
  rig.address([](int lane) { return lane * 8; });
  rig.run("global_store_b64 v[2:3], v[12:13], off");
  ASSERT_EQ(watch.global_calls.size(), 1U);
  EXPECT_EQ(watch.seen, 5U);
  EXPECT_EQ(watch.global_calls[0].lanes, 0x80000001U);
  EXPECT_EQ(watch.global_calls[0].bytes, 8U);
  EXPECT_EQ(watch.global_calls[0].kind, Access::Kind::kWrite);
  EXPECT_EQ(watch.global_calls[0].address[31], rig.area() + 248);
  rig.run("global_atomic_add_u32 v8, v[2:3], v12, off glc");
  EXPECT_EQ(watch.global_calls[1].kind, Access::Kind::kAtomic);

  rig.offset([](int lane) { return lane * 8; });
  rig.run("ds_load_2addr_b32 v[8:9], v2 offset1:1");
  ASSERT_EQ(watch.lds_calls.size(), 2U);
  EXPECT_EQ(watch.lds_calls[0].address[31], 248U);
  EXPECT_EQ(watch.lds_calls[1].address[31], 252U);
  EXPECT_EQ(watch.lds_calls[1].kind, Access::Kind::kRead);
  rig.set_base(4, rig.area() + 8);
  rig.run("s_load_b64 vcc, s[4:5], null");
  EXPECT_EQ(watch.global_calls[2].lanes, 1U);
  EXPECT_EQ(watch.global_calls[2].address[0], rig.area() + 8);

  rig.set_exec(0);  // nobody: nothing to tell
  rig.run("global_store_b64 v[2:3], v[12:13], off");
  rig.run("ds_load_b32 v8, v2");
  EXPECT_EQ(watch.global_calls.size(), 3U);
  EXPECT_EQ(watch.lds_calls.size(), 2U);
}

TEST_F(MemoryAccess, CountsLinesAndBytes) {
  const auto count = [&](std::string_view text, Traffic Counters::* which,
                         const std::function<std::int64_t(int)>& offset) {
    rig.counters = {};
    rig.address(offset);
    rig.run(text);
    const Traffic traffic = rig.counters.*which;
    EXPECT_EQ(traffic.instructions, 1U);
    return std::pair(traffic.lines, traffic.bytes);
  };
  using Pair = std::pair<std::uint64_t, std::uint64_t>;
  const std::string_view load = "global_load_b32 v8, v[2:3], off";
  const auto loads = &Counters::loads;
  EXPECT_EQ(count(load, loads, [](int lane) { return 4 * lane; }), Pair(1, 128));
  EXPECT_EQ(count(load, loads, [](int lane) { return 4 * lane + 4; }), Pair(2, 128));
  EXPECT_EQ(count(load, loads, [](int lane) { return 4 * (31 - lane); }), Pair(1, 128));
  EXPECT_EQ(count(load, loads, [](int) { return 256; }), Pair(1, 128));
  EXPECT_EQ(count(load, loads, [](int) { return 126; }), Pair(2, 128));
  EXPECT_EQ(count(load, loads, [](int lane) { return 128 * lane; }), Pair(32, 128));
  EXPECT_EQ(count(load, loads, [](int lane) { return 128 * lane + 126; }), Pair(33, 128));
  EXPECT_EQ(count(load, loads, [](int lane) { return 1000 * lane; }), Pair(32, 128));
  EXPECT_EQ(count(load, loads, [](int lane) { return 1000 * (lane * 13 % 8); }), Pair(8, 128));
  EXPECT_EQ(count(load, loads, [](int lane) { return 30000 - 29000 * (lane & 1); }), Pair(2, 128));
  EXPECT_EQ(
      count("global_load_b128 v[8:11], v[2:3], off", loads, [](int lane) { return 16 * lane; }),
      Pair(4, 512));
  EXPECT_EQ(
      count("global_load_b128 v[8:11], v[2:3], off", loads, [](int lane) { return 16 * lane + 2; }),
      Pair(5, 512));
  EXPECT_EQ(count("global_store_b32 v[2:3], v12, off", &Counters::stores,
                  [](int lane) { return 64 * lane; }),
            Pair(16, 128));
  EXPECT_EQ(count("global_atomic_add_u32 v8, v[2:3], v12, off glc", &Counters::atomics,
                  [](int) { return 0; }),
            Pair(1, 128));
  rig.set_exec(0x00010001);
  EXPECT_EQ(count(load, loads, [](int lane) { return 4 * lane; }), Pair(1, 8));
  EXPECT_EQ(count(load, loads, [](int lane) { return 20 * lane; }), Pair(2, 8));
  rig.set_exec(0);
  EXPECT_EQ(count(load, loads, [](int lane) { return 4 * lane; }), Pair(0, 0));
  // Scratch: lanes lie beside each other, dword by dword.
  rig.set_exec(~0U);
  rig.counters = {};
  rig.offset([](int) { return 16; });
  rig.run("scratch_store_b64 v2, v[12:13], off");
  EXPECT_EQ(rig.counters.stores.lines, 2U);
  EXPECT_EQ(rig.counters.stores.bytes, 256U);
  // Scalar: lines of 64 bytes.
  rig.set_base(4, rig.area() + 60);
  rig.run("s_load_b64 vcc, s[4:5], null");
  EXPECT_EQ(rig.counters.scalar_loads.lines, 2U);
  EXPECT_EQ(rig.counters.scalar_loads.bytes, 8U);
}

TEST_F(MemoryAccess, CountsCyclesAndConflictsOfTheLds) {
  const auto count = [&](std::string_view text, const std::function<std::int64_t(int)>& offset) {
    rig.counters = {};
    rig.offset(offset);
    rig.run(text);
    return std::pair(rig.counters.lds_cycles, rig.counters.lds_conflicts);
  };
  using Pair = std::pair<std::uint64_t, std::uint64_t>;
  const std::string_view load = "ds_load_b32 v8, v2", wide = "ds_load_b128 v[8:11], v2";
  EXPECT_EQ(count(load, [](int lane) { return 4 * lane; }), Pair(1, 0));
  EXPECT_EQ(count(load, [](int lane) { return 4 * (lane * 5 % 32); }), Pair(1, 0));
  EXPECT_EQ(count(load, [](int lane) { return 4 * (lane * 33); }), Pair(1, 0));
  EXPECT_EQ(count(load, [](int) { return 64; }), Pair(1, 0));  // shared
  EXPECT_EQ(count(load, [](int lane) { return 4 * (lane / 2); }), Pair(1, 0));
  EXPECT_EQ(count(load, [](int lane) { return 8 * lane; }), Pair(2, 1));
  EXPECT_EQ(count(load, [](int lane) { return 128 * lane; }), Pair(32, 31));
  EXPECT_EQ(count(load, [](int lane) { return 128 * (lane % 4); }), Pair(4, 3));
  EXPECT_EQ(count("ds_load_u8 v8, v2", [](int lane) { return lane; }), Pair(1, 0));
  EXPECT_EQ(count("ds_store_b32 v2, v12", [](int lane) { return 256 * lane; }), Pair(32, 31));
  EXPECT_EQ(count("ds_load_b64 v[8:9], v2", [](int lane) { return 8 * lane; }), Pair(2, 0));
  EXPECT_EQ(count("ds_load_b64 v[8:9], v2", [](int lane) { return 16 * lane; }), Pair(4, 2));
  EXPECT_EQ(count(wide, [](int lane) { return 16 * lane; }), Pair(4, 0));
  EXPECT_EQ(count(wide, [](int) { return 16; }), Pair(4, 0));
  EXPECT_EQ(count(wide, [](int lane) { return 144 * lane; }), Pair(4, 0));  // padded rows
  EXPECT_EQ(count(wide, [](int lane) { return 128 * lane; }), Pair(32, 28));
  EXPECT_EQ(count("ds_load_2addr_b32 v[8:9], v2 offset1:1", [](int lane) { return 8 * lane; }),
            Pair(4, 2));
  EXPECT_EQ(count("ds_add_u32 v2, v12", [](int lane) { return 4 * lane; }), Pair(1, 0));
  EXPECT_EQ(count("ds_add_u32 v2, v12", [](int) { return 4; }), Pair(32, 31));
  EXPECT_EQ(rig.counters.lds_bytes, 128U);
  rig.set_exec(0x000000ff);
  EXPECT_EQ(count(wide, [](int lane) { return 16 * lane; }), Pair(1, 0));
  EXPECT_EQ(rig.counters.lds_bytes, 128U);
  rig.set_exec(0x01010101);
  EXPECT_EQ(count(wide, [](int lane) { return 128 * lane; }), Pair(4, 0));
  rig.set_exec(0);
  EXPECT_EQ(count(load, [](int lane) { return 4 * lane; }), Pair(0, 0));
}

TEST_F(MemoryAccess, ScalarLoads) {
  for (std::uint32_t i = 0; i < 256; ++i) std::memcpy(rig.at(4 * i), &i, 4);
  const struct {
    std::string_view name;
    int words;
  } kLoads[] = {{"s_load_b32 s20", 1},
                {"s_load_b64 s[20:21]", 2},
                {"s_load_b128 s[20:23]", 4},
                {"s_load_b256 s[20:27]", 8},
                {"s_load_b512 s[20:35]", 16}};
  auto& s = rig.wave().s;
  for (const auto& each : kLoads) {
    const std::string name(each.name);
    const struct {
      std::string text;
      std::uint32_t first;
    } kForms[] = {{name + ", s[4:5], null", 8},
                  {name + ", s[4:5], s6 offset:0x10", 8 + 25 + 4},
                  {name + ", s[4:5], -0x20", 0}};
    for (const auto& form : kForms) {
      rig.set_base(4, rig.area() + 32 + 3);  // the low bits do not count
      s[6] = 100;
      std::fill(s.begin() + 20, s.begin() + 40, 0xeeeeeeeeU);
      rig.run(form.text);
      for (int n = 0; n < 20; ++n) {
        EXPECT_EQ(s[static_cast<std::size_t>(20 + n)],
                  n < each.words ? form.first + static_cast<std::uint32_t>(n) : 0xeeeeeeeeU)
            << form.text;
      }
    }
  }
  rig.run("s_load_b64 vcc, s[4:5], null");
  EXPECT_EQ(s[kVccLo], 8U);
  EXPECT_EQ(s[kVccHi], 9U);
  s[kM0] = 3;
  rig.run("s_load_b64 null, s[4:5], null");
  rig.run("s_load_b32 null, s[4:5], null");
  EXPECT_EQ(s[kNull], 0U);
  EXPECT_EQ(s[kM0], 3U);
  rig.run("s_load_b64 s[4:5], s[4:5], null");
  EXPECT_EQ(s[4], 8U);
  EXPECT_EQ(s[5], 9U);
  rig.set_exec(0);  // no lane is needed
  rig.set_base(4, rig.area() + WaveRig::kArea - 60);
  expect_fault(FaultKind::kOutOfBounds, kNoLane, "read of 64 bytes",
               [&] { rig.run("s_load_b512 s[20:35], s[4:5], null"); });
}

TEST_F(MemoryAccess, PermutesAndSwizzles) {
  auto& v = rig.wave().v;
  const auto run = [&](std::string_view text, std::uint32_t mask,
                       const std::function<std::uint32_t(std::uint32_t)>& address) {
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
      v[2].x[lane] = address(lane);
      v[8].x[lane] = 0xeeeeeeeeU;
      v[12].x[lane] = 100 + lane;
    }
    rig.set_exec(mask);
    rig.counters = {};
    rig.run(text);
    EXPECT_EQ(rig.counters.lds_cycles, 0U);  // the crossbar alone
  };
  const auto none = [](std::uint32_t) { return 0U; };
  for (const std::uint32_t mask : {0xffffffffU, 0x0000fffeU}) {
    const auto given = [&](std::uint32_t lane) { return mask >> lane & 1 ? 100 + lane : 0; };
    const auto expect = [&](const std::function<std::uint32_t(std::uint32_t)>& source) {
      for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
        EXPECT_EQ(v[8].x[lane], mask >> lane & 1 ? given(source(lane)) : 0xeeeeeeeeU) << lane;
      }
    };
    // Addresses are bytes, modulo 128, their low bits ignored.
    run("ds_bpermute_b32 v8, v2, v12", mask, [](std::uint32_t l) { return 4 * (l + 5) + 131; });
    expect([](std::uint32_t lane) { return (lane + 5 + 32) % 32; });
    run("ds_bpermute_b32 v8, v2, v12 offset:8", mask, [](std::uint32_t l) { return 4 * l; });
    expect([](std::uint32_t lane) { return (lane + 2) % 32; });
    run("ds_permute_b32 v8, v2, v12", mask, [](std::uint32_t l) { return 4 * (l ^ 1U) + 128; });
    expect([](std::uint32_t lane) { return lane ^ 1U; });
    run("ds_permute_b32 v8, v2, v12 offset:8", mask, [](std::uint32_t l) { return 4 * l; });
    expect([](std::uint32_t lane) { return (lane + 30) % 32; });
    run("ds_swizzle_b32 v8, v12 offset:swizzle(SWAP,1)", mask, none);
    expect([](std::uint32_t lane) { return lane ^ 1U; });
    run("ds_swizzle_b32 v8, v12 offset:swizzle(REVERSE,32)", mask, none);
    expect([](std::uint32_t lane) { return 31 - lane; });
    run("ds_swizzle_b32 v8, v12 offset:swizzle(BROADCAST,8,3)", mask, none);
    expect([](std::uint32_t lane) { return lane / 8 * 8 + 3; });
    run("ds_swizzle_b32 v8, v12 offset:swizzle(QUAD_PERM,3,0,1,2)", mask, none);
    expect([](std::uint32_t lane) { return lane / 4 * 4 + (lane + 3) % 4; });
  }
  // The highest lane wins where several send to one; who is sent nothing gets 0.
  run("ds_permute_b32 v8, v2, v12", ~0U, [](std::uint32_t) { return 4 * 7U; });
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    EXPECT_EQ(v[8].x[lane], lane == 7 ? 131U : 0U);
  }
  run("ds_bpermute_b32 v12, v2, v12", ~0U, [](std::uint32_t lane) { return 4 * (31 - lane); });
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) EXPECT_EQ(v[12].x[lane], 131 - lane);
  EXPECT_EQ(fault_of([&] { run("ds_swizzle_b32 v8, v12 offset:0xe000", ~0U, none); })->kind,
            FaultKind::kUnsupported);
}

TEST_F(MemoryAccess, LdsByLaneAndM0) {
  rig.wave().s[kM0] = 0xffff0100U;  // the low half counts
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) rig.wave().v[12].x[lane] = 50 + lane;
  rig.set_exec(0xfffffff0U);
  rig.run("ds_store_addtid_b32 v12 offset:64");
  rig.run("ds_load_addtid_b32 v8 offset:64");
  for (std::uint32_t lane = 4; lane < kLanes; ++lane) {
    std::uint32_t value;
    std::memcpy(&value, rig.group.lds.data() + 0x100 + 64 + 4 * lane, 4);
    EXPECT_EQ(value, 50 + lane);
    EXPECT_EQ(rig.wave().v[8].x[lane], 50 + lane);
  }
}

TEST_F(MemoryAccess, CacheControlsChangeNothing) {
  std::mt19937_64 random(1);
  rig.randomize(random);
  const auto v = rig.wave().v;
  for (const std::string_view text :
       {"buffer_gl0_inv", "buffer_gl1_inv", "s_gl1_inv", "s_dcache_inv", "ds_nop"}) {
    rig.run(text);
  }
  EXPECT_EQ(std::memcmp(&v, &rig.wave().v, sizeof v), 0);
}

// Flat addresses outside global memory are not taken for anything else.
TEST_F(MemoryAccess, FlatKnowsGlobalMemoryAlone) {
  rig.set_exec(1);
  rig.set_pair(2, 0, 0x0001000000000000ULL);
  expect_fault(FaultKind::kOutOfBounds, 0, "read of 4 bytes",
               [&] { rig.run("flat_load_b32 v8, v[2:3] offset:24"); });
}

}  // namespace
}  // namespace rocmforge::emu
