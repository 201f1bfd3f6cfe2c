// What the architectures are put together from: the ends that all decoders share, and the weights
// that several of them take alike.
#pragma once

#include <string>

#include "model/architecture.h"

namespace rocmforge::model {

// "blk.3."
std::string block_name(std::int32_t layer);

// {attn_q, attn_k, attn_v} as one matrix [q_dim + 2 kv_dim, dim], or the file's fused attn_qkv.
ir::WeightId take_qkv(const HyperParams& c, Weights& w, const std::string& block);
// {ffn_gate, ffn_up} as one matrix [2 n_ff, dim], or, where the file has no gate, its fused ffn_up.
ir::WeightId take_gate_up(const HyperParams& c, Weights& w, const std::string& block,
                          bool fused = false);

// A stack of layers between the token embedding and a normed output matrix, which is the embedding
// where the file has no output.weight.
class Decoder : public Architecture {
 public:
  ir::Value forward(ir::Builder& g, Inputs& in) const final;
  ir::Value final_norm(ir::Builder& g, ir::Value x) const final;
  ir::Value head(ir::Builder& g, ir::Value x) const final;

 protected:
  Decoder(const HyperParams& params, Weights& weights);

  // Layer i of the residual stream, F32 [n, dim] -> [n, dim]; attends by in.kv[i].
  virtual ir::Value layer(ir::Builder& g, Inputs& in, std::size_t i, ir::Value x) const = 0;

  ir::Value norm(ir::Builder& g, ir::Value x, ir::WeightId gain) const;
  ir::Value rope(ir::Builder& g, const Inputs& in, ir::Value x) const;
  // Views of the columns of [n, q_dim + 2 kv_dim].
  struct Heads {
    ir::Value q, k, v;
  };
  Heads heads(ir::Builder& g, ir::Value qkv) const;
  // Causal, over layer i's KV state: F32 [n, q_dim].
  ir::Value attend(ir::Builder& g, Inputs& in, std::size_t i, const Heads& rotated) const;

  HyperParams c_;

 private:
  ir::WeightId embed_;        // [vocab, dim]
  ir::WeightId output_norm_;  // [dim]
  ir::WeightId output_;       // [vocab, dim]
};

}  // namespace rocmforge::model
