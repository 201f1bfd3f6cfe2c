#include "ir/infer.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "ir/llama_graph.h"

namespace rocmforge::test {
namespace {

using ir::AttentionSpec;
using ir::Op;
using ir::Slot;

TensorDesc f32(Shape shape) {
  return TensorDesc::dense(DType::kF32, shape);
}
TensorDesc i32(Shape shape) {
  return TensorDesc::dense(DType::kI32, shape);
}
TensorDesc strided(Shape shape, std::int64_t stride) {
  return {DType::kF32, shape, stride};
}

class Infer : public testing::Test {
 protected:
  std::vector<TensorDesc> infer(const Op& op, const std::vector<TensorDesc>& operands) const {
    return ir::infer(op, operands, table_, sources_);
  }
  // The one result.
  void gives(const Op& op, const std::vector<TensorDesc>& operands, const TensorDesc& result) {
    const auto results = infer(op, operands);
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(to_string(results[0]), to_string(result));
    EXPECT_EQ(results[0], result);
  }
  // Refused, with a message that names the op and holds `part`.
  void refuses(const Op& op, const std::vector<TensorDesc>& operands, const std::string& part) {
    try {
      infer(op, operands);
      ADD_FAILURE() << ir::name(op) << " is not refused, wanted: " << part;
    } catch (const Error& e) {
      const std::string what = e.what();
      EXPECT_EQ(e.code(), ErrorCode::kInternal);
      EXPECT_EQ(what.rfind("[ir] " + std::string(ir::name(op)) + ": ", 0), 0u) << what;
      EXPECT_NE(what.find(part), std::string::npos) << what << "\nwanted: " << part;
    }
  }

