// mask: scores [n, heads, columns] with -inf where column > positions[row]. Bound by memory.
#include <algorithm>
#include <cstring>
#include <limits>

#include "backend/cpu/ops/ops.h"

namespace rocmforge::cpu {
namespace {

class MaskCall final : public Call {
 public:
  explicit MaskCall(const Site& site)
      : x_(site.in(0)), positions_(site.in(1)), y_(site.out()), heads_(x_.rows(1)) {}

  void run(const Run& run) const override {
    const float* x = run.in<float>(x_);
    const std::int32_t* positions = run.in<std::int32_t>(positions_);
    float* y = run.out<float>(y_);
    for_rows(run, y_.rows(run.n), y_.cols * 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t seen =
            std::clamp<std::int64_t>(std::int64_t{positions[i / heads_]} + 1, 0, y_.cols);
        std::memmove(y + i * y_.cols, x + i * x_.stride,
                     static_cast<std::size_t>(seen) * sizeof(float));
        std::fill(y + i * y_.cols + seen, y + (i + 1) * y_.cols,
                  -std::numeric_limits<float>::infinity());
      }
    });
  }

 private:
  Operand x_, positions_, y_;
  std::int64_t heads_;
};

}  // namespace

CallPtr prepare(const ir::Mask&, const Site& site) {
  return std::make_unique<MaskCall>(site);
}

}  // namespace rocmforge::cpu
