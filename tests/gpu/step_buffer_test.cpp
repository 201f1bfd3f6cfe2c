// What of a step travels to the device.
#include "backend/gpu/step_buffer.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"

namespace rocmforge::gpu {
namespace {

constexpr ir::StepLimits kLimits = {.max_rows = 512,
                                    .max_head_rows = 64,
                                    .max_sequences = 4,
                                    .max_blocks = 256,
                                    .max_work = 64,
                                    .max_partials = 8,
                                    .rope_dims = 128,
                                    .max_edits = 100,
                                    .mask_words = 4748};

bool covers(const StepRanges& ranges, std::int64_t begin, std::int64_t bytes) {
  for (std::size_t i = 0; i < ranges.n; ++i) {
    if (ranges.ranges[i].begin <= begin && begin + bytes <= ranges.ranges[i].end) return true;
  }
  return bytes == 0;
}

TEST(StepRanges, HoldEveryPartThatTheHeaderCounts) {
  const ir::StepLayout layout(kLimits);
  for (const std::int32_t rows : {0, 1, 7, 512}) {
    for (const std::int32_t head : {0, 1, 64}) {
      const ir::StepHeader header = {.n_rows = rows,
                                     .n_head_rows = head,
                                     .n_sequences = rows > 0 ? 4 : 0,
                                     .n_work = rows > 0 ? 64 : 0,
                                     .n_partials = 0,
                                     .n_edits = head > 0 ? 100 : 0,
                                     .n_masks = head / 2};
      const StepRanges used = used_ranges(layout, header);
      EXPECT_TRUE(covers(used, layout.header, sizeof(header)));
      for (const std::int64_t part :
           {layout.tokens, layout.positions, layout.sequences, layout.kv_slots}) {
        EXPECT_TRUE(covers(used, part, rows * 4));
      }
      EXPECT_TRUE(covers(used, layout.rope_rows, rows * 128 * 4));
      EXPECT_TRUE(covers(used, layout.head_rows, head * 4));
      EXPECT_TRUE(covers(used, layout.block_tables, header.n_sequences * 256 * 4));
      EXPECT_TRUE(covers(used, layout.work, header.n_work * 32));
      EXPECT_TRUE(covers(used, layout.samples, head * 48));
      EXPECT_TRUE(covers(used, layout.edits, header.n_edits * 12));
      EXPECT_TRUE(covers(used, layout.masks, std::int64_t{header.n_masks} * 4748 * 4));
      for (std::size_t i = 0; i < used.n; ++i) {
        EXPECT_LT(used.ranges[i].begin, used.ranges[i].end);
        EXPECT_LE(used.ranges[i].end, layout.bytes);
        EXPECT_TRUE(i == 0 || used.ranges[i].begin > used.ranges[i - 1].end);
      }
    }
  }
}

TEST(StepRanges, AStepOfOneRowIsTwoShortCopies) {
  const ir::StepLayout layout(kLimits);
  const StepRanges used = used_ranges(
      layout, {.n_rows = 1, .n_head_rows = 1, .n_sequences = 1, .n_work = 1, .n_partials = 0});
  ASSERT_EQ(used.n, 2U);
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < used.n; ++i) bytes += used.ranges[i].end - used.ranges[i].begin;
  EXPECT_LT(bytes, 32 * 1024);
  EXPECT_GT(layout.bytes, 256 * 1024);
}

TEST(StepRanges, RefuseCountsOverTheLimits) {
  const ir::StepLayout layout(kLimits);
  EXPECT_THROW(used_ranges(layout, {.n_rows = 513}), Error);
  EXPECT_THROW(used_ranges(layout, {.n_rows = -1}), Error);
  EXPECT_THROW(used_ranges(layout, {.n_work = 65}), Error);
  EXPECT_THROW(used_ranges(layout, {.n_sequences = 5}), Error);
  EXPECT_THROW(used_ranges(layout, {.n_head_rows = 65}), Error);
  EXPECT_THROW(used_ranges(layout, {.n_partials = 9}), Error);
  EXPECT_THROW(used_ranges(layout, {.n_edits = 101}), Error);
  EXPECT_THROW(used_ranges(layout, {.n_masks = 65}), Error);
}

}  // namespace
}  // namespace rocmforge::gpu
