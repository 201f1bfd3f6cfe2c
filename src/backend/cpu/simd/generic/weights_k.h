// The types whose blocks are of 256 columns: units of 8 blocks of 32. See weights.h.
#pragma once

#include "backend/cpu/simd/generic/weights.h"

namespace rocmforge::cpu {
namespace {

// What they have in common; the scales of a type are in `words`, transposed: word i of each row.
struct Large {
  static constexpr int kBlocks = 8, kTerms = 1;
  static constexpr bool kHalves = false, kHasMin = false, kSigned = false;
  struct Header {
    Floats d, m;
    Ints words[4];
  };
  // The 16 bytes at `offset` of each row.
  static void load_words(const Rows& rows, std::int64_t offset, Ints (&words)[4]) {
    Ints quarters[4];
    for (int q = 0; q < 4; ++q) quarters[q] = load_quarter(rows, q, offset);
    transpose_4x4(quarters, words);
  }
};

// Bits [kFirst, kFirst + 32) of a word, negative kFirst: from the left; masked.
template <int kFirst>
inline Ints bits_from(Ints word, int mask) {
  Ints shifted;
  if constexpr (kFirst < 0) {
    shifted = shift_left_32<-kFirst>(word);
  } else {
    shifted = shift_right_signed_32<kFirst>(word);
  }
  return and_bytes(shifted, broadcast_int(mask));
}

// Bits 2 (P % 4) and the next of each byte, as the lowest two.
template <int P>
inline Bytes two_bits(Bytes x) {
  return and_bytes(shift_right_16<P % 4 * 2>(x), broadcast_byte(3));
}
// Bit P of each byte, as bit kTo.
template <int P, int kTo>
inline Bytes one_bit(Bytes x) {
  Bytes shifted;
  if constexpr (P < kTo) {
    shifted = shift_left_16<kTo - P>(x);
  } else {
    shifted = shift_right_16<P - kTo>(x);
  }
  return and_bytes(shifted, broadcast_byte(1 << kTo));
}

struct Q2_K : Large {
  static constexpr bool kHalves = true, kHasMin = true;
  static constexpr int kUnitBytes = Q2_KFormat::kBlockBytes, kOffset = 0, kMaxWeight = 3;
  static Header header(const Rows& rows, std::int64_t offset) {
    Header header;
    load_words(rows, offset + Q2_KFormat::kScales, header.words);
    const Ints d_and_min = load_dwords(rows, offset + Q2_KFormat::kD);
    header.d = lower_f16s(d_and_min);
    header.m = mul(upper_f16s(d_and_min), broadcast(-1.0f));
    return header;
  }
  template <int P>
  static Scales scales(const Header& header) {
    constexpr int kFirst = P % 2 * 16;  // bit of the first pair's byte
    const Ints word = header.words[P / 2];
    return {header.d,
            header.m,
            to_floats(bits_from<kFirst>(word, 15)),
            to_floats(bits_from<kFirst + 8>(word, 15)),
            to_floats(bits_from<kFirst + 4>(word, 15)),
            to_floats(bits_from<kFirst + 12>(word, 15))};
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    const std::int64_t at = offset + Q2_KFormat::kQ + P / 4 * 32;
    lo = two_bits<P>(load_quarter(rows, q, at));
    hi = two_bits<P>(load_quarter(rows, q, at + 16));
  }
};

struct Q3_K : Large {
  static constexpr bool kHalves = true;
  static constexpr int kUnitBytes = Q3_KFormat::kBlockBytes, kOffset = 4, kMaxWeight = 7;
  // The last 16 bytes of a block: 2 of codes, 12 of scales, d.
  static constexpr int kTail = kUnitBytes - 16, kFirstScale = Q3_KFormat::kScales - kTail;
  static_assert(kFirstScale == 2 && Q3_KFormat::kD - kTail == 14);
  static Header header(const Rows& rows, std::int64_t offset) {
    Header header;
    load_words(rows, offset + kTail, header.words);
    header.d = upper_f16s(header.words[3]);
    return header;
  }
  template <int kGroup>
  static Floats factor(const Header& header) {
    constexpr int kLow = kFirstScale + kGroup % 8, kHigh = kFirstScale + 8 + kGroup % 4;
    constexpr int kLowBit = kLow % 4 * 8 + kGroup / 8 * 4,
                  kHighBit = kHigh % 4 * 8 + kGroup / 4 * 2;
    const Ints low = bits_from<kLowBit>(header.words[kLow / 4], 15);
    const Ints high = bits_from<kHighBit - 4>(header.words[kHigh / 4], 0x30);
    return to_floats(add_ints(or_bytes(low, high), broadcast_int(-32)));
  }
  template <int P>
  static Scales scales(const Header& header) {
    Scales scales = scale_only(header.d);
    scales.a = factor<2 * P>(header);
    scales.b = factor<2 * P + 1>(header);
    return scales;
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    const std::int64_t at = offset + Q3_KFormat::kQ + P / 4 * 32;
    const std::int64_t high = offset + Q3_KFormat::kHigh;
    lo = or_bytes(two_bits<P>(load_quarter(rows, q, at)),
                  one_bit<P, 2>(load_quarter(rows, q, high)));
    hi = or_bytes(two_bits<P>(load_quarter(rows, q, at + 16)),
                  one_bit<P, 2>(load_quarter(rows, q, high + 16)));
  }
};

// The 16 bytes that Q4_K and Q5_K begin with: F16 d and dmin, 8 scales and minima of 6 bits. Their
// products with d and dmin are exact.
struct Large6 : Large {
  static constexpr bool kHasMin = true;
  static constexpr int kOffset = 0;
  static Header header(const Rows& rows, std::int64_t offset) {
    Header header;
    load_words(rows, offset, header.words);
    header.d = lower_f16s(header.words[0]);
    header.m = mul(upper_f16s(header.words[0]), broadcast(-1.0f));
    return header;
  }
  template <int P>
  static Scales scales(const Header& header) {
    constexpr int kByte = P % 4 * 8;
    Ints scale, min;
    if constexpr (P < 4) {
      scale = bits_from<kByte>(header.words[1], 63);
      min = bits_from<kByte>(header.words[2], 63);
    } else {
      scale = or_bytes(bits_from<kByte>(header.words[3], 15),
                       bits_from<kByte + 2>(header.words[1], 0x30));
      min = or_bytes(bits_from<kByte + 4>(header.words[3], 15),
                     bits_from<kByte + 2>(header.words[2], 0x30));
    }
    Scales scales = scale_only(mul(header.d, to_floats(scale)));
    scales.m = mul(header.m, to_floats(min));
    return scales;
  }
  template <int P>
  static Bytes nibbles(Bytes x) {
    return P % 2 == 0 ? low_nibbles(x) : high_nibbles(x);
  }
};

struct Q4_K : Large6 {
  static constexpr int kUnitBytes = Q4_KFormat::kBlockBytes, kMaxWeight = 15;
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    const std::int64_t at = offset + Q4_KFormat::kQ + P / 2 * 32;
    lo = nibbles<P>(load_quarter(rows, q, at));
    hi = nibbles<P>(load_quarter(rows, q, at + 16));
  }
};

struct Q5_K : Large6 {
  static constexpr int kUnitBytes = Q5_KFormat::kBlockBytes, kMaxWeight = 31;
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    const std::int64_t at = offset + Q5_KFormat::kQ + P / 2 * 32;
    const std::int64_t high = offset + Q5_KFormat::kHigh;
    lo =
        or_bytes(nibbles<P>(load_quarter(rows, q, at)), one_bit<P, 4>(load_quarter(rows, q, high)));
    hi = or_bytes(nibbles<P>(load_quarter(rows, q, at + 16)),
                  one_bit<P, 4>(load_quarter(rows, q, high + 16)));
  }
};

