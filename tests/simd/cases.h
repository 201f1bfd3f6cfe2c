// Weights and activations for the tests of the CPU's inner loops: from a seed, with the extremes of
// every format among them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/cpu/simd/kernels.h"
#include "tensor/dtype.h"

namespace rocmforge::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint32_t bits() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t x = (state_ >> 33) ^ (state_ >> 14);
    return static_cast<std::uint32_t>(x);
  }
  // Uniform in [-1, 1).
  float uniform() { return static_cast<float>(bits() >> 8) * 0x1p-23f - 1.0f; }

 private:
  std::uint64_t state_;
};

// What the weights are like.
enum class WeightKind {
  kRandom,   // random bits, scales of moderate size
  kExtreme,  // all bits of every quant set, or none; large scales and denormal ones
};

// Rows of weights of any type, `stride` bytes apart and beginning at an odd multiple of 2 bytes
// (1 for the types whose blocks are odd), with bytes between rows that must not matter.
class Weights {
 public:
  Weights(DType type, std::int64_t n_rows, std::int64_t k, WeightKind kind, std::uint64_t seed);

  const std::byte* data() const { return bytes_.data() + offset_; }
  std::int64_t stride() const { return stride_; }
  std::vector<float> decoded_row(std::int64_t row) const;

 private:
  DType type_;
  std::int64_t k_;
  std::int64_t row_bytes_;
  std::int64_t stride_;
  std::ptrdiff_t offset_;
  std::vector<std::byte> bytes_;
};

// Rows of x, as F32 and as quantized by one instruction set's quantize_row. One row in seven is all
// zeros; magnitudes go up to `scale`.
struct Inputs {
  std::int64_t stride = 0;
  std::vector<float> f32;
  std::vector<std::int8_t> values;
  std::vector<float> scales;
  std::vector<std::int16_t> sums;

  Inputs(const cpu::Kernels& kernels, std::int64_t n_rows, std::int64_t k, float scale,
         std::uint64_t seed);
  cpu::Activations rows(std::int64_t first, std::int64_t k) const;
};

inline bool same_bits(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

}  // namespace rocmforge::test
