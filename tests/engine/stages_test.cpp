// A model cut into stages says the same, to the bit, as the whole; each stage has its own weights
// and KV cache alone, and a model in one stage pays nothing for there being stages.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "engine/fixture.h"
#include "engine/sequence.h"
#include "engine/wrapped_device.h"
#include "model/model.h"

namespace rocmforge::test {
namespace {

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : seed_(seed) {}
  std::int32_t below(std::int32_t n) {
    return static_cast<std::int32_t>(philox(seed_, n_++).word[0] % static_cast<std::uint32_t>(n));
  }

 private:
  std::uint64_t seed_, n_ = 0;
};

TinyModel random_shape(Draws& d) {
  constexpr DType kTypes[] = {DType::kF32, DType::kQ8_0, DType::kQ4_1};
  return {.n_layers = 1 + d.below(6),
          .matrix = kTypes[d.below(3)],
          .tied = d.below(2) == 0,
          .biases = d.below(2) == 0,
          .seed = static_cast<std::uint64_t>(d.below(1000))};
}

engine::RunnerOptions random_options(Draws& d) {
  return {.n_ctx = 80,
          .max_rows = 32,
          .kv_dtype = d.below(2) == 0 ? DType::kF16 : DType::kF32,
          .fuse = d.below(3) != 0,
          .cut = {.split_positions = 16}};
}

std::vector<text::TokenId> random_tokens(Draws& d, std::int32_t n) {
  std::vector<text::TokenId> out;
  for (std::int32_t i = 0; i < n; ++i) out.push_back(d.below(kTinyVocab));
  return out;
}

using Logits = std::vector<float>;

// Every position's: a prompt at once, then the rest one by one.
Logits all_logits(engine::Runner& runner, std::span<const text::TokenId> tokens,
                  std::size_t n_prompt) {
  engine::Sequence sequence(runner);
  Logits out;
  const auto take = [&](std::int32_t, std::span<const float> row) {
    out.insert(out.end(), row.begin(), row.end());
  };
  EXPECT_TRUE(sequence.append(tokens.first(n_prompt), 0, take));
  for (const text::TokenId& token : tokens.subspan(n_prompt)) {
    EXPECT_TRUE(sequence.append({&token, 1}, 0, take));
  }
  return out;
}

// A model in any number of stages, each on a device of its own, run by hand.
class Chain {
 public:
  Chain(const gguf::File& file, const engine::RunnerOptions& options,
        std::span<const std::int32_t> shares, std::span<Wrapping> wrappings)
      : model_(model::build_model(
            file, {.kv_dtype = options.kv_dtype, .max_rows = options.max_rows}, counters_)),
        options_(options),
        rope_(model_.params.rope, {}),
        layout_(engine::step_layout(model_, options)),
        pool_(64),
        blocks_(pool_, ir::kBlockTokens) {
    std::vector<engine::StageSpec> specs;
    std::vector<std::unique_ptr<backend::Executor>> executors;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      devices_.push_back(std::make_unique<WrappedDevice>(wrappings[i], counters_));
      executors.push_back(devices_.back()->make_executor());
      specs.push_back({shares[i], executors.back().get()});
    }
    auto plans = engine::plan_stages(model_, options, specs, counters_);
    for (std::size_t i = 0; i < plans.size(); ++i) {
      stages_.push_back(std::make_unique<engine::Stage>(
          std::move(plans[i]), std::move(executors[i]), engine::StageSource{file, {}, {}}, layout_,
          *devices_[i], i == 0 ? nullptr : stages_.back().get()));
    }
    step_.resize(static_cast<std::size_t>(layout_.bytes));
  }

  void append(std::span<const text::TokenId> tokens, Logits& out) {
    const auto n = static_cast<std::int32_t>(tokens.size());
    ASSERT_TRUE(blocks_.reserve(length_ + n));
    const engine::BatchSequence rows{tokens, length_, &blocks_};
    std::vector<ir::WorkItem> work;
    const std::int32_t n_partials = engine::plan_work({&rows, 1}, options_.cut, work);
    const ir::StepView step(layout_, step_);
    engine::write_step({&rows, 1}, rope_, work, n_partials, step);
    for (const auto& stage : stages_) stage->run_body(n, step_);
    step.header().n_head_rows = n;
    for (std::int32_t i = 0; i < n; ++i) step.head_rows()[static_cast<std::size_t>(i)] = i;
    stages_.back()->run_head(n, step_);
    const auto logits = stages_.back()->logits(n);
    out.insert(out.end(), logits.begin(), logits.end());
    length_ += n;
  }

