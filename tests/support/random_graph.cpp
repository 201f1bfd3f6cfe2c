#include "support/random_graph.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "ir/text.h"

namespace rocmforge::test {
namespace {

using ir::Value;
using ir::WeightId;

constexpr std::int32_t kRowsLimit = 12;
constexpr std::int32_t kHeadRowsLimit = 4;
constexpr std::int32_t kBlocks = 2;
constexpr float kEps = 1e-5f;

class Maker {
 public:
  Maker(Choices& choices, const RandomGraphOptions& options)
      : c_(choices), options_(options), weights_(std::make_shared<ir::WeightTable>()) {}

  RandomGraph make() {
    choose_sizes();
    const ir::SourceShapes sources = {.rope_dims = rope_.n_rot,
                                      .max_rows = kRowsLimit,
                                      .dim = made_.dim,
                                      .max_head_rows = kHeadRowsLimit,
                                      .kv_dtype = c_.flip() ? DType::kF32 : DType::kF16,
                                      .n_kv_heads = made_.attention.n_kv_heads,
                                      .head_dim = made_.attention.head_dim};
    ir::Builder builder(made_.is_head ? "random.head" : "random.body", weights_, sources);
    g_ = &builder;
    start();
    const int n = 1 + c_.below(options_.max_actions);
    for (int i = 0; i < n; ++i) act();
    finish();
    made_.graph = builder.finish();
    made_.n_layers = static_cast<std::int32_t>(states_.size());
    return std::move(made_);
  }

 private:
  void choose_sizes() {
    made_.is_head = c_.below(5) == 4;
    made_.dim = pick({32, 64, 96, 128});
    const int head_dim = pick({16, 32});
    const int kv_heads = pick({1, 2});
    made_.attention = {.n_heads = kv_heads * pick({1, 2}),
                       .n_kv_heads = kv_heads,
                       .head_dim = head_dim,
                       .scale = 1 / std::sqrt(static_cast<float>(head_dim))};
    rope_ = {.head_dim = head_dim,
             .n_rot = head_dim / pick({1, 2}),
             .kind = c_.flip() ? ir::RopeKind::kNeox : ir::RopeKind::kNorm};
    made_.context = std::int64_t{kBlocks} * ir::kBlockTokens;
    made_.limits = {.max_rows = kRowsLimit,
                    .max_head_rows = kHeadRowsLimit,
                    .max_sequences = 2,
                    .max_blocks = kBlocks,
                    .max_work = 64,
                    .max_partials = 64,
                    .rope_dims = rope_.n_rot};
  }

  int pick(std::initializer_list<int> of) {
    return *(of.begin() + c_.below(static_cast<int>(of.size())));
  }

  void start() {
    if (made_.is_head) {
      const Value hidden = g_->input(ir::Slot::kHidden);
      const Value ids = g_->input(ir::Slot::kHeadRows);
      pool_.push_back(g_->rows(hidden, ids));
      if (c_.flip())
        pool_.push_back(g_->rows(c_.flip() ? hidden : g_->columns(hidden, 4, 16), ids));
      return;
    }
    const Value tokens = g_->input(ir::Slot::kTokens);
    const WeightId table = weight(kVocabulary, made_.dim, false);
    pool_.push_back(c_.flip() ? g_->embed(table, tokens, g_->input(ir::Slot::kSampled))
                              : g_->embed(table, tokens));
    const int n_layers = c_.below(3);
    for (int l = 0; l < n_layers; ++l) states_.push_back(g_->kv_state(l));
  }

  // ---- what to work on

