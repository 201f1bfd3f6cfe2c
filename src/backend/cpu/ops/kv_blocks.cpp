#include "backend/cpu/ops/kv_blocks.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace rocmforge::cpu {

KvBlocks::KvBlocks(const Run& run, std::int32_t layer, const ir::AttentionSpec& spec)
    : run_(run), layer_(nullptr), head_dim_(spec.head_dim), vector_bytes_(0), f16_(false) {
  check(run.kv != nullptr, "[cpu] no KV memory was bound");
  const backend::KvLayout& kv = *run.kv_layout;
  check(kv.n_kv_heads == spec.n_kv_heads && kv.head_dim == spec.head_dim && layer < kv.n_layers,
        "[cpu] the KV memory is not of the attention's heads or layers");
  f16_ = kv.dtype == DType::kF16;
  check(f16_ || kv.dtype == DType::kF32, "[cpu] the KV memory is neither F16 nor F32");
  vector_bytes_ = bytes_of(kv.dtype, head_dim_);
  layer_ = run.kv + layer * kv.layer_bytes();
}

std::byte* KvBlocks::vector_at(std::int64_t block, KvSide side, std::int64_t head,
                               std::int64_t place) const {
  const backend::KvLayout& kv = *run_.kv_layout;
  check(block >= 0 && block < kv.n_blocks, "[cpu] a KV block lies outside the memory");
  const std::int64_t sides = 2 * block + (side == KvSide::kValues ? 1 : 0);
  return layer_ + ((sides * kv.n_kv_heads + head) * ir::kBlockTokens + place) * vector_bytes_;
}

void KvBlocks::store(std::int64_t slot, KvSide side, std::int64_t head, const float* x) const {
  std::byte* to = vector_at(slot / ir::kBlockTokens, side, head, slot % ir::kBlockTokens);
  if (f16_) {
    run_.kernels->to_f16(x, head_dim_, to);
  } else {
    std::memcpy(to, x, static_cast<std::size_t>(vector_bytes_));
  }
}

KvTile KvBlocks::tile(const std::int32_t* block_table, KvSide side, std::int64_t head,
                      std::int64_t begin, std::int64_t end) const {
  KvTile tile;
  tile.block =
      vector_at(block_table[begin / ir::kBlockTokens], side, head, begin % ir::kBlockTokens);
  tile.n_tokens = static_cast<std::int32_t>(end - begin);
  tile.head_dim = static_cast<std::int32_t>(head_dim_);
  return tile;
}

const std::int32_t* KvBlocks::block_table(std::int64_t sequence) const {
  const ir::StepLayout& layout = *run_.layout;
  check(sequence >= 0 && sequence < layout.limits.max_sequences,
        "[cpu] a row's sequence has no block table");
  return run_.at_step<std::int32_t>(layout.block_tables) + sequence * layout.limits.max_blocks;
}

void KvBlocks::scores(const KvTile& keys, const float* q, std::int64_t q_stride, std::int64_t n_q,
                      float* out, std::int64_t stride) const {
  const Kernels& k = *run_.kernels;
  (f16_ ? k.attention_scores_f16 : k.attention_scores_f32)(
      keys, q, q_stride, static_cast<std::int32_t>(n_q), out, stride);
}

void KvBlocks::values(const KvTile& values, const float* p, std::int64_t p_stride, std::int64_t n_q,
                      float* acc, std::int64_t stride) const {
  const Kernels& k = *run_.kernels;
  (f16_ ? k.attention_values_f16 : k.attention_values_f32)(
      values, p, p_stride, static_cast<std::int32_t>(n_q), acc, stride);
}

std::int64_t sequence_end(const Run& run, std::int64_t row) {
  const auto* sequences = run.at_step<std::int32_t>(run.layout->sequences);
  const auto* positions = run.at_step<std::int32_t>(run.layout->positions);
  std::int64_t end = 0;
  for (std::int64_t i = 0; i < run.n; ++i) {
    if (sequences[i] == sequences[row]) end = std::max<std::int64_t>(end, positions[i] + 1);
  }
  return end;
}

}  // namespace rocmforge::cpu
