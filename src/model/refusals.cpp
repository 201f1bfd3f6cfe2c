// What other models have and these do not: refused by name, since a file that is run without it
// would answer, and wrongly. Names are those of llama.cpp's table of keys.
#include <algorithm>
#include <array>
#include <string_view>

#include "base/log.h"
#include "gguf/names.h"
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

constexpr const char* kActivation = "hidden_activation";

// What hyper_params.cpp and rope_params.cpp read.
constexpr std::array<std::string_view, 20> kRead = {"block_count",
                                                    "embedding_length",
                                                    "attention.head_count",
                                                    "attention.head_count_kv",
                                                    "attention.key_length",
                                                    "attention.value_length",
                                                    "attention.layer_norm_rms_epsilon",
                                                    "feed_forward_length",
                                                    "context_length",
                                                    "rope.dimension_count",
                                                    "rope.freq_base",
                                                    "rope.scale_linear",
                                                    "rope.scaling.type",
                                                    "rope.scaling.factor",
                                                    "rope.scaling.attn_factor",
                                                    "rope.scaling.original_context_length",
                                                    "rope.scaling.yarn_beta_fast",
                                                    "rope.scaling.yarn_beta_slow",
                                                    "rope.scaling.yarn_ext_factor",
                                                    "rope.scaling.yarn_attn_factor"};

// What converters write and the arithmetic does not depend on here.
constexpr std::array<std::string_view, 18> kHarmless = {
    "vocab_size",                    // the embedding has it
    "tensor_data_layout",            // of the file that this one was made of
    "attention.layer_norm_epsilon",  // of norms that these architectures have not
    "attention.group_norm_epsilon", "attention.group_norm_groups",
    "rope.scaling.finetuned",  // a fact about the training
    // Of experts, and of layers with a window: there are none where these are read.
    "expert_feed_forward_length", "expert_shared_feed_forward_length", "expert_weights_scale",
    "expert_weights_norm", "expert_gating_func", "expert_group_count", "expert_group_used_count",
    "attention.key_length_swa", "attention.value_length_swa", "rope.dimension_count_swa",
    "rope.freq_base_swa",
    // Of an encoder's answer.
    "decoder_start_token_id"};

constexpr std::size_t kMostNamed = 4;  // in one message

template <class List>
bool has(const List& list, std::string_view suffix) {
  return std::ranges::any_of(list, [&](std::string_view one) { return one == suffix; });
}

bool is_known(std::string_view suffix) {
  return has(kRead, suffix) || has(kHarmless, suffix) || has(kOffAtZero, suffix) ||
         has(kMustBeAbsent, suffix) || suffix == kActivation ||
         std::ranges::any_of(kFlags, [&](const Flag& flag) { return flag.suffix == suffix; });
}

}  // namespace

std::vector<std::string_view> unknown_keys(const KeyReader& read) {
  const std::string prefix = read.key("");
  std::vector<std::string_view> out;
  for (const gguf::KeyValue& kv : read.file().metadata()) {
    if (kv.key.starts_with(prefix) && !is_known(kv.key.substr(prefix.size()))) {
      out.push_back(kv.key);
    }
  }
  return out;
}

void warn_of_unknown_keys(const KeyReader& read) {
  const std::vector<std::string_view> unknown = unknown_keys(read);
  if (unknown.empty()) return;
  std::string names;
  for (std::size_t i = 0; i < std::min(unknown.size(), kMostNamed); ++i) {
    names += (i > 0 ? ", " : "") + gguf::printable(unknown[i]);
  }
  if (unknown.size() > kMostNamed) {
    names += " and " + std::to_string(unknown.size() - kMostNamed) + " more";
  }
  log(LogLevel::kWarn, "[model] " + read.file().path() + ": " + names +
                           ": not known here and passed over; answers are wrong if the "
                           "arithmetic depends on it");
}

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
  const std::string activation = read.text(kActivation);
  if (!activation.empty() && activation != "silu" && activation != "swish" &&
      activation != "swiglu") {
    read.fail(ErrorCode::kUnsupported, kActivation, "is \"" + activation + "\"; supported is silu");
  }
}

}  // namespace rocmforge::model
