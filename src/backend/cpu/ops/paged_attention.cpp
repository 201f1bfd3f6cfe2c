// paged_attention: q [n, heads * d], k, v [n, kv_heads * d] -> softmax(scale q K^T) V by causal
// position, [n, heads * d]; normalises heads of q and k and rotates them first where the graph
// joined that, and stores k and v.
//
// Three phases: (1) a row at a time, queries are made ready, scaled and gathered, so that all which
// share a KV head lie together, and keys and values are stored; (2) for each work item and KV head,
// up to kTileQueries queries pass over the item's positions kTileTokens at a time, with a running
// maximum and sum (arXiv:2205.14135), so that K and V are read once for all of them; (3) items of
// the same rows (splits) leave partial results, which are combined. Phase 2 is bound by reading
// K and V for few rows and by the products for many.
//
// A row's sums are those of kAttentionSplit positions, joined in order, whether they lie in splits
// or in one item: so a row's bits depend on its position alone, not on how many rows run beside it.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <string>

#include "backend/cpu/ops/attention_split.h"
#include "backend/cpu/ops/kv_blocks.h"
#include "backend/cpu/ops/ops.h"
#include "backend/cpu/ops/rope_row.h"
#include "base/check.h"

namespace rocmforge::cpu {
namespace {

// On a task's stack: 8 KiB of scores and two times 32 KiB of sums.
constexpr std::int64_t kTileQueries = 32;
constexpr std::int64_t kTileTokens = 4 * ir::kBlockTokens;
constexpr std::int64_t kTileSums = 8192;
static_assert(kAttentionSplit % kTileTokens == 0, "no tile lies across two parts of the sums");
// So that a tile has at least 8 queries, and a rotated head fits the stack.
constexpr std::int64_t kMaxHeadDim = 1024;

// Scratch: queries [kv head][row][head of its group][d], then partial results
// [slot][head][2 + d]: maximum, sum, weighted values.
struct AttentionScratch {
  AttentionScratch(const ir::AttentionSpec& a, std::int64_t rows, const ir::StepLimits& limits) {
    const std::int64_t vectors = rows * a.n_heads;
    partials = (vectors * a.head_dim * 4 + 63) / 64 * 64;
    bytes = partials + std::int64_t{limits.max_partials} * a.n_heads * (2 + a.head_dim) * 4;
  }
  std::int64_t partials = 0;  // byte offset
  std::int64_t bytes = 0;
};

// Queries that pass over the same keys: [begin, begin + n) of an item's rows times group, in order.
struct Tile {
  const ir::WorkItem* item = nullptr;
  std::int64_t kv_head = 0;
  std::int64_t begin = 0;
  std::int64_t n = 0;
};

// Their running softmax.
struct Sums {
  float max[kTileQueries];
  float sum[kTileQueries];
  float acc[kTileSums];  // [query][d]

  void clear(const Tile& tile, std::int64_t d) {
    std::fill(max, max + tile.n, -std::numeric_limits<float>::infinity());
    std::fill(sum, sum + tile.n, 0.0F);
    std::fill(acc, acc + tile.n * d, 0.0F);
  }
};

// One query's softmax over some positions: maximum, sum, weighted values [d].
struct Part {
  float max, sum;
  const float* acc;
};

// Joins the next positions' part to those before it.
void join(const Part& next, std::int64_t d, float& max, float& sum, float* acc) {
  if (next.sum == 0) return;  // the query sees none of these positions
  const float most = std::max(max, next.max);
  const float before = std::exp(max - most);  // 0 the first time
  const float after = std::exp(next.max - most);
  for (std::int64_t j = 0; j < d; ++j) acc[j] = before * acc[j] + after * next.acc[j];
  sum = before * sum + after * next.sum;
  max = most;
}

class PagedAttentionCall final : public Call {
 public:
  PagedAttentionCall(const ir::PagedAttention& op, const Site& site)
      : a_(op.attention),
        rope_(op.rope),
        layer_(site.layer(3)),
        q_(site.in(0)),
        k_(site.in(1)),
        v_(site.in(2)),
        y_(site.out()),
        bucket_(site.n_rows),
        group_(a_.n_heads / a_.n_kv_heads),
        tile_queries_(std::min(kTileQueries, kTileSums / std::max(a_.head_dim, 1))),
        queries_(site.scratch),
        partials_(site.scratch + AttentionScratch(a_, bucket_, site.step.limits).partials) {
    if (rope_) angles_ = site.in(4);
    if (op.norms) {
      q_gain_ = gain(site, op.norms->q);
      k_gain_ = gain(site, op.norms->k);
      q_eps_ = op.norms->q.eps;
      k_eps_ = op.norms->k.eps;
    }
    if (a_.head_dim > kMaxHeadDim) {
      throw Error(ErrorCode::kUnsupported, "[cpu] paged_attention: heads of " +
                                               std::to_string(a_.head_dim) + " dimensions, over " +
                                               std::to_string(kMaxHeadDim));
    }
    check(y_.rows(1) == 1 && q_.rows(1) == 1, "[cpu] paged_attention: rows are not the step's");
  }

