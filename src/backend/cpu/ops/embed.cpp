// embed: y[i] = table[tokens[i]], widened to F32; a token of -1 - k is sampled[k], or 0 where there
// is none. [n] -> [n, cols]. Bound by reading the rows.
#include <algorithm>
#include <optional>

#include "backend/cpu/ops/ops.h"
#include "base/check.h"

namespace rocmforge::cpu {
namespace {

class EmbedCall final : public Call {
 public:
  EmbedCall(const ir::Embed& op, const Site& site)
      : table_(site.weights.at(op.table)), tokens_(site.in(0)), y_(site.out()) {
    if (site.node.inputs.size() == 2) sampled_ = site.in(1);
    check(y_.cols == table_.cols, "[cpu] embed: a result row is not a table row");
    for (const BoundSegment& s : table_.segments) {
      if (info(s.dtype).decode == nullptr) {
        throw Error(ErrorCode::kUnsupported, "[cpu] " + table_.weight->name + ": no embedding of " +
                                                 std::string(to_string(s.dtype)) + " rows");
      }
    }
  }

  void run(const Run& run) const override {
    const std::int32_t* tokens = run.in<std::int32_t>(tokens_);
    float* y = run.out<float>(y_);
    for_rows(run, y_.rows(run.n), y_.cols * 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        decode(tokens[i] < 0 ? sampled(run, tokens[i]) : tokens[i], y + i * y_.cols);
      }
    });
  }

 private:
  std::int32_t sampled(const Run& run, std::int64_t token) const {
    const std::int64_t k = -1 - token;
    check(sampled_ && k < sampled_->fixed_rows, "[cpu] embed: a token lies outside the table");
    return std::max(0, run.in<std::int32_t>(*sampled_)[k]);
  }
  void decode(std::int64_t row, float* y) const {
    check(row >= 0 && row < table_.rows, "[cpu] embed: a token lies outside the table");
    for (const BoundSegment& s : table_.segments) {
      if (row >= s.end) continue;
      info(s.dtype).decode(s.rows + (row - s.begin) * s.row_bytes, y, table_.cols);
      return;
    }
  }

  const BoundWeight& table_;
  Operand tokens_, y_;
  std::optional<Operand> sampled_;  // what a token of -1 - k stands for
};

}  // namespace

CallPtr prepare(const ir::Embed& op, const Site& site) {
  return std::make_unique<EmbedCall>(op, site);
}

}  // namespace rocmforge::cpu
