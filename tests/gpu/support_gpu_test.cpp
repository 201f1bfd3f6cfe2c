// Every type on every architecture, on the first GPU; docs/support.md.
#include <gtest/gtest.h>

#include "backend/cpu/device.h"
#include "engine/support_table.h"
#include "gpu/found.h"

namespace rocmforge::test {
namespace {

TEST(GpuSupport, IsAsDocumented) {
  ROCMFORGE_NEED_GPU();
  const auto gpu = [](Counters& counters) { return gpu::make_device(*first_gpu(), counters); };
  const auto cpu = [](Counters& counters) {
    return cpu::make_device({.n_threads = 1, .isa = cpu::best_isa()}, counters);
  };
  expect_documented("gpu", support_table([&](std::string_view architecture, DType type) {
                      return runs(architecture, type, {gpu}, cpu);
                    }));
}

}  // namespace
}  // namespace rocmforge::test
