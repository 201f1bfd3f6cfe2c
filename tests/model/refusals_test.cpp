// Keys that change the arithmetic: what is read of the rotary embedding's, and that every other one
// is refused by name in every architecture.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/log.h"
#include "base/mapped_file.h"
#include "gguf/reader.h"
#include "model/architecture.h"
#include "model/key_reader.h"
#include "model/refused.h"
#include "support/data.h"

namespace rocmforge::test {
namespace {

using model::RopeParams;

class EveryArchitecture : public ::testing::TestWithParam<std::string> {
 protected:
  std::string key(const std::string& suffix) const { return GetParam() + "." + suffix; }
  // A model with a key more, or with another value for it.
  template <class Add>
  gguf::Writer with(const std::string& suffix, Add add) const {
    return without(
        key(suffix), [&](gguf::Writer& w) { add(w, key(suffix)); }, tiny_shape(GetParam()));
  }
  gguf::Writer with_u32(const std::string& suffix, std::uint32_t value) const {
    return with(suffix, [=](gguf::Writer& w, const std::string& k) { w.add_u32(k, value); });
  }
};

std::vector<std::string> all_architectures() {
  std::vector<std::string> out;
  for (const model::ArchitectureRow& row : model::architectures()) out.emplace_back(row.name);
  return out;
}
INSTANTIATE_TEST_SUITE_P(, EveryArchitecture, ::testing::ValuesIn(all_architectures()),
                         [](const auto& test) { return test.param; });

TEST_P(EveryArchitecture, RefusesNumbersThatChangeTheArithmetic) {
  for (const char* suffix : {"expert_count",
                             "expert_used_count",
                             "expert_shared_count",
                             "leading_dense_block_count",
                             "moe_every_n_layers",
                             "interleave_moe_layer_step",
                             "attention.sliding_window",
                             "attention.q_lora_rank",
                             "attention.kv_lora_rank",
                             "attention.key_length_mla",
                             "attention.value_length_mla",
                             "attention.shared_kv_layers",
                             "attention.indexer.head_count",
                             "attention.relative_buckets_count",
                             "attention.temperature_length",
                             "full_attention_interval",
                             "rescale_every_n_layers",
                             "ssm.conv_kernel",
                             "ssm.state_size",
                             "wkv.head_size",
                             "shortconv.l_cache",
                             "hyper_connection.count",
                             "num_loops",
                             "nextn_predict_layers",
                             "n_deepstack_layers",
                             "embedding_length_per_layer_input",
                             "pooling_type"}) {
    expect_refused(with_u32(suffix, 3), ErrorCode::kUnsupported, key(suffix) + ": is 3");
    const Built off(with_u32(suffix, 0));
  }
  for (const char* suffix :
       {"attention.scale", "attention.output_scale", "attention.value_scale",
        "attention.temperature_scale", "attention.clamp_kqv", "attention.max_alibi_bias",
        "attn_logit_softcapping", "final_logit_softcapping", "logit_scale", "residual_scale",
        "embedding_scale", "rope.scaling.alpha", "rope.scaling.yarn_log_multiplier"}) {
    for (const float value : {0.5f, -2.0f, std::nanf("")}) {
      expect_refused(with(suffix, [=](auto& w, const auto& k) { w.add_f32(k, value); }),
                     ErrorCode::kUnsupported, key(suffix));
    }
    const Built off(with(suffix, [](auto& w, const auto& k) { w.add_f32(k, 0); }));
  }
}

// What building a model says.
std::vector<std::string> warnings_of(const gguf::Writer& writer) {
  std::vector<std::string> out;
  set_log_sink([&](LogLevel level, std::string_view text) {
    if (level == LogLevel::kWarn) out.emplace_back(text);
  });
  const Built built(writer);
  set_log_sink({});
  return out;
}

TEST_P(EveryArchitecture, WarnsOfKeysThatItDoesNotKnow) {
  EXPECT_EQ(warnings_of(tiny_model(tiny_shape(GetParam()))), std::vector<std::string>{});
  const auto one = warnings_of(with_u32("attention.brand_new", 3));
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0], "[model] tiny.gguf: " + key("attention.brand_new") +
                        ": not known here and passed over; answers are wrong if the arithmetic "
                        "depends on it");
  const auto many = warnings_of(edited(tiny_model(tiny_shape(GetParam())), {}, [&](auto& w) {
    for (const char* suffix : {"a", "b", "rope.c", "d", "e", "f"}) w.add_u32(key(suffix), 1);
    w.add_u32("other.key", 1);  // of no architecture's own
  }));
  ASSERT_EQ(many.size(), 1u);
  EXPECT_NE(many[0].find(key("a") + ", " + key("b") + ", " + key("rope.c") + ", " + key("d") +
                         " and 2 more: not known"),
            std::string::npos)
      << many[0];
}