  void run(const Run& run) const override {
    const KvBlocks kv(run, layer_, a_);
    for_rows(run, run.n, (q_.cols + 2 * k_.cols) * 12, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) prepare_row(run, kv, i);
    });
    attend_all(run, kv);
    combine_all(run);
  }

 private:
  const float* gain(const Site& site, const ir::NormSpec& norm) const {
    const std::vector<float>& vector = site.weights.at(norm.gain).vector;
    check(std::ssize(vector) == a_.head_dim, "[cpu] paged_attention: a norm does not span a head");
    return vector.data();
  }

  static std::span<const ir::WorkItem> work(const Run& run) {
    const std::int32_t n = run.header().n_work;
    check(n >= 0 && n <= run.layout->limits.max_work, "[cpu] more work items than the limit");
    return {run.at_step<ir::WorkItem>(run.layout->work), static_cast<std::size_t>(n)};
  }

  float* query(const Run& run, std::int64_t kv_head, std::int64_t row) const {
    return run.scratch<float>(queries_) + (kv_head * bucket_ + row) * group_ * a_.head_dim;
  }
  float* partial(const Run& run, std::int64_t slot, std::int64_t head) const {
    return run.scratch<float>(partials_) + (slot * a_.n_heads + head) * (2 + a_.head_dim);
  }

  void prepare_row(const Run& run, const KvBlocks& kv, std::int64_t i) const {
    const Elementwise& e = *run.elementwise;
    const std::int64_t d = a_.head_dim;
    const float* q = run.in<float>(q_) + i * q_.stride;
    const float* k = run.in<float>(k_) + i * k_.stride;
    const float* v = run.in<float>(v_) + i * v_.stride;
    const float* angles = rope_ ? run.in<float>(angles_) + i * angles_.stride : nullptr;
    const std::int32_t slot = run.at_step<std::int32_t>(run.layout->kv_slots)[i];
    float normed[kMaxHeadDim], rotated[kMaxHeadDim];
    // A head of queries or keys as it is used: x itself where nothing is done to it.
    const auto ready = [&](const float* x, const float* gain, float eps, float* to) {
      if (gain != nullptr) {
        e.rms_norm(x, gain, d, eps, rope_ ? normed : to);
        x = rope_ ? normed : to;
      }
      if (rope_) rope_head(e, *rope_, x, angles, to);
      return rope_ ? to : x;
    };
    for (std::int64_t h = 0; h < a_.n_kv_heads; ++h) {
      float* to = query(run, h, i);
      for (std::int64_t g = 0; g < group_; ++g) {
        const float* x = ready(q + (h * group_ + g) * d, q_gain_, q_eps_, to + g * d);
        e.scale(x, d, a_.scale, to + g * d);
      }
      kv.store(slot, KvSide::kKeys, h, ready(k + h * d, k_gain_, k_eps_, rotated));
      kv.store(slot, KvSide::kValues, h, v + h * d);
    }
  }

  std::int64_t n_tiles(const ir::WorkItem& item) const {
    return (item.n_rows * group_ + tile_queries_ - 1) / tile_queries_;
  }

