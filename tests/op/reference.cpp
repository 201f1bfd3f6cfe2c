#include "op/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include "base/check.h"
#include "base/random.h"
#include "op/reference_matmul.h"

namespace rocmforge::optest {
namespace {

class Interpreter {
 public:
  explicit Interpreter(const Problem& p) : p_(p), kv_(p.kv.begin(), p.kv.end()) {
    for (double& x : kv_) x = stored(x);
  }

  Reference run() {
    values_.resize(p_.graph.values.size());
    for (const ir::Node& node : p_.graph.nodes) {
      node_ = &node;
      std::visit([this](const auto& op) { eval(op); }, node.op);
    }
    Reference out;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const std::string& tap = p_.graph.values[i].tap;
      if (tap.empty()) continue;
      out.taps[tap] = values_[i];
      out.allowed[tap] = allowed_[static_cast<std::int32_t>(i)];
    }
    out.kv = kv_;
    return out;
  }

 private:
  const Tensor& in(std::size_t i) const {
    return values_[static_cast<std::size_t>(node_->inputs.at(i).id)];
  }
  // A result, of the shape that the graph says, for this run's rows.
  Tensor& out(std::size_t i = 0) {
    const ir::Value v = node_->outputs.at(i);
    Tensor& t = values_[static_cast<std::size_t>(v.id)];
    const Shape shape = p_.graph.desc(v).shape.with_rows(p_.run_rows());
    t.shape.clear();
    for (int d = 0; d < shape.rank(); ++d) t.shape.push_back(shape[d]);
    t.data.assign(static_cast<std::size_t>(shape.n_elems()), 0.0);
    return t;
  }
  template <class T>
  void fill(const std::vector<T>& from) {
    Tensor& t = out();
    check(from.size() >= t.data.size(), "a source of the problem is too short");
    std::copy_n(from.begin(), t.data.size(), t.data.begin());
  }

  WeightRow weight_row(ir::WeightId id, std::int64_t row) const {
    const ir::Weight& w = p_.table->at(id);
    const OwnedWeight& data = p_.weights.at(static_cast<std::size_t>(id));
    for (std::size_t s = 0; s < w.segments.size(); ++s) {
      const ir::WeightSegment& segment = w.segments[s];
      if (row >= segment.rows) {
        row -= segment.rows;
        continue;
      }
      std::vector<float> decoded(static_cast<std::size_t>(w.cols));
      info(segment.dtype)
          .decode(data.segments[s].rows.data() + row * bytes_of(segment.dtype, w.cols),
                  decoded.data(), w.cols);
      WeightRow out{.w = {decoded.begin(), decoded.end()},
                    .quantized = info(segment.dtype).is_quantized()};
      if (!segment.bias.empty()) {
        out.bias = static_cast<double>(data.segments[s].bias.at(static_cast<std::size_t>(row)));
      }
      return out;
    }
    check(false, "a row past the weight's end");
    return {};
  }

  void normalise(Tensor& x, const ir::NormSpec& norm) const {
    const std::vector<double> gain = weight_row(norm.gain, 0).w;
    const std::size_t n = gain.size();
    for (std::size_t at = 0; at < x.data.size(); at += n) {
      double squares = 0;
      for (std::size_t i = 0; i < n; ++i) squares += x.data[at + i] * x.data[at + i];
      const double root = std::sqrt(squares / static_cast<double>(n) + norm.eps);
      for (std::size_t i = 0; i < n; ++i) x.data[at + i] *= gain[i] / root;
    }
  }

  // Heads of one row, rotated as arXiv:2104.09864 has it, with the step's cosines and sines.
  void rotate(double* x, std::int64_t n_cols, const ir::RopeSpec& r, const double* angles) const {
    for (std::int64_t h = 0; h < n_cols; h += r.head_dim) {
      for (std::int64_t i = 0; i < r.n_rot / 2; ++i) {
        const bool pairs = r.kind == ir::RopeKind::kNorm;
        double& a = x[h + (pairs ? 2 * i : i)];
        double& b = x[h + (pairs ? 2 * i + 1 : i + r.n_rot / 2)];
        const double c = angles[2 * i], s = angles[2 * i + 1];
        const double rotated = a * c - b * s;
        b = a * s + b * c;
        a = rotated;
      }
    }
  }

  // ---- the KV state