TEST_P(EveryArchitecture, KnowsWhatConvertersWrite) {
  for (const char* suffix : {"vocab_size", "rope.scaling.finetuned", "expert_feed_forward_length",
                             "rope.dimension_count_swa", "attention.layer_norm_epsilon"}) {
    EXPECT_EQ(warnings_of(with_u32(suffix, 1)), std::vector<std::string>{}) << suffix;
  }
  EXPECT_EQ(
      warnings_of(with("tensor_data_layout",
                       [](auto& w, const auto& k) { w.add_string(k, "Meta AI original pth"); })),
      std::vector<std::string>{});
}

TEST(KnownKeys, AreAllThatModelsHave) {
  for (const char* name : {"models/stories260K.gguf", "models/stories260K-chatglm.gguf",
                           "models/tinystories-656k-llama.gguf",
                           "models/tinystories-656k-qwen2.gguf", "models/synth/chatglm.BF16.gguf",
                           "models/synth/glm4.BF16.gguf", "models/synth/llama.Q4_K_M.gguf",
                           "models/synth/qwen2.BF16.gguf", "models/synth/qwen3.BF16.gguf"}) {
    const std::string path = test::data_file(name);
    ROCMFORGE_NEED_DATA(path, name);
    const MappedFile mapped(path);
    const gguf::File file = gguf::parse_keys(mapped.bytes(), path);
    EXPECT_TRUE(model::unknown_keys(model::KeyReader(file)).empty())
        << name << ": " << model::unknown_keys(model::KeyReader(file)).front();
  }
}

TEST_P(EveryArchitecture, RefusesThemByLayerToo) {
  expect_refused(
      with("attention.sliding_window", [](auto& w, const auto& k) { w.add_i32s(k, {0, 4096}); }),
      ErrorCode::kUnsupported, key("attention.sliding_window") + ": is 4096");
  expect_refused(with("swiglu_clamp_exp", [](auto& w, const auto& k) { w.add_f32s(k, {0, 7.5f}); }),
                 ErrorCode::kUnsupported, key("swiglu_clamp_exp") + ": is 7.5");
  const Built off(with("swiglu_clamp_exp", [](auto& w, const auto& k) { w.add_f32s(k, {0, 0}); }));
  // Of another type it is no way to say "off".
  expect_refused(with("expert_count", [](auto& w, const auto& k) { w.add_string(k, "8"); }),
                 ErrorCode::kFormat, key("expert_count"));
}

TEST_P(EveryArchitecture, RefusesWhatMustBeAbsent) {
  // M-RoPE, as vision models of glm4 and qwen2 have it.
  for (const char* suffix : {"rope.dimension_sections", "attention.sliding_window_pattern",
                             "attention.recurrent_layers"}) {
    expect_refused(with(suffix, [](auto& w, const auto& k) { w.add_i32s(k, {8, 12, 12, 0}); }),
                   ErrorCode::kUnsupported, key(suffix));
  }
  expect_refused(
      with("classifier.output_labels", [](auto& w, const auto& k) { w.add_strings(k, {"no"}); }),
      ErrorCode::kUnsupported, key("classifier.output_labels"));
}

TEST_P(EveryArchitecture, RefusesFlagsAndActivations) {
  const auto flag = [&](const char* suffix, bool value) {
    return with(suffix, [=](auto& w, const auto& k) { w.add_bool(k, value); });
  };
  expect_refused(flag("attention.causal", false), ErrorCode::kUnsupported,
                 key("attention.causal") + ": is false");
  for (const char* suffix : {"use_parallel_residual", "swin_norm"}) {
    expect_refused(flag(suffix, true), ErrorCode::kUnsupported, key(suffix) + ": is true");
    const Built off(flag(suffix, false));
  }
  const auto activation = [&](const char* name) {
    return with("hidden_activation", [=](auto& w, const auto& k) { w.add_string(k, name); });
  };
  expect_refused(activation("gelu"), ErrorCode::kUnsupported, "is \"gelu\"; supported is silu");
  const Built silu(activation("silu"));
}

TEST_P(EveryArchitecture, RefusesOtherScalingsOfTheRope) {
  for (const char* type : {"longrope", "dynamic", "su", "YARN"}) {
    expect_refused(
        with("rope.scaling.type", [=](auto& w, const auto& k) { w.add_string(k, type); }),
        ErrorCode::kUnsupported,
        key("rope.scaling.type") + ": is \"" + type +
            "\"; supported are none, linear, llama3 and yarn");
  }
  expect_refused(with("rope.scaling.type", [](auto& w, const auto& k) { w.add_u32(k, 2); }),
                 ErrorCode::kFormat, key("rope.scaling.type"));
}

TEST(Architectures, UnknownOnesAreRefusedWithTheKnown) {
  expect_refused(without("general.architecture",
                         [](auto& w) { w.add_string("general.architecture", "mamba"); }),
                 ErrorCode::kUnsupported,
                 "general.architecture: \"mamba\" is not supported; supported are: llama, qwen2, "
                 "qwen3, chatglm, glm4");
  expect_refused(without("general.architecture"), ErrorCode::kFormat,
                 "general.architecture: is missing");
}

