// A small model of random weights with a SentencePiece vocabulary, as a GGUF: for tests that need
// a whole model and no data from outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gguf/writer.h"
#include "tensor/dtype.h"

namespace rocmforge::test {

struct TinyModel {
  std::string architecture = "llama";  // of the keys
  std::int32_t n_layers = 2;
  std::int32_t dim = 64;
  std::int32_t n_heads = 4;
  std::int32_t n_kv_heads = 2;
  std::int32_t n_ff = 96;
  std::int32_t n_ctx = 512;
  DType matrix = DType::kF32;  // of all 2-D weights
  bool tied = false;           // no output.weight
  bool biases = false;         // on every projection
  bool rope_freqs = false;
  std::int32_t head_dim = 0;   // 0: dim / n_heads, and no key
  std::int32_t n_rot = 0;      // 0: the whole head, and no key
  bool qkv_biases = false;     // on queries, keys and values alone
  bool fused_qkv = false;      // attn_qkv
  bool fused_gate_up = false;  // ffn_up of both
  bool qk_norms = false;       // attn_q_norm, attn_k_norm
  bool post_norms = false;     // post_attention_norm, post_ffw_norm
  std::uint64_t seed = 1;
};

// Tokens: <unk>, <s>, </s>, 256 byte tokens, then "▁", letters and a few words.
inline constexpr std::int32_t kTinyVocab = 3 + 256 + 1 + 26 + 4;

gguf::Writer tiny_model(const TinyModel& shape = {});
// With what real models of that architecture have.
TinyModel tiny_shape(const std::string& architecture);
// A copy of a model without some keys and tensors, and with what `then` adds.
gguf::Writer edited(const gguf::Writer& model, const std::vector<std::string>& left_out,
                    const std::function<void(gguf::Writer&)>& then = {});
// The model, written to `path`; returns it.
std::string write_tiny_model(const std::string& path, const TinyModel& shape = {});

// The same with a chat template.
std::string write_chat_model(const std::string& path, const std::string& source,
                             const TinyModel& shape = {});

}  // namespace rocmforge::test