  ir::WeightTable table_;
  ir::WeightId w_ = add_weight(table_, "w", 96, 64, DType::kQ4_0);
  ir::WeightId odd_ = add_weight(table_, "odd", 33, 64);
  ir::WeightId gain_ = add_gain(table_, "gain", 64);
  ir::WeightId head_gain_ = add_gain(table_, "head_gain", 16);
  ir::WeightId biased_ =
      table_.add({.name = "biased", .cols = 64, .segments = {{"b", DType::kF32, 1, "b.bias"}}});
  ir::SourceShapes sources_ = {.rope_dims = 8,
                               .max_rows = 16,
                               .dim = 64,
                               .max_head_rows = 6,
                               .kv_dtype = DType::kF16,
                               .n_kv_heads = 2,
                               .head_dim = 16};
  AttentionSpec spec_ = {.n_heads = 4, .n_kv_heads = 2, .head_dim = 16, .scale = 0.25f};
  ir::RopeSpec rope_ = {.head_dim = 16, .n_rot = 8};
  TensorDesc x_ = f32({kRows, 64});
  TensorDesc state_ = TensorDesc::dense(DType::kF16, {2, 2, ir::kBlockTokens, 16});
  static constexpr ir::WeightId kNone{99};
};

TEST_F(Infer, Input) {
  gives(ir::Input{Slot::kTokens}, {}, i32({kRows}));
  gives(ir::Input{Slot::kPositions}, {}, i32({kRows}));
  gives(ir::Input{Slot::kHeadRows}, {}, i32({kRows}));
  gives(ir::Input{Slot::kRopeRows}, {}, f32({kRows, 8}));
  gives(ir::Input{Slot::kHidden}, {}, f32({16, 64}));
  gives(ir::Input{Slot::kIncoming}, {}, f32({kRows, 64}));
  gives(ir::Input{Slot::kSampled}, {}, i32({6}));
  refuses(ir::Input{Slot::kLogits}, {}, "logits: is no input");
  refuses(ir::Input{Slot::kTokens}, {x_}, "operands: 1 given, takes 0");
  sources_ = {};
  refuses(ir::Input{Slot::kRopeRows}, {}, "rope_rows");
  refuses(ir::Input{Slot::kHidden}, {}, "hidden");
  refuses(ir::Input{Slot::kSampled}, {}, "sampled");
  refuses(ir::Input{Slot::kIncoming}, {}, "incoming");
}

TEST_F(Infer, KvState) {
  gives(ir::KvState{3}, {}, state_);
  refuses(ir::KvState{-1}, {}, "layer: -1");
  sources_ = {};
  refuses(ir::KvState{0}, {}, "kv: its shape is not known");
}

TEST_F(Infer, Embed) {
  gives(ir::Embed{w_}, {i32({kRows})}, x_);
  gives(ir::Embed{w_}, {i32({5})}, f32({5, 64}));
  gives(ir::Embed{w_}, {i32({kRows}), i32({6})}, x_);
  refuses(ir::Embed{w_}, {i32({kRows}), x_}, "sampled: is F32[rows, 64], wants I32 of 1 extent");
  refuses(ir::Embed{w_}, {}, "operands: 0 given");
  refuses(ir::Embed{w_}, {x_}, "tokens: is F32[rows, 64], wants I32 of 1 extent");
  refuses(ir::Embed{biased_}, {i32({kRows})}, "table: biased has a bias");
  refuses(ir::Embed{kNone}, {i32({kRows})}, "table: no weight has the id 99");
}

TEST_F(Infer, EditLogits) {
  gives(ir::EditLogits{}, {x_}, x_);
  gives(ir::EditLogits{}, {strided({kRows, 64}, 96)}, x_);
  refuses(ir::EditLogits{}, {i32({kRows})}, "logits: is I32[rows]");
}

TEST_F(Infer, TopK) {
  const TensorDesc ids = TensorDesc::dense(DType::kI32, {kRows, 40});
  EXPECT_EQ(infer(ir::TopK{40}, {x_}), (std::vector{f32({kRows, 40}), ids}));
  refuses(ir::TopK{0}, {x_}, "k: 0 is not from 1 to 256");
  refuses(ir::TopK{257}, {x_}, "k: 257 is not from 1 to 256");
  refuses(ir::TopK{1}, {x_, x_}, "operands: 2 given, takes 1");
}

TEST_F(Infer, LogSumExp) {
  gives(ir::LogSumExp{}, {x_}, f32({kRows, 1}));
  refuses(ir::LogSumExp{}, {}, "operands: 0 given, takes 1");
}

TEST_F(Infer, Sample) {
  const TensorDesc token = TensorDesc::dense(DType::kI32, {kRows, 1}), sum = f32({kRows, 1});
  const TensorDesc values = f32({kRows, 40}), ids = TensorDesc::dense(DType::kI32, {kRows, 40});
  gives(ir::Sample{}, {x_, values, ids, sum}, token);
  gives(ir::Sample{.fused = true}, {x_}, token);
  refuses(ir::Sample{}, {x_}, "operands: 1 given, takes 4");
  refuses(ir::Sample{.fused = true}, {x_, values, ids, sum}, "operands: 4 given, takes 1");
  refuses(ir::Sample{}, {x_, f32({kRows, 257}), ids, sum}, "values");
  refuses(ir::Sample{}, {x_, values, values, sum}, "ids");
  refuses(ir::Sample{}, {x_, values, ids, values}, "log-sum-exp");
}

TEST_F(Infer, MatMul) {
  using ir::Epilogue;
  const TensorDesc y = f32({kRows, 96});
  gives(ir::MatMul{.weight = w_, .norm = {}}, {x_}, y);
  gives(ir::MatMul{.weight = w_, .norm = {}}, {strided({kRows, 64}, 96)}, y);
  gives(ir::MatMul{w_, ir::NormSpec{gain_, 1e-5f}, Epilogue::kNone}, {x_}, y);
  gives(ir::MatMul{w_, {}, Epilogue::kSwiGlu}, {x_}, f32({kRows, 48}));
  gives(ir::MatMul{w_, {}, Epilogue::kAdd}, {x_, y}, y);
  gives(ir::MatMul{w_, {}, Epilogue::kAdd}, {x_, strided({kRows, 96}, 100)}, y);

  refuses(ir::MatMul{w_, {}, Epilogue::kNone}, {y}, "x: is F32[rows, 96], w takes 64 columns");
  refuses(ir::MatMul{w_, {}, Epilogue::kNone}, {f32({64})}, "x: is F32[64], wants F32 of 2");
  refuses(ir::MatMul{w_, {}, Epilogue::kNone}, {i32({kRows, 64})}, "x: is I32");
  refuses(ir::MatMul{w_, {}, Epilogue::kNone}, {x_, y}, "operands: 2 given, takes 1");
  refuses(ir::MatMul{w_, {}, Epilogue::kAdd}, {x_}, "operands: 1 given, takes 2");
  refuses(ir::MatMul{w_, {}, Epilogue::kAdd}, {x_, x_}, "residual: is F32[rows, 64]");
  refuses(ir::MatMul{odd_, {}, Epilogue::kSwiGlu}, {x_}, "odd has no two halves");
  refuses(ir::MatMul{kNone, {}, Epilogue::kNone}, {x_}, "weight: no weight");
  refuses(ir::MatMul{w_, ir::NormSpec{head_gain_, 1e-5f}, Epilogue::kNone}, {x_},
          "norm: does not span the row");
  refuses(ir::MatMul{w_, ir::NormSpec{w_, 1e-5f}, Epilogue::kNone}, {x_}, "w is no vector");
}

TEST_F(Infer, RmsNorm) {
  gives(ir::RmsNorm{{gain_, 1e-5f}}, {x_}, x_);
  gives(ir::RmsNorm{{head_gain_, 0}}, {strided({kRows, 64}, 96)}, x_);
  refuses(ir::RmsNorm{{gain_, 1e-5f}}, {f32({kRows, 96})}, "no multiple of the gain's 64");
  refuses(ir::RmsNorm{{biased_, 1e-5f}}, {x_}, "biased is no vector");
  refuses(ir::RmsNorm{{w_, 1e-5f}}, {x_}, "w is no vector");
  refuses(ir::RmsNorm{{gain_, -1}}, {x_}, "eps");
  refuses(ir::RmsNorm{{gain_, std::numeric_limits<float>::quiet_NaN()}}, {x_}, "eps");
  refuses(ir::RmsNorm{{gain_, 1e-5f}}, {f32({kRows, 4, 16})}, "x: is");
}

TEST_F(Infer, Rope) {
  const TensorDesc rows = f32({kRows, 8});
  gives(ir::Rope{rope_}, {x_, rows}, x_);
  gives(ir::Rope{rope_}, {strided({kRows, 64}, 128), rows}, x_);
  refuses(ir::Rope{rope_}, {f32({kRows, 40}), rows}, "not of heads of 16");
  refuses(ir::Rope{rope_}, {x_, f32({kRows, 16})}, "rope rows: is F32[rows, 16]");
  refuses(ir::Rope{rope_}, {x_, f32({3, 8})}, "rope rows");
  refuses(ir::Rope{rope_}, {x_}, "operands");
  refuses(ir::Rope{{.head_dim = 16, .n_rot = 18}}, {x_, rows}, "rope: rotates 18 of 16");
  refuses(ir::Rope{{.head_dim = 16, .n_rot = 7}}, {x_, rows}, "rope: rotates 7");
  refuses(ir::Rope{{.head_dim = 0, .n_rot = 8}}, {x_, rows}, "rope");
}

TEST_F(Infer, RowWise) {
  gives(ir::SwiGlu{}, {x_}, f32({kRows, 32}));
  refuses(ir::SwiGlu{}, {f32({kRows, 33})}, "no two halves");

  const TensorDesc cube = f32({kRows, 4, 16});
  gives(ir::Add{}, {cube, cube}, cube);
  gives(ir::Add{}, {strided({kRows, 64}, 80), x_}, x_);
  refuses(ir::Add{}, {x_, cube}, "b: is F32[rows, 4, 16], wants [rows, 64]");
  refuses(ir::Add{}, {x_}, "operands");
  refuses(ir::Add{}, {i32({kRows}), i32({kRows})}, "a: is I32");

  gives(ir::Scale{2}, {cube}, cube);
  refuses(ir::Scale{std::numeric_limits<float>::infinity()}, {x_}, "factor");
  refuses(ir::Scale{2}, {i32({kRows})}, "x");

  gives(ir::Softmax{}, {cube}, cube);
  refuses(ir::Softmax{}, {i32({kRows})}, "x");

  gives(ir::Mask{}, {cube, i32({kRows})}, cube);
  refuses(ir::Mask{}, {x_, i32({kRows})}, "scores");
  refuses(ir::Mask{}, {cube, i32({7})}, "positions");
  refuses(ir::Mask{}, {cube, x_}, "positions");

  gives(ir::Accumulate{}, {x_, strided({kRows, 64}, 80)}, x_);
  refuses(ir::Accumulate{}, {strided({kRows, 64}, 80), x_}, "accumulator: is not dense");
  refuses(ir::Accumulate{}, {x_, cube}, "x: is");

  gives(ir::Copy{}, {strided({kRows, 64}, 80)}, x_);
  refuses(ir::Copy{}, {state_}, "x: is F16");
}

TEST_F(Infer, PagedAttention) {
  const TensorDesc q = strided({kRows, 64}, 128);
  const TensorDesc k = strided({kRows, 32}, 128);
  const TensorDesc rows = f32({kRows, 8});
  const ir::PagedAttention plain{.attention = spec_, .rope = {}};
  const ir::PagedAttention roped{.attention = spec_, .rope = rope_};
  for (const auto& results :
       {infer(plain, {q, k, k, state_}), infer(roped, {q, k, k, state_, rows})}) {
    ASSERT_EQ(results.size(), 2u);
    EXPECT_EQ(results[0], x_);
    EXPECT_EQ(results[1], state_);
  }
  ir::PagedAttention normed = roped;
  normed.norms = ir::HeadNorms{{head_gain_, 1e-5f}, {head_gain_, 1e-5f}};
  EXPECT_EQ(infer(normed, {q, k, k, state_, rows}).at(0), x_);
  normed.norms->q.gain = gain_;
  refuses(normed, {q, k, k, state_, rows}, "q norm: does not span a head");
  normed.norms = ir::HeadNorms{{head_gain_, 1e-5f}, {w_, 1e-5f}};
  refuses(normed, {q, k, k, state_, rows}, "w is no vector");
  refuses(plain, {q, k, k, state_, rows}, "operands: 5 given, takes 4");
  refuses(roped, {q, k, k, state_}, "operands: 4 given, takes 5");
  refuses(plain, {k, k, k, state_}, "q: is F32[rows, 32] stride 128, wants 4 heads of 16");
  refuses(plain, {q, q, k, state_}, "k: is");
  refuses(plain, {q, k, q, state_}, "v: is");
  refuses(plain, {q, f32({3, 32}), k, state_}, "k: is");
  refuses(plain, {q, k, k, x_}, "kv: is");
  refuses(plain, {q, k, k, TensorDesc::dense(DType::kQ8_0, {2, 2, 16, 16})}, "kv: is Q8_0");
  refuses(roped, {q, k, k, state_, f32({kRows, 16})}, "rope rows");
  ir::PagedAttention bad = plain;
  bad.attention.n_kv_heads = 3;
  refuses(bad, {q, k, k, state_}, "attention: 4 heads are no multiple of 3 KV heads");
  bad.attention.n_kv_heads = 0;
  refuses(bad, {q, k, k, state_}, "attention: has an extent below 1");
  bad = roped;
  bad.rope->head_dim = 32;
  refuses(bad, {q, k, k, state_, rows}, "rope: its heads are not the attention's");
}

TEST_F(Infer, AttentionByParts) {
  const TensorDesc k = f32({kRows, 32});
  gives(ir::KvWrite{spec_}, {k, k, state_}, state_);
  refuses(ir::KvWrite{spec_}, {k, x_, state_}, "v: is");
  refuses(ir::KvWrite{spec_}, {x_, k, state_}, "k: is");
  refuses(ir::KvWrite{spec_}, {k, k, k}, "kv: is");

  const TensorDesc scores = f32({kRows, 4, 48});
  gives(ir::AttentionScores{spec_, 48}, {x_, state_}, scores);
  refuses(ir::AttentionScores{spec_, 0}, {x_, state_}, "columns: 0");
  refuses(ir::AttentionScores{spec_, 48}, {k, state_}, "q: is");
  refuses(ir::AttentionScores{spec_, 48}, {x_, x_}, "kv: is");

  gives(ir::AttentionValues{spec_}, {scores, state_}, x_);
  refuses(ir::AttentionValues{spec_}, {f32({kRows, 3, 48}), state_}, "weights: is");
  refuses(ir::AttentionValues{spec_}, {scores, x_}, "kv: is");
}

TEST_F(Infer, MovingRows) {
  gives(ir::Rows{}, {f32({16, 64}), i32({kRows})}, x_);
  gives(ir::Rows{}, {strided({16, 64}, 80), i32({2})}, f32({2, 64}));
  refuses(ir::Rows{}, {x_, x_}, "rows: is F32");
  refuses(ir::Rows{}, {i32({kRows}), i32({kRows})}, "x: is I32");

  gives(ir::Columns{16, 32}, {x_}, strided({kRows, 32}, 64));
  gives(ir::Columns{0, 64}, {x_}, x_);
  gives(ir::Columns{8, 8}, {strided({kRows, 16}, 64)}, strided({kRows, 8}, 64));
  refuses(ir::Columns{33, 32}, {x_}, "columns 33 to 65 are not within it");
  refuses(ir::Columns{-1, 2}, {x_}, "not within");
  refuses(ir::Columns{0, 0}, {x_}, "not within");
  refuses(ir::Columns{0, 4}, {f32({kRows, 4, 16})}, "x: is");

  gives(ir::SplitHeads{4}, {x_}, f32({kRows, 4, 16}));
  gives(ir::SplitHeads{1}, {f32({kRows, 4, 16})}, x_);
  refuses(ir::SplitHeads{3}, {x_}, "not of 3 parts");
  refuses(ir::SplitHeads{0}, {x_}, "parts: 0");
  refuses(ir::SplitHeads{2}, {f32({kRows, 4, 16})}, "no 2 parts to split");
  refuses(ir::SplitHeads{4}, {strided({kRows, 64}, 80)}, "x: is not dense");
}

}  // namespace
}  // namespace rocmforge::test
