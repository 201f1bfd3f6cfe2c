// kv_write: stores k and v [n, kv_heads * d] at the step's KV slots. Bound by memory.
#include "backend/cpu/ops/kv_blocks.h"
#include "backend/cpu/ops/ops.h"

namespace rocmforge::cpu {
namespace {

class KvWriteCall final : public Call {
 public:
  KvWriteCall(const ir::KvWrite& op, const Site& site)
      : spec_(op.attention), layer_(site.layer(2)), k_(site.in(0)), v_(site.in(1)) {}

  void run(const Run& run) const override {
    const KvBlocks kv(run, layer_, spec_);
    const auto* slots = run.at_step<std::int32_t>(run.layout->kv_slots);
    const float* k = run.in<float>(k_);
    const float* v = run.in<float>(v_);
    for_rows(run, run.n, k_.cols * 12, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        for (std::int64_t h = 0; h < spec_.n_kv_heads; ++h) {
          kv.store(slots[i], KvSide::kKeys, h, k + i * k_.stride + h * spec_.head_dim);
          kv.store(slots[i], KvSide::kValues, h, v + i * v_.stride + h * spec_.head_dim);
        }
      }
    });
  }

 private:
  ir::AttentionSpec spec_;
  std::int32_t layer_;
  Operand k_, v_;
};

}  // namespace

CallPtr prepare(const ir::KvWrite& op, const Site& site) {
  return std::make_unique<KvWriteCall>(op, site);
}

}  // namespace rocmforge::cpu
