// A step allocates nothing at all, on the device or on the host, so nothing is rebuilt there
// either: whoever chooses, ahead or not, for one request or several.
#include "support/allocations.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "engine/fixture.h"
#include "engine/scheduler.h"

namespace rocmforge::test {
namespace {

using engine::SamplingParams;

struct Kind {
  std::string name;
  SamplingParams params;
};

// The device, from logits edited or not, ahead or not; the host, by every sampler.
std::vector<Kind> kinds() {
  std::vector<Kind> out = {
      {"plain", {.temperature = 1}},
      {"penalty", {.temperature = 1, .repeat_penalty = 1.2F}},
      {"top-p", {.temperature = 1, .top_k = 0, .top_p = 0.9F}},
      {"long top-k", {.temperature = 1, .top_k = 270, .top_p = 0.9F}},
      {"long look-back", {.repeat_last = 4096, .frequency_penalty = 0.1F}},
      {"penalties of all", {.repeat_last = -1, .presence_penalty = 0.1F}},
      {"typical", {.typical_p = 0.5F}},
      {"top-n-sigma", {.top_n_sigma = 2}},
      {"xtc", {.xtc_probability = 0.5F}},
      {"dynamic temperature", {.dynatemp_range = 0.5F}},
      {"logit bias", {.logit_bias = {{5, 1}, {9, -std::numeric_limits<float>::infinity()}}}},
      {"dry", {.dry_multiplier = 1}},
      {"dry of all", {.dry_multiplier = 1, .dry_last = -1, .dry_breakers = {}}},
      {"mirostat 1", {.mirostat = 1}},
      {"mirostat 2", {.mirostat = 2}},
      {"logprobs", {.n_logprobs = 0}},
      {"logprobs of 20", {.typical_p = 0.5F, .n_logprobs = 20}},
      // Penalties after the cuts, so that they are a stage of their own.
      {"penalties last",
       {.repeat_penalty = 1.1F,
        .dry_multiplier = 1,
        .samplers = {engine::SamplerKind::kTopP, engine::SamplerKind::kTemperature,
                     engine::SamplerKind::kPenalties, engine::SamplerKind::kDry}}},
  };
  for (std::size_t i = 0; i < out.size(); ++i) out[i].params.seed = i + 1;
  return out;
}

// Allocations of 40 steps in the middle of `n` requests' answers.
std::uint64_t in_steps(TinyEngine& tiny, const SamplingParams& params, std::size_t n,
                       const engine::SchedulerOptions& options = {}) {
  std::size_t n_done = 0;
  engine::Scheduler scheduler(
      *tiny.engine, [&](std::size_t, const engine::Result&) { ++n_done; }, options);
  for (std::size_t i = 0; i < n; ++i) {
    engine::Request request;
    request.prompt.assign(100 + i, static_cast<text::TokenId>(5 + i));
    request.max_tokens = 100;
    request.sampling = params;
    request.ignore_eos = true;
    scheduler.add(std::move(request));
  }
  for (int i = 0; i < 20; ++i) scheduler.step();
  const std::uint64_t before = n_allocations();
  for (int i = 0; i < 40; ++i) scheduler.step();
  const std::uint64_t count = n_allocations() - before;
  EXPECT_EQ(n_done, 0u) << "they were under way";
  return count;
}

TEST(Allocation, NoneInAStep) {
  for (const bool fuse : {true, false}) {
    for (const bool ahead : {true, false}) {
      TinyEngine tiny({.matrix = DType::kQ8_0},
                      {.n_ctx = 256, .max_sequences = 4, .fuse = fuse, .run_ahead = ahead});
      for (const Kind& kind : kinds()) {
        for (const std::size_t n : {1u, 4u}) {
          EXPECT_EQ(in_steps(tiny, kind.params, n), 0u)
              << kind.name << ", " << n << " requests" << (fuse ? ", fused" : ", plain")
              << (ahead ? ", ahead" : "");
        }
      }
    }
  }
}

// Nor where blocks become known and are shared, and old ones are lost for new.
TEST(Allocation, NoneInAStepThatSharesBlocks) {
  for (const bool ahead : {true, false}) {
    TinyEngine tiny({}, {.n_ctx = 256, .max_sequences = 4, .kv_tokens = 900, .run_ahead = ahead});
    for (int round = 0; round < 3; ++round) {
      EXPECT_EQ(in_steps(tiny, {.temperature = 1, .seed = 1}, 4, {.prefix_cache = true}), 0u);
    }
  }
}

}  // namespace
}  // namespace rocmforge::test
