// The promises: a file is parsed once, and a step builds, binds and allocates nothing.
#include <gtest/gtest.h>

#include "engine/fixture.h"
#include "support/data.h"

namespace rocmforge::test {
namespace {

void expect_promises(const CounterValues& loaded, const CounterValues& step_delta,
                     const model::HyperParams& params, std::uint64_t n_prompt) {
  EXPECT_EQ(loaded.file_parses, 1u);
  EXPECT_GT(loaded.graph_builds, 0u);
  EXPECT_GT(loaded.weight_binds, 0u);
  // 64 tokens from one prompt: the prompt's step, then one for each token but the last.
  EXPECT_EQ(step_delta.file_parses, 0u);
  EXPECT_EQ(step_delta.graph_builds, 0u);
  EXPECT_EQ(step_delta.weight_binds, 0u);
  EXPECT_EQ(step_delta.device_allocations, 0u);
  EXPECT_EQ(step_delta.steps, 64u);
  EXPECT_EQ(step_delta.head_runs, 64u);
  EXPECT_EQ(step_delta.rows, n_prompt + 63);
  EXPECT_EQ(step_delta.logit_readbacks, 0u) << "tokens are chosen on the device";
  const auto layers = static_cast<std::uint64_t>(params.n_layers);
  EXPECT_EQ(step_delta.dispatches, 64 * (5 * layers + 1) + 64 * 3);
}

TEST(Counters, HoldOverAGenerationOf64Tokens) {
  TinyEngine tiny;
  const CounterValues loaded = tiny.counters.read();
  engine::Request request = tiny.request("hello hello", 64);
  request.ignore_eos = true;
  EXPECT_EQ(tiny.complete(request).tokens.size(), 64u);
  expect_promises(loaded, tiny.counters.read() - loaded, tiny.engine->params(),
                  request.prompt.size());
}

TEST(Counters, HoldOverARealModel) {
  const std::string path = smollm2_file();
  ROCMFORGE_NEED_DATA(path, "SmolLM2 (make run fetches it)");
  Counters counters;
  const auto device = cpu::make_device({}, counters);
  engine::Engine engine({.path = path}, *device, counters);
  const CounterValues loaded = counters.read();
  engine::Request request{.prompt = engine.tokenizer().encode("The capital of France is", {}),
                          .max_tokens = 64,
                          .sampling = {.temperature = 0},
                          .ignore_eos = true};
  const auto completion = std::get<engine::Completion>(engine.generate(request, {}));
  EXPECT_EQ(completion.tokens.size(), 64u);
  expect_promises(loaded, counters.read() - loaded, engine.params(), request.prompt.size());
}

}  // namespace
}  // namespace rocmforge::test
