// AVX-512's vectors under the names that generic/ is written in. All of it has internal linkage:
// the files of one set must share no function with those of another.
#pragma once

#include <immintrin.h>

#include "backend/cpu/simd/kernels.h"

namespace rocmforge::cpu {
namespace {

using Bytes = __m512i;  // 64 bytes
using Ints = __m512i;   // 16 int32
using Floats = __m512;  // 16 floats
using Byte = std::uint8_t;

constexpr int kLanes = 16;              // weight rows side by side in one vector
constexpr bool kSignedWeights = false;  // vpdpbusd takes weights as unsigned bytes, of any value
constexpr int kTileGroups = 2;          // register tile: groups of kLanes weight rows ...
constexpr int kTileX = 6;               // ... by rows of x: 12 integer and 12 float accumulators

constexpr int kPlainX = 6;   // rows of x by 4 plain weight rows: 24 accumulators
constexpr int kValuesX = 8;  // queries by 2 vectors of values: 16 accumulators

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
  return _mm512_setzero_ps();
}
inline Floats broadcast(float x) {
  return _mm512_set1_ps(x);
}
inline Floats add(Floats a, Floats b) {
  return _mm512_add_ps(a, b);
}
inline Floats mul(Floats a, Floats b) {
  return _mm512_mul_ps(a, b);
}
inline Floats fma(Floats a, Floats b, Floats c) {
  return _mm512_fmadd_ps(a, b, c);
}
inline Floats to_floats(Ints x) {
  return _mm512_cvtepi32_ps(x);
}
inline Floats load_floats(const float* at) {
  return _mm512_loadu_ps(at);
}
inline void store_floats(float* at, Floats x) {
  _mm512_storeu_ps(at, x);
}
inline __mmask16 first_lanes(int n) {
  return static_cast<__mmask16>(n >= kLanes ? 0xffffu : (1u << n) - 1u);
}
inline Floats load_floats(const float* at, int n) {
  return _mm512_maskz_loadu_ps(first_lanes(n), at);
}
inline void store_floats(float* at, Floats x, int n) {
  _mm512_mask_storeu_ps(at, first_lanes(n), x);
}

inline Floats load_f16(const Byte* at) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
}
inline Floats load_bf16(const Byte* at) {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
// The sums of the lanes of four vectors.
inline __m128 sum_4(const Floats in[4]) {
  const Floats a =
      _mm512_add_ps(_mm512_unpacklo_ps(in[0], in[1]), _mm512_unpackhi_ps(in[0], in[1]));
  const Floats b =
      _mm512_add_ps(_mm512_unpacklo_ps(in[2], in[3]), _mm512_unpackhi_ps(in[2], in[3]));
  const Floats c = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
  const __m256 d = _mm256_add_ps(_mm512_castps512_ps256(c), _mm512_extractf32x8_ps(c, 1));
  return _mm_add_ps(_mm256_castps256_ps128(d), _mm256_extractf128_ps(d, 1));
}
// The first n (or all, when n > 4) of four floats.
inline void store_4(float* at, __m128 x, int n) {
  _mm_mask_storeu_ps(at, static_cast<__mmask8>(n >= 4 ? 15 : (1 << n) - 1), x);
}

inline Ints broadcast_int(std::int32_t x) {
  return _mm512_set1_epi32(x);
}
inline Bytes broadcast_byte(int x) {
  return _mm512_set1_epi8(static_cast<char>(x));
}
inline Ints add_ints(Ints a, Ints b) {
  return _mm512_add_epi32(a, b);
}
inline Ints multiply_add_pairs(Ints pairs, Ints factors) {
  return _mm512_madd_epi16(pairs, factors);
}
inline void store_bytes(Byte* at, Bytes x) {
  _mm512_storeu_si512(at, x);
}

// 16 bytes at `offset` of rows q, q + 4, q + 8, ..., one in each 128 bits.
inline Bytes load_quarter(const Rows& rows, int q, std::int64_t offset) {
  const auto at = [&](int l) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows.row[4 * l + q] + offset));
  };
  Bytes x = _mm512_castsi128_si512(at(0));
  x = _mm512_inserti32x4(x, at(1), 1);
  x = _mm512_inserti32x4(x, at(2), 2);
  return _mm512_inserti32x4(x, at(3), 3);
}
// The same 16 bytes in each 128 bits.
inline Bytes broadcast_16(const void* at) {
  return _mm512_broadcast_i32x4(_mm_loadu_si128(static_cast<const __m128i*>(at)));
}

inline Bytes and_bytes(Bytes a, Bytes b) {
  return _mm512_and_si512(a, b);
}
inline Bytes or_bytes(Bytes a, Bytes b) {
  return _mm512_or_si512(a, b);
}
inline Bytes xor_bytes(Bytes a, Bytes b) {
  return _mm512_xor_si512(a, b);
}
inline Bytes add_bytes(Bytes a, Bytes b) {
  return _mm512_add_epi8(a, b);
}
inline Bytes sub_bytes(Bytes a, Bytes b) {
  return _mm512_sub_epi8(a, b);
}
// 0xff where they are equal, else 0.
inline Bytes equal_bytes(Bytes a, Bytes b) {
  return _mm512_movm_epi8(_mm512_cmpeq_epi8_mask(a, b));
}
template <int kBits>
inline Bytes shift_right_16(Bytes x) {
  return _mm512_srli_epi16(x, kBits);
}
template <int kBits>
inline Bytes shift_left_16(Bytes x) {
  return _mm512_slli_epi16(x, kBits);
}
inline Bytes look_up(Bytes table, Bytes index) {
  return _mm512_shuffle_epi8(table, index);
}
template <int kBits>
inline Ints shift_left_32(Ints x) {
  return _mm512_slli_epi32(x, kBits);
}
template <int kBits>
inline Ints shift_right_signed_32(Ints x) {
  return _mm512_srai_epi32(x, kBits);
}

