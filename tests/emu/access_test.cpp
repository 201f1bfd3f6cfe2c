// What loads, stores and atomics do at their edges: bounds, alignment, freed and read-only memory,
// threads. What each instruction moves: memory_forms_test.cpp.
#include <gtest/gtest.h>

#include <thread>

#include "emu/memory_fixture.h"

namespace rocmforge::emu {
namespace {

class MemoryBounds : public MemoryAccess {
 protected:
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

TEST_F(MemoryBounds, GlobalMemoryIsBoundedToTheByte) {
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

TEST_F(MemoryBounds, AFaultLeavesMemoryAsItWas) {
  std::memset(rig.at(0), 0x11, WaveRig::kArea);
  for (int lane = 0; lane < kLanes; ++lane) rig.wave().v[12].x[lane] = 0xabababab;
  rig.address([&](int lane) { return lane == 31 ? kEnd : 4 * lane; });
  EXPECT_TRUE(fault_of([&] { rig.run("global_store_b32 v[2:3], v12, off"); }));
  EXPECT_EQ(word_at(rig.area()), 0x11111111U);
  EXPECT_TRUE(fault_of([&] { rig.run("global_atomic_add_u32 v8, v[2:3], v12, off glc"); }));
  EXPECT_EQ(word_at(rig.area()), 0x11111111U);
}

TEST_F(MemoryBounds, OffsetsReachBothEnds) {
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

TEST_F(MemoryBounds, LoadsMayOverwriteTheirAddresses) {
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

TEST_F(MemoryBounds, FreedAndReadOnlyMemoryFaults) {
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
TEST_F(MemoryBounds, LanesMayReachManyAllocations) {
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

TEST_F(MemoryBounds, PlainAccessesMayBeMisalignedAtomicsMayNot) {
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

TEST_F(MemoryBounds, LdsIsBoundedAndAligned) {
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

TEST_F(MemoryBounds, ScratchIsEachLanesOwn) {
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
TEST_F(MemoryBounds, AtomicsAreWholeBetweenThreads) {
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

}  // namespace
}  // namespace rocmforge::emu
