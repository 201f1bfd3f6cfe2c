#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/check.h"
#include "ir/analysis.h"
#include "ir/passes/passes.h"

namespace rocmforge::ir {
namespace {

// One segment: nodes (after, last] of the body, sources aside, which are copied where they are
// read.
class Cut {
 public:
  Cut(const Graph& body, std::int32_t after, std::int32_t last, Value incoming)
      : body_(body), after_(after), last_(last), incoming_(incoming), moved_(body.values.size()) {
    out_.weights = body.weights;
  }

  Graph run(std::string name, Value hidden) {
    out_.name = std::move(name);
    copy_sources();
    if (incoming_.id >= 0) {
      const Node input{Input{Slot::kIncoming}, {}, {incoming_}};
      add(input, body_.info(incoming_).desc);
    }
    for (std::int32_t i = after_ + 1; i <= last_; ++i) {
      const Node& node = body_.nodes[static_cast<std::size_t>(i)];
      if (!is_source(node.op)) copy(node);
    }
    if (hidden.id >= 0) {
      out_.outputs.push_back({at(hidden), Slot::kHidden});
    } else {
      for (const Output& output : body_.outputs)
        out_.outputs.push_back({at(output.value), output.slot});
    }
    const Graph* graphs[] = {&out_};
    out_.weights = std::make_shared<const WeightTable>(weights_in_use(graphs));
    verify(out_);
    return std::move(out_);
  }

 private:
  void copy_sources() {
    std::set<std::int32_t> wanted;
    for (std::int32_t i = after_ + 1; i <= last_; ++i) {
      for (const Value v : body_.nodes[static_cast<std::size_t>(i)].inputs) wanted.insert(v.id);
    }
    std::int32_t n_states = 0;
    for (const Node& node : body_.nodes) {
      if (!is_source(node.op) || !wanted.contains(node.outputs.at(0).id)) continue;
      Node source = node;
      if (auto* state = std::get_if<KvState>(&source.op)) state->layer = n_states++;
      add(source, body_.desc(node.outputs[0]));
    }
  }

  void copy(const Node& node) {
    Node now{node.op, {}, {}};
    for (const Value v : node.inputs) now.inputs.push_back(at(v));
    for (const Value v : node.outputs) now.outputs.push_back(define(v, body_.info(v)));
    out_.nodes.push_back(std::move(now));
  }
  // A source, which stands for its one result.
  void add(const Node& source, const TensorDesc& desc) {
    const Value v = source.outputs[0];
    const bool is_state = state_result(source.op) == 0;
    const Value now = define(v, {.desc = desc, .producer = 0, .is_state = is_state, .tap = {}});
    out_.nodes.push_back({source.op, {}, {now}});
  }
  Value define(Value old, ValueInfo info) {
    info.producer = static_cast<std::int32_t>(out_.nodes.size());
    out_.values.push_back(std::move(info));
    return moved_[index(old)] = {static_cast<std::int32_t>(out_.values.size()) - 1};
  }

  Value at(Value old) const {
    const Value now = moved_.at(index(old));
    check(now.id >= 0, "graph " + body_.name +
                           ": a value other than the border crosses the cut into " + out_.name);
    return now;
  }

  const Graph& body_;
  std::int32_t after_, last_;
  Value incoming_;
  Graph out_;
  std::vector<Value> moved_;  // by Value::id of the body
};

}  // namespace

std::vector<Segment> partition(const Graph& body, std::span<const std::int32_t> cuts) {
  const auto n_layers = static_cast<std::int32_t>(body.borders.size());
  std::vector<Segment> out;
  if (cuts.empty()) {
    out.push_back({.graph = body, .first_layer = 0, .n_layers = n_layers});
    return out;
  }
  std::int32_t first = 0, after = -1;
  Value incoming;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const bool is_last = i == cuts.size();
    const std::int32_t end = is_last ? n_layers : cuts[i];
    check(end > first && end <= n_layers && (is_last || end < n_layers),
          "graph " + body.name + ": no cut before layer " + std::to_string(end));
    const Value border = is_last ? Value{} : body.borders[static_cast<std::size_t>(end)];
    const std::int32_t last =
        is_last ? static_cast<std::int32_t>(body.nodes.size()) - 1 : body.info(border).producer;
    const std::string name =
        body.name + " layers " + std::to_string(first) + " to " + std::to_string(end - 1);
    out.push_back({.graph = Cut(body, after, last, incoming).run(name, border),
                   .first_layer = first,
                   .n_layers = end - first});
    first = end;
    after = last;
    incoming = border;
  }
  return out;
}

WeightTable weights_in_use(std::span<const Graph* const> graphs) {
  check(!graphs.empty(), "weights of no graph");
  std::vector<WeightId> ids;
  for (const Graph* graph : graphs) {
    for (const Node& node : graph->nodes) {
      for (const WeightId id : weights_of(node.op)) ids.push_back(id);
    }
  }
  return graphs[0]->weights->only(ids);
}

}  // namespace rocmforge::ir
