// The quantized types, one struct each, in terms of a set's simd.h. A type says how kBlocks blocks
// of 32 columns (a unit of kUnitBytes) become bytes and scales, for the kLanes rows of a group:
//   Header header(rows, offset)           what the unit's blocks share
//   Scales scales<P>(header)              of block P of the unit, one lane a row
//   void   weights<P>(rows, q, offset, lo, hi)
//          columns 0..15 and 16..31 of block P of rows q, q + 4, ..., one row in each 128 bits, as
//          unsigned bytes up to kMaxWeight that stand for byte - kOffset (or signed: kSigned)
#pragma once

#include "backend/cpu/simd/generic/formats.h"

namespace rocmforge::cpu {
namespace {

// d; and Q4_1's minimum, or the factors of columns 0..15 and 16..31 where kHalves.
struct Scales {
  Floats d, a, b;
};

inline Scales scale_only(Floats d) {
  Scales scales{};
  scales.d = d;
  return scales;
}

inline Bytes low_nibbles(Bytes x) {
  return and_bytes(x, broadcast_byte(15));
}
inline Bytes high_nibbles(Bytes x) {
  return and_bytes(shift_right_16<4>(x), broadcast_byte(15));
}

// What most types are: a block of 32 is a unit.
struct Single {
  static constexpr int kBlocks = 1;
  static constexpr bool kHalves = false;
  static constexpr bool kHasMin = false;
  static constexpr bool kSigned = false;
  using Header = Scales;
  template <int P>
  static Scales scales(const Header& header) {
    return header;
  }
};

struct Q4_0 : Single {
  static constexpr int kUnitBytes = Q4_0Format::kBlockBytes, kOffset = 8, kMaxWeight = 15;
  static Header header(const Rows& rows, std::int64_t offset) {
    return scale_only(lower_f16s(load_dwords(rows, offset + Q4_0Format::kD)));
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    const Bytes pairs = load_quarter(rows, q, offset + Q4_0Format::kQ);
    lo = low_nibbles(pairs);
    hi = high_nibbles(pairs);
  }
};

struct Q4_1 : Single {
  static constexpr bool kHasMin = true;
  static constexpr int kUnitBytes = Q4_1Format::kBlockBytes, kOffset = 0, kMaxWeight = 15;
  static Header header(const Rows& rows, std::int64_t offset) {
    const Ints d_and_m = load_dwords(rows, offset + Q4_1Format::kD);
    Header header = scale_only(lower_f16s(d_and_m));
    header.a = upper_f16s(d_and_m);
    return header;
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    const Bytes pairs = load_quarter(rows, q, offset + Q4_1Format::kQ);
    lo = low_nibbles(pairs);
    hi = high_nibbles(pairs);
  }
};

struct Q8_0 : Single {
  static constexpr bool kSigned = kSignedWeights;
  static constexpr int kUnitBytes = Q8_0Format::kBlockBytes;
  static constexpr int kOffset = kSigned ? 0 : 128, kMaxWeight = kSigned ? 128 : 255;
  static Header header(const Rows& rows, std::int64_t offset) {
    return scale_only(lower_f16s(load_dwords(rows, offset + Q8_0Format::kD)));
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    lo = load_quarter(rows, q, offset + Q8_0Format::kQ);
    hi = load_quarter(rows, q, offset + Q8_0Format::kQ + 16);
    if constexpr (!kSigned) {
      lo = xor_bytes(lo, broadcast_byte(0x80));
      hi = xor_bytes(hi, broadcast_byte(0x80));
    }
  }
};

struct Mxfp4 : Single {
  static constexpr int kUnitBytes = Mxfp4Format::kBlockBytes, kOffset = 12, kMaxWeight = 24;
  // kMxfp4Values + kOffset
  alignas(16) static constexpr Byte kCodes[16] = {12, 13, 14, 15, 16, 18, 20, 24,
                                                  12, 11, 10, 9,  8,  6,  4,  0};
  static Header header(const Rows& rows, std::int64_t offset) {
    return scale_only(e8m0s_halved(load_dwords(rows, offset + Mxfp4Format::kE)));
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    const Bytes pairs = load_quarter(rows, q, offset + Mxfp4Format::kQ);
    const Bytes codes = broadcast_16(kCodes);
    lo = look_up(codes, low_nibbles(pairs));
    hi = look_up(codes, high_nibbles(pairs));
  }
};

struct Q6_K {
  static constexpr int kBlocks = 8, kUnitBytes = Q6_KFormat::kBlockBytes;
  static constexpr bool kHalves = true, kHasMin = false, kSigned = false;
  static constexpr int kOffset = 32, kMaxWeight = 63;
  struct Header {
    Floats d;
    Ints factors[4];  // lane: bytes 4i .. 4i + 3 of the row's 16 factors
  };
  static Header header(const Rows& rows, std::int64_t offset) {
    Header header;
    Ints quarters[4];
    for (int q = 0; q < 4; ++q) quarters[q] = load_quarter(rows, q, offset + Q6_KFormat::kScales);
    transpose_4x4(quarters, header.factors);
    header.d = upper_f16s(load_dwords(rows, offset + Q6_KFormat::kD - 2));
    return header;
  }
  template <int P>
  static Scales scales(const Header& header) {
    constexpr int kFirst = P % 2 * 16;  // bit of the first factor's byte
    const Ints dword = header.factors[P / 2];
    return {header.d, to_floats(shift_right_signed_32<24>(shift_left_32<24 - kFirst>(dword))),
            to_floats(shift_right_signed_32<24>(shift_left_32<16 - kFirst>(dword)))};
  }
  template <int P>
  static Bytes join(Bytes low, Bytes high) {
    constexpr int kQuarter = P % 4;
    const Bytes nibbles = kQuarter < 2 ? low_nibbles(low) : high_nibbles(low);
    Bytes upper;
    if constexpr (kQuarter < 2) {
      upper = shift_left_16<4 - 2 * kQuarter>(high);
    } else {
      upper = shift_right_16<2 * kQuarter - 4>(high);
    }
    return or_bytes(nibbles, and_bytes(upper, broadcast_byte(0x30)));
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    const std::int64_t low = offset + Q6_KFormat::kLow + P / 4 * 64 + P % 2 * 32;
    const std::int64_t high = offset + Q6_KFormat::kHigh + P / 4 * 32;
    lo = join<P>(load_quarter(rows, q, low), load_quarter(rows, q, high));
    hi = join<P>(load_quarter(rows, q, low + 16), load_quarter(rows, q, high + 16));
  }
};

}  // namespace
}  // namespace rocmforge::cpu