  std::int64_t cols(Value v) const { return g_->desc(v).shape[1]; }
  Value any() { return pool_[static_cast<std::size_t>(c_.below(static_cast<int>(pool_.size())))]; }
  // A value of as many columns as x, x itself perhaps.
  Value like(Value x) {
    std::vector<Value> same;
    for (const Value v : pool_) {
      if (cols(v) == cols(x)) same.push_back(v);
    }
    return same[static_cast<std::size_t>(c_.below(static_cast<int>(same.size())))];
  }
  Value keep(Value v) {
    pool_.push_back(v);
    return v;
  }
  // Near misses: what a fusion would swallow is now and then read or kept by others too.
  Value maybe_shared(Value v) {
    const int what = c_.below(6);
    if (what == 4) keep(v);
    if (what == 5) tap(v);
    return v;
  }
  void tap(Value v) {
    if (tapped_.insert(v.id).second) g_->tap(v, ir::text("tap", v.id));
  }

  // ---- weights

  DType dtype(std::int64_t n_cols) {
    if (!options_.quantized || n_cols % 32 != 0) return DType::kF32;
    constexpr DType kTypes[] = {DType::kF32, DType::kQ4_0, DType::kQ8_0};
    return kTypes[c_.below(3)];
  }
  WeightId weight(std::int64_t rows, std::int64_t n_cols, bool biased) {
    const std::string name = ir::text("w", weights_->size());
    ir::Weight w{.name = name, .cols = n_cols, .segments = {}};
    const std::int64_t first = c_.below(3) == 2 && rows >= 8 ? rows / 4 : rows;
    for (std::int64_t done = 0; done < rows;) {
      const std::int64_t n = done == 0 ? first : rows - done;
      const std::string tensor = ir::text(name, ".", w.segments.size());
      w.segments.push_back({.tensor = tensor + ".weight",
                            .dtype = dtype(n_cols),
                            .rows = n,
                            .bias = biased && c_.flip() ? tensor + ".bias" : ""});
      done += n;
    }
    return weights_->add(w);
  }
  WeightId gain(std::int64_t length) {
    const std::string name = ir::text("norm", weights_->size());
    return weights_->add(
        {.name = name,
         .cols = length,
         .segments = {{.tensor = name + ".weight", .dtype = DType::kF32, .rows = 1, .bias = ""}}});
  }
  Value matmul(Value x, std::int64_t rows) { return g_->matmul(weight(rows, cols(x), true), x); }
  Value norm(Value x) { return g_->rms_norm(x, gain(cols(x)), kEps); }
  std::int64_t width() { return pick({32, 64, 96, 128}); }
  Value matmul(Value x) { return matmul(x, width()); }

  // ---- actions

  void act() {
    switch (c_.below(18)) {
      case 0:
        keep(matmul(any()));
        break;
      case 1:
        normed_matmul();
        break;
      case 2:
        gate_up();
        break;
      case 3:
        residual();
        break;
      case 4:
      case 5:
        attention();
        break;
      case 6:
        plain_attention();
        break;
      case 7:
        add();
        break;
      case 8:
        keep(g_->scale(any(), 0.75f));
        break;
      case 9:
        view();
        break;
      case 10:
        heads();
        break;
      case 11:
        keep(g_->copy(any()));
        break;
      case 12:
        accumulate();
        break;
      case 13:
        partial_norm();
        break;
      case 14:
        fused_matmul();
        break;
      case 15:
        keep(g_->softmax(any()));
        break;
      case 16:
        swiglu();
        break;
      default:
        tap(any());
    }
  }

  void add() {
    const Value x = any();
    keep(g_->add(x, like(x)));
  }

  void gate_up() {
    const Value x = any();
    keep(g_->swiglu(maybe_shared(matmul(x, 2 * width()))));
  }

  void normed_matmul() {
    const Value x = any();
    const Value h = maybe_shared(norm(x));
    // Written over between norm and matmul: the norm has to stay where it is.
    if (options_.in_place && c_.below(8) == 7 && may_write_over(x)) {
      const Value y = g_->copy(x);
      write_over(x, y);
    }
    keep(matmul(h));
    if (c_.below(4) == 3) keep(matmul(h));  // two readers
  }

