// A decode step allocates nothing at all, on the device or on the host, so nothing is rebuilt
// there either.
#include "support/allocations.h"

#include <gtest/gtest.h>

#include "engine/fixture.h"
#include "engine/sampling.h"
#include "engine/sequence.h"

namespace rocmforge::test {
namespace {

TEST(Allocation, NoneInADecodeStep) {
  for (const bool fuse : {true, false}) {
    TinyEngine tiny({.matrix = DType::kQ8_0}, {.n_ctx = 128, .fuse = fuse});
    engine::Sequence sequence(tiny.engine->runner());
    engine::Sampler sampler({.seed = 1});
    std::vector<text::TokenId> history(100, 5);
    text::TokenId next = 0;
    const auto choose = [&](std::int32_t position, std::span<const float> logits) {
      next = sampler.sample(logits, history, position + 1);
    };
    // Once to the end of the context, so that the block table and the sampler have their room.
    ASSERT_TRUE(sequence.append(history, 99, choose));
    sequence.truncate(50);
    const std::uint64_t before = n_allocations();
    for (int i = 0; i < 40; ++i) {
      const text::TokenId token = next;
      ASSERT_TRUE(sequence.append({&token, 1}, sequence.length(), choose));
    }
    EXPECT_EQ(n_allocations() - before, 0u) << (fuse ? "fused" : "plain");
  }
}

}  // namespace
}  // namespace rocmforge::test
