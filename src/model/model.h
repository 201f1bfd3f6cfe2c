// A model file as graphs: hyper-parameters, the weight table, body and head.
#pragma once

#include <cstdint>
#include <memory>

#include "base/counters.h"
#include "gguf/file.h"
#include "ir/graph.h"
#include "ir/infer.h"
#include "model/hyper_params.h"

namespace rocmforge::model {

struct BuildOptions {
  DType kv_dtype = DType::kF16;
  std::int32_t max_rows = 512;      // rows of the hidden slot
  std::int32_t max_head_rows = 64;  // of the sampled slot
  bool taps = false;                // keep every layer's result readable, as "blk.N"
};

// Graphs with a symbolic number of rows, as the architecture writes them: no pass has run.
struct Model {
  HyperParams params;
  std::shared_ptr<const ir::WeightTable> weights;
  ir::Graph body;  // tokens -> the hidden slot
  ir::Graph head;  // rows of the hidden slot -> logits, and a token each
  // Rows of the hidden slot -> the same as the output matrix takes them, F32 [n, dim], in the
  // logits' slot.
  ir::Graph embedding;
};

// Checks the whole file against its architecture. Counts graph_builds (3).
Model build_model(const gguf::File& file, const BuildOptions& options, Counters& counters);

}  // namespace rocmforge::model
