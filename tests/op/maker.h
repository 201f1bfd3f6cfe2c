// Makes problems: random but deterministic inputs, and the graph around the op at hand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ir/builder.h"
#include "op/problem.h"

namespace rocmforge::optest {

// Counter-based: the same numbers on every machine and library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits();
  float uniform();  // [0, 1)
  float normal();   // about: the sum of 12 uniform numbers, less 6
  std::int32_t below(std::int32_t n);

 private:
  std::uint64_t state_;
};

struct SegmentSpec {
  DType dtype = DType::kF32;
  std::int64_t rows = 0;
  bool bias = false;
};

// `past` positions are in the KV state, `n_new` rows of the step follow them.
struct SequenceSpec {
  std::int32_t past = 0;
  std::int32_t n_new = 1;
};

struct KvSpec {
  std::int32_t n_kv_heads = 1;
  std::int32_t head_dim = 16;
  DType dtype = DType::kF16;
  std::int32_t item_rows = 64;        // rows a work item has at most
  std::int32_t n_splits = 1;          // of every item with enough positions
  bool splits_within_blocks = false;  // splits end anywhere, else between blocks
  std::int32_t n_layers = 2;
  std::size_t n_random = 0;  // above 0: random values of the KV state, which then repeat
};

class Maker {
 public:
  explicit Maker(std::string name, std::int32_t n_rows = 1);

  // ---- the setting, before the graph
  void bucket(std::int64_t rows) { p_.bucket = rows; }
  void rope(std::int32_t dims);
  // The step's rows are those of the sequences, in order; their blocks lie anywhere.
  void sequences(const std::vector<SequenceSpec>& specs, const KvSpec& kv);
  void head(std::int64_t dim, std::int32_t max_rows, const std::vector<std::int32_t>& rows);
  // Rows 0 to n - 1 of the hidden slot are the logits: the value `logits()`.
  void logits(std::int64_t vocab, std::int32_t n, float magnitude);
  ir::Value logits();
  std::vector<float>& hidden() { return p_.hidden; }
  // What each of the head's rows wants; `edits` are counted through, row after row.
  void samples(std::vector<ir::SampleParams> samples);
  void edits(std::vector<ir::LogitEdit> edits);
  void masks(std::vector<std::vector<std::uint32_t>> masks);
  // What the last head run chose.
  void sampled(std::vector<std::int32_t> tokens);
  void tokens(std::vector<std::int32_t> tokens) { p_.tokens = std::move(tokens); }

  // ---- the graph
  ir::Builder& g();
  // Random rows [n, cols]: an embedding of F32, which is exact.
  ir::Value data(std::int64_t cols, float magnitude = 1);
  // Row i is multiplied by factors[i % size].
  ir::Value data(std::int64_t cols, const std::vector<float>& factors);
  ir::WeightId weight(std::int64_t cols, const std::vector<SegmentSpec>& segments,
                      float magnitude = 1);
  // Another weight of the same bytes, in its own memory.
  ir::WeightId weight_like(ir::WeightId weight);
  ir::WeightId gain(std::int64_t n, DType dtype = DType::kF32);
  // A random graph's own numbers.
  Random& random() { return random_; }
  // One op on operands; its first result.
  ir::Value op(const ir::Op& op, std::vector<ir::Value> operands);

  // Taps the result, and hands the problem over.
  Problem finish(ir::Value result);

 private:
  void plan_work(const std::vector<SequenceSpec>& specs, const KvSpec& kv);
  void split_item(const ir::WorkItem& item, const KvSpec& kv);

  Random random_;
  Problem p_;
  std::shared_ptr<ir::WeightTable> table_;
  ir::SourceShapes sources_;
  std::string name_;
  std::optional<ir::Builder> builder_;
};

}  // namespace rocmforge::optest
