// Hyper-parameters: missing, of another type, zero, huge, no numbers, at odds with one another or
// with the tensors, or of an arithmetic that is not there.
#include <cmath>
#include <limits>

#include "hostile/cases.h"

namespace rocmforge::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::function<Bytes()> with_ints(const std::string& key, const std::vector<std::int32_t>& values) {
  return changed({key}, [=](gguf::Writer& w) { w.add_i32s(key, values); });
}

}  // namespace

Cases parameter_cases() {
  const std::string arch = "general.architecture", layers = "llama.block_count",
                    dim = "llama.embedding_length", heads = "llama.attention.head_count",
                    kv_heads = "llama.attention.head_count_kv", ff = "llama.feed_forward_length",
                    ctx = "llama.context_length", eps = "llama.attention.layer_norm_rms_epsilon",
                    base = "llama.rope.freq_base", n_rot = "llama.rope.dimension_count",
                    scaling = "llama.rope.scaling.type";
  return {
      {"architecture_missing", changed({arch}), "[model] @: general.architecture: is missing"},
      {"architecture_of_type_u32", with_u32(arch, 5),
       "[gguf] @: general.architecture: is of type u32, a string is wanted"},
      {"architecture_empty", with_string(arch, ""),
       "[model] @: general.architecture: \"\" is not supported; supported are: llama, qwen2, "
       "qwen3, chatglm, glm4"},
      {"architecture_unknown", with_string(arch, "mamba"),
       "[model] @: general.architecture: \"mamba\" is not supported; supported are: llama, qwen2, "
       "qwen3, chatglm, glm4"},
      {"architecture_of_100000_letters", with_string(arch, std::string(100'000, 'm')),
       "[model] @: general.architecture: \"mmmmmmmmmmmmmmmmmmmm~mmmmm\" is not supported; "
       "supported are: llama, qwen2, qwen3, chatglm, glm4"},
      {"architecture_that_steers_the_terminal", with_string(arch, "\x1b[31m\n"),
       "[model] @: general.architecture: \"\\x1b[31m\\x0a\" is not supported; supported are: "
       "llama, qwen2, qwen3, chatglm, glm4"},
      {"another_architecture_without_its_keys", with_string(arch, "qwen2"),
       "[model] @: qwen2.block_count: is missing"},
      {"layers_missing", changed({layers}), "[model] @: llama.block_count: is missing"},
      {"layers_of_type_string", with_string(layers, "1"),
       "[gguf] @: llama.block_count: is of type string, a non-negative integer is wanted"},
      {"layers_of_type_f32", with_f32(layers, 1),
       "[gguf] @: llama.block_count: is of type f32, a non-negative integer is wanted"},
      {"layers_0", with_u32(layers, 0),
       "[model] @: llama.block_count: is 0, must be from 1 to 4096"},
      {"layers_2_to_32_less_1", with_u32(layers, 0xffffffff),
       "[model] @: llama.block_count: is 4294967295, must be from 1 to 4096"},
      {"layers_4096", with_u32(layers, 4096),
       "[model] @: blk.1.attn_norm.weight: tensor is missing, [32] wanted"},
      {"layers_2_of_1", with_u32(layers, 2),
       "[model] @: blk.1.attn_norm.weight: tensor is missing, [32] wanted"},
      {"layers_negative", changed({layers}, [=](auto& w) { w.add_i32(layers, -1); }),
       "[gguf] @: llama.block_count: is -1 (i32), a non-negative integer is wanted"},
      {"layers_2_to_40", changed({layers}, [=](auto& w) { w.add_u64(layers, 1ULL << 40); }),
       "[model] @: llama.block_count: is 1099511627776, must be from 1 to 4096"},
      {"dim_missing", changed({dim}), "[model] @: llama.embedding_length: is missing"},
      {"dim_0", with_u32(dim, 0),
       "[model] @: llama.embedding_length: is 0, must be from 1 to 16777216"},
      {"dim_2_to_32_less_1", with_u32(dim, 0xffffffff),
       "[model] @: llama.embedding_length: is 4294967295, must be from 1 to 16777216"},
      {"dim_of_other_tensors", with_u32(dim, 64),
       "[model] @: token_embd.weight: has shape [290, 32], [290, 64] wanted"},
      {"heads_missing", changed({heads}), "[model] @: llama.attention.head_count: is missing"},
      {"heads_0", with_u32(heads, 0),
       "[model] @: llama.attention.head_count: is 0, must be from 1 to 16777216"},
      {"heads_that_do_not_divide", with_u32(heads, 5),
       "[model] @: llama.attention.head_count: is 5, which does not divide embedding_length, 32"},
      {"heads_2_to_24", with_u32(heads, 1 << 24),
       "[model] @: llama.attention.head_count: is 16777216, which does not divide "
       "embedding_length, 32"},
      {"heads_4_of_2", with_u32(heads, 4),
       "[model] @: blk.0.attn_k.weight: has shape [16, 32], [8, 32] wanted"},
      {"heads_by_layer_that_differ", with_ints(heads, {2, 1}),
       "[model] @: llama.attention.head_count: differs from layer to layer, which is not "
       "supported"},
      {"heads_by_layer_none", with_ints(heads, {}),
       "[model] @: llama.attention.head_count: is an empty array"},
      {"kv_heads_0", with_u32(kv_heads, 0),
       "[model] @: llama.attention.head_count_kv: is 0, must be from 1 to 16777216"},
      {"kv_heads_that_do_not_divide", with_u32(kv_heads, 3),
       "[model] @: llama.attention.head_count_kv: is 3, which does not divide head_count, 2"},
      {"kv_heads_more_than_heads", with_u32(kv_heads, 4),
       "[model] @: llama.attention.head_count_kv: is 4, which does not divide head_count, 2"},
      {"key_length_0", with_u32("llama.attention.key_length", 0),
       "[model] @: llama.attention.key_length: is 0, must be from 1 to 1024"},
      {"key_length_huge", with_u32("llama.attention.key_length", 100'000),
       "[model] @: llama.attention.key_length: is 100000, must be from 1 to 1024"},
      {"key_length_of_other_tensors", with_u32("llama.attention.key_length", 32),
       "[model] @: blk.0.attn_q.weight: has shape [32, 32], [64, 32] wanted"},
      {"value_length_that_differs", with_u32("llama.attention.value_length", 8),
       "[model] @: llama.attention.value_length: is 8, other than the keys' 16"},
      {"feed_forward_missing", changed({ff}), "[model] @: llama.feed_forward_length: is missing"},
      {"feed_forward_0", with_u32(ff, 0),
       "[model] @: llama.feed_forward_length: is 0, must be from 1 to 16777216"},
      {"feed_forward_of_other_tensors", with_u32(ff, 128),
       "[model] @: blk.0.ffn_gate.weight: has shape [64, 32], [128, 32] wanted"},
      {"context_missing", changed({ctx}), "[model] @: llama.context_length: is missing"},
      {"context_0", with_u32(ctx, 0),
       "[model] @: llama.context_length: is 0, must be from 1 to 67108864"},
      {"context_2_to_32_less_1", with_u32(ctx, 0xffffffff),
       "[model] @: llama.context_length: is 4294967295, must be from 1 to 67108864"},
      {"context_of_type_bool", changed({ctx}, [=](auto& w) { w.add_bool(ctx, true); }),
       "[gguf] @: llama.context_length: is of type bool, a non-negative integer is wanted"},
      {"epsilon_missing", changed({eps}),
       "[model] @: llama.attention.layer_norm_rms_epsilon: is missing"},
      {"epsilon_nan", with_f32(eps, kNan),
       "[model] @: llama.attention.layer_norm_rms_epsilon: is nan, must be a finite number above "
       "0"},
      {"epsilon_0", with_f32(eps, 0),
       "[model] @: llama.attention.layer_norm_rms_epsilon: is 0, must be a finite number above 0"},
      {"epsilon_negative", with_f32(eps, -1e-5f),
       "[model] @: llama.attention.layer_norm_rms_epsilon: is -9.99999975e-06, must be a finite "
       "number above 0"},
      {"epsilon_infinite", with_f32(eps, kInf),
       "[model] @: llama.attention.layer_norm_rms_epsilon: is inf, must be a finite number above "
       "0"},
      {"rope_base_nan", with_f32(base, kNan),
       "[model] @: llama.rope.freq_base: is nan, must be a finite number above 0"},
      {"rope_base_0", with_f32(base, 0),
       "[model] @: llama.rope.freq_base: is 0, must be a finite number above 0"},
      {"rope_base_infinite", with_f32(base, -kInf),
       "[model] @: llama.rope.freq_base: is -inf, must be a finite number above 0"},
      {"rope_dimensions_odd", with_u32(n_rot, 7),
       "[model] @: llama.rope.dimension_count: is 7, must be even and at most the head size, 16"},
      {"rope_dimensions_0", with_u32(n_rot, 0),
       "[model] @: llama.rope.dimension_count: is 0, must be from 1 to 16777216"},
      {"rope_dimensions_more_than_the_head", with_u32(n_rot, 18),
       "[model] @: llama.rope.dimension_count: is 18, must be even and at most the head size, 16"},
      {"rope_scaling_unknown", with_string(scaling, "longrope"),
       "[model] @: llama.rope.scaling.type: is \"longrope\"; supported are none, linear, llama3 "
       "and yarn"},
      {"rope_scaling_of_100000_letters", with_string(scaling, std::string(100'000, 'r')),
       "[model] @: llama.rope.scaling.type: is \"rrrrrrrrrrrrrrrrrrrr~rrrrr\"; supported are none, "
       "linear, llama3 and yarn"},
      {"rope_scaling_without_factor", with_string(scaling, "linear"),
       "[model] @: llama.rope.scaling.factor: is missing"},
      {"rope_scaling_by_nan", with_f32("llama.rope.scaling.factor", kNan),
       "[model] @: llama.rope.scaling.factor: is nan, must be a finite number above 0"},
      {"rope_scaling_by_0", with_f32("llama.rope.scaling.factor", 0),
       "[model] @: llama.rope.scaling.factor: is 0, must be a finite number above 0"},
      {"llama3_without_its_tensor", with_string(scaling, "llama3"),
       "[model] @: llama.rope.scaling.type: is llama3, whose factors are the tensor "
       "rope_freqs.weight, which is missing"},
      {"experts", with_u32("llama.expert_count", 8),
       "[model] @: llama.expert_count: is 8, which is not supported"},
      {"sliding_window", with_u32("llama.attention.sliding_window", 4096),
       "[model] @: llama.attention.sliding_window: is 4096, which is not supported"},
      {"m_rope", with_ints("llama.rope.dimension_sections", {8, 12, 12, 0}),
       "[model] @: llama.rope.dimension_sections: is not supported"},
      {"softcapping_nan", with_f32("llama.attn_logit_softcapping", kNan),
       "[model] @: llama.attn_logit_softcapping: is nan, which is not supported"},
      {"activation_of_100000_letters",
       with_string("llama.hidden_activation", std::string(100'000, 'g')),
       "[model] @: llama.hidden_activation: is \"gggggggggggggggggggg~ggggg\"; supported is silu"},
  };
}

}  // namespace rocmforge::test
