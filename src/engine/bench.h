// Measures prompt and generation speed, as llama-bench counts them.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/engine.h"

namespace rocmforge::engine {

struct BenchTest {
  std::int32_t n_prompt = 0;  // tokens run as a prompt, from an empty context
  std::int32_t n_gen = 0;     // then tokens one by one, each from the last one's logits
};

// Seconds of each of `repetitions` runs, after one that is not counted. Tokens are random, the same
// each time; generation includes the logits and a greedy choice. Error{kInvalidArgument} when the
// test does not fit the context.
std::vector<double> bench(Engine& engine, const BenchTest& test, std::int32_t repetitions);

}  // namespace rocmforge::engine