 private:
  Counters counters_;
  model::Model model_;
  engine::RunnerOptions options_;
  engine::RopeRows rope_;
  ir::StepLayout layout_;
  kv::BlockPool pool_;
  kv::BlockTable blocks_;
  std::vector<std::unique_ptr<backend::Device>> devices_;
  std::vector<std::unique_ptr<engine::Stage>> stages_;
  std::vector<std::byte> step_;
  std::int32_t length_ = 0;
};

// Layers of each stage, for random cuts.
std::vector<std::int32_t> random_shares(Draws& d, std::int32_t n_layers) {
  std::vector<std::int32_t> out = {1};
  for (std::int32_t i = 1; i < n_layers; ++i) {
    if (d.below(2) == 0) {
      out.push_back(1);
    } else {
      ++out.back();
    }
  }
  return out;
}

TEST(Stages, AnyCutsGiveTheSameBits) {
  const TempDir dir;
  int n_cuts = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Draws d(seed);
    const TinyModel shape = random_shape(d);
    const engine::RunnerOptions options = random_options(d);
    Counters counters;
    const engine::ModelFile file(write_tiny_model(dir.file("m.gguf"), shape), counters);
    const auto tokens = random_tokens(d, 32);
    const auto n_prompt = static_cast<std::size_t>(1 + d.below(28));
    const auto device = cpu::make_device({.n_threads = 1, .isa = cpu::best_isa()}, counters);
    engine::Runner whole(file.gguf(), options, *device, counters);
    const Logits want = all_logits(whole, tokens, n_prompt);

    const std::vector<std::int32_t> shares = random_shares(d, shape.n_layers);
    std::vector<Wrapping> wrappings(shares.size());
    for (Wrapping& w : wrappings) w.hide_memory = d.below(2) == 0;
    Chain chain(file.gguf(), options, shares, wrappings);
    Logits got;
    chain.append(std::span(tokens).first(n_prompt), got);
    for (const text::TokenId& t : std::span(tokens).subspan(n_prompt)) chain.append({&t, 1}, got);
    EXPECT_TRUE(got == want);
    n_cuts += static_cast<int>(shares.size()) - 1;
  }
  EXPECT_GT(n_cuts, 30);
}

TEST(Stages, EachHasItsOwnWeightsAndKvCacheAlone) {
  const TempDir dir;
  Counters counters;
  for (const bool tied : {false, true}) {
    const engine::ModelFile file(
        write_tiny_model(dir.file("m.gguf"), {.n_layers = 3, .tied = tied}), counters);
    std::vector<Wrapping> w(3);
    const std::vector<std::int32_t> shares = {1, 1, 1};
    const engine::RunnerOptions options{.n_ctx = 64, .max_rows = 8};
    Chain chain(file.gguf(), options, shares, w);
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string b = "blk." + std::to_string(i) + ".";
      std::vector<std::string> want = {b + "attn_norm", b + "attn_qkv",    b + "attn_output",
                                       b + "ffn_norm",  b + "ffn_gate_up", b + "ffn_down"};
      if (i == 0) want.push_back("token_embd");
      if (i == 2) want.push_back("output_norm");
      if (i == 2) want.push_back(tied ? "token_embd" : "output");
      std::sort(want.begin(), want.end());
      std::sort(w[i].bound.begin(), w[i].bound.end());
      EXPECT_EQ(w[i].bound, want) << "stage " << i;
      // 2 (K, V) of 64 positions, 2 heads of 16, in F16.
      ASSERT_EQ(w[i].allocations.size(), 2u);
      EXPECT_EQ(w[i].allocations[0], 2 * 64 * 2 * 16 * 2) << "one layer";
    }
  }
}

struct TwoStages {
  explicit TwoStages(std::int32_t n_device_layers, bool hide_device = true,
                     const TinyModel& shape = {.n_layers = 4}) {
    device_wrapping.hide_memory = hide_device;
    device_wrapping.uploads_weights = true;
    const std::string path = write_tiny_model(dir.file("m.gguf"), shape);
    engine = std::make_unique<engine::Engine>(
        engine::EngineOptions{
            .path = path, .n_ctx = 128, .n_device_layers = n_device_layers, .rest = &rest},
        device, counters);
  }
  TempDir dir;
  Counters counters;
  Wrapping device_wrapping, rest_wrapping;
  WrappedDevice device{device_wrapping, counters}, rest{rest_wrapping, counters};
  std::unique_ptr<engine::Engine> engine;
};