  double stored(double x) const {
    if (p_.kv_layout.dtype != DType::kF16) return static_cast<double>(static_cast<float>(x));
    std::byte bytes[2];
    const auto narrow = static_cast<float>(x);
    float wide = 0;
    info(DType::kF16).encode(&narrow, bytes, 1);
    info(DType::kF16).decode(bytes, &wide, 1);
    return static_cast<double>(wide);
  }
  std::int64_t layer_of(std::size_t operand) const {
    // The layer is that of the source at the chain's start.
    const ir::Node* node = node_;
    for (ir::Value v = node->inputs.at(operand);;) {
      node = &p_.graph.nodes.at(static_cast<std::size_t>(p_.graph.info(v).producer));
      if (const auto* state = std::get_if<ir::KvState>(&node->op)) return state->layer;
      for (const ir::Value u : node->inputs) {
        if (p_.graph.info(u).is_state) v = u;
      }
    }
  }
  double* kv_at(std::int64_t layer, std::int64_t slot, int side, std::int64_t head) {
    const backend::KvLayout& l = p_.kv_layout;
    std::int64_t at = layer * l.n_blocks + slot / ir::kBlockTokens;
    at = (at * 2 + side) * l.n_kv_heads + head;
    at = (at * ir::kBlockTokens + slot % ir::kBlockTokens) * l.head_dim;
    return kv_.data() + at;
  }
  void write_kv(std::int64_t layer, const Tensor& k, const Tensor& v) {
    const std::int64_t d = p_.kv_layout.head_dim;
    for (std::int64_t i = 0; i < k.rows(); ++i) {
      const std::int64_t slot = p_.kv_slots.at(static_cast<std::size_t>(i));
      for (std::int64_t h = 0; h < p_.kv_layout.n_kv_heads; ++h) {
        for (std::int64_t j = 0; j < d; ++j) {
          kv_at(layer, slot, 0, h)[j] = stored(k.row(i)[h * d + j]);
          kv_at(layer, slot, 1, h)[j] = stored(v.row(i)[h * d + j]);
        }
      }
    }
  }
  std::int64_t slot_of(std::int64_t row, std::int64_t position) const {
    const auto sequence = static_cast<std::size_t>(p_.sequences.at(static_cast<std::size_t>(row)));
    const auto block = static_cast<std::size_t>(position / ir::kBlockTokens);
    return std::int64_t{p_.block_tables.at(sequence).at(block)} * ir::kBlockTokens +
           position % ir::kBlockTokens;
  }
  std::int64_t position_of(std::int64_t row) const {
    return p_.positions.at(static_cast<std::size_t>(row));
  }
  // One past the last position of the row's sequence.
  std::int64_t end_of(std::int64_t row) const {
    std::int64_t end = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(p_.n_rows); ++i) {
      if (p_.sequences[i] == p_.sequences[static_cast<std::size_t>(row)]) {
        end = std::max<std::int64_t>(end, p_.positions[i] + 1);
      }
    }
    return end;
  }
  double dot_key(const ir::AttentionSpec& a, std::int64_t layer, const double* q, std::int64_t row,
                 std::int64_t head, std::int64_t position) {
    const double* k = kv_at(layer, slot_of(row, position), 0, head / (a.n_heads / a.n_kv_heads));
    double sum = 0;
    for (std::int64_t j = 0; j < a.head_dim; ++j) sum += q[head * a.head_dim + j] * k[j];
    return sum;
  }
  void add_value(const ir::AttentionSpec& a, std::int64_t layer, double weight, std::int64_t row,
                 std::int64_t head, std::int64_t position, double* y) {
    const double* v = kv_at(layer, slot_of(row, position), 1, head / (a.n_heads / a.n_kv_heads));
    for (std::int64_t j = 0; j < a.head_dim; ++j) y[head * a.head_dim + j] += weight * v[j];
  }

  // ---- the ops

