// A decode step allocates nothing at all, on the device or on the host, so nothing is rebuilt
// there either.
#include "support/allocations.h"

#include <gtest/gtest.h>

#include "engine/decoder.h"
#include "engine/fixture.h"

namespace rocmforge::test {
namespace {

// Whoever chooses: the device, from logits edited or not, ahead or not; or the host.
TEST(Allocation, NoneInADecodeStep) {
  const engine::SamplingParams kinds[] = {
      {.temperature = 1, .seed = 1},
      {.temperature = 1, .repeat_penalty = 1.2F},
      {.temperature = 1, .top_k = 0, .top_p = 0.9F},
      {.temperature = 1, .top_k = 270, .top_p = 0.9F},
  };
  for (const bool fuse : {true, false}) {
    TinyEngine tiny({.matrix = DType::kQ8_0}, {.n_ctx = 256, .fuse = fuse, .run_ahead = true});
    for (const engine::SamplingParams& kind : kinds) {
      // Once to the end of the context, so that the tables and the sampler have their room.
      std::vector<text::TokenId> history(130, 5);
      {
        engine::Sequence whole_sequence(tiny.engine->runner());
        engine::Decoder whole(tiny.engine->runner(), kind, nullptr, whole_sequence);
        ASSERT_TRUE(whole.start(history, history));
        whole.take(history);
      }
      engine::Sequence sequence(tiny.engine->runner());
      engine::Decoder decoder(tiny.engine->runner(), kind, nullptr, sequence);
      ASSERT_TRUE(decoder.start(history, history));
      text::TokenId next = decoder.take(history);
      const std::uint64_t before = n_allocations();
      for (int i = 0; i < 40; ++i) {
        const text::TokenId token = next;
        ASSERT_TRUE(decoder.start({&token, 1}, history));
        if (decoder.runs_ahead() && i % 2 == 0) {
          decoder.start_ahead();
          decoder.take(history);
        }
        next = decoder.take(history);
      }
      EXPECT_EQ(n_allocations() - before, 0u) << (fuse ? "fused" : "plain") << " top_k "
                                              << kind.top_k << " penalty " << kind.repeat_penalty;
    }
  }
}

}  // namespace
}  // namespace rocmforge::test
