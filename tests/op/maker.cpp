#include "op/maker.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/check.h"

namespace rocmforge::optest {
namespace {

std::uint64_t hash(const std::string& text) {  // FNV-1a
  std::uint64_t h = 0xcbf29ce484222325;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

}  // namespace

std::uint64_t Random::bits() {  // splitmix64
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

float Random::uniform() {
  return static_cast<float>(bits() >> 40) * 0x1p-24F;
}

float Random::normal() {
  float sum = -6;
  for (int i = 0; i < 12; ++i) sum += uniform();
  return sum;
}

std::int32_t Random::below(std::int32_t n) {
  return static_cast<std::int32_t>(bits() % static_cast<std::uint64_t>(n));
}

Maker::Maker(std::string name, std::int32_t n_rows)
    : random_(hash(name)), table_(std::make_shared<ir::WeightTable>()), name_(std::move(name)) {
  p_.n_rows = n_rows;
  p_.limits.max_head_rows = 1;
}

void Maker::rope(std::int32_t dims) {
  p_.limits.rope_dims = dims;
  sources_.rope_dims = dims;
  for (std::int32_t i = 0; i < p_.n_rows * dims / 2; ++i) {
    const float angle = 6.3F * random_.uniform();
    p_.rope_rows.push_back(std::cos(angle));
    p_.rope_rows.push_back(std::sin(angle));
  }
}

void Maker::sequences(const std::vector<SequenceSpec>& specs, const KvSpec& kv) {
  p_.n_rows = 0;
  std::int32_t n_blocks = 0;
  for (const SequenceSpec& s : specs) {
    const std::int32_t blocks = (s.past + s.n_new + ir::kBlockTokens - 1) / ir::kBlockTokens;
    p_.block_tables.emplace_back(static_cast<std::size_t>(blocks));
    p_.limits.max_blocks = std::max(p_.limits.max_blocks, blocks);
    n_blocks += blocks;
  }
  p_.limits.max_sequences = static_cast<std::int32_t>(specs.size());
  // A few blocks of nobody's, and none of a sequence's in order.
  std::vector<std::int32_t> free(static_cast<std::size_t>(n_blocks) + 3);
  std::iota(free.begin(), free.end(), 0);
  for (auto& table : p_.block_tables) {
    for (std::int32_t& block : table) {
      const auto pick = random_.below(static_cast<std::int32_t>(free.size()));
      block = free[static_cast<std::size_t>(pick)];
      free.erase(free.begin() + pick);
    }
  }
  for (std::size_t s = 0; s < specs.size(); ++s) {
    for (std::int32_t i = 0; i < specs[s].n_new; ++i) {
      const std::int32_t position = specs[s].past + i;
      const auto block = static_cast<std::size_t>(position / ir::kBlockTokens);
      p_.positions.push_back(position);
      p_.sequences.push_back(static_cast<std::int32_t>(s));
      p_.kv_slots.push_back(p_.block_tables[s][block] * ir::kBlockTokens +
                            position % ir::kBlockTokens);
      ++p_.n_rows;
    }
  }
  p_.kv_layout = {.dtype = kv.dtype,
                  .n_layers = kv.n_layers,
                  .n_blocks = n_blocks + 3,
                  .n_kv_heads = kv.n_kv_heads,
                  .head_dim = kv.head_dim};
  sources_.kv_dtype = kv.dtype;
  sources_.n_kv_heads = kv.n_kv_heads;
  sources_.head_dim = kv.head_dim;
  p_.kv.resize(static_cast<std::size_t>(p_.kv_layout.bytes() / bytes_of(kv.dtype, 1)));
  const std::size_t n_random = kv.n_random > 0 ? std::min(kv.n_random, p_.kv.size()) : p_.kv.size();
  for (std::size_t i = 0; i < p_.kv.size(); ++i) {
    p_.kv[i] = i < n_random ? random_.normal() : p_.kv[i - n_random];
  }
  plan_work(specs, kv);
}

void Maker::plan_work(const std::vector<SequenceSpec>& specs, const KvSpec& kv) {
  std::int32_t row = 0;
  for (std::size_t s = 0; s < specs.size(); ++s) {
    for (std::int32_t i = 0; i < specs[s].n_new; i += kv.item_rows) {
      const std::int32_t n = std::min(kv.item_rows, specs[s].n_new - i);
      ir::WorkItem item;
      item.sequence = static_cast<std::int32_t>(s);
      item.row_begin = row + i;
      item.n_rows = n;
      item.kv_end = specs[s].past + i + n;
      split_item(item, kv);
    }
    row += specs[s].n_new;
  }
  // Splits of one item need not be neighbours.
  std::reverse(p_.work.begin(), p_.work.end());
  p_.limits.max_work = static_cast<std::int32_t>(p_.work.size());
  p_.limits.max_partials = p_.n_partials;
}

void Maker::split_item(const ir::WorkItem& item, const KvSpec& kv) {
  const std::int32_t unit = kv.splits_within_blocks ? 1 : ir::kBlockTokens;
  const std::int32_t units = (item.kv_end + unit - 1) / unit;
  const std::int32_t n = std::min(kv.n_splits, units);
  for (std::int32_t s = 0; s < n; ++s) {
    ir::WorkItem part = item;
    part.kv_begin = s * units / n * unit;
    part.kv_end = std::min(item.kv_end, (s + 1) * units / n * unit);
    part.n_splits = n;
    part.split = s;
    part.partial = n > 1 ? p_.n_partials : 0;
    p_.work.push_back(part);
  }
  if (n > 1) p_.n_partials += n * item.n_rows;
}

void Maker::head(std::int64_t dim, std::int32_t max_rows, const std::vector<std::int32_t>& rows) {
  p_.head_rows = rows;
  p_.n_head_rows = static_cast<std::int32_t>(rows.size());
  p_.n_rows = max_rows;
  p_.limits.max_head_rows = p_.n_head_rows + 2;
  p_.hidden_dim = sources_.dim = dim;
  p_.limits.max_rows = max_rows;
  sources_.max_rows = max_rows;
  p_.hidden.resize(static_cast<std::size_t>(dim * max_rows));
  for (float& x : p_.hidden) x = random_.normal();
}

void Maker::logits(std::int64_t vocab, std::int32_t n, float magnitude) {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), 0);
  head(vocab, n, rows);
  p_.limits.max_head_rows = std::max(p_.limits.max_head_rows, static_cast<std::int32_t>(p_.bucket));
  for (float& x : p_.hidden) x *= magnitude;
  p_.samples.resize(static_cast<std::size_t>(n));
}

ir::Value Maker::logits() {
  return g().rows(g().input(ir::Slot::kHidden), g().input(ir::Slot::kHeadRows));
}

void Maker::samples(std::vector<ir::SampleParams> samples) {
  check(std::ssize(samples) == p_.n_head_rows, "parameters for other rows than the head's");
  p_.samples = std::move(samples);
}

void Maker::edits(std::vector<ir::LogitEdit> edits) {
  p_.edits = std::move(edits);
  p_.limits.max_edits = static_cast<std::int32_t>(p_.edits.size()) + 5;
}

void Maker::masks(std::vector<std::vector<std::uint32_t>> masks) {
  p_.masks = std::move(masks);
  p_.limits.mask_words = static_cast<std::int32_t>(p_.masks.at(0).size());
}

void Maker::sampled(std::vector<std::int32_t> tokens) {
  p_.limits.max_head_rows = static_cast<std::int32_t>(tokens.size());
  sources_.max_head_rows = p_.limits.max_head_rows;
  p_.sampled = std::move(tokens);
}

ir::Builder& Maker::g() {
  if (!builder_) {
    if (p_.hidden_dim == 0) {
      const auto bucket = static_cast<std::int32_t>(p_.bucket);
      p_.limits.max_rows = std::max(p_.n_rows + 3, bucket);
    }
    if (p_.tokens.empty()) {
      p_.tokens.resize(static_cast<std::size_t>(p_.n_rows));
      std::iota(p_.tokens.begin(), p_.tokens.end(), 0);
    }
    if (p_.positions.empty()) {
      for (std::int32_t i = 0; i < p_.n_rows; ++i) p_.positions.push_back(3 * i);
    }
    builder_.emplace(name_, table_, sources_);
  }
  return *builder_;
}

ir::Value Maker::data(std::int64_t cols, float magnitude) {
  return data(cols, std::vector<float>{magnitude});
}

ir::Value Maker::data(std::int64_t cols, const std::vector<float>& factors) {
  const ir::Value tokens = g().input(ir::Slot::kTokens);
  const ir::WeightId table = weight(cols, {{DType::kF32, p_.n_rows}});
  auto* rows =
      reinterpret_cast<float*>(p_.weights[static_cast<std::size_t>(table)].segments[0].rows.data());
  for (std::int64_t i = 0; i < p_.n_rows * cols; ++i) {
    rows[i] *= factors[static_cast<std::size_t>(i / cols) % factors.size()];
  }
  return g().embed(table, tokens);
}

ir::WeightId Maker::weight(std::int64_t cols, const std::vector<SegmentSpec>& segments,
                           float magnitude) {
  ir::Weight w{.name = std::string("w").append(std::to_string(table_->size())),
               .cols = cols,
               .segments = {}};
  OwnedWeight data;
  for (const SegmentSpec& s : segments) {
    const std::string tensor = w.name + "." + std::to_string(w.segments.size());
    w.segments.push_back({.tensor = tensor,
                          .dtype = s.dtype,
                          .rows = s.rows,
                          .bias = s.bias ? tensor + ".bias" : std::string()});
    std::vector<float> plain(static_cast<std::size_t>(s.rows * cols));
    for (float& x : plain) x = magnitude * random_.normal();
    OwnedSegment owned;
    owned.rows.resize(static_cast<std::size_t>(bytes_of(s.dtype, s.rows * cols)));
    info(s.dtype).encode(plain.data(), owned.rows.data(), s.rows * cols);
    owned.bias.resize(s.bias ? static_cast<std::size_t>(s.rows) : 0);
    for (float& x : owned.bias) x = magnitude * random_.normal();
    data.segments.push_back(std::move(owned));
  }
  data.id = table_->add(std::move(w));
  check(static_cast<std::size_t>(data.id) == p_.weights.size(), "a weight twice");
  p_.weights.push_back(std::move(data));
  return p_.weights.back().id;
}

ir::WeightId Maker::weight_like(ir::WeightId weight) {
  ir::Weight w = table_->at(weight);
  w.name = std::string("w").append(std::to_string(table_->size()));
  for (ir::WeightSegment& s : w.segments) s.tensor = w.name + s.tensor;
  OwnedWeight data = p_.weights[static_cast<std::size_t>(weight)];
  data.id = table_->add(std::move(w));
  p_.weights.push_back(std::move(data));
  return p_.weights.back().id;
}

ir::WeightId Maker::gain(std::int64_t n, DType dtype) {
  return weight(n, {{dtype, 1}});
}

ir::Value Maker::op(const ir::Op& op, std::vector<ir::Value> operands) {
  return g().append(op, std::move(operands)).at(0);
}

Problem Maker::finish(ir::Value result) {
  g().tap(result, "y");
  p_.graph = builder_->finish();
  p_.table = table_;
  if (p_.bucket == 0) p_.bucket = p_.run_rows();
  return std::move(p_);
}

}  // namespace rocmforge::optest