  void eval(const ir::Input& op) {
    switch (op.slot) {
      case ir::Slot::kTokens:
        return fill(p_.tokens);
      case ir::Slot::kPositions:
        return fill(p_.positions);
      case ir::Slot::kRopeRows:
        return fill(p_.rope_rows);
      case ir::Slot::kHeadRows:
        return fill(p_.head_rows);
      case ir::Slot::kHidden:
        return fill(p_.hidden);
      case ir::Slot::kSampled:
        return fill(p_.sampled);
      case ir::Slot::kIncoming:
      case ir::Slot::kLogits:
        check(false, "no case has this slot as an input");
    }
  }
  void eval(const ir::KvState&) {}
  void eval(const ir::Embed& op) {
    const Tensor tokens = in(0);
    Tensor& y = out();
    for (std::int64_t i = 0; i < y.rows(); ++i) {
      double token = tokens.data[static_cast<std::size_t>(i)];
      if (token < 0) token = std::max(0.0, in(1).data[static_cast<std::size_t>(-1 - token)]);
      const std::vector<double> row = weight_row(op.table, static_cast<std::int64_t>(token)).w;
      std::copy(row.begin(), row.end(), y.row(i));
    }
  }
  void eval(const ir::MatMul& op) {
    Tensor x = in(0);
    if (op.norm) normalise(x, *op.norm);
    const auto weight = [&](std::int64_t r) { return weight_row(op.weight, r); };
    const Tensor* residual = op.epilogue == ir::Epilogue::kAdd ? &in(1) : nullptr;
    MatMulResult result =
        multiply(x, p_.table->at(op.weight).rows(), weight, op.epilogue, residual);
    Tensor& y = out();
    check(y.data.size() == result.y.data.size(), "a product of another shape");
    y.data = std::move(result.y.data);
    allowed_[node_->outputs.at(0).id] = std::move(result.allowed);
  }
  void eval(const ir::RmsNorm& op) {
    const Tensor x = in(0);
    Tensor& y = out();
    y.data = x.data;
    normalise(y, op.norm);
  }
  void eval(const ir::Rope& op) {
    const Tensor x = in(0);
    Tensor& y = out();
    y.data = x.data;
    for (std::int64_t i = 0; i < y.rows(); ++i) rotate(y.row(i), y.cols(), op.rope, in(1).row(i));
  }
  void eval(const ir::SwiGlu&) {
    const Tensor x = in(0);
    Tensor& y = out();
    for (std::int64_t i = 0; i < y.rows(); ++i) {
      for (std::int64_t c = 0; c < y.cols(); ++c) {
        y.row(i)[c] = silu(x.row(i)[c]) * x.row(i)[c + y.cols()];
      }
    }
  }
  void sum_operands() {
    const Tensor a = in(0), b = in(1);
    Tensor& y = out();
    for (std::size_t i = 0; i < y.data.size(); ++i) y.data[i] = a.data[i] + b.data[i];
  }
  void eval(const ir::Add&) { sum_operands(); }
  void eval(const ir::Accumulate&) { sum_operands(); }
  void eval(const ir::Scale& op) {
    const Tensor x = in(0);
    Tensor& y = out();
    for (std::size_t i = 0; i < y.data.size(); ++i) {
      y.data[i] = static_cast<double>(op.factor) * x.data[i];
    }
  }
  void eval(const ir::Mask&) {
    const Tensor x = in(0), positions = in(1);
    Tensor& y = out();
    const std::int64_t heads = y.shape[1];
    for (std::int64_t i = 0; i < y.rows(); ++i) {
      const double position = positions.data[static_cast<std::size_t>(i / heads)];
      for (std::int64_t c = 0; c < y.cols(); ++c) {
        const bool seen = static_cast<double>(c) <= position;
        y.row(i)[c] = seen ? x.row(i)[c] : -std::numeric_limits<double>::infinity();
      }
    }
  }
  void eval(const ir::Softmax&) {
    const Tensor x = in(0);
    Tensor& y = out();
    for (std::int64_t i = 0; i < y.rows(); ++i) {
      const double max = *std::max_element(x.row(i), x.row(i) + x.cols());
      double sum = 0;
      for (std::int64_t c = 0; c < y.cols(); ++c) {
        sum += y.row(i)[c] = std::exp(x.row(i)[c] - max);
      }
      for (std::int64_t c = 0; c < y.cols(); ++c) y.row(i)[c] /= sum;
    }
  }
  void eval(const ir::PagedAttention& op) {
    Tensor q = in(0), k = in(1);
    if (op.norms) {
      normalise(q, op.norms->q);
      normalise(k, op.norms->k);
    }
    for (std::int64_t i = 0; op.rope && i < q.rows(); ++i) {
      rotate(q.row(i), q.cols(), *op.rope, in(4).row(i));
      rotate(k.row(i), k.cols(), *op.rope, in(4).row(i));
    }
    const std::int64_t layer = layer_of(3);
    write_kv(layer, k, in(2));
    const ir::AttentionSpec& a = op.attention;
    Tensor& y = out();
    for (std::int64_t i = 0; i < y.rows(); ++i) {
      const auto n = static_cast<std::size_t>(position_of(i) + 1);
      for (std::int64_t h = 0; h < a.n_heads; ++h) {
        std::vector<double> p(n);
        for (std::size_t t = 0; t < n; ++t) {
          p[t] = static_cast<double>(a.scale) *
                 dot_key(a, layer, q.row(i), i, h, static_cast<std::int64_t>(t));
        }
        const double max = *std::max_element(p.begin(), p.end());
        double sum = 0;
        for (double& x : p) sum += x = std::exp(x - max);
        for (std::size_t t = 0; t < n; ++t) {
          add_value(a, layer, p[t] / sum, i, h, static_cast<std::int64_t>(t), y.row(i));
        }
      }
    }
  }
  void eval(const ir::KvWrite&) { write_kv(layer_of(2), in(0), in(1)); }
  void eval(const ir::AttentionScores& op) {
    const Tensor q = in(0);
    const std::int64_t layer = layer_of(1);
    Tensor& y = out();
    for (std::int64_t i = 0; i < q.rows(); ++i) {
      for (std::int64_t h = 0; h < op.attention.n_heads; ++h) {
        for (std::int64_t t = 0; t < end_of(i); ++t) {
          y.row(i * op.attention.n_heads + h)[t] = dot_key(op.attention, layer, q.row(i), i, h, t);
        }
      }
    }
  }
  void eval(const ir::AttentionValues& op) {
    const Tensor w = in(0);
    const std::int64_t layer = layer_of(1);
    Tensor& y = out();
    for (std::int64_t i = 0; i < y.rows(); ++i) {
      for (std::int64_t h = 0; h < op.attention.n_heads; ++h) {
        for (std::int64_t t = 0; t < end_of(i); ++t) {
          const double weight = w.row(i * op.attention.n_heads + h)[t];
          add_value(op.attention, layer, weight, i, h, t, y.row(i));
        }
      }
    }
  }
  // ---- sampling: by whole sorted rows, with the logarithms of the C library

