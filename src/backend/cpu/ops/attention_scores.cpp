// attention_scores: q . k by position, [n, heads * d] -> [n, heads, columns]; 0 from the sequence's
// end on. The plain form, for graphs that are not fused.
#include <algorithm>

#include "backend/cpu/ops/kv_blocks.h"
#include "backend/cpu/ops/ops.h"
#include "base/check.h"

namespace rocmforge::cpu {
namespace {

class AttentionScoresCall final : public Call {
 public:
  AttentionScoresCall(const ir::AttentionScores& op, const Site& site)
      : spec_(op.attention), layer_(site.layer(1)), q_(site.in(0)), y_(site.out()) {}

  void run(const Run& run) const override {
    const KvBlocks kv(run, layer_, spec_);
    const auto* sequences = run.at_step<std::int32_t>(run.layout->sequences);
    const std::int64_t row_bytes = spec_.n_heads * (y_.cols + spec_.head_dim) * 4;
    for_rows(run, run.n, row_bytes, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t n = sequence_end(run, i);
        check(n <= y_.cols, "[cpu] attention_scores: a position lies past the columns");
        const std::int32_t* table = kv.block_table(sequences[i]);
        for (std::int64_t h = 0; h < spec_.n_heads; ++h) {
          score_head(run, kv, table, i, h, n);
        }
      }
    });
  }

 private:
  void score_head(const Run& run, const KvBlocks& kv, const std::int32_t* table, std::int64_t row,
                  std::int64_t h, std::int64_t n) const {
    const float* q = run.in<float>(q_) + row * q_.stride + h * spec_.head_dim;
    float* y = run.out<float>(y_) + (row * spec_.n_heads + h) * y_.cols;
    const std::int64_t kv_head = h / (spec_.n_heads / spec_.n_kv_heads);
    for_blocks(0, n, [&](std::int64_t begin, std::int64_t end) {
      kv.scores(kv.tile(table, KvSide::kKeys, kv_head, begin, end), q, spec_.head_dim, 1, y + begin,
                y_.cols);
    });
    std::fill(y + n, y + y_.cols, 0.0F);
  }

  ir::AttentionSpec spec_;
  std::int32_t layer_;
  Operand q_, y_;
};

}  // namespace

CallPtr prepare(const ir::AttentionScores& op, const Site& site) {
  return std::make_unique<AttentionScoresCall>(op, site);
}

}  // namespace rocmforge::cpu
