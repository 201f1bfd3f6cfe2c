// Weights on their way to a device, over the fake drivers, whose repacking copies the file's blocks
// as they are, one after the other: what arrives is compared to the bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "backend/gpu/weight_loader.h"
#include "gpu_driver/fixture.h"
#include "support/temp_dir.h"

namespace rocmforge::test {
namespace {

using gpu::WeightBatch;
using gpu::WeightItem;
using gpu::WeightPiece;

struct Matrix {
  DType dtype;
  std::int64_t rows, cols;
  bool widen = false;
};

// Small and large, of every kind of block, rows of odd lengths; in all some 430 KB.
const std::vector<Matrix> kMatrices = {
    {DType::kQ4_0, 37, 96},    {DType::kF32, 1, 7},           {DType::kQ6_K, 3, 768},
    {DType::kF16, 5, 301},     {DType::kQ8_0, 1, 2080, true}, {DType::kQ4_1, 1, 32},
    {DType::kMXFP4, 700, 544}, {DType::kBF16, 3, 1},          {DType::kF32, 1, 64, true},
    {DType::kQ8_0, 300, 544},  {DType::kF16, 1, 1029, true},  {DType::kQ5_0, 5, 96},
    {DType::kQ5_1, 3, 32},     {DType::kQ2_K, 3, 768},        {DType::kQ3_K, 5, 256},
    {DType::kQ4_K, 3, 768},    {DType::kQ5_K, 2, 512},        {DType::kIQ4_NL, 7, 96},
    {DType::kIQ4_XS, 3, 256},  {DType::kMXFP6_E2M3, 3, 96},   {DType::kMXFP6_E3M2, 5, 32}};

std::int64_t bytes_of(const Matrix& m) {
  return rocmforge::bytes_of(m.dtype, m.rows * m.cols);
}

std::size_t n_threads() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

// A thread that was joined may show for a moment still.
bool comes_down_to(std::size_t wanted) {
  for (int i = 0; i < 1000 && n_threads() > wanted; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return n_threads() <= wanted;
}

// KiB of a mapping that are in this process's memory.
std::int64_t resident_kib(const void* mapping) {
  std::ostringstream begin;
  begin << std::hex << reinterpret_cast<std::uintptr_t>(mapping) << "-";
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.starts_with(begin.str())) inside = true;
    if (inside && line.starts_with("Rss:")) return std::stoll(line.substr(4));
  }
  return -1;
}

TEST(WeightBatches, HoldEveryBlockOnceInTheFilesOrder) {
  std::vector<std::byte> all(1 << 20);
  std::vector<WeightItem> items;
  std::size_t at = 0;
  for (const Matrix& m : kMatrices) {
    items.push_back({.dtype = m.dtype,
                     .from = std::span(all).subspan(at, static_cast<std::size_t>(bytes_of(m))),
                     .rows = m.rows,
                     .cols = m.cols,
                     .widen = m.widen});
    at += items.back().from.size() + 3;
  }
  std::reverse(items.begin(), items.end());
  items.push_back({.dtype = DType::kQ4_0, .random = 5, .rows = 9, .cols = 64});
  items.push_back({.dtype = DType::kF32, .random = 6, .cols = 64, .widen = true});
  for (const std::int64_t room : {1024, 4096, 5000, 65536, 8 << 20}) {
    const std::vector<WeightBatch> batches = make_batches(items, room);
    std::vector<std::int64_t> next(items.size());
    const std::byte* source = nullptr;
    std::int64_t n_source = 0;
    for (const WeightBatch& batch : batches) {
      std::int64_t end = 0;
      EXPECT_LE(batch.bytes, room);
      for (const WeightPiece& p : batch.pieces) {
        const WeightItem& item = items[p.item];
        EXPECT_EQ(batch.made_up, item.made_up());
        EXPECT_EQ(p.first, next[p.item]);
        EXPECT_GT(p.n, 0);
        EXPECT_EQ(p.at % gpu::kPieceAlign, 0);
        EXPECT_GE(p.at, end);
        end = p.at + p.n * item.staged_block_bytes();
        next[p.item] += p.n;
        n_source += p.n * item.source_block_bytes();
        if (item.random) continue;
        EXPECT_GE(item.from.data() + p.first * item.source_block_bytes(), source);
        source = item.from.data() + p.first * item.source_block_bytes();
      }
      EXPECT_EQ(batch.bytes, end);
    }
    for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(next[i], items[i].blocks());
    std::int64_t told = 0;
    for (const WeightBatch& batch : batches) told += batch.source_bytes;
    EXPECT_EQ(told, n_source);
    if (room == 8 << 20) {
      EXPECT_EQ(batches.size(), 2U) << "small ones go together";
    }
  }
}

class WeightLoading : public testing::TestWithParam<gpu::Vendor> {
  FreshFakes fresh_;