  void edit(Tensor& y) const {
    for (std::int64_t i = 0; i < y.rows(); ++i) {
      const ir::SampleParams& p = p_.samples.at(static_cast<std::size_t>(i));
      double* x = y.row(i);
      for (std::int32_t e = 0; e < p.n_edits; ++e) {
        const ir::LogitEdit& edit = p_.edits.at(static_cast<std::size_t>(p.edits_begin + e));
        if (edit.token < 0 || edit.token >= y.cols()) continue;
        double& at = x[edit.token];
        const auto penalty = static_cast<double>(edit.penalty);
        at = (at > 0 ? at / penalty : at * penalty) + static_cast<double>(edit.bias);
      }
      for (std::int64_t t = 0; t < y.cols(); ++t) {
        const auto word = static_cast<std::size_t>(t / 32);
        const bool allowed =
            p.mask < 0 ||
            (p_.masks.at(static_cast<std::size_t>(p.mask)).at(word) >> (t % 32) & 1U) != 0;
        if (!allowed || std::isnan(x[t])) x[t] = -std::numeric_limits<double>::infinity();
      }
    }
  }
  // Tokens above -inf, best first.
  static std::vector<std::int64_t> sorted(const double* x, std::int64_t n) {
    std::vector<std::int64_t> ids;
    for (std::int64_t t = 0; t < n; ++t) {
      if (x[t] > -std::numeric_limits<double>::infinity()) ids.push_back(t);
    }
    std::sort(ids.begin(), ids.end(),
              [x](std::int64_t a, std::int64_t b) { return x[a] != x[b] ? x[a] > x[b] : a < b; });
    return ids;
  }
  static double log_sum_exp(const double* x, const std::vector<std::int64_t>& ids) {
    if (ids.empty() || std::isinf(x[ids[0]])) {
      return ids.empty() ? -std::numeric_limits<double>::infinity() : x[ids[0]];
    }
    double sum = 0;
    for (const std::int64_t t : ids) sum += std::exp(x[t] - x[ids[0]]);
    return x[ids[0]] + std::log(sum);
  }
  static double draw(const ir::SampleParams& p, std::int64_t token) {
    const std::uint64_t seed = std::uint64_t{p.seed_high} << 32 | p.seed_low;
    const RandomWords words = token_words(seed, p.position, static_cast<std::uint32_t>(token / 4));
    const double v = (static_cast<double>(words.word[token % 4]) + 0.5) / 4294967296.0;
    return -std::log(-std::log1p(-v));
  }
  // The cuts of a row's tokens, in order; then the draw.
  static double choose(const ir::SampleParams& p, const double* x, std::vector<std::int64_t> ids) {
    if (p.mode == ir::SampleMode::kNone || ids.empty()) return ir::kNoSample;
    const double best = x[ids[0]];
    if (p.temperature == 0 || std::isinf(best)) return static_cast<double>(ids[0]);
    if (p.mode == ir::SampleMode::kCandidates) {
      const bool more = p.top_k == 0 && ids.size() > ir::kMaxCandidates;
      if (p.top_k > 0 && ids.size() > static_cast<std::size_t>(p.top_k))
        ids.resize(static_cast<std::size_t>(p.top_k));
      const double total = std::exp(log_sum_exp(x, ids) - best);
      double sum = 0;
      std::size_t kept = 0;
      while (p.top_p < 1 && kept < ids.size() && sum < static_cast<double>(p.top_p) * total) {
        sum += std::exp(x[ids[kept++]] - best);
      }
      if (p.top_p < 1) ids.resize(std::max<std::size_t>(kept, 1));
      std::erase_if(ids,
                    [&](std::int64_t t) { return x[t] < best + static_cast<double>(p.log_min_p); });
      if (more && ids.size() > ir::kMaxCandidates) return ir::kUndecided;
    }
    const auto score = [&](std::int64_t t) {
      return (x[t] - best) / static_cast<double>(p.temperature) + draw(p, t);
    };
    return static_cast<double>(
        *std::max_element(ids.begin(), ids.end(),
                          [&](std::int64_t a, std::int64_t b) { return score(a) < score(b); }));
  }

