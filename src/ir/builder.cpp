#include "ir/builder.h"

#include "base/check.h"
#include "ir/analysis.h"

namespace rocmforge::ir {

Builder::Builder(std::string name, std::shared_ptr<const WeightTable> weights, SourceShapes sources)
    : sources_(sources) {
  check(weights != nullptr, "a builder without weights");
  graph_.name = std::move(name);
  graph_.weights = std::move(weights);
}

std::vector<Value> Builder::append(const Op& op, std::vector<Value> operands) {
  check(graph_.weights != nullptr, "a builder used after finish()");
  std::vector<TensorDesc> descs;
  for (const Value v : operands) {
    check(v.id >= 0 && index(v) < graph_.values.size(),
          std::string(name(op)) + " of a value that is not this graph's");
    descs.push_back(desc(v));
  }
  std::vector<TensorDesc> results = infer(op, descs, *graph_.weights, sources_);
  Node node{op, std::move(operands), {}};
  for (std::size_t i = 0; i < results.size(); ++i) {
    node.outputs.push_back({static_cast<std::int32_t>(graph_.values.size())});
    graph_.values.push_back({.desc = results[i],
                             .producer = static_cast<std::int32_t>(graph_.nodes.size()),
                             .is_state = static_cast<int>(i) == state_result(op),
                             .tap = {}});
  }
  graph_.nodes.push_back(node);
  return node.outputs;
}

Value Builder::input(Slot slot) {
  for (const Node& node : graph_.nodes) {
    if (node.op == Op(Input{slot})) return node.outputs[0];
  }
  return append(Input{slot}, {})[0];
}

Value Builder::kv_state(std::int32_t layer) {
  return append(KvState{layer}, {})[0];
}

Value Builder::embed(WeightId table, Value tokens) {
  return append(Embed{table}, {tokens})[0];
}

Value Builder::embed(WeightId table, Value tokens, Value sampled) {
  return append(Embed{table}, {tokens, sampled})[0];
}

Value Builder::matmul(WeightId weight, Value x) {
  return append(MatMul{.weight = weight, .norm = {}, .epilogue = Epilogue::kNone}, {x})[0];
}

Value Builder::rms_norm(Value x, WeightId gain, float eps) {
  return append(RmsNorm{{gain, eps}}, {x})[0];
}

Value Builder::rope(Value x, Value rope_rows, const RopeSpec& rope) {
  return append(Rope{rope}, {x, rope_rows})[0];
}

Value Builder::swiglu(Value gate_up) {
  return append(SwiGlu{}, {gate_up})[0];
}

Value Builder::add(Value a, Value b) {
  return append(Add{}, {a, b})[0];
}

Value Builder::scale(Value x, float factor) {
  return append(Scale{factor}, {x})[0];
}

Value Builder::mask(Value scores, Value positions) {
  return append(Mask{}, {scores, positions})[0];
}

Value Builder::softmax(Value x) {
  return append(Softmax{}, {x})[0];
}

Value Builder::accumulate(Value accumulator, Value x) {
  return append(Accumulate{}, {accumulator, x})[0];
}

Value Builder::paged_attention(Value q, Value k, Value v, Value& kv,
                               const AttentionSpec& attention) {
  const std::vector<Value> results =
      append(PagedAttention{.attention = attention, .rope = {}}, {q, k, v, kv});
  kv = results[1];
  return results[0];
}

Value Builder::sample(Value logits) {
  const Value edited = append(EditLogits{}, {logits})[0];
  const std::vector<Value> top = append(TopK{}, {edited});
  const Value log_sum = append(LogSumExp{}, {edited})[0];
  return append(Sample{}, {edited, top[0], top[1], log_sum})[0];
}

Value Builder::rows(Value x, Value row_ids) {
  return append(Rows{}, {x, row_ids})[0];
}

Value Builder::columns(Value x, std::int64_t begin, std::int64_t count) {
  return append(Columns{begin, count}, {x})[0];
}

std::tuple<Value, Value, Value> Builder::split(Value x, std::int64_t a, std::int64_t b,
                                               std::int64_t c) {
  const Value first = columns(x, 0, a);
  const Value second = columns(x, a, b);
  return {first, second, columns(x, a + b, c)};
}

Value Builder::split_heads(Value x, std::int64_t parts) {
  return append(SplitHeads{parts}, {x})[0];
}

Value Builder::copy(Value x) {
  return append(Copy{}, {x})[0];
}

void Builder::tap(Value value, std::string name) {
  std::string& tap = graph_.values.at(index(value)).tap;
  check(!name.empty(), "a tap without a name");
  check(tap.empty(), "value tapped as " + tap + " and as " + name);
  tap = std::move(name);
}

void Builder::output(Value value, Slot slot) {
  graph_.outputs.push_back({value, slot});
}

void Builder::border(Value x) {
  const TensorDesc& desc = graph_.desc(x);
  check(desc.dtype == DType::kF32 && desc.shape.rank() == 2 && desc.is_dense(),
        "a layer's border is " + to_string(desc) + ", wants dense F32 rows");
  graph_.borders.push_back(x);
}

Graph Builder::finish() {
  verify(graph_);
  return std::exchange(graph_, {});
}

}  // namespace rocmforge::ir