TEST(Stages, TheLastLayersAndTheHeadAreOnTheDevice) {
  for (const std::int32_t n : {0, 1, 3, 4, 5, 99, engine::kAllLayers}) {
    TwoStages two(n);
    const bool all = n == engine::kAllLayers || n >= 4;
    EXPECT_EQ(two.engine->runner().n_device_layers(), all ? 4 : n);
    const auto has = [](const Wrapping& w, const std::string& name) {
      return std::find(w.bound.begin(), w.bound.end(), name) != w.bound.end();
    };
    EXPECT_EQ(has(two.rest_wrapping, "token_embd"), !all) << n;
    EXPECT_EQ(has(two.device_wrapping, "output"), n != 0) << n;
    EXPECT_EQ(has(two.rest_wrapping, "blk.0.attn_qkv"), !all) << n;
    EXPECT_EQ(has(two.device_wrapping, "blk.3.attn_qkv"), n != 0) << n;
    if (all) {
      EXPECT_TRUE(two.rest_wrapping.allocations.empty()) << n;
    }
    if (n == 0) {
      EXPECT_TRUE(two.device_wrapping.allocations.empty());
    }
  }
}

// One activation is copied a step, and the logits are read; nothing else is done, or built.
TEST(Stages, AStepInTwoStagesCopiesOneActivation) {
  for (const bool hide : {true, false}) {
    TwoStages two(2, hide);
    engine::Sequence sequence(two.engine->runner());
    const auto ignore = [](std::int32_t, std::span<const float>) {};
    const std::vector<text::TokenId> prompt(20, 5);
    ASSERT_TRUE(sequence.append(prompt, 19, ignore));
    const CounterValues loaded = two.counters.read();
    const Wrapping before = two.device_wrapping;
    const Wrapping rest_before = two.rest_wrapping;
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(sequence.append({&prompt[0], 1}, 0, ignore));
    EXPECT_EQ(two.device_wrapping.n_writes - before.n_writes, 10);
    EXPECT_EQ(two.device_wrapping.n_reads - before.n_reads, hide ? 10 : 0);  // the logits
    EXPECT_EQ(two.rest_wrapping.n_reads + two.rest_wrapping.n_writes,
              rest_before.n_reads + rest_before.n_writes);
    EXPECT_EQ(two.device_wrapping.allocations, before.allocations);
    const CounterValues delta = two.counters.read() - loaded;
    EXPECT_EQ(delta.graph_builds + delta.weight_binds + delta.device_allocations, 0u);
    // Each stage's body counts.
    EXPECT_EQ(delta.steps, 20u);
    EXPECT_EQ(delta.head_runs, 10u);
    EXPECT_EQ(delta.dispatches, 10u * (5 * 4 + 1 + 3));
  }
}

TEST(Stages, OneStageWaitsAndCopiesNoMoreThanBefore) {
  Counters counters;
  Wrapping w;
  WrappedDevice device(w, counters);
  const TempDir dir;
  engine::Engine engine({.path = write_tiny_model(dir.file("m.gguf")), .n_ctx = 64}, device,
                        counters);
  engine::Sequence sequence(engine.runner());
  const auto ignore = [](std::int32_t, std::span<const float>) {};
  const text::TokenId token = 5;
  w = {};
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(sequence.append({&token, 1}, 0, ignore));
  EXPECT_EQ(w.n_writes, 0);
  EXPECT_EQ(w.n_reads, 0);
  EXPECT_EQ(w.n_waits, 10);  // for its logits
  EXPECT_TRUE(w.allocations.empty());
}

TEST(Stages, AnAnswerIsTheSameInTwoStages) {
  std::string first;
  for (const std::int32_t n : {engine::kAllLayers, 3, 1, 0}) {
    TwoStages two(n, true, {.n_layers = 4, .matrix = DType::kQ8_0, .rope_freqs = true});
    engine::Request request{.prompt = {1, 40, 50, 60},
                            .max_tokens = 60,
                            .sampling = {.temperature = 1, .top_k = 0, .top_p = 1, .seed = 7},
                            .ignore_eos = true};
    const auto out = std::get<engine::Completion>(two.engine->generate(request, {}));
    EXPECT_EQ(out.tokens.size(), 60u);
    if (first.empty()) first = out.text;
    EXPECT_EQ(out.text, first) << n;
  }
}

}  // namespace
}  // namespace rocmforge::test
