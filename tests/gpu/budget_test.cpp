// What a step of several sequences launches: whole models on a fake device, whose plans are a real
// card's.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sequence.h"
#include "gpu/fake_gpu.h"
#include "model/random_model.h"

namespace rocmforge::test {
namespace {

constexpr std::int32_t kTogether = 8;

// So wide that no workgroup's LDS holds eight rows in F32, and with more outputs than the waves of
// either card make at a time.
constexpr model::RandomShape kWide = {.name = "wide",
                                      .what = "",
                                      .n_layers = 1,
                                      .dim = 4096,
                                      .n_heads = 32,
                                      .n_kv_heads = 1,
                                      .n_ff = 4352,
                                      .n_vocab = 512,
                                      .n_ctx = 64};

class Budget : public FakeGpu {
 protected:
  void TearDown() override { ::unsetenv("ROCMFORGE_GPU_GRAPH"); }

  // The counters of `n_steps` steps of a token for each of eight sequences.
  CounterValues run(const model::RandomSpec& spec, std::uint64_t n_steps) const {
    const gpu::Found found = find();
    Counters counters;
    const auto device = gpu::make_device(found.devices.at(0), counters);
    engine::Engine engine(
        {.random = spec, .n_ctx = 64, .max_rows = kTogether, .max_sequences = kTogether}, *device,
        counters);
    std::vector<engine::Sequence> sequences;
    for (int i = 0; i < kTogether; ++i) sequences.emplace_back(engine.runner());
    const std::vector<text::TokenId> tokens(kTogether, 1);
    const CounterValues loaded = counters.read();
    control_.n_launches = 0;
    for (std::uint64_t i = 0; i < n_steps; ++i) {
      engine::Ticket ticket;
      EXPECT_TRUE(
          engine::Sequence::run_each(sequences, tokens, {.mode = ir::SampleMode::kAll}, ticket));
      EXPECT_EQ(engine.runner().tokens(ticket).size(), std::size_t{kTogether});
    }
    return counters.read() - loaded;
  }
};

TEST_P(Budget, HoldsForEightSequencesOfEveryKindOfWeight) {
  control_.memory_total = std::int64_t{8} << 30;
  const model::RandomSpec specs[] = {
      {.text = "Q8_0", .shape = kWide, .type = DType::kQ8_0, .others = {}},
      {.text = "F16", .shape = kWide, .type = DType::kF16, .others = {}},
      {.text = "mixed",
       .shape = kWide,
       .type = DType::kF16,
       .others = {{"blk.0.ffn_up", DType::kQ8_0}, {"blk.0.attn_v", DType::kF32}}},
  };
  constexpr std::uint64_t kSteps = 3;
  for (const model::RandomSpec& spec : specs) {
    for (const char* replay : {"0", "1"}) {
      SCOPED_TRACE(spec.text + ", replay " + replay);
      ::setenv("ROCMFORGE_GPU_GRAPH", replay, 1);
      const CounterValues delta = run(spec, kSteps);
      EXPECT_EQ(delta.steps, kSteps);
      EXPECT_EQ(delta.rows, kSteps * kTogether);
      EXPECT_EQ(delta.head_runs, kSteps);
      EXPECT_EQ(delta.dispatches, kSteps * (5 + 1 + 3)) << "a layer, the embedding, the head";
      EXPECT_EQ(delta.graph_builds + delta.weight_binds + delta.device_allocations, 0U);
      EXPECT_EQ(delta.logit_readbacks, 0U);
      // What was counted is what was launched; a replay is one call.
      const bool launched = std::string_view(replay) == "0";
      EXPECT_EQ(control_.n_launches, launched ? static_cast<int>(delta.dispatches) : 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fake, Budget, testing::Values(gpu::Vendor::kAmd, gpu::Vendor::kNvidia),
                         name_of);

}  // namespace
}  // namespace rocmforge::test
