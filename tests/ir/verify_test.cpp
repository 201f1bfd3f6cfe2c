// Graphs that break one rule each, made by hand from a right one.
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "ir/builder.h"
#include "ir/llama_graph.h"
#include "support/property.h"
#include "support/random_graph.h"

namespace rocmforge::test {
namespace {

using ir::Graph;
using ir::Node;
using ir::Slot;
using ir::Value;

void refuses(const Graph& graph, const std::string& message) {
  try {
    ir::verify(graph);
    ADD_FAILURE() << "taken, wanted: " << message << "\n" << ir::print(graph);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInternal);
    EXPECT_EQ(std::string(e.what()), "[ir] graph g: " + message);
  }
}

class Verify : public testing::Test {
 protected:
  std::shared_ptr<ir::WeightTable> table_ = std::make_shared<ir::WeightTable>();
  ir::WeightId embed_ = add_weight(*table_, "embed", 40, 32);
  ir::WeightId w_ = add_weight(*table_, "w", 32, 32);
  ir::AttentionSpec spec_ = {.n_heads = 1, .n_kv_heads = 1, .head_dim = 32, .scale = 1};
  ir::Builder g_{"g", table_,
                 ir::SourceShapes{.rope_dims = 8,
                                  .max_rows = 16,
                                  .dim = 32,
                                  .kv_dtype = DType::kF16,
                                  .n_kv_heads = 1,
                                  .head_dim = 32}};

  // %0 = tokens, %1 = embed, %2 = matmul, %3 = scale, the output.
  Graph right() {
    const Value x = g_.embed(embed_, g_.input(Slot::kTokens));
    g_.output(g_.scale(g_.matmul(w_, x), 2), Slot::kHidden);
    return g_.finish();
  }
  Value x() { return g_.embed(embed_, g_.input(Slot::kTokens)); }
  std::string finish_fails() {
    try {
      g_.finish();
      return "taken";
    } catch (const Error& e) {
      const std::string what = e.what();
      EXPECT_EQ(what.rfind("[ir] graph g: ", 0), 0u) << what;
      return what.substr(std::string("[ir] graph g: ").size());
    }
  }
};

TEST_F(Verify, TakesARightGraphAndItsSpecialisation) {
  const Graph graph = right();
  EXPECT_NO_THROW(ir::verify(graph));
  EXPECT_NO_THROW(ir::verify(ir::specialise(graph, 5)));
}

TEST_F(Verify, Definitions) {
  const Graph graph = right();
  Graph bad = graph;
  bad.weights = nullptr;
  refuses(bad, "has no weights");
  bad = graph;
  std::swap(bad.nodes[2], bad.nodes[3]);
  refuses(bad, "node 2: scale: reads %2 before it is defined");
  bad = graph;
  bad.nodes[2].inputs[0] = {17};
  refuses(bad, "node 2: matmul: reads %17 before it is defined");
  bad = graph;
  bad.nodes[3].outputs[0] = {2};
  refuses(bad, "node 3: scale: defines %2 again");
  bad = graph;
  bad.nodes[3].outputs[0] = {4};
  refuses(bad, "node 3: scale: defines %4, which is no value of the graph");
  bad = graph;
  bad.values[3].producer = 1;
  refuses(bad, "node 3: scale: %3 names node 1 as its producer");
  bad = graph;
  bad.values.push_back(bad.values[3]);
  refuses(bad, "%4 is defined by no node");
  bad = graph;
  bad.values.push_back(bad.values[3]);
  bad.nodes[3].outputs.push_back({4});
  refuses(bad, "node 3: scale: defines 2 values, gives 1");
}

TEST_F(Verify, Shapes) {
  const Graph graph = right();
  Graph bad = graph;
  bad.values[3].desc.shape.set(1, 33);
  refuses(bad, "node 3: scale: %3 is F32[rows, 33] stride 32, by its rule it is F32[rows, 32]");
  bad = graph;
  bad.values[1].desc.row_stride = 40;
  refuses(bad, "node 1: embed: %1 is F32[rows, 32] stride 40, by its rule it is F32[rows, 32]");
  bad = graph;
  bad.nodes[2].inputs[0] = {0};
  refuses(bad, "node 2: matmul: x: is I32[rows], wants F32 of 2 extents");
  bad = graph;
  bad.values[0].desc = TensorDesc::dense(DType::kF32, {kRows});
  refuses(bad, "node 0: input: %0 is F32[rows], by its rule it is I32[rows]");
}

TEST_F(Verify, InputsAgreeOnTheRows) {
  const Value scores = g_.split_heads(x(), 1);
  g_.output(g_.split_heads(g_.mask(scores, g_.input(Slot::kPositions)), 1), Slot::kHidden);
  EXPECT_EQ(finish_fails(), "node 5: split_heads: output hidden: is a view, not dense");

  ir::Builder other("g", table_, {.max_rows = 16, .dim = 32});
  const Value hidden = other.input(Slot::kHidden);
  const Value rows = other.rows(hidden, other.input(Slot::kHeadRows));
  other.output(rows, Slot::kLogits);
  other.input(Slot::kPositions);
  try {
    other.finish();
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "[ir] graph g: node 3: input: rows of the head beside rows of the body");
  }
}

