#include "ir/infer.h"

#include <cmath>
#include <string>

#include "base/error.h"

namespace rocmforge::ir {
namespace {

using Descs = std::vector<TensorDesc>;

TensorDesc f32(Shape shape) {
  return TensorDesc::dense(DType::kF32, shape);
}

// Operands of one op, and what a rule says about them.
class Operands {
 public:
  Operands(std::string_view op, std::span<const TensorDesc> descs, const WeightTable& weights,
           const SourceShapes& sources)
      : op_(op), descs_(descs), weights_(weights), sources_(sources) {}

  [[noreturn]] void fail(std::string_view what, const std::string& why) const {
    std::string message = "[ir] ";
    message.append(op_).append(": ").append(what).append(": ").append(why);
    throw Error(ErrorCode::kInternal, message);
  }
  void require(bool holds, std::string_view what, const std::string& why) const {
    if (!holds) fail(what, why);
  }
  void count(std::size_t n) const {
    require(descs_.size() == n, "operands",
            std::to_string(descs_.size()) + " given, takes " + std::to_string(n));
  }

  // Operand i, of a dtype and a rank (0: any from 1 on).
  const TensorDesc& get(std::size_t i, std::string_view what, DType dtype, int rank) const {
    const TensorDesc& desc = descs_[i];
    require(desc.shape.rank() >= 1, what, "has no extents");
    require(desc.dtype == dtype, what, "is " + to_string(desc) + ", wants " + wanted(dtype, rank));
    require(rank == 0 || desc.shape.rank() == rank, what,
            "is " + to_string(desc) + ", wants " + wanted(dtype, rank));
    return desc;
  }
  const TensorDesc& matrix(std::size_t i, std::string_view what) const {
    return get(i, what, DType::kF32, 2);
  }
  const TensorDesc& has_shape(std::size_t i, std::string_view what, const Shape& shape) const {
    const TensorDesc& desc = get(i, what, DType::kF32, 0);
    require(desc.shape == shape, what, "is " + to_string(desc) + ", wants " + to_string(shape));
    return desc;
  }
  // Row numbers, or one number a row.
  const TensorDesc& integers(std::size_t i, std::string_view what) const {
    return get(i, what, DType::kI32, 1);
  }
  void state(std::size_t i, const AttentionSpec& a) const {
    const TensorDesc& desc = descs_[i];
    const Shape shape{2, a.n_kv_heads, kBlockTokens, a.head_dim};
    require(desc.dtype == DType::kF32 || desc.dtype == DType::kF16, "kv",
            "is " + to_string(desc) + ", wants F32 or F16");
    require(desc.shape == shape, "kv", "is " + to_string(desc) + ", wants " + to_string(shape));
  }

  const Weight& weight(WeightId id, std::string_view what) const {
    const auto i = static_cast<std::int32_t>(id);
    require(i >= 0 && i < weights_.size(), what, "no weight has the id " + std::to_string(i));
    return weights_.at(id);
  }
  // The length of a norm's gain.
  std::int64_t gain(const NormSpec& norm) const {
    const Weight& w = weight(norm.gain, "gain");
    require(w.rows() == 1 && !w.has_bias(), "gain", w.name + " is no vector");
    require(std::isfinite(norm.eps) && norm.eps >= 0, "eps", "is no small positive number");
    return w.cols;
  }
  void attention(const AttentionSpec& a) const {
    require(a.n_heads > 0 && a.n_kv_heads > 0 && a.head_dim > 0, "attention",
            "has an extent below 1");
    require(a.n_heads % a.n_kv_heads == 0, "attention",
            std::to_string(a.n_heads) + " heads are no multiple of " +
                std::to_string(a.n_kv_heads) + " KV heads");
    require(std::isfinite(a.scale), "attention", "its scale is not finite");
  }
  void rope(const RopeSpec& r) const {
    require(r.head_dim > 0, "rope", "its heads have no dimensions");
    require(
        r.n_rot > 0 && r.n_rot % 2 == 0 && r.n_rot <= r.head_dim, "rope",
        "rotates " + std::to_string(r.n_rot) + " of " + std::to_string(r.head_dim) + " dimensions");
  }

