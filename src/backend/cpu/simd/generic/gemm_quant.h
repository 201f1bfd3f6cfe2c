// y = x W^T with quantized weights and int8 activations, over a set's simd.h and weights.h; the
// formula, and its roundings, are those of scalar/gemm_quant.cpp.
//
// One lane is one weight row throughout, so a block's products are exact integers and every output
// sums its blocks in the order of the columns, one multiply or add at a time: the result does not
// depend on the tile. There are two ways to the integers. With one or two rows of x (`direct`) the
// weights are used from registers, as they come from memory, which is what bounds it. With more
// (`tiled`) they are unpacked once into a buffer, four columns of each row side by side, and serve
// all rows of x from there; that is bound by the integer products.
#pragma once

#include "backend/cpu/simd/generic/prefetch.h"
#include "backend/cpu/simd/generic/weights.h"

namespace rocmforge::cpu {
namespace {

constexpr int kDirectX = 2;       // at most this many rows of x use weights from registers
constexpr int kChunkBlocks = 16;  // blocks of 32 columns unpacked at a time; a multiple of units
constexpr std::int64_t kVectorBytes = sizeof(Bytes);

// One lane each row of a group: a block's exact products with a row of x, in halves of 16 columns
// where the type has a factor for each.
struct Dots {
  Ints all, halves[2];
};

// -kOffset times the sum of x's 32 values (or of a half's 16), which makes up for the offset.
template <class T, int kHalf>
inline Ints offset_products(std::int32_t sum_pair) {
  if constexpr (T::kOffset == 0) {
    return broadcast_int(0);
  } else {
    constexpr std::uint32_t kLow = kHalf == 1 ? 0u : static_cast<std::uint16_t>(-T::kOffset);
    constexpr std::uint32_t kHigh = kHalf == 0 ? 0u : static_cast<std::uint16_t>(-T::kOffset);
    return multiply_add_pairs(broadcast_int(sum_pair),
                              broadcast_int(static_cast<std::int32_t>(kLow | kHigh << 16)));
  }
}

// y + a block's products.
template <class T>
inline Floats accumulate(Floats y, const Dots& dots, const Scales& w, float x_scale,
                         std::int32_t sum_pair) {
  const Floats s = broadcast(x_scale);
  if constexpr (T::kHasMin && T::kHalves) {
    const Ints sums = broadcast_int(sum_pair);
    const Floats first = mul(to_floats(dots.halves[0]), w.a);
    const Floats dot = fma(to_floats(dots.halves[1]), w.b, first);
    const Floats low = mul(to_floats(multiply_add_pairs(sums, broadcast_int(0x00000001))), w.min_a);
    const Floats sum =
        fma(to_floats(multiply_add_pairs(sums, broadcast_int(0x00010000))), w.min_b, low);
    return add(y, mul(add(mul(w.d, dot), mul(w.m, sum)), s));
  } else if constexpr (T::kHasMin) {
    const Floats sum =
        to_floats(multiply_add_pairs(broadcast_int(sum_pair), broadcast_int(0x00010001)));
    return add(y, mul(add(mul(w.d, to_floats(dots.all)), mul(w.m, sum)), s));
  } else if constexpr (T::kHalves) {
    // Integers below 2^24, in floats: exact, fused or not.
    const Floats first = mul(to_floats(dots.halves[0]), w.a);
    const Floats exact = fma(to_floats(dots.halves[1]), w.b, first);
    return add(y, mul(mul(exact, s), w.d));
  } else {
    return add(y, mul(mul(to_floats(dots.all), s), w.d));
  }
}

inline Rows rows_from(const GemmTile& tile, std::int32_t first) {
  Rows rows;
  for (int j = 0; j < kLanes; ++j) {
    const std::int32_t row = first + j < tile.n_w ? first + j : tile.n_w - 1;
    rows.row[j] = reinterpret_cast<const Byte*>(tile.w + row * tile.w_stride);
  }
  return rows;
}

// Where the values, scale and sums of block `b` of row `i` of x are.
struct XBlock {
  const std::int8_t* values;
  const float* scale;
  const std::int16_t* sums;
};
inline XBlock x_block(const GemmTile& tile, std::int64_t i, std::int64_t b) {
  const std::int64_t at = i * (tile.k / 32) + b;
  return {tile.x.values + at * 32, tile.x.scales + at, tile.x.sums + at * 2};
}

// Blocks of 32 columns a unit.
template <class T>
constexpr int kUnitColumns = T::kBlocks / T::kTerms;

// The indices of a unit's blocks, as template arguments.
template <int... P>
struct Parts {};
template <int kCount>
struct PartsOf;
template <>
struct PartsOf<1> : Parts<0> {};
template <>
struct PartsOf<2> : Parts<0, 1> {};
template <>
struct PartsOf<8> : Parts<0, 1, 2, 3, 4, 5, 6, 7> {};

template <class T, int P, int kRows>
inline void direct_block(const Rows& rows, const typename T::Header& header, std::int64_t offset,
                         const XBlock& x, std::int64_t x_blocks, Floats (&y)[kRows]) {
  Ints dots[kRows][2][4];
  for (int q = 0; q < 4; ++q) {
    Bytes lo, hi;
    T::template weights<P>(rows, q, offset, lo, hi);
    for (int i = 0; i < kRows; ++i) {
      const std::int8_t* values = x.values + i * x_blocks * 32;
      const Bytes x_lo = broadcast_16(values);
      const Bytes x_hi = broadcast_16(values + 16);
      if constexpr (T::kHalves) {
        dots[i][0][q] = dot_4<T>(lo, x_lo);
        dots[i][1][q] = dot_4<T>(hi, x_hi);
      } else {
        dots[i][0][q] = dot_4_twice<T>(lo, x_lo, hi, x_hi);
      }
    }
  }
  const Scales scales = T::template scales<P>(header);
  for (int i = 0; i < kRows; ++i) {
    const std::int32_t sum_pair = load_i32(x.sums + i * x_blocks * 2);
    Dots total{};
    if constexpr (T::kHalves) {
      total.halves[0] = add_ints(sum_4x4(dots[i][0]), offset_products<T, 0>(sum_pair));
      total.halves[1] = add_ints(sum_4x4(dots[i][1]), offset_products<T, 1>(sum_pair));
    } else {
      total.all = add_ints(sum_4x4(dots[i][0]), offset_products<T, 2>(sum_pair));
    }
    y[i] = accumulate<T>(y[i], total, scales, x.scale[i * x_blocks], sum_pair);
  }
}

template <class T, int kRows, int... P>
inline void direct_unit(const Rows& rows, std::int64_t unit, const XBlock& x, std::int64_t x_blocks,
                        Floats (&y)[kRows], Parts<P...>) {
  const std::int64_t offset = unit * T::kUnitBytes;
  const typename T::Header header = T::header(rows, offset);
  const auto x_at = [&](int b) { return XBlock{x.values + b * 32, x.scale + b, x.sums + b * 2}; };
  (direct_block<T, P, kRows>(rows, header, offset, x_at(P / T::kTerms), x_blocks, y), ...);
}

template <class T, int kRows>
void direct(const GemmTile& tile) {
  const std::int64_t n_blocks = tile.k / 32;
  for (std::int32_t first = 0; first < tile.n_w; first += kLanes) {
    const Rows rows = rows_from(tile, first);
    const Byte* ahead = rows.row[0] + prefetch_distance(kLanes * tile.w_stride);
    Floats y[kRows];
    for (int i = 0; i < kRows; ++i) y[i] = zero_floats();
    for (std::int64_t unit = 0; unit < n_blocks / kUnitColumns<T>; ++unit) {
      prefetch<kLanes * T::kUnitBytes>(ahead);
      ahead += kLanes * T::kUnitBytes;
      direct_unit<T, kRows>(rows, unit, x_block(tile, 0, unit * kUnitColumns<T>), n_blocks, y,
                            PartsOf<T::kBlocks>{});
    }
    for (int i = 0; i < kRows; ++i) {
      store_floats(tile.out + i * tile.out_stride + first, y[i], tile.n_w - first);
    }
  }
}

// kChunkBlocks blocks of kLanes rows: dword j of columns[b][c] holds columns 4c .. 4c + 3 of row j.
struct Unpacked {
  alignas(64) Byte columns[kChunkBlocks][8][sizeof(Bytes)];
  alignas(64) float scales[kChunkBlocks][6][kLanes];
};

template <class T, int P>
inline void unpack_block(const Rows& rows, const typename T::Header& header, std::int64_t offset,
                         Unpacked& out, int b) {
  Bytes quarters[2][4];
  for (int q = 0; q < 4; ++q) {
    T::template weights<P>(rows, q, offset, quarters[0][q], quarters[1][q]);
  }
  for (int half = 0; half < 2; ++half) {
    Ints columns[4];
    transpose_4x4(quarters[half], columns);
    for (int c = 0; c < 4; ++c) store_bytes(out.columns[b][4 * half + c], columns[c]);
  }
  const Scales scales = T::template scales<P>(header);
  float(&to)[6][kLanes] = out.scales[b];
  store_floats(to[0], scales.d);
  if constexpr (T::kHasMin) store_floats(to[1], scales.m);
  if constexpr (T::kHalves) {
    store_floats(to[2], scales.a);
    store_floats(to[3], scales.b);
  }
  if constexpr (T::kHalves && T::kHasMin) {
    store_floats(to[4], scales.min_a);
    store_floats(to[5], scales.min_b);
  }
}

template <class T, int... P>
inline void unpack_unit(const Rows& rows, std::int64_t unit, Unpacked& out, int b, Parts<P...>) {
  const std::int64_t offset = unit * T::kUnitBytes;
  const typename T::Header header = T::header(rows, offset);
  (unpack_block<T, P>(rows, header, offset, out, b + P), ...);
}

template <class T>
inline void unpack(const Rows& rows, std::int64_t first_block, int n_blocks, Unpacked& out) {
  for (int b = 0; b < n_blocks; b += T::kBlocks) {
    unpack_unit<T>(rows, (first_block + b) / T::kBlocks, out, b, PartsOf<T::kBlocks>{});
  }
}

// A chunk's part of the outputs of kGroups groups of weight rows by kRows rows of x.
struct Part {
  XBlock x;               // of the first row and block
  std::int64_t x_blocks;  // blocks a row of x
  int n_blocks;           // of this chunk
  bool is_first;
  float* out;
  std::int64_t out_stride;
  std::int32_t n_w;  // outputs a row, at most kGroups * kLanes
};

template <class T, int kGroups, int kRows>
inline void tile_dots(const Byte* w, const XBlock& x, std::int64_t x_blocks,
                      Dots (&dots)[kGroups][kRows]) {
  constexpr int kParts = T::kHalves ? 2 : 1;
  for (int half = 0; half < kParts; ++half) {
    Ints sums[kGroups][kRows];
    for (int i = 0; i < kRows; ++i) {
      const std::int32_t sum_pair = load_i32(x.sums + i * x_blocks * 2);
      const Ints start = !T::kHalves ? offset_products<T, 2>(sum_pair)
                         : half == 0 ? offset_products<T, 0>(sum_pair)
                                     : offset_products<T, 1>(sum_pair);
      for (int g = 0; g < kGroups; ++g) sums[g][i] = start;
    }
    constexpr int kSteps = 8 / kParts;
    dot_tile<T, kGroups, kRows, kSteps>(w + half * kSteps * kVectorBytes, sizeof(Unpacked),
                                        x.values + half * 16, x_blocks * 32, sums);
    for (int g = 0; g < kGroups; ++g) {
      for (int i = 0; i < kRows; ++i) {
        (T::kHalves ? dots[g][i].halves[half] : dots[g][i].all) = sums[g][i];
      }
    }
  }
}

template <class T, int kGroups, int kRows>
void tile_part(const Unpacked* w, const Part& part) {
  Floats y[kGroups][kRows];
  for (int g = 0; g < kGroups; ++g) {
    for (int i = 0; i < kRows; ++i) {
      const float* out = part.out + i * part.out_stride + g * kLanes;
      y[g][i] = part.is_first ? zero_floats() : load_floats(out, part.n_w - g * kLanes);
    }
  }
  for (int b = 0; b < part.n_blocks; ++b) {
    const int x_b = b / T::kTerms;
    const XBlock x = {part.x.values + x_b * 32, part.x.scale + x_b, part.x.sums + x_b * 2};
    Dots dots[kGroups][kRows];
    tile_dots<T, kGroups, kRows>(w->columns[b][0], x, part.x_blocks, dots);
    for (int g = 0; g < kGroups; ++g) {
      const float* scales = w[g].scales[b][0];
      const auto load = [&](int i) { return load_floats(scales + i * kLanes); };
      const Scales s = {load(0), load(1), load(2), load(3), load(4), load(5)};
      for (int i = 0; i < kRows; ++i) {
        y[g][i] = accumulate<T>(y[g][i], dots[g][i], s, x.scale[i * part.x_blocks],
                                load_i32(x.sums + i * part.x_blocks * 2));
      }
    }
  }
  for (int g = 0; g < kGroups; ++g) {
    for (int i = 0; i < kRows; ++i) {
      store_floats(part.out + i * part.out_stride + g * kLanes, y[g][i], part.n_w - g * kLanes);
    }
  }
}

// tile_part for n_x rows, 1 to kRows.
template <class T, int kGroups, int kRows>
inline void tile_rows(const Unpacked* w, const Part& part, std::int32_t n_x) {
  if constexpr (kRows > 1) {
    if (n_x < kRows) return tile_rows<T, kGroups, kRows - 1>(w, part, n_x);
  }
  tile_part<T, kGroups, kRows>(w, part);
}

template <class T, int kGroups>
void tiled(const GemmTile& tile, std::int32_t first) {
  Unpacked w[kGroups];
  const std::int64_t x_blocks = tile.k / 32, n_blocks = x_blocks * T::kTerms;
  for (std::int64_t block = 0; block < n_blocks; block += kChunkBlocks) {
    const std::int64_t left = n_blocks - block;
    const int n = left < kChunkBlocks ? static_cast<int>(left) : kChunkBlocks;
    for (int g = 0; g < kGroups; ++g) {
      unpack<T>(rows_from(tile, first + g * kLanes), block, n, w[g]);
    }
    for (std::int32_t i = 0; i < tile.n_x; i += kTileX) {
      const Part part = {x_block(tile, i, block / T::kTerms),
                         x_blocks,
                         n,
                         block == 0,
                         tile.out + i * tile.out_stride + first,
                         tile.out_stride,
                         tile.n_w - first};
      tile_rows<T, kGroups, kTileX>(w, part, tile.n_x - i < kTileX ? tile.n_x - i : kTileX);
    }
  }
}

template <class T>
void gemm_quant(const GemmTile& tile) {
  if (tile.n_x == 1) return direct<T, 1>(tile);
  if (tile.n_x == kDirectX) return direct<T, kDirectX>(tile);
  std::int32_t first = 0;
  if constexpr (kTileGroups > 1) {
    for (; tile.n_w - first > (kTileGroups - 1) * kLanes; first += kTileGroups * kLanes) {
      tiled<T, kTileGroups>(tile, first);
    }
  }
  for (; first < tile.n_w; first += kLanes) tiled<T, 1>(tile, first);
}

}  // namespace
}  // namespace rocmforge::cpu
