// How many rows a step has, and whose; and that nobody's words depend on it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/watched.h"

namespace rocmforge::test {
namespace {

using engine::Completion;
using engine::Request;

// Logits of each position, of a prompt that is run in chunks of `n`.
std::vector<float> in_chunks(TinyEngine& tiny, const std::vector<text::TokenId>& prompt,
                             std::size_t n) {
  engine::Sequence sequence(tiny.engine->runner());
  std::vector<float> out;
  for (std::span<const text::TokenId> rest(prompt); !rest.empty();) {
    const std::span<const text::TokenId> chunk = rest.first(std::min(n, rest.size()));
    EXPECT_TRUE(sequence.append(chunk, 0, [&](std::int32_t, std::span<const float> logits) {
      out.insert(out.end(), logits.begin(), logits.end());
    }));
    rest = rest.subspan(chunk.size());
  }
  return out;
}

// Wherever a prompt is cut, on the CPU its results are the same to the bit: so are those behind a
// beginning that was found, and of a request that was run again. Long ones:
// batch_invariance_test.cpp.
TEST(StepBudget, ChunksDoNotChangeABit) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kQ8_0, DType::kQ4_0}) {
    TinyEngine tiny({.matrix = dtype}, {.n_ctx = 512, .max_rows = 256});
    const std::vector<text::TokenId> prompt = of_length(tiny, 300, 1).prompt;
    const std::vector<float> whole = in_chunks(tiny, prompt, 256);
    for (const std::size_t n : {1u, 5u, 16u, 33u, 128u}) {
      EXPECT_EQ(in_chunks(tiny, prompt, n), whole) << to_string(dtype) << ", chunks of " << n;
    }
  }
}

TEST(StepBudget, NoStepWithTokensHasMoreRows) {
  for (const bool ahead : {false, true}) {
    TinyEngine tiny({}, {.n_ctx = 256, .max_rows = 128, .max_sequences = 6, .run_ahead = ahead});
    Watched watched(tiny, {.prefix_cache = true, .batch_tokens = 24});
    EXPECT_EQ(watched.scheduler.budget().rows(5), 24u);
    watched.scheduler.add(of_length(tiny, 128, 60));
    EXPECT_LE(watched.step().rows, 128u + 1);
    for (std::size_t i = 0; i < 8; ++i) {
      Request request = of_length(tiny, 20 + 25 * i, 15);
      request.prompt[0] = static_cast<text::TokenId>(11 + i);
      watched.scheduler.add(request);
    }
    for (int i = 0; i < 50; ++i) {
      const CounterValues delta = watched.step();
      EXPECT_LE(delta.rows, 24 * delta.steps) << i;
    }
    EXPECT_EQ(watched.done.count(0), 0u);
    watched.run();
    EXPECT_EQ(watched.ended_at.at(0), 60) << "a token in every step";
    EXPECT_EQ(watched.done.size(), 9u);
  }
}

// Nobody generates: the whole width is the prompts'.
TEST(StepBudget, PromptsAloneHaveAllRows) {
  TinyEngine tiny({}, {.n_ctx = 256, .max_rows = 128, .max_sequences = 2});
  Watched watched(tiny, {.batch_tokens = 24});
  watched.scheduler.add(of_length(tiny, 200, 2));
  EXPECT_EQ(watched.step().rows, 128u);
  EXPECT_EQ(watched.step().rows, 72u);
}

TEST(StepBudget, WhereNoneIsAskedForItIsMoreThanATokenEach) {
  const engine::StepBudget many{.max_rows = 512, .max_sequences = 100},
      few{.max_rows = 512, .max_sequences = 4}, narrow{.max_rows = 32, .max_sequences = 4};
  EXPECT_EQ(many.rows(100), 164u);
  EXPECT_EQ(few.rows(1), 128u);
  EXPECT_EQ(narrow.rows(1), 32u);
  // On the host it grows with the tokens.
  TinyEngine tiny({}, {.n_ctx = 64, .max_rows = 64, .max_sequences = 100});
  const Watched watched(tiny);
  const engine::StepBudget& host = watched.scheduler.budget();
  EXPECT_TRUE(host.pays_by_row);
  EXPECT_EQ(host.rows(1), 29u);
  EXPECT_EQ(host.rows(3), 39u);
  EXPECT_EQ(host.rows(40), 64u);
}

// A short prompt does not wait for the end of a long one that came before it.
TEST(StepBudget, AShortPromptPassesALongOne) {
  TinyEngine tiny({}, {.n_ctx = 512, .max_rows = 32, .max_sequences = 3});
  Watched watched(tiny);
  Request brief = of_length(tiny, 8, 1);
  brief.prompt[0] = 40;
  watched.scheduler.add(of_length(tiny, 400, 2));
  watched.scheduler.add(brief);
  watched.run();
  EXPECT_LE(watched.ended_at.at(1), 2);
  EXPECT_EQ(watched.ended_at.at(0), (400 + 8 + 31) / 32 + 1);
}

// Alone and among 32 others, by every kind of weight: the same greedy text.
TEST(StepBudget, AmongManyOthersTheTextIsTheSame) {
  for (const DType dtype : {DType::kF32, DType::kQ8_0, DType::kQ4_0}) {
    TinyEngine tiny({.matrix = dtype}, {.n_ctx = 256, .max_sequences = 33});
    const Request request = of_length(tiny, 37, 60);
    const Completion alone = tiny.complete(request);
    Watched watched(tiny, {.prefix_cache = true});
    for (std::size_t i = 0; i < 16; ++i) {
      watched.scheduler.add(of_length(tiny, 3 + 9 * i, static_cast<std::int32_t>(10 + 3 * i)));
    }
    watched.scheduler.add(request);
    for (std::size_t i = 16; i < 32; ++i) {
      Request other = of_length(tiny, 150 - 4 * i, 40);
      other.prompt[5] = static_cast<text::TokenId>(i);
      watched.scheduler.add(other);
    }
    watched.run();
    EXPECT_EQ(watched.done.at(16).tokens, alone.tokens) << to_string(dtype);
    EXPECT_EQ(watched.done.at(16).text, alone.text);
  }
}

}  // namespace
}  // namespace rocmforge::test
