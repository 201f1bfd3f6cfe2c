// What each pass joins, and what it must leave.
#include "ir/passes/passes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ir/builder.h"
#include "ir/llama_graph.h"
#include "ir/text.h"
#include "support/property.h"
#include "support/random_graph.h"

namespace rocmforge::test {
namespace {

using ir::Epilogue;
using ir::Graph;
using ir::Node;
using ir::Slot;
using ir::Value;

template <class T>
std::vector<T> all(const Graph& graph) {
  std::vector<T> found;
  for (const Node& node : graph.nodes) {
    if (const auto* op = std::get_if<T>(&node.op)) found.push_back(*op);
  }
  return found;
}
template <class T>
std::size_t count(const Graph& graph) {
  return all<T>(graph).size();
}
std::size_t count_epilogues(const Graph& graph, Epilogue epilogue) {
  const auto ops = all<ir::MatMul>(graph);
  return static_cast<std::size_t>(
      std::count_if(ops.begin(), ops.end(), [&](const auto& m) { return m.epilogue == epilogue; }));
}
std::size_t count_norms(const Graph& graph) {
  const auto ops = all<ir::MatMul>(graph);
  return static_cast<std::size_t>(
      std::count_if(ops.begin(), ops.end(), [](const auto& m) { return m.norm.has_value(); }));
}

class Passes : public testing::Test {
 protected:
  std::shared_ptr<ir::WeightTable> table_ = std::make_shared<ir::WeightTable>();
  ir::WeightId embed_ = add_weight(*table_, "embed", 40, 64);
  ir::WeightId gain_ = add_gain(*table_, "gain", 64);
  ir::AttentionSpec spec_ = {.n_heads = 2, .n_kv_heads = 2, .head_dim = 32, .scale = 0.5f};
  ir::RopeSpec rope_ = {.head_dim = 32, .n_rot = 8};
  ir::Builder g_{"g", table_,
                 ir::SourceShapes{.rope_dims = 8,
                                  .max_rows = 16,
                                  .dim = 64,
                                  .kv_dtype = DType::kF16,
                                  .n_kv_heads = 2,
                                  .head_dim = 32}};
  Value x_ = g_.embed(embed_, g_.input(Slot::kTokens));