  void residual() {
    const Value x = any();
    const Value y = any();
    const Value m = maybe_shared(matmul(y, cols(x)));
    // Defined after the matmul, a residual cannot be handed to it.
    const Value r = c_.below(5) == 4 ? g_->scale(x, 0.5f) : x;
    keep(c_.flip() ? g_->add(m, r) : g_->add(r, m));
    if (c_.below(3) == 0) forget(x);  // so that its memory can be written over
  }

  // q, k, v of the attention's sizes, and whether they are rotated by itself.
  struct Heads {
    Value q, k, v;
  };
  Heads project() {
    const ir::AttentionSpec& a = made_.attention;
    const std::int64_t q_dim = std::int64_t{a.n_heads} * a.head_dim;
    const std::int64_t kv_dim = std::int64_t{a.n_kv_heads} * a.head_dim;
    Value x = any();
    if (c_.flip()) x = norm(x);
    const auto [q, k, v] = g_->split(matmul(x, q_dim + 2 * kv_dim), q_dim, kv_dim, kv_dim);
    return {q, k, v};
  }
  Value rotate(Value x) { return rotate(x, rope_); }
  Value rotate(Value x, const ir::RopeSpec& rope) {
    return maybe_shared(g_->rope(x, g_->input(ir::Slot::kRopeRows), rope));
  }
  Value& state() {
    return states_[static_cast<std::size_t>(c_.below(static_cast<int>(states_.size())))];
  }

  void attention() {
    if (states_.empty()) return;
    Heads h = project();
    if (c_.flip()) {  // now and then of half a head, or of queries alone, or read by others too
      const std::int64_t length = made_.attention.head_dim / (c_.below(8) == 7 ? 2 : 1);
      h.q = g_->rms_norm(h.q, gain(length), kEps);
      if (c_.below(5) == 4) keep(h.q);
      if (c_.below(8) != 7) h.k = g_->rms_norm(h.k, gain(length), kEps);
    }
    switch (c_.below(6)) {
      case 0:
      case 1:  // as models have it
        h.q = rotate(h.q);
        h.k = rotate(h.k);
        break;
      case 2:  // one of the two alone
        h.q = rotate(h.q);
        break;
      case 3: {  // the fused form
        Value& kv = state();
        ir::PagedAttention op{.attention = made_.attention, .rope = rope_};
        if (c_.flip()) {
          const std::int64_t d = made_.attention.head_dim;
          op.norms = ir::HeadNorms{{gain(d), kEps}, {gain(d), kEps}};
        }
        const auto results = g_->append(op, {h.q, h.k, h.v, kv, g_->input(ir::Slot::kRopeRows)});
        kv = results[1];
        keep(results[0]);
        return;
      }
      case 4: {  // two that differ
        ir::RopeSpec other = rope_;
        other.kind = rope_.kind == ir::RopeKind::kNorm ? ir::RopeKind::kNeox : ir::RopeKind::kNorm;
        h.q = rotate(h.q);
        h.k = rotate(h.k, other);
        break;
      }
      default:
        break;
    }
    keep(g_->paged_attention(h.q, h.k, h.v, state(), made_.attention));
  }

  void plain_attention() {
    if (states_.empty() || !options_.plain_attention) return;
    const Heads h = project();
    const ir::AttentionSpec& a = made_.attention;
    Value& kv = state();
    kv = g_->append(ir::KvWrite{a}, {h.k, h.v, kv})[0];
    Value s = g_->append(ir::AttentionScores{a, made_.context}, {h.q, kv})[0];
    s = g_->mask(g_->scale(s, a.scale), g_->input(ir::Slot::kPositions));
    keep(g_->append(ir::AttentionValues{a}, {g_->softmax(s), kv})[0]);
  }

  void view() {
    const Value x = any();
    const int begin = 4 * c_.below(4);
    const int count = pick({16, 32, 64});
    if (begin + count > cols(x)) return;
    views_[keep(g_->columns(x, begin, count)).id] = root(x);
  }

