// swiglu: y = silu(x[:, :f]) * x[:, f:]. [n, 2f] -> [n, f]. Bound by memory.
#include "backend/cpu/ops/ops.h"

namespace rocmforge::cpu {
namespace {

class SwiGluCall final : public Call {
 public:
  explicit SwiGluCall(const Site& site) : x_(site.in(0)), y_(site.out()) {}

  void run(const Run& run) const override {
    const float* x = run.in<float>(x_);
    float* y = run.out<float>(y_);
    for_rows(run, y_.rows(run.n), y_.cols * 24, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const float* row = x + i * x_.stride;
        run.elementwise->swiglu(row, row + y_.cols, y_.cols, y + i * y_.cols);
      }
    });
  }

 private:
  Operand x_, y_;
};

}  // namespace

CallPtr prepare(const ir::SwiGlu&, const Site& site) {
  return std::make_unique<SwiGluCall>(site);
}

}  // namespace rocmforge::cpu