  const TensorDesc& operator[](std::size_t i) const { return descs_[i]; }
  std::size_t size() const { return descs_.size(); }
  const SourceShapes& sources() const { return sources_; }

 private:
  static std::string wanted(DType dtype, int rank) {
    std::string text(to_string(dtype));
    if (rank > 0) text += " of " + std::to_string(rank) + (rank == 1 ? " extent" : " extents");
    return text;
  }

  std::string_view op_;
  std::span<const TensorDesc> descs_;
  const WeightTable& weights_;
  const SourceShapes& sources_;
};

// ---- sources

Descs infer(const Input& op, const Operands& in) {
  in.count(0);
  const SourceShapes& s = in.sources();
  switch (op.slot) {
    case Slot::kTokens:
    case Slot::kPositions:
    case Slot::kHeadRows:
      return {TensorDesc::dense(DType::kI32, {kRows})};
    case Slot::kRopeRows:
      in.require(s.rope_dims > 0, "rope_rows", "the model rotates no dimensions");
      return {f32({kRows, s.rope_dims})};
    case Slot::kHidden:
      in.require(s.max_rows > 0 && s.dim > 0, "hidden", "its shape is not known");
      return {f32({s.max_rows, s.dim})};
    case Slot::kIncoming:
      in.require(s.dim > 0, "incoming", "its shape is not known");
      return {f32({kRows, s.dim})};
    case Slot::kSampled:
      in.require(s.max_head_rows > 0, "sampled", "its length is not known");
      return {TensorDesc::dense(DType::kI32, {s.max_head_rows})};
    case Slot::kLogits:
      break;
  }
  in.fail(name(op.slot), "is no input");
}

Descs infer(const KvState& op, const Operands& in) {
  in.count(0);
  const SourceShapes& s = in.sources();
  in.require(op.layer >= 0, "layer", std::to_string(op.layer) + " is negative");
  in.require(s.n_kv_heads > 0 && s.head_dim > 0, "kv", "its shape is not known");
  return {TensorDesc::dense(s.kv_dtype, {2, s.n_kv_heads, kBlockTokens, s.head_dim})};
}

// ---- ops on rows

Descs infer(const Embed& op, const Operands& in) {
  if (in.size() != 2) in.count(1);
  const TensorDesc& tokens = in.integers(0, "tokens");
  if (in.size() == 2) in.integers(1, "sampled");
  const Weight& table = in.weight(op.table, "table");
  in.require(!table.has_bias(), "table", table.name + " has a bias");
  return {f32({tokens.shape[0], table.cols})};
}

Descs infer(const MatMul& op, const Operands& in) {
  in.count(op.epilogue == Epilogue::kAdd ? 2 : 1);
  const TensorDesc& x = in.matrix(0, "x");
  const Weight& w = in.weight(op.weight, "weight");
  in.require(
      x.shape[1] == w.cols, "x",
      "is " + to_string(x) + ", " + w.name + " takes " + std::to_string(w.cols) + " columns");
  // A norm over parts of a row (of single heads) stays an op of its own.
  in.require(!op.norm || in.gain(*op.norm) == w.cols, "norm", "does not span the row");
  Shape shape{x.shape[0], w.rows()};
  if (op.epilogue == Epilogue::kSwiGlu) {
    in.require(w.rows() % 2 == 0, "weight", w.name + " has no two halves");
    shape.set(1, w.rows() / 2);
  }
  if (op.epilogue == Epilogue::kAdd) in.has_shape(1, "residual", shape);
  return {f32(shape)};
}

Descs infer(const RmsNorm& op, const Operands& in) {
  in.count(1);
  const TensorDesc& x = in.matrix(0, "x");
  const std::int64_t length = in.gain(op.norm);
  in.require(x.shape[1] % length == 0, "x",
             "is " + to_string(x) + ", no multiple of the gain's " + std::to_string(length));
  return {f32(x.shape)};
}

Descs infer(const Rope& op, const Operands& in) {
  in.count(2);
  in.rope(op.rope);
  const TensorDesc& x = in.matrix(0, "x");
  in.require(x.shape[1] % op.rope.head_dim == 0, "x",
             "is " + to_string(x) + ", not of heads of " + std::to_string(op.rope.head_dim));
  in.has_shape(1, "rope rows", {x.shape[0], op.rope.n_rot});
  return {f32(x.shape)};
}

Descs infer(const SwiGlu&, const Operands& in) {
  in.count(1);
  const TensorDesc& x = in.matrix(0, "x");
  in.require(x.shape[1] % 2 == 0, "x", "is " + to_string(x) + ", which has no two halves");
  return {f32({x.shape[0], x.shape[1] / 2})};
}

Descs infer(const Add&, const Operands& in) {
  in.count(2);
  const TensorDesc& a = in.get(0, "a", DType::kF32, 0);
  in.has_shape(1, "b", a.shape);
  return {f32(a.shape)};
}

Descs infer(const Scale& op, const Operands& in) {
  in.count(1);
  in.require(std::isfinite(op.factor), "factor", "is not finite");
  return {f32(in.get(0, "x", DType::kF32, 0).shape)};
}

Descs infer(const Mask&, const Operands& in) {
  in.count(2);
  const TensorDesc& scores = in.get(0, "scores", DType::kF32, 3);
  const TensorDesc& positions = in.integers(1, "positions");
  in.require(positions.shape[0] == scores.shape[0], "positions",
             "is " + to_string(positions) + ", the scores are " + to_string(scores));
  return {f32(scores.shape)};
}

Descs infer(const Softmax&, const Operands& in) {
  in.count(1);
  return {f32(in.get(0, "x", DType::kF32, 0).shape)};
}

Descs infer(const Accumulate&, const Operands& in) {
  in.count(2);
  const TensorDesc& accumulator = in.get(0, "accumulator", DType::kF32, 0);
  in.require(accumulator.is_dense(), "accumulator", "is not dense: " + to_string(accumulator));
  in.has_shape(1, "x", accumulator.shape);
  return {f32(accumulator.shape)};
}

// ---- attention over the paged KV state

// Queries [n, heads * head_dim]; returns n.
std::int64_t queries(const Operands& in, const AttentionSpec& a) {
  in.attention(a);
  const TensorDesc& q = in.matrix(0, "q");
  in.require(q.shape[1] == std::int64_t{a.n_heads} * a.head_dim, "q",
             "is " + to_string(q) + ", wants " + std::to_string(a.n_heads) + " heads of " +
                 std::to_string(a.head_dim));
  return q.shape[0];
}

void key_or_value(const Operands& in, std::size_t i, std::string_view what, std::int64_t n,
                  const AttentionSpec& a) {
  in.matrix(i, what);
  in.has_shape(i, what, {n, std::int64_t{a.n_kv_heads} * a.head_dim});
}

Descs infer(const PagedAttention& op, const Operands& in) {
  const AttentionSpec& a = op.attention;
  in.count(op.rope ? 5 : 4);
  const std::int64_t n = queries(in, a);
  key_or_value(in, 1, "k", n, a);
  key_or_value(in, 2, "v", n, a);
  in.state(3, a);
  if (op.rope) {
    in.rope(*op.rope);
    in.require(op.rope->head_dim == a.head_dim, "rope", "its heads are not the attention's");
    in.has_shape(4, "rope rows", {n, op.rope->n_rot});
  }
  if (op.norms) {
    in.require(in.gain(op.norms->q) == a.head_dim, "q norm", "does not span a head");
    in.require(in.gain(op.norms->k) == a.head_dim, "k norm", "does not span a head");
  }
  return {f32(in[0].shape), in[3]};
}

Descs infer(const KvWrite& op, const Operands& in) {
  in.count(3);
  in.attention(op.attention);
  const std::int64_t n = in.matrix(0, "k").shape[0];
  key_or_value(in, 0, "k", n, op.attention);
  key_or_value(in, 1, "v", n, op.attention);
  in.state(2, op.attention);
  return {in[2]};
}

Descs infer(const AttentionScores& op, const Operands& in) {
  in.count(2);
  const std::int64_t n = queries(in, op.attention);
  in.state(1, op.attention);
  in.require(op.columns > 0, "columns", std::to_string(op.columns) + " is not positive");
  return {f32({n, op.attention.n_heads, op.columns})};
}

Descs infer(const AttentionValues& op, const Operands& in) {
  in.count(2);
  const AttentionSpec& a = op.attention;
  in.attention(a);
  const TensorDesc& weights = in.get(0, "weights", DType::kF32, 3);
  in.require(weights.shape[1] == a.n_heads, "weights",
             "is " + to_string(weights) + ", wants " + std::to_string(a.n_heads) + " heads");
  in.state(1, a);
  return {f32({weights.shape[0], std::int64_t{a.n_heads} * a.head_dim})};
}

// ---- sampling

Descs infer(const EditLogits&, const Operands& in) {
  in.count(1);
  return {f32(in.matrix(0, "logits").shape)};
}

Descs infer(const TopK& op, const Operands& in) {
  in.count(1);
  in.require(op.k > 0 && op.k <= kMaxCandidates, "k",
             std::to_string(op.k) + " is not from 1 to " + std::to_string(kMaxCandidates));
  const Shape shape{in.matrix(0, "logits").shape[0], op.k};
  return {f32(shape), TensorDesc::dense(DType::kI32, shape)};
}

Descs infer(const LogSumExp&, const Operands& in) {
  in.count(1);
  return {f32({in.matrix(0, "logits").shape[0], 1})};
}

Descs infer(const Sample& op, const Operands& in) {
  in.count(op.fused ? 1 : 4);
  const std::int64_t n = in.matrix(0, "logits").shape[0];
  if (!op.fused) {
    const TensorDesc& values = in.matrix(1, "values");
    in.require(values.shape[0] == n && values.shape[1] <= kMaxCandidates, "values",
               "is " + to_string(values));
    const TensorDesc& ids = in.get(2, "ids", DType::kI32, 2);
    in.require(ids.shape == values.shape, "ids",
               "is " + to_string(ids) + ", wants " + to_string(values.shape));
    in.has_shape(3, "log-sum-exp", {n, 1});
  }
  return {TensorDesc::dense(DType::kI32, {n, 1})};
}

// ---- moving rows

Descs infer(const Rows&, const Operands& in) {
  in.count(2);
  const TensorDesc& x = in.matrix(0, "x");
  const TensorDesc& ids = in.integers(1, "rows");
  return {f32({ids.shape[0], x.shape[1]})};
}

Descs infer(const Columns& op, const Operands& in) {
  in.count(1);
  const TensorDesc& x = in.matrix(0, "x");
  in.require(op.begin >= 0 && op.count > 0 && op.begin <= x.shape[1] - op.count, "x",
             "is " + to_string(x) + ", columns " + std::to_string(op.begin) + " to " +
                 std::to_string(op.begin + op.count) + " are not within it");
  TensorDesc view = x;
  view.shape.set(1, op.count);
  return {view};
}

Descs infer(const SplitHeads& op, const Operands& in) {
  in.count(1);
  const TensorDesc& x = in.get(0, "x", DType::kF32, 0);
  const Shape& s = x.shape;
  in.require(x.is_dense(), "x", "is not dense: " + to_string(x));
  in.require(op.parts > 0, "parts", std::to_string(op.parts) + " is not positive");
  if (s.rank() == 2) {
    in.require(s[1] % op.parts == 0, "x",
               "is " + to_string(x) + ", not of " + std::to_string(op.parts) + " parts");
    return {f32({s[0], op.parts, s[1] / op.parts})};
  }
  in.require(
      s.rank() == 3 && op.parts == 1, "x",
      "is " + to_string(x) + ", which has no " + std::to_string(op.parts) + " parts to split");
  return {f32({s[0], s[1] * s[2]})};
}

Descs infer(const Copy&, const Operands& in) {
  in.count(1);
  return {f32(in.get(0, "x", DType::kF32, 0).shape)};
}

}  // namespace

std::vector<TensorDesc> infer(const Op& op, std::span<const TensorDesc> operands,
                              const WeightTable& weights, const SourceShapes& sources) {
  const Operands in(name(op), operands, weights, sources);
  return std::visit([&in](const auto& o) { return infer(o, in); }, op);
}

}  // namespace rocmforge::ir