// In each 128 bits, dword j of result i is dword i of input j.
inline void transpose_4x4(const Ints in[4], Ints out[4]) {
  const Ints a = _mm512_unpacklo_epi32(in[0], in[1]);
  const Ints b = _mm512_unpackhi_epi32(in[0], in[1]);
  const Ints c = _mm512_unpacklo_epi32(in[2], in[3]);
  const Ints d = _mm512_unpackhi_epi32(in[2], in[3]);
  out[0] = _mm512_unpacklo_epi64(a, c);
  out[1] = _mm512_unpackhi_epi64(a, c);
  out[2] = _mm512_unpacklo_epi64(b, d);
  out[3] = _mm512_unpackhi_epi64(b, d);
}

// In each 128 bits, dword j of the result is the sum of the four dwords of input j.
inline Ints sum_4x4(const Ints in[4]) {
  const Ints a =
      _mm512_add_epi32(_mm512_unpacklo_epi32(in[0], in[1]), _mm512_unpackhi_epi32(in[0], in[1]));
  const Ints b =
      _mm512_add_epi32(_mm512_unpacklo_epi32(in[2], in[3]), _mm512_unpackhi_epi32(in[2], in[3]));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

// The four bytes at `offset` of each row.
inline Ints load_dwords(const Rows& rows, std::int64_t offset) {
  const auto at = [&](int j) { return _mm_cvtsi32_si128(load_i32(rows.row[j] + offset)); };
  // Broadcasts from memory into some dwords take no shuffle.
  const auto four = [&](int j) {
    Ints x = _mm512_broadcastd_epi32(at(j));
    x = _mm512_mask_broadcastd_epi32(x, 0x2222, at(j + 1));
    x = _mm512_mask_broadcastd_epi32(x, 0x4444, at(j + 2));
    return _mm512_mask_broadcastd_epi32(x, 0x8888, at(j + 3));
  };
  const Ints low = _mm512_mask_blend_epi32(0x00f0, four(0), four(4));
  const Ints high = _mm512_mask_blend_epi32(0xf000, four(8), four(12));
  return _mm512_mask_blend_epi32(0xff00, low, high);
}
// The F16 in the lower and in the upper half of each dword.
inline Floats lower_f16s(Ints dwords) {
  return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(dwords));
}
inline Floats upper_f16s(Ints dwords) {
  return lower_f16s(_mm512_srli_epi32(dwords, 16));
}

// 2^(e - 128) of the lowest byte of each dword.
inline Floats e8m0s_halved(Ints dwords) {
  const Ints e = _mm512_and_si512(dwords, _mm512_set1_epi32(255));
  const Ints normal = _mm512_slli_epi32(_mm512_sub_epi32(e, _mm512_set1_epi32(1)), 23);
  const Ints denormal = _mm512_sllv_epi32(_mm512_set1_epi32(0x00200000), e);
  const __mmask16 is_denormal = _mm512_cmplt_epi32_mask(e, _mm512_set1_epi32(2));
  return _mm512_castsi512_ps(_mm512_mask_blend_epi32(is_denormal, normal, denormal));
}

// 2^(e - 127) of the lowest byte of each dword; NaN for 255.
inline Floats e8m0s(Ints dwords) {
  const Ints e = _mm512_and_si512(dwords, _mm512_set1_epi32(255));
  const __mmask16 special =
      static_cast<__mmask16>(_mm512_cmpeq_epi32_mask(e, _mm512_setzero_si512()) |
                             _mm512_cmpeq_epi32_mask(e, _mm512_set1_epi32(255)));
  const Ints bits = _mm512_slli_epi32(e, 23);
  return _mm512_castsi512_ps(
      _mm512_mask_or_epi32(bits, special, bits, _mm512_set1_epi32(0x00400000)));
}

// Sums of 4 products of weights (as T stores them) and x, in each dword.
template <class T>
inline Ints dot_4(Bytes w, Bytes x) {
  return _mm512_dpbusd_epi32(_mm512_setzero_si512(), w, x);
}
template <class T>
inline Ints dot_4_twice(Bytes w0, Bytes x0, Bytes w1, Bytes x1) {
  return _mm512_dpbusd_epi32(dot_4<T>(w0, x0), w1, x1);
}

// dots[g][i] = sum over steps of 4 columns: the weights of step c of group g are the kLanes dwords
// at w + g * group_stride + c * sizeof(Bytes), x's columns lie at x + i * x_stride. Starts from
// dots[g][i].
template <class T, int kGroups, int kRows, int kSteps>
inline void dot_tile(const Byte* w, std::int64_t group_stride, const std::int8_t* x,
                     std::int64_t x_stride, Ints (&dots)[kGroups][kRows]) {
#pragma GCC unroll 8
  for (int c = 0; c < kSteps; ++c) {
    Bytes weights[kGroups];
#pragma GCC unroll 8
    for (int g = 0; g < kGroups; ++g) {
      weights[g] = _mm512_loadu_si512(w + g * group_stride + c * 64);
    }
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const Bytes columns = _mm512_set1_epi32(load_i32(x + i * x_stride + 4 * c));
#pragma GCC unroll 8
      for (int g = 0; g < kGroups; ++g) {
        dots[g][i] = _mm512_dpbusd_epi32(dots[g][i], weights[g], columns);
      }
    }
  }
}

}  // namespace
}  // namespace rocmforge::cpu
