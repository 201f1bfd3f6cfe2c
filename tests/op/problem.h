// A graph with everything that one run of it needs: weights, memory before the run, the step.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/executor.h"
#include "ir/graph.h"
#include "ir/step.h"

namespace rocmforge::optest {

struct OwnedSegment {
  std::vector<std::byte> rows;
  std::vector<float> bias;
};
struct OwnedWeight {
  ir::WeightId id{};
  std::vector<OwnedSegment> segments;
};

struct Problem {
  std::shared_ptr<const ir::WeightTable> table;
  std::vector<OwnedWeight> weights;  // by WeightId
  ir::Graph graph;                   // rows symbolic; the results are its taps
  std::int64_t bucket = 0;           // rows that it is specialised to, at least the step's
  ir::StepLimits limits;

  // The step.
  std::int32_t n_rows = 0;       // of the body
  std::int32_t n_head_rows = 0;  // of the head; only for head graphs
  std::vector<std::int32_t> tokens, positions, sequences, kv_slots, head_rows;
  std::vector<float> rope_rows;                         // [n_rows][limits.rope_dims]
  std::vector<std::vector<std::int32_t>> block_tables;  // by sequence
  std::vector<ir::WorkItem> work;
  std::int32_t n_partials = 0;
  std::vector<ir::SampleParams> samples;  // by head row, or none
  std::vector<ir::LogitEdit> edits;
  std::vector<std::vector<std::uint32_t>> masks;  // by row of the masks

  // Memory before the run.
  std::int64_t hidden_dim = 0;        // columns of the hidden slot; 0: not used
  std::vector<float> hidden;          // [limits.max_rows][hidden_dim]
  std::vector<std::int32_t> sampled;  // [limits.max_head_rows], or not used
  backend::KvLayout kv_layout;        // n_layers 0: no KV
  std::vector<float> kv;              // every element in the layout's order

  // Rows of the run: the head's for a head graph.
  std::int64_t run_rows() const { return n_head_rows > 0 ? n_head_rows : n_rows; }
};

}  // namespace rocmforge::optest
