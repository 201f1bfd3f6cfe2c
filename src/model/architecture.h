// What every architecture provides, and the table of them.
//
// To add one: docs/adding-a-model.md.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "ir/builder.h"
#include "model/hyper_params.h"
#include "model/weights.h"

namespace rocmforge::model {

// What a step brings to the body's graph.
struct Inputs {
  ir::Value tokens;           // I32 [n]
  ir::Value sampled;          // I32 [max_head_rows]: what tokens of -1 - k stand for
  ir::Value rope_rows;        // F32 [n, n_rot]
  std::vector<ir::Value> kv;  // by layer; forward leaves the new states here
  bool taps = false;          // name each layer's result, for layer-by-layer comparison
};

class Architecture {
 public:
  virtual ~Architecture() = default;
  // Tokens to the residual stream after the last layer, F32 [n, dim]. Marks each layer's border.
  virtual ir::Value forward(ir::Builder& g, Inputs& in) const = 0;
  // Rows of that stream as the output matrix takes them.
  virtual ir::Value final_norm(ir::Builder& g, ir::Value x) const = 0;
  // Rows of that stream to logits, F32 [n, vocab].
  virtual ir::Value head(ir::Builder& g, ir::Value x) const = 0;
};

struct ArchitectureRow {
  std::string_view name;  // general.architecture
  ir::RopeKind rope;
  // Takes the file's tensors, checking each.
  std::unique_ptr<Architecture> (*make)(const HyperParams& params, Weights& weights);
};

std::span<const ArchitectureRow> architectures();
// Error{kUnsupported} with the list of known ones.
const ArchitectureRow& find_architecture(const gguf::File& file);

}  // namespace rocmforge::model
