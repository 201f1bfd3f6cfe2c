// Every way in which a file's parameters and tensors can contradict the architecture: each is
// refused with the file and the culprit named.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "model/refused.h"

namespace rocmforge::test {
namespace {

TEST(HyperParams, ReadsTheTinyModel) {
  const Built built(tiny_model({.rope_freqs = true}));
  const model::HyperParams& p = built.model->params;
  EXPECT_EQ(p.architecture, "llama");
  EXPECT_EQ(p.n_layers, 2);
  EXPECT_EQ(p.dim, 64);
  EXPECT_EQ(p.head_dim, 16);
  EXPECT_EQ(p.q_dim(), 64);
  EXPECT_EQ(p.kv_dim(), 32);
  EXPECT_EQ(p.rope.n_rot, 16);
  EXPECT_EQ(p.rope.kind, ir::RopeKind::kNorm);
  EXPECT_EQ(p.rope.factors, "rope_freqs.weight");
  EXPECT_EQ(p.n_vocab, kTinyVocab);
}

TEST(HyperParams, RefusesMissingZeroAndHuge) {
  for (const char* suffix : {"block_count", "context_length", "embedding_length",
                             "feed_forward_length", "attention.head_count"}) {
    const std::string key = std::string("llama.") + suffix;
    expect_refused(without(key), ErrorCode::kFormat, key);
    for (const std::uint32_t bad : {0u, 0xffffffffu}) {
      expect_refused(without(key, [&](gguf::Writer& w) { w.add_u32(key, bad); }),
                     ErrorCode::kFormat, key);
    }
    expect_refused(without(key, [&](gguf::Writer& w) { w.add_string(key, "2"); }),
                   ErrorCode::kFormat, key);
    expect_refused(without(key, [&](gguf::Writer& w) { w.add_i32(key, -2); }), ErrorCode::kFormat,
                   key);
  }
}

TEST(HyperParams, RefusesNumbersThatAreNone) {
  const float kBad[] = {0, -1, std::numeric_limits<float>::infinity(), std::nanf("")};
  for (const char* suffix : {"attention.layer_norm_rms_epsilon", "rope.freq_base"}) {
    const std::string key = std::string("llama.") + suffix;
    for (const float bad : kBad) {
      expect_refused(without(key, [&](gguf::Writer& w) { w.add_f32(key, bad); }),
                     ErrorCode::kFormat, key);
    }
  }
  expect_refused(without("llama.attention.layer_norm_rms_epsilon"), ErrorCode::kFormat,
                 "llama.attention.layer_norm_rms_epsilon");
}

TEST(HyperParams, RefusesContradictions) {
  const auto with = [](const std::string& key, std::uint32_t value) {
    return without(key, [=](gguf::Writer& w) { w.add_u32(key, value); });
  };
  expect_refused(with("llama.attention.head_count_kv", 3), ErrorCode::kFormat, "head_count_kv");
  expect_refused(with("llama.attention.head_count_kv", 8), ErrorCode::kFormat, "head_count_kv");
  expect_refused(with("llama.attention.head_count", 6), ErrorCode::kFormat, "head_count");
  expect_refused(with("llama.attention.key_length", 1025), ErrorCode::kFormat, "key_length");
  const gguf::Writer one_wide_head =
      tiny_model({.n_layers = 1, .dim = 1040, .n_heads = 1, .n_kv_heads = 1});
  expect_refused(one_wide_head, ErrorCode::kUnsupported, "llama.attention.head_count");
  expect_refused(with("llama.rope.dimension_count", 18), ErrorCode::kFormat, "dimension_count");
  expect_refused(with("llama.rope.dimension_count", 7), ErrorCode::kFormat, "dimension_count");
  expect_refused(with("llama.block_count", 3), ErrorCode::kFormat, "blk.2.attn_norm.weight");
  expect_refused(with("llama.block_count", 1), ErrorCode::kUnsupported, "blk.1.");
  expect_refused(with("llama.embedding_length", 128), ErrorCode::kFormat, "token_embd.weight");
  expect_refused(with("llama.feed_forward_length", 100), ErrorCode::kFormat, "ffn_gate.weight");
  expect_refused(with("llama.attention.value_length", 8), ErrorCode::kUnsupported, "value_length");
}

TEST(HyperParams, RefusesMissingUnknownAndMisshapenTensors) {
  expect_refused(without("blk.1.ffn_up.weight"), ErrorCode::kFormat, "blk.1.ffn_up.weight");
  expect_refused(without("token_embd.weight"), ErrorCode::kFormat, "token_embd.weight");
  expect_refused(without("output_norm.weight"), ErrorCode::kFormat, "output_norm.weight");
  const auto floats = [](std::size_t n) { return std::vector<std::byte>(n * sizeof(float)); };
  expect_refused(without("",
                         [&](auto& w) {
                           w.add_tensor("blk.0.attn_q_norm.weight", DType::kF32, Shape{16},
                                        floats(16));
                         }),
                 ErrorCode::kUnsupported, "blk.0.attn_q_norm.weight");
  expect_refused(without("",
                         [&](auto& w) {
                           w.add_tensor("token_embd.bias", DType::kF32, Shape{kTinyVocab},
                                        floats(kTinyVocab));
                         }),
                 ErrorCode::kUnsupported, "token_embd.bias");
  expect_refused(without("blk.0.attn_q.weight",
                         [&](auto& w) {
                           w.add_tensor("blk.0.attn_q.weight", DType::kF32, Shape{32, 128},
                                        floats(32 * 128));
                         }),
                 ErrorCode::kFormat, "has shape [32, 128], [64, 64] wanted");
  expect_refused(without("output_norm.weight",
                         [&](auto& w) {
                           w.add_tensor("output_norm.weight", DType::kF16, Shape{64},
                                        std::vector<std::byte>(128));
                         }),
                 ErrorCode::kUnsupported, "output_norm.weight");
}

}  // namespace
}  // namespace rocmforge::test
