// GLM-4-0414 (GLM-4-9B/32B-0414, GLM-Z1; arXiv:2406.12793): rotated pairs in the first n_rot
// dimensions of each head, gate and up in one tensor, and a norm on what attention and feed-forward
// add to the residual stream.
#include <vector>

#include "model/blocks.h"
#include "model/makers.h"

namespace rocmforge::model {
namespace {

using ir::Builder;
using ir::Value;
using ir::WeightId;

struct Layer {
  WeightId attn_norm;       // [dim]
  WeightId wqkv;            // [q_dim + 2 kv_dim, dim]; with a bias in some
  WeightId wo;              // [dim, q_dim]
  WeightId post_attn_norm;  // [dim]
  WeightId ffn_norm;        // [dim]
  WeightId w_gate_up;       // [2 n_ff, dim]; one tensor
  WeightId w_down;          // [dim, n_ff]
  WeightId post_ffn_norm;   // [dim]
};

class Glm4 final : public Decoder {
 public:
  Glm4(const HyperParams& c, Weights& w) : Decoder(c, w) {
    for (std::int32_t i = 0; i < c.n_layers; ++i) {
      const std::string b = block_name(i);
      layers_.push_back({
          .attn_norm = w.vector(b + "attn_norm", c.dim),
          .wqkv = take_qkv(c, w, b),
          .wo = w.matrix({b + "attn_output", c.dim}, c.q_dim()),
          .post_attn_norm = w.vector(b + "post_attention_norm", c.dim),
          .ffn_norm = w.vector(b + "ffn_norm", c.dim),
          .w_gate_up = take_gate_up(c, w, b, /*fused=*/true),
          .w_down = w.matrix({b + "ffn_down", c.dim}, c.n_ff),
          .post_ffn_norm = w.vector(b + "post_ffw_norm", c.dim),
      });
    }
  }

 private:
  Value layer(Builder& g, Inputs& in, std::size_t i, Value x) const override {
    const Layer& l = layers_[i];
    auto [q, k, v] = heads(g, g.matmul(l.wqkv, norm(g, x, l.attn_norm)));
    q = rope(g, in, q);
    k = rope(g, in, k);
    const Value a = g.matmul(l.wo, attend(g, in, i, {q, k, v}));
    x = g.add(x, norm(g, a, l.post_attn_norm));
    const Value gate_up = g.matmul(l.w_gate_up, norm(g, x, l.ffn_norm));
    const Value f = g.matmul(l.w_down, g.swiglu(gate_up));
    return g.add(x, norm(g, f, l.post_ffn_norm));
  }

  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<Architecture> make_glm4(const HyperParams& params, Weights& weights) {
  return std::make_unique<Glm4>(params, weights);
}

}  // namespace rocmforge::model
