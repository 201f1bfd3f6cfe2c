// What the reference makes of 32 columns of each quantized type.
#pragma once

#include "backend/cpu/simd/generic/formats.h"
#include "backend/cpu/simd/scalar/scalar.h"

namespace rocmforge::cpu::scalar {
namespace {

// 32 columns: the products of weights 0..15 and 16..31 are multiplied by half[0] and half[1], the
// sums of the activations by min[0] and min[1].
struct Block {
  std::int8_t q[32];
  int half[2];
  int min[2];
  float d;
  float m;
};

// What most types are: blocks without factors for their halves.
struct Whole {
  static constexpr bool kHasMin = false;
  static constexpr int kTerms = 1;  // blocks whose weights add up to the weights of 32 columns
};

inline int byte_at(const std::byte* at) {
  return std::to_integer<int>(*at);
}

inline void whole(Block& block) {
  block.half[0] = block.half[1] = block.min[0] = block.min[1] = 1;
}
// Code of 5 bits i of 32, from nibbles and a word of fifth bits.
inline int code_of_5(const std::byte* q, const std::byte* high, int i) {
  const int pair = byte_at(q + i % 16);
  return (i < 16 ? pair & 15 : pair >> 4) | ((byte_at(high + i / 8) >> (i % 8)) & 1) << 4;
}

struct Q4_0 : Whole {
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Q4_0Format::kBlockBytes;
    for (int i = 0; i < 16; ++i) {
      const int pair = byte_at(at + Q4_0Format::kQ + i);
      block.q[i] = static_cast<std::int8_t>((pair & 15) - 8);
      block.q[i + 16] = static_cast<std::int8_t>((pair >> 4) - 8);
    }
    whole(block);
    block.d = f16_to_f32(load<std::uint16_t>(at + Q4_0Format::kD));
  }
};

struct Q4_1 : Whole {
  static constexpr bool kHasMin = true;
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Q4_1Format::kBlockBytes;
    for (int i = 0; i < 16; ++i) {
      const int pair = byte_at(at + Q4_1Format::kQ + i);
      block.q[i] = static_cast<std::int8_t>(pair & 15);
      block.q[i + 16] = static_cast<std::int8_t>(pair >> 4);
    }
    whole(block);
    block.d = f16_to_f32(load<std::uint16_t>(at + Q4_1Format::kD));
    block.m = f16_to_f32(load<std::uint16_t>(at + Q4_1Format::kM));
  }
};

struct Q8_0 : Whole {
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Q8_0Format::kBlockBytes;
    std::memcpy(block.q, at + Q8_0Format::kQ, 32);
    whole(block);
    block.d = f16_to_f32(load<std::uint16_t>(at + Q8_0Format::kD));
  }
};

struct Mxfp4 : Whole {
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Mxfp4Format::kBlockBytes;
    for (int i = 0; i < 16; ++i) {
      const int pair = byte_at(at + Mxfp4Format::kQ + i);
      block.q[i] = kMxfp4Values[pair & 15];
      block.q[i + 16] = kMxfp4Values[pair >> 4];
    }
    whole(block);
    block.d = e8m0_to_f32_halved(load<std::uint8_t>(at + Mxfp4Format::kE));
  }
};

struct Q6_K : Whole {
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b / 8 * Q6_KFormat::kBlockBytes;
    const auto part = static_cast<int>(b % 8);  // blocks 0..3 of each half of 128 columns
    const int quarter = part % 4;
    const std::byte* low = at + Q6_KFormat::kLow + part / 4 * 64 + quarter % 2 * 32;
    const std::byte* high = at + Q6_KFormat::kHigh + part / 4 * 32;
    for (int i = 0; i < 32; ++i) {
      const int nibble = (byte_at(low + i) >> (quarter / 2 * 4)) & 15;
      const int upper = (byte_at(high + i) >> (quarter * 2)) & 3;
      block.q[i] = static_cast<std::int8_t>((nibble | upper << 4) - 32);
    }
    for (int h = 0; h < 2; ++h) {
      block.half[h] = load<std::int8_t>(at + Q6_KFormat::kScales + 2 * part + h);
    }
    block.d = f16_to_f32(load<std::uint16_t>(at + Q6_KFormat::kD));
  }
};

