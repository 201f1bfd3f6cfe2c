// The CPU's executor: what it counts, what it leaves alone, what it refuses.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "backend/cpu/device.h"
#include "base/error.h"
#include "op/harness.h"
#include "op/maker.h"

namespace rocmforge {
namespace {

using optest::Maker;
using optest::Problem;
using optest::Session;

class CpuExecutor : public testing::Test {
 protected:
  Counters counters_;
  std::unique_ptr<backend::Device> device_ = cpu::make_device({.n_threads = 3}, counters_);

  // The message of the error that making or running it throws; empty when there is none.
  std::string error_of(const Problem& p, ErrorCode code) {
    try {
      Session(p, *device_).run();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      return e.what();
    }
    return "";
  }
};

Problem two_ops(std::int64_t bucket = 0) {
  Maker m("two_ops", 3);
  m.bucket(bucket);
  return m.finish(m.g().scale(m.data(100), 2));
}

TEST_F(CpuExecutor, CountsBodyRuns) {
  const Problem p = two_ops(8);
  Session session(p, *device_);
  const CounterValues made = counters_.read();
  EXPECT_EQ(made.weight_binds, 1U);
  EXPECT_EQ(made.graph_builds, 1U);
  EXPECT_EQ(made.device_allocations, 1U);
  EXPECT_EQ(made.dispatches, 0U);
  session.run();
  session.run();
  CounterValues want;
  want.steps = 2;
  want.rows = 6;
  want.dispatches = 4;  // embed and scale; the input launches nothing
  EXPECT_EQ(counters_.read() - made, want);
}

TEST_F(CpuExecutor, CountsHeadRunsApart) {
  Maker m("head");
  m.head(16, 5, {4, 1});
  const ir::Value rows =
      m.g().rows(m.g().input(ir::Slot::kHidden), m.g().input(ir::Slot::kHeadRows));
  const Problem p = m.finish(rows);
  Session session(p, *device_);
  const CounterValues made = counters_.read();
  session.run();
  CounterValues want;
  want.head_runs = 1;
  want.dispatches = 1;
  EXPECT_EQ(counters_.read() - made, want);
}

struct PastCase {
  std::int32_t n_rows, bucket;
  std::int64_t cols;
};

class RowsPastTheStep : public CpuExecutor, public testing::WithParamInterface<PastCase> {};

// Where the bucket is larger than the step, the other rows of every result keep what they had,
// whether one thread worked or several.
TEST_P(RowsPastTheStep, StayAsTheyWere) {
  const auto [n_rows, bucket, cols] = GetParam();
  Maker m("past", n_rows);
  m.bucket(bucket);
  const ir::Value x = m.data(cols);
  const ir::Value projected = m.g().matmul(m.weight(cols, {{DType::kF16, 96}}), x);
  const ir::Value y = m.g().swiglu(projected);
  m.g().tap(x, "x");
  m.g().tap(projected, "projected");
  const Problem p = m.finish(y);
  Session session(p, *device_);
  session.reset(1);  // products of NaN would be the same NaN
  const std::vector<std::byte> before = session.arena();
  session.run();
  const std::vector<std::byte> after = session.arena();
  int n_taps = 0;
  for (std::size_t i = 0; i < session.graph().values.size(); ++i) {
    if (session.graph().values[i].tap.empty()) continue;
    ++n_taps;
    const std::int64_t at = session.plan().values[i].offset;
    const std::int64_t row_bytes = session.graph().values[i].desc.row_stride * 4;
    const auto differs = [&](std::int64_t from, std::int64_t to) {
      const std::int64_t begin = at + from * row_bytes;
      return std::memcmp(before.data() + begin, after.data() + begin,
                         static_cast<std::size_t>((to - from) * row_bytes)) != 0;
    };
    EXPECT_TRUE(differs(n_rows - 1, n_rows)) << session.graph().values[i].tap;
    EXPECT_FALSE(differs(n_rows, bucket)) << session.graph().values[i].tap;
  }
  EXPECT_EQ(n_taps, 3);
}

INSTANTIATE_TEST_SUITE_P(Sizes, RowsPastTheStep,
                         testing::Values(PastCase{3, 8, 40}, PastCase{301, 320, 70},
                                         PastCase{67, 128, 3000}));

TEST_F(CpuExecutor, AStepOfNoRowsDoesNothing) {
  Problem p = two_ops(4);
  p.n_rows = 0;
  p.tokens.clear();
  p.positions.clear();
  Session session(p, *device_);
  const std::vector<std::byte> before = session.arena();
  session.run();
  EXPECT_EQ(std::memcmp(before.data(), session.arena().data(), before.size()), 0);
}

TEST_F(CpuExecutor, RefusesWhatIsNotBound) {
  Problem p = two_ops();
  p.weights[0].segments[0].rows.pop_back();
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("w0"), std::string::npos);
  p = two_ops();
  p.weights[0].segments[0].bias.push_back(1);
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("bias"), std::string::npos);
  p = two_ops();
  p.weights[0].segments.clear();
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("segments"), std::string::npos);
  p = two_ops();
  p.weights.clear();
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("not bound"), std::string::npos);
}

