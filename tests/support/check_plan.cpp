#include "support/check_plan.h"

#include <map>
#include <vector>

#include "ir/text.h"

namespace rocmforge::test {
namespace {

using ir::Graph;
using ir::MemoryPlan;
using ir::Node;
using ir::Placement;
using ir::Space;
using ir::Value;

constexpr std::int64_t kWord = 4;  // bytes: every value in arena and step buffer has such elements

std::size_t at(Value v) {
  return static_cast<std::size_t>(v.id);
}

// Shadows of arena and step buffer: the id of the value whose word it is.
class Shadow {
 public:
  Shadow(const Graph& graph, const MemoryPlan& plan, const ir::StepLayout& step)
      : graph_(graph),
        plan_(plan),
        arena_(static_cast<std::size_t>(plan.arena_bytes / kWord), kNobody),
        step_(static_cast<std::size_t>(step.bytes / kWord), kNobody),
        content_(graph.values.size()) {
    for (const Node& node : graph.nodes) {
      for (const Value v : node.outputs) {
        content_[at(v)] = ir::is_view(node.op) ? content_[at(node.inputs[0])] : v.id;
      }
    }
  }

  // Empty when all words of v hold what v is.
  std::string read(Value v, const std::string& who) {
    if (graph_.info(v).is_state) return {};
    return each_word(v, who, [&](std::int32_t& word) { return word == content_[at(v)]; });
  }
  std::string write(Value v, const std::string& who) {
    return each_word(v, who, [&](std::int32_t& word) {
      word = v.id;
      return true;
    });
  }
  // Scratch may hold anything when the node is done.
  std::string spoil(std::int64_t offset, std::int64_t bytes, std::int32_t with) {
    for (std::int64_t b = offset; b < offset + bytes; b += kWord) {
      if (b < 0 || b + kWord > plan_.arena_bytes) return "scratch outside the arena";
      arena_[static_cast<std::size_t>(b / kWord)] = with;
    }
    return {};
  }
  static constexpr std::int32_t kNobody = -1, kScratch = -2;

 private:
  template <class F>
  std::string each_word(Value v, const std::string& who, const F& f) {
    const TensorDesc& desc = graph_.desc(v);
    const Placement& place = plan_.values[at(v)];
    std::vector<std::int32_t>& words = place.space == Space::kArena ? arena_ : step_;
    const std::string what = ir::text(who, ": ", v);
    if (place.offset % kWord != 0) return what + " is not aligned";
    for (std::int64_t row = 0; row < desc.n_rows(); ++row) {
      for (std::int64_t col = 0; col < desc.shape[-1]; ++col) {
        const std::int64_t word = place.offset / kWord + row * desc.row_stride + col;
        if (word < 0 || word >= static_cast<std::int64_t>(words.size())) {
          return what + " ends outside its space";
        }
        std::int32_t& holds = words[static_cast<std::size_t>(word)];
        if (!f(holds)) {
          return ir::text(what, " finds %", holds, " in row ", row, ", column ", col);
        }
      }
    }
    return {};
  }

