// What other models have and these do not: refused by name, since a file that is run without it
// would answer, and wrongly. Names are those of llama.cpp's table of keys.
#include <array>

#include "model/key_reader.h"

namespace rocmforge::model {
namespace {

// Numbers, or arrays of them by layer, that are absent or 0 where the thing is off.
constexpr std::array kOffAtZero = {
    // Mixtures of experts.
    "expert_count", "expert_used_count", "expert_shared_count", "leading_dense_block_count",
    "moe_every_n_layers", "interleave_moe_layer_step",
    // Attention of another shape or another score.
    "attention.sliding_window", "attention.scale", "attention.output_scale",
    "attention.value_scale", "attention.temperature_length", "attention.temperature_scale",
    "attention.clamp_kqv", "attention.max_alibi_bias", "attention.q_lora_rank",
    "attention.kv_lora_rank", "attention.key_length_mla", "attention.value_length_mla",
    "attention.shared_kv_layers", "attention.indexer.head_count",
    "attention.relative_buckets_count", "full_attention_interval", "attn_logit_softcapping",
    "final_logit_softcapping",
    // Scales and clamps.
    "logit_scale", "residual_scale", "embedding_scale", "rescale_every_n_layers",
    "swiglu_clamp_exp", "swiglu_clamp_shexp",
    // Layers that are no transformer's, are run several times, or predict further tokens.
    "ssm.conv_kernel", "ssm.state_size", "wkv.head_size", "shortconv.l_cache",
    "hyper_connection.count", "num_loops", "nextn_predict_layers", "n_deepstack_layers",
    "embedding_length_per_layer_input", "pooling_type",
    // Rotary embeddings of other kinds.
    "rope.scaling.alpha", "rope.scaling.yarn_log_multiplier"};

constexpr std::array kMustBeAbsent = {"rope.dimension_sections", "attention.sliding_window_pattern",
                                      "attention.recurrent_layers", "classifier.output_labels"};

struct Flag {
  const char* suffix;
  bool must_be;
};
constexpr std::array kFlags = {Flag{"attention.causal", true}, Flag{"use_parallel_residual", false},
                               Flag{"swin_norm", false}};

}  // namespace

void refuse_unknown_arithmetic(const KeyReader& read) {
  for (const char* suffix : kOffAtZero) {
    const auto value = read.number(suffix);
    if (value && *value != 0) {
      read.fail(ErrorCode::kUnsupported, suffix,
                "is " + to_text(*value) + ", which is not supported");
    }
  }
  for (const char* suffix : kMustBeAbsent) {
    if (read.has(suffix)) read.fail(ErrorCode::kUnsupported, suffix, "is not supported");
  }
  for (const Flag& flag : kFlags) {
    const bool value = read.file().get_bool(read.key(flag.suffix)).value_or(flag.must_be);
    if (value != flag.must_be) {
      read.fail(ErrorCode::kUnsupported, flag.suffix,
                std::string("is ") + (value ? "true" : "false") + ", which is not supported");
    }
  }
  const std::string activation = read.text("hidden_activation");
  if (!activation.empty() && activation != "silu" && activation != "swish" &&
      activation != "swiglu") {
    read.fail(ErrorCode::kUnsupported, "hidden_activation",
              "is \"" + activation + "\"; supported is silu");
  }
}

}  // namespace rocmforge::model
