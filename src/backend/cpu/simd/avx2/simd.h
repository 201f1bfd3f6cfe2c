// AVX2's vectors under the names that generic/ is written in. All of it has internal linkage: the
// files of one set must share no function with those of another.
#pragma once

#include <immintrin.h>

#include "backend/cpu/simd/kernels.h"

namespace rocmforge::cpu {
namespace {

using Bytes = __m256i;  // 32 bytes
using Ints = __m256i;   // 8 int32
using Floats = __m256;  // 8 floats
using Byte = std::uint8_t;

constexpr int kLanes = 8;              // weight rows side by side in one vector
constexpr bool kSignedWeights = true;  // weights of 8 bits stay signed: see dot_products
constexpr int kTileGroups = 2;         // register tile: groups of kLanes weight rows ...
constexpr int kTileX = 3;              // ... by rows of x

constexpr int kPlainX = 3;   // rows of x by 4 plain weight rows: 12 accumulators
constexpr int kValuesX = 4;  // queries by 2 vectors of values: 8 accumulators

// The kLanes weight rows of a group; those past the tile's end repeat its last.
struct Rows {
  const Byte* row[kLanes];
};

inline std::int32_t load_i32(const void* at) {
  std::int32_t value;
  __builtin_memcpy(&value, at, sizeof(value));
  return value;
}

inline Floats zero_floats() {
  return _mm256_setzero_ps();
}
inline Floats broadcast(float x) {
  return _mm256_set1_ps(x);
}
inline Floats add(Floats a, Floats b) {
  return _mm256_add_ps(a, b);
}
inline Floats mul(Floats a, Floats b) {
  return _mm256_mul_ps(a, b);
}
inline Floats fma(Floats a, Floats b, Floats c) {
  return _mm256_fmadd_ps(a, b, c);
}
inline Floats to_floats(Ints x) {
  return _mm256_cvtepi32_ps(x);
}
inline Floats load_floats(const float* at) {
  return _mm256_loadu_ps(at);
}
inline void store_floats(float* at, Floats x) {
  _mm256_storeu_ps(at, x);
}
inline __m256i first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Floats load_floats(const float* at, int n) {
  return _mm256_maskload_ps(at, first_lanes(n));
}
inline void store_floats(float* at, Floats x, int n) {
  _mm256_maskstore_ps(at, first_lanes(n), x);
}

inline Floats load_f16(const Byte* at) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}
inline Floats load_bf16(const Byte* at) {
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
// The sums of the lanes of four vectors.
inline __m128 sum_4(const Floats in[4]) {
  const Floats a = _mm256_hadd_ps(_mm256_hadd_ps(in[0], in[1]), _mm256_hadd_ps(in[2], in[3]));
  return _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
}
// The first n (or all, when n > 4) of four floats.
inline void store_4(float* at, __m128 x, int n) {
  _mm_maskstore_ps(at, _mm_cmpgt_epi32(_mm_set1_epi32(n), _mm_setr_epi32(0, 1, 2, 3)), x);
}

inline Ints broadcast_int(std::int32_t x) {
  return _mm256_set1_epi32(x);
}
inline Bytes broadcast_byte(int x) {
  return _mm256_set1_epi8(static_cast<char>(x));
}
inline Ints add_ints(Ints a, Ints b) {
  return _mm256_add_epi32(a, b);
}
inline Ints multiply_add_pairs(Ints pairs, Ints factors) {
  return _mm256_madd_epi16(pairs, factors);
}
inline void store_bytes(Byte* at, Bytes x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), x);
}

// 16 bytes at `offset` of rows q and q + 4, one in each 128 bits.
inline Bytes load_quarter(const Rows& rows, int q, std::int64_t offset) {
  const auto at = [&](int l) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows.row[4 * l + q] + offset));
  };
  return _mm256_inserti128_si256(_mm256_castsi128_si256(at(0)), at(1), 1);
}
// The same 16 bytes in each 128 bits.
inline Bytes broadcast_16(const void* at) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(at)));
}