  Value matmul(Value x, std::int64_t rows) {
    const std::string name = ir::text("w", table_->size());
    return g_.matmul(add_weight(*table_, name, rows, g_.desc(x).shape[1]), x);
  }
  Value norm(Value x) { return g_.rms_norm(x, gain_, 1e-5f); }
  Graph fused(Value output) {
    g_.output(output, Slot::kHidden);
    return ir::fuse(g_.finish());
  }
};

// ---- edits, candidates and log-sum-exp into the choice

TEST_F(Passes, ASampleTakesItsChainIn) {
  const Value logits = matmul(x_, 40);
  g_.output(g_.sample(logits), Slot::kSampled);
  const Graph graph = ir::fuse(g_.finish());
  ASSERT_EQ(count<ir::Sample>(graph), 1u);
  EXPECT_TRUE(all<ir::Sample>(graph)[0].fused);
  EXPECT_EQ(count<ir::EditLogits>(graph) + count<ir::TopK>(graph) + count<ir::LogSumExp>(graph),
            0u);
}

TEST_F(Passes, ASampleLeavesWhatOthersRead) {
  const Value logits = matmul(x_, 40);
  const Value edited = g_.append(ir::EditLogits{}, {logits})[0];
  const auto top = g_.append(ir::TopK{}, {edited});
  const Value sum = g_.append(ir::LogSumExp{}, {edited})[0];
  g_.output(g_.append(ir::Sample{}, {edited, top[0], top[1], sum})[0], Slot::kSampled);
  const Graph plain = g_.finish();
  for (const Value v : {edited, top[0], top[1], sum}) {
    Graph tapped = plain;
    tapped.values[static_cast<std::size_t>(v.id)].tap = "kept";
    EXPECT_FALSE(all<ir::Sample>(ir::fuse(tapped))[0].fused);
  }
  EXPECT_TRUE(all<ir::Sample>(ir::fuse(plain))[0].fused);
}

TEST_F(Passes, AShortListOfCandidatesIsNotTakenIn) {
  const Value edited = g_.append(ir::EditLogits{}, {matmul(x_, 40)})[0];
  const auto top = g_.append(ir::TopK{8}, {edited});
  const Value sum = g_.append(ir::LogSumExp{}, {edited})[0];
  g_.output(g_.append(ir::Sample{}, {edited, top[0], top[1], sum})[0], Slot::kSampled);
  EXPECT_FALSE(all<ir::Sample>(ir::fuse(g_.finish()))[0].fused);
}

// ---- norm into matmul

TEST_F(Passes, NormGoesIntoItsMatmul) {
  const Graph graph = fused(matmul(norm(x_), 64));
  EXPECT_EQ(count<ir::RmsNorm>(graph), 0u);
  ASSERT_EQ(count_norms(graph), 1u);
  EXPECT_EQ(all<ir::MatMul>(graph).at(0).norm, (ir::NormSpec{gain_, 1e-5f}));
}

TEST_F(Passes, NormOfTwoReadersStays) {
  const Value h = norm(x_);
  const Graph graph = fused(g_.add(matmul(h, 64), matmul(h, 64)));
  EXPECT_EQ(count<ir::RmsNorm>(graph), 1u);
  EXPECT_EQ(count_norms(graph), 0u);
}

TEST_F(Passes, TappedNormStays) {
  const Value h = norm(x_);
  g_.tap(h, "h");
  EXPECT_EQ(count<ir::RmsNorm>(fused(matmul(h, 64))), 1u);
}

TEST_F(Passes, NormThatIsAnOutputStays) {
  const Value h = norm(x_);
  g_.tap(matmul(h, 64), "y");
  EXPECT_EQ(count<ir::RmsNorm>(fused(h)), 1u);
}

TEST_F(Passes, NormOfHeadsStays) {
  const Value h = g_.rms_norm(x_, add_gain(*table_, "half", 32), 1e-5f);
  EXPECT_EQ(count<ir::RmsNorm>(fused(matmul(h, 64))), 1u);
}

TEST_F(Passes, NormAsResidualStays) {
  const Value h = norm(x_);
  const Graph graph = fused(g_.add(h, matmul(g_.scale(x_, 2), 64)));
  EXPECT_EQ(count<ir::RmsNorm>(graph), 1u);
  EXPECT_EQ(count_epilogues(graph, Epilogue::kAdd), 1u);
}

// Fused, the norm would read its row after it was written over.
TEST_F(Passes, NormOfARowWrittenOverStays) {
  const Value a = g_.scale(x_, 2);
  const Value h = norm(a);
  const Value sum = g_.accumulate(a, x_);
  const Graph graph = fused(g_.add(sum, g_.scale(matmul(h, 64), 2)));
  EXPECT_EQ(count<ir::RmsNorm>(graph), 1u);
}

TEST_F(Passes, NormBesideAnotherRowWrittenOverGoes) {
  const Value h = norm(x_);
  const Value a = g_.scale(x_, 2);
  const Value sum = g_.accumulate(a, x_);
  const Graph graph = fused(g_.add(sum, g_.scale(matmul(h, 64), 2)));
  EXPECT_EQ(count<ir::RmsNorm>(graph), 0u);
}

// ---- SwiGLU

TEST_F(Passes, SwiGluGoesIntoItsMatmul) {
  const Graph graph = fused(g_.swiglu(matmul(norm(x_), 128)));
  EXPECT_EQ(count<ir::SwiGlu>(graph), 0u);
  EXPECT_EQ(count_epilogues(graph, Epilogue::kSwiGlu), 1u);
  EXPECT_EQ(count_norms(graph), 1u);
  EXPECT_EQ(graph.desc(graph.outputs[0].value).shape[1], 64);
}

TEST_F(Passes, SwiGluOfAReadOrTappedMatmulStays) {
  const Value y = matmul(x_, 128);
  const Value t = matmul(x_, 128);
  g_.tap(t, "t");
  const Value s = g_.add(g_.swiglu(y), g_.swiglu(t));
  const Graph graph = fused(g_.add(s, g_.columns(y, 0, 64)));
  EXPECT_EQ(count<ir::SwiGlu>(graph), 2u);
}

TEST_F(Passes, SwiGluOfAnotherOpStays) {
  EXPECT_EQ(count<ir::SwiGlu>(fused(g_.swiglu(g_.add(x_, matmul(x_, 64))))), 1u);
}

TEST_F(Passes, TheFusedMatmulTakesOverTheTap) {
  const Value y = g_.swiglu(matmul(x_, 128));
  g_.tap(y, "y");
  const Graph graph = fused(g_.scale(y, 2));
  ASSERT_EQ(count_epilogues(graph, Epilogue::kSwiGlu), 1u);
  EXPECT_NE(ir::print(graph).find("swiglu : F32[rows, 64] tap y"), std::string::npos);
}

// ---- residual

TEST_F(Passes, ResidualGoesIntoItsMatmulInEitherOrder) {
  const Value y = g_.add(x_, matmul(g_.scale(x_, 2), 64));
  const Value z = g_.add(matmul(g_.scale(y, 2), 64), y);
  const Graph graph = fused(z);
  EXPECT_EQ(count<ir::Add>(graph), 0u);
  EXPECT_EQ(count_epilogues(graph, Epilogue::kAdd), 2u);
}

TEST_F(Passes, ASumOfTwoMatmulsTakesTheLaterOne) {
  const Value a = matmul(x_, 64);
  const Value b = matmul(g_.scale(x_, 2), 64);
  const Graph graph = fused(g_.add(b, a));
  EXPECT_EQ(count<ir::Add>(graph), 0u);
  EXPECT_EQ(count_epilogues(graph, Epilogue::kAdd), 1u);
  EXPECT_EQ(count_epilogues(graph, Epilogue::kNone), 1u);
}

TEST_F(Passes, AResidualDefinedLaterStays) {
  const Value y = matmul(x_, 64);
  const Value r = g_.scale(x_, 2);
  EXPECT_EQ(count<ir::Add>(fused(g_.add(r, y))), 1u);
}

TEST_F(Passes, AMatmulReadByOthersKeepsItsAdd) {
  const Value y = matmul(x_, 64);
  EXPECT_EQ(count<ir::Add>(fused(g_.add(g_.add(x_, y), y))), 2u);
}

TEST_F(Passes, AMatmulAddedToItselfKeepsItsAdd) {
  const Value y = matmul(x_, 64);
  EXPECT_EQ(count<ir::Add>(fused(g_.add(y, y))), 1u);
}

TEST_F(Passes, ATappedMatmulKeepsItsAdd) {
  const Value y = matmul(x_, 64);
  g_.tap(y, "y");
  EXPECT_EQ(count<ir::Add>(fused(g_.add(x_, y))), 1u);
}

TEST_F(Passes, AMatmulWithSwiGluKeepsItsAdd) {
  EXPECT_EQ(count<ir::Add>(fused(g_.add(x_, g_.swiglu(matmul(x_, 128))))), 1u);
}

// ---- rope

TEST_F(Passes, RopeGoesIntoItsAttention) {
  Value kv = g_.kv_state(0);
  const Value rows = g_.input(Slot::kRopeRows);
  const auto [q, k, v] = g_.split(matmul(x_, 192), 64, 64, 64);
  const Value a =
      g_.paged_attention(g_.rope(q, rows, rope_), g_.rope(k, rows, rope_), v, kv, spec_);
  const Graph graph = fused(a);
  EXPECT_EQ(count<ir::Rope>(graph), 0u);
  ASSERT_EQ(count<ir::PagedAttention>(graph), 1u);
  EXPECT_EQ(all<ir::PagedAttention>(graph).at(0).rope, rope_);
  EXPECT_EQ(count<ir::Columns>(graph), 3u);
}

// ---- norms of single heads

TEST_F(Passes, HeadNormsGoIntoTheirAttention) {
  for (const bool with_rope : {false, true}) {
    Value kv = g_.kv_state(with_rope ? 1 : 0);
    const Value rows = g_.input(Slot::kRopeRows);
    const ir::WeightId q_gain = add_gain(*table_, "q_norm", 32),
                       k_gain = add_gain(*table_, "k_norm", 32);
    auto [q, k, v] = g_.split(matmul(x_, 192), 64, 64, 64);
    q = g_.rms_norm(q, q_gain, 1e-5f);
    k = g_.rms_norm(k, k_gain, 1e-6f);
    if (with_rope) {
      q = g_.rope(q, rows, rope_);
      k = g_.rope(k, rows, rope_);
    }
    g_.tap(g_.paged_attention(q, k, v, kv, spec_), with_rope ? "rotated" : "plain");
  }
  const Graph graph = fused(x_);
  EXPECT_EQ(count<ir::RmsNorm>(graph), 0u);
  EXPECT_EQ(count<ir::Rope>(graph), 0u);
  ASSERT_EQ(count<ir::PagedAttention>(graph), 2u);
  for (const ir::PagedAttention& op : all<ir::PagedAttention>(graph)) {
    ASSERT_TRUE(op.norms);
    EXPECT_EQ(graph.weights->at(op.norms->q.gain).name, "q_norm");
    EXPECT_EQ(graph.weights->at(op.norms->k.gain).name, "k_norm");
    EXPECT_EQ(op.norms->q.eps, 1e-5f);
    EXPECT_EQ(op.norms->k.eps, 1e-6f);
  }
  // The plain form has them again.
  EXPECT_EQ(count<ir::RmsNorm>(ir::expand_attention(graph, 48)), 4u);
}

TEST_F(Passes, NormsOfOtherThanHeadsStay) {
  const ir::WeightId half = add_gain(*table_, "half", 16), head = add_gain(*table_, "head", 32);
  Value kv = g_.kv_state(0);
  const auto normed = [&](ir::WeightId gain) { return g_.rms_norm(x_, gain, 1e-5f); };
  g_.tap(g_.paged_attention(normed(half), normed(half), x_, kv, spec_), "half a head");
  g_.tap(g_.paged_attention(normed(head), x_, x_, kv, spec_), "queries alone");
  g_.tap(g_.paged_attention(x_, normed(head), x_, kv, spec_), "keys alone");
  const Value shared = normed(head);
  g_.tap(g_.paged_attention(shared, shared, x_, kv, spec_), "one norm");
  const Value tapped = normed(head);
  g_.tap(tapped, "norm");
  g_.tap(g_.paged_attention(normed(head), tapped, x_, kv, spec_), "tapped");
  const Value a = g_.scale(x_, 2);
  const Value q = g_.rms_norm(g_.columns(a, 0, 64), head, 1e-5f), k = normed(head);
  const Value sum = g_.accumulate(a, x_);
  g_.tap(g_.paged_attention(q, k, x_, kv, spec_), "written over");
  EXPECT_EQ(count<ir::RmsNorm>(fused(sum)), 9u);
}

// ---- rope, where it stays

TEST_F(Passes, RopesThatDifferStay) {
  Value kv = g_.kv_state(0);
  const Value rows = g_.input(Slot::kRopeRows);
  ir::RopeSpec other = rope_;
  other.kind = ir::RopeKind::kNeox;
  const Value a =
      g_.paged_attention(g_.rope(x_, rows, rope_), g_.rope(x_, rows, other), x_, kv, spec_);
  EXPECT_EQ(count<ir::Rope>(fused(a)), 2u);
}

TEST_F(Passes, RopeOfOneSideStays) {
  Value kv = g_.kv_state(0);
  const Value rows = g_.input(Slot::kRopeRows);
  const Value a = g_.paged_attention(g_.rope(x_, rows, rope_), x_, x_, kv, spec_);
  EXPECT_EQ(count<ir::Rope>(fused(a)), 1u);
}

TEST_F(Passes, RopeReadTwiceStays) {
  Value kv = g_.kv_state(0);
  const Value rows = g_.input(Slot::kRopeRows);
  const Value q = g_.rope(x_, rows, rope_);
  const Value k = g_.rope(x_, rows, rope_);
  const Value a = g_.paged_attention(q, k, k, kv, spec_);
  EXPECT_EQ(count<ir::Rope>(fused(a)), 2u);
}

TEST_F(Passes, TappedRopeStays) {
  Value kv = g_.kv_state(0);
  const Value rows = g_.input(Slot::kRopeRows);
  const Value q = g_.rope(x_, rows, rope_);
  g_.tap(q, "q");
  const Value a = g_.paged_attention(q, g_.rope(x_, rows, rope_), x_, kv, spec_);
  EXPECT_EQ(count<ir::Rope>(fused(a)), 2u);
}

TEST_F(Passes, RopeOfARowWrittenOverStays) {
  Value kv = g_.kv_state(0);
  const Value rows = g_.input(Slot::kRopeRows);
  const Value a = g_.scale(x_, 2);
  const Value q = g_.rope(g_.columns(a, 0, 64), rows, rope_);
  const Value k = g_.rope(x_, rows, rope_);
  const Value sum = g_.accumulate(a, x_);
  const Value y = g_.paged_attention(q, k, x_, kv, spec_);
  EXPECT_EQ(count<ir::Rope>(fused(g_.add(sum, y))), 2u);
}

TEST_F(Passes, RopeOfOtherHeadsStays) {
  Value kv = g_.kv_state(0);
  const Value rows = g_.input(Slot::kRopeRows);
  ir::RopeSpec small = rope_;
  small.head_dim = 16;
  const Value a =
      g_.paged_attention(g_.rope(x_, rows, small), g_.rope(x_, rows, small), x_, kv, spec_);
  EXPECT_EQ(count<ir::Rope>(fused(a)), 2u);
}

// ---- expand_attention, remove_dead

TEST_F(Passes, ExpandedAttentionHasNoPagedOneLeft) {
  Value kv = g_.kv_state(0);
  const Value a = g_.paged_attention(x_, x_, x_, kv, spec_);
  g_.output(g_.paged_attention(a, x_, x_, kv, spec_), Slot::kHidden);
  const Graph graph = ir::expand_attention(g_.finish(), 48);
  EXPECT_EQ(count<ir::PagedAttention>(graph), 0u);
  EXPECT_EQ(count<ir::KvWrite>(graph), 2u);
  EXPECT_EQ(count<ir::AttentionValues>(graph), 2u);
  ASSERT_EQ(count<ir::AttentionScores>(graph), 2u);
  EXPECT_EQ(all<ir::AttentionScores>(graph).at(1).columns, 48);
  EXPECT_EQ(all<ir::Scale>(graph).at(0).factor, 0.5f);
  EXPECT_EQ(count<ir::Input>(graph), 2u);  // tokens, and now positions
}

TEST_F(Passes, ExpandingKeepsAnInputOfPositions) {
  Value kv = g_.kv_state(0);
  const Value s = g_.append(ir::AttentionScores{spec_, 48}, {x_, kv})[0];
  g_.tap(g_.mask(s, g_.input(Slot::kPositions)), "masked");
  g_.output(g_.paged_attention(x_, x_, x_, kv, spec_), Slot::kHidden);
  const Graph graph = ir::expand_attention(ir::specialise(g_.finish(), 5), 48);
  EXPECT_EQ(count<ir::Input>(graph), 2u);
  EXPECT_EQ(count<ir::Mask>(graph), 2u);
}

TEST_F(Passes, WhatHasNoAttentionIsLeft) {
  g_.output(g_.scale(x_, 2), Slot::kHidden);
  const Graph graph = g_.finish();
  EXPECT_EQ(ir::print(ir::expand_attention(graph, 48)), ir::print(graph));
}

TEST_F(Passes, DeadNodesGoAndStatesAndTapsStay) {
  Value kv = g_.kv_state(0);
  g_.kv_state(1);                                       // dead
  g_.paged_attention(x_, x_, x_, kv, spec_);            // its state is read by the next step
  g_.append(ir::AttentionScores{spec_, 16}, {x_, kv});  // dead
  g_.softmax(g_.scale(x_, 3));                          // dead, both
  g_.tap(g_.copy(x_), "kept");
  g_.output(g_.swiglu(matmul(x_, 128)), Slot::kHidden);
  const Graph graph = ir::remove_dead(g_.finish());
  EXPECT_EQ(count<ir::KvState>(graph), 1u);
  EXPECT_EQ(count<ir::PagedAttention>(graph), 1u);
  EXPECT_EQ(count<ir::AttentionScores>(graph), 0u);
  EXPECT_EQ(count<ir::Softmax>(graph), 0u);
  EXPECT_EQ(count<ir::Scale>(graph), 0u);
  EXPECT_EQ(count<ir::Copy>(graph), 1u);
  EXPECT_EQ(graph.nodes.size(), 7u);
}

// ---- of random graphs

// The properties below and those that run the graphs say something only if the generator makes
// what each fusion looks for, and what it must leave.
TEST(PassesOfRandomGraphs, MeetEveryFusionAndItsNearMisses) {
  const auto head_norms = [](const Graph& graph) {
    const auto ops = all<ir::PagedAttention>(graph);
    return std::count_if(ops.begin(), ops.end(), [](const auto& op) { return op.norms; });
  };
  std::ptrdiff_t joined_norms = 0;
  std::size_t norms = 0, swiglus = 0, adds = 0, ropes = 0;
  std::size_t left_norms = 0, left_swiglus = 0, left_adds = 0, left_ropes = 0;
  std::uint32_t state = 1;
  for (int i = 0; i < 300; ++i) {
    std::vector<std::uint32_t> numbers(200);
    for (std::uint32_t& n : numbers) n = (state = state * 1664525u + 1013904223u) >> 8;
    Choices choices(numbers);
    const Graph plain = random_graph(choices).graph;
    const Graph fused = ir::fuse(plain);
    norms += count<ir::RmsNorm>(plain) - count<ir::RmsNorm>(fused);
    swiglus += count<ir::SwiGlu>(plain) - count<ir::SwiGlu>(fused);
    adds += count<ir::Add>(plain) - count<ir::Add>(fused);
    joined_norms += head_norms(fused) - head_norms(plain);
    ropes += count<ir::Rope>(plain) - count<ir::Rope>(fused);
    left_norms += count<ir::RmsNorm>(fused);
    left_swiglus += count<ir::SwiGlu>(fused);
    left_adds += count<ir::Add>(fused);
    left_ropes += count<ir::Rope>(fused);
  }
  for (const std::size_t n :
       {norms, swiglus, adds, ropes, left_norms, left_swiglus, left_adds, left_ropes}) {
    EXPECT_GT(n, 30u);
  }
  EXPECT_GT(joined_norms, 10);
}

std::vector<std::string> taps(const Graph& graph) {
  std::vector<std::string> names;
  for (const ir::ValueInfo& value : graph.values) {
    if (!value.tap.empty()) names.push_back(value.tap + " " + to_string(value.desc.shape));
  }
  std::sort(names.begin(), names.end());
  return names;
}

RC_GTEST_PROP(PassesOfRandomGraphs, KeepTapsAndOutputsAndAreDoneAtOnce,
              (const std::vector<std::uint32_t>& numbers)) {
  Choices choices(numbers);
  const RandomGraph random = random_graph(choices);
  const Graph fused = ir::fuse(random.graph);
  const Graph expanded = ir::expand_attention(random.graph, random.context);
  const Graph alive = ir::remove_dead(random.graph);
  for (const Graph& graph : {fused, expanded, alive}) {
    ir::verify(graph);
    RC_ASSERT(taps(graph) == taps(random.graph));
    RC_ASSERT(graph.outputs.size() == random.graph.outputs.size());
    RC_ASSERT(graph.desc(graph.outputs[0].value) ==
              random.graph.desc(random.graph.outputs[0].value));
  }
  RC_ASSERT(ir::n_dispatches(fused) <= ir::n_dispatches(random.graph));
  RC_ASSERT(count<ir::PagedAttention>(expanded) == 0u);
  RC_ASSERT(ir::print(ir::remove_dead(alive)) == ir::print(alive));
  // Passes do not care whether the rows are known.
  RC_ASSERT(ir::print(ir::fuse(ir::specialise(random.graph, 3))) ==
            ir::print(ir::specialise(fused, 3)));
}

}  // namespace
}  // namespace rocmforge::test
