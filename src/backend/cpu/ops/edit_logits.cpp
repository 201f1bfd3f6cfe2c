// edit_logits: y = x with the row's edits and mask of the step, -inf where it is no number.
// [n, vocab] -> [n, vocab]. Bound by memory.
#include "backend/cpu/ops/ops.h"
#include "backend/cpu/ops/sampling.h"
#include "base/check.h"

namespace rocmforge::cpu {
namespace {

class EditLogitsCall final : public Call {
 public:
  explicit EditLogitsCall(const Site& site) : x_(site.in(0)), y_(site.out()) {
    check(site.rows.is_head(), "[cpu] edit_logits: rows are not the head's");
  }

  void run(const Run& run) const override {
    const SampleStep step(run);
    const float* x = run.in<float>(x_);
    float* y = run.out<float>(y_);
    for_rows(run, y_.rows(run.n), y_.cols * 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        edit_slice(step, step.params[i], x + i * x_.stride, 0, y_.cols, y + i * y_.cols);
      }
    });
  }

 private:
  Operand x_, y_;
};

}  // namespace

CallPtr prepare(const ir::EditLogits&, const Site& site) {
  return std::make_unique<EditLogitsCall>(site);
}

}  // namespace rocmforge::cpu
