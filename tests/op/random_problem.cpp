#include "op/random_problem.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "op/maker.h"

namespace rocmforge::optest {
namespace {

std::size_t size(std::int64_t n) {
  return static_cast<std::size_t>(n);
}

// Rows of about unit length make values of about their input's size, so that no chain of ops
// grows out of bounds.
void fill_weights(Problem& p, Random& random) {
  for (std::int32_t i = 0; i < p.table->size(); ++i) {
    const ir::Weight& w = p.table->at(ir::WeightId{i});
    const bool is_gain = w.rows() == 1;
    const float magnitude = is_gain ? 1 : 1 / std::sqrt(static_cast<float>(w.cols));
    OwnedWeight data{.id = ir::WeightId{i}, .segments = {}};
    for (const ir::WeightSegment& s : w.segments) {
      std::vector<float> plain(size(s.rows * w.cols));
      for (float& x : plain) x = is_gain ? 0.5f + random.uniform() : magnitude * random.normal();
      OwnedSegment owned;
      owned.rows.resize(size(bytes_of(s.dtype, s.rows * w.cols)));
      info(s.dtype).encode(plain.data(), owned.rows.data(), s.rows * w.cols);
      owned.bias.resize(s.bias.empty() ? 0 : size(s.rows));
      for (float& x : owned.bias) x = 0.1f * random.normal();
      data.segments.push_back(std::move(owned));
    }
    p.weights.push_back(std::move(data));
  }
}

std::int32_t vocabulary(const ir::Graph& graph) {
  std::int64_t rows = 1;
  for (const ir::Node& node : graph.nodes) {
    const auto* embed = std::get_if<ir::Embed>(&node.op);
    if (embed != nullptr) rows = graph.weights->at(embed->table).rows();
  }
  return static_cast<std::int32_t>(rows);
}

// One work item a sequence, at times in two splits.
void add_work(Problem& p, test::Choices& choices, std::int32_t row, std::int32_t n,
              std::int32_t end) {
  const auto sequence = static_cast<std::int32_t>(p.block_tables.size()) - 1;
  ir::WorkItem item{.sequence = sequence, .row_begin = row, .n_rows = n, .kv_end = end};
  if (end < 2 || !choices.flip()) {
    p.work.push_back(item);
    return;
  }
  item.n_splits = 2;
  item.partial = p.n_partials;
  p.n_partials += 2 * n;
  const std::int32_t middle = 1 + choices.below(end - 1);
  ir::WorkItem second = item;
  item.kv_end = second.kv_begin = middle;
  second.split = 1;
  p.work.push_back(item);
  p.work.push_back(second);
}

// One or two sequences, each with a past; blocks of theirs lie anywhere.
void fill_step(Problem& p, test::Choices& choices, Random& random, std::int32_t context) {
  const std::int32_t n_sequences = 1 + choices.below(p.limits.max_sequences);
  const std::int32_t n_blocks = p.limits.max_sequences * p.limits.max_blocks + 1;
  std::vector<std::int32_t> blocks(size(n_blocks));
  std::iota(blocks.begin(), blocks.end(), 0);
  for (std::int32_t s = 0; s < n_sequences; ++s) {
    const std::int32_t room = p.limits.max_rows / p.limits.max_sequences;
    const std::int32_t n = 1 + choices.below(room);
    const std::int32_t past = choices.below(context - n + 1);
    auto& table = p.block_tables.emplace_back(size(p.limits.max_blocks));
    for (std::int32_t& block : table) {
      const std::int32_t at = random.below(static_cast<std::int32_t>(blocks.size()));
      block = blocks[size(at)];
      blocks.erase(blocks.begin() + at);
    }
    add_work(p, choices, p.n_rows, n, past + n);
    for (std::int32_t position = past; position < past + n; ++position) {
      p.positions.push_back(position);
      p.sequences.push_back(s);
      p.kv_slots.push_back(table[size(position / ir::kBlockTokens)] * ir::kBlockTokens +
                           position % ir::kBlockTokens);
    }
    p.n_rows += n;
  }
  p.kv_layout.n_blocks = n_blocks;
  for (std::int32_t i = 0; i < p.n_rows; ++i) {
    p.tokens.push_back(random.below(vocabulary(p.graph)));
    for (std::int32_t d = 0; d < p.limits.rope_dims; d += 2) {
      const float angle = 6.3f * random.uniform();
      p.rope_rows.push_back(std::cos(angle));
      p.rope_rows.push_back(std::sin(angle));
    }
  }
}

void fill_kv(Problem& p, Random& random, const test::RandomGraph& made) {
  for (const ir::ValueInfo& value : p.graph.values) {
    if (value.is_state) p.kv_layout.dtype = value.desc.dtype;
  }
  p.kv_layout.n_layers = made.n_layers;
  p.kv_layout.n_kv_heads = made.attention.n_kv_heads;
  p.kv_layout.head_dim = made.attention.head_dim;
  p.kv.resize(size(p.kv_layout.bytes() / bytes_of(p.kv_layout.dtype, 1)));
  for (float& x : p.kv) x = random.normal();
}

}  // namespace

Problem random_problem(test::Choices& choices, const test::RandomGraphOptions& options) {
  const test::RandomGraph made = random_graph(choices, options);
  Random random(size(choices.below(1 << 16)));
  Problem p;
  p.graph = made.graph;
  p.table = made.graph.weights;
  p.limits = made.limits;
  fill_weights(p, random);
  p.sampled.resize(size(p.limits.max_head_rows));
  fill_step(p, choices, random, static_cast<std::int32_t>(made.context));
  fill_kv(p, random, made);
  if (made.is_head) {
    p.n_head_rows = 1 + choices.below(made.limits.max_head_rows);
    for (std::int32_t i = 0; i < p.n_head_rows; ++i) p.head_rows.push_back(random.below(p.n_rows));
    p.hidden_dim = made.dim;
    p.hidden.resize(size(made.limits.max_rows * made.dim));
    for (float& x : p.hidden) x = random.normal();
  }
  const std::int32_t max = made.is_head ? made.limits.max_head_rows : made.limits.max_rows;
  p.bucket = std::min<std::int64_t>(max, p.run_rows() + choices.below(3));
  return p;
}

}  // namespace rocmforge::optest
