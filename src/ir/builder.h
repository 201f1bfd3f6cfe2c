// Writes a graph as algebra: each call appends one node, its shapes inferred at once.
#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "ir/infer.h"

namespace rocmforge::ir {

class Builder {
 public:
  Builder(std::string name, std::shared_ptr<const WeightTable> weights, SourceShapes sources);

  Value input(Slot slot);  // the same value each time
  Value kv_state(std::int32_t layer);

  Value embed(WeightId table, Value tokens);
  Value embed(WeightId table, Value tokens, Value sampled);
  Value matmul(WeightId weight, Value x);
  Value rms_norm(Value x, WeightId gain, float eps);
  Value rope(Value x, Value rope_rows, const RopeSpec& rope);
  Value swiglu(Value gate_up);
  Value add(Value a, Value b);
  Value scale(Value x, float factor);
  Value mask(Value scores, Value positions);
  Value softmax(Value x);
  Value accumulate(Value accumulator, Value x);
  // Writes k and v into `kv`, which becomes the new state, then attends.
  Value paged_attention(Value q, Value k, Value v, Value& kv, const AttentionSpec& attention);
  // A token for each row of the head's logits: edited, its candidates and its log-sum-exp taken.
  Value sample(Value logits);
  Value rows(Value x, Value row_ids);
  Value columns(Value x, std::int64_t begin, std::int64_t count);
  // Consecutive views of x's columns.
  std::tuple<Value, Value, Value> split(Value x, std::int64_t a, std::int64_t b, std::int64_t c);
  Value split_heads(Value x, std::int64_t parts);
  Value copy(Value x);

  // Any op: the calls above and the passes end here.
  std::vector<Value> append(const Op& op, std::vector<Value> operands);

  // Keeps a value readable after the run, through every pass and the memory plan.
  void tap(Value value, std::string name);
  void output(Value value, Slot slot);
  // The next layer begins here, and reads of all before it `x` alone, F32 [rows, dim].
  void border(Value x);

  const TensorDesc& desc(Value v) const { return graph_.desc(v); }
  // Verifies and hands the graph over; the builder is empty afterwards.
  Graph finish();

 private:
  Graph graph_;
  SourceShapes sources_;
};

}  // namespace rocmforge::ir