inline Bytes and_bytes(Bytes a, Bytes b) {
  return _mm256_and_si256(a, b);
}
inline Bytes or_bytes(Bytes a, Bytes b) {
  return _mm256_or_si256(a, b);
}
inline Bytes xor_bytes(Bytes a, Bytes b) {
  return _mm256_xor_si256(a, b);
}
inline Bytes add_bytes(Bytes a, Bytes b) {
  return _mm256_add_epi8(a, b);
}
inline Bytes sub_bytes(Bytes a, Bytes b) {
  return _mm256_sub_epi8(a, b);
}
// 0xff where they are equal, else 0.
inline Bytes equal_bytes(Bytes a, Bytes b) {
  return _mm256_cmpeq_epi8(a, b);
}
template <int kBits>
inline Bytes shift_right_16(Bytes x) {
  return _mm256_srli_epi16(x, kBits);
}
template <int kBits>
inline Bytes shift_left_16(Bytes x) {
  return _mm256_slli_epi16(x, kBits);
}
inline Bytes look_up(Bytes table, Bytes index) {
  return _mm256_shuffle_epi8(table, index);
}
template <int kBits>
inline Ints shift_left_32(Ints x) {
  return _mm256_slli_epi32(x, kBits);
}
template <int kBits>
inline Ints shift_right_signed_32(Ints x) {
  return _mm256_srai_epi32(x, kBits);
}

// In each 128 bits, dword j of result i is dword i of input j.
inline void transpose_4x4(const Ints in[4], Ints out[4]) {
  const Ints a = _mm256_unpacklo_epi32(in[0], in[1]);
  const Ints b = _mm256_unpackhi_epi32(in[0], in[1]);
  const Ints c = _mm256_unpacklo_epi32(in[2], in[3]);
  const Ints d = _mm256_unpackhi_epi32(in[2], in[3]);
  out[0] = _mm256_unpacklo_epi64(a, c);
  out[1] = _mm256_unpackhi_epi64(a, c);
  out[2] = _mm256_unpacklo_epi64(b, d);
  out[3] = _mm256_unpackhi_epi64(b, d);
}

// In each 128 bits, dword j of the result is the sum of the four dwords of input j.
inline Ints sum_4x4(const Ints in[4]) {
  return _mm256_hadd_epi32(_mm256_hadd_epi32(in[0], in[1]), _mm256_hadd_epi32(in[2], in[3]));
}

// The four bytes at `offset` of each row.
inline Ints load_dwords(const Rows& rows, std::int64_t offset) {
  const auto four = [&](int j) {
    __m128i x = _mm_cvtsi32_si128(load_i32(rows.row[j] + offset));
    x = _mm_insert_epi32(x, load_i32(rows.row[j + 1] + offset), 1);
    x = _mm_insert_epi32(x, load_i32(rows.row[j + 2] + offset), 2);
    return _mm_insert_epi32(x, load_i32(rows.row[j + 3] + offset), 3);
  };
  return _mm256_inserti128_si256(_mm256_castsi128_si256(four(0)), four(4), 1);
}
// The F16 in the lower and in the upper half of each dword.
inline Floats upper_f16s(Ints dwords) {
  const Ints halves = _mm256_srli_epi32(dwords, 16);
  return _mm256_cvtph_ps(
      _mm_packus_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1)));
}
inline Floats lower_f16s(Ints dwords) {
  return upper_f16s(_mm256_slli_epi32(dwords, 16));
}

// 2^(e - 128) of the lowest byte of each dword.
inline Floats e8m0s_halved(Ints dwords) {
  const Ints e = _mm256_and_si256(dwords, _mm256_set1_epi32(255));
  const Ints normal = _mm256_slli_epi32(_mm256_sub_epi32(e, _mm256_set1_epi32(1)), 23);
  const Ints denormal = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), e);
  const Ints is_normal = _mm256_cmpgt_epi32(e, _mm256_set1_epi32(1));
  return _mm256_castsi256_ps(_mm256_blendv_epi8(denormal, normal, is_normal));
}

