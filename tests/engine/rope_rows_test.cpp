#include "engine/rope_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "engine/fixture.h"

namespace rocmforge::engine {
namespace {

TEST(RopeRows, FollowsTheFormula) {
  const float factors[] = {1, 2, 4, 8};
  const RopeRows rope({.n_rot = 8, .base = 10000, .scale = 0.5}, factors);
  float row[8];
  rope.write(6, row);
  for (int i = 0; i < 4; ++i) {
    const double angle = 6 * 0.5 * std::pow(10000.0, -2.0 * i / 8) / (1 << i);
    EXPECT_FLOAT_EQ(row[2 * i], static_cast<float>(std::cos(angle)));
    EXPECT_FLOAT_EQ(row[2 * i + 1], static_cast<float>(std::sin(angle)));
  }
}

TEST(RopeRows, PositionZeroTurnsNothing) {
  const RopeRows rope({.n_rot = 4}, {});
  float row[4];
  rope.write(0, row);
  EXPECT_EQ(row[0], 1.0f);
  EXPECT_EQ(row[1], 0.0f);
  EXPECT_EQ(row[3], 0.0f);
}

// Yarn worked out by hand. 64 dimensions of base 10000 and an original context of 4096: 32 turns
// are pair 32 log(4096 / (64 pi)) / log(10000) = 10.47, from 10 on; 1 turn is pair 22.5, up to 23.
TEST(RopeRows, YarnBlendsBetweenItsTurns) {
  const model::RopeParams params{
      .n_rot = 64, .scale = 0.25, .yarn = model::YarnParams{32, 1, 4096}, .magnitude = 1.5};
  const RopeRows rope(params, {});
  float row[64];
  rope.write(7, row);
  const auto expect = [&](int pair, double share) {
    const double frequency = std::pow(10000.0, -2.0 * pair / 64);
    const double angle = 7 * frequency * (share + (1 - share) * 0.25);
    EXPECT_FLOAT_EQ(row[2 * pair], static_cast<float>(1.5 * std::cos(angle))) << pair;
    EXPECT_FLOAT_EQ(row[2 * pair + 1], static_cast<float>(1.5 * std::sin(angle))) << pair;
  };
  for (const int pair : {0, 5, 10}) expect(pair, 1);
  expect(11, 12.0 / 13);
  expect(16, 7.0 / 13);
  expect(22, 1.0 / 13);
  for (const int pair : {23, 24, 31}) expect(pair, 0);
}

// So long a context that every pair turns fast, and so short a one that none turns as often as
// once.
TEST(RopeRows, YarnOfExtremes) {
  for (const std::int32_t n_ctx : {1 << 30, 1}) {
    const model::RopeParams params{
        .n_rot = 8, .base = 2, .scale = 0.25, .yarn = model::YarnParams{32, 1, n_ctx}};
    const RopeRows rope(params, {});
    float row[8];
    rope.write(1, row);
    const double second = std::pow(2.0, -2.0 / 8) * (n_ctx > 1 ? 1.0 : 0.25);
    EXPECT_FLOAT_EQ(row[3], static_cast<float>(std::sin(second)));
    for (const float x : row) EXPECT_TRUE(std::isfinite(x));
  }
}

TEST(RopeRows, FactorsThatAreNoNumbersAreRefused) {
  test::TempDir dir;
  const test::TinyModel shape{.rope_freqs = true};
  for (const float bad : {0.0f, -1.0f, std::nanf("")}) {
    std::vector<float> factors(8, 1.0f);
    factors[5] = bad;
    std::vector<std::byte> bytes(32);
    std::memcpy(bytes.data(), factors.data(), bytes.size());
    const std::string path = dir.file("bad.gguf");
    test::edited(test::tiny_model(shape), {"rope_freqs.weight"}, [&](gguf::Writer& w) {
      w.add_tensor("rope_freqs.weight", DType::kF32, Shape{8}, bytes);
    }).write(path);
    Counters counters;
    const auto device = cpu::make_device({}, counters);
    try {
      Engine engine({.path = path}, *device, counters);
      ADD_FAILURE() << bad << " was taken";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kFormat);
      EXPECT_NE(std::string(e.what()).find(path + ": rope_freqs.weight: holds"), std::string::npos)
          << e.what();
    }
  }
}

}  // namespace
}  // namespace rocmforge::engine