TEST_F(Verify, InputsOfDifferentRows) {
  const Value t = g_.input(Slot::kTokens);
  g_.input(Slot::kPositions);
  g_.output(g_.embed(embed_, t), Slot::kHidden);
  Graph bad = ir::specialise(g_.finish(), 4);
  bad.values[1].desc = TensorDesc::dense(DType::kI32, {5});
  refuses(bad, "node 1: input: its rows are not those of the inputs before it");
}

TEST_F(Verify, StatesAreWrittenOverOnceAndInOrder) {
  const Value q = x();
  const Value first = g_.kv_state(0);
  Value kv = first;
  g_.output(g_.paged_attention(q, q, q, kv, spec_), Slot::kHidden);
  g_.append(ir::AttentionScores{spec_, 16}, {q, kv});  // the new state may be read at will
  g_.append(ir::AttentionScores{spec_, 16}, {q, kv});
  const Graph graph = g_.finish();

  Graph bad = graph;
  bad.nodes[4].inputs[1] = first;
  refuses(bad, "node 4: attention_scores: state %2 was written over before");
  bad = graph;
  bad.nodes[4].inputs[1] = q;
  bad.values[static_cast<std::size_t>(q.id)].desc = graph.desc(first);
  bad.values[static_cast<std::size_t>(q.id)].is_state = false;
  EXPECT_THROW(ir::verify(bad), Error);
  bad = graph;
  bad.values[static_cast<std::size_t>(kv.id)].is_state = false;
  refuses(bad, "node 3: paged_attention: %4 is not marked as a state");
  bad = graph;
  bad.values[static_cast<std::size_t>(q.id)].is_state = true;
  refuses(bad, "node 1: embed: %1 is marked as a state");
  bad = graph;
  bad.values[static_cast<std::size_t>(kv.id)].tap = "kv";
  refuses(bad, "node 3: paged_attention: a state is tapped as kv");
  bad = graph;
  bad.outputs[0].value = kv;
  refuses(bad, "node 3: paged_attention: output hidden: is a state");
}

TEST_F(Verify, AStateIsReadAsAStateOnly) {
  ir::Builder g("g", table_, {.kv_dtype = DType::kF32, .n_kv_heads = 1, .head_dim = 32});
  const Value sum = g.scale(g.kv_state(0), 2);
  EXPECT_EQ(sum.id, 1);
  try {
    g.finish();
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "[ir] graph g: node 1: scale: %0 is a state");
  }
}

TEST_F(Verify, ALayerHasOneState) {
  g_.kv_state(1);
  g_.kv_state(1);
  EXPECT_EQ(finish_fails(), "node 1: kv_state: layer 1 has a state already");
}

TEST_F(Verify, Taps) {
  Graph bad = right();
  bad.values[1].tap = bad.values[2].tap = "twice";
  refuses(bad, "node 2: matmul: a second tap is named twice");
}

TEST_F(Verify, Outputs) {
  const Graph graph = right();
  Graph bad = graph;
  bad.outputs[0].value = {9};
  refuses(bad, "output hidden: is no value of the graph");
  bad = graph;
  bad.outputs[0].slot = Slot::kTokens;
  refuses(bad, "node 3: scale: output tokens: is an input");
  bad = graph;
  bad.outputs.push_back({Value{2}, Slot::kHidden});
  refuses(bad, "node 2: matmul: output hidden: is written twice");
  bad = graph;
  bad.outputs.push_back({Value{3}, Slot::kLogits});
  refuses(bad, "node 3: scale: output logits: its value is an output already");
  bad = graph;
  bad.outputs[0].value = {0};
  refuses(bad, "node 0: input: output hidden: is an input of the graph");
}

TEST_F(Verify, OutputsAreDenseRows) {
  g_.output(g_.columns(x(), 0, 16), Slot::kHidden);
  EXPECT_EQ(finish_fails(), "node 2: columns: output hidden: is a view, not dense");
}

TEST_F(Verify, SampledIsAnIntegerARow) {
  const Value logits = g_.input(Slot::kHidden);
  const Value y = g_.rows(logits, g_.input(Slot::kHeadRows));
  g_.output(y, Slot::kSampled);
  EXPECT_EQ(finish_fails(), "node 2: rows: output sampled: is F32[rows, 32], wants an I32 a row");
}

TEST_F(Verify, OutputsHaveTwoExtents) {
  g_.output(g_.copy(g_.split_heads(x(), 2)), Slot::kHidden);
  EXPECT_EQ(finish_fails(), "node 3: copy: output hidden: is F32[rows, 2, 16], wants F32 rows");
}

TEST_F(Verify, HiddenIsReadOrWritten) {
  const Value hidden = g_.input(Slot::kHidden);
  g_.output(g_.rows(hidden, g_.input(Slot::kHeadRows)), Slot::kHidden);
  EXPECT_EQ(finish_fails(), "node 0: input: output hidden: is an input as well");
}

