#include "engine/batch.h"

#include <gtest/gtest.h>

#include <random>

namespace rocmforge::engine {
namespace {

// Every (row, position that it may see) exactly once, over all items.
void expect_exact_cover(Batch batch, const std::vector<ir::WorkItem>& work,
                        std::int32_t n_partials) {
  std::vector<std::vector<int>> seen;  // by row, by position
  std::vector<std::int32_t> sequence_of;
  for (std::size_t s = 0; s < batch.size(); ++s) {
    for (std::size_t t = 0; t < batch[s].tokens.size(); ++t) {
      seen.emplace_back(static_cast<std::size_t>(batch[s].first_position) + t + 1);
      sequence_of.push_back(static_cast<std::int32_t>(s));
    }
  }
  std::vector<int> partial(static_cast<std::size_t>(n_partials));
  for (const ir::WorkItem& item : work) {
    ASSERT_EQ(item.sequence_rows,
              std::ssize(batch[static_cast<std::size_t>(item.sequence)].tokens));
    for (std::int32_t r = 0; r < item.n_rows; ++r) {
      const auto row = static_cast<std::size_t>(item.row_begin + r);
      ASSERT_EQ(sequence_of.at(row), item.sequence);
      auto& positions = seen[row];
      for (std::int32_t p = item.kv_begin; p < item.kv_end; ++p) {
        if (static_cast<std::size_t>(p) < positions.size())
          ++positions[static_cast<std::size_t>(p)];
      }
      if (item.n_splits > 1) {
        ++partial.at(static_cast<std::size_t>(item.partial + item.split * item.n_rows + r));
      }
    }
  }
  for (const auto& positions : seen) {
    for (const int n : positions) ASSERT_EQ(n, 1);
  }
  for (const int n : partial) ASSERT_EQ(n, 1) << "each partial slot is one item's and row's";
}

class CutBatch : public testing::TestWithParam<WorkCut> {};

TEST_P(CutBatch, WorkCoversEveryRowAndPositionOnceWithinTheLimits) {
  std::mt19937 bits(1);
  const auto below = [&](std::uint32_t n) { return static_cast<std::int32_t>(bits() % n); };
  constexpr std::int32_t kContext = 3000, kMaxRows = 512, kMaxSequences = 6;
  const WorkCut cut = GetParam();
  const ir::StepLimits limits = step_limits(kMaxRows, kMaxSequences, kContext, 64, cut);
  std::vector<text::TokenId> tokens(kMaxRows);
  for (int round = 0; round < 300; ++round) {
    std::vector<BatchSequence> batch;
    std::int32_t rows_left = kMaxRows;
    for (std::int32_t s = 1 + below(kMaxSequences); s > 0 && rows_left > 0; --s) {
      const std::int32_t most = below(2) == 0 ? 4 : rows_left;
      const std::int32_t n = std::min(rows_left, 1 + below(static_cast<std::uint32_t>(most)));
      rows_left -= n;
      batch.push_back({.tokens = std::span(tokens).first(static_cast<std::size_t>(n)),
                       .first_position = below(static_cast<std::uint32_t>(kContext - n + 1))});
    }
    std::vector<ir::WorkItem> work;
    const std::int32_t n_partials = plan_work(batch, cut, work);
    ASSERT_LE(work.size(), static_cast<std::size_t>(limits.max_work));
    ASSERT_LE(n_partials, limits.max_partials);
    expect_exact_cover(batch, work, n_partials);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cuts, CutBatch,
    testing::Values(WorkCut{}, WorkCut{.split_positions = 64, .max_splits = 33},
                    WorkCut{.rows_per_item = 128, .split_positions = 64, .max_splits = 7},
                    WorkCut{.rows_per_item = 1, .split_positions = 16, .max_splits = 1}));

TEST(Batch, SplitsOfALongSequenceGrow) {
  const WorkCut cut{.split_positions = 64, .max_splits = 33};
  const std::vector<text::TokenId> tokens(8);
  const auto splits = [&](std::size_t n_rows, std::int32_t end) {
    const auto n = static_cast<std::int32_t>(n_rows);
    const BatchSequence s{.tokens = std::span(tokens).first(n_rows), .first_position = end - n};
    std::vector<ir::WorkItem> work;
    plan_work({&s, 1}, cut, work);
    for (const ir::WorkItem& item : work) EXPECT_EQ(item.kv_begin % ir::kBlockTokens, 0);
    return work.size();
  };
  EXPECT_EQ(splits(1, 64), 1u);
  EXPECT_EQ(splits(1, 65), 2u);
  EXPECT_EQ(splits(1, 33 * 64), 33u);
  EXPECT_EQ(splits(1, 33 * 64 + 1), 27u);  // of 80 positions
  EXPECT_EQ(splits(1, 16384), 32u);        // of 512
  EXPECT_EQ(splits(4, 16384), 32u);
  EXPECT_EQ(splits(8, 16384), 16u);  // of 1024
}

TEST(Batch, TheCutIsTheDevicesWish) {
  const WorkCut cpu = work_cut({}, 32, 8), plain;
  EXPECT_EQ(cpu.rows_per_item, plain.rows_per_item);
  EXPECT_EQ(cpu.split_positions, plain.split_positions);
  EXPECT_EQ(cpu.max_splits, 0);
  backend::DeviceInfo gpu;
  gpu.attention_split = 64;
  gpu.attention_tasks = 264;
  gpu.attention_queries = 128;
  EXPECT_EQ(work_cut(gpu, 32, 8).max_splits, 33);
  EXPECT_EQ(work_cut(gpu, 32, 8).rows_per_item, 32);
  EXPECT_EQ(work_cut(gpu, 28, 4).rows_per_item, 18);
  EXPECT_EQ(work_cut(gpu, 8, 8).rows_per_item, 128);
  EXPECT_EQ(work_cut(gpu, 200, 1).rows_per_item, 1);
  EXPECT_EQ(work_cut(gpu, 200, 1).max_splits, 64);
}

TEST(Batch, ASequencesCutDoesNotDependOnItsNeighbours) {
  const std::vector<text::TokenId> tokens(40);
  const BatchSequence decode{.tokens = std::span(tokens).first(1), .first_position = 1999};
  const BatchSequence prefill{.tokens = tokens, .first_position = 5};
  std::vector<ir::WorkItem> alone, beside;
  plan_work({&decode, 1}, {}, alone);
  const BatchSequence both[] = {prefill, decode};
  plan_work(both, {}, beside);
  ASSERT_EQ(alone.size(), 4u);
  ASSERT_EQ(beside.size(), 6u);
  for (std::size_t i = 0; i < alone.size(); ++i) {
    EXPECT_EQ(alone[i].kv_begin, beside[i + 2].kv_begin);
    EXPECT_EQ(alone[i].kv_end, beside[i + 2].kv_end);
    EXPECT_EQ(beside[i + 2].row_begin, 40);
  }
}

TEST(Batch, WritesTheStepBuffer) {
  kv::BlockPool pool(8);
  kv::BlockTable first(pool, 16), second(pool, 16);
  ASSERT_TRUE(second.reserve(1));  // block 0
  ASSERT_TRUE(first.reserve(33));  // blocks 1, 2, 3
  const std::vector<text::TokenId> a = {7, 8}, b = {9};
  const std::vector<BatchSequence> batch = {{.tokens = a, .first_position = 31, .blocks = &first},
                                            {.tokens = b, .first_position = 0, .blocks = &second}};
  const ir::StepLayout layout(step_limits(4, 2, 64, 8, {}));
  std::vector<std::byte> buffer(static_cast<std::size_t>(layout.bytes));
  const ir::StepView step(layout, buffer);
  const RopeRows rope({.n_rot = 8}, {});
  std::vector<ir::WorkItem> work;
  const std::int32_t n_partials = plan_work(batch, {}, work);
  write_step(batch, rope, work, n_partials, step);

  EXPECT_EQ(step.header().n_rows, 3);
  EXPECT_EQ(step.header().n_sequences, 2);
  EXPECT_EQ(step.header().n_work, 2);
  EXPECT_EQ(step.tokens()[1], 8);
  EXPECT_EQ(step.positions()[1], 32);
  EXPECT_EQ(step.sequences()[2], 1);
  EXPECT_EQ(step.kv_slots()[0], 2 * 16 + 15);
  EXPECT_EQ(step.kv_slots()[1], 3 * 16);
  EXPECT_EQ(step.kv_slots()[2], 0);
  EXPECT_EQ(step.block_table(0)[2], 3);
  EXPECT_EQ(step.work()[1].row_begin, 2);
  float row[8];
  rope.write(32, row);
  EXPECT_EQ(step.rope_row(1)[3], row[3]);
}

}  // namespace
}  // namespace rocmforge::engine