// ---- the rotary embedding

using Add = std::function<void(gguf::Writer&)>;

RopeParams rope_of(const Add& add, bool rope_freqs = false) {
  return Built(without("", add, {.rope_freqs = rope_freqs})).model->params.rope;
}
Add scaling(const char* type, float factor, const Add& then = {}) {
  return [=](gguf::Writer& w) {
    w.add_string("llama.rope.scaling.type", type);
    if (factor != 0) w.add_f32("llama.rope.scaling.factor", factor);
    if (then) then(w);
  };
}

TEST(RopeScaling, LinearDividesThePositions) {
  EXPECT_EQ(rope_of({}).scale, 1);
  EXPECT_EQ(rope_of(scaling("linear", 4)).scale, 0.25);
  EXPECT_EQ(rope_of(scaling("none", 4)).scale, 1);
  EXPECT_EQ(rope_of([](auto& w) { w.add_f32("llama.rope.scaling.factor", 2); }).scale, 0.5);
  EXPECT_EQ(rope_of([](auto& w) { w.add_f32("llama.rope.scale_linear", 8); }).scale, 0.125);
  EXPECT_FALSE(rope_of(scaling("linear", 4)).yarn);
  expect_refused(without("", scaling("linear", 0)), ErrorCode::kFormat,
                 "llama.rope.scaling.factor: is missing");
}

TEST(RopeScaling, Llama3IsItsFactors) {
  EXPECT_EQ(rope_of({}, true).factors, "rope_freqs.weight");
  EXPECT_EQ(rope_of(scaling("llama3", 8), true).scale, 1);
  expect_refused(without("", scaling("llama3", 8)), ErrorCode::kFormat,
                 "is llama3, whose factors are the tensor rope_freqs.weight, which is missing");
}

TEST(RopeScaling, YarnHasItsAttentionFactor) {
  const RopeParams plain = rope_of(scaling("yarn", 4));
  EXPECT_EQ(plain.scale, 0.25);
  EXPECT_DOUBLE_EQ(plain.magnitude, 1 + 0.1 * std::log(4.0));
  ASSERT_TRUE(plain.yarn);
  EXPECT_EQ(plain.yarn->n_ctx_original, 512);  // the context of training
  EXPECT_EQ(plain.yarn->beta_fast, 32);
  EXPECT_EQ(plain.yarn->beta_slow, 1);
  const RopeParams all = rope_of(scaling("yarn", 4, [](gguf::Writer& w) {
    w.add_u32("llama.rope.scaling.original_context_length", 128);
    w.add_f32("llama.rope.scaling.yarn_beta_fast", 16);
    w.add_f32("llama.rope.scaling.yarn_beta_slow", 2);
    w.add_f32("llama.rope.scaling.yarn_ext_factor", -1);
    w.add_f32("llama.rope.scaling.yarn_attn_factor", 1);
    w.add_f32("llama.rope.scaling.attn_factor", 0.5f);
  }));
  EXPECT_EQ(all.yarn->n_ctx_original, 128);
  EXPECT_EQ(all.yarn->beta_fast, 16);
  EXPECT_EQ(all.yarn->beta_slow, 2);
  EXPECT_DOUBLE_EQ(all.magnitude, 0.5 * (1 + 0.1 * std::log(4.0)));
  EXPECT_EQ(rope_of(scaling("yarn", 0.5f)).magnitude, 1);  // a shorter context needs none
}

TEST(RopeScaling, RefusesBadNumbers) {
  const auto refused = [](const char* key, float value, ErrorCode code) {
    const std::string full = std::string("llama.") + key;
    const auto base = std::string(key) == "rope.freq_base" ? full : std::string();
    const bool is_factor = std::string(key) == "rope.scaling.factor";
    expect_refused(without(base, scaling("yarn", is_factor ? 0 : 4,
                                         [&](gguf::Writer& w) { w.add_f32(full, value); })),
                   code, full);
  };
  for (const float value : {0.0f, -1.0f, std::nanf(""), std::numeric_limits<float>::infinity()}) {
    for (const char* key : {"rope.scaling.factor", "rope.scaling.attn_factor", "rope.freq_base",
                            "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow"}) {
      refused(key, value, ErrorCode::kFormat);
    }
  }
  refused("rope.freq_base", 1, ErrorCode::kFormat);
  for (const float value : {0.0f, 0.5f, std::nanf("")}) {
    refused("rope.scaling.yarn_ext_factor", value, ErrorCode::kUnsupported);
    refused("rope.scaling.yarn_attn_factor", value, ErrorCode::kUnsupported);
  }
  expect_refused(without("", scaling("yarn", 4,
                                     [](gguf::Writer& w) {
                                       w.add_u32("llama.rope.scaling.original_context_length", 0);
                                     })),
                 ErrorCode::kFormat, "llama.rope.scaling.original_context_length: is 0");
}

}  // namespace
}  // namespace rocmforge::test
