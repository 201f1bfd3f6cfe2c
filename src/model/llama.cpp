#include "model/llama.h"

#include <cmath>
#include <string>
#include <vector>

namespace rocmforge::model {
namespace {

using ir::Builder;
using ir::Value;
using ir::WeightId;

struct Layer {
  WeightId attn_norm;  // [dim]
  WeightId wqkv;       // [q_dim + 2 kv_dim, dim]
  WeightId wo;         // [dim, q_dim]
  WeightId ffn_norm;   // [dim]
  WeightId w_gate_up;  // [2 n_ff, dim]
  WeightId w_down;     // [dim, n_ff]
};

class Llama final : public Architecture {
 public:
  Llama(const HyperParams& params, Weights& weights);
  Value forward(Builder& g, Inputs& in) const override;
  Value head(Builder& g, Value x) const override;

 private:
  HyperParams c_;
  ir::RopeSpec rope_;
  ir::AttentionSpec attention_;
  WeightId embed_{};  // [vocab, dim]
  std::vector<Layer> layers_;
  WeightId output_norm_{};  // [dim]
  WeightId output_{};       // [vocab, dim]; the embedding where the file ties them
};

Llama::Llama(const HyperParams& params, Weights& w)
    : c_(params),
      rope_{c_.head_dim, c_.rope.n_rot, c_.rope.kind},
      attention_{c_.n_heads, c_.n_kv_heads, c_.head_dim,
                 1 / std::sqrt(static_cast<float>(c_.head_dim))} {
  embed_ = w.table({"token_embd", c_.n_vocab}, c_.dim);
  for (std::int32_t i = 0; i < c_.n_layers; ++i) {
    const std::string b = "blk." + std::to_string(i) + ".";
    layers_.push_back({
        .attn_norm = w.vector(b + "attn_norm", c_.dim),
        .wqkv = w.matrix(
            b + "attn_qkv", c_.dim,
            {{b + "attn_q", c_.q_dim()}, {b + "attn_k", c_.kv_dim()}, {b + "attn_v", c_.kv_dim()}}),
        .wo = w.matrix({b + "attn_output", c_.dim}, c_.q_dim()),
        .ffn_norm = w.vector(b + "ffn_norm", c_.dim),
        .w_gate_up = w.matrix(b + "ffn_gate_up", c_.dim,
                              {{b + "ffn_gate", c_.n_ff}, {b + "ffn_up", c_.n_ff}}),
        .w_down = w.matrix({b + "ffn_down", c_.dim}, c_.n_ff),
    });
  }
  output_norm_ = w.vector("output_norm", c_.dim);
  output_ = w.has("output.weight") ? w.matrix({"output", c_.n_vocab}, c_.dim) : embed_;
}

Value Llama::forward(Builder& g, Inputs& in) const {
  Value x = g.embed(embed_, in.tokens, in.sampled);  // [n, dim]
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& l = layers_[i];
    g.border(x);
    Value h = g.rms_norm(x, l.attn_norm, c_.norm_eps);
    auto [q, k, v] = g.split(g.matmul(l.wqkv, h), c_.q_dim(), c_.kv_dim(), c_.kv_dim());
    q = g.rope(q, in.rope_rows, rope_);
    k = g.rope(k, in.rope_rows, rope_);
    const Value a = g.paged_attention(q, k, v, in.kv[i], attention_);
    x = g.add(x, g.matmul(l.wo, a));
    h = g.rms_norm(x, l.ffn_norm, c_.norm_eps);
    x = g.add(x, g.matmul(l.w_down, g.swiglu(g.matmul(l.w_gate_up, h))));
    if (in.taps) g.tap(x, "blk." + std::to_string(i));
  }
  return x;
}

Value Llama::head(Builder& g, Value x) const {
  return g.matmul(output_, g.rms_norm(x, output_norm_, c_.norm_eps));
}

}  // namespace

std::unique_ptr<Architecture> make_llama(const HyperParams& params, Weights& weights) {
  return std::make_unique<Llama>(params, weights);
}

}  // namespace rocmforge::model
