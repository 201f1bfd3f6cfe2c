// a + b row by row: add, and accumulate, whose result lies over its first operand.
#pragma once

#include "backend/cpu/ops/call.h"

namespace rocmforge::cpu {

class AddRowsCall final : public Call {
 public:
  explicit AddRowsCall(const Site& site) : a_(site.in(0)), b_(site.in(1)), y_(site.out()) {}

  void run(const Run& run) const override {
    const float* a = run.in<float>(a_);
    const float* b = run.in<float>(b_);
    float* y = run.out<float>(y_);
    for_rows(run, y_.rows(run.n), y_.cols * 12, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        run.elementwise->add(a + i * a_.stride, b + i * b_.stride, y_.cols, y + i * y_.cols);
      }
    });
  }

 private:
  Operand a_, b_, y_;
};

}  // namespace rocmforge::cpu