  void attend_all(const Run& run, const KvBlocks& kv) const {
    const std::span<const ir::WorkItem> items = work(run);
    std::int64_t n_tasks = 0, bytes = 0;
    for (const ir::WorkItem& item : items) {
      check_item(run, item);
      const std::int64_t tiles = n_tiles(item) * a_.n_kv_heads;
      n_tasks += tiles;
      bytes += tiles * (item.kv_end - item.kv_begin) * a_.head_dim * 8;
    }
    const auto attend_task = [&](std::int64_t task, int) {
      // At most limits.max_work steps, far cheaper than what follows.
      const ir::WorkItem* item = items.data();
      for (std::int64_t tiles = n_tiles(*item) * a_.n_kv_heads; task >= tiles;
           tiles = n_tiles(*item) * a_.n_kv_heads) {
        task -= tiles;
        ++item;
      }
      const std::int64_t tiles = n_tiles(*item);
      const std::int64_t begin = task % tiles * tile_queries_;
      attend(run, kv,
             {item, task / tiles, begin, std::min(tile_queries_, item->n_rows * group_ - begin)});
    };
    if (bytes < kInlineBytes) {
      for (std::int64_t task = 0; task < n_tasks; ++task) attend_task(task, 0);
    } else {
      run.pool->run(n_tasks, attend_task);
    }
  }

  static void check_item(const Run& run, const ir::WorkItem& item) {
    const ir::StepLimits& limits = run.layout->limits;
    check(item.row_begin >= 0 && item.n_rows > 0 && item.n_rows <= run.n - item.row_begin,
          "[cpu] a work item's rows are not the step's");
    check(item.kv_begin >= 0 && item.kv_end > item.kv_begin &&
              item.kv_end <= std::int64_t{limits.max_blocks} * ir::kBlockTokens,
          "[cpu] a work item's positions are not of its block table");
    check(item.split >= 0 && item.split < item.n_splits,
          "[cpu] a work item's split is out of range");
    check(item.n_splits == 1 ||
              (item.partial >= 0 &&
               item.partial + std::int64_t{item.n_splits} * item.n_rows <= limits.max_partials),
          "[cpu] a work item's partial results are past the limit");
  }

  void attend(const Run& run, const KvBlocks& kv, const Tile& tile) const {
    const ir::WorkItem& item = *tile.item;
    const std::int64_t d = a_.head_dim;
    const auto* positions = run.at_step<std::int32_t>(run.layout->positions);
    const std::int32_t* table = kv.block_table(item.sequence);
    const float* q = query(run, tile.kv_head, item.row_begin) + tile.begin * d;

    Sums s;
    std::int64_t ends[kTileQueries];  // one past the last position that a query sees here
    std::int64_t last = item.kv_begin;
    for (std::int64_t i = 0; i < tile.n; ++i) {
      const std::int64_t position = positions[item.row_begin + (tile.begin + i) / group_];
      ends[i] = std::min<std::int64_t>(item.kv_end, position + 1);
      last = std::max(last, ends[i]);
    }
    Sums whole;  // of the parts before the one that s is of, where there are any
    bool has_parts = false;
    s.clear(tile, d);

    float scores[kTileQueries * kTileTokens];
    for (std::int64_t t = item.kv_begin; t < last;) {
      if (t > item.kv_begin && t % kAttentionSplit == 0) {
        if (!has_parts) whole.clear(tile, d);
        join_all(s, tile, whole);
        has_parts = true;
        s.clear(tile, d);
      }
      const std::int64_t next = std::min((t / kTileTokens + 1) * kTileTokens, last);
      for_blocks(t, next, [&](std::int64_t begin, std::int64_t end) {
        kv.scores(kv.tile(table, KvSide::kKeys, tile.kv_head, begin, end), q, d, tile.n,
                  scores + (begin - t), kTileTokens);
      });
      for (std::int64_t i = 0; i < tile.n; ++i) {
        weigh(run, scores + i * kTileTokens, std::clamp<std::int64_t>(ends[i] - t, 0, next - t),
              next - t, s, i);
      }
      for_blocks(t, next, [&](std::int64_t begin, std::int64_t end) {
        kv.values(kv.tile(table, KvSide::kValues, tile.kv_head, begin, end), scores + (begin - t),
                  kTileTokens, tile.n, s.acc, d);
      });
      t = next;
    }
    if (has_parts) join_all(s, tile, whole);
    finish(run, tile, has_parts ? whole : s);
  }

