// Random graphs that verify() accepts, of all ops: what fusions look for, and what nearly looks
// like it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ir/builder.h"
#include "ir/step.h"

namespace rocmforge::test {

// Decisions read off a list of numbers, 0 when it ends: a shorter list of smaller numbers gives a
// simpler graph, which is how rapidcheck shrinks.
class Choices {
 public:
  explicit Choices(std::vector<std::uint32_t> numbers) : numbers_(std::move(numbers)) {}
  // In [0, n).
  int below(int n) {
    const std::uint32_t number = at_ < numbers_.size() ? numbers_[at_++] : 0;
    return static_cast<int>(number % static_cast<std::uint32_t>(n));
  }
  bool flip() { return below(2) == 1; }
  bool done() const { return at_ >= numbers_.size(); }

 private:
  std::vector<std::uint32_t> numbers_;
  std::size_t at_ = 0;
};

struct RandomGraphOptions {
  int max_actions = 12;
  bool quantized = true;        // Q4_0 and Q8_0 weights beside F32 ones
  bool in_place = true;         // accumulate
  bool plain_attention = true;  // scores, mask, softmax and values as ops of their own
};

struct RandomGraph {
  ir::Graph graph;  // rows symbolic
  bool is_head = false;
  ir::StepLimits limits;
  std::int64_t dim = 0;       // columns of the hidden slot, as input or output
  std::int64_t vocab = 0;     // columns of the logits
  std::int32_t n_layers = 0;  // KV states
  ir::AttentionSpec attention;
  std::int64_t context = 0;  // positions a sequence
};

RandomGraph random_graph(Choices& choices, const RandomGraphOptions& options = {});

}  // namespace rocmforge::test
