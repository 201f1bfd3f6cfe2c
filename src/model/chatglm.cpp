// ChatGLM 3 and GLM-4-9B-Chat (arXiv:2406.12793): llama in fused tensors, with a bias on queries,
// keys and values, of whose heads only the first n_rot dimensions are rotated.
#include <vector>

#include "model/blocks.h"
#include "model/makers.h"

namespace rocmforge::model {
namespace {

using ir::Builder;
using ir::Value;
using ir::WeightId;

struct Layer {
  WeightId attn_norm;  // [dim]
  WeightId wqkv;       // [q_dim + 2 kv_dim, dim]; one tensor, with a bias
  WeightId wo;         // [dim, q_dim]
  WeightId ffn_norm;   // [dim]
  WeightId w_gate_up;  // [2 n_ff, dim]; one tensor
  WeightId w_down;     // [dim, n_ff]
};

class ChatGlm final : public Decoder {
 public:
  ChatGlm(const HyperParams& c, Weights& w) : Decoder(c, w) {
    for (std::int32_t i = 0; i < c.n_layers; ++i) {
      const std::string b = block_name(i);
      layers_.push_back({
          .attn_norm = w.vector(b + "attn_norm", c.dim),
          .wqkv = take_qkv(c, w, b),
          .wo = w.matrix({b + "attn_output", c.dim}, c.q_dim()),
          .ffn_norm = w.vector(b + "ffn_norm", c.dim),
          .w_gate_up = take_gate_up(c, w, b, /*fused=*/true),
          .w_down = w.matrix({b + "ffn_down", c.dim}, c.n_ff),
      });
    }
  }

 private:
  Value layer(Builder& g, Inputs& in, std::size_t i, Value x) const override {
    const Layer& l = layers_[i];
    auto [q, k, v] = heads(g, g.matmul(l.wqkv, norm(g, x, l.attn_norm)));
    q = rope(g, in, q);
    k = rope(g, in, k);
    x = g.add(x, g.matmul(l.wo, attend(g, in, i, {q, k, v})));
    const Value gate_up = g.matmul(l.w_gate_up, norm(g, x, l.ffn_norm));
    return g.add(x, g.matmul(l.w_down, g.swiglu(gate_up)));
  }

  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<Architecture> make_chatglm(const HyperParams& params, Weights& weights) {
  return std::make_unique<ChatGlm>(params, weights);
}

}  // namespace rocmforge::model
