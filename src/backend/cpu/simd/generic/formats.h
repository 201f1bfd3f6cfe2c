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

// As Q4_0 and Q4_1 with a fifth bit: of column i, bit i of the word at kHigh. w = d (q - 16), and
// w = d q + m.
struct Q5_0Format {
  static constexpr int kBlockBytes = 22, kD = 0, kHigh = 2, kQ = 6;
};
struct Q5_1Format {
  static constexpr int kBlockBytes = 24, kD = 0, kM = 2, kHigh = 4, kQ = 8;
};
// F16 d; nibbles as in Q4_0, each an index into kIq4Values: w = d value.
struct Iq4NlFormat {
  static constexpr int kBlockBytes = 18, kD = 0, kQ = 2;
};
// Exponent e; the upper 2 bits of 32 codes: of column i, bits 2 (i / 4 % 4) and the next of byte
// 4 (i / 16) + i % 4; the lower 4 as in Q4_0. w = 2^(e - 127) value: tensor/quant/mxfp6.h.
struct Mxfp6Format {
  static constexpr int kBlockBytes = 25, kE = 0, kHigh = 1, kQ = 9;
};
// The others are of 256 columns, b is a block of 32 of them.
// 16 bytes of scales (low nibble) and minima (high nibble), one each 16 columns; per half of 128
// columns 32 bytes of pairs of bits, those of b = 0..3 from the lowest pair up; F16 d, F16 dmin:
// w = d scale q - dmin min.
struct Q2_KFormat {
  static constexpr int kBlockBytes = 84, kScales = 0, kQ = 16, kD = 80, kDMin = 82;
};
// 32 bytes whose bit b is the third bit of block b's columns; pairs of bits as in Q2_K; 12 bytes of
// scales of 6 bits: tensor/quant/q3_k.h; F16 d: w = d (scale - 32) (q - 4).
struct Q3_KFormat {
  static constexpr int kBlockBytes = 110, kHigh = 0, kQ = 32, kScales = 96, kD = 108;
};
// F16 d, F16 dmin, 12 bytes of scales and minima of 6 bits: tensor/quant/scales_6.h; nibbles: of
// blocks 2 c and 2 c + 1, the lower and upper ones of 32 bytes. Q5_K has 32 bytes before these,
// whose bit b is the fifth bit of block b's columns. w = d scale q - dmin min.
struct Q4_KFormat {
  static constexpr int kBlockBytes = 144, kD = 0, kDMin = 2, kScales = 4, kQ = 16;
};
struct Q5_KFormat {
  static constexpr int kBlockBytes = 176, kD = 0, kDMin = 2, kScales = 4, kHigh = 16, kQ = 48;
};
// F16 d, a word of which bits 2 b and 2 b + 1 are the upper bits of block b's scale, nibble b of
// 4 bytes with its lower ones; 16 bytes a block as in IQ4_NL: w = d (scale - 32) value.
struct Iq4XsFormat {
  static constexpr int kBlockBytes = 136, kD = 0, kScalesHigh = 2, kScalesLow = 4, kQ = 8;
};

constexpr signed char kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                        1,    13,   25,  38,  53,  69,  89,  113};

// MXFP6's values by the low 4 bits of a code, where its bit 4 is 0 and where it is 1; the sign is
// bit 5. E2M3 in eighths. E3M2 where bit 4 is 0 in sixteenths, where it is 1 in halves: so both fit
// bytes, and a block counts as two terms, each with zeros where the other has values.
constexpr signed char kE2M3Low[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
constexpr signed char kE2M3High[16] = {16, 18, 20, 22, 24, 26, 28, 30,
                                       32, 36, 40, 44, 48, 52, 56, 60};
constexpr signed char kE3M2Low[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28};
constexpr signed char kE3M2High[16] = {4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56};

// Twice the values of FP4 E2M1, by code.
constexpr signed char kMxfp4Values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace
}  // namespace rocmforge::cpu