  void join_all(const Sums& next, const Tile& tile, Sums& whole) const {
    const std::int64_t d = a_.head_dim;
    for (std::int64_t i = 0; i < tile.n; ++i) {
      join({next.max[i], next.sum[i], next.acc + i * d}, d, whole.max[i], whole.sum[i],
           whole.acc + i * d);
    }
  }

  // Query i's scores of `seen` positions become weights, 0 up to n; its sums so far follow the
  // maximum.
  void weigh(const Run& run, float* scores, std::int64_t seen, std::int64_t n, Sums& s,
             std::int64_t i) const {
    const Elementwise& e = *run.elementwise;
    std::fill(scores + seen, scores + n, 0.0F);
    if (seen == 0) return;
    const float max = e.max(scores, seen);
    if (max > s.max[i]) {
      const float factor = std::exp(s.max[i] - max);  // 0 the first time
      s.sum[i] *= factor;
      float* acc = s.acc + i * a_.head_dim;
      e.scale(acc, a_.head_dim, factor, acc);
      s.max[i] = max;
    }
    s.sum[i] += e.exp_sum(scores, seen, s.max[i], scores);
  }

  void finish(const Run& run, const Tile& tile, const Sums& s) const {
    const ir::WorkItem& item = *tile.item;
    const std::int64_t d = a_.head_dim;
    for (std::int64_t i = 0; i < tile.n; ++i) {
      const std::int64_t row = (tile.begin + i) / group_;  // within the item
      const std::int64_t head = tile.kv_head * group_ + (tile.begin + i) % group_;
      const float* acc = s.acc + i * d;
      if (item.n_splits == 1) {
        float* y = run.out<float>(y_) + (item.row_begin + row) * y_.cols + head * d;
        run.elementwise->scale(acc, d, 1.0F / s.sum[i], y);
        continue;
      }
      const std::int64_t slot = item.partial + std::int64_t{item.split} * item.n_rows + row;
      float* to = partial(run, slot, head);
      to[0] = s.max[i];
      to[1] = s.sum[i];
      std::copy(acc, acc + d, to + 2);
    }
  }

  void combine_all(const Run& run) const {
    for (const ir::WorkItem& item : work(run)) {
      if (item.n_splits == 1 || item.split != 0) continue;
      const std::int64_t row_bytes = item.n_splits * q_.cols * 8;
      for_rows(run, item.n_rows, row_bytes, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          for (std::int64_t h = 0; h < a_.n_heads; ++h) combine(run, item, i, h);
        }
      });
    }
  }

  void combine(const Run& run, const ir::WorkItem& item, std::int64_t row,
               std::int64_t head) const {
    const std::int64_t d = a_.head_dim;
    float* y = run.out<float>(y_) + (item.row_begin + row) * y_.cols + head * d;
    std::fill(y, y + d, 0.0F);
    float max = -std::numeric_limits<float>::infinity(), sum = 0;
    for (std::int64_t s = 0; s < item.n_splits; ++s) {
      const float* from = partial(run, item.partial + s * item.n_rows + row, head);
      join({from[0], from[1], from + 2}, d, max, sum, y);
    }
    run.elementwise->scale(y, d, 1.0F / sum, y);
  }

  ir::AttentionSpec a_;
  std::optional<ir::RopeSpec> rope_;
  std::int32_t layer_;
  Operand q_, k_, v_, angles_, y_;
  const float *q_gain_ = nullptr, *k_gain_ = nullptr;  // [head_dim]; null: no norm
  float q_eps_ = 0, k_eps_ = 0;
  std::int64_t bucket_;  // rows that the scratch has room for
  std::int64_t group_;   // query heads a KV head
  std::int64_t tile_queries_;
  std::int64_t queries_, partials_;  // arena offsets
};

}  // namespace

std::int64_t scratch_bytes(const ir::PagedAttention& op, const ScratchSite& site) {
  const TensorDesc& q = site.graph.desc(site.node.inputs.at(0));
  return AttentionScratch(op.attention, q.n_rows(), site.limits).bytes;
}

CallPtr prepare(const ir::PagedAttention& op, const Site& site) {
  return std::make_unique<PagedAttentionCall>(op, site);
}

}  // namespace rocmforge::cpu
