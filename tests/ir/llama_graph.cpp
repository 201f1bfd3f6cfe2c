#include "ir/llama_graph.h"

#include <string>

namespace rocmforge::test {

using ir::Value;
using ir::WeightId;

WeightId add_weight(ir::WeightTable& table, const std::string& name, std::int64_t rows,
                    std::int64_t cols, DType dtype) {
  return table.add(
      {.name = name,
       .cols = cols,
       .segments = {{.tensor = name + ".weight", .dtype = dtype, .rows = rows, .bias = ""}}});
}

WeightId add_gain(ir::WeightTable& table, const std::string& name, std::int64_t length) {
  return add_weight(table, name, 1, length);
}

ir::SourceShapes SmallLlama::sources() const {
  return {.rope_dims = rope.n_rot,
          .max_rows = max_rows,
          .dim = dim,
          .kv_dtype = DType::kF16,
          .n_kv_heads = attention.n_kv_heads,
          .head_dim = attention.head_dim};
}

ir::Graph SmallLlama::body() const {
  const std::int64_t q_dim = std::int64_t{attention.n_heads} * attention.head_dim;
  const std::int64_t kv_dim = std::int64_t{attention.n_kv_heads} * attention.head_dim;
  auto table = std::make_shared<ir::WeightTable>();
  ir::Builder g("llama.body", table, sources());
  const WeightId embed = add_weight(*table, "token_embd", vocab, dim, DType::kQ8_0);
  const Value rope_rows = g.input(ir::Slot::kRopeRows);
  Value x = g.embed(embed, g.input(ir::Slot::kTokens));
  for (std::int32_t i = 0; i < n_layers; ++i) {
    g.border(x);
    const std::string b = "blk." + std::to_string(i) + ".";
    const WeightId wqkv =
        table->add({.name = b + "attn_qkv",
                    .cols = dim,
                    .segments = {{b + "attn_q.weight", DType::kQ4_1, q_dim, b + "attn_q.bias"},
                                 {b + "attn_k.weight", DType::kQ4_1, kv_dim, ""},
                                 {b + "attn_v.weight", DType::kQ8_0, kv_dim, ""}}});
    const WeightId w_gate_up =
        table->add({.name = b + "ffn_gate_up",
                    .cols = dim,
                    .segments = {{b + "ffn_gate.weight", DType::kQ4_1, n_ff, ""},
                                 {b + "ffn_up.weight", DType::kQ4_1, n_ff, ""}}});
    Value kv = g.kv_state(i);
    Value h = g.rms_norm(x, add_gain(*table, b + "attn_norm", dim), 1e-5f);
    auto [q, k, v] = g.split(g.matmul(wqkv, h), q_dim, kv_dim, kv_dim);
    q = g.rope(q, rope_rows, rope);
    k = g.rope(k, rope_rows, rope);
    const Value a = g.paged_attention(q, k, v, kv, attention);
    x = g.add(x, g.matmul(add_weight(*table, b + "attn_output", dim, q_dim, DType::kQ4_1), a));
    h = g.rms_norm(x, add_gain(*table, b + "ffn_norm", dim), 1e-5f);
    const Value f = g.swiglu(g.matmul(w_gate_up, h));
    x = g.add(x, g.matmul(add_weight(*table, b + "ffn_down", dim, n_ff, DType::kQ8_0), f));
    if (taps) g.tap(x, "blk." + std::to_string(i));
  }
  g.output(x, ir::Slot::kHidden);
  return g.finish();
}

ir::Graph SmallLlama::head() const {
  auto table = std::make_shared<ir::WeightTable>();
  ir::Builder g("llama.head", table, sources());
  const Value hidden = g.input(ir::Slot::kHidden);
  const Value x = g.rows(hidden, g.input(ir::Slot::kHeadRows));
  const Value h = g.rms_norm(x, add_gain(*table, "output_norm", dim), 1e-5f);
  const WeightId output = add_weight(*table, "output", vocab, dim, DType::kQ8_0);
  g.output(g.matmul(output, h), ir::Slot::kLogits);
  return g.finish();
}

}  // namespace rocmforge::test
