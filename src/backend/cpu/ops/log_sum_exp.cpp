// log_sum_exp: y = ln sum exp(x) over each row. [n, vocab] -> [n, 1]. Bound by the exponentials.
#include "backend/cpu/ops/ops.h"
#include "backend/cpu/ops/sampling.h"

namespace rocmforge::cpu {
namespace {

constexpr std::int64_t kWorkerBytes = kSampleSlice * static_cast<std::int64_t>(sizeof(float));

class LogSumExpCall final : public Call {
 public:
  explicit LogSumExpCall(const Site& site)
      : x_(site.in(0)), y_(site.out()), scratch_(site.scratch) {}

  void run(const Run& run) const override {
    const Elementwise& e = *run.elementwise;
    float* y = run.out<float>(y_);
    run.pool->run(y_.rows(run.n), [&](std::int64_t row, int worker) {
      const float* x = run.in<float>(x_) + row * x_.stride;
      const float largest = e.max(x, x_.cols);
      if (!std::isfinite(largest)) {
        y[row] = largest;
        return;
      }
      auto* exps = run.scratch<float>(scratch_ + worker * kWorkerBytes);
      double sum = 0;
      for (std::int64_t begin = 0; begin < x_.cols; begin += kSampleSlice) {
        const std::int64_t n = std::min(kSampleSlice, x_.cols - begin);
        sum += static_cast<double>(e.exp_sum(x + begin, n, largest, exps));
      }
      y[row] = static_cast<float>(static_cast<double>(largest) + std::log(sum));
    });
  }

 private:
  Operand x_, y_;
  std::int64_t scratch_;
};

}  // namespace

std::int64_t scratch_bytes(const ir::LogSumExp&, const ScratchSite& site) {
  return site.n_workers * kWorkerBytes;
}

CallPtr prepare(const ir::LogSumExp&, const Site& site) {
  return std::make_unique<LogSumExpCall>(site);
}

}  // namespace rocmforge::cpu
