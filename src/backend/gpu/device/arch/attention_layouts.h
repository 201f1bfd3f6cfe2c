// Which element lies in which lane when attention runs on matrix units; pure arithmetic, one struct
// a family. Tiles are of 16 queries by 16 tokens (scores) and of 16 queries by 16 dimensions
// (values), sums as the family's MmaLayout has them.
//
// Scores that come out of one product must go into the next as an operand. On AMD that wants
// scores by token (rows tokens, columns queries: K Q^T, then V^T P^T), on NVIDIA by query (Q K^T,
// then P V). So a lane holds the elements of kQueries queries: query() says of which, slot() which
// of them element i of a sum belongs to, other() its token or dimension.
//
// An operand over 32 dimensions of 16 vectors is loaded in pieces of 8 dimensions (16 bytes):
// piece_row() and piece_at() say which pieces a lane takes, word_piece() and word_at() where word w
// of the first or second fragment (16 dimensions each) comes from. Where a fragment's words do not
// lie together, the order of dimensions is changed, for Q and K alike.
//
// An operand of values holds dimension column(c) for a list of tokens, token(i), in the order of
// the weights' operand: words [c * kTokens / 2, (c + 1) * kTokens / 2) hold pairs of them. The
// order within a block of 16 that it stands for is token_of_slot().
#pragma once

#include "backend/gpu/device/lang.h"

namespace rocmforge::gpu {

// NVIDIA, m16n8k16.
struct SmAttention {
  static constexpr int kQueries = 2;
  static constexpr int kShareLow = 1, kShareHigh = 2;  // lanes ^ these hold the same queries
  static constexpr int kWords = 4;                     // of a fragment
  static constexpr int kPieces = 2;
  static constexpr int kColumns = 2;
  static constexpr int kTokens = 4;
  __device__ static __inline__ i32 query(i32 lane, i32 s) { return lane / 4 + 8 * s; }
  __device__ static __inline__ i32 slot(i32 i) { return i % 4 / 2; }
  __device__ static __inline__ i32 other(i32 lane, i32 i) {
    return 8 * (i / 4) + 2 * (lane % 4) + i % 2;
  }
  __device__ static __inline__ i32 piece_row(i32 lane, i32 p) { return lane / 4 + 8 * p; }
  __device__ static __inline__ i32 piece_at(i32 lane, i32) { return lane % 4; }
  __device__ static __inline__ i32 word_piece(i32, i32 w) { return w / 2; }
  __device__ static __inline__ i32 word_at(i32 fragment, i32 w) { return 2 * fragment + w % 2; }
  __device__ static __inline__ i32 column(i32 lane, i32 c) { return lane / 4 + 8 * c; }
  __device__ static __inline__ i32 token(i32 lane, i32 i) {
    return 8 * (i / 2) + 2 * (lane % 4) + i % 2;
  }
  __device__ static __inline__ i32 token_of_slot(i32 slot) { return slot; }
};

// AMD: a lane's elements are of one query, that of its column.
struct AmdLayout {
  static constexpr int kQueries = 1;
  static constexpr int kColumns = 1;
  __device__ static __inline__ i32 query(i32 lane, i32) { return lane % 16; }
  __device__ static __inline__ i32 slot(i32) { return 0; }
  __device__ static __inline__ i32 piece_row(i32 lane, i32) { return lane % 16; }
  __device__ static __inline__ i32 column(i32 lane, i32) { return lane % 16; }
};

// gfx11, WMMA whose operands repeat in lanes 16 to 31: a lane has every second token's score, and
// gets the others from its partner.
struct Gfx11Attention : AmdLayout {
  static constexpr int kShareLow = 16, kShareHigh = 0;
  static constexpr int kWords = 8;
  static constexpr int kPieces = 4;
  static constexpr int kTokens = 16;
  __device__ static __inline__ i32 other(i32 lane, i32 i) { return 2 * i + lane / 16; }
  __device__ static __inline__ i32 piece_at(i32, i32 p) { return p; }
  __device__ static __inline__ i32 word_piece(i32 fragment, i32 w) { return 2 * fragment + w / 4; }
  __device__ static __inline__ i32 word_at(i32, i32 w) { return w % 4; }
  __device__ static __inline__ i32 token(i32, i32 i) { return token_of_slot(i); }
  __device__ static __inline__ i32 token_of_slot(i32 slot) {
    return slot < 8 ? 2 * slot : 2 * slot - 15;
  }
};

// gfx12, WMMA.
struct Gfx12Attention : AmdLayout {
  static constexpr int kShareLow = 16, kShareHigh = 0;
  static constexpr int kWords = 4;
  static constexpr int kPieces = 2;
  static constexpr int kTokens = 8;
  __device__ static __inline__ i32 other(i32 lane, i32 i) { return i + 8 * (lane / 16); }
  __device__ static __inline__ i32 piece_at(i32 lane, i32 p) { return 2 * p + lane / 16; }
  __device__ static __inline__ i32 word_piece(i32 fragment, i32) { return fragment; }
  __device__ static __inline__ i32 word_at(i32, i32 w) { return w; }
  __device__ static __inline__ i32 token(i32 lane, i32 i) { return 8 * (lane / 16) + i; }
  __device__ static __inline__ i32 token_of_slot(i32 slot) { return slot; }
};

// CDNA, MFMA 16x16x16 in waves of 64.
struct CdnaAttention : AmdLayout {
  static constexpr int kShareLow = 16, kShareHigh = 32;
  static constexpr int kWords = 2;
  static constexpr int kPieces = 1;
  static constexpr int kTokens = 4;
  __device__ static __inline__ i32 other(i32 lane, i32 i) { return 4 * (lane / 16) + i; }
  __device__ static __inline__ i32 piece_at(i32 lane, i32) { return lane / 16; }
  __device__ static __inline__ i32 word_piece(i32, i32) { return 0; }
  __device__ static __inline__ i32 word_at(i32 fragment, i32 w) { return 2 * fragment + w; }
  __device__ static __inline__ i32 token(i32 lane, i32 i) { return 4 * (lane / 16) + i; }
  __device__ static __inline__ i32 token_of_slot(i32 slot) { return slot; }
};

}  // namespace rocmforge::gpu