 protected:
  struct Options {
    int n_readers = 4;
    std::int64_t staging_bytes = 8192;
    bool from_file = true;
    std::function<bool(std::int64_t, std::int64_t)> progress = {};
  };

  void SetUp() override {
    std::vector<std::byte> content(1000);
    for (const Matrix& m : kMatrices) {
      offsets_.push_back(content.size());
      content.resize(content.size() + static_cast<std::size_t>(bytes_of(m)) + 5);
    }
    std::uint32_t state = 1;
    for (std::byte& b : content) b = std::byte((state = state * 1664525 + 1013904223) >> 24);
    // The scales of what is widened are finite.
    for (std::size_t i = 0; i < kMatrices.size(); ++i) {
      if (!kMatrices[i].widen) continue;
      const std::vector<float> ones(static_cast<std::size_t>(kMatrices[i].cols), 1.5F);
      info(kMatrices[i].dtype).encode(ones.data(), content.data() + offsets_[i], kMatrices[i].cols);
    }
    path_ = dir_.file("weights");
    write_file(path_, content);
    file_.emplace(path_);
    memory_bytes_ = content;
    std::thread([] {}).join();  // a sanitizer starts one of its own with the first
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    n_threads_ = n_threads();
  }

  // Into memory of its own; what arrived is compared. The Error of the load.
  std::optional<Error> load(const Options& options) {
    std::optional<Error> error;
    try {
      const std::shared_ptr<gpu::Api> api = gpu_api();
      Counters counters;
      gpu::Context context{.api = api,
                           .properties = api->properties(0),
                           .counters = counters,
                           .setup = gpu::make_stream(*api)};
      load_into(context, options);
    } catch (const Error& e) {
      error = e;
    }
    EXPECT_TRUE(comes_down_to(n_threads_)) << "threads are left";
    EXPECT_EQ(control_.live.sum(), 0);
    EXPECT_EQ(control_.memory_used, 0);
    return error;
  }

  std::shared_ptr<gpu::Api> gpu_api() const { return open_fake(GetParam(), 5); }

  void load_into(const gpu::Context& context, const Options& options) {
    gpu::Api& api = *context.api;
    const gpu::Module module = gpu::load_module(api, image("any"));
    std::vector<WeightItem> items;
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < kMatrices.size(); ++i) {
      const Matrix& m = kMatrices[i];
      const std::span<const std::byte> all =
          options.from_file ? file_->bytes() : std::span<const std::byte>(memory_bytes_);
      const gpu::SegmentLayout layout =
          gpu::segment_layout(m.widen ? DType::kF32 : m.dtype, m.rows, m.cols);
      items.push_back({.dtype = m.dtype,
                       .from = all.subspan(offsets_[i], static_cast<std::size_t>(bytes_of(m))),
                       .rows = m.rows,
                       .cols = m.cols,
                       .widen = m.widen,
                       .to = static_cast<gpu::DeviceAddress>(bytes),
                       .layout = layout});
      bytes += layout.bytes;
    }
    const gpu::DeviceMemory memory = gpu::allocate(context, bytes, "the test's weights");
    api.fill_zero(memory.address(), bytes, context.setup.get());
    api.wait(context.setup.get());
    for (WeightItem& item : items) item.to += memory.address();
    const auto find = [&](const std::string& name) { return api.function(module.get(), name); };
    gpu::WeightLoad what{.items = items,
                         .files = options.from_file ? std::span<const MappedFile>(&*file_, 1)
                                                    : std::span<const MappedFile>(),
                         .find = find,
                         .n_readers = options.n_readers,
                         .staging_bytes = options.staging_bytes};
    if (options.progress) what.progress = options.progress;
    load_weights(context, gpu::arch_info("gfx1100", 84), what);
    for (std::size_t i = 0; i < items.size(); ++i) expect_arrived(i, items[i]);
  }

