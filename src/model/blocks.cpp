#include "model/blocks.h"

#include <cmath>

namespace rocmforge::model {

using ir::Builder;
using ir::Value;
using ir::WeightId;

std::string block_name(std::int32_t layer) {
  std::string out = "blk.";
  out.append(std::to_string(layer)).push_back('.');
  return out;
}

WeightId take_qkv(const HyperParams& c, Weights& w, const std::string& block) {
  const std::string fused = block + "attn_qkv";
  if (w.has(fused + ".weight")) return w.matrix({fused, c.q_dim() + 2 * c.kv_dim()}, c.dim);
  return w.matrix(fused, c.dim,
                  {{block + "attn_q", c.q_dim()},
                   {block + "attn_k", c.kv_dim()},
                   {block + "attn_v", c.kv_dim()}});
}

WeightId take_gate_up(const HyperParams& c, Weights& w, const std::string& block, bool fused) {
  const std::string gate = block + "ffn_gate", up = block + "ffn_up";
  // Rows for the one alone: the other is missing, and named.
  if (!w.has(gate + ".weight") && (fused || w.rows_of(up + ".weight") != c.n_ff)) {
    return w.matrix({up, std::int64_t{2} * c.n_ff}, c.dim);
  }
  return w.matrix(block + "ffn_gate_up", c.dim, {{gate, c.n_ff}, {up, c.n_ff}});
}

Decoder::Decoder(const HyperParams& params, Weights& w)
    : c_(params),
      embed_(w.table({"token_embd", c_.n_vocab}, c_.dim)),
      output_norm_(w.vector("output_norm", c_.dim)),
      output_(w.has("output.weight") ? w.matrix({"output", c_.n_vocab}, c_.dim) : embed_) {}

Value Decoder::forward(Builder& g, Inputs& in) const {
  Value x = g.embed(embed_, in.tokens, in.sampled);
  for (std::int32_t i = 0; i < c_.n_layers; ++i) {
    g.border(x);
    x = layer(g, in, static_cast<std::size_t>(i), x);
    if (in.taps) g.tap(x, "blk." + std::to_string(i));
  }
  return x;
}

Value Decoder::head(Builder& g, Value x) const {
  return g.matmul(output_, final_norm(g, x));
}

Value Decoder::final_norm(Builder& g, Value x) const {
  return norm(g, x, output_norm_);
}

Value Decoder::norm(Builder& g, Value x, WeightId gain) const {
  return g.rms_norm(x, gain, c_.norm_eps);
}

Value Decoder::rope(Builder& g, const Inputs& in, Value x) const {
  return g.rope(x, in.rope_rows, {c_.head_dim, c_.rope.n_rot, c_.rope.kind});
}

Decoder::Heads Decoder::heads(Builder& g, Value qkv) const {
  const auto [q, k, v] = g.split(qkv, c_.q_dim(), c_.kv_dim(), c_.kv_dim());
  return {q, k, v};
}

Value Decoder::attend(Builder& g, Inputs& in, std::size_t i, const Heads& rotated) const {
  const float scale = 1 / std::sqrt(static_cast<float>(c_.head_dim));
  return g.paged_attention(rotated.q, rotated.k, rotated.v, in.kv[i],
                           {c_.n_heads, c_.n_kv_heads, c_.head_dim, scale});
}

}  // namespace rocmforge::model
