// What fits a device's memory, to the byte: accepted, shrunk, or refused with values that do fit.
#include "engine/fit.h"

#include <gtest/gtest.h>

#include <regex>

#include "base/error.h"
#include "base/log.h"
#include "engine/fixture.h"
#include "engine/wrapped_device.h"
#include "model/model.h"

namespace rocmforge::test {
namespace {

using engine::PlacedModel;
using engine::RunnerOptions;

class Fit : public testing::Test {
 protected:
  Fit() {
    card_.uploads_weights = rest_card_.uploads_weights = true;
    set_log_sink([this](LogLevel level, std::string_view text) {
      if (level >= LogLevel::kInfo) logged_.emplace_back(level, text);
    });
  }
  ~Fit() override { set_log_sink({}); }

  PlacedModel place(const RunnerOptions& options) {
    model::Model model = model::build_model(
        file_.gguf(), {.kv_dtype = options.kv_dtype, .max_rows = options.max_rows}, counters_);
    model.params.n_ctx_train = trained_;
    return engine::place_model(model, options, device_, "m.gguf", counters_);
  }
  // Bytes that the card needs for these options, were it large enough.
  std::int64_t needed(RunnerOptions options) {
    const std::int64_t free = std::exchange(card_.memory_free, 0);
    const std::int64_t rest = std::exchange(rest_card_.memory_free, 0);
    options.least_ctx = 0;
    const PlacedModel placed = place(options);
    card_.memory_free = free;
    rest_card_.memory_free = rest;
    const engine::StagePlan& plan = placed.stages.back().plan;
    return plan.weight_bytes + plan.arena_bytes + plan.kv.bytes() + card_.memory_reserve;
  }
  std::string refusal(const RunnerOptions& options) {
    try {
      place(options);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kOutOfMemory);
      return e.what();
    }
    return "accepted";
  }
  // The number behind a flag in a refusal; -1 when it is not named.
  static std::int32_t named(const std::string& text, const std::string& flag) {
    std::smatch match;
    if (!std::regex_search(text, match, std::regex(flag + " ([0-9]+)"))) return -1;
    return std::stoi(match[1]);
  }
  bool fits(RunnerOptions options) { return needed(options) <= card_.memory_free; }