  void expect_arrived(std::size_t i, const WeightItem& item) const {
    std::vector<std::byte> want(static_cast<std::size_t>(item.layout.bytes));
    const std::byte* from = memory_bytes_.data() + offsets_[i];
    if (item.widen) {
      std::vector<float> wide(static_cast<std::size_t>(item.cols));
      info(item.dtype).decode(from, wide.data(), item.cols);
      std::memcpy(want.data(), wide.data(), wide.size() * sizeof(float));
    } else {
      std::memcpy(want.data(), from, item.from.size());
    }
    EXPECT_EQ(std::memcmp(want.data(), reinterpret_cast<const void*>(item.to), want.size()), 0)
        << "matrix " << i << ", or what is around it";
  }

  TempDir dir_;
  std::string path_;
  std::optional<MappedFile> file_;
  std::vector<std::byte> memory_bytes_;
  std::vector<std::size_t> offsets_;
  std::size_t n_threads_ = 0;
  FakeControl& control_ = control_of(GetParam());
};

TEST_P(WeightLoading, EveryBitArrivesWhateverTheThreadsAndBuffers) {
  for (const int n_readers : {1, 2, 8}) {
    for (const std::int64_t staging : {1000, 8192, 100000, 8 << 20}) {
      for (const bool from_file : {true, false}) {
        const auto error =
            load({.n_readers = n_readers, .staging_bytes = staging, .from_file = from_file});
        EXPECT_FALSE(error) << error->what();
      }
    }
  }
}

TEST_P(WeightLoading, MemoryIsTheStagingAndNoMore) {
  file_->not_needed(0, file_->bytes().size());
  ASSERT_EQ(resident_kib(file_->bytes().data()), 0);
  int most_pinned = 0, most_allocations = 0;
  std::vector<std::int64_t> told;
  std::int64_t total = 0;
  const auto error = load({.n_readers = 3, .progress = [&](std::int64_t done, std::int64_t of) {
                             most_pinned = std::max(most_pinned, control_.live.pinned);
                             most_allocations =
                                 std::max(most_allocations, control_.live.allocations);
                             told.push_back(done);
                             total = of;
                             return true;
                           }});
  EXPECT_FALSE(error) << error->what();
  EXPECT_EQ(most_pinned, gpu::max_staging_buffers(3));
  EXPECT_EQ(most_allocations, 1 + gpu::kLanes);
  EXPECT_EQ(resident_kib(file_->bytes().data()), 0) << "the mapping was read";
  std::int64_t want = 0;
  for (const Matrix& m : kMatrices) want += bytes_of(m);
  EXPECT_EQ(total, want);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(told.front(), 0);
  EXPECT_EQ(told.back(), want);
}

TEST_P(WeightLoading, EveryCallFailingInTurnIsAnErrorAndLeavesNothing) {
  const int before = control_.n_calls;
  ASSERT_FALSE(load({}));
  const int n_calls = control_.n_calls - before;
  ASSERT_GT(n_calls, 100);
  int n_failed = 0;
  for (const int status : {2, 719}) {
    for (int n = 1; n <= n_calls; ++n) {
      control_.fail_status = status;
      control_.fail_at = n;
      const auto error = load({});
      control_.fail_at = 0;
      if (!error) continue;  // a release, or it took fewer calls this time
      ++n_failed;
      EXPECT_TRUE(error->code() == ErrorCode::kDevice || error->code() == ErrorCode::kOutOfMemory)
          << error->what();
    }
  }
  EXPECT_GT(n_failed, n_calls);
}

