// The paged KV state of one layer, as the attention ops reach it: through slots to write, through
// a sequence's block table to read.
#pragma once

#include <cstdint>

#include "backend/cpu/ops/call.h"
#include "ir/ops.h"

namespace rocmforge::cpu {

enum class KvSide : std::uint8_t { kKeys, kValues };

class KvBlocks {
 public:
  // Checks that the state is of these heads.
  KvBlocks(const Run& run, std::int32_t layer, const ir::AttentionSpec& spec);

  // Stores one head's vector [head_dim] at a slot (block * kBlockTokens + place).
  void store(std::int64_t slot, KvSide side, std::int64_t head, const float* x) const;

  // Tokens [begin, end) of one sequence, all of one block, of one head.
  KvTile tile(const std::int32_t* block_table, KvSide side, std::int64_t head, std::int64_t begin,
              std::int64_t end) const;
  const std::int32_t* block_table(std::int64_t sequence) const;

  // The kernels of the state's type: see simd/kernels.h.
  void scores(const KvTile& keys, const float* q, std::int64_t q_stride, std::int64_t n_q,
              float* out, std::int64_t stride) const;
  void values(const KvTile& values, const float* p, std::int64_t p_stride, std::int64_t n_q,
              float* acc, std::int64_t stride) const;

 private:
  std::byte* vector_at(std::int64_t block, KvSide side, std::int64_t head,
                       std::int64_t place) const;

  const Run& run_;
  std::byte* layer_;
  std::int64_t head_dim_, vector_bytes_;
  bool f16_;
};

// Calls f(begin, end) for the parts of [begin, end) that lie in one block each.
template <class F>
void for_blocks(std::int64_t begin, std::int64_t end, const F& f) {
  for (std::int64_t t = begin; t < end;) {
    const std::int64_t next = (t / ir::kBlockTokens + 1) * ir::kBlockTokens;
    f(t, next < end ? next : end);
    t = next;
  }
}

// Positions of row `i`'s sequence that hold keys and values after this step's writes: one past the
// largest position of its rows.
std::int64_t sequence_end(const Run& run, std::int64_t row);

}  // namespace rocmforge::cpu
