#include "model/model.h"

#include <iterator>

#include "base/check.h"
#include "ir/builder.h"
#include "model/architecture.h"
#include "model/weights.h"

namespace rocmforge::model {
namespace {

ir::Graph build_body(const Architecture& architecture, const HyperParams& params,
                     const std::shared_ptr<const ir::WeightTable>& weights,
                     const ir::SourceShapes& sources, bool taps) {
  ir::Builder g(params.architecture + ".body", weights, sources);
  Inputs in{.tokens = g.input(ir::Slot::kTokens),
            .sampled = g.input(ir::Slot::kSampled),
            .rope_rows = g.input(ir::Slot::kRopeRows),
            .kv = {},
            .taps = taps};
  for (std::int32_t layer = 0; layer < params.n_layers; ++layer) {
    in.kv.push_back(g.kv_state(layer));
  }
  g.output(architecture.forward(g, in), ir::Slot::kHidden);
  ir::Graph body = g.finish();
  check(std::ssize(body.borders) == params.n_layers,
        "architecture " + params.architecture + ": another number of borders than layers");
  return body;
}

ir::Graph build_head(const Architecture& architecture, const HyperParams& params,
                     const std::shared_ptr<const ir::WeightTable>& weights,
                     const ir::SourceShapes& sources) {
  ir::Builder g(params.architecture + ".head", weights, sources);
  const ir::Value hidden = g.input(ir::Slot::kHidden);
  const ir::Value x = g.rows(hidden, g.input(ir::Slot::kHeadRows));
  const ir::Value logits = architecture.head(g, x);
  g.output(logits, ir::Slot::kLogits);
  g.output(g.sample(logits), ir::Slot::kSampled);
  return g.finish();
}

ir::Graph build_embedding(const Architecture& architecture, const HyperParams& params,
                          const std::shared_ptr<const ir::WeightTable>& weights,
                          const ir::SourceShapes& sources) {
  ir::Builder g(params.architecture + ".embedding", weights, sources);
  const ir::Value hidden = g.input(ir::Slot::kHidden);
  const ir::Value x = g.rows(hidden, g.input(ir::Slot::kHeadRows));
  g.output(architecture.final_norm(g, x), ir::Slot::kLogits);
  return g.finish();
}

}  // namespace

Model build_model(const gguf::File& file, const BuildOptions& options, Counters& counters) {
  const ArchitectureRow& row = find_architecture(file);
  const HyperParams params = read_hyper_params(file, row.rope);
  Weights weights(file);
  const std::unique_ptr<Architecture> architecture = row.make(params, weights);
  if (!params.rope.factors.empty()) weights.take_vector(params.rope.factors, params.rope.n_rot / 2);
  weights.refuse_untaken();

  const ir::SourceShapes sources{.rope_dims = params.rope.n_rot,
                                 .max_rows = options.max_rows,
                                 .dim = params.dim,
                                 .max_head_rows = options.max_head_rows,
                                 .kv_dtype = options.kv_dtype,
                                 .n_kv_heads = params.n_kv_heads,
                                 .head_dim = params.head_dim};
  Model model{.params = params,
              .weights = weights.weights(),
              .body = build_body(*architecture, params, weights.weights(), sources, options.taps),
              .head = build_head(*architecture, params, weights.weights(), sources),
              .embedding = build_embedding(*architecture, params, weights.weights(), sources)};
  counters.graph_builds += 3;
  return model;
}

}  // namespace rocmforge::model