// 2^(e - 127) of the lowest byte of each dword; NaN for 255.
inline Floats e8m0s(Ints dwords) {
  const Ints e = _mm256_and_si256(dwords, _mm256_set1_epi32(255));
  const Ints is_0 = _mm256_cmpeq_epi32(e, _mm256_setzero_si256());
  const Ints is_nan = _mm256_cmpeq_epi32(e, _mm256_set1_epi32(255));
  const Ints quiet = _mm256_and_si256(_mm256_or_si256(is_0, is_nan), _mm256_set1_epi32(0x00400000));
  return _mm256_castsi256_ps(_mm256_or_si256(_mm256_slli_epi32(e, 23), quiet));
}

// Sums of 2 products in int16, which must not saturate: unsigned weights of T::kMaxWeight do not,
// for |x| <= 127; signed ones move their sign to x, and 2 * 128 * 127 < 2^15.
template <class T>
inline __m256i dot_2(Bytes w, Bytes x) {
  if constexpr (T::kSigned) {
    return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
  } else {
    static_assert(T::kMaxWeight * 127 * 2 <= 32767);
    return _mm256_maddubs_epi16(w, x);
  }
}
// How many of dot_2's results int16 can add up.
template <class T>
constexpr int kSums16 = 32767 / (T::kMaxWeight * 127 * 2);

inline Ints widen_pairs(__m256i sums16) {
  return _mm256_madd_epi16(sums16, _mm256_set1_epi16(1));
}

// Sums of 4 products of weights (as T stores them) and x, in each dword.
template <class T>
inline Ints dot_4(Bytes w, Bytes x) {
  return widen_pairs(dot_2<T>(w, x));
}
template <class T>
inline Ints dot_4_twice(Bytes w0, Bytes x0, Bytes w1, Bytes x1) {
  if constexpr (kSums16<T> >= 2) {
    return widen_pairs(_mm256_add_epi16(dot_2<T>(w0, x0), dot_2<T>(w1, x1)));
  } else {
    return _mm256_add_epi32(dot_4<T>(w0, x0), dot_4<T>(w1, x1));
  }
}

// Has the compiler finish `x` here, which it would postpone, and spill the products meanwhile.
inline void keep_in_register(__m256i& x) {
  asm("" : "+x"(x));
}

// dots[g][i] = sum over steps of 4 columns: the weights of step c of group g are the kLanes dwords
// at w + g * group_stride + c * sizeof(Bytes), x's columns lie at x + i * x_stride. Starts from
// dots[g][i].
template <class T, int kGroups, int kRows, int kSteps>
inline void dot_tile(const Byte* w, std::int64_t group_stride, const std::int8_t* x,
                     std::int64_t x_stride, Ints (&dots)[kGroups][kRows]) {
  constexpr int kRun = kSums16<T> >= kSteps ? kSteps
                       : kSums16<T> >= 4    ? 4
                       : kSums16<T> >= 2    ? 2
                                            : 1;
#pragma GCC unroll 8
  for (int first = 0; first < kSteps; first += kRun) {
    __m256i sums[kGroups][kRows];
#pragma GCC unroll 8
    for (int c = first; c < first + kRun; ++c) {
      Bytes weights[kGroups];
#pragma GCC unroll 8
      for (int g = 0; g < kGroups; ++g) {
        weights[g] =
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + g * group_stride + c * 32));
      }
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const Bytes columns = _mm256_set1_epi32(load_i32(x + i * x_stride + 4 * c));
#pragma GCC unroll 8
        for (int g = 0; g < kGroups; ++g) {
          const __m256i products = dot_2<T>(weights[g], columns);
          sums[g][i] = c == first ? products : _mm256_add_epi16(sums[g][i], products);
          keep_in_register(sums[g][i]);
        }
      }
    }
#pragma GCC unroll 8
    for (int g = 0; g < kGroups; ++g) {
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        dots[g][i] = _mm256_add_epi32(dots[g][i], widen_pairs(sums[g][i]));
        if constexpr (kRun < kSteps) keep_in_register(dots[g][i]);
      }
    }
  }
}

}  // namespace
}  // namespace rocmforge::cpu
