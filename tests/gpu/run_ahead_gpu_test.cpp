// Whole answers on the first GPU, chosen there: given step by step or ahead they are the same, and
// nothing is read back but tokens.
#include <gtest/gtest.h>

#include <memory>

#include "engine/engine.h"
#include "gpu/found.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"

namespace rocmforge::test {
namespace {

TEST(RunAheadOnAGpu, GivesTheSameAnswers) {
  ROCMFORGE_NEED_GPU();
  const TempDir dir;
  const std::string path = write_tiny_model(dir.file("tiny.gguf"), {.matrix = DType::kQ8_0});
  Counters counters;
  const auto device = gpu::make_device(*first_gpu(), counters);
  const auto make = [&](bool fuse, bool ahead) {
    return std::make_unique<engine::Engine>(
        engine::EngineOptions{.path = path, .n_ctx = 256, .fuse = fuse, .run_ahead = ahead},
        *device, counters);
  };
  const auto behind = make(true, false), ahead = make(true, true), plain = make(false, true);
  const engine::SamplingParams kinds[] = {
      {.temperature = 0},
      {.temperature = 1, .seed = 3},
      {.temperature = 1, .top_k = 0, .top_p = 1, .seed = 4},
      {.temperature = 0.8F, .top_k = 0, .top_p = 0.9F, .seed = 5},
      {.temperature = 1, .repeat_penalty = 1.3F, .seed = 6},
  };
  for (const engine::SamplingParams& kind : kinds) {
    const engine::Request request{
        .prompt = {1, 40, 50, 60}, .max_tokens = 200, .sampling = kind, .ignore_eos = true};
    const auto run = [&](engine::Engine& engine) {
      return std::get<engine::Completion>(engine.generate(request, {}));
    };
    const engine::Completion want = run(*behind);
    const CounterValues before = counters.read();
    const engine::Completion got = run(*ahead);
    const CounterValues delta = counters.read() - before;
    EXPECT_EQ(want.tokens.size(), 200u) << want.error;
    EXPECT_EQ(got.tokens, want.tokens) << got.error;
    EXPECT_EQ(delta.steps, 200u);
    EXPECT_EQ(delta.device_allocations, 0u);
    if (kind.top_k != 0 || kind.top_p == 1) {
      EXPECT_EQ(delta.logit_readbacks, 0u);
    }
    // Other kernels round otherwise, and a near tie may fall to the other side: the first tokens.
    const engine::Completion by_op = run(*plain);
    ASSERT_EQ(by_op.tokens.size(), 200u) << by_op.error;
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(by_op.tokens[i], want.tokens[i]) << i;
  }
}

}  // namespace
}  // namespace rocmforge::test
