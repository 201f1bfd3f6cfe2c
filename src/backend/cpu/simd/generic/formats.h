// Byte layouts of the weight blocks, as offsets: the inner loops read them from unaligned rows.
// tests/simd holds them to tensor/quant's.
#pragma once

namespace rocmforge::cpu {
namespace {

// F16 d; 16 bytes, of which byte i holds column i below and column i + 16 above: w = d (q - 8).
struct Q4_0Format {
  static constexpr int kBlockBytes = 18, kD = 0, kQ = 2;
};
// F16 d, F16 m; nibbles as in Q4_0: w = d q + m.
struct Q4_1Format {
  static constexpr int kBlockBytes = 20, kD = 0, kM = 2, kQ = 4;
};
// F16 d; 32 signed bytes: w = d q.
struct Q8_0Format {
  static constexpr int kBlockBytes = 34, kD = 0, kQ = 2;
};
// Exponent e; nibbles as in Q4_0, each an index into kMxfp4Values: w = 2^(e - 128) value.
struct Mxfp4Format {
  static constexpr int kBlockBytes = 17, kE = 0, kQ = 1;
};
// 256 columns. Per half of 128: 64 bytes of low nibbles (columns 0..31 and 64..95 in the first 32
// bytes, 32..63 and 96..127 in the other), 32 bytes of upper pairs of bits (columns i, i + 32,
// i + 64, i + 96 from the lowest pair up). Then 16 signed scales, one each 16 columns, and F16 d:
// w = d scale (q - 32).
struct Q6_KFormat {
  static constexpr int kBlockBytes = 210, kLow = 0, kHigh = 128, kScales = 192, kD = 208;
};

// Twice the values of FP4 E2M1, by code.
constexpr signed char kMxfp4Values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace
}  // namespace rocmforge::cpu
