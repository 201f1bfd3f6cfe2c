// attention_values: sum over positions of weight * v, [n, heads, columns] -> [n, heads * d]. The
// plain form, for graphs that are not fused; positions past the sequence's end hold nothing.
#include <algorithm>

#include "backend/cpu/ops/kv_blocks.h"
#include "backend/cpu/ops/ops.h"
#include "base/check.h"

namespace rocmforge::cpu {
namespace {

class AttentionValuesCall final : public Call {
 public:
  AttentionValuesCall(const ir::AttentionValues& op, const Site& site)
      : spec_(op.attention), layer_(site.layer(1)), w_(site.in(0)), y_(site.out()) {}

  void run(const Run& run) const override {
    const KvBlocks kv(run, layer_, spec_);
    const auto* sequences = run.at_step<std::int32_t>(run.layout->sequences);
    const std::int64_t row_bytes = spec_.n_heads * (w_.cols + spec_.head_dim) * 4;
    for_rows(run, run.n, row_bytes, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t n = sequence_end(run, i);
        check(n <= w_.cols, "[cpu] attention_values: a position lies past the columns");
        const std::int32_t* table = kv.block_table(sequences[i]);
        for (std::int64_t h = 0; h < spec_.n_heads; ++h) {
          sum_head(run, kv, table, i, h, n);
        }
      }
    });
  }

 private:
  void sum_head(const Run& run, const KvBlocks& kv, const std::int32_t* table, std::int64_t row,
                std::int64_t h, std::int64_t n) const {
    const float* w = run.in<float>(w_) + (row * spec_.n_heads + h) * w_.stride;
    float* y = run.out<float>(y_) + row * y_.cols + h * spec_.head_dim;
    std::fill(y, y + spec_.head_dim, 0.0F);
    const std::int64_t kv_head = h / (spec_.n_heads / spec_.n_kv_heads);
    for_blocks(0, n, [&](std::int64_t begin, std::int64_t end) {
      kv.values(kv.tile(table, KvSide::kValues, kv_head, begin, end), w + begin, w_.stride, 1, y,
                spec_.head_dim);
    });
  }

  ir::AttentionSpec spec_;
  std::int32_t layer_;
  Operand w_, y_;
};

}  // namespace

CallPtr prepare(const ir::AttentionValues& op, const Site& site) {
  return std::make_unique<AttentionValuesCall>(op, site);
}

}  // namespace rocmforge::cpu
