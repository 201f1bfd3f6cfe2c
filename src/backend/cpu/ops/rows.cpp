// rows: y[i] = x[ids[i]]. [m, d], [n] -> [n, d]. Bound by memory.
#include <cstring>

#include "backend/cpu/ops/ops.h"
#include "base/check.h"

namespace rocmforge::cpu {
namespace {

class RowsCall final : public Call {
 public:
  explicit RowsCall(const Site& site)
      : x_(site.in(0)), ids_(site.in(1)), y_(site.out()), elem_bytes_(bytes_of(x_.dtype, 1)) {}

  void run(const Run& run) const override {
    const std::byte* x = run.in<std::byte>(x_);
    const std::int32_t* ids = run.in<std::int32_t>(ids_);
    std::byte* y = run.out<std::byte>(y_);
    const std::int64_t row_bytes = y_.cols * elem_bytes_;
    const std::int64_t m = x_.rows(run.n);
    for_rows(run, y_.rows(run.n), 2 * row_bytes, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        check(ids[i] >= 0 && ids[i] < m, "[cpu] rows: a row lies outside the operand");
        std::memcpy(y + i * row_bytes, x + ids[i] * x_.stride * elem_bytes_,
                    static_cast<std::size_t>(row_bytes));
      }
    });
  }

 private:
  Operand x_, ids_, y_;
  std::int64_t elem_bytes_;
};

}  // namespace

CallPtr prepare(const ir::Rows&, const Site& site) {
  return std::make_unique<RowsCall>(site);
}

}  // namespace rocmforge::cpu
