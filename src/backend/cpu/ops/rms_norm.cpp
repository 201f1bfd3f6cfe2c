// rms_norm: y = x / sqrt(mean(x^2) + eps) * gain over each run of gain-length columns.
// [n, d] -> [n, d]. Bound by memory: x twice (once from cache), y once.
#include "backend/cpu/ops/ops.h"
#include "base/check.h"

namespace rocmforge::cpu {
namespace {

class RmsNormCall final : public Call {
 public:
  RmsNormCall(const ir::RmsNorm& op, const Site& site)
      : gain_(site.weights.at(op.norm.gain).vector),
        eps_(op.norm.eps),
        x_(site.in(0)),
        y_(site.out()) {
    check(!gain_.empty(), "[cpu] rms_norm: a gain is not one row");
    length_ = static_cast<std::int64_t>(gain_.size());
    check(x_.cols % length_ == 0, "[cpu] rms_norm: columns are no multiple of the gain's");
  }

  void run(const Run& run) const override {
    const float* x = run.in<float>(x_);
    float* y = run.out<float>(y_);
    for_rows(run, y_.rows(run.n), y_.cols * 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        for (std::int64_t c = 0; c < x_.cols; c += length_) {
          run.elementwise->rms_norm(x + i * x_.stride + c, gain_.data(), length_, eps_,
                                    y + i * y_.cols + c);
        }
      }
    });
  }

 private:
  const std::vector<float>& gain_;
  float eps_;
  Operand x_, y_;
  std::int64_t length_ = 0;
};

}  // namespace

CallPtr prepare(const ir::RmsNorm& op, const Site& site) {
  return std::make_unique<RmsNormCall>(op, site);
}

}  // namespace rocmforge::cpu
