// A llama-like body and head, small, with the mixed types that real files have.
#pragma once

#include <memory>

#include "ir/builder.h"

namespace rocmforge::test {

struct SmallLlama {
  std::int32_t n_layers = 2;
  std::int64_t dim = 64, vocab = 320, n_ff = 128;
  ir::AttentionSpec attention = {.n_heads = 4, .n_kv_heads = 2, .head_dim = 16, .scale = 0.25f};
  ir::RopeSpec rope = {.head_dim = 16, .n_rot = 16, .kind = ir::RopeKind::kNorm};
  std::int64_t max_rows = 512;
  bool taps = false;

  ir::SourceShapes sources() const;
  ir::Graph body() const;
  ir::Graph head() const;
};

// A weight of one segment, and a norm's gain.
ir::WeightId add_weight(ir::WeightTable& table, const std::string& name, std::int64_t rows,
                        std::int64_t cols, DType dtype = DType::kF32);
ir::WeightId add_gain(ir::WeightTable& table, const std::string& name, std::int64_t length);

}  // namespace rocmforge::test
