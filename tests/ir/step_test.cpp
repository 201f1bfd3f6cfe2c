#include "ir/step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"

namespace rocmforge::test {
namespace {

using ir::StepLayout;
using ir::StepLimits;
using ir::StepView;

constexpr StepLimits kLimits = {.max_rows = 7,
                                .max_head_rows = 3,
                                .max_sequences = 2,
                                .max_blocks = 5,
                                .max_work = 4,
                                .max_partials = 0,
                                .rope_dims = 6,
                                .max_edits = 4,
                                .mask_words = 3};

TEST(StepLayout, PartsAreAlignedInOrderAndApart) {
  const StepLayout l(kLimits);
  const std::vector<std::pair<std::int64_t, std::int64_t>> parts = {
      {l.header, 7 * 4},    {l.tokens, 7 * 4},    {l.positions, 7 * 4},
      {l.sequences, 7 * 4}, {l.kv_slots, 7 * 4},  {l.rope_rows, 7 * 6 * 4},
      {l.head_rows, 3 * 4}, {l.samples, 3 * 48},  {l.block_tables, 2 * 5 * 4},
      {l.work, 4 * 8 * 4},  {l.edits, 4 * 3 * 4}, {l.masks, 3 * 3 * 4}};
  std::int64_t end = 0;
  for (const auto& [offset, bytes] : parts) {
    EXPECT_EQ(offset % 64, 0);
    EXPECT_GE(offset, end);
    end = offset + bytes;
  }
  EXPECT_GE(l.bytes, end);
  EXPECT_LT(l.bytes, end + 64);
}

TEST(StepLayout, RefusesLimitsThatMakeNoSense) {
  const auto refused = [](auto change) {
    StepLimits limits = kLimits;
    change(limits);
    try {
      StepLayout layout(limits);
      return std::string("taken");
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      return std::string(e.what());
    }
  };
  EXPECT_EQ(refused([](StepLimits& l) { l.max_rows = 0; }),
            "[ir] step limits: max_rows: 0 is not positive");
  EXPECT_NE(refused([](StepLimits& l) { l.max_head_rows = -1; }), "taken");
  EXPECT_NE(refused([](StepLimits& l) { l.max_sequences = 0; }), "taken");
  EXPECT_NE(refused([](StepLimits& l) { l.max_blocks = 0; }), "taken");
  EXPECT_NE(refused([](StepLimits& l) { l.max_work = 0; }), "taken");
  EXPECT_NE(refused([](StepLimits& l) { l.max_partials = -1; }), "taken");
  EXPECT_NE(refused([](StepLimits& l) { l.rope_dims = 5; }), "taken");
  EXPECT_NE(refused([](StepLimits& l) { l.max_edits = -1; }), "taken");
  EXPECT_NE(refused([](StepLimits& l) { l.mask_words = -1; }), "taken");
  EXPECT_EQ(refused([](StepLimits& l) { l.rope_dims = 0; }), "taken");
}

// Every window is written full; none may reach into another.
TEST(StepView, WindowsDoNotOverlap) {
  const StepLayout layout(kLimits);
  std::vector<std::int64_t> storage(static_cast<std::size_t>(layout.bytes) / 8 + 1);
  const std::span<std::byte> buffer = std::as_writable_bytes(std::span(storage));
  const StepView view(layout, buffer);
  view.header() = {.n_rows = 7,
                   .n_head_rows = 3,
                   .n_sequences = 2,
                   .n_work = 4,
                   .n_partials = 0,
                   .n_edits = 4,
                   .n_masks = 3};
  std::int32_t stamp = 100;
  for (const auto window : {view.tokens(), view.positions(), view.sequences(), view.kv_slots(),
                            view.head_rows(), view.block_table(0), view.block_table(1)}) {
    std::fill(window.begin(), window.end(), stamp++);
  }
  for (std::int32_t r = 0; r < 7; ++r) {
    std::fill(view.rope_row(r).begin(), view.rope_row(r).end(), static_cast<float>(r));
  }
  for (ir::WorkItem& item : view.work()) item = {.sequence = 1, .partial = 9};
  for (ir::SampleParams& p : view.samples()) p = {.top_k = 3, .unused = 8};
  for (ir::LogitEdit& e : view.edits()) e = {.token = 2, .bias = 7};
  for (std::int32_t m = 0; m < 3; ++m) {
    std::fill(view.mask(m).begin(), view.mask(m).end(), 50U + static_cast<std::uint32_t>(m));
  }

  stamp = 100;
  for (const auto& [window, size] :
       std::vector<std::pair<std::span<std::int32_t>, std::size_t>>{{view.tokens(), 7},
                                                                    {view.positions(), 7},
                                                                    {view.sequences(), 7},
                                                                    {view.kv_slots(), 7},
                                                                    {view.head_rows(), 3},
                                                                    {view.block_table(0), 5},
                                                                    {view.block_table(1), 5}}) {
    EXPECT_EQ(window.size(), size);
    EXPECT_EQ(std::count(window.begin(), window.end(), stamp), static_cast<std::ptrdiff_t>(size));
    ++stamp;
  }
  for (std::int32_t r = 0; r < 7; ++r) {
    EXPECT_EQ(view.rope_row(r).size(), 6u);
    EXPECT_EQ(view.rope_row(r)[5], static_cast<float>(r));
  }
  EXPECT_EQ(view.work().size(), 4u);
  EXPECT_EQ(view.work()[3].partial, 9);
  for (const ir::SampleParams& p : view.samples()) EXPECT_EQ(p.top_k + p.unused, 11);
  for (const ir::LogitEdit& e : view.edits()) EXPECT_EQ(static_cast<float>(e.token) + e.bias, 9);
  for (std::int32_t m = 0; m < 3; ++m) {
    for (const std::uint32_t word : view.mask(m))
      EXPECT_EQ(word, 50U + static_cast<std::uint32_t>(m));
  }
  EXPECT_THROW(view.mask(3), Error);
  EXPECT_EQ(view.header().n_rows, 7);
}

TEST(StepView, RefusesShortBuffersAndCountsPastTheLimits) {
  const StepLayout layout(kLimits);
  std::vector<std::int64_t> storage(static_cast<std::size_t>(layout.bytes) / 8);
  const std::span<std::byte> buffer = std::as_writable_bytes(std::span(storage));
  EXPECT_THROW(StepView(layout, buffer.first(buffer.size() - 1)), Error);
  const StepView view(layout, buffer);
  EXPECT_TRUE(view.tokens().empty());
  view.header().n_rows = 8;
  EXPECT_THROW(view.tokens(), Error);
  view.header().n_rows = -1;
  EXPECT_THROW(view.kv_slots(), Error);
  view.header().n_head_rows = 4;
  EXPECT_THROW(view.head_rows(), Error);
  view.header().n_work = 5;
  EXPECT_THROW(view.work(), Error);
  EXPECT_THROW(view.rope_row(7), Error);
  EXPECT_THROW(view.block_table(2), Error);
  EXPECT_THROW(view.block_table(-1), Error);
}

}  // namespace
}  // namespace rocmforge::test
