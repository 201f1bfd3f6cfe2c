// Layer by layer against a reference: the same device parts nowhere, and a fault is found at its
// layer and op.
#include "engine/layer_check.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "engine/fixture.h"
#include "engine/wrapped_device.h"
#include "support/data.h"

namespace rocmforge::test {
namespace {

using engine::LayerCheck;
using engine::LayerCheckOptions;

class Layers : public testing::Test {
 protected:
  LayerCheck check(const TinyModel& shape = {.n_layers = 4}, LayerCheckOptions options = {}) {
    const engine::ModelFile file(write_tiny_model(dir_.file("m.gguf"), shape), counters_);
    return engine::check_layers(file.gguf(), options, device_, *cpu_, counters_);
  }

  TempDir dir_;
  Counters counters_;
  Wrapping card_{.hide_memory = true}, rest_card_;
  WrappedDevice device_{card_, counters_}, rest_{rest_card_, counters_};
  std::unique_ptr<backend::Device> cpu_ =
      cpu::make_device({.n_threads = 2, .isa = cpu::best_isa()}, counters_);
};

// Nodes of layer `layer`: its weights' names say so; attention stands between two of them.
template <class Edit>
std::function<void(ir::Graph&)> at_layer(std::int32_t layer, Edit edit) {
  return [layer, edit](ir::Graph& graph) {
    const std::string prefix = "blk." + std::to_string(layer) + ".";
    bool inside = false;
    for (ir::Node& node : graph.nodes) {
      for (const ir::WeightId id : ir::weights_of(node.op)) {
        inside = graph.weights->at(id).name.starts_with(prefix);
      }
      if (inside) edit(node.op, graph);
    }
  };
}

void skew_attention(ir::Op& op, const ir::Graph&) {
  if (auto* a = std::get_if<ir::PagedAttention>(&op)) a->attention.scale *= 40;
}

TEST_F(Layers, TheSameDevicePartsNowhere) {
  for (const DType matrix : {DType::kF32, DType::kQ8_0}) {
    for (const DType kv : {DType::kF16, DType::kF32}) {
      for (const bool fuse : {true, false}) {
        const LayerCheck c =
            check({.n_layers = 4, .matrix = matrix}, {.kv_dtype = kv, .fuse = fuse});
        EXPECT_TRUE(c.pass());
        ASSERT_EQ(c.layers.size(), 5u);
        EXPECT_EQ(c.layers[3].name, "blk.3");
        EXPECT_EQ(c.layers[4].name, "logits");
        for (const auto& l : c.layers) {
          EXPECT_EQ(l.prefill.n_rows, 160) << l.name;
          EXPECT_EQ(l.decode.n_rows, 12) << l.name;
          EXPECT_EQ(l.prefill.max + l.decode.max, 0) << l.name;
          EXPECT_EQ(l.prefill.rms + l.decode.worst_row, 0) << l.name;
          EXPECT_NEAR(l.prefill.cosine, 1, 1e-9) << l.name;
        }
        EXPECT_EQ(c.logprob_rms, 0);
        EXPECT_EQ(c.n_positions, 172);
        EXPECT_EQ(c.n_greedy_same, 172);
        EXPECT_TRUE(c.ops.empty());
      }
    }
  }
}

TEST_F(Layers, AnotherInstructionSetIsWithinTheBound) {
  std::vector<std::string> files;
  for (const DType matrix : {DType::kF32, DType::kQ8_0, DType::kQ4_1}) {
    files.push_back(write_tiny_model(dir_.file(std::string(to_string(matrix)) + ".gguf"),
                                     {.n_layers = 6, .matrix = matrix}));
  }
  const std::string stories = data_file("models/stories260K.gguf");
  if (!stories.empty()) files.push_back(stories);
  const auto scalar = cpu::make_device({.n_threads = 1, .isa = cpu::Isa::kScalar}, counters_);
  for (const std::string& path : files) {
    const engine::ModelFile file(path, counters_);
    for (const DType kv : {DType::kF16, DType::kF32}) {
      const LayerCheck c =
          engine::check_layers(file.gguf(), {.kv_dtype = kv}, *scalar, *cpu_, counters_);
      EXPECT_TRUE(c.pass()) << path << ": " << c.first_parted;
      // No part of the verdict: where two logits of a small random model nearly tie, roundings
      // alone may choose the other. All but 2 %.
      EXPECT_GE(c.n_greedy_same * 50, c.n_positions * 49) << path;
    }
  }
}

TEST_F(Layers, AShortContextHoldsThePromptItHasRoomFor) {
  for (const auto& [context, rows] : {std::pair{40, 28}, {13, 1}, {4, 1}, {171, 159}, {172, 160}}) {
    const LayerCheck c = check({.n_layers = 1, .n_ctx = context});
    EXPECT_TRUE(c.pass());
    EXPECT_EQ(c.layers.at(0).prefill.n_rows, rows) << context;
    EXPECT_EQ(c.layers.at(0).decode.n_rows, 12) << context;
  }
}

// Weights that come through the file, as a device with memory of its own loads them.
TEST_F(Layers, WeightsAreLoadedFromTheFile) {
  const engine::ModelFile file(write_tiny_model(dir_.file("m.gguf"), {}), counters_);
  ASSERT_EQ(file.mappings().size(), 1u);
  EXPECT_TRUE(
      engine::check_layers(file.gguf(), {.mappings = file.mappings()}, device_, *cpu_, counters_)
          .pass());
}

TEST_F(Layers, AFaultIsFoundAtItsLayerAndOp) {
  for (const bool fuse : {true, false}) {
    for (std::int32_t layer = 0; layer < 4; ++layer) {
      SCOPED_TRACE(layer);
      card_.edit = at_layer(layer, [](ir::Op& op, const ir::Graph& graph) {
        if (auto* norm = std::get_if<ir::RmsNorm>(&op)) {
          if (graph.weights->at(norm->norm.gain).name.ends_with("ffn_norm")) norm->norm.eps = 50;
        }
        if (auto* m = std::get_if<ir::MatMul>(&op)) {
          if (m->norm && graph.weights->at(m->weight).name.ends_with("ffn_gate_up")) {
            m->norm->eps = 50;
          }
        }
      });
      const LayerCheck c = check({.n_layers = 4}, {.fuse = fuse});
      EXPECT_FALSE(c.pass());
      ASSERT_EQ(c.first_parted, layer);
      ASSERT_GE(c.first_op, 0);
      const std::string& op = c.ops[static_cast<std::size_t>(c.first_op)].name;
      const std::string blk = "blk." + std::to_string(layer);
      EXPECT_NE(op.find(fuse ? "matmul [" + blk + ".ffn_gate_up" : "rms_norm " + blk + ".ffn_norm"),
                std::string::npos)
          << op;
    }
  }
}

TEST_F(Layers, AFaultOfAttentionIsToldFromItsProjections) {
  card_.edit = at_layer(2, skew_attention);
  const LayerCheck c = check({.n_layers = 4, .matrix = DType::kQ8_0}, {.kv_dtype = DType::kF16});
  ASSERT_EQ(c.first_parted, 2);
  ASSERT_EQ(c.ops.size(), 5u);
  EXPECT_EQ(c.first_op, 1);
  EXPECT_NE(c.ops[1].name.find("paged_attention"), std::string::npos) << c.ops[1].name;
}

// As where the kernel for one row is wrong, and the one for many is right.
TEST_F(Layers, AFaultOfSmallStepsAloneIsFound) {
  card_.edit = [](ir::Graph& graph) {
    if (graph.desc(graph.nodes[0].outputs[0]).shape[0] == 1) at_layer(1, skew_attention)(graph);
  };
  const LayerCheck c = check();
  ASSERT_EQ(c.first_parted, 1);
  EXPECT_LT(c.layers[1].prefill.rms, c.layers[1].bound);
  EXPECT_GT(c.layers[1].decode.worst_row, c.layers[1].bound);
}

TEST_F(Layers, AFaultOfTheHeadIsNoLayers) {
  card_.edit = [](ir::Graph& graph) {
    for (ir::Node& node : graph.nodes) {
      auto* m = std::get_if<ir::MatMul>(&node.op);
      if (m == nullptr || graph.weights->at(m->weight).name != "output") continue;
      m->norm.reset();  // the rows as they are: logits of another size
    }
  };
  const LayerCheck c = check();
  EXPECT_EQ(c.first_parted, 4);
  EXPECT_TRUE(c.ops.empty());
}

TEST_F(Layers, NumbersThatAreNoneAreBeyondAnyBound) {
  card_.edit = at_layer(1, [](ir::Op& op, const ir::Graph&) {
    if (auto* a = std::get_if<ir::PagedAttention>(&op)) a->attention.scale = NAN;
  });
  const LayerCheck c = check();
  EXPECT_EQ(c.first_parted, 1);
  EXPECT_TRUE(std::isinf(c.layers[1].prefill.rms));
  EXPECT_TRUE(std::isinf(c.layers[3].prefill.max));
  EXPECT_TRUE(std::isinf(c.logprob_max));
}

TEST_F(Layers, TwoStagesAreCheckedAsOne) {
  EXPECT_TRUE(check({.n_layers = 4}, {.n_device_layers = 2, .rest = &rest_}).pass());
  rest_card_.edit = at_layer(1, skew_attention);
  EXPECT_EQ(check({.n_layers = 4}, {.n_device_layers = 2, .rest = &rest_}).first_parted, 1);
  rest_card_.edit = {};
  for (const std::int32_t layer : {2, 3}) {
    card_.edit = at_layer(layer, skew_attention);
    const LayerCheck c = check({.n_layers = 4}, {.n_device_layers = 2, .rest = &rest_});
    EXPECT_EQ(c.first_parted, layer);
    EXPECT_EQ(c.first_op, 1);
  }
}

TEST_F(Layers, WithNoLayerOnTheDeviceThereIsNothingToCompare) {
  const auto refusal = [this](std::int32_t n_layers) -> std::string {
    try {
      check({.n_layers = 4}, {.n_device_layers = n_layers, .rest = &rest_});
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(engine::kLayersThatFit), "");
  EXPECT_NE(refusal(0).find("m.gguf: no layer is to run on a card"), std::string::npos);
  card_.uploads_weights = true;
  card_.memory_free = 1;
  EXPECT_NE(refusal(engine::kLayersThatFit).find("m.gguf: no layer fits the memory of a card"),
            std::string::npos);
}

TEST_F(Layers, AReferenceWithoutNumbersIsAnError) {
  const std::string path = dir_.file("nan.gguf");
  edited(tiny_model(), {"blk.1.ffn_norm.weight"}, [](gguf::Writer& out) {
    const std::vector<float> nan(64, NAN);
    const auto bytes = std::as_bytes(std::span(nan));
    out.add_tensor("blk.1.ffn_norm.weight", DType::kF32, Shape{64}, {bytes.begin(), bytes.end()});
  }).write(path);
  const engine::ModelFile file(path, counters_);
  try {
    engine::check_layers(file.gguf(), {}, device_, *cpu_, counters_);
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("blk.1"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find(path), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace rocmforge::test