  void heads() {
    const Value x = any();
    if (!g_->desc(x).is_dense() || cols(x) % 4 != 0) return;
    Value h = g_->split_heads(x, 4);
    h = c_.flip() ? g_->softmax(h) : g_->add(h, g_->copy(h));
    views_[keep(g_->split_heads(h, 1)).id] = h.id;
  }

  void partial_norm() {
    const Value x = any();
    const std::int64_t length = cols(x) % 2 == 0 ? cols(x) / 2 : cols(x);
    const Value h = maybe_shared(g_->rms_norm(x, gain(length), kEps));
    keep(c_.flip() ? h : matmul(h));
  }

  void fused_matmul() {
    const Value x = any();
    ir::MatMul op;
    if (c_.flip()) op.norm = {gain(cols(x)), kEps};
    std::vector<Value> operands = {x};
    if (c_.flip()) {
      op.epilogue = ir::Epilogue::kSwiGlu;
      op.weight = weight(2 * width(), cols(x), true);
    } else {
      op.epilogue = ir::Epilogue::kAdd;
      operands.push_back(any());
      op.weight = weight(cols(operands[1]), cols(x), true);
    }
    keep(g_->append(op, operands)[0]);
    if (operands.size() == 2 && c_.flip()) forget(operands[1]);
  }

  void swiglu() {
    const Value x = any();
    if (cols(x) % 2 == 0) keep(g_->swiglu(x));
  }

  // ---- writing over

  std::int32_t root(Value v) const {
    const auto found = views_.find(v.id);
    return found == views_.end() ? v.id : found->second;
  }
  // A value of its own, whose views nobody reads any more.
  bool may_write_over(Value v) const {
    if (root(v) != v.id) return false;
    for (const std::int32_t tapped : tapped_) {
      if (root({tapped}) == v.id) return false;
    }
    return std::none_of(pool_.begin(), pool_.end(),
                        [&](Value other) { return other != v && root(other) == v.id; });
  }
  void write_over(Value target, Value x) {
    keep(g_->accumulate(target, x));
    forget(target);
  }
  void accumulate() {
    if (!options_.in_place) return;
    const Value x = any();
    Value target = g_->scale(x, 0.5f);
    if (c_.flip()) keep(g_->add(target, x));  // a reader before it is written over
    if (c_.flip()) {
      for (const Value v : pool_) {
        if (cols(v) == cols(x) && root(v) != root(x) && may_write_over(v)) target = v;
      }
    }
    write_over(target, x);
  }
  void forget(Value v) {
    if (pool_.size() > 1) pool_.erase(std::remove(pool_.begin(), pool_.end(), v), pool_.end());
  }

  void finish() {
    Value result = pool_.back();
    if (c_.flip() || root(result) != result.id) {
      result = matmul(result);
    } else if (c_.flip()) {
      result = g_->copy(result);
    }
    g_->output(result, made_.is_head ? ir::Slot::kLogits : ir::Slot::kHidden);
    if (made_.is_head && c_.flip()) g_->output(g_->sample(result), ir::Slot::kSampled);
    (made_.is_head ? made_.vocab : made_.dim) = cols(result);
    if (!made_.is_head) made_.vocab = 32;
  }

  static constexpr std::int64_t kVocabulary = 48;
  Choices& c_;
  RandomGraphOptions options_;
  std::shared_ptr<ir::WeightTable> weights_;
  RandomGraph made_;
  ir::RopeSpec rope_;
  ir::Builder* g_ = nullptr;
  std::vector<Value> pool_;    // F32 [n, columns], to be read further
  std::vector<Value> states_;  // by layer, the newest
  std::set<std::int32_t> tapped_;
  std::map<std::int32_t, std::int32_t> views_;  // in the pool, or once there -> what they show
};

}  // namespace

RandomGraph random_graph(Choices& choices, const RandomGraphOptions& options) {
  return Maker(choices, options).make();
}

}  // namespace rocmforge::test
