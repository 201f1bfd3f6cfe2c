// Numbers for the matrix units: weights decoded to F16 or BF16, activations split into parts.
//
// F16: a quantized weight's code q goes into the low bits of 1024 (0x6400), which has them there as
// whole numbers; 1024 + zero is taken off, exactly, and one multiply by the scale rounds to 11
// bits. Products of codes and F16 scales lose nothing where they are denormal, being multiples of
// 2^-24.
#pragma once

#include "backend/gpu/device/weights.h"
#include "backend/gpu/ops/matmul_args.h"

namespace rocmforge::gpu {

using HalfPair = f16 __attribute__((ext_vector_type(2)));

// To the nearest BF16, ties to even; a NaN stays one.
__device__ __inline__ u32 to_bf16(float x) {
  const u32 bits = bits_as<u32>(x);
  const u32 rounded = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
  return (bits & 0x7fffffffU) > 0x7f800000U ? bits >> 16 | 0x40U : rounded;
}
__device__ __inline__ float from_bf16(u32 x) {
  return bits_as<float>(x << 16);
}
__device__ __inline__ u32 to_f16(float x) {
  return bits_as<u16>((f16)x);
}

// What is left of x after `part` of it was taken; nothing where x is infinite or no number.
__device__ __inline__ float rest_of(float x, float part) {
  return (bits_as<u32>(part) & 0x7f800000U) == 0x7f800000U ? 0.0F : x - part;
}

// 32 columns of a row, a plain type's as loaded, or a quantized type's.
template <class T>
struct Columns32 {
  static constexpr int kWords = T::kQuantized ? 1 : 2 * T::kPlanes.q;  // of 16 bytes
  Raw raw;
  I32x4 plain[kWords];
};

template <class T>
__device__ __inline__ Columns32<T> load_columns(const PlaneRow& row, i32 u, i32 cols) {
  Columns32<T> out;
  if constexpr (T::kQuantized) {
    if (u < cols / 32) {
      out.raw = load_raw<T>(row, u);
    } else {
      out.raw = {};
    }
  } else {
#pragma unroll
    for (int i = 0; i < Columns32<T>::kWords; ++i) {
      const i32 at = 32 * T::kBytes * u + 16 * i;
      if (at < T::kBytes * cols) {
        out.plain[i] = load<I32x4, 16>(row.q + at);
      } else {
        out.plain[i] = {{0, 0, 0, 0}};
      }
    }
  }
  return out;
}

// Halves of 32 columns, eight at a time: chunk(i, out) gives columns [8 i, 8 i + 8) in kParts
// parts.
template <class A, class T>
struct HalvesOf {
  static constexpr int kParts = half_parts(T::kType).w;
  const Columns32<T>& from;

  __device__ __inline__ void chunk(int i, u32 (&out)[kParts][4]) const {
    if constexpr (T::kQuantized) {
#pragma unroll
      for (int w = 0; w < 2; ++w) word(2 * i + w, out[0] + 2 * w);
    } else if constexpr (T::kPlanes.q == 2) {
#pragma unroll
      for (int w = 0; w < 4; ++w) out[0][w] = (u32)from.plain[i].x[w];
    } else {
#pragma unroll
      for (int w = 0; w < 4; ++w) {
        float x[2];
        for (int j = 0; j < 2; ++j) {
          x[j] = bits_as<float>(from.plain[2 * i + w / 2].x[2 * w % 4 + j]);
        }
#pragma unroll
        for (int part = 0; part < kParts; ++part) {
          const u32 low = to_bf16(x[0]), high = to_bf16(x[1]);
          out[part][w] = low | high << 16;
          x[0] = rest_of(x[0], from_bf16(low));
          x[1] = rest_of(x[1], from_bf16(high));
        }
      }
    }
  }

 private:
  // Columns [4 i, 4 i + 4) of a quantized type.
  __device__ __inline__ void word(int i, u32* out) const {
    const Unit unit = T::template decode<A>(from.raw);  // once: it is inlined
    if constexpr (half_parts(T::kType).bf16) {
      T::template bf16_pairs<A>(from.raw, i, out);
    } else {
      constexpr u32 kBias = T::kSigned ? 128U : 0U;
      const auto zero = (f16)(float)(1024 + T::kZero + (i32)kBias);
      const auto d = (f16)(T::kHalfScales ? unit.d * (float)unit.scale[i / 4] : unit.d);
      const u32 q = (u32)unit.q[i] ^ (kBias * 0x01010101U);
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        const u32 codes = A::bytes(q, 0x64646464U, j == 0 ? 0x04010400U : 0x04030402U);
        HalfPair v = (bits_as<HalfPair>(codes) - HalfPair{zero, zero}) * HalfPair{d, d};
        if constexpr (T::kHasMin) {
          const auto m = (f16)(T::kHalfScales ? unit.m * (float)unit.min[i / 4] : unit.m);
          v = v + HalfPair{m, m};
        }
        out[j] = bits_as<u32>(v);
      }
    }
  }
};

}  // namespace rocmforge::gpu
