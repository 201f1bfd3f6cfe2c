// Which type each tensor gets. The expected ones are llama-quantize's of August 2026.
#include "quantize/recipe.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/random_model.h"
#include "quantize/made_file.h"
#include "quantize/plan.h"

namespace rocmforge::quantize {
namespace {

constexpr std::int64_t kDim = 256;

void declare(gguf::Writer& writer, const std::string& name, std::int64_t cols = kDim) {
  writer.declare_tensor(name, DType::kF16, Shape{512, cols});
}

// "blk.3.REST"
std::string block(std::uint32_t layer, std::string_view rest) {
  std::string out = "blk.";
  out += std::to_string(layer);
  out += '.';
  out += rest;
  return out;
}

// Layers in the order of their names as texts: 0, 1, 10, 11, ..., 2.
gguf::Writer model(const Outline& outline, bool tied = false, std::int64_t cols = kDim) {
  gguf::Writer out = writer_of(outline);
  std::map<std::string, int> layers;
  for (std::uint32_t i = 0; i < outline.n_layers; ++i) layers[block(i, "")] = 0;
  for (const auto& [layer, unused] : layers) {
    out.declare_tensor(layer + "attn_norm.weight", DType::kF32, Shape{cols});
    for (const char* matrix :
         {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
      declare(out, layer + matrix + ".weight", cols);
    }
  }
  if (!tied) declare(out, "output.weight", cols);
  declare(out, "token_embd.weight", cols);
  return out;
}

// Names to types.
std::map<std::string, DType> chosen(const gguf::Writer& writer, const std::string& type,
                                    const std::vector<std::string>& rules = {}, bool pure = false) {
  const Parsed parsed(writer);
  Wishes wishes{.file_type = find_file_type(type), .rules = {}, .pure = pure};
  for (const std::string& rule : rules) wishes.rules.emplace_back(rule);
  const std::vector<Choice> choices = choose_types(parsed.file, wishes);
  std::map<std::string, DType> out;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    out.emplace(parsed.file.tensors()[i].name, choices[i].type);
  }
  return out;
}

// "0,1,5": the layers whose `matrix` has `type`.
std::string layers_of(const std::map<std::string, DType>& types, const std::string& matrix,
                      DType type, int n_layers) {
  std::string out;
  for (int i = 0; i < n_layers; ++i) {
    if (types.at(block(static_cast<std::uint32_t>(i), matrix + ".weight")) != type) continue;
    if (!out.empty()) out += ',';
    out += std::to_string(i);
  }
  return out;
}

struct Expected {
  const char* type;
  DType main, values, values_more, attn_output, down, down_more;
  const char *layers_values, *layers_down;  // of the more
};

class Mixtures : public ::testing::TestWithParam<Expected> {};

TEST_P(Mixtures, OfSixteenLayersWithFourQueriesAKey) {
  const Expected& e = GetParam();
  const auto types = chosen(
      model({.architecture = "llama", .n_layers = 16, .n_heads = 8, .n_kv_heads = 2}), e.type);
  EXPECT_EQ(types.at("output.weight"), DType::kQ6_K);
  EXPECT_EQ(types.at("token_embd.weight"), e.main);
  for (int i = 0; i < 16; ++i) {
    const std::string layer = block(static_cast<std::uint32_t>(i), "");
    EXPECT_EQ(types.at(layer + "attn_norm.weight"), DType::kF32);
    for (const char* matrix : {"attn_q", "attn_k", "ffn_gate", "ffn_up"}) {
      EXPECT_EQ(types.at(layer + matrix + ".weight"), e.main) << layer << matrix;
    }
    EXPECT_EQ(types.at(layer + "attn_output.weight"), e.attn_output) << layer;
    const DType values = types.at(layer + "attn_v.weight");
    EXPECT_TRUE(values == e.values || values == e.values_more) << layer << to_string(values);
    const DType down = types.at(layer + "ffn_down.weight");
    EXPECT_TRUE(down == e.down || down == e.down_more) << layer << to_string(down);
  }
  if (e.values != e.values_more) {
    EXPECT_EQ(layers_of(types, "attn_v", e.values_more, 16), e.layers_values);
  }
  if (e.down != e.down_more) {
    EXPECT_EQ(layers_of(types, "ffn_down", e.down_more, 16), e.layers_down);
  }
}

using enum DType;
constexpr const char* kMoreOf16 = "0,1,4,7,10,13,14,15";
constexpr Expected kExpected[] = {
    {"Q2_K_S", kQ2_K, kQ4_K, kQ4_K, kQ2_K, kQ2_K, kQ4_K, "", "0,1"},
    {"Q2_K", kQ2_K, kQ4_K, kQ4_K, kQ3_K, kQ3_K, kQ3_K, "", ""},
    {"Q3_K_S", kQ3_K, kQ3_K, kQ3_K, kQ3_K, kQ3_K, kQ3_K, "", ""},
    {"Q3_K_M", kQ3_K, kQ4_K, kQ5_K, kQ4_K, kQ4_K, kQ5_K, "0,1", "0"},
    {"Q3_K_L", kQ3_K, kQ5_K, kQ5_K, kQ5_K, kQ5_K, kQ5_K, "", ""},
    {"Q4_K_S", kQ4_K, kQ4_K, kQ5_K, kQ4_K, kQ4_K, kQ5_K, "0,1,2,3", "0,1"},
    {"Q4_K_M", kQ4_K, kQ4_K, kQ6_K, kQ4_K, kQ4_K, kQ6_K, kMoreOf16, kMoreOf16},
    {"Q5_K_S", kQ5_K, kQ5_K, kQ5_K, kQ5_K, kQ5_K, kQ5_K, "", ""},
    {"Q5_K_M", kQ5_K, kQ5_K, kQ6_K, kQ5_K, kQ5_K, kQ6_K, kMoreOf16, kMoreOf16},
    {"Q6_K", kQ6_K, kQ6_K, kQ6_K, kQ6_K, kQ6_K, kQ6_K, "", ""},
    {"IQ4_NL", kIQ4_NL, kQ5_K, kQ5_K, kIQ4_NL, kIQ4_NL, kQ5_K, "", "0,1"},
    {"IQ4_XS", kIQ4_XS, kQ5_K, kQ5_K, kIQ4_XS, kIQ4_XS, kQ5_K, "", "0,1"},
    {"Q4_0", kQ4_0, kQ4_0, kQ4_0, kQ4_0, kQ4_0, kQ4_0, "", ""},
    {"Q5_1", kQ5_1, kQ5_1, kQ5_1, kQ5_1, kQ5_1, kQ5_1, "", ""}};

std::string name_of(const ::testing::TestParamInfo<Expected>& expected) {
  return expected.param.type;
}
INSTANTIATE_TEST_SUITE_P(All, Mixtures, ::testing::ValuesIn(kExpected), name_of);

TEST(FileTypes, GoByNameAndAliasInAnyCase) {
  EXPECT_EQ(find_file_type("q4_k")->name, "Q4_K_M");
  EXPECT_EQ(find_file_type("Q3_K")->number, 12u);
  EXPECT_EQ(find_file_type("Q5_K")->name, "Q5_K_M");
  EXPECT_EQ(find_file_type("q2_k")->number, 10u);
  EXPECT_EQ(find_file_type("bf16")->number, 32u);
  EXPECT_EQ(find_file_type("mxfp6_e2m3")->number, std::nullopt);
  EXPECT_EQ(find_file_type("Q4_K_"), nullptr);
  EXPECT_EQ(find_file_type(""), nullptr);
}

TEST(Recipe, FewQueriesAKeyLeaveTheValues) {
  const Outline outline{.architecture = "llama", .n_layers = 8, .n_heads = 8, .n_kv_heads = 4};
  EXPECT_EQ(chosen(model(outline), "Q2_K").at("blk.3.attn_v.weight"), kQ3_K);
  EXPECT_EQ(chosen(model(outline), "Q2_K_S").at("blk.3.attn_v.weight"), kQ2_K);
  EXPECT_EQ(chosen(model(outline), "IQ4_XS").at("blk.3.attn_v.weight"), kIQ4_XS);
}

TEST(Recipe, OfTheOutputMatrix) {
  const std::vector<std::pair<std::string, DType>> expected = {
      {"Q8_0", kQ8_0},   {"Q4_0", kQ6_K}, {"Q4_K_M", kQ6_K},     {"MXFP4", kQ8_0},
      {"F16", kF16},     {"BF16", kBF16}, {"MXFP6_E2M3", kQ8_0}, {"MXFP6_E3M2", kQ8_0},
      {"IQ4_NL", kQ6_K}, {"F32", kF32}};
  for (const auto& [type, output] : expected) {
    const DType main = find_file_type(type)->type;
    const auto separate = chosen(model({}), type);
    EXPECT_EQ(separate.at("output.weight"), output) << type;
    EXPECT_EQ(separate.at("token_embd.weight"), main) << type;
    EXPECT_EQ(chosen(model({}, /*tied=*/true), type).at("token_embd.weight"), output) << type;
    const auto pure = chosen(model({}), type, {}, /*pure=*/true);
    EXPECT_EQ(pure.at("output.weight"), main) << type;
  }
}

TEST(Recipe, OfModelsWithSeventyBillionWeights) {
  Outline outline{.architecture = "llama", .n_layers = 80, .n_heads = 64, .n_kv_heads = 8};
  auto types = chosen(model(outline), "Q4_K_M");
  EXPECT_EQ(layers_of(types, "attn_v", kQ4_K, 80), "");
  EXPECT_EQ(types.at("blk.11.attn_v.weight"), kQ5_K);
  EXPECT_EQ(types.at("blk.12.attn_v.weight"), kQ6_K);
  EXPECT_EQ(types.at("blk.11.ffn_down.weight"), kQ4_K);
  outline.n_kv_heads = 64;  // 65B
  types = chosen(model(outline), "Q4_K_M");
  EXPECT_EQ(types.at("blk.11.attn_v.weight"), kQ4_K);
}

TEST(Recipe, OfFusedQueriesKeysAndValuesIsThatOfValues) {
  gguf::Writer writer = writer_of({.architecture = "chatglm", .n_layers = 8});
  for (int i = 0; i < 8; ++i)
    declare(writer, block(static_cast<std::uint32_t>(i), "attn_qkv.weight"));
  const auto types = chosen(writer, "Q4_K_M");
  EXPECT_EQ(layers_of(types, "attn_qkv", kQ6_K, 8), "0,3,6,7");
}

TEST(Recipe, RowsThatAreNotWholeBlocksFallBack) {
  const std::vector<std::pair<std::string, DType>> expected = {
      {"Q2_K", kQ4_0},   {"Q3_K_S", kQ4_0}, {"Q4_K_S", kQ5_0},
      {"Q5_K_S", kQ5_1}, {"Q6_K", kQ8_0},   {"IQ4_XS", kIQ4_NL}};
  for (const auto& [type, smaller] : expected) {
    const auto types = chosen(model({}, false, 288), type);
    EXPECT_EQ(types.at("blk.0.ffn_up.weight"), smaller) << type;
    EXPECT_EQ(types.at("output.weight"), kQ8_0) << type;
    EXPECT_EQ(chosen(model({}, false, 24), type).at("blk.0.ffn_up.weight"), kF16) << type;
  }
  EXPECT_EQ(chosen(model({}, false, 24), "Q4_0").at("blk.0.ffn_up.weight"), kF16);
  EXPECT_EQ(chosen(model({}, false, 288), "Q4_0").at("output.weight"), kQ8_0);
  const Parsed parsed(model({}, false, 288));
  const Plan plan =
      make_plan(parsed.file, {.file_type = find_file_type("Q4_K_S"), .rules = {}}, false);
  EXPECT_EQ(plan.n_fallbacks, 2 * 7 + 1);
  EXPECT_EQ(plan.tensors[1].instead_of, kQ4_K);
}

// `bench --random` gives its output matrix the type that is chosen here: it cannot ask, being of
// another room.
TEST(Recipe, RandomModelsHaveTheSameOutputMatrix) {
  for (const FileType& type : file_types()) {
    if (type.mixture == Mixture::kMXFP4Experts) continue;
    const std::string spec = std::string("llama-8b:").append(to_string(type.type));
    const model::RandomSpec random = model::parse_random_spec(spec);
    EXPECT_EQ(chosen(model({}), std::string(type.name)).at("output.weight"),
              random.type_of("output"))
        << type.name;
  }
}

TEST(Recipe, WhatStays) {
  gguf::Writer writer = writer_of({});
  const std::vector<std::string> kept = {"blk.0.ffn_gate_inp.weight", "blk.0.attn_q_norm.weight",
                                         "position_embd.weight",      "token_types.weight",
                                         "blk.0.attn_rel_b.weight",   "blk.0.attn_q.scale"};
  for (const std::string& name : kept) declare(writer, name);
  writer.declare_tensor("blk.0.attn_q.bias", DType::kF16, Shape{256});
  writer.declare_tensor("rope_freqs.weight", DType::kF32, Shape{1, 256});  // one row: a vector
  writer.declare_tensor("blk.0.table.weight", DType::kI32, Shape{4, 256});
  declare(writer, "blk.0.attn_q.weight");
  auto types = chosen(writer, "Q8_0", {".*=Q4_0"});
  for (const std::string& name : kept) EXPECT_EQ(types.at(name), kF16) << name;
  EXPECT_EQ(types.at("blk.0.attn_q.bias"), kF16);
  EXPECT_EQ(types.at("rope_freqs.weight"), kF32);
  EXPECT_EQ(types.at("blk.0.table.weight"), kI32);
  EXPECT_EQ(types.at("blk.0.attn_q.weight"), kQ4_0);
}

TEST(Recipe, OfExperts) {
  gguf::Writer writer =
      writer_of({.architecture = "llama", .n_layers = 8, .n_heads = 8, .n_experts = 8});
  for (int i = 7; i >= 0; --i) {
    const std::string layer = block(static_cast<std::uint32_t>(i), "");
    declare(writer, layer + "attn_k.weight");
    declare(writer, layer + "attn_v.weight");
    declare(writer, layer + "attn_output.weight");
    writer.declare_tensor(layer + "ffn_down_exps.weight", DType::kF16, Shape{8, 256, 256});
  }
  const auto types = chosen(writer, "Q4_K_M");
  EXPECT_EQ(layers_of(types, "attn_k", kQ8_0, 8), "0,1,2,3,4,5,6,7");
  EXPECT_EQ(layers_of(types, "attn_v", kQ8_0, 8), "0,1,2,3,4,5,6,7");
  EXPECT_EQ(layers_of(types, "attn_output", kQ5_K, 8), "0,1,2,3,4,5,6,7");
  EXPECT_EQ(layers_of(types, "ffn_down_exps", kQ6_K, 8), "0,3,6,7");
  const auto mx = chosen(writer, "MXFP4_MOE");
  EXPECT_EQ(mx.at("blk.0.ffn_down_exps.weight"), kMXFP4);
  EXPECT_EQ(mx.at("blk.0.attn_k.weight"), kQ8_0);
}

TEST(Rules, TheFirstThatFitsDecidesAndIsNotCounted) {
  const Outline outline{.architecture = "llama", .n_layers = 16, .n_heads = 8, .n_kv_heads = 2};
  const auto types = chosen(model(outline), "Q4_K_M",
                            {R"(blk\.[01]\.attn_v=q8_0)", "attn_v=Q5_0", "output.weight$=F16"});
  EXPECT_EQ(types.at("blk.0.attn_v.weight"), kQ8_0);
  EXPECT_EQ(types.at("blk.2.attn_v.weight"), kQ5_0);
  EXPECT_EQ(types.at("output.weight"), kF16);
  EXPECT_EQ(types.at("blk.3.attn_output.weight"), kF16);  // found within the name
  // With the first two layers' values decided, the third is the mixture's first.
  const auto some = chosen(model(outline), "Q3_K_M", {R"(blk\.[01]\.attn_v=Q8_0)"});
  EXPECT_EQ(layers_of(some, "attn_v", kQ5_K, 16), "2,3");
}

std::string fault_of(const std::string& rule) {
  try {
    const TypeRule made(rule);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUsage);
    return e.what();
  }
  return "none";
}

TEST(Rules, NameWhatIsWrong) {
  EXPECT_EQ(fault_of("attn_v"), "--tensor-type: \"attn_v\": is not PATTERN=TYPE");
  EXPECT_EQ(fault_of("=Q4_0"), "--tensor-type: \"=Q4_0\": is not PATTERN=TYPE");
  EXPECT_NE(fault_of("attn_v=Q9_0").find("\"Q9_0\" is not one of F32, F16"), std::string::npos);
  EXPECT_NE(fault_of("a=I32").find("\"I32\" is not one of"), std::string::npos);
  EXPECT_NE(fault_of("attn_(v=Q4_0").find("the pattern is wrong: missing )"), std::string::npos);
  EXPECT_EQ(fault_of("a{2}=b=Q4_0"), "none");
}

TEST(Recipe, RefusesKeysThatMakeNoSense) {
  gguf::Writer writer;
  writer.add_string("general.architecture", "llama");
  writer.add_u64("llama.block_count", 1ull << 40);
  const Parsed parsed(writer);
  try {
    choose_types(parsed.file, {.file_type = find_file_type("Q4_K_M"), .rules = {}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "[quantize] made.gguf: llama.block_count: is 1099511627776, which no model has");
  }
}

TEST(Recipe, AModelThatSaysNothingOfItself) {
  gguf::Writer writer;
  declare(writer, "blk.0.attn_v.weight");
  declare(writer, "blk.0.ffn_down.weight");
  const auto types = chosen(writer, "Q4_K_S");
  EXPECT_EQ(types.at("blk.0.attn_v.weight"), kQ5_K);
  EXPECT_EQ(types.at("blk.0.ffn_down.weight"), kQ4_K);
}

}  // namespace
}  // namespace rocmforge::quantize
