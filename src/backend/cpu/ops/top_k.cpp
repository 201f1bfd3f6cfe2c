// top_k: the k greatest of each row, best first, and where they are. [n, vocab] -> [n, k], [n, k].
// Bound by memory.
#include "backend/cpu/ops/ops.h"
#include "backend/cpu/ops/sampling.h"

namespace rocmforge::cpu {
namespace {

constexpr std::int64_t kWorkerBytes =
    Best::kRoom * static_cast<std::int64_t>(sizeof(std::uint64_t));

class TopKCall final : public Call {
 public:
  TopKCall(const ir::TopK& op, const Site& site)
      : k_(op.k), x_(site.in(0)), values_(site.out(0)), ids_(site.out(1)), scratch_(site.scratch) {}

  void run(const Run& run) const override {
    run.pool->run(values_.rows(run.n), [&](std::int64_t row, int worker) {
      const float* x = run.in<float>(x_) + row * x_.stride;
      auto* keys = run.scratch<std::uint64_t>(scratch_ + worker * kWorkerBytes);
      Best best(keys, k_);
      for (std::int64_t i = 0; i < x_.cols; ++i) best.offer(x[i], i);
      const std::int64_t n = best.finish();
      float* values = run.out<float>(values_) + row * k_;
      std::int32_t* ids = run.out<std::int32_t>(ids_) + row * k_;
      for (std::int64_t i = 0; i < k_; ++i) {
        values[i] = i < n ? logit_of(keys[i]) : kMinusInfinity;
        ids[i] = i < n ? token_of(keys[i]) : -1;
      }
    });
  }

 private:
  std::int64_t k_;
  Operand x_, values_, ids_;
  std::int64_t scratch_;
};

}  // namespace

std::int64_t scratch_bytes(const ir::TopK&, const ScratchSite& site) {
  return site.n_workers * kWorkerBytes;
}

CallPtr prepare(const ir::TopK& op, const Site& site) {
  return std::make_unique<TopKCall>(op, site);
}

}  // namespace rocmforge::cpu