  const Graph& graph_;
  const MemoryPlan& plan_;
  std::vector<std::int32_t> arena_, step_;
  std::vector<std::int32_t> content_;  // by Value::id: whose words it shows
};

// What a node may write over while it reads it: the accumulator, and the residual.
const Value* overwritable(const Node& node) {
  if (std::holds_alternative<ir::Accumulate>(node.op)) return &node.inputs[0];
  const auto* matmul = std::get_if<ir::MatMul>(&node.op);
  const bool adds = matmul != nullptr && matmul->epilogue == ir::Epilogue::kAdd;
  return adds ? &node.inputs[1] : nullptr;
}

std::int64_t region_of(ir::Slot slot, const ir::Regions& regions) {
  if (slot == ir::Slot::kSampled) return regions.sampled;
  return slot == ir::Slot::kHidden ? regions.hidden : regions.logits;
}

// A region is written by the graph whose output lies there, and by no other: a head run must leave
// the body's rows for the next one.
std::string check_regions(const Graph& graph, const MemoryPlan& plan, const ir::Regions& regions) {
  for (const Node& node : graph.nodes) {
    if (ir::is_free(node.op)) continue;
    for (const Value v : node.outputs) {
      const Placement& place = plan.values[at(v)];
      if (place.space != Space::kArena || place.offset >= regions.bytes) continue;
      bool own = false;
      for (const ir::Output& output : graph.outputs) {
        own = own || region_of(output.slot, regions) == place.offset;
      }
      if (!own) return ir::text(v, " lies in a region that is not the graph's");
    }
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (plan.scratch_bytes[i] > 0 && plan.scratch[i] < regions.bytes) return "scratch in a region";
  }
  return {};
}

// Places that the plan has no say in.
std::string check_fixed(const Graph& graph, const MemoryPlan& plan, const ir::StepLayout& step,
                        const ir::Regions& regions) {
  std::map<std::int32_t, std::int64_t> layer_of;  // by state
  for (const Node& node : graph.nodes) {
    for (std::size_t k = 0; k < node.outputs.size(); ++k) {
      const Value v = node.outputs[k];
      const Placement& place = plan.values[at(v)];
      if (graph.info(v).is_state) {
        const auto* source = std::get_if<ir::KvState>(&node.op);
        layer_of[v.id] =
            source != nullptr
                ? source->layer
                : layer_of[node.inputs[static_cast<std::size_t>(ir::state_operand(node.op))].id];
        if (place.space != Space::kKvState || place.offset != layer_of[v.id]) {
          return ir::text("state ", v, " left its layer");
        }
        continue;
      }
      const auto* input = std::get_if<ir::Input>(&node.op);
      if (input == nullptr) continue;
      const std::map<ir::Slot, std::int64_t> offsets = {
          {ir::Slot::kTokens, step.tokens},      {ir::Slot::kPositions, step.positions},
          {ir::Slot::kRopeRows, step.rope_rows}, {ir::Slot::kHeadRows, step.head_rows},
          {ir::Slot::kHidden, regions.hidden},   {ir::Slot::kIncoming, regions.incoming},
          {ir::Slot::kSampled, regions.sampled}};
      if (place.space != (ir::is_in_arena(input->slot) ? Space::kArena : Space::kStep) ||
          place.offset != offsets.at(input->slot)) {
        return ir::text("input ", v, " left its place");
      }
    }
  }
  for (const ir::Output& output : graph.outputs) {
    const std::int64_t region = region_of(output.slot, regions);
    if (plan.values[at(output.value)].offset != region) return "an output left its region";
  }
  return check_regions(graph, plan, regions);
}

// Every node writes: no operand but the overwritable one may have changed when it is done.
std::string check_node(Shadow& shadow, const Graph& graph, const MemoryPlan& plan, std::size_t i) {
  const Node& node = graph.nodes[i];
  const std::string who = ir::text("node ", i, " ", ir::name(node.op));
  std::string bad;
  const auto note = [&bad](const std::string& found) {
    if (bad.empty()) bad = found;
  };
  for (const Value v : node.inputs) note(shadow.read(v, who + " reads"));
  note(shadow.spoil(plan.scratch[i], plan.scratch_bytes[i], Shadow::kScratch));
  for (const Value v : node.inputs) note(shadow.read(v, who + " has scratch over"));
  if (ir::is_view(node.op)) {
    note(shadow.read(node.outputs[0], who + " shows"));
    return bad;
  }
  const Value* over = overwritable(node);
  for (const Value v : node.outputs) {
    if (!graph.info(v).is_state) note(shadow.write(v, who + " writes"));
  }
  const bool in_place = over != nullptr && plan.values[at(*over)].space == Space::kArena &&
                        plan.values[at(*over)].offset == plan.values[at(node.outputs[0])].offset;
  if (std::holds_alternative<ir::Accumulate>(node.op) && !in_place) {
    note(who + " does not write over its accumulator");
  }
  for (std::size_t k = 0; k < node.inputs.size(); ++k) {
    const bool exempt = in_place && &node.inputs[k] == over;
    if (!exempt) note(shadow.read(node.inputs[k], who + " wrote over its operand"));
  }
  const std::int64_t scratch = plan.scratch[i];
  for (const Value v : node.outputs) {
    if (graph.info(v).is_state || plan.scratch_bytes[i] == 0) continue;
    const std::int64_t begin = plan.values[at(v)].offset;
    const std::int64_t end = begin + graph.desc(v).bytes();
    if (begin < scratch + plan.scratch_bytes[i] && scratch < end) note(who + " has scratch in it");
  }
  return bad;
}

}  // namespace

std::string check_plan(const Graph& graph, const MemoryPlan& plan, const ir::StepLayout& step,
                       const ir::Regions& regions) {
  if (std::string bad = check_fixed(graph, plan, step, regions); !bad.empty()) return bad;
  Shadow shadow(graph, plan, step);
  for (const Node& node : graph.nodes) {
    if (!std::holds_alternative<ir::Input>(node.op)) continue;
    shadow.write(node.outputs[0], "input");
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (ir::is_source(graph.nodes[i].op)) continue;
    if (std::string bad = check_node(shadow, graph, plan, i); !bad.empty()) return bad;
  }
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    if (graph.values[i].tap.empty()) continue;
    const Value v{static_cast<std::int32_t>(i)};
    if (std::string bad = shadow.read(v, "tap"); !bad.empty()) return bad;
  }
  for (const ir::Output& output : graph.outputs) {
    if (std::string bad = shadow.read(output.value, "output"); !bad.empty()) return bad;
  }
  return {};
}