struct Iq4Xs : Large {
  static constexpr bool kSigned = Iq4::kSigned;
  static constexpr int kUnitBytes = Iq4XsFormat::kBlockBytes;
  static constexpr int kOffset = Iq4::kOffset, kMaxWeight = Iq4::kMaxWeight;
  static Header header(const Rows& rows, std::int64_t offset) {
    Header header;
    header.words[0] = load_dwords(rows, offset + Iq4XsFormat::kD);
    header.words[1] = load_dwords(rows, offset + Iq4XsFormat::kScalesLow);
    header.d = lower_f16s(header.words[0]);
    return header;
  }
  // A product of 11 and 6 bits is exact.
  template <int P>
  static Scales scales(const Header& header) {
    const Ints low = bits_from<4 * P>(header.words[1], 15);
    const Ints high = bits_from<12 + 2 * P>(header.words[0], 0x30);
    const Ints scale = add_ints(or_bytes(low, high), broadcast_int(-32));
    return scale_only(mul(header.d, to_floats(scale)));
  }
  template <int P>
  static void weights(const Rows& rows, int q, std::int64_t offset, Bytes& lo, Bytes& hi) {
    Iq4::look_up_pairs(load_quarter(rows, q, offset + Iq4XsFormat::kQ + 16 * P), lo, hi);
  }
};

struct Q6_K {
  static constexpr int kBlocks = 8, kTerms = 1, kUnitBytes = Q6_KFormat::kBlockBytes;
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
    Scales scales = scale_only(header.d);
    scales.a = to_floats(shift_right_signed_32<24>(shift_left_32<24 - kFirst>(dword)));
    scales.b = to_floats(shift_right_signed_32<24>(shift_left_32<16 - kFirst>(dword)));
    return scales;
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
