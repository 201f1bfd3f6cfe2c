// A run allocates nothing: every case of the table, with the program's own allocator counting.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "backend/cpu/device.h"
#include "op/cases.h"
#include "op/harness.h"

namespace {

std::atomic<std::uint64_t> n_allocations{0};

void* allocate(std::size_t bytes, std::size_t align) {
  ++n_allocations;
  void* p = std::aligned_alloc(align, (bytes + align) / align * align);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

}  // namespace

void* operator new(std::size_t bytes) {
  return allocate(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t align) {
  return allocate(bytes, static_cast<std::size_t>(align));
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}

namespace rocmforge {
namespace {

TEST(Allocation, NoneWhileAGraphRuns) {
  Counters counters;
  const auto device = cpu::make_device({.n_threads = 2}, counters);
  for (const optest::Case& c : optest::cases()) {
    const optest::Problem problem = c.make();
    optest::Session session(problem, *device);
    const CounterValues made = counters.read();
    const std::uint64_t before = n_allocations;
    session.run();
    session.run();
    EXPECT_EQ(n_allocations - before, 0U) << c.name;
    const CounterValues ran = counters.read() - made;
    EXPECT_EQ(ran.device_allocations + ran.graph_builds + ran.weight_binds, 0U) << c.name;
  }
  EXPECT_GT(n_allocations, 0U);  // the hook is in place
}

}  // namespace
}  // namespace rocmforge