MemoryPlan unshared_plan(const Graph& graph, const ir::StepLayout& step, const ir::Regions& regions,
                         const ir::ScratchBytes& scratch) {
  MemoryPlan plan = ir::plan_memory(graph, step, regions, scratch);  // for the fixed places
  std::int64_t end = regions.bytes;
  const auto take = [&end](std::int64_t bytes) {
    const std::int64_t offset = end;
    end += (bytes + ir::kArenaAlign - 1) / ir::kArenaAlign * ir::kArenaAlign;
    return offset;
  };
  const auto lies_within = [](const Node& node) {
    return ir::is_view(node.op) || std::holds_alternative<ir::Accumulate>(node.op);
  };
  std::map<std::int32_t, std::int64_t> output_places;  // by the value that is written there first
  for (const ir::Output& output : graph.outputs) {
    Value v = output.value;
    while (lies_within(graph.nodes[static_cast<std::size_t>(graph.info(v).producer)])) {
      v = graph.nodes[static_cast<std::size_t>(graph.info(v).producer)].inputs[0];
    }
    output_places[v.id] = region_of(output.slot, regions);
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (plan.scratch_bytes[i] > 0) plan.scratch[i] = take(plan.scratch_bytes[i]);
    if (ir::is_source(node.op)) continue;
    for (const Value v : node.outputs) {
      if (graph.info(v).is_state) continue;
      Placement& place = plan.values[at(v)];
      if (lies_within(node)) {
        place = plan.values[at(node.inputs[0])];
        const auto* columns = std::get_if<ir::Columns>(&node.op);
        if (columns != nullptr) place.offset += columns->begin * kWord;
      } else {
        const auto fixed = output_places.find(v.id);
        const bool is_output = fixed != output_places.end();
        place = {Space::kArena, is_output ? fixed->second : take(graph.desc(v).bytes())};
      }
    }
  }
  plan.arena_bytes = end;
  return plan;
}

}  // namespace rocmforge::test