TEST_F(CpuExecutor, RefusesIntegerWeightsByName) {
  auto table = std::make_shared<ir::WeightTable>();
  const ir::WeightId w = table->add(
      {.name = "blk.0.odd", .cols = 4, .segments = {{"blk.0.odd.weight", DType::kI32, 2, ""}}});
  ir::Builder g("odd", table, {.rope_dims = 4});
  g.tap(g.matmul(w, g.input(ir::Slot::kRopeRows)), "y");
  Problem p;
  p.table = table;
  p.weights = {{w, {{std::vector<std::byte>(32), {}}}}};
  p.graph = g.finish();
  p.bucket = p.n_rows = 1;
  p.limits.rope_dims = 4;
  p.rope_rows = {1, 0, 1, 0};
  EXPECT_NE(error_of(p, ErrorCode::kUnsupported).find("blk.0.odd"), std::string::npos);
}

TEST_F(CpuExecutor, RefusesAStepPastItsBounds) {
  Problem p = two_ops();
  p.tokens[1] = 3;
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("token"), std::string::npos);
  p = two_ops();
  p.tokens[1] = -1;
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("token"), std::string::npos);
  p = two_ops();
  p.bucket = 2;
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("bucket"), std::string::npos);
}

TEST_F(CpuExecutor, RefusesAttentionPastItsMemory) {
  const auto make = [] {
    Maker m("attention");
    m.sequences({{20, 2}}, {.n_kv_heads = 2, .head_dim = 8, .dtype = DType::kF32});
    ir::Value kv = m.g().kv_state(0);
    return m.finish(m.g().paged_attention(m.data(32), m.data(16), m.data(16), kv, {4, 2, 8, 1}));
  };
  EXPECT_EQ(error_of(make(), ErrorCode::kInternal), "");
  Problem p = make();
  p.kv_slots[1] = p.kv_layout.n_blocks * ir::kBlockTokens;
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("KV block"), std::string::npos);
  p = make();
  p.block_tables[0][0] = -1;
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("KV block"), std::string::npos);
  p = make();
  p.work[0].kv_end = 33;  // its block table has two blocks
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("block table"), std::string::npos);
  p = make();
  p.work[0].n_rows = 3;
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("rows"), std::string::npos);
  p = make();
  p.work[0].sequence = 1;
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("sequence"), std::string::npos);
  p = make();
  p.work[0].n_splits = 2;
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("partial"), std::string::npos);
  p = make();
  p.kv_layout.n_kv_heads = 1;
  p.kv.resize(p.kv.size() / 2);
  EXPECT_NE(error_of(p, ErrorCode::kInternal).find("heads"), std::string::npos);
}

}  // namespace
}  // namespace rocmforge