TEST_P(WeightLoading, ItCanBeGivenUpAtAnyTime) {
  bool finished = false;
  int n_cancelled = 0;
  for (int n = 1; !finished; ++n) {
    int calls = 0;
    const auto error = load({.progress = [&](std::int64_t, std::int64_t) { return ++calls < n; }});
    finished = !error;
    if (finished) break;
    ++n_cancelled;
    EXPECT_EQ(error->code(), ErrorCode::kCancelled) << error->what();
    EXPECT_EQ(calls, n) << "asked again after it was given up";
    ASSERT_LT(n, 10000);
  }
  EXPECT_GT(n_cancelled, 3);
}

TEST_P(WeightLoading, AFileThatShrinksIsAnErrorThatNamesIt) {
  const auto size = std::filesystem::file_size(path_);
  for (const std::uintmax_t left : {std::uintmax_t{0}, std::uintmax_t{999}, size / 2, size - 6}) {
    std::filesystem::resize_file(path_, left);
    const auto error = load({});
    ASSERT_TRUE(error) << left;
    EXPECT_EQ(error->code(), ErrorCode::kIo);
    const std::string text = error->what();
    EXPECT_NE(text.find(path_ + ": offset "), std::string::npos) << text;
    EXPECT_NE(text.find("the file ends here"), std::string::npos) << text;
    write_file(path_, memory_bytes_);
  }
}

TEST_P(WeightLoading, WhatIsMadeUpNeedsNoStagingOfTheHost) {
  const std::shared_ptr<gpu::Api> api = gpu_api();
  Counters counters;
  gpu::Context context{.api = api,
                       .properties = api->properties(0),
                       .counters = counters,
                       .setup = gpu::make_stream(*api)};
  const gpu::Module module = gpu::load_module(*api, image("any"));
  WeightItem item{.dtype = DType::kQ4_1, .random = 7, .rows = 100, .cols = 320};
  item.layout = gpu::segment_layout(item.dtype, item.rows, item.cols);
  const gpu::DeviceMemory memory = gpu::allocate(context, item.layout.bytes, "the test's weights");
  item.to = memory.address();
  const auto find = [&](const std::string& name) { return api->function(module.get(), name); };
  std::int64_t last = -1;
  const auto progress = [&](std::int64_t done, std::int64_t total) {
    EXPECT_EQ(control_.live.pinned, 0);
    EXPECT_EQ(total, rocmforge::bytes_of(DType::kQ4_1, 32000));
    // What counts is made and repacked: 204 blocks fit the staging.
    const std::int64_t batch = 204 * info(DType::kQ4_1).block_bytes;
    EXPECT_GE(control_.n_ran, 2 * ((done + batch - 1) / batch));
    EXPECT_LE(done - std::max<std::int64_t>(last, 0), batch);
    last = done;
    return true;
  };
  load_weights(context, gpu::arch_info("gfx1100", 84),
               {.items = {&item, 1}, .progress = progress, .find = find, .staging_bytes = 4096});
  EXPECT_EQ(last, rocmforge::bytes_of(DType::kQ4_1, 32000));
}

TEST_P(WeightLoading, AHungKernelEndsIt) {
  control_.hang_at = 5;
  Options options;
  std::optional<Error> error;
  {
    const std::shared_ptr<gpu::Api> api = open_fake(GetParam(), 0.3);
    Counters counters;
    gpu::Context context{.api = api,
                         .properties = api->properties(0),
                         .counters = counters,
                         .setup = gpu::make_stream(*api)};
    error = error_of([&] { load_into(context, options); });
  }
  EXPECT_EQ(error->code(), ErrorCode::kDevice);
  EXPECT_NE(std::string(error->what()).find("hung kernel"), std::string::npos) << error->what();
  EXPECT_TRUE(comes_down_to(n_threads_)) << "threads are left";
}

INSTANTIATE_TEST_SUITE_P(Fake, WeightLoading,
                         testing::Values(gpu::Vendor::kAmd, gpu::Vendor::kNvidia), name_of);

}  // namespace
}  // namespace rocmforge::test
