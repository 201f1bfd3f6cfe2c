// On the CPU a request's numbers and words are the same to the bit, whatever runs beside it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/watched.h"

namespace rocmforge::test {
namespace {

using engine::Request;

// Attention's sums are cut every 512 positions (backend/cpu/ops/attention_split.h).
constexpr std::size_t kLong = 1100;

TinyModel long_model(DType dtype) {
  return {.n_ctx = 2048, .matrix = dtype};
}

// Logits of some positions, [n][vocab], of a prompt that is run in chunks of `n_rows`.
std::vector<float> in_chunks(TinyEngine& tiny, const std::vector<text::TokenId>& prompt,
                             std::size_t n_rows) {
  engine::Sequence sequence(tiny.engine->runner());
  std::vector<float> out;
  for (std::span<const text::TokenId> rest(prompt); !rest.empty();) {
    const std::span<const text::TokenId> chunk = rest.first(std::min(n_rows, rest.size()));
    EXPECT_TRUE(sequence.append(chunk, 0, [&](std::int32_t position, std::span<const float> row) {
      if (position % 16 == 15 || position >= 1000) out.insert(out.end(), row.begin(), row.end());
    }));
    rest = rest.subspan(chunk.size());
  }
  return out;
}

// What a chunk has, token by token to whole, changes nothing: few rows are split where many are
// not.
TEST(BatchInvariance, ChunksDoNotChangeABitOfALongPrompt) {
  for (const DType dtype : {DType::kF32, DType::kQ8_0}) {
    TinyEngine tiny(long_model(dtype), {.n_ctx = 1200, .max_rows = 256});
    const std::vector<text::TokenId> prompt = of_length(tiny, kLong, 1).prompt;
    const std::vector<float> whole = in_chunks(tiny, prompt, 256);
    for (const std::size_t n : {1u, 5u, 8u, 9u, 33u, 100u}) {
      EXPECT_EQ(in_chunks(tiny, prompt, n), whole) << to_string(dtype) << ", chunks of " << n;
    }
  }
}

TEST(BatchInvariance, NorDoThreads) {
  const auto run = [](int n_threads, std::size_t n_rows) {
    TinyEngine tiny(long_model(DType::kQ8_0), {.n_ctx = 1200, .max_rows = 256},
                    {.n_threads = n_threads, .isa = cpu::best_isa()});
    return in_chunks(tiny, of_length(tiny, kLong, 1).prompt, n_rows);
  };
  const std::vector<float> one = run(1, 256);
  for (const int n_threads : {2, 3, 7}) {
    EXPECT_EQ(run(n_threads, 256), one) << n_threads << " threads, long chunks";
    EXPECT_EQ(run(n_threads, 6), one) << n_threads << " threads, short chunks";
  }
}

// Greedy tokens of a request among 32 others: with their prompts cut to what each step has room
// for, blocks shared and taken away.
void expect_same_among_others(const engine::EngineOptions& options,
                              const engine::SchedulerOptions& scheduling) {
  TinyEngine tiny(long_model(DType::kQ8_0), options);
  std::vector<Request> requests = {of_length(tiny, kLong, 40), of_length(tiny, 505, 30)};
  for (std::size_t i = 0; i < 31; ++i) {
    requests.push_back(of_length(tiny, 20 + 37 * i, static_cast<std::int32_t>(8 + i)));
    requests.back().prompt[i % 3] = static_cast<text::TokenId>(5 + i);
  }
  Watched watched(tiny, scheduling);
  // The others are in mid-answer when the long ones come.
  for (std::size_t i = 2; i < requests.size(); ++i) watched.scheduler.add(requests[i]);
  for (int i = 0; i < 10; ++i) watched.step();
  const std::size_t first = watched.scheduler.add(requests[0]);
  const std::size_t second = watched.scheduler.add(requests[1]);
  watched.run();
  ASSERT_EQ(watched.done.size(), requests.size());
  TinyEngine quiet(long_model(DType::kQ8_0), {.n_ctx = options.n_ctx, .max_rows = 256});
  const auto alone = [&](const Request& request) { return quiet.complete(request).tokens; };
  EXPECT_EQ(watched.done.at(first).tokens, alone(requests[0]));
  EXPECT_EQ(watched.done.at(second).tokens, alone(requests[1]));
  for (std::size_t i = 2; i < requests.size(); i += 5) {
    EXPECT_EQ(watched.done.at(i - 2).tokens, alone(requests[i])) << i;
  }
}

TEST(BatchInvariance, AloneAndAmong32Others) {
  expect_same_among_others({.n_ctx = 1200, .max_rows = 256, .max_sequences = 33},
                           {.prefix_cache = true});
  expect_same_among_others({.n_ctx = 1200, .max_rows = 64, .max_sequences = 33},
                           {.batch_tokens = 40});
}

TEST(BatchInvariance, AndWhereBlocksAreTakenAway) {
  expect_same_among_others({.n_ctx = 1200, .max_rows = 128, .max_sequences = 33, .kv_tokens = 4096},
                           {.prefix_cache = true});
}

}  // namespace
}  // namespace rocmforge::test
