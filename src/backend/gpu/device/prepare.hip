// prepare: rows of activations as products of many rows take them, x [n, cols] -> normalised, in
// parts of F16 (and each row's power of two) or BF16, on cards without matrix units in int8 too
// (activations.h); columns padded with zeros. A workgroup a row. Bound by memory.
#include "backend/gpu/device/activations.h"
#include "backend/gpu/device/arch/arch.h"
#include "backend/gpu/device/halves.h"
#include "backend/gpu/device/rows.h"
#include "backend/gpu/ops/prepare_args.h"

namespace rocmforge::gpu {

struct HalvesOut {
  u16 *f16, *bf16;  // of the row
  float scale;      // that F16 is multiplied by
};

// Four columns of a row.
__device__ __inline__ void store_halves(const PrepareArgs& a, const HalvesOut& to, i32 c,
                                        const F32x4& v) {
  struct Words {
    u32 x[2];
  };
  float rest[4];
  for (int i = 0; i < 4; ++i) rest[i] = v.x[i] * to.scale;
  for (i32 part = 0; part < a.n_f16; ++part) {
    u32 bits[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      bits[i] = to_f16(rest[i]);
      rest[i] = rest_of(rest[i], half_of(bits[i]));
    }
    *reinterpret_cast<Words*>(to.f16 + part * a.part +
                              c) = {{bits[0] | bits[1] << 16, bits[2] | bits[3] << 16}};
  }
  for (int i = 0; i < 4; ++i) rest[i] = v.x[i];
  for (i32 part = 0; part < a.n_bf16; ++part) {
    u32 bits[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      bits[i] = to_bf16(rest[i]);
      rest[i] = rest_of(rest[i], from_bf16(bits[i]));
    }
    *reinterpret_cast<Words*>(to.bf16 + part * a.part +
                              c) = {{bits[0] | bits[1] << 16, bits[2] | bits[3] << 16}};
  }
}

// The power of two that brings the largest finite |x| to [2^14, 2^15), within F16's range and far
// from where it is denormal; 1 for a row of zeros.
__device__ __inline__ float f16_scale(u32 largest_bits) {
  const i32 exponent = (i32)(largest_bits >> 23);  // biased; 0: denormal or zero
  if (largest_bits == 0) return 1.0F;
  return bits_as<float>((u32)min_of(127 + 14 + 127 - exponent, 254) << 23);
}

// A row in int8, 16 columns a thread at a time.
template <class A>
__device__ __inline__ void store_int8(const PrepareArgs& a, const RowOfX& row, i32 r) {
  auto* values = reinterpret_cast<i8*>(a.f16) + (i64)a.int8_at * kInt8Align;
  auto* scales = reinterpret_cast<UnitScale*>(values + a.part) + (i64)r * (a.padded / 32);
  values += (i64)r * a.padded;
#pragma unroll 1
  for (i32 base = 0; base < a.padded; base += 16 * kRowThreads) {
    const i32 c = base + 16 * A::thread();
    F32x4 v[4];
    row.normalised(c, v);  // 0 past the end
    const Int8Half half = quantize_half<A, true>(v);
    if (c < a.padded) {
      *reinterpret_cast<I32x4*>(values + c) = half.values;
      if (c % 32 == 0) scales[c / 32] = half.unit;
    }
  }
}

template <class A>
__device__ __inline__ void prepare(const PrepareArgs& a, float* squares, u32* largest) {
  const i32 n = n_rows(a.rows);
  const bool aligned = is_aligned(a.x, a.x_stride, a.cols);
  for (i32 r = A::group_x(); r < n; r += a.grid.x) {
    RowOfX row{a.x + r * a.x_stride, a.gain, 1.0F, a.cols, aligned};
    if (a.gain != nullptr) {
      A::barrier();  // the row before is done
      for (i32 part = A::uniform(A::thread() / A::kWave); part < kNormParts;
           part += kRowThreads / A::kWave) {
        const float sum = squares_of<A>(row, part);
        if (A::lane() == 0) squares[part] = sum;
      }
      A::barrier();
      row.factor = norm_factor(squares, a.cols, a.eps);
    }
    if constexpr (!A::kMatrixUnits) {
      if (a.int8_at > 0) store_int8<A>(a, row, r);
      if (a.n_f16 + a.n_bf16 == 0) continue;
    }
    float scale = 1.0F;
    if (a.n_f16 > 0) {
      u32 bits = 0;
      for (i32 c = 4 * A::thread(); c < a.cols; c += 4 * kRowThreads) {
        F32x4 v[1];
        row.normalised(c, v);
        for (int i = 0; i < 4; ++i) {
          const u32 x = bits_as<u32>(v[0].x[i]) & 0x7fffffffU;
          bits = max_of(bits, x < kInfinityBits ? x : 0U);
        }
      }
      scale = f16_scale(max_group<A, kRowThreads>(bits, largest));
      if (A::thread() == 0) a.scale[r] = 1.0F / scale;
    }
    const i64 at = (i64)r * a.padded;
    const HalvesOut to{a.f16 + at, a.bf16 + at, scale};
    for (i32 c = 4 * A::thread(); c < a.padded; c += 4 * kRowThreads) {
      F32x4 v[1];
      row.normalised(c, v);
      store_halves(a, to, c, v[0]);
    }
  }
}

RF_KERNEL(kRowThreads) prepare_rows(PrepareArgs a) {
  __shared__ float squares[kNormParts];
  __shared__ u32 largest[kRowThreads / 32];
  prepare<Arch>(a, squares, largest);
}

}  // namespace rocmforge::gpu
