// What watches and counters are told of accesses; scalar loads; exchange between lanes.
#include <gtest/gtest.h>

#include <functional>

#include "emu/memory_fixture.h"

namespace rocmforge::emu {
namespace {

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

// Lanes 0, 1, 2: of the LDS's window, of scratch's, of global memory; all others inactive.
TEST_F(MemoryAccess, FlatLoadsReachTheWindowsOfLdsAndScratch) {
  std::mt19937_64 random(2);
  rig.randomize(random);
  rig.set_exec(7);
  rig.set_pair(2, 0, kSharedWindow + 40);
  rig.set_pair(2, 1, kScratchWindow + 80);
  rig.set_pair(2, 2, rig.area() + 160);
  const std::uint32_t untouched = rig.wave().v[8].x[3];
  rig.run("flat_load_b32 v8, v[2:3] offset:24");
  std::uint32_t expected[3];
  std::memcpy(&expected[0], rig.group.lds.data() + 64, 4);
  std::memcpy(&expected[1], rig.wave().scratch.data() + WaveRig::kScratch + 104, 4);
  std::memcpy(&expected[2], rig.at(184), 4);
  for (int lane = 0; lane < 3; ++lane) EXPECT_EQ(rig.wave().v[8].x[lane], expected[lane]) << lane;
  EXPECT_EQ(rig.wave().v[8].x[3], untouched);
  EXPECT_EQ(rig.wave().exec(), 7U);
}

TEST_F(MemoryAccess, FlatLoadsEndWithTheirWindows) {
  const auto run = [&] { rig.run("flat_load_b32 v8, v[2:3] offset:24"); };
  rig.set_exec(2);
  rig.set_pair(2, 1, kSharedWindow + WaveRig::kArea - 24);
  expect_fault(FaultKind::kOutOfBounds, 1, "LDS access of 4 bytes", run);
  rig.set_exec(2);
  rig.set_pair(2, 1, kScratchWindow + WaveRig::kScratch - 24);
  expect_fault(FaultKind::kOutOfBounds, 1, "scratch access of 4 bytes", run);
  rig.set_exec(2);
  rig.set_pair(2, 1, std::uint64_t{4} << 48);
  expect_fault(FaultKind::kOutOfBounds, 1, "read of 4 bytes", run);
}

}  // namespace
}  // namespace rocmforge::emu