struct Q5_0 : Whole {
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Q5_0Format::kBlockBytes;
    for (int i = 0; i < 32; ++i) {
      block.q[i] =
          static_cast<std::int8_t>(code_of_5(at + Q5_0Format::kQ, at + Q5_0Format::kHigh, i) - 16);
    }
    whole(block);
    block.d = f16_to_f32(load<std::uint16_t>(at + Q5_0Format::kD));
  }
};

struct Q5_1 : Whole {
  static constexpr bool kHasMin = true;
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Q5_1Format::kBlockBytes;
    for (int i = 0; i < 32; ++i) {
      block.q[i] =
          static_cast<std::int8_t>(code_of_5(at + Q5_1Format::kQ, at + Q5_1Format::kHigh, i));
    }
    whole(block);
    block.d = f16_to_f32(load<std::uint16_t>(at + Q5_1Format::kD));
    block.m = f16_to_f32(load<std::uint16_t>(at + Q5_1Format::kM));
  }
};

inline void decode_iq4(const std::byte* pairs, std::int8_t* q) {
  for (int i = 0; i < 16; ++i) {
    const int pair = byte_at(pairs + i);
    q[i] = kIq4Values[pair & 15];
    q[i + 16] = kIq4Values[pair >> 4];
  }
}

struct Iq4Nl : Whole {
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Iq4NlFormat::kBlockBytes;
    decode_iq4(at + Iq4NlFormat::kQ, block.q);
    whole(block);
    block.d = f16_to_f32(load<std::uint16_t>(at + Iq4NlFormat::kD));
  }
};

inline int mxfp6_code(const std::byte* block, int i) {
  const int pair = byte_at(block + Mxfp6Format::kQ + i % 16);
  const int upper = byte_at(block + Mxfp6Format::kHigh + 4 * (i / 16) + i % 4);
  return (i < 16 ? pair & 15 : pair >> 4) | ((upper >> (2 * (i / 4 % 4))) & 3) << 4;
}

struct Mxfp6E2M3 : Whole {
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b * Mxfp6Format::kBlockBytes;
    for (int i = 0; i < 32; ++i) {
      const int code = mxfp6_code(at, i);
      const int value = (code & 16) != 0 ? kE2M3High[code & 15] : kE2M3Low[code & 15];
      block.q[i] = static_cast<std::int8_t>((code & 32) != 0 ? -value : value);
    }
    whole(block);
    block.d = e8m0_to_f32(load<std::uint8_t>(at + Mxfp6Format::kE)) * 0.125f;
  }
};

// Blocks 2 b and 2 b + 1 are the terms of block b.
struct Mxfp6E3M2 : Whole {
  static constexpr int kTerms = 2;
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b / 2 * Mxfp6Format::kBlockBytes;
    const bool upper = b % 2 == 1;
    for (int i = 0; i < 32; ++i) {
      const int code = mxfp6_code(at, i);
      int value = upper ? kE3M2High[code & 15] : kE3M2Low[code & 15];
      if (((code & 16) != 0) != upper) value = 0;
      block.q[i] = static_cast<std::int8_t>((code & 32) != 0 ? -value : value);
    }
    whole(block);
    const float scale = e8m0_to_f32(load<std::uint8_t>(at + Mxfp6Format::kE));
    block.d = scale * (upper ? 0.5f : 0.0625f);
  }
};

// Two bits of each of 32 columns, `part` 0 to 7 of a block of 256, as Q2_K and Q3_K have them.
inline int two_bits(const std::byte* q, int part, int i) {
  return (byte_at(q + part / 4 * 32 + i) >> (part % 4 * 2)) & 3;
}

struct Q2_K : Whole {
  static constexpr bool kHasMin = true;
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b / 8 * Q2_KFormat::kBlockBytes;
    const auto part = static_cast<int>(b % 8);
    for (int i = 0; i < 32; ++i) {
      block.q[i] = static_cast<std::int8_t>(two_bits(at + Q2_KFormat::kQ, part, i));
    }
    for (int h = 0; h < 2; ++h) {
      const int pair = byte_at(at + Q2_KFormat::kScales + 2 * part + h);
      block.half[h] = pair & 15;
      block.min[h] = pair >> 4;
    }
    block.d = f16_to_f32(load<std::uint16_t>(at + Q2_KFormat::kD));
    block.m = -f16_to_f32(load<std::uint16_t>(at + Q2_KFormat::kDMin));
  }
};