  void eval(const ir::EditLogits&) {
    const std::vector<double> data = in(0).data;
    Tensor& y = out();
    y.data = data;
    edit(y);
  }
  void eval(const ir::TopK& op) {
    const Tensor x = in(0);
    Tensor &values = out(0), &ids = out(1);
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      const std::vector<std::int64_t> order = sorted(x.row(i), x.cols());
      for (std::int64_t j = 0; j < op.k; ++j) {
        const bool there = j < std::ssize(order);
        const std::int64_t t = there ? order[static_cast<std::size_t>(j)] : -1;
        values.row(i)[j] = there ? x.row(i)[t] : -std::numeric_limits<double>::infinity();
        ids.row(i)[j] = static_cast<double>(t);
      }
    }
  }
  void eval(const ir::LogSumExp&) {
    const Tensor x = in(0);
    Tensor& y = out();
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      *y.row(i) = log_sum_exp(x.row(i), sorted(x.row(i), x.cols()));
    }
  }
  void eval(const ir::Sample& op) {
    Tensor x = in(0);
    if (op.fused) edit(x);
    Tensor& y = out();
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      *y.row(i) =
          choose(p_.samples.at(static_cast<std::size_t>(i)), x.row(i), sorted(x.row(i), x.cols()));
    }
  }
  void eval(const ir::Rows&) {
    const Tensor x = in(0), ids = in(1);
    Tensor& y = out();
    for (std::int64_t i = 0; i < y.rows(); ++i) {
      const double* from = x.row(static_cast<std::int64_t>(ids.data[static_cast<std::size_t>(i)]));
      std::copy(from, from + y.cols(), y.row(i));
    }
  }
  void eval(const ir::Columns& op) {
    const Tensor x = in(0);
    Tensor& y = out();
    for (std::int64_t i = 0; i < y.rows(); ++i) {
      std::copy(x.row(i) + op.begin, x.row(i) + op.begin + op.count, y.row(i));
    }
  }
  void eval(const ir::SplitHeads&) { reshape(); }
  void eval(const ir::Copy&) { reshape(); }
  void reshape() {
    const std::vector<double> data = in(0).data;
    out().data = data;
  }

  const Problem& p_;
  std::vector<double> kv_;
  std::vector<Tensor> values_;               // by Value::id
  std::map<std::int32_t, Allowed> allowed_;  // the same, of matmul
  const ir::Node* node_ = nullptr;
};

}  // namespace

Reference evaluate(const Problem& problem) {
  return Interpreter(problem).run();
}

}  // namespace rocmforge::optest
