// copy: a dense copy of x. Bound by memory.
#include <cstring>

#include "backend/cpu/ops/ops.h"

namespace rocmforge::cpu {
namespace {

class CopyCall final : public Call {
 public:
  explicit CopyCall(const Site& site)
      : x_(site.in(0)), y_(site.out()), elem_bytes_(bytes_of(x_.dtype, 1)) {}

  void run(const Run& run) const override {
    const std::byte* x = run.in<std::byte>(x_);
    std::byte* y = run.out<std::byte>(y_);
    const std::int64_t row_bytes = y_.cols * elem_bytes_;
    for_rows(run, y_.rows(run.n), 2 * row_bytes, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        std::memcpy(y + i * row_bytes, x + i * x_.stride * elem_bytes_,
                    static_cast<std::size_t>(row_bytes));
      }
    });
  }

 private:
  Operand x_, y_;
  std::int64_t elem_bytes_;
};

}  // namespace

CallPtr prepare(const ir::Copy&, const Site& site) {
  return std::make_unique<CopyCall>(site);
}

}  // namespace rocmforge::cpu