TEST_F(Verify, AnAccumulatorIsNotReadAgain) {
  const Value a = x();
  const Value b = g_.scale(a, 2);
  g_.accumulate(b, a);
  g_.output(g_.copy(b), Slot::kHidden);
  EXPECT_EQ(finish_fails(), "node 4: copy: reads %2 after it was written over");
}

TEST_F(Verify, NorThroughAView) {
  const Value a = x();
  const Value b = g_.scale(a, 2);
  const Value view = g_.columns(b, 0, 16);
  g_.accumulate(b, a);
  g_.output(g_.copy(view), Slot::kHidden);
  EXPECT_EQ(finish_fails(), "node 5: copy: reads %3 after it was written over");
}

TEST_F(Verify, NorAfterTheRun) {
  const Value a = x();
  const Value b = g_.scale(a, 2);
  const Value view = g_.columns(b, 0, 16);
  g_.tap(view, "view");
  g_.accumulate(b, a);
  EXPECT_EQ(finish_fails(), "node 3: columns: %3 is read after the run, but was written over");
}

TEST_F(Verify, OutputsAreNotWrittenOver) {
  const Value a = x();
  const Value b = g_.scale(a, 2);
  g_.accumulate(b, a);
  g_.output(b, Slot::kHidden);
  EXPECT_EQ(finish_fails(), "node 2: scale: %2 is read after the run, but was written over");
}

TEST_F(Verify, ViewsAndInputsAreNotWrittenOver) {
  const Value a = x();
  g_.accumulate(g_.columns(g_.copy(a), 0, 32), a);
  EXPECT_EQ(finish_fails(), "node 4: accumulate: writes over %3, which is no value of its own");
  ir::Builder other("g", table_, {.rope_dims = 32});
  const Value rows = other.input(Slot::kRopeRows);
  other.accumulate(rows, rows);
  EXPECT_THROW(other.finish(), Error);
}

TEST_F(Verify, AnAccumulatorIsNotAddedToItself) {
  const Value a = g_.copy(x());
  g_.accumulate(a, g_.columns(a, 0, 32));
  EXPECT_EQ(finish_fails(), "node 4: accumulate: adds the accumulator to itself");
}

TEST_F(Verify, BuilderRefusesForeignValuesAndSecondTaps) {
  EXPECT_THROW(g_.scale(Value{5}, 1), Error);
  const Value a = x();
  g_.tap(a, "a");
  EXPECT_THROW(g_.tap(a, "b"), Error);
  EXPECT_THROW(g_.tap(g_.copy(a), ""), Error);
  g_.finish();
  EXPECT_THROW(g_.input(Slot::kTokens), Error);
}

TEST_F(Verify, BuilderGivesAnInputOnce) {
  EXPECT_EQ(g_.input(Slot::kTokens), g_.input(Slot::kTokens));
  EXPECT_NE(g_.input(Slot::kTokens), g_.input(Slot::kPositions));
}

TEST(Specialise, ReplacesTheRowsAndNothingElse) {
  const Graph graph = SmallLlama{}.body();
  const Graph eight = ir::specialise(graph, 8);
  EXPECT_EQ(eight.weights, graph.weights);  // shared
  EXPECT_EQ(eight.name, graph.name);
  ASSERT_EQ(eight.values.size(), graph.values.size());
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    EXPECT_FALSE(eight.values[i].desc.shape.is_symbolic());
    EXPECT_EQ(eight.values[i].desc.shape, graph.values[i].desc.shape.with_rows(8));
    EXPECT_EQ(eight.values[i].desc.is_dense(), graph.values[i].desc.is_dense());
  }
  EXPECT_THROW(ir::specialise(graph, 0), Error);
}

TEST(Specialise, OfTheHeadLeavesTheBodysRows) {
  const Graph head = ir::specialise(SmallLlama{}.head(), 4);
  EXPECT_EQ(to_string(head.values[0].desc), "F32[512, 64]");
  EXPECT_EQ(to_string(head.values[1].desc), "I32[4]");
  EXPECT_EQ(to_string(head.desc(head.outputs[0].value)), "F32[4, 320]");
}

// The generator of the other properties makes what it says: graphs that verify, of every op.
RC_GTEST_PROP(RandomGraph, IsRight, (const std::vector<std::uint32_t>& numbers)) {
  Choices choices(numbers);
  const RandomGraph random = random_graph(choices);
  ir::verify(random.graph);
  ir::verify(ir::specialise(random.graph, 3));
  RC_ASSERT(random.graph.outputs.size() <= 2u);
}

TEST(RandomGraph, HasEveryOp) {
  std::set<std::size_t> seen;
  std::uint32_t state = 1;
  for (int i = 0; i < 300; ++i) {
    std::vector<std::uint32_t> numbers(200);
    for (std::uint32_t& n : numbers) n = (state = state * 1664525u + 1013904223u) >> 8;
    Choices choices(numbers);
    for (const Node& node : random_graph(choices).graph.nodes) seen.insert(node.op.index());
  }
  EXPECT_EQ(seen.size(), std::variant_size_v<ir::Op>);
}

}  // namespace
}  // namespace rocmforge::test
