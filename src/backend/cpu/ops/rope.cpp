// rope: rotates pairs of each head's first n_rot dimensions by the step's angles.
// [n, heads * head_dim], [n, n_rot] -> [n, heads * head_dim]. Bound by memory.
#include "backend/cpu/ops/ops.h"
#include "backend/cpu/ops/rope_row.h"
#include "base/check.h"

namespace rocmforge::cpu {
namespace {

class RopeCall final : public Call {
 public:
  RopeCall(const ir::Rope& op, const Site& site)
      : spec_(op.rope), x_(site.in(0)), angles_(site.in(1)), y_(site.out()) {
    check(x_.cols % spec_.head_dim == 0 && spec_.n_rot <= spec_.head_dim && spec_.n_rot % 2 == 0,
          "[cpu] rope: columns are not whole heads");
  }

  void run(const Run& run) const override {
    const float* x = run.in<float>(x_);
    const float* angles = run.in<float>(angles_);
    float* y = run.out<float>(y_);
    for_rows(run, y_.rows(run.n), y_.cols * 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        for (std::int64_t c = 0; c < x_.cols; c += spec_.head_dim) {
          rope_head(*run.elementwise, spec_, x + i * x_.stride + c, angles + i * angles_.stride,
                    y + i * y_.cols + c);
        }
      }
    });
  }

 private:
  ir::RopeSpec spec_;
  Operand x_, angles_, y_;
};

}  // namespace

CallPtr prepare(const ir::Rope& op, const Site& site) {
  return std::make_unique<RopeCall>(op, site);
}

}  // namespace rocmforge::cpu