  TempDir dir_;
  Counters counters_;
  engine::ModelFile file_{write_tiny_model(dir_.file("m.gguf"), {.n_layers = 6}), counters_};
  Wrapping card_, rest_card_;
  WrappedDevice device_{card_, counters_}, rest_{rest_card_, counters_};
  std::int32_t trained_ = 1 << 24;  // tokens of context
  std::vector<std::pair<LogLevel, std::string>> logged_;
};

TEST_F(Fit, ToTheByte) {
  for (const std::int64_t reserve : {0, 12345}) {
    card_.memory_reserve = reserve;
    const RunnerOptions options{.n_ctx = 2048};
    const std::int64_t need = needed(options);
    card_.memory_free = need;
    EXPECT_EQ(place(options).options.n_ctx, 2048);
    card_.memory_free = need - 1;
    EXPECT_NE(refusal(options).find("context"), std::string::npos);
  }
}

TEST_F(Fit, NeedsAreThoseOfThePlanAndTheFile) {
  const PlacedModel placed = place({.n_ctx = 100});
  ASSERT_EQ(placed.stages.size(), 1u);
  const engine::StagePlan& plan = placed.stages[0].plan;
  EXPECT_EQ(plan.kv.bytes(), 6 * 112 * 2 * 2 * 16 * 2);  // layers, positions, K and V, heads
  std::int64_t tensors = 0;
  for (const gguf::TensorInfo& t : file_.gguf().tensors()) {
    tensors += static_cast<std::int64_t>(t.n_bytes);
  }
  EXPECT_EQ(plan.weight_bytes, tensors);
  std::int64_t largest = 0;
  for (const auto* graphs : {&plan.body, &plan.head}) {
    for (const auto& g : *graphs) largest = std::max(largest, g.memory.arena_bytes);
  }
  EXPECT_EQ(plan.arena_bytes, largest);
}

TEST_F(Fit, ADeviceThatDoesNotSayIsNotAsked) {
  EXPECT_EQ(place({.n_ctx = 1 << 20}).options.n_ctx, 1 << 20);
}

TEST_F(Fit, ARefusalNamesNumbersAndWhatWouldFit) {
  card_.memory_reserve = 1 << 20;
  RunnerOptions options{.n_ctx = 8192, .kv_dtype = DType::kF32, .rest = &rest_};
  for (int percent = 20; percent < 100; percent += 7) {
    SCOPED_TRACE(percent);
    options.n_device_layers = engine::kAllLayers;
    card_.memory_free = needed(options) * percent / 100;
    const std::string text = refusal(options);
    for (const char* part :
         {"m.gguf", "a card", "weights", "KV cache for 8192 tokens", "work", "driver", "free"}) {
      EXPECT_NE(text.find(part), std::string::npos) << text;
    }
    // The largest context that fits, of multiples of 64.
    const std::int32_t n_ctx = named(text, "context");
    RunnerOptions other = options;
    if (n_ctx > 0) {
      other.n_ctx = n_ctx;
      EXPECT_TRUE(fits(other)) << text;
      EXPECT_EQ(n_ctx % 64, 0);
    }
    other.n_ctx = std::max(n_ctx, 0) + 64;
    EXPECT_FALSE(fits(other)) << text;
    // Half the KV cache.
    other = options;
    other.kv_dtype = DType::kF16;
    EXPECT_EQ(text.find("KV type f16") != std::string::npos, fits(other)) << text;
    // The most layers that fit.
    const std::int32_t n = named(text, "device layers");
    ASSERT_GE(n, 0) << text;
    other = options;
    other.n_device_layers = n;
    if (n > 0) {
      EXPECT_TRUE(fits(other)) << text;
    }
    other.n_device_layers = n + 1;
    EXPECT_FALSE(fits(other)) << text;
  }
}

TEST_F(Fit, NoContextIsSuggestedBeyondTheTrainedOneOrTheOneAskedFor) {
  const RunnerOptions options{.n_ctx = 8192};
  card_.memory_free = needed({.n_ctx = 4096});
  EXPECT_EQ(named(refusal(options), "context"), 4096);
  for (const std::int32_t trained : {4096, 2048, 1000, 40}) {
    trained_ = trained;
    EXPECT_EQ(named(refusal(options), "context"), trained);
  }
  trained_ = 5000;  // does not fit
  EXPECT_EQ(named(refusal(options), "context"), 4096);
  // Asked for less than was trained for.
  trained_ = 100'000;
  card_.memory_free = needed({.n_ctx = 1024}) - 1;
  EXPECT_EQ(named(refusal({.n_ctx = 1024}), "context"), 1024 - 64);
  EXPECT_EQ(named(refusal({.n_ctx = 1023}), "context"), 960);
}

TEST_F(Fit, NothingIsLoadedBeforeARefusal) {
  card_.memory_free = 1000;
  EXPECT_THROW(engine::Runner(file_.gguf(), {.n_ctx = 512, .least_ctx = 512}, device_, counters_),
               Error);
  EXPECT_TRUE(card_.allocations.empty());
  EXPECT_TRUE(card_.bound.empty());
}

TEST_F(Fit, ADefaultContextShrinksAndSaysSoButNotBelowTheLeast) {
  const RunnerOptions options{.n_ctx = 4096, .least_ctx = 512};
  const std::int64_t whole = needed(options);
  const std::int64_t least = needed({.n_ctx = 512});
  card_.memory_free = whole;
  EXPECT_EQ(place(options).options.n_ctx, 4096);
  EXPECT_EQ(logged_.back().first, LogLevel::kInfo);

  card_.memory_free = whole - 1;
  logged_.clear();
  const std::int32_t smaller = place(options).options.n_ctx;
  EXPECT_EQ(smaller, 4096 - 64);
  ASSERT_EQ(logged_.size(), 2u);
  EXPECT_EQ(logged_[0].first, LogLevel::kInfo) << "programs warn, by the names they have";
  EXPECT_NE(logged_[0].second.find("4096"), std::string::npos) << logged_[0].second;
  EXPECT_NE(logged_[0].second.find("4032"), std::string::npos) << logged_[0].second;

  card_.memory_free = least;
  EXPECT_EQ(place(options).options.n_ctx, 512);
  card_.memory_free = least - 1;
  EXPECT_NE(refusal(options).find("context 448"), std::string::npos) << refusal(options);
  // A context that was asked for is held to.
  card_.memory_free = whole - 1;
  EXPECT_NE(refusal({.n_ctx = 4096}), "accepted");
}

TEST_F(Fit, TheLogSaysWhatTheKvCacheTakesAndHowMuchWouldFit) {
  const RunnerOptions options{.n_ctx = 1024};
  card_.memory_free = needed(options) + 3 * place(options).stages[0].plan.kv.bytes();
  logged_.clear();
  place(options);
  ASSERT_EQ(logged_.size(), 1u);
  EXPECT_NE(logged_[0].second.find("1024 tokens; a context of some 4096 would fit"),
            std::string::npos)
      << logged_[0].second;
}

TEST_F(Fit, AsManyLayersAsFit) {
  RunnerOptions options{.n_ctx = 2048, .rest = &rest_};
  std::vector<std::int64_t> needs;  // of 1, 2, ... layers
  for (std::int32_t n = 1; n <= 6; ++n) {
    options.n_device_layers = n;
    needs.push_back(needed(options));
  }
  EXPECT_TRUE(std::is_sorted(needs.begin(), needs.end()));
  options.n_device_layers = engine::kLayersThatFit;
  const auto on_card = [&](std::int64_t free) {
    card_.memory_free = free;
    std::int32_t n = 0;
    for (const auto& s : place(options).stages) n += s.device == &device_ ? s.plan.n_layers : 0;
    return n;
  };
  EXPECT_EQ(on_card(needs[0] - 1), 0);
  for (std::int32_t n = 1; n <= 6; ++n) {
    EXPECT_EQ(on_card(needs[static_cast<std::size_t>(n) - 1]), n);
  }
  EXPECT_EQ(on_card(needs[3] - 1), 3);
}

// Fewer sequences run together before the context shrinks or layers leave the card.
TEST_F(Fit, SequencesShrinkBeforeContextAndLayers) {
  RunnerOptions options{
      .n_ctx = 2048, .least_ctx = 512, .max_sequences = 8, .least_sequences = 1, .rest = &rest_};
  const auto need = [&](std::int32_t n_sequences, std::int32_t n_ctx) {
    return needed({.n_ctx = n_ctx, .max_sequences = n_sequences, .rest = &rest_});
  };
  EXPECT_EQ(place(options).options.max_sequences, 8);
  for (const std::int32_t n : {8, 5, 2, 1}) {
    card_.memory_free = need(n, 2048);
    for (const std::int32_t layers : {engine::kAllLayers, engine::kLayersThatFit}) {
      options.n_device_layers = layers;
      const PlacedModel placed = place(options);
      EXPECT_EQ(placed.options.max_sequences, n);
      EXPECT_EQ(placed.options.n_ctx, 2048);
      EXPECT_EQ(placed.stages.size(), 1u) << "every layer is on the card";
      EXPECT_EQ(placed.stages[0].plan.kv.n_blocks, n * 128);
    }
  }
  options.n_device_layers = engine::kAllLayers;
  card_.memory_free = need(1, 2048) - 1;
  EXPECT_EQ(place(options).options.max_sequences, 1);
  EXPECT_LT(place(options).options.n_ctx, 2048);
  card_.memory_free = need(3, 2048);
  options.least_sequences = 4;
  EXPECT_EQ(place(options).options.max_sequences, 4) << "no fewer than those";
  options.least_sequences = 0;
  options.least_ctx = 0;
  EXPECT_NE(refusal(options).find("8 sequences of 2048 tokens"), std::string::npos);
}

TEST_F(Fit, AttentionIsCutForTheDeviceThatHasLayers) {
  card_.attention_split = 32;
  rest_card_.attention_split = 48;
  RunnerOptions options{.n_ctx = 2048, .device_cut = true, .rest = &rest_};
  const auto split_with = [&](std::int32_t n_layers) {
    options.n_device_layers = n_layers;
    return place(options).options.cut.split_positions;
  };
  EXPECT_EQ(split_with(engine::kAllLayers), 32);
  EXPECT_EQ(split_with(2), 32);
  EXPECT_EQ(split_with(0), 48);
  EXPECT_EQ(split_with(engine::kLayersThatFit), 32);
  card_.memory_free = 1;
  EXPECT_EQ(split_with(engine::kLayersThatFit), 48);
  options.device_cut = false;
  options.cut.split_positions = 16;
  EXPECT_EQ(split_with(0), 16);
}

TEST_F(Fit, EachDeviceOfTwoIsHeldToItsOwnMemory) {
  RunnerOptions options{.n_ctx = 2048, .n_device_layers = 2, .rest = &rest_};
  const PlacedModel placed = place(options);
  const engine::StagePlan& first = placed.stages[0].plan;
  EXPECT_EQ(first.kv.n_layers, 4);
  const std::int64_t need = first.weight_bytes + first.arena_bytes + first.kv.bytes();
  rest_card_.memory_free = need;
  EXPECT_EQ(refusal(options), "accepted");
  rest_card_.memory_free = need - 1;
  const std::string text = refusal(options);
  EXPECT_NE(text.find("context"), std::string::npos) << text;
  EXPECT_EQ(text.find("device layers"), std::string::npos) << text;
  rest_card_.memory_free = 0;
  card_.memory_free = needed(options) - 1;
  EXPECT_EQ(named(refusal(options), "device layers"), 1);
}

TEST_F(Fit, TheCpuHoldsContextsToTheMemoryThatIsAvailable) {
  const auto cpu = cpu::make_device({.n_threads = 1, .isa = cpu::best_isa()}, counters_);
  const std::int64_t available = cpu->info().memory_free;
  ASSERT_GT(available, 0);
  const std::int64_t a_token = 6 * 2 * 2 * 16 * 2;
  const auto n_ctx =
      static_cast<std::int32_t>(std::min<std::int64_t>(2 * available / a_token, 2'000'000'000));
  try {
    engine::Runner(file_.gguf(), {.n_ctx = n_ctx}, *cpu, counters_);
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kOutOfMemory);
    EXPECT_GT(named(e.what(), "context"), 0) << e.what();
    EXPECT_EQ(named(e.what(), "device layers"), -1) << e.what();
  }
}

}  // namespace
}  // namespace rocmforge::test
