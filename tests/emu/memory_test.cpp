// The card's memory: its size, its addresses, what it says of those that are not its own.
#include "machine/memory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/error.h"
#include "emu/memory_fixture.h"

namespace rocmforge::emu {
namespace {

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

}  // namespace
}  // namespace rocmforge::emu
