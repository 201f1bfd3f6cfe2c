// Measures prompt and generation speed, as llama-bench counts them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/engine.h"

namespace rocmforge::engine {

struct BenchTest {
  std::int32_t n_prompt = 0;     // tokens run as a prompt
  std::int32_t n_gen = 0;        // then tokens one by one, each the last step's greedy choice
  std::int32_t n_depth = 0;      // tokens of context that are there before, and are not timed
  std::int32_t n_sequences = 1;  // that generate together; of 1 alone there is a prompt

  // Positions that each sequence needs.
  std::int32_t n_positions() const { return n_depth + n_prompt + n_gen; }
  std::int32_t n_tokens() const { return (n_prompt + n_gen) * n_sequences; }
};

// What a step of one token for each sequence has to read at least, half way through a test's
// generation: each weight once, and the keys and values of every sequence.
struct StepBytes {
  std::int64_t weights = 0, kv = 0;
};
StepBytes step_bytes(Engine& engine, const BenchTest& test);

// Told how many tokens of the depth, of all sequences together, have run.
using FillProgress = std::function<void(std::int64_t done, std::int64_t total)>;

// Seconds of each of `repetitions` runs, after one that is not counted. Tokens are random, the same
// each time; generation includes the logits and a greedy choice. Error{kInvalidArgument} when the
// test does not fit the context, the sequences or the rows of a step.
std::vector<double> bench(Engine& engine, const BenchTest& test, std::int32_t repetitions,
                          const FillProgress& progress = {});

}  // namespace rocmforge::engine
