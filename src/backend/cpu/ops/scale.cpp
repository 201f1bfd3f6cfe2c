// scale: y = factor * x. Bound by memory.
#include "backend/cpu/ops/ops.h"

namespace rocmforge::cpu {
namespace {

class ScaleCall final : public Call {
 public:
  ScaleCall(const ir::Scale& op, const Site& site)
      : factor_(op.factor), x_(site.in(0)), y_(site.out()) {}

  void run(const Run& run) const override {
    const float* x = run.in<float>(x_);
    float* y = run.out<float>(y_);
    for_rows(run, y_.rows(run.n), y_.cols * 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        run.elementwise->scale(x + i * x_.stride, y_.cols, factor_, y + i * y_.cols);
      }
    });
  }

 private:
  float factor_;
  Operand x_, y_;
};

}  // namespace

CallPtr prepare(const ir::Scale& op, const Site& site) {
  return std::make_unique<ScaleCall>(op, site);
}

}  // namespace rocmforge::cpu
