#include <set>
#include <string>

#include "base/error.h"
#include "ir/analysis.h"
#include "ir/graph.h"
#include "ir/infer.h"
#include "ir/text.h"

namespace rocmforge::ir {
namespace {

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph) {}

  void run() {
    if (!graph_.weights) fail("has no weights");
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) structure(i);
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      if (defined_.count(static_cast<std::int32_t>(i)) == 0) {
        fail(text(Value{static_cast<std::int32_t>(i)}) + " is defined by no node");
      }
    }
    sources();
    states();
    taps();
    outputs();
    accumulators();
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorCode::kInternal, "[ir] graph " + graph_.name + ": " + why);
  }
  [[noreturn]] void fail(std::size_t node, const std::string& why) const {
    fail("node " + std::to_string(node) + ": " + std::string(name(graph_.nodes[node].op)) + ": " +
         why);
  }

  // Definitions come once and before their uses; shapes are as infer() gives them.
  void structure(std::size_t i) {
    const Node& node = graph_.nodes[i];
    for (const Value v : node.inputs) {
      if (defined_.count(v.id) == 0) fail(i, "reads " + text(v) + " before it is defined");
    }
    for (const Value v : node.outputs) {
      if (v.id < 0 || index(v) >= graph_.values.size()) {
        fail(i, "defines " + text(v) + ", which is no value of the graph");
      }
      if (!defined_.insert(v.id).second) fail(i, "defines " + text(v) + " again");
      if (graph_.info(v).producer != static_cast<std::int32_t>(i)) {
        fail(i, text(v) + " names node " + std::to_string(graph_.info(v).producer) +
                    " as its producer");
      }
    }
    shapes(i);
    state_places(i);
  }

  void shapes(std::size_t i) const {
    const Node& node = graph_.nodes[i];
    std::vector<TensorDesc> operands;
    for (const Value v : node.inputs) operands.push_back(graph_.desc(v));
    std::vector<TensorDesc> results;
    try {
      results = infer(node.op, operands, *graph_.weights, source_shapes(i));
    } catch (const Error& e) {
      // infer() has said "[ir] op: ..." already.
      const std::string what = e.what();
      fail("node " + std::to_string(i) + ": " + what.substr(what.find(']') + 2));
    }
    if (results.size() != node.outputs.size()) {
      fail(i, "defines " + std::to_string(node.outputs.size()) + " values, gives " +
                  std::to_string(results.size()));
    }
    for (std::size_t k = 0; k < results.size(); ++k) {
      const TensorDesc& desc = graph_.desc(node.outputs[k]);
      if (is_source(node.op) && desc.shape.rank() > 0 && !desc.shape.is_symbolic()) {
        results[k] = specialised(results[k], desc.shape[0]);
      }
      if (desc != results[k]) {
        fail(i, text(node.outputs[k]) + " is " + to_string(desc) + ", by its rule it is " +
                    to_string(results[k]));
      }
    }
  }

  static TensorDesc specialised(TensorDesc desc, std::int64_t n_rows) {
    desc.shape = desc.shape.with_rows(n_rows);
    if (desc.row_stride == kRows) desc.row_stride = n_rows;
    return desc;
  }

  // What no operand determines is taken from the value itself, and so only its form is checked.
  SourceShapes source_shapes(std::size_t i) const {
    SourceShapes s;
    const Node& node = graph_.nodes[i];
    if (!is_source(node.op) || node.outputs.empty()) return s;
    const TensorDesc& desc = graph_.desc(node.outputs[0]);
    const Shape& shape = desc.shape;
    if (shape.rank() == 1) s.max_head_rows = shape[0];
    if (shape.rank() == 2) {
      s.rope_dims = shape[1];
      s.max_rows = shape[0];
      s.dim = shape[1];
    }
    if (shape.rank() == 4) {
      s.kv_dtype = desc.dtype;
      s.n_kv_heads = shape[1];
      s.head_dim = shape[3];
    }
    return s;
  }

  // A state is read and defined where the op says, and nowhere else.
  void state_places(std::size_t i) const {
    const Node& node = graph_.nodes[i];
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      const bool is_state = graph_.info(node.inputs[k]).is_state;
      if (is_state != (static_cast<int>(k) == state_operand(node.op))) {
        fail(i, text(node.inputs[k]) + (is_state ? " is a state" : " is no state"));
      }
    }
    for (std::size_t k = 0; k < node.outputs.size(); ++k) {
      const bool is_state = graph_.info(node.outputs[k]).is_state;
      if (is_state != (static_cast<int>(k) == state_result(node.op))) {
        fail(i,
             text(node.outputs[k]) + (is_state ? " is marked" : " is not marked") + " as a state");
      }
    }
  }

  // All inputs have the step's rows, of the body or of the head; a layer has one state.
  void sources() const {
    std::set<std::int32_t> layers;
    std::int64_t n_rows = 0;
    bool head = false;
    bool body = false;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (const auto* state = std::get_if<KvState>(&node.op)) {
        if (!layers.insert(state->layer).second) {
          fail(i, "layer " + std::to_string(state->layer) + " has a state already");
        }
      }
      const auto* input = std::get_if<Input>(&node.op);
      if (input == nullptr || !has_step_rows(input->slot)) continue;
      (input->slot == Slot::kHeadRows ? head : body) = true;
      if (head && body) fail(i, "rows of the head beside rows of the body");
      const std::int64_t n = graph_.desc(node.outputs[0]).shape[0];
      if (n_rows != 0 && n != n_rows) fail(i, "its rows are not those of the inputs before it");
      n_rows = n;
    }
  }

  // All versions of a state lie in one place: once written over, the old one is gone.
  void states() const {
    std::set<std::int32_t> gone;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      const int operand = state_operand(node.op);
      if (operand < 0) continue;
      const Value state = node.inputs[static_cast<std::size_t>(operand)];
      if (gone.count(state.id) != 0) fail(i, "state " + text(state) + " was written over before");
      if (state_result(node.op) >= 0) gone.insert(state.id);
    }
  }

  void taps() const {
    std::set<std::string> names;
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      const ValueInfo& value = graph_.values[i];
      if (value.tap.empty()) continue;
      const auto node = static_cast<std::size_t>(value.producer);
      if (value.is_state) fail(node, "a state is tapped as " + value.tap);
      if (!names.insert(value.tap).second) fail(node, "a second tap is named " + value.tap);
    }
  }

  void outputs() const {
    std::set<Slot> slots;
    std::set<std::int32_t> values;
    for (const Output& output : graph_.outputs) {
      const std::string what = "output " + std::string(name(output.slot)) + ": ";
      if (defined_.count(output.value.id) == 0) fail(what + "is no value of the graph");
      const ValueInfo& value = graph_.info(output.value);
      const auto i = static_cast<std::size_t>(value.producer);
      const Op& op = graph_.nodes[i].op;
      const bool sampled = output.slot == Slot::kSampled;
      if (output.slot != Slot::kHidden && output.slot != Slot::kLogits && !sampled) {
        fail(i, what + "is an input");
      }
      if (!slots.insert(output.slot).second) fail(i, what + "is written twice");
      if (!values.insert(output.value.id).second) fail(i, what + "its value is an output already");
      if (value.is_state) fail(i, what + "is a state");
      if (is_source(op)) fail(i, what + "is an input of the graph");
      if (is_view(op) || !value.desc.is_dense()) fail(i, what + "is a view, not dense");
      if (value.desc.dtype != (sampled ? DType::kI32 : DType::kF32) ||
          value.desc.shape.rank() != 2 || (sampled && value.desc.shape[1] != 1)) {
        fail(i, what + "is " + to_string(value.desc) + ", wants " +
                    (sampled ? "an I32 a row" : "F32 rows"));
      }
      if (output.slot != Slot::kLogits) is_no_input(output.slot, what);
    }
  }
  void is_no_input(Slot slot, const std::string& what) const {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (graph_.nodes[i].op == Op(Input{slot})) fail(i, what + "is an input as well");
    }
  }

  // What is written over is a value of its own, and read by nothing afterwards.
  void accumulators() const {
    const std::vector<Value> roots = view_roots(graph_);
    std::set<std::int32_t> gone;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      for (const Value v : node.inputs) {
        if (gone.count(roots[index(v)].id) != 0) {
          fail(i, "reads " + text(v) + " after it was written over");
        }
      }
      if (!std::holds_alternative<Accumulate>(node.op)) continue;
      const Value target = node.inputs[0];
      const Op& op = graph_.nodes[static_cast<std::size_t>(graph_.info(target).producer)].op;
      if (is_source(op) || is_view(op)) {
        fail(i, "writes over " + text(target) + ", which is no value of its own");
      }
      if (roots[index(node.inputs[1])] == target) fail(i, "adds the accumulator to itself");
      gone.insert(target.id);
    }
    const std::vector<Uses> uses = count_uses(graph_);
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      if (uses[i].kept && gone.count(roots[i].id) != 0) {
        fail(static_cast<std::size_t>(graph_.values[i].producer),
             text(Value{static_cast<std::int32_t>(i)}) +
                 " is read after the run, but was written over");
      }
    }
  }

  const Graph& graph_;
  std::set<std::int32_t> defined_;
};

}  // namespace

void verify(const Graph& graph) {
  Verifier(graph).run();
}

}  // namespace rocmforge::ir
