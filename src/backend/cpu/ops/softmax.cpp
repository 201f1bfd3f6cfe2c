// softmax: y = exp(x - max) / sum exp(x - max) over the last extent. Bound by the exponentials.
#include "backend/cpu/ops/ops.h"

namespace rocmforge::cpu {
namespace {

class SoftmaxCall final : public Call {
 public:
  explicit SoftmaxCall(const Site& site) : x_(site.in(0)), y_(site.out()) {}

  void run(const Run& run) const override {
    const Elementwise& e = *run.elementwise;
    const float* x = run.in<float>(x_);
    float* y = run.out<float>(y_);
    for_rows(run, y_.rows(run.n), y_.cols * 24, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const float* from = x + i * x_.stride;
        float* to = y + i * y_.cols;
        const float sum = e.exp_sum(from, y_.cols, e.max(from, y_.cols), to);
        e.scale(to, y_.cols, 1.0F / sum, to);
      }
    });
  }

 private:
  Operand x_, y_;
};

}  // namespace

CallPtr prepare(const ir::Softmax&, const Site& site) {
  return std::make_unique<SoftmaxCall>(site);
}

}  // namespace rocmforge::cpu