struct Q3_K : Whole {
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b / 8 * Q3_KFormat::kBlockBytes;
    const auto part = static_cast<int>(b % 8);
    for (int i = 0; i < 32; ++i) {
      const int third = (byte_at(at + Q3_KFormat::kHigh + i) >> part) & 1;
      block.q[i] =
          static_cast<std::int8_t>((two_bits(at + Q3_KFormat::kQ, part, i) | third << 2) - 4);
    }
    const std::byte* scales = at + Q3_KFormat::kScales;
    for (int g = 2 * part; g < 2 * part + 2; ++g) {
      const int low = (byte_at(scales + g % 8) >> (g < 8 ? 0 : 4)) & 15;
      const int high = (byte_at(scales + 8 + g % 4) >> (2 * (g / 4))) & 3;
      block.half[g % 2] = (low | high << 4) - 32;
    }
    block.d = f16_to_f32(load<std::uint16_t>(at + Q3_KFormat::kD));
  }
};

// The scale and the minimum of a block of 32 columns, exact in floats, of Q4_K and Q5_K.
template <class Format>
void set_scale_and_min(const std::byte* at, int part, Block& block) {
  const auto byte = [&](int i) { return byte_at(at + Format::kScales + i); };
  const int k = part % 4;
  int scale = byte(k) & 63, min = byte(k + 4) & 63;
  if (part >= 4) {
    scale = (byte(k + 8) & 15) | (byte(k) >> 6) << 4;
    min = byte(k + 8) >> 4 | (byte(k + 4) >> 6) << 4;
  }
  whole(block);
  block.d = f16_to_f32(load<std::uint16_t>(at + Format::kD)) * static_cast<float>(scale);
  block.m = -f16_to_f32(load<std::uint16_t>(at + Format::kDMin)) * static_cast<float>(min);
}

struct Q4_K : Whole {
  static constexpr bool kHasMin = true;
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b / 8 * Q4_KFormat::kBlockBytes;
    const auto part = static_cast<int>(b % 8);
    const std::byte* q = at + Q4_KFormat::kQ + part / 2 * 32;
    for (int i = 0; i < 32; ++i) {
      block.q[i] = static_cast<std::int8_t>((byte_at(q + i) >> (part % 2 * 4)) & 15);
    }
    set_scale_and_min<Q4_KFormat>(at, part, block);
  }
};

struct Q5_K : Whole {
  static constexpr bool kHasMin = true;
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b / 8 * Q5_KFormat::kBlockBytes;
    const auto part = static_cast<int>(b % 8);
    const std::byte* q = at + Q5_KFormat::kQ + part / 2 * 32;
    for (int i = 0; i < 32; ++i) {
      const int fifth = (byte_at(at + Q5_KFormat::kHigh + i) >> part) & 1;
      block.q[i] = static_cast<std::int8_t>(((byte_at(q + i) >> (part % 2 * 4)) & 15) | fifth << 4);
    }
    set_scale_and_min<Q5_KFormat>(at, part, block);
  }
};

struct Iq4Xs : Whole {
  static void decode(const std::byte* row, std::int64_t b, Block& block) {
    const std::byte* at = row + b / 8 * Iq4XsFormat::kBlockBytes;
    const auto part = static_cast<int>(b % 8);
    decode_iq4(at + Iq4XsFormat::kQ + 16 * part, block.q);
    const int low = (byte_at(at + Iq4XsFormat::kScalesLow + part / 2) >> (part % 2 * 4)) & 15;
    const int high = (load<std::uint16_t>(at + Iq4XsFormat::kScalesHigh) >> (2 * part)) & 3;
    whole(block);
    block.d = f16_to_f32(load<std::uint16_t>(at + Iq4XsFormat::kD)) *
              static_cast<float>((low | high << 4) - 32);
  }
};

}  // namespace
}  // namespace rocmforge::cpu::scalar
