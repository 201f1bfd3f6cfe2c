// The quantized types, one struct each, in terms of a set's simd.h. A type says how kBlocks blocks
// of 32 columns (a unit of kUnitBytes) become bytes and scales, for the kLanes rows of a group:
//   Header header(rows, offset)           what the unit's blocks share
//   Scales scales<P>(header)              of block P of the unit, one lane a row
// (kTerms blocks in a row are of the same columns, whose weights are their sums)
//   void   weights<P>(rows, q, offset, lo, hi)
//          columns 0..15 and 16..31 of block P of rows q, q + 4, ..., one row in each 128 bits, as
//          unsigned bytes up to kMaxWeight that stand for byte - kOffset (or signed: kSigned)
#pragma once

#include "backend/cpu/simd/generic/formats.h"

namespace rocmforge::cpu {
namespace {

// d; m, the minimum's factor where kHasMin; a and b, the factors of columns 0..15 and 16..31 where
// kHalves; and those of the sums of these columns where both.
struct Scales {
  Floats d, m, a, b, min_a, min_b;
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
  static constexpr int kBlocks = 1, kTerms = 1;
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
    header.m = upper_f16s(d_and_m);
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

// 0xff in columns 0..15 (kHalf 0) or 16..31 whose bit is set, of 32 bits at `offset`. What is read
// goes up to 16 bytes from there.
template <int kHalf>
inline Bytes spread_bits(const Rows& rows, int q, std::int64_t offset) {
  alignas(16) static constexpr Byte kBytes[2][16] = {
      {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1},
      {2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3}};
  alignas(16) static constexpr Byte kBits[16] = {1, 2, 4, 8, 16, 32, 64, 128,
                                                 1, 2, 4, 8, 16, 32, 64, 128};
  const Bytes bits = broadcast_16(kBits);
  const Bytes bytes = look_up(load_quarter(rows, q, offset), broadcast_16(kBytes[kHalf]));
  return equal_bytes(and_bytes(bytes, bits), bits);
}

// Nibbles and a word of fifth bits.
template <class Format>
inline void weights_of_5(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
  const Bytes pairs = load_quarter(rows, q, offset + Format::kQ);
  const Bytes sixteen = broadcast_byte(16);
  const std::int64_t high = offset + Format::kHigh;
  lo = or_bytes(low_nibbles(pairs), and_bytes(spread_bits<0>(rows, q, high), sixteen));
  hi = or_bytes(high_nibbles(pairs), and_bytes(spread_bits<1>(rows, q, high), sixteen));
}

struct Q5_0 : Single {
  static constexpr int kUnitBytes = Q5_0Format::kBlockBytes, kOffset = 16, kMaxWeight = 31;
  static Header header(const Rows& rows, std::int64_t offset) {
    return scale_only(lower_f16s(load_dwords(rows, offset + Q5_0Format::kD)));
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    weights_of_5<Q5_0Format>(rows, q, offset, lo, hi);
  }
};

struct Q5_1 : Single {
  static constexpr bool kHasMin = true;
  static constexpr int kUnitBytes = Q5_1Format::kBlockBytes, kOffset = 0, kMaxWeight = 31;
  static Header header(const Rows& rows, std::int64_t offset) {
    const Ints d_and_m = load_dwords(rows, offset + Q5_1Format::kD);
    Header header = scale_only(lower_f16s(d_and_m));
    header.m = upper_f16s(d_and_m);
    return header;
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    weights_of_5<Q5_1Format>(rows, q, offset, lo, hi);
  }
};

// IQ4's values, signed or + 128.
struct Iq4 {
  static constexpr bool kSigned = kSignedWeights;
  static constexpr int kOffset = kSigned ? 0 : 128, kMaxWeight = kSigned ? 128 : 241;
  static void look_up_pairs(Bytes pairs, Bytes& lo, Bytes& hi) {
    Bytes values = broadcast_16(kIq4Values);
    if constexpr (!kSigned) values = xor_bytes(values, broadcast_byte(0x80));
    lo = look_up(values, low_nibbles(pairs));
    hi = look_up(values, high_nibbles(pairs));
  }
};

struct Iq4Nl : Single {
  static constexpr bool kSigned = Iq4::kSigned;
  static constexpr int kUnitBytes = Iq4NlFormat::kBlockBytes;
  static constexpr int kOffset = Iq4::kOffset, kMaxWeight = Iq4::kMaxWeight;
  static Header header(const Rows& rows, std::int64_t offset) {
    return scale_only(lower_f16s(load_dwords(rows, offset + Iq4NlFormat::kD)));
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    Iq4::look_up_pairs(load_quarter(rows, q, offset + Iq4NlFormat::kQ), lo, hi);
  }
};

// The parts of a half's 16 codes of MXFP6: the low 4 bits, and 0xff where bit 4 and where bit 5
// (the sign) is set.
struct Mxfp6Codes {
  Bytes low, upper, sign;
};
template <int kHalf>
inline Mxfp6Codes mxfp6_codes(const Rows& rows, int q, std::int64_t offset) {
  alignas(16) static constexpr Byte kBytes[2][16] = {
      {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3},
      {4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7}};
  alignas(16) static constexpr Byte kUpper[16] = {1,  1,  1,  1,  4,  4,  4,  4,
                                                  16, 16, 16, 16, 64, 64, 64, 64};
  alignas(16) static constexpr Byte kSign[16] = {2,  2,  2,  2,  8,   8,   8,   8,
                                                 32, 32, 32, 32, 128, 128, 128, 128};
  const Bytes pairs = load_quarter(rows, q, offset + Mxfp6Format::kQ);
  const Bytes high =
      look_up(load_quarter(rows, q, offset + Mxfp6Format::kHigh), broadcast_16(kBytes[kHalf]));
  const Bytes upper = broadcast_16(kUpper), sign = broadcast_16(kSign);
  return {kHalf == 0 ? low_nibbles(pairs) : high_nibbles(pairs),
          equal_bytes(and_bytes(high, upper), upper), equal_bytes(and_bytes(high, sign), sign)};
}
// 64 + or - a magnitude below 64.
inline Bytes signed_from_64(Bytes magnitude, Bytes sign) {
  return add_bytes(broadcast_byte(64), sub_bytes(xor_bytes(magnitude, sign), sign));
}

struct Mxfp6E2M3 : Single {
  static constexpr int kUnitBytes = Mxfp6Format::kBlockBytes, kOffset = 64, kMaxWeight = 124;
  static Header header(const Rows& rows, std::int64_t offset) {
    return scale_only(mul(e8m0s(load_dwords(rows, offset + Mxfp6Format::kE)), broadcast(0.125f)));
  }
  static Bytes values(const Mxfp6Codes& codes) {
    const Bytes other = xor_bytes(codes.low, look_up(broadcast_16(kE2M3High), codes.low));
    return signed_from_64(xor_bytes(codes.low, and_bytes(other, codes.upper)), codes.sign);
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    lo = values(mxfp6_codes<0>(rows, q, offset));
    hi = values(mxfp6_codes<1>(rows, q, offset));
  }
};

struct Mxfp6E3M2 : Single {
  static constexpr int kBlocks = 2, kTerms = 2;
  static constexpr int kUnitBytes = Mxfp6Format::kBlockBytes, kOffset = 64, kMaxWeight = 120;
  using Header = Floats;
  static Header header(const Rows& rows, std::int64_t offset) {
    return e8m0s(load_dwords(rows, offset + Mxfp6Format::kE));
  }
  template <int P>
  static Scales scales(const Header& header) {
    return scale_only(mul(header, broadcast(P == 0 ? 0.0625f : 0.5f)));
  }
  template <int P>
  static Bytes values(const Mxfp6Codes& codes) {
    const Bytes found = look_up(broadcast_16(P == 0 ? kE3M2Low : kE3M2High), codes.low);
    const Bytes all = broadcast_byte(0xff);
    const Bytes here = P == 0 ? xor_bytes(codes.upper, all) : codes.upper;
    return signed_from_64(and_bytes(found, here), codes.sign);
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    lo = values<P>(mxfp6_codes<0>(rows, q, offset));
    hi = values<P>(mxfp6_codes<1>(rows, q, offset));
  }
};

}  // namespace
}  // namespace rocmforge::cpu
